//! Levels of assurance: wished for, reached, told in the tokens, and never more than was done.

use super::{begin, email, has_tokens, with};
use crate::{
    lab::Lab,
    scene::{PASSWORD, Scene, claims, totp_code},
};
use serde_json::{Value, json};

const UNREACHABLE: (&str, &str) = (
    "InvalidParameterException",
    "The user has no authentication factors that satisfy the requested TARGET_ACR_VALUES.",
);

async fn place(lab: &Lab, hides: bool) -> Scene {
    let scene = with(lab, json!(["PASSWORD", "EMAIL_OTP"]), hides, json!({})).await;
    let totp = json!({"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    scene.admin("SetUserPoolMfaConfig", totp).await;
    scene.user("jane", email("jane")).await;
    scene
}

/// An authenticator app that the user has, and need not use; answers its secret.
async fn app_of(scene: &Scene, name: &str) -> String {
    let token = scene.tokens(name).await["AccessToken"].clone();
    let secret = scene.lab.call("AssociateSoftwareToken", json!({"AccessToken": token})).await.ok();
    let secret = secret["SecretCode"].as_str().unwrap().to_owned();
    let code = totp_code(&scene.lab, &secret, 0);
    scene.lab.call("VerifySoftwareToken", json!({"AccessToken": token, "UserCode": code})).await.ok();
    secret
}

fn password(more: Value) -> Value {
    crate::scene::merged(json!({"PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": PASSWORD}), more)
}

/// `acr` and `amr` of both tokens, which agree.
fn assurance(tokens: &Value) -> (Value, Value) {
    let [id, access] = ["IdToken", "AccessToken"].map(|name| claims(&tokens[name]));
    let of = |claims: &Value| (claims["acr"].clone(), claims["amr"].clone());
    assert_eq!(of(&id), of(&access));
    of(&id)
}

async fn a_level_is_reached_from_the_start(lab: Lab) {
    let scene = place(&lab, false).await;
    let done = begin(&scene, "jane", password(json!({"TARGET_ACR_VALUES": "urn:cognito:loa:1"}))).await.ok();
    let one = (json!("urn:cognito:loa:1"), json!(["pwd"]));
    assert_eq!(assurance(&done["AuthenticationResult"]), one);
    begin(&scene, "jane", password(json!({"TARGET_ACR_VALUES": "urn:cognito:loa:4"})))
        .await
        .refused(UNREACHABLE.0, UNREACHABLE.1);
    let wish = json!({"TARGET_ACR_VALUES": "urn:cognito:loa:4 urn:cognito:loa:3 urn:cognito:loa:1"});
    let asked = begin(&scene, "jane", password(wish)).await.ok();
    assert_eq!(asked["ChallengeName"], "EMAIL_OTP");
    let code = lab.code_for("jane@example.com").await;
    let answer = json!({"USERNAME": "jane", "EMAIL_OTP_CODE": code});
    let done = scene.respond("EMAIL_OTP", &asked["Session"], answer).await.ok();
    let three = (json!("urn:cognito:loa:3"), json!(["pwd", "email_otp", "mfa"]));
    assert_eq!(assurance(&done["AuthenticationResult"]), three);
    // What nobody wished for is not told.
    let plain = scene.tokens("jane").await;
    assert_eq!(assurance(&plain), (Value::Null, Value::Null));
}

async fn who_has_signed_in_steps_up(lab: Lab) {
    let scene = place(&lab, false).await;
    let secret = app_of(&scene, "jane").await;
    let tokens = begin(&scene, "jane", password(json!({}))).await.ok()["AuthenticationResult"].clone();
    lab.advance(60);
    let wish = |level: u8| json!({"TARGET_ACR_VALUES": format!("urn:cognito:loa:{level}"), "ACCESS_TOKEN": tokens["AccessToken"]});
    let asked = begin(&scene, "jane", wish(4)).await.ok();
    assert_eq!(asked["ChallengeName"], "SOFTWARE_TOKEN_MFA");
    let code = |steps| totp_code(&lab, &secret, steps);
    let answer = json!({"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": code(1)});
    let done = scene.respond("SOFTWARE_TOKEN_MFA", &asked["Session"], answer).await.ok();
    let stepped = done["AuthenticationResult"].clone();
    let four = (json!("urn:cognito:loa:4"), json!(["pwd", "otp", "mfa"]));
    assert_eq!(assurance(&stepped), four);
    let times = [&tokens, &stepped].map(|t| claims(&t["IdToken"])["auth_time"].as_i64().unwrap());
    assert_eq!(times[1] - times[0], 60, "the new authentication's time");
    // A refresh keeps the level of its own sign-in, neither more nor less.
    for (refresh, expected) in [(&stepped, &four), (&tokens, &(Value::Null, Value::Null))] {
        let again =
            scene.initiate("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": refresh["RefreshToken"]})).await;
        assert_eq!(assurance(&again.ok()["AuthenticationResult"]), *expected);
    }
    let reached = json!({"TARGET_ACR_VALUES": "urn:cognito:loa:4", "ACCESS_TOKEN": stepped["AccessToken"]});
    begin(&scene, "jane", reached).await.refused(
        "InvalidParameterException",
        "The access token already satisfies the requested TARGET_ACR_VALUES.",
    );
    // Too old: from the start.
    let mut old = wish(4);
    old["MAX_AGE"] = "30".into();
    assert_eq!(begin(&scene, "jane", old).await.ok()["ChallengeName"], "SELECT_CHALLENGE");
    let mut fresh = wish(4);
    fresh["MAX_AGE"] = "3600".into();
    assert_eq!(begin(&scene, "jane", fresh).await.ok()["ChallengeName"], "SOFTWARE_TOKEN_MFA");
}

async fn a_lower_level_is_not_lifted(lab: Lab) {
    let scene = place(&lab, false).await;
    let secret = app_of(&scene, "jane").await;
    scene.user("june", email("june")).await;
    let tokens = begin(&scene, "jane", password(json!({}))).await.ok()["AuthenticationResult"].clone();
    let wish = json!({"TARGET_ACR_VALUES": "urn:cognito:loa:4", "ACCESS_TOKEN": tokens["AccessToken"]});
    begin(&scene, "june", wish.clone())
        .await
        .refused("NotAuthorizedException", "USERNAME does not match the access token.");
    let members = json!({"ExplicitAuthFlows": ["ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]});
    let client = scene.new_client(members).await["ClientId"].as_str().unwrap().to_owned();
    let elsewhere = Scene { client, ..scene.clone() };
    assert_eq!(begin(&elsewhere, "jane", wish.clone()).await.error().0, "NotAuthorizedException");
    let asked = begin(&scene, "jane", wish.clone()).await.ok();
    // A code of another kind does not answer it, and a wrong one ends nothing.
    let other = scene
        .respond("EMAIL_OTP", &asked["Session"], json!({"USERNAME": "jane", "EMAIL_OTP_CODE": "1"}))
        .await;
    assert_eq!(other.error().0, "NotAuthorizedException");
    // A sign-out everywhere between the two ends what was done before.
    scene.admin("AdminUserGlobalSignOut", json!({"Username": "jane"})).await;
    let answer = json!({"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": totp_code(&lab, &secret, 1)});
    let refused = scene.respond("SOFTWARE_TOKEN_MFA", &asked["Session"], answer.clone()).await.error();
    assert_eq!(refused.0, "NotAuthorizedException");
    begin(&scene, "jane", wish).await.refused("NotAuthorizedException", "Access Token has been revoked");
    // And so do a revoked grant and a password that was set since.
    for operation in ["RevokeToken", "AdminSetUserPassword"] {
        let tokens = begin(&scene, "jane", password(json!({}))).await.ok()["AuthenticationResult"].clone();
        let wish = json!({"TARGET_ACR_VALUES": "urn:cognito:loa:4", "ACCESS_TOKEN": tokens["AccessToken"]});
        let asked = begin(&scene, "jane", wish).await.ok();
        lab.advance(31);
        if operation == "RevokeToken" {
            let request = json!({"ClientId": scene.client, "Token": tokens["RefreshToken"]});
            lab.call(operation, request).await.ok();
        } else {
            let request = json!({"Username": "jane", "Password": PASSWORD, "Permanent": true});
            scene.admin(operation, request).await;
        }
        let answer = json!({"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": totp_code(&lab, &secret, 1)});
        let refused = scene.respond("SOFTWARE_TOKEN_MFA", &asked["Session"], answer).await.error();
        assert_eq!(refused.0, "NotAuthorizedException", "{operation}");
    }
}

async fn wishes_that_cannot_be_read_are_refused(lab: Lab) {
    let scene = place(&lab, false).await;
    let token = scene.tokens("jane").await["AccessToken"].clone();
    for parameters in [
        json!({"TARGET_ACR_VALUES": "urn:cognito:loa:5"}),
        json!({"TARGET_ACR_VALUES": "x y z"}),
        json!({"ACCESS_TOKEN": token}),
        json!({"TARGET_ACR_VALUES": "urn:cognito:loa:1", "MAX_AGE": "-1"}),
        json!({"TARGET_ACR_VALUES": "urn:cognito:loa:1", "MAX_AGE": "soon"}),
    ] {
        let refused = begin(&scene, "jane", password(parameters.clone())).await.error();
        assert_eq!(refused.0, "InvalidParameterException", "{parameters}");
    }
    let garbage = json!({"TARGET_ACR_VALUES": "urn:cognito:loa:1", "ACCESS_TOKEN": "a.b.c"});
    assert_eq!(begin(&scene, "jane", garbage).await.error().0, "NotAuthorizedException");
}

async fn the_pools_names_count(lab: Lab) {
    let names = json!({"AcrConfiguration": {"Level1": {"AcrValue": "urn:mine:1"}}});
    let scene = with(&lab, json!(["PASSWORD", "EMAIL_OTP"]), true, names).await;
    scene.user("jane", email("jane")).await;
    let done = begin(&scene, "jane", password(json!({"TARGET_ACR_VALUES": "urn:mine:1"}))).await.ok();
    assert_eq!(assurance(&done["AuthenticationResult"]).0, "urn:mine:1");
    let old = begin(&scene, "jane", password(json!({"TARGET_ACR_VALUES": "urn:cognito:loa:1"}))).await;
    assert_eq!(old.error().0, "InvalidParameterException");
    // Where errors must not tell who exists, who cannot reach the level is like nobody.
    let wish = json!({"TARGET_ACR_VALUES": "urn:cognito:loa:4"});
    for name in ["jane", "joey"] {
        let asked = begin(&scene, name, wish.clone()).await.ok();
        assert_eq!(asked["AvailableChallenges"], json!(["EMAIL_OTP", "PASSWORD_SRP", "PASSWORD"]));
    }
}

/// A client that may choose can be left from a time when the pool had another plan.
async fn the_lowest_plan_has_no_levels(lab: Lab) {
    let scene = with(&lab, json!(["PASSWORD"]), false, json!({})).await;
    scene.user("jane", email("jane")).await;
    scene.admin("UpdateUserPool", json!({"UserPoolTier": "LITE"})).await;
    lab.advance(2);
    let refused = begin(&scene, "jane", password(json!({"TARGET_ACR_VALUES": "urn:cognito:loa:1"}))).await;
    assert_eq!(refused.error().0, "FeatureUnavailableInTierException");
    let renamed = json!({"UserPoolId": scene.pool, "UserPoolTier": "LITE", "AcrConfiguration": {"Level1": {"AcrValue": "x"}}});
    let refused = lab.admin("UpdateUserPool", renamed).await.error();
    assert_eq!(refused.0, "FeatureUnavailableInTierException");
}

async fn a_level_wishes_no_second_factor_away(lab: Lab) {
    let scene = place(&lab, false).await;
    let secret = app_of(&scene, "jane").await;
    let token = scene.tokens("jane").await["AccessToken"].clone();
    let on = json!({"AccessToken": token, "SoftwareTokenMfaSettings": {"Enabled": true}});
    lab.call("SetUserMFAPreference", on).await.ok();
    let asked = begin(&scene, "jane", password(json!({"TARGET_ACR_VALUES": "urn:cognito:loa:1"}))).await.ok();
    assert_eq!(asked["ChallengeName"], "SOFTWARE_TOKEN_MFA");
    let answer = json!({"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": totp_code(&lab, &secret, 1)});
    let done = scene.respond("SOFTWARE_TOKEN_MFA", &asked["Session"], answer).await.ok();
    assert!(has_tokens(&done));
    assert_eq!(assurance(&done["AuthenticationResult"]).0, "urn:cognito:loa:4", "what was reached is told");
}

both_engines!(
    a_level_is_reached_from_the_start,
    who_has_signed_in_steps_up,
    a_lower_level_is_not_lifted,
    wishes_that_cannot_be_read_are_refused,
    the_pools_names_count,
    the_lowest_plan_has_no_levels,
    a_level_wishes_no_second_factor_away
);
