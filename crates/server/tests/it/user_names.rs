//! By which names users are found: aliases, addresses as names, case, and the borders between pools.

use crate::{
    lab::Lab,
    users::{attribute, attributes, create, pool, with},
};
use serde_json::{Value, json};

const UNKNOWN: (&str, &str) = ("UserNotFoundException", "User does not exist.");

async fn find(lab: &Lab, pool: &str, name: &str) -> crate::lab::Answer {
    lab.admin("AdminGetUser", json!({ "UserPoolId": pool, "Username": name })).await
}

/// The sub of whom the name means.
async fn sub(lab: &Lab, pool: &str, name: &str) -> String {
    attribute(&find(lab, pool, name).await.ok()["UserAttributes"], "sub").unwrap().to_owned()
}

async fn refused(lab: &Lab, pool: &str, name: &str, values: Value, text: &str) {
    let input = json!({ "UserPoolId": pool, "Username": name, "MessageAction": "SUPPRESS",
        "UserAttributes": attributes(values) });
    assert_eq!(lab.admin("AdminCreateUser", input).await.error().1, text);
}

async fn update(lab: &Lab, pool: &str, name: &str, values: Value) -> crate::lab::Answer {
    let input = json!({ "UserPoolId": pool, "Username": name, "UserAttributes": attributes(values) });
    lab.admin("AdminUpdateUserAttributes", input).await
}

async fn aliases(lab: Lab) {
    let pool =
        pool(&lab, json!({ "AliasAttributes": ["email", "phone_number", "preferred_username"] })).await;
    let address = json!({ "email": "jane@example.com", "email_verified": "true" });
    let jane = create(&lab, &pool, "jane", address.clone()).await;
    assert_eq!(sub(&lab, &pool, "jane@example.com").await, jane);
    refused(&lab, &pool, "joe", address.clone(), "An account with the given email already exists.").await;
    find(&lab, &pool, "joe").await.refused(UNKNOWN.0, UNKNOWN.1);
    refused(
        &lab,
        &pool,
        "joe@example.com",
        json!({}),
        "Username cannot be of email format, since user pool is configured for email alias.",
    )
    .await;

    // The same address, unverified, is no name and disturbs nobody.
    let joe = create(&lab, &pool, "joe", json!({ "email": "jane@example.com" })).await;
    assert_eq!(sub(&lab, &pool, "jane@example.com").await, jane);
    update(&lab, &pool, "joe", json!({ "email_verified": "true" }))
        .await
        .refused("AliasExistsException", "An account with the given email already exists.");

    // Taken by force, it leaves its former owner, who keeps it unverified.
    let force = json!({ "UserPoolId": pool, "Username": "ann", "MessageAction": "SUPPRESS",
            "ForceAliasCreation": true, "UserAttributes": attributes(address) });
    let ann = lab.admin("AdminCreateUser", force).await.ok();
    let ann = attribute(&ann["User"]["Attributes"], "sub").unwrap().to_owned();
    assert_eq!(sub(&lab, &pool, "jane@example.com").await, ann);
    let former = find(&lab, &pool, "jane").await.ok()["UserAttributes"].clone();
    assert_eq!(attribute(&former, "email"), Some("jane@example.com"));
    assert_eq!(attribute(&former, "email_verified"), Some("false"));

    // A new value that is unverified is no name either, and frees the old one.
    update(&lab, &pool, "ann", json!({ "email": "ann@example.com" })).await.ok();
    find(&lab, &pool, "jane@example.com").await.refused(UNKNOWN.0, UNKNOWN.1);
    find(&lab, &pool, "ann@example.com").await.refused(UNKNOWN.0, UNKNOWN.1);
    update(&lab, &pool, "joe", json!({ "email_verified": "true" })).await.ok();
    assert_eq!(sub(&lab, &pool, "jane@example.com").await, joe);

    // A preferred name must be free, and cannot be another's address.
    update(&lab, &pool, "joe", json!({ "preferred_username": "star" })).await.ok();
    assert_eq!(sub(&lab, &pool, "star").await, joe);
    for taken in ["star", "jane"] {
        assert_eq!(
            update(&lab, &pool, "ann", json!({ "preferred_username": taken })).await.error().0,
            "AliasExistsException"
        );
    }
    assert_eq!(
        update(&lab, &pool, "ann", json!({ "preferred_username": "ann@example.com" })).await.error().0,
        "InvalidParameterException"
    );
}

async fn addresses_as_names(lab: Lab) {
    let pool = pool(&lab, json!({ "UsernameAttributes": ["email", "phone_number"] })).await;
    let jane = create(&lab, &pool, "jane@example.com", json!({})).await;
    let user = find(&lab, &pool, "jane@example.com").await.ok();
    assert_eq!(user["Username"], jane);
    assert_eq!(attribute(&user["UserAttributes"], "email"), Some("jane@example.com"));
    assert_eq!(sub(&lab, &pool, &jane).await, jane);
    refused(&lab, &pool, "jane@example.com", json!({}), "User account already exists").await;
    refused(
        &lab,
        &pool,
        "joe@example.com",
        json!({ "email": "jane@example.com" }),
        "Username and attribute email do not match.",
    )
    .await;
    refused(
        &lab,
        &pool,
        "+15555550100",
        json!({ "email": "jane@example.com" }),
        "An account with the given email already exists.",
    )
    .await;
    refused(&lab, &pool, "jane", json!({}), "Username should be either an email or a phone number.").await;
    create(&lab, &pool, "+15555550100", json!({})).await;

    // A new address is the new name at once, and the old one is free.
    update(&lab, &pool, &jane, json!({ "email": "new@example.com" })).await.ok();
    assert_eq!(sub(&lab, &pool, "new@example.com").await, jane);
    find(&lab, &pool, "jane@example.com").await.refused(UNKNOWN.0, UNKNOWN.1);
    assert_ne!(create(&lab, &pool, "jane@example.com", json!({})).await, jane);
    update(&lab, &pool, &jane, json!({ "email": "jane@example.com" }))
        .await
        .refused("AliasExistsException", "An account with the given email already exists.");
}

/// A new address is no name before it is verified, where the pool asks for that first.
async fn a_waiting_address_is_no_name(lab: Lab) {
    let pool = pool(
        &lab,
        json!({ "UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"],
            "UserAttributeUpdateSettings": { "AttributesRequireVerificationBeforeUpdate": ["email"] } }),
    )
    .await;
    let jane = create(&lab, &pool, "jane@example.com", json!({ "email_verified": "true" })).await;
    update(&lab, &pool, &jane, json!({ "email": "victim@example.com" })).await.ok();
    assert_eq!(sub(&lab, &pool, "jane@example.com").await, jane);
    find(&lab, &pool, "victim@example.com").await.refused(UNKNOWN.0, UNKNOWN.1);
    create(&lab, &pool, "victim@example.com", json!({})).await;
}

/// A program from before may keep an address among the names that is none.
async fn a_name_that_is_none_goes_with_its_user(lab: Lab) {
    let pool = pool(&lab, json!({ "UsernameAttributes": ["email", "phone_number"] })).await;
    let phone = "+15555550177";
    let jane = create(&lab, &pool, "jane@example.com", json!({ "phone_number": phone })).await;
    find(&lab, &pool, phone).await.refused(UNKNOWN.0, UNKNOWN.1);
    let insert =
        format!("INSERT INTO sign_in_names (pool_id, name, sub) VALUES ('{pool}', '{phone}', '{jane}')");
    lab.app.db.write(move |tx| tx.execute(&insert, &[])).await.unwrap();
    lab.admin("AdminDeleteUser", json!({ "UserPoolId": pool, "Username": jane })).await.ok();
    create(&lab, &pool, phone, json!({})).await;
}

async fn case(lab: Lab) {
    let insensitive = json!({ "UsernameConfiguration": { "CaseSensitive": false } });
    let folding = pool(&lab, insensitive.clone()).await;
    let jane = create(&lab, &folding, "Jane", json!({})).await;
    for name in ["jane", "JANE", "Jane"] {
        assert_eq!(sub(&lab, &folding, name).await, jane);
        refused(&lab, &folding, name, json!({}), "User account already exists").await;
    }
    // The Kelvin sign is a K once case does not count: the same user, not a second one.
    let kim = create(&lab, &folding, "kim", json!({})).await;
    assert_eq!(sub(&lab, &folding, "\u{212a}im").await, kim);

    let by_mail = pool(&lab, with(insensitive, json!({ "UsernameAttributes": ["email"] }))).await;
    let jane = create(&lab, &by_mail, "Jane@Example.com", json!({})).await;
    assert_eq!(sub(&lab, &by_mail, "jane@example.com").await, jane);
    refused(&lab, &by_mail, "JANE@example.com", json!({}), "User account already exists").await;
    for email in ["jane@@example.com", "a@b@example.com", "\u{212a}@example.com"] {
        refused(&lab, &by_mail, email, json!({}), "Username should be an email.").await;
    }

    let exact = pool(&lab, json!({ "UsernameConfiguration": { "CaseSensitive": true } })).await;
    let (lower, upper) =
        (create(&lab, &exact, "jane", json!({})).await, create(&lab, &exact, "Jane", json!({})).await);
    assert_eq!((sub(&lab, &exact, "jane").await, sub(&lab, &exact, "Jane").await), (lower, upper));
    find(&lab, &exact, "JANE").await.refused(UNKNOWN.0, UNKNOWN.1);
}

/// Who is called like another's sub would receive what is meant for the other.
async fn a_sub_is_nobody_elses_name(lab: Lab) {
    let pool = pool(&lab, json!({ "AliasAttributes": ["preferred_username"] })).await;
    let jane = create(&lab, &pool, "jane", json!({})).await;
    create(&lab, &pool, "eve", json!({})).await;
    refused(&lab, &pool, &jane, json!({}), "User account already exists").await;
    assert_eq!(
        update(&lab, &pool, "eve", json!({ "preferred_username": jane })).await.error().0,
        "AliasExistsException"
    );
    assert_eq!(sub(&lab, &pool, &jane).await, jane);
    create(&lab, &pool, "7d3ae4b6-1f0b-4f7e-9a75-1f0c5f3c9f00", json!({})).await;
}

async fn pools_know_nothing_of_each_other(lab: Lab) {
    let members = json!({ "AliasAttributes": ["email"] });
    let (one, two) = (pool(&lab, members.clone()).await, pool(&lab, members).await);
    let address = json!({ "email": "jane@example.com", "email_verified": "true" });
    let first = create(&lab, &one, "jane", address.clone()).await;
    for name in ["jane", "jane@example.com", &first] {
        find(&lab, &two, name).await.refused(UNKNOWN.0, UNKNOWN.1);
    }
    let second = create(&lab, &two, "jane", address).await;
    assert_ne!(first, second);
    for (pool, expected) in [(&one, &first), (&two, &second)] {
        for name in ["jane", "jane@example.com"] {
            assert_eq!(&sub(&lab, pool, name).await, expected);
        }
        lab.admin("CreateGroup", json!({ "UserPoolId": pool, "GroupName": "g" })).await.ok();
    }
    let member = json!({ "UserPoolId": one, "Username": "jane", "GroupName": "g" });
    lab.admin("AdminAddUserToGroup", member).await.ok();
    let listed = lab.admin("ListUsersInGroup", json!({ "UserPoolId": two, "GroupName": "g" })).await.ok();
    assert_eq!(listed["Users"], json!([]));
    lab.admin("AdminDeleteUser", json!({ "UserPoolId": one, "Username": "jane" })).await.ok();
    assert_eq!(sub(&lab, &two, "jane@example.com").await, second);
    find(&lab, &one, "jane").await.refused(UNKNOWN.0, UNKNOWN.1);
    let left = lab.admin("ListUsers", json!({ "UserPoolId": one })).await.ok();
    assert_eq!(left["Users"], json!([]));
}

/// Whoever gets a name after its owner is gone gets nothing of what the owner had.
async fn a_new_user_inherits_nothing(lab: Lab) {
    let pool = pool(&lab, json!({ "AliasAttributes": ["email"] })).await;
    let address = json!({ "email": "jane@example.com", "email_verified": "true", "name": "Jane" });
    let first = create(&lab, &pool, "jane", address).await;
    lab.admin("CreateGroup", json!({ "UserPoolId": pool, "GroupName": "admins" })).await.ok();
    let member = json!({ "UserPoolId": pool, "Username": "jane", "GroupName": "admins" });
    lab.admin("AdminAddUserToGroup", member).await.ok();
    lab.admin("AdminDeleteUser", json!({ "UserPoolId": pool, "Username": "jane" })).await.ok();
    let second = create(&lab, &pool, "jane", json!({})).await;
    assert_ne!(first, second);
    let groups =
        lab.admin("AdminListGroupsForUser", json!({ "UserPoolId": pool, "Username": "jane" })).await.ok();
    assert_eq!(groups["Groups"], json!([]));
    find(&lab, &pool, "jane@example.com").await.refused(UNKNOWN.0, UNKNOWN.1);
    find(&lab, &pool, &first).await.refused(UNKNOWN.0, UNKNOWN.1);
    assert_eq!(find(&lab, &pool, "jane").await.ok()["UserAttributes"].as_array().unwrap().len(), 1);
}

async fn of_a_hundred_one_gets_the_name(lab: Lab) {
    let pool = pool(&lab, json!({ "AliasAttributes": ["email"] })).await;
    let calls: Vec<_> = (0..100)
        .map(|i| {
            let (lab, pool) = (lab.clone(), pool.clone());
            let name = if i % 2 == 0 { "jane".to_owned() } else { format!("jane{i}") };
            tokio::spawn(async move {
                let values = json!({ "email": "jane@example.com", "email_verified": "true" });
                let input = json!({ "UserPoolId": pool, "Username": name, "MessageAction": "SUPPRESS",
                        "UserAttributes": attributes(values) });
                lab.admin("AdminCreateUser", input).await
            })
        })
        .collect();
    let mut made = 0;
    for call in calls {
        let answer = call.await.unwrap();
        if answer.status == 200 {
            made += 1;
        } else {
            let (name, _) = answer.error();
            assert!(
                ["UsernameExistsException", "TooManyRequestsException"].contains(&name.as_str()),
                "{name}"
            );
        }
    }
    assert_eq!(made, 1);
    let listed = lab.admin("ListUsers", json!({ "UserPoolId": pool })).await.ok();
    assert_eq!(listed["Users"].as_array().unwrap().len(), 1);
}

both_engines!(
    aliases,
    addresses_as_names,
    a_waiting_address_is_no_name,
    a_name_that_is_none_goes_with_its_user,
    case,
    a_sub_is_nobody_elses_name,
    pools_know_nothing_of_each_other,
    a_new_user_inherits_nothing,
    of_a_hundred_one_gets_the_name
);
