//! App clients: their defaults, what is kept of a configuration, every refusal, and their secrets.

use crate::lab::Lab;
use serde_json::{Value, json};

const INVALID: &str = "InvalidParameterException";
const UNKNOWN: &str = "ResourceNotFoundException";

async fn pool(lab: &Lab) -> Value {
    lab.admin("CreateUserPool", json!({"PoolName": "p"})).await.ok()["UserPool"]["Id"].clone()
}

async fn create(lab: &Lab, pool: &Value, mut settings: Value) -> Value {
    settings["UserPoolId"] = pool.clone();
    settings["ClientName"] = json!("c");
    lab.admin("CreateUserPoolClient", settings).await.ok()["UserPoolClient"].clone()
}

async fn describe(lab: &Lab, client: &Value) -> Value {
    lab.admin("DescribeUserPoolClient", named(client)).await.ok()["UserPoolClient"].clone()
}

fn named(client: &Value) -> Value {
    json!({"UserPoolId": client["UserPoolId"], "ClientId": client["ClientId"]})
}

/// The same without its dates, which differ from call to call.
fn timeless(described: &Value) -> Value {
    let mut described = described.clone();
    let members = described.as_object_mut().unwrap();
    let (made, changed) =
        (members.remove("CreationDate").unwrap(), members.remove("LastModifiedDate").unwrap());
    assert!(made.as_f64().unwrap() <= changed.as_f64().unwrap(), "{made} {changed}");
    described
}

/// A configuration that names every member.
fn everything() -> Value {
    json!({
        "RefreshTokenValidity": 10,
        "AccessTokenValidity": 60,
        "IdTokenValidity": 50,
        "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "days"},
        "ReadAttributes": ["email", "phone_number", "email_verified"],
        "WriteAttributes": ["email", "phone_number"],
        "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_USER_AUTH"],
        "SupportedIdentityProviders": ["COGNITO"],
        "CallbackURLs": ["https://example.com", "http://localhost:8001", "myapp://example"],
        "LogoutURLs": ["https://example.com/bye"],
        "DefaultRedirectURI": "myapp://example",
        "AllowedOAuthFlows": ["code", "implicit"],
        "AllowedOAuthScopes": ["openid", "profile", "aws.cognito.signin.user.admin"],
        "AllowedOAuthFlowsUserPoolClient": true,
        "AnalyticsConfiguration": {"ApplicationId": "abc123", "RoleArn": "arn:aws:iam::123456789012:role/r",
            "ExternalId": "x", "UserDataShared": true},
        "PreventUserExistenceErrors": "ENABLED",
        "EnableTokenRevocation": false,
        "EnablePropagateAdditionalUserContextData": true,
        "AuthSessionValidity": 4,
        "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 30},
    })
}

async fn a_client_without_settings_is_described_with_the_defaults(lab: Lab) {
    let pool = pool(&lab).await;
    let client = create(&lab, &pool, json!({})).await;
    let id = client["ClientId"].as_str().unwrap();
    assert!(id.len() == 26 && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{id}");
    assert_eq!(client["CreationDate"], client["LastModifiedDate"]);
    assert_eq!(
        timeless(&client),
        json!({
            "UserPoolId": pool,
            "ClientName": "c",
            "ClientId": id,
            "RefreshTokenValidity": 30,
            "TokenValidityUnits": {},
            "AllowedOAuthFlowsUserPoolClient": false,
            "EnableTokenRevocation": true,
            "EnablePropagateAdditionalUserContextData": false,
            "AuthSessionValidity": 3,
            "ClientType": "REGULAR",
        })
    );
    assert_eq!(describe(&lab, &client).await, client);
}

async fn everything_sent_is_described(lab: Lab) {
    let pool = pool(&lab).await;
    let mut settings = everything();
    settings["GenerateSecret"] = json!(true);
    let client = create(&lab, &pool, settings).await;
    for (member, sent) in everything().as_object().unwrap() {
        assert_eq!(&client[member], sent, "{member}");
    }
    assert_eq!(describe(&lab, &client).await, client);
}

async fn a_change_with_the_description_changes_nothing(lab: Lab) {
    let pool = pool(&lab).await;
    for mut settings in [json!({}), everything()] {
        settings["GenerateSecret"] = json!(true);
        let client = create(&lab, &pool, settings).await;
        lab.advance(60);
        // Members that the request does not know, such as the secret, are ignored.
        let answer = lab.admin("UpdateUserPoolClient", client.clone()).await.ok();
        let described = describe(&lab, &client).await;
        assert_eq!(answer["UserPoolClient"], described);
        assert_eq!(timeless(&described), timeless(&client));
        assert_eq!(described["CreationDate"], client["CreationDate"]);
        let before = client["LastModifiedDate"].as_f64().unwrap();
        assert!(described["LastModifiedDate"].as_f64().unwrap() >= before + 60.0);
    }
}

async fn a_change_returns_to_the_defaults(lab: Lab) {
    let pool = pool(&lab).await;
    let mut settings = everything();
    settings["GenerateSecret"] = json!(true);
    let client = create(&lab, &pool, settings).await;
    let mut expected = create(&lab, &pool, json!({})).await;
    for member in ["ClientId", "ClientSecret"] {
        expected[member] = client[member].clone();
    }
    let changed = lab.admin("UpdateUserPoolClient", named(&client)).await.ok();
    assert_eq!(timeless(&changed["UserPoolClient"]), timeless(&expected));
}

async fn refusals_leave_nothing_behind(lab: Lab) {
    let pool = pool(&lab).await;
    let client = create(&lab, &pool, json!({"ReadAttributes": ["email"]})).await;
    for (change, code, text) in [
        (json!({"AccessTokenValidity": 25}), INVALID, "Invalid range for token validity."),
        (
            json!({"ReadAttributes": ["custom:x"]}),
            INVALID,
            "Invalid read attributes specified while updating a client",
        ),
        (
            json!({"AllowedOAuthScopes": ["a/b"]}),
            "ScopeDoesNotExistException",
            "Invalid scope requested: a/b",
        ),
        (
            json!({"AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["openid"]}),
            "InvalidOAuthFlowException",
            "CallbackUrls can not be empty when code flow or implicit flow is selected",
        ),
        (
            json!({"AuthSessionValidity": 2}),
            INVALID,
            "1 validation error detected: Value '2' at 'authSessionValidity' failed to satisfy constraint: Member \
                 must have value greater than or equal to 3",
        ),
        (
            json!({"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 61}}),
            INVALID,
            "1 validation error detected: Value '61' at 'refreshTokenRotation.retryGracePeriodSeconds' failed to \
                 satisfy constraint: Member must have value less than or equal to 60",
        ),
    ] {
        let mut request = named(&client);
        request.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        lab.admin("UpdateUserPoolClient", request).await.refused(code, text);
    }
    assert_eq!(describe(&lab, &client).await, client);
    let both = json!({"UserPoolId": pool, "ClientName": "c", "GenerateSecret": true, "ClientSecret": "s".repeat(24)});
    lab.admin("CreateUserPoolClient", both)
        .await
        .refused(INVALID, "GenerateSecret cannot be true when a ClientSecret is given.");
    let list = lab.admin("ListUserPoolClients", json!({"UserPoolId": pool})).await.ok();
    assert_eq!(list["UserPoolClients"].as_array().unwrap().len(), 1);
}

async fn a_client_belongs_to_one_pool(lab: Lab) {
    let (own, other) = (pool(&lab).await, pool(&lab).await);
    let client = create(&lab, &own, json!({"GenerateSecret": true})).await;
    let id = client["ClientId"].as_str().unwrap();
    for (operation, further) in [
        ("DescribeUserPoolClient", json!({})),
        ("UpdateUserPoolClient", json!({})),
        ("DeleteUserPoolClient", json!({})),
        ("AddUserPoolClientSecret", json!({})),
        ("ListUserPoolClientSecrets", json!({})),
        ("DeleteUserPoolClientSecret", json!({"ClientSecretId": "x"})),
    ] {
        let mut input = further;
        input["ClientId"] = json!(id);
        input["UserPoolId"] = other.clone();
        let text = format!("User pool client {id} does not exist.");
        lab.admin(operation, input.clone()).await.refused(UNKNOWN, &text);
        input["UserPoolId"] = json!("eu-west-1_Unknown00");
        lab.admin(operation, input).await.refused(UNKNOWN, "User pool eu-west-1_Unknown00 does not exist.");
    }
    assert_eq!(describe(&lab, &client).await, client);
    for operation in ["CreateUserPoolClient", "ListUserPoolClients"] {
        lab.admin(operation, json!({"UserPoolId": "us-east-1_Unknown00", "ClientName": "c"}))
            .await
            .refused(UNKNOWN, "User pool us-east-1_Unknown00 does not exist.");
    }
}

async fn a_deleted_client_is_gone(lab: Lab) {
    let pool = pool(&lab).await;
    let client = create(&lab, &pool, json!({})).await;
    assert_eq!(lab.admin("DeleteUserPoolClient", named(&client)).await.ok(), Value::Null);
    let text = format!("User pool client {} does not exist.", client["ClientId"].as_str().unwrap());
    lab.admin("DeleteUserPoolClient", named(&client)).await.refused(UNKNOWN, &text);
    let sign_up = json!({"ClientId": client["ClientId"], "Username": "u", "Password": "Passw0rd!"});
    lab.call("SignUp", sign_up).await.refused(UNKNOWN, &text);
}

async fn clients_are_listed_in_pages(lab: Lab) {
    let (own, other) = (pool(&lab).await, pool(&lab).await);
    create(&lab, &other, json!({})).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(create(&lab, &own, json!({})).await["ClientId"].clone());
    }
    let mut seen = Vec::new();
    let mut token = Value::Null;
    loop {
        let input = json!({"UserPoolId": own, "MaxResults": 2, "NextToken": token});
        let page = lab.admin("ListUserPoolClients", input).await.ok();
        seen.extend(page["UserPoolClients"].as_array().unwrap().clone());
        token = page["NextToken"].clone();
        if token.is_null() {
            break;
        }
        let elsewhere = json!({"UserPoolId": other, "MaxResults": 2, "NextToken": token});
        lab.admin("ListUserPoolClients", elsewhere).await.refused(INVALID, "Invalid pagination token");
    }
    assert_eq!(seen[0], json!({"ClientId": seen[0]["ClientId"], "UserPoolId": own, "ClientName": "c"}));
    let mut found: Vec<Value> = seen.iter().map(|client| client["ClientId"].clone()).collect();
    found.sort_by_key(Value::to_string);
    ids.sort_by_key(Value::to_string);
    assert_eq!(found, ids);
    for (kind, count) in [("REGULAR", 5), ("DCR", 0)] {
        let list =
            lab.admin("ListUserPoolClients", json!({"UserPoolId": own, "ClientType": kind})).await.ok();
        assert_eq!(list["UserPoolClients"].as_array().unwrap().len(), count, "{kind}");
    }
}

async fn a_pool_has_a_thousand_clients_at_the_most(lab: Lab) {
    let pool = pool(&lab).await;
    let first = create(&lab, &pool, json!({})).await;
    let id = first["ClientId"].as_str().unwrap();
    let client = lab.app.client(id).await.unwrap();
    let fill = move |tx: &mut store::Tx<'_>| -> Result<(), store::Error> {
        for i in 0..998 {
            let mut client = (*client).clone();
            client.id = format!("copy{i}").into();
            store::clients::insert(tx, &client)?;
        }
        Ok(())
    };
    lab.app.db.write(fill).await.unwrap();
    create(&lab, &pool, json!({})).await;
    lab.admin("CreateUserPoolClient", json!({"UserPoolId": pool, "ClientName": "c"}))
        .await
        .refused("LimitExceededException", "A user pool can have 1000 app clients at the most.");
}

async fn secrets_are_replaced_while_the_other_works(lab: Lab) {
    let pool = pool(&lab).await;
    let client = create(&lab, &pool, json!({"GenerateSecret": true})).await;
    let id = client["ClientId"].as_str().unwrap();
    let first = client["ClientSecret"].as_str().unwrap();
    assert!((24..=64).contains(&first.len()), "{first}");
    let with = |member: &str, value: &str| {
        let mut input = named(&client);
        input[member] = json!(value);
        input
    };
    let own = "a+Secret+of+the+callers+own";
    let added = lab.admin("AddUserPoolClientSecret", with("ClientSecret", own)).await.ok();
    let added = &added["ClientSecretDescriptor"];
    // Both were made in the same second, so the later has the name of the next.
    assert_eq!(added["ClientSecretId"], format!("{id}--1767225601"));
    assert!(added["ClientSecretCreateDate"].is_f64() && added["ClientSecretValue"].is_null());
    lab.admin("AddUserPoolClientSecret", named(&client))
        .await
        .refused("LimitExceededException", "Client secrets cannot exceed limit of 2 secrets.");
    let list = lab.admin("ListUserPoolClientSecrets", named(&client)).await.ok();
    let list = list["ClientSecrets"].as_array().unwrap();
    assert_eq!(list.len(), 2);
    assert_eq!(list[0]["ClientSecretId"], format!("{id}--1767225600"));
    assert_eq!(&list[1], added);
    assert_eq!(describe(&lab, &client).await["ClientSecret"], first);

    lab.admin("DeleteUserPoolClientSecret", with("ClientSecretId", "x"))
        .await
        .refused(UNKNOWN, "Client secret x does not exist.");
    let delete = with("ClientSecretId", &format!("{id}--1767225600"));
    assert_eq!(lab.admin("DeleteUserPoolClientSecret", delete).await.ok(), json!({}));
    assert_eq!(describe(&lab, &client).await["ClientSecret"], own);
    lab.admin("DeleteUserPoolClientSecret", with("ClientSecretId", &format!("{id}--1767225601")))
        .await
        .refused(INVALID, "The last secret of a client cannot be deleted.");
    lab.advance(5);
    let generated = lab.admin("AddUserPoolClientSecret", named(&client)).await.ok();
    let value = generated["ClientSecretDescriptor"]["ClientSecretValue"].as_str().unwrap();
    assert!((24..=64).contains(&value.len()), "{value}");
    // The cache of the lab's server is told of every change: a wrong secret hash is refused at once.
    let sign_up = json!({"ClientId": id, "Username": "u", "Password": "Passw0rd!", "SecretHash": "AAAA"});
    let text = format!("Unable to verify secret hash for client {id}");
    lab.call("SignUp", sign_up).await.refused("NotAuthorizedException", &text);
}

async fn a_public_client_stays_public(lab: Lab) {
    let pool = pool(&lab).await;
    let client = create(&lab, &pool, json!({})).await;
    let text = format!("Client {} was created without a secret.", client["ClientId"].as_str().unwrap());
    lab.admin("AddUserPoolClientSecret", named(&client)).await.refused(INVALID, &text);
    let list = lab.admin("ListUserPoolClientSecrets", named(&client)).await.ok();
    assert_eq!(list, json!({"ClientSecrets": []}));
    let own = create(&lab, &pool, json!({"ClientSecret": "a+Secret+of+the+callers+own"})).await;
    assert_eq!(own["ClientSecret"], "a+Secret+of+the+callers+own");
}

both_engines!(
    a_client_without_settings_is_described_with_the_defaults,
    everything_sent_is_described,
    a_change_with_the_description_changes_nothing,
    a_change_returns_to_the_defaults,
    refusals_leave_nothing_behind,
    a_client_belongs_to_one_pool,
    a_deleted_client_is_gone,
    clients_are_listed_in_pages,
    a_pool_has_a_thousand_clients_at_the_most,
    secrets_are_replaced_while_the_other_works,
    a_public_client_stays_public
);
