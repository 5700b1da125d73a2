//! ListUsers: its filters, its order and its pages.

use crate::{
    lab::Lab,
    users::{attribute, create, pool, with},
};
use serde_json::{Value, json};

/// The user names of one page, and the token of the next.
async fn page(lab: &Lab, pool: &str, members: Value) -> (Vec<String>, Option<String>) {
    let answer = lab.admin("ListUsers", with(json!({ "UserPoolId": pool }), members)).await.ok();
    let names =
        answer["Users"].as_array().unwrap().iter().map(|user| user["Username"].as_str().unwrap().to_owned());
    (names.collect(), answer["PaginationToken"].as_str().map(str::to_owned))
}

/// All user names that a filter finds, in pages of two.
async fn found(lab: &Lab, pool: &str, filter: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut members = json!({ "Filter": filter, "Limit": 2 });
    loop {
        let (mut more, token) = page(lab, pool, members.clone()).await;
        assert!(more.len() <= 2);
        names.append(&mut more);
        let Some(token) = token else { return names };
        members["PaginationToken"] = json!(token);
    }
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

async fn filters(lab: Lab) {
    let pool = pool(&lab, json!({})).await;
    let other = crate::users::pool(&lab, json!({})).await;
    for (name, values) in [
        ("Ann", json!({ "given_name": "Ann", "email": "ann@example.com", "family_name": "O\"Hara" })),
        ("bob", json!({ "given_name": "Anna", "email": "Bob@example.com", "phone_number": "+15555550101" })),
        ("cid", json!({ "given_name": "anton", "name": "%_*", "preferred_username": "C" })),
        ("dora", json!({ "given_name": "Änne", "family_name": "back\\slash" })),
        ("' OR '1'='1", json!({ "given_name": "'; DROP TABLE users; --" })),
    ] {
        let name = name.replace(' ', "_");
        create(&lab, &pool, &name, values.clone()).await;
        create(&lab, &other, &format!("other_{name}"), values).await;
    }
    let secret =
        json!({ "UserPoolId": pool, "Username": "dora", "Password": "Secret-pass-1", "Permanent": true });
    lab.admin("AdminSetUserPassword", secret).await.ok();
    lab.admin("AdminDisableUser", json!({ "UserPoolId": pool, "Username": "bob" })).await.ok();
    let injection = "'_OR_'1'='1";
    let bobs_sub = lab.admin("AdminGetUser", json!({ "UserPoolId": pool, "Username": "bob" })).await.ok();
    let bobs_sub = attribute(&bobs_sub["UserAttributes"], "sub").unwrap().to_owned();

    for (filter, expected) in [
        ("given_name = \"ann\"", &["Ann"][..]),
        ("given_name ^= \"ann\"", &["Ann", "bob"]),
        ("given_name^=\"AN\"", &["Ann", "bob", "cid"]),
        ("given_name ^= \"ä\"", &["dora"]),
        ("given_name ^= \"\"", &[injection, "Ann", "bob", "cid", "dora"]),
        ("given_name = \"\"", &[]),
        ("given_name = \"'; DROP TABLE users; --\"", &[injection]),
        ("given_name = \"' OR 1=1 --\"", &[]),
        ("name = \"%_*\"", &["cid"]),
        ("name ^= \"%\"", &["cid"]),
        ("name ^= \"x%\"", &[]),
        ("family_name = \"o\\\"hara\"", &["Ann"]),
        ("family_name = \"back\\\\slash\"", &["dora"]),
        ("email = \"BOB@EXAMPLE.COM\"", &["bob"]),
        ("phone_number ^= \"+1555\"", &["bob"]),
        ("preferred_username = \"c\"", &["cid"]),
        ("username = \"Ann\"", &["Ann"]),
        ("username = \"ann\"", &[]),
        ("username ^= \"' OR\"", &[]),
        ("username ^= \"'_OR\"", &[injection]),
        ("cognito:user_status = \"confirmed\"", &["dora"]),
        ("cognito:user_status = \"RESET_REQUIRED\"", &[]),
        ("status = \"Disabled\"", &["bob"]),
        ("status = \"disabled\"", &[]),
        ("sub = \"0\"", &[]),
    ] {
        assert_eq!(found(&lab, &pool, filter).await, expected, "{filter}");
    }
    assert_eq!(found(&lab, &pool, &format!("sub = \"{bobs_sub}\"")).await, ["bob"]);
    assert_eq!(found(&lab, &pool, &format!("sub ^= \"{}\"", &bobs_sub[..20])).await, ["bob"]);
    let all = [injection, "Ann", "bob", "cid", "dora"];
    for filter in
        ["", " ", "sub ^= \"\"", "status ^= \"\"", "username ^= \"\"", "cognito:user_status ^= \"\""]
    {
        assert_eq!(sorted(found(&lab, &pool, filter).await), all, "{filter}");
    }
    assert_eq!(sorted(found(&lab, &pool, "status = \"Enabled\"").await), [injection, "Ann", "cid", "dora"]);
    let waiting = found(&lab, &pool, "cognito:user_status ^= \"force\"").await;
    assert_eq!(sorted(waiting), [injection, "Ann", "bob", "cid"]);
}

async fn unreadable_filters(lab: Lab) {
    let pool = pool(&lab, json!({})).await;
    for (filter, text) in [
        ("name", "Error while parsing filter"),
        ("name = x", "Error while parsing filter"),
        ("name = \"x\" or name = \"y\"", "Error while parsing filter"),
        ("(((((name = \"x\")))))", "Error while parsing filter"),
        ("custom:foo = \"x\"", "Invalid search attribute: custom:foo"),
        ("nickname = \"x\"", "Invalid search attribute: nickname"),
    ] {
        lab.admin("ListUsers", json!({ "UserPoolId": pool, "Filter": filter }))
            .await
            .refused("InvalidParameterException", text);
    }
    for filter in
        ["name = \"a\0b\"".to_owned(), format!("name = \"{}\"", "x".repeat(250)), "\\".repeat(200_000)]
    {
        assert_eq!(
            lab.admin("ListUsers", json!({ "UserPoolId": pool, "Filter": filter })).await.error().0,
            "InvalidParameterException"
        );
    }
}

async fn only_these_attributes(lab: Lab) {
    let pool = pool(&lab, json!({})).await;
    create(&lab, &pool, "jane", json!({ "email": "jane@example.com", "name": "Jane" })).await;
    create(&lab, &pool, "joe", json!({ "name": "Joe" })).await;
    let list = |names: Value| {
        lab.admin(
            "ListUsers",
            json!({ "UserPoolId": pool, "Filter": "username ^= \"j\"",
            "AttributesToGet": names }),
        )
    };
    let users = list(json!(["email"])).await.ok()["Users"].clone();
    assert_eq!(users[0]["Attributes"], json!([{ "Name": "email", "Value": "jane@example.com" }]));
    assert_eq!(users[1]["Attributes"], json!([]));
    assert_eq!(
        list(json!(["sub", "name"])).await.ok()["Users"][1]["Attributes"].as_array().unwrap().len(),
        2
    );
    assert_eq!(list(json!([])).await.ok()["Users"][0]["Attributes"].as_array().unwrap().len(), 3);
    list(json!(["custom:nope"]))
        .await
        .refused("InvalidParameterException", "One or more requested attributes do not exist.");
}

/// Whoever comes or goes between two pages, nobody else is shown twice or left out.
async fn pages_are_stable(lab: Lab) {
    let pool = pool(&lab, json!({})).await;
    for i in 0..6 {
        create(&lab, &pool, &format!("u{i}"), json!({ "name": "same" })).await;
    }
    for filter in [
        "",
        "name = \"same\"",
        "name ^= \"s\"",
        "status = \"Enabled\"",
        "cognito:user_status ^= \"f\"",
        "username ^= \"u\"",
    ] {
        let (mut names, token) = page(&lab, &pool, json!({ "Filter": filter, "Limit": 2 })).await;
        let last_seen = names[1].clone();
        lab.admin("AdminDeleteUser", json!({ "UserPoolId": pool, "Username": last_seen })).await.ok();
        for i in 0..5 {
            create(&lab, &pool, &format!("new{i}"), json!({ "name": "same" })).await;
        }
        let mut token = token;
        while let Some(next) = token {
            let (mut more, after) =
                page(&lab, &pool, json!({ "Filter": filter, "Limit": 2, "PaginationToken": next })).await;
            names.append(&mut more);
            token = after;
        }
        let old: Vec<String> = sorted(names.iter().filter(|n| n.starts_with('u')).cloned().collect());
        assert_eq!(old, (0..6).map(|i| format!("u{i}")).collect::<Vec<_>>(), "{filter}");
        let mut unique = names.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), names.len(), "{filter}");
        for i in 0..5 {
            lab.admin("AdminDeleteUser", json!({ "UserPoolId": pool, "Username": format!("new{i}") }))
                .await
                .ok();
        }
        create(&lab, &pool, &last_seen, json!({ "name": "same" })).await;
    }
}

async fn limits(lab: Lab) {
    let pool = pool(&lab, json!({})).await;
    for i in 0..61 {
        create(&lab, &pool, &format!("u{i}"), json!({})).await;
    }
    for (members, expected, more) in [
        (json!({}), 60, true),
        (json!({ "Limit": 0 }), 60, true),
        (json!({ "Limit": 60 }), 60, true),
        (json!({ "Limit": 1 }), 1, true),
        (json!({ "Filter": "username = \"u7\"", "Limit": 1 }), 1, false),
    ] {
        let (names, token) = page(&lab, &pool, members.clone()).await;
        assert_eq!((names.len(), token.is_some()), (expected, more), "{members}");
    }
    for limit in [-1, 61] {
        let answer = lab.admin("ListUsers", json!({ "UserPoolId": pool, "Limit": limit })).await;
        assert_eq!(answer.error().0, "InvalidParameterException");
    }
    let (_, token) = page(&lab, &pool, json!({ "Filter": "username ^= \"u\"", "Limit": 1 })).await;
    for members in [
        json!({ "Filter": "username ^= \"u1\"" }),
        json!({}),
        json!({ "Filter": "username ^= \"u\"", "AttributesToGet": ["sub"] }),
    ] {
        let again = with(members, json!({ "UserPoolId": pool, "PaginationToken": token }));
        assert_eq!(lab.admin("ListUsers", again).await.error().0, "InvalidParameterException");
    }
}

both_engines!(filters, unreadable_filters, only_these_attributes, pages_are_stable, limits);
