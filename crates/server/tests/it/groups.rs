//! Groups and who is in them.

use crate::{
    lab::Lab,
    users::{create, pool, with},
};
use rules::ids::PoolId;
use serde_json::{Value, json};

const NO_GROUP: (&str, &str) = ("ResourceNotFoundException", "Group not found.");
const NO_USER: (&str, &str) = ("UserNotFoundException", "User does not exist.");
const ROLE: &str = "arn:aws:iam::123456789012:role/admins";

/// All pages of a list: the names of `member` of each entry of `list`.
async fn pages(lab: &Lab, operation: &str, input: Value, list: &str, member: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut token = Value::Null;
    loop {
        let answer = lab.admin(operation, with(input.clone(), json!({ "NextToken": token }))).await.ok();
        let names = answer[list].as_array().unwrap();
        pages.push(names.iter().map(|entry| entry[member].as_str().unwrap().to_owned()).collect());
        token = answer["NextToken"].clone();
        if token.is_null() {
            return pages;
        }
    }
}

async fn a_group(lab: Lab) {
    let pool = pool(&lab, json!({})).await;
    let call = |operation: &str, members: Value| {
        let input = with(json!({ "UserPoolId": pool, "GroupName": "admins" }), members);
        let (lab, operation) = (lab.clone(), operation.to_owned());
        async move { lab.admin(&operation, input).await }
    };
    for operation in ["GetGroup", "UpdateGroup", "DeleteGroup", "ListUsersInGroup"] {
        call(operation, json!({})).await.refused(NO_GROUP.0, NO_GROUP.1);
    }
    let made =
        call("CreateGroup", json!({ "Description": "d", "RoleArn": ROLE, "Precedence": 0 })).await.ok();
    let group = &made["Group"];
    assert_eq!((&group["GroupName"], &group["UserPoolId"]), (&json!("admins"), &json!(pool)));
    assert_eq!(
        (&group["Description"], &group["RoleArn"], &group["Precedence"]),
        (&json!("d"), &json!(ROLE), &json!(0))
    );
    assert_eq!(group["CreationDate"], group["LastModifiedDate"]);
    assert_eq!(call("GetGroup", json!({})).await.ok(), made);
    call("CreateGroup", json!({}))
        .await
        .refused("GroupExistsException", "A group with the name already exists");

    // What is not named stays as it is.
    let changed = call("UpdateGroup", json!({ "Precedence": 7 })).await.ok();
    assert_eq!((&changed["Group"]["Description"], &changed["Group"]["Precedence"]), (&json!("d"), &json!(7)));
    assert_eq!(call("GetGroup", json!({})).await.ok(), changed);

    create(&lab, &pool, "jane", json!({})).await;
    let member = json!({ "Username": "jane" });
    call("AdminAddUserToGroup", member.clone()).await.ok();
    call("AdminAddUserToGroup", member.clone()).await.ok();
    call("AdminAddUserToGroup", json!({ "Username": "joe" })).await.refused(NO_USER.0, NO_USER.1);
    call("AdminRemoveUserFromGroup", json!({ "Username": "joe" })).await.refused(NO_USER.0, NO_USER.1);
    call("AdminAddUserToGroup", with(member.clone(), json!({ "GroupName": "nope" })))
        .await
        .refused(NO_GROUP.0, NO_GROUP.1);
    call("AdminRemoveUserFromGroup", with(member.clone(), json!({ "GroupName": "nope" })))
        .await
        .refused(NO_GROUP.0, NO_GROUP.1);
    let members = call("ListUsersInGroup", json!({})).await.ok();
    assert_eq!(members["Users"][0]["Username"], "jane");
    assert_eq!(members["Users"].as_array().unwrap().len(), 1);
    let groups =
        lab.admin("AdminListGroupsForUser", json!({ "UserPoolId": pool, "Username": "jane" })).await.ok();
    assert_eq!(groups["Groups"], json!([changed["Group"]]));

    call("AdminRemoveUserFromGroup", member.clone()).await.ok();
    call("AdminRemoveUserFromGroup", member.clone()).await.ok();
    assert_eq!(call("ListUsersInGroup", json!({})).await.ok()["Users"], json!([]));

    // A group goes with its members' memberships, and its successor begins empty.
    call("AdminAddUserToGroup", member).await.ok();
    call("DeleteGroup", json!({})).await.ok();
    call("GetGroup", json!({})).await.refused(NO_GROUP.0, NO_GROUP.1);
    call("CreateGroup", json!({})).await.ok();
    assert_eq!(call("ListUsersInGroup", json!({})).await.ok()["Users"], json!([]));
}

async fn lists_in_pages(lab: Lab) {
    let pool = pool(&lab, json!({})).await;
    let names: Vec<String> = (0..7).map(|i| format!("g{i}")).collect();
    create(&lab, &pool, "jane", json!({})).await;
    for name in names.iter().rev() {
        lab.admin("CreateGroup", json!({ "UserPoolId": pool, "GroupName": name })).await.ok();
        let member = json!({ "UserPoolId": pool, "GroupName": name, "Username": "jane" });
        lab.admin("AdminAddUserToGroup", member).await.ok();
    }
    let mut subs = Vec::new();
    for i in 0..5 {
        let name = format!("user{i}");
        subs.push((create(&lab, &pool, &name, json!({})).await, name.clone()));
        lab.admin("AdminAddUserToGroup", json!({ "UserPoolId": pool, "GroupName": "g0", "Username": name }))
            .await
            .ok();
    }
    let input = json!({ "UserPoolId": pool, "Limit": 3 });
    let found = pages(&lab, "ListGroups", input.clone(), "Groups", "GroupName").await;
    assert_eq!(found, [&names[..3], &names[3..6], &names[6..]]);
    let of_jane = with(input.clone(), json!({ "Username": "jane" }));
    let found = pages(&lab, "AdminListGroupsForUser", of_jane, "Groups", "GroupName").await;
    assert_eq!(found, [&names[..3], &names[3..6], &names[6..]]);
    let found =
        pages(&lab, "ListUsersInGroup", with(input, json!({ "GroupName": "g0" })), "Users", "Username").await;
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3]);
    let mut found = found.concat();
    found.sort();
    assert_eq!(found, ["jane", "user0", "user1", "user2", "user3", "user4"]);
}

/// A token is good for the list that it was made for, and for nothing else.
async fn tokens_of_other_lists(lab: Lab) {
    let (one, two) = (pool(&lab, json!({})).await, pool(&lab, json!({})).await);
    for pool in [&one, &two] {
        for name in ["a", "b", "c"] {
            lab.admin("CreateGroup", json!({ "UserPoolId": pool, "GroupName": name })).await.ok();
        }
        create(&lab, pool, "jane", json!({})).await;
    }
    let first = lab.admin("ListGroups", json!({ "UserPoolId": one, "Limit": 1 })).await.ok();
    let token = first["NextToken"].as_str().unwrap();
    let next = json!({ "UserPoolId": one, "Limit": 2, "NextToken": token });
    assert_eq!(lab.admin("ListGroups", next.clone()).await.ok()["Groups"][0]["GroupName"], "b");
    let mut forged = token.to_owned().into_bytes();
    forged[20] ^= 1;
    let forged = String::from_utf8(forged).unwrap();
    for (operation, input) in [
        ("ListGroups", json!({ "UserPoolId": two, "NextToken": token })),
        ("AdminListGroupsForUser", json!({ "UserPoolId": one, "Username": "jane", "NextToken": token })),
        ("ListUsersInGroup", json!({ "UserPoolId": one, "GroupName": "a", "NextToken": token })),
        ("ListUsers", json!({ "UserPoolId": one, "PaginationToken": token })),
        ("ListGroups", json!({ "UserPoolId": one, "NextToken": forged })),
        ("ListGroups", json!({ "UserPoolId": one, "NextToken": &token[..token.len() - 1] })),
        ("ListGroups", json!({ "UserPoolId": one, "NextToken": "' OR 1=1 --" })),
        ("ListGroups", json!({ "UserPoolId": one, "NextToken": "eyJleHBpcmVzX2F0Ijo5fQ" })),
    ] {
        assert_eq!(lab.admin(operation, input).await.error().0, "InvalidParameterException", "{operation}");
    }
    lab.advance(3_600);
    assert_eq!(lab.admin("ListGroups", next).await.error().0, "InvalidParameterException");
}

async fn a_user_is_in_a_hundred_groups_at_most(lab: Lab) {
    let pool = pool(&lab, json!({})).await;
    create(&lab, &pool, "jane", json!({})).await;
    for i in 0..=100 {
        let name = format!("g{i}");
        lab.admin("CreateGroup", json!({ "UserPoolId": pool, "GroupName": name })).await.ok();
        let member = json!({ "UserPoolId": pool, "GroupName": name, "Username": "jane" });
        assert_eq!(lab.admin("AdminAddUserToGroup", member).await.status == 200, i < 100, "{i}");
    }
    let again = json!({ "UserPoolId": pool, "GroupName": "g0", "Username": "jane" });
    lab.admin("AdminAddUserToGroup", again).await.ok();
}

both_engines!(a_group, lists_in_pages, tokens_of_other_lists, a_user_is_in_a_hundred_groups_at_most);

async fn a_pool_has_ten_thousand_groups_at_most(lab: Lab) {
    let pool = pool(&lab, json!({})).await;
    let pool_id = PoolId::from(pool.as_str());
    let filled = lab.app.db.write(move |tx| {
        for i in 0..9_999 {
            let (pool_id, name) = (pool_id.clone(), format!("g{i}"));
            let group = store::groups::Group {
                pool_id,
                name,
                description: None,
                role_arn: None,
                precedence: None,
                created_at: 0,
                updated_at: 0,
            };
            store::groups::insert(tx, &group)?;
        }
        Ok::<_, store::Error>(())
    });
    filled.await.unwrap();
    lab.admin("CreateGroup", json!({ "UserPoolId": pool, "GroupName": "last" })).await.ok();
    let more = lab.admin("CreateGroup", json!({ "UserPoolId": pool, "GroupName": "more" })).await;
    assert_eq!(more.error().0, "LimitExceededException");
}

both_engines!(a_pool_has_ten_thousand_groups_at_most);
