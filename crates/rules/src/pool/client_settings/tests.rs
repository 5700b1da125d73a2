use super::{create, update};
use crate::{
    Millis, Sealed,
    fault::Fault,
    pool::{Client, ClientSecret, Pool, settings},
};
use serde_json::{Value, json};
use spec::{Code, cognito_idp::ExplicitAuthFlowsType};

const NOW: Millis = 1_767_225_600_000;

fn pool(mut request: Value) -> Pool {
    request["PoolName"] = json!("p");
    settings::create(
        serde_json::from_value(request).unwrap(),
        "us-east-1_AbCdEfGhI".into(),
        "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEfGhI".into(),
        NOW,
    )
    .unwrap()
}

fn made_in(pool: &Pool, mut request: Value) -> Result<Client, Fault> {
    request["UserPoolId"] = json!(pool.id);
    request["ClientName"] = json!("c");
    create(pool, serde_json::from_value(request).unwrap(), "abc".into(), NOW)
}

fn made(request: Value) -> Result<Client, Fault> {
    made_in(&pool(json!({})), request)
}

fn changed(client: &Client, mut request: Value) -> Result<Client, Fault> {
    request["UserPoolId"] = json!(client.pool_id);
    request["ClientId"] = json!(client.id);
    update(&pool(json!({})), client, serde_json::from_value(request).unwrap(), NOW + 1)
}

fn detail(client: &Client) -> Value {
    serde_json::to_value(&client.detail).unwrap()
}

#[test]
fn a_client_without_settings_has_the_defaults() {
    let client = made(json!({})).unwrap();
    assert_eq!(
        detail(&client),
        json!({
            "UserPoolId": "us-east-1_AbCdEfGhI",
            "ClientName": "c",
            "ClientId": "abc",
            "CreationDate": 1767225600.0,
            "LastModifiedDate": 1767225600.0,
            "RefreshTokenValidity": 30,
            "TokenValidityUnits": {},
            "AllowedOAuthFlowsUserPoolClient": false,
            "EnableTokenRevocation": true,
            "EnablePropagateAdditionalUserContextData": false,
            "AuthSessionValidity": 3,
        })
    );
    for (flow, expected) in [
        (ExplicitAuthFlowsType::AllowRefreshTokenAuth, true),
        (ExplicitAuthFlowsType::AllowUserSrpAuth, true),
        (ExplicitAuthFlowsType::AllowCustomAuth, true),
        (ExplicitAuthFlowsType::AllowUserPasswordAuth, false),
        (ExplicitAuthFlowsType::AllowAdminUserPasswordAuth, false),
        (ExplicitAuthFlowsType::AllowUserAuth, false),
    ] {
        assert_eq!(client.allows(flow), expected, "{flow:?}");
    }
    let rotating = made(json!({"RefreshTokenRotation": {"Feature": "ENABLED"}})).unwrap();
    assert!(!rotating.allows(ExplicitAuthFlowsType::AllowRefreshTokenAuth));
    assert!(rotating.allows(ExplicitAuthFlowsType::AllowUserSrpAuth));
}

#[test]
fn members_that_imply_others() {
    let role = "arn:aws:iam::123456789012:role/aws-service-role/cognito-idp.amazonaws.com/\
                AWSServiceRoleForAmazonCognitoIdp";
    let arn = "arn:aws:mobiletargeting:us-east-1:123456789012:apps/1";
    for (sent, member, expected) in [
        (
            json!({"TokenValidityUnits": {"AccessToken": "days"}}),
            "/TokenValidityUnits",
            json!({"AccessToken": "days", "IdToken": "hours", "RefreshToken": "days"}),
        ),
        (json!({"RefreshTokenValidity": 0}), "/RefreshTokenValidity", json!(30)),
        (json!({"TokenValidityUnits": {"RefreshToken": "hours"}}), "/RefreshTokenValidity", json!(720)),
        (
            json!({"RefreshTokenRotation": {"Feature": "DISABLED"}}),
            "/RefreshTokenRotation",
            json!({"Feature": "DISABLED", "RetryGracePeriodSeconds": 0}),
        ),
        (
            json!({"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 60}}),
            "/RefreshTokenRotation",
            json!({"Feature": "ENABLED", "RetryGracePeriodSeconds": 60}),
        ),
        (
            json!({"AnalyticsConfiguration": {"ApplicationArn": arn}}),
            "/AnalyticsConfiguration",
            json!({"ApplicationArn": arn, "RoleArn": role, "UserDataShared": false}),
        ),
        (json!({"ReadAttributes": ["email", "email"]}), "/ReadAttributes", json!(["email"])),
        (json!({"ExplicitAuthFlows": []}), "/ExplicitAuthFlows", Value::Null),
    ] {
        let described = detail(&made(sent.clone()).unwrap());
        assert_eq!(described.pointer(member).unwrap_or(&Value::Null), &expected, "{sent}");
    }
}

#[test]
fn token_validities() {
    let units = |unit: &str| json!({"AccessToken": unit, "IdToken": unit, "RefreshToken": unit});
    for (sent, is_good) in [
        (json!({"AccessTokenValidity": 24}), true),
        (json!({"AccessTokenValidity": 25}), false),
        (json!({"IdTokenValidity": 24}), true),
        (json!({"IdTokenValidity": 25}), false),
        (json!({"RefreshTokenValidity": 3650}), true),
        (json!({"RefreshTokenValidity": 3651}), false),
        (json!({"AccessTokenValidity": 5, "TokenValidityUnits": units("minutes")}), true),
        (json!({"AccessTokenValidity": 4, "TokenValidityUnits": units("minutes")}), false),
        (json!({"IdTokenValidity": 299, "TokenValidityUnits": units("seconds")}), false),
        (json!({"IdTokenValidity": 300, "TokenValidityUnits": units("seconds")}), true),
        (json!({"RefreshTokenValidity": 60, "TokenValidityUnits": units("minutes")}), true),
        (json!({"RefreshTokenValidity": 59, "TokenValidityUnits": units("minutes")}), false),
        (json!({"RefreshTokenValidity": 315_360_000, "TokenValidityUnits": units("seconds")}), true),
        (json!({"RefreshTokenValidity": 315_360_000, "TokenValidityUnits": units("days")}), false),
        (json!({"RefreshTokenValidity": 1, "AccessTokenValidity": 24}), true),
        (
            json!({"RefreshTokenValidity": 60, "AccessTokenValidity": 61, "TokenValidityUnits": units("minutes")}),
            false,
        ),
    ] {
        let result = made(sent.clone());
        assert_eq!(result.is_ok(), is_good, "{sent}");
        if let Err(fault) = result {
            assert_eq!(fault.message, "Invalid range for token validity.", "{sent}");
        }
    }
}

#[test]
fn refusals() {
    let oauth = |flows: &[&str], scopes: &[&str]| {
        json!({"AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": flows, "AllowedOAuthScopes": scopes,
            "GenerateSecret": true, "CallbackURLs": ["https://example.com"]})
    };
    let without = |mut sent: Value, member: &str| {
        sent.as_object_mut().unwrap().remove(member);
        sent
    };
    let needed = "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows.";
    let parameter = Code::InvalidParameterException;
    let flow = Code::InvalidOAuthFlowException;
    for (sent, code, expected) in [
        (
            json!({"GenerateSecret": true, "ClientSecret": "s".repeat(24)}),
            parameter,
            "GenerateSecret cannot be true when a ClientSecret is given.",
        ),
        (
            json!({"PublishSecretsInAWSSecretsManager": true}),
            parameter,
            "PublishSecretsInAWSSecretsManager is not supported by this version of Cognate.",
        ),
        (
            json!({"ReadAttributes": ["custom:x"]}),
            parameter,
            "Invalid read attributes specified while creating a client",
        ),
        (
            json!({"WriteAttributes": ["email", "email_verified"]}),
            parameter,
            "Invalid write attributes specified while creating a client",
        ),
        (
            json!({"WriteAttributes": ["sub"]}),
            parameter,
            "Invalid write attributes specified while creating a client",
        ),
        (
            json!({"ExplicitAuthFlows": ["ADMIN_NO_SRP_AUTH", "ALLOW_USER_SRP_AUTH"]}),
            parameter,
            "ADMIN_NO_SRP_AUTH, CUSTOM_AUTH_FLOW_ONLY and USER_PASSWORD_AUTH cannot be used together with \
             ExplicitAuthFlows that begin with ALLOW_.",
        ),
        (
            json!({"ExplicitAuthFlows": ["ALLOW_CLIENT_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"], "GenerateSecret": true}),
            parameter,
            "ALLOW_CLIENT_TOKEN_AUTH must be the only flow of a client with a secret.",
        ),
        (
            json!({"ExplicitAuthFlows": ["ALLOW_CLIENT_TOKEN_AUTH"]}),
            parameter,
            "ALLOW_CLIENT_TOKEN_AUTH must be the only flow of a client with a secret.",
        ),
        (
            json!({"ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"], "RefreshTokenRotation": {"Feature": "ENABLED"}}),
            parameter,
            "Refresh token rotation cannot be enabled for a client with ALLOW_REFRESH_TOKEN_AUTH.",
        ),
        (
            json!({"EnablePropagateAdditionalUserContextData": true}),
            parameter,
            "EnablePropagateAdditionalUserContextData requires a client with a secret.",
        ),
        (
            json!({"SupportedIdentityProviders": ["COGNITO", "Google"]}),
            parameter,
            "The provider Google does not exist for User Pool us-east-1_AbCdEfGhI",
        ),
        (
            json!({"DefaultRedirectURI": "https://example.com"}),
            parameter,
            "https://example.com is not in CallbackURLs.",
        ),
        (
            json!({"LogoutURLs": ["http://example.com"]}),
            parameter,
            "http://example.com cannot use the HTTP protocol.",
        ),
        (oauth(&[], &["openid"]), flow, needed),
        (oauth(&["code"], &[]), flow, needed),
        (
            without(oauth(&["code"], &["openid"]), "CallbackURLs"),
            flow,
            "CallbackUrls can not be empty when code flow or implicit flow is selected",
        ),
        (
            oauth(&["client_credentials", "code"], &["openid"]),
            flow,
            "client_credentials flow can not be selected along with code flow or implicit flow.",
        ),
        (
            without(oauth(&["client_credentials"], &["a/b"]), "GenerateSecret"),
            flow,
            "client_credentials flow can not be selected if client does not have a client secret.",
        ),
        (
            oauth(&["client_credentials"], &["openid"]),
            flow,
            "openid is not supported with client_credentials flow",
        ),
        (
            oauth(&["code"], &["openid", "a/b"]),
            Code::ScopeDoesNotExistException,
            "Invalid scope requested: a/b",
        ),
    ] {
        let fault = made(sent.clone()).unwrap_err();
        assert_eq!((fault.code, &*fault.message), (code, expected), "{sent}");
    }
    assert!(made(oauth(&["code", "implicit"], &["openid", "email", "phone", "profile"])).is_ok());
    assert!(made(json!({"ExplicitAuthFlows": ["ALLOW_CLIENT_TOKEN_AUTH"], "GenerateSecret": true})).is_ok());
    assert!(made(json!({"ExplicitAuthFlows": ["ADMIN_NO_SRP_AUTH", "USER_PASSWORD_AUTH"]})).is_ok());
}

#[test]
fn attributes_follow_the_schema() {
    let pool = pool(json!({"Schema": [
        {"Name": "email", "Required": true},
        {"Name": "team", "Mutable": true},
        {"Name": "secret", "DeveloperOnlyAttribute": true},
    ]}));
    for (sent, is_good) in [
        (json!({"WriteAttributes": ["email", "custom:team", "updated_at"]}), true),
        (json!({"WriteAttributes": ["given_name"]}), false),
        (json!({"WriteAttributes": ["email", "dev:custom:secret"]}), false),
        (json!({"ReadAttributes": ["sub", "email_verified", "custom:team"]}), true),
        (json!({"ReadAttributes": ["team"]}), false),
    ] {
        assert_eq!(made_in(&pool, sent.clone()).is_ok(), is_good, "{sent}");
    }
}

#[test]
fn the_tier_limits_flows() {
    let lite = pool(json!({"UserPoolTier": "LITE"}));
    for sent in [
        json!({"ExplicitAuthFlows": ["ALLOW_USER_AUTH"]}),
        json!({"RefreshTokenRotation": {"Feature": "ENABLED"}}),
    ] {
        let fault = made_in(&lite, sent.clone()).unwrap_err();
        assert_eq!(fault.code, Code::FeatureUnavailableInTierException, "{sent}");
        assert!(made(sent).is_ok());
    }
}

#[test]
fn a_change_returns_to_defaults() {
    let mut client = made(json!({
        "RefreshTokenValidity": 5, "AccessTokenValidity": 2, "ReadAttributes": ["email"], "AuthSessionValidity": 9,
        "EnableTokenRevocation": false, "PreventUserExistenceErrors": "ENABLED",
        "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"], "GenerateSecret": true,
    }))
    .unwrap();
    let mut expected = detail(&made(json!({})).unwrap());
    expected["LastModifiedDate"] = json!(1767225600.001);
    assert_eq!(detail(&changed(&client, json!({})).unwrap()), expected);

    let propagate = json!({"EnablePropagateAdditionalUserContextData": true});
    assert!(changed(&client, propagate.clone()).is_err());
    client.secrets.push(ClientSecret { id: "abc--1".into(), value: Sealed(vec![1]), created_at: NOW });
    let kept = changed(&client, propagate).unwrap();
    assert_eq!(kept.secrets.len(), 1);
    assert_eq!(
        changed(&client, json!({"WriteAttributes": ["x"]})).unwrap_err().message,
        "Invalid write attributes specified while updating a client"
    );
}
