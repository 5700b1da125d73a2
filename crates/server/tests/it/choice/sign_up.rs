//! Sign-ups without a password, and those that go on into a sign-in.

use super::{SESSION, USED, all, choosing, has_tokens};
use crate::{
    lab::Lab,
    scene::Scene,
    triggers::stand_in::{Reply, StandIn},
};
use serde_json::{Value, json};

async fn signed_up(scene: &Scene, name: &str) -> Value {
    let request = json!({"ClientId": scene.client, "Username": name,
        "UserAttributes": [{"Name": "email", "Value": format!("{name}@example.com")}]});
    scene.lab.call("SignUp", request).await.ok()
}

async fn confirm(scene: &Scene, name: &str, session: &Value) -> crate::lab::Answer {
    let code = scene.lab.code_for(&format!("{name}@example.com")).await;
    let mut request = json!({"ClientId": scene.client, "Username": name, "ConfirmationCode": code});
    if !session.is_null() {
        request["Session"] = session.clone();
    }
    scene.lab.call("ConfirmSignUp", request).await
}

async fn sign_in(scene: &Scene, session: &Value, parameters: Value) -> crate::lab::Answer {
    let request = json!({"ClientId": scene.client, "AuthFlow": "USER_AUTH", "Session": session,
        "AuthParameters": parameters});
    scene.lab.call("InitiateAuth", request).await
}

async fn who_confirms_signs_in_at_once(lab: Lab) {
    let scene = choosing(&lab, all(), false).await;
    let begun = signed_up(&scene, "jane").await;
    let session = &begun["Session"];
    let early = sign_in(&scene, session, json!({"USERNAME": "jane"})).await.error();
    assert_eq!(early.0, "UserNotConfirmedException");
    let next = confirm(&scene, "jane", session).await.ok()["Session"].clone();
    sign_in(&scene, &next, json!({"USERNAME": "june"})).await.refused(SESSION.0, SESSION.1);
    let tokens =
        sign_in(&scene, &next, json!({"USERNAME": "jane", "PREFERRED_CHALLENGE": "EMAIL_OTP"})).await;
    assert!(has_tokens(&tokens.ok()));
    sign_in(&scene, &next, json!({"USERNAME": "jane"})).await.refused(USED.0, USED.1);
}

async fn a_confirmation_without_the_session_of_sign_up_goes_on_too(lab: Lab) {
    let scene = choosing(&lab, all(), false).await;
    signed_up(&scene, "jane").await;
    let next = confirm(&scene, "jane", &Value::Null).await.ok()["Session"].clone();
    assert!(has_tokens(&sign_in(&scene, &next, json!({"USERNAME": "jane"})).await.ok()));
    // Who reads the mail after a day finds the code expired, and until then the Session good.
    let begun = signed_up(&scene, "june").await;
    lab.advance(3_600);
    let next = confirm(&scene, "june", &begun["Session"]).await.ok()["Session"].clone();
    assert!(has_tokens(&sign_in(&scene, &next, json!({"USERNAME": "june"})).await.ok()));
}

async fn a_session_of_another_sign_up_is_refused(lab: Lab) {
    let scene = choosing(&lab, all(), false).await;
    let (jane, june) = (signed_up(&scene, "jane").await, signed_up(&scene, "june").await);
    confirm(&scene, "jane", &june["Session"]).await.refused(SESSION.0, SESSION.1);
    confirm(&scene, "jane", &Value::from("x".repeat(30))).await.refused(SESSION.0, SESSION.1);
    // The refusal has not used up the code.
    let next = confirm(&scene, "jane", &jane["Session"]).await.ok()["Session"].clone();
    lab.advance(181);
    let late = sign_in(&scene, &next, json!({"USERNAME": "jane"})).await.error();
    assert_eq!(late.1, "Invalid session for the user, session is expired.");
}

async fn a_client_without_choices_has_no_sessions(lab: Lab) {
    let scene = choosing(&lab, all(), false).await;
    let members = json!({"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]});
    let client = scene.new_client(members).await["ClientId"].as_str().unwrap().to_owned();
    let plain = Scene { client, ..scene.clone() };
    assert!(signed_up(&plain, "jane").await.get("Session").is_none());
}

/// PreAuthentication runs at every first call, this one too.
async fn a_function_may_refuse_who_has_just_signed_up(lab: Lab) {
    let members = (
        json!({"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": all()}}, "AutoVerifiedAttributes": ["email"]}),
        json!({"ExplicitAuthFlows": ["ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}),
    );
    let (scene, functions) =
        StandIn::scene(&lab, &["PreAuthentication"], members, |_| Reply::Error("not today")).await;
    signed_up(&scene, "jane").await;
    let next = confirm(&scene, "jane", &Value::Null).await.ok()["Session"].clone();
    let refused = sign_in(&scene, &next, json!({"USERNAME": "jane"})).await.error();
    assert_eq!(refused.0, "UserLambdaValidationException");
    assert_eq!(functions.sources(), ["PreAuthentication_Authentication"]);
}

async fn a_choice_that_the_pool_drops_meanwhile_is_none(lab: Lab) {
    let scene = choosing(&lab, all(), false).await;
    signed_up(&scene, "jane").await;
    let next = confirm(&scene, "jane", &Value::Null).await.ok()["Session"].clone();
    let policies = json!({"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]}}, "AutoVerifiedAttributes": ["email"]});
    scene.admin("UpdateUserPool", policies).await;
    lab.advance(2);
    let refused = sign_in(&scene, &next, json!({"USERNAME": "jane"})).await.error();
    assert_eq!(refused.0, "NotAuthorizedException");
}

both_engines!(
    a_function_may_refuse_who_has_just_signed_up,
    a_choice_that_the_pool_drops_meanwhile_is_none,
    who_confirms_signs_in_at_once,
    a_confirmation_without_the_session_of_sign_up_goes_on_too,
    a_session_of_another_sign_up_is_refused,
    a_client_without_choices_has_no_sessions
);
