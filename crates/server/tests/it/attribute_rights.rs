//! What users cannot do to their own attributes: verify an address that is not theirs, or raise themselves.

use crate::{
    lab::{Answer, Lab},
    users::{attribute, attributes, create, pool, with},
};
use serde_json::{Value, json};

const PASSWORD: &str = "Secret-pass-1";
const NOT_WRITABLE: (&str, &str) =
    ("NotAuthorizedException", "A client attempted to write unauthorized attribute");

async fn client(lab: &Lab, pool: &str, members: Value) -> String {
    let base =
        json!({ "UserPoolId": pool, "ClientName": "c", "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"] });
    let answer = lab.admin("CreateUserPoolClient", with(base, members)).await.ok();
    answer["UserPoolClient"]["ClientId"].as_str().unwrap().to_owned()
}

/// Makes `jane`, signs her in, and answers her access token.
async fn jane(lab: &Lab, pool: &str, client: &str, values: Value) -> String {
    create(lab, pool, "jane", values).await;
    let password = json!({ "UserPoolId": pool, "Username": "jane", "Password": PASSWORD, "Permanent": true });
    lab.admin("AdminSetUserPassword", password).await.ok();
    let input = json!({ "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": "jane", "PASSWORD": PASSWORD } });
    let answer = lab.call("InitiateAuth", input).await.ok();
    answer["AuthenticationResult"]["AccessToken"].as_str().unwrap().to_owned()
}

async fn update(lab: &Lab, token: &str, values: Value) -> Answer {
    lab.call("UpdateUserAttributes", json!({ "AccessToken": token, "UserAttributes": attributes(values) }))
        .await
}

async fn own(lab: &Lab, token: &str, name: &str) -> Option<String> {
    let user = lab.call("GetUser", json!({ "AccessToken": token })).await.ok();
    attribute(&user["UserAttributes"], name).map(str::to_owned)
}

async fn verify(lab: &Lab, token: &str, code: &str) -> Answer {
    lab.call("VerifyUserAttribute", json!({ "AccessToken": token, "AttributeName": "email", "Code": code }))
        .await
}

async fn nobody_verifies_themselves_or_raises_themselves(lab: Lab) {
    let schema = json!([
        { "Name": "role", "AttributeDataType": "String", "Mutable": true },
        { "Name": "secret", "AttributeDataType": "String", "Mutable": true, "DeveloperOnlyAttribute": true },
    ]);
    let pool = pool(&lab, json!({ "Schema": schema })).await;
    let usual = client(&lab, &pool, json!({})).await;
    let listed = client(
        &lab,
        &pool,
        json!({ "WriteAttributes": ["custom:role", "email"], "ReadAttributes": ["custom:role"] }),
    )
    .await;
    let token =
        jane(&lab, &pool, &usual, json!({ "email": "jane@example.com", "custom:role": "user" })).await;
    for values in [
        json!({ "email_verified": "true" }),
        json!({ "email": "victim@example.com", "email_verified": "true" }),
        json!({ "phone_number": "+15555550100", "phone_number_verified": "true" }),
        json!({ "custom:role": "admin" }),
        json!({ "nickname": "J", "dev:custom:secret": "x" }),
        json!({ "sub": "00000000-0000-4000-8000-000000000000" }),
        json!({ "identities": "[]" }),
    ] {
        update(&lab, &token, values.clone()).await.refused(NOT_WRITABLE.0, NOT_WRITABLE.1);
        let sign_up = json!({ "ClientId": usual, "Username": "eve", "Password": PASSWORD, "UserAttributes": attributes(values) });
        lab.call("SignUp", sign_up).await.refused(NOT_WRITABLE.0, NOT_WRITABLE.1);
    }
    assert_eq!(own(&lab, &token, "email").await.as_deref(), Some("jane@example.com"));
    assert_ne!(own(&lab, &token, "email_verified").await.as_deref(), Some("true"));
    assert_eq!(own(&lab, &token, "nickname").await, None);
    assert_eq!(own(&lab, &token, "custom:role").await, None);
    let deletion = json!({ "AccessToken": token, "UserAttributeNames": ["custom:role"] });
    lab.call("DeleteUserAttributes", deletion).await.refused(NOT_WRITABLE.0, NOT_WRITABLE.1);

    // A client that lists the attribute may.
    let sign_in = json!({ "ClientId": listed, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": { "USERNAME": "jane", "PASSWORD": PASSWORD } });
    let tokens = lab.call("InitiateAuth", sign_in).await.ok();
    let token = tokens["AuthenticationResult"]["AccessToken"].as_str().unwrap();
    update(&lab, token, json!({ "custom:role": "editor" })).await.ok();
    assert_eq!(own(&lab, token, "custom:role").await.as_deref(), Some("editor"));
    assert_eq!(own(&lab, token, "email").await, None);
    update(&lab, token, json!({ "nickname": "J" })).await.refused(NOT_WRITABLE.0, NOT_WRITABLE.1);
}

/// A code proves the address that it was sent to and no other.
async fn codes_prove_their_own_address(lab: Lab) {
    for before in [json!([]), json!(["email"])] {
        let pool = pool(
            &lab,
            json!({ "AutoVerifiedAttributes": ["email"], "AliasAttributes": ["email"],
                "UserAttributeUpdateSettings": { "AttributesRequireVerificationBeforeUpdate": before } }),
        )
        .await;
        let client = client(&lab, &pool, json!({})).await;
        let token =
            jane(&lab, &pool, &client, json!({ "email": "jane@example.com", "email_verified": "true" }))
                .await;
        update(&lab, &token, json!({ "email": "mine@example.com" })).await.ok();
        let mine = lab.code_for("mine@example.com").await;
        update(&lab, &token, json!({ "email": "victim@example.com" })).await.ok();
        verify(&lab, &token, &mine).await.error();
        for blank in ["", " ", "000000"] {
            verify(&lab, &token, blank).await.error();
        }
        let found =
            lab.admin("AdminGetUser", json!({ "UserPoolId": pool, "Username": "victim@example.com" })).await;
        found.refused("UserNotFoundException", "User does not exist.");
        let kept = own(&lab, &token, "email").await;
        let verified = own(&lab, &token, "email_verified").await;
        let expected =
            if before == json!([]) { ("victim@example.com", "false") } else { ("jane@example.com", "true") };
        assert_eq!((kept.as_deref(), verified.as_deref()), (Some(expected.0), Some(expected.1)));

        let code = lab.code_for("victim@example.com").await;
        verify(&lab, &token, &code).await.ok();
        assert_eq!(own(&lab, &token, "email").await.as_deref(), Some("victim@example.com"));
        assert_eq!(own(&lab, &token, "email_verified").await.as_deref(), Some("true"));
        verify(&lab, &token, &code).await.error();
    }
}

/// An unverified address gives nobody the user whose address it is.
async fn an_unverified_address_takes_nothing(lab: Lab) {
    let pool = pool(&lab, json!({ "AliasAttributes": ["email"] })).await;
    let client = client(&lab, &pool, json!({})).await;
    let token = jane(&lab, &pool, &client, json!({})).await;
    create(&lab, &pool, "victim", json!({ "email": "victim@example.com", "email_verified": "true" })).await;
    update(&lab, &token, json!({ "email": "victim@example.com" })).await.ok();
    let found =
        lab.admin("AdminGetUser", json!({ "UserPoolId": pool, "Username": "victim@example.com" })).await.ok();
    assert_eq!(found["Username"], "victim");
    let input = json!({ "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": { "USERNAME": "victim@example.com", "PASSWORD": PASSWORD } });
    lab.call("InitiateAuth", input).await.error();
}

both_engines!(
    nobody_verifies_themselves_or_raises_themselves,
    codes_prove_their_own_address,
    an_unverified_address_takes_nothing
);
