//! The functions of sign-up, confirmation and recovery.

use super::stand_in::{self, Reply, StandIn};
use crate::{
    lab::{Answer, Lab},
    scene::{PASSWORD, Scene, merged},
};
use serde_json::{Value, json};

const NAMED: [&str; 2] = ["PreSignUp", "PostConfirmation"];

fn verifying() -> (Value, Value) {
    (json!({"AutoVerifiedAttributes": ["email"]}), json!({}))
}

fn mail(name: &str) -> Value {
    json!([{"Name": "email", "Value": format!("{name}@example.com")}])
}

async fn sign_up(scene: &Scene, name: &str, members: Value) -> Answer {
    let request = json!({"ClientId": scene.client, "Username": name, "Password": PASSWORD, "UserAttributes": mail(name)});
    scene.lab.call("SignUp", merged(request, members)).await
}

async fn status(scene: &Scene, name: &str) -> (Value, Value) {
    let user = scene.admin("AdminGetUser", json!({"Username": name})).await;
    let attributes = user["UserAttributes"].as_array().unwrap();
    let verified =
        attributes.iter().find(|a| a["Name"] == "email_verified").map_or(Value::Null, |a| a["Value"].clone());
    (user["UserStatus"].clone(), verified)
}

async fn a_sign_up_is_told_and_refused(lab: Lab) {
    let play = |event: &Value| match event["userName"].as_str() {
        Some("evil") => Reply::Error("Only company addresses"),
        _ => Reply::Unchanged,
    };
    let (scene, functions) = StandIn::scene(&lab, &NAMED, verifying(), play).await;
    sign_up(&scene, "evil", json!({}))
        .await
        .refused("UserLambdaValidationException", "PreSignUp failed with error Only company addresses.");
    assert!(scene.messages("evil@example.com").await.is_empty());
    scene.lab.admin("AdminGetUser", json!({"UserPoolId": scene.pool, "Username": "evil"})).await.error();
    functions.events();
    let more =
        json!({"ValidationData": [{"Name": "captcha", "Value": "x"}], "ClientMetadata": {"language": "en"}});
    let made = sign_up(&scene, "jane", more).await.ok();
    assert_eq!(made["UserConfirmed"], false);
    let events = functions.events();
    assert_eq!(events.len(), 1);
    assert_eq!(
        events[0]["request"],
        json!({"userAttributes": {"email": "jane@example.com"}, "validationData": {"captcha": "x"}, "clientMetadata": {"language": "en"}})
    );
    assert_eq!(events[0]["triggerSource"], "PreSignUp_SignUp");
}

async fn a_function_confirms_and_vouches(lab: Lab) {
    let play = |event: &Value| match event["triggerSource"].as_str() {
        Some("PreSignUp_SignUp") => Reply::With(json!({"autoConfirmUser": true, "autoVerifyEmail": true})),
        _ => Reply::Unchanged,
    };
    let (scene, functions) = StandIn::scene(&lab, &NAMED, verifying(), play).await;
    let made = sign_up(&scene, "jane", json!({"ClientMetadata": {"a": "b"}})).await.ok();
    assert_eq!((&made["UserConfirmed"], made.get("CodeDeliveryDetails")), (&json!(true), None));
    assert_eq!(status(&scene, "jane").await, (json!("CONFIRMED"), json!("true")));
    assert!(scene.messages("jane@example.com").await.is_empty());
    let events = functions.events();
    assert_eq!(events[1]["triggerSource"], "PostConfirmation_ConfirmSignUp");
    let told = &events[1]["request"];
    assert_eq!(
        (&told["userAttributes"]["sub"], &told["clientMetadata"]),
        (&made["UserSub"], &json!({"a": "b"}))
    );
    assert_eq!(told["userAttributes"]["cognito:user_status"], "CONFIRMED");
    scene.tokens("jane").await;
}

async fn nobody_vouches_for_what_is_not_there(lab: Lab) {
    let play = |_: &Value| Reply::With(json!({"autoVerifyPhone": true}));
    let (scene, _) = StandIn::scene(&lab, &["PreSignUp"], verifying(), play).await;
    sign_up(&scene, "jane", json!({}))
        .await
        .refused("InvalidLambdaResponseException", "Unrecognizable lambda output");
    scene.lab.admin("AdminGetUser", json!({"UserPoolId": scene.pool, "Username": "jane"})).await.error();
}

/// D: an address that a function vouches for goes over from whoever signed in by it.
async fn an_alias_goes_to_whom_the_function_vouches_for(lab: Lab) {
    let play = |_: &Value| Reply::With(json!({"autoConfirmUser": true, "autoVerifyEmail": true}));
    let members = (json!({"AliasAttributes": ["email"], "AutoVerifiedAttributes": ["email"]}), json!({}));
    let (scene, _) = StandIn::scene(&lab, &["PreSignUp"], members, play).await;
    let shared = json!({"UserAttributes": mail("shared")});
    sign_up(&scene, "jane", shared.clone()).await.ok();
    sign_up(&scene, "mary", shared).await.ok();
    assert_eq!(status(&scene, "jane").await.1, "false");
    assert_eq!(status(&scene, "mary").await.1, "true");
    let user = scene.admin("AdminGetUser", json!({"Username": "shared@example.com"})).await;
    assert_eq!(user["Username"], "mary");
}

async fn an_administrators_user_is_told_and_not_confirmed(lab: Lab) {
    let play = |_: &Value| Reply::With(json!({"autoConfirmUser": true, "autoVerifyEmail": true}));
    let (scene, functions) = StandIn::scene(&lab, &NAMED, verifying(), play).await;
    let request = json!({"Username": "jane", "UserAttributes": mail("jane"), "ClientMetadata": {"a": "b"},
        "ValidationData": [{"Name": "v", "Value": "w"}]});
    scene.admin("AdminCreateUser", request).await;
    assert_eq!(status(&scene, "jane").await, (json!("FORCE_CHANGE_PASSWORD"), Value::Null));
    let events = functions.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["triggerSource"], "PreSignUp_AdminCreateUser");
    assert_eq!(events[0]["callerContext"]["clientId"], "CLIENT_ID_NOT_APPLICABLE");
    let told = &events[0]["request"];
    assert_eq!((&told["validationData"], &told["clientMetadata"]), (&json!({"v": "w"}), &json!({"a": "b"})));
}

/// The user is confirmed when the function runs, and stays so when it refuses.
async fn confirmations_are_told(lab: Lab) {
    let play = |event: &Value| match event["userName"].as_str() {
        Some("evil") => Reply::Error("no room"),
        _ => Reply::Unchanged,
    };
    let (scene, functions) = StandIn::scene(&lab, &["PostConfirmation"], verifying(), play).await;
    let text = "PostConfirmation failed with error no room.";
    for name in ["jane", "evil"] {
        sign_up(&scene, name, json!({})).await.ok();
        let code = scene.lab.code_for(&format!("{name}@example.com")).await;
        let request = |code: &str| json!({"ClientId": scene.client, "Username": name, "ConfirmationCode": code, "ClientMetadata": {"a": "b"}});
        scene.lab.call("ConfirmSignUp", request("wrong-1")).await.error();
        assert!(functions.sources().is_empty(), "a wrong code confirms nobody");
        let answer = scene.lab.call("ConfirmSignUp", request(&code)).await;
        if name == "evil" {
            answer.refused("UserLambdaValidationException", text);
        } else {
            answer.ok();
        }
        assert_eq!(status(&scene, name).await, (json!("CONFIRMED"), json!("true")));
        let events = functions.events();
        assert_eq!(events[0]["request"]["clientMetadata"], json!({"a": "b"}));
        assert_eq!(events[0]["callerContext"]["clientId"], scene.client);
    }
    sign_up(&scene, "mary", json!({})).await.ok();
    scene.admin("AdminConfirmSignUp", json!({"Username": "mary", "ClientMetadata": {"c": "d"}})).await;
    let events = functions.events();
    assert_eq!(events[0]["triggerSource"], "PostConfirmation_ConfirmSignUp");
    assert_eq!(events[0]["callerContext"]["clientId"], Value::Null);
    assert_eq!(events[0]["request"]["clientMetadata"], json!({"c": "d"}));
}

async fn a_reset_is_told(lab: Lab) {
    let (scene, functions) =
        StandIn::scene(&lab, &["PostConfirmation"], verifying(), |_| Reply::Unchanged).await;
    scene.user("jane", json!([{"Name": "email", "Value": "jane@example.com"}, {"Name": "email_verified", "Value": "true"}])).await;
    scene.lab.call("ForgotPassword", json!({"ClientId": scene.client, "Username": "jane"})).await.ok();
    let code = scene.lab.code_for("jane@example.com").await;
    let request = json!({"ClientId": scene.client, "Username": "jane", "ConfirmationCode": code, "Password": "Another-Horse9",
        "ClientMetadata": {"a": "b"}});
    scene.lab.call("ConfirmForgotPassword", request.clone()).await.ok();
    let events = functions.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["triggerSource"], "PostConfirmation_ConfirmForgotPassword");
    assert_eq!(events[0]["request"]["clientMetadata"], json!({"a": "b"}));
    assert!(!events[0].to_string().contains("Another-Horse9"));
    scene.lab.call("ConfirmForgotPassword", request).await.error();
    assert!(functions.sources().is_empty());
}

/// Who registers while the client is deleted, or the pool closed to strangers, does not register.
async fn a_pool_that_closes_while_a_function_runs(lab: Lab) {
    let closed = json!({"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": true}});
    for (operation, members, expected) in [
        ("UpdateUserPool", closed, "NotAuthorizedException"),
        ("DeleteUserPoolClient", json!({}), "ResourceNotFoundException"),
    ] {
        let (ran, waits) = stand_in::gate();
        let play = move |_: &Value| {
            waits.hold();
            Reply::Unchanged
        };
        let (scene, _) = StandIn::scene(&lab, &["PreSignUp"], verifying(), play).await;
        let registering = tokio::spawn({
            let scene = scene.clone();
            async move { sign_up(&scene, "jane", json!({})).await }
        });
        ran.began().await;
        let mut request = merged(members, json!({"UserPoolId": scene.pool}));
        if operation == "DeleteUserPoolClient" {
            request["ClientId"] = json!(scene.client);
        }
        lab.admin(operation, request).await.ok();
        ran.go_on();
        assert_eq!(registering.await.unwrap().error().0, expected, "{operation}");
        assert_eq!(scene.admin("ListUsers", json!({})).await["Users"], json!([]));
    }
}

both_engines!(
    a_pool_that_closes_while_a_function_runs,
    a_sign_up_is_told_and_refused,
    a_function_confirms_and_vouches,
    nobody_vouches_for_what_is_not_there,
    an_alias_goes_to_whom_the_function_vouches_for,
    an_administrators_user_is_told_and_not_confirmed,
    confirmations_are_told,
    a_reset_is_told,
);
