//! UserMigration: users whom another system knows.

use super::stand_in::{self, Reply, StandIn};
use crate::{
    lab::Lab,
    scene::{PASSWORD, Scene, merged},
};
use serde_json::{Value, json};

const OLD: &str = "short";

/// Another system that knows `jane` and her password, which meets no policy.
fn knows(response: Value) -> impl Fn(&Value) -> Reply + Send + Sync {
    move |event: &Value| {
        let is_hers = event["userName"].as_str().is_some_and(|name| name.starts_with("jane"));
        let password = event["request"].get("password");
        match is_hers && password.is_none_or(|password| password == OLD) {
            true => Reply::With(response.clone()),
            false => Reply::Error("Bad password"),
        }
    }
}

fn jane(more: Value) -> Value {
    let attributes = json!({"email": "jane@example.com", "email_verified": "true"});
    merged(json!({"userAttributes": attributes, "messageAction": "SUPPRESS"}), more)
}

fn confirmed() -> Value {
    jane(json!({"finalUserStatus": "CONFIRMED"}))
}

async fn scene(lab: &Lab, members: (Value, Value), response: Value) -> (Scene, StandIn) {
    StandIn::scene(lab, &["UserMigration"], members, knows(response)).await
}

fn none() -> (Value, Value) {
    (json!({}), json!({}))
}

fn hides() -> Value {
    json!({"PreventUserExistenceErrors": "ENABLED"})
}

async fn a_user_signs_in_with_the_old_password(lab: Lab) {
    let (scene, functions) = scene(&lab, none(), confirmed()).await;
    let request = json!({"ClientId": scene.client, "AuthFlow": "USER_PASSWORD_AUTH", "ClientMetadata": {"a": "b"},
        "AuthParameters": {"USERNAME": "jane", "PASSWORD": OLD}});
    scene.lab.call("InitiateAuth", request).await.ok();
    let events = functions.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["triggerSource"], "UserMigration_Authentication");
    assert_eq!(events[0]["request"], json!({"password": OLD, "validationData": {"a": "b"}}));
    assert_eq!(events[0]["userName"], "jane");
    // From now on the password is ours, by SRP too, and the function is not asked again.
    scene.srp("jane", OLD).await.ok();
    scene.sign_in("jane", "other").await.refused("NotAuthorizedException", "Incorrect username or password.");
    assert!(functions.sources().is_empty());
    let user = scene.admin("AdminGetUser", json!({"Username": "jane"})).await;
    assert_eq!(user["UserStatus"], "CONFIRMED");
    assert!(scene.messages("jane@example.com").await.is_empty());
}

async fn administrators_sign_in_so_too(lab: Lab) {
    let (scene, functions) = scene(&lab, none(), confirmed()).await;
    let request = json!({"UserPoolId": scene.pool, "ClientId": scene.client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": "jane", "PASSWORD": OLD}});
    scene.lab.admin("AdminInitiateAuth", request).await.ok();
    assert_eq!(functions.sources(), ["UserMigration_Authentication"]);
    // A sign-in by SRP shows no password, so it migrates nobody.
    scene.srp("jane.two", OLD).await.refused("UserNotFoundException", "User does not exist.");
    assert!(functions.sources().is_empty());
}

async fn who_is_not_known_there_is_told_so_or_not(lab: Lab) {
    let (open, _) = scene(&lab, none(), confirmed()).await;
    let text = format!("Exception migrating user in app client {}", open.client);
    open.sign_in("jane", "wrong").await.refused("UserNotFoundException", &text);
    open.sign_in("nobody", OLD).await.refused("UserNotFoundException", &text);
    let (hidden, functions) = scene(&lab, (json!({}), hides()), confirmed()).await;
    for _ in 0..5 {
        hidden
            .sign_in("nobody", OLD)
            .await
            .refused("NotAuthorizedException", "Incorrect username or password.");
    }
    // Guesses at the other system's passwords are counted like all others.
    functions.events();
    hidden.sign_in("nobody", OLD).await.refused("NotAuthorizedException", "Password attempts exceeded");
    assert!(functions.sources().is_empty());
}

async fn a_password_may_have_to_be_reset(lab: Lab) {
    let (scene, _) = scene(&lab, none(), jane(json!({}))).await;
    let text = "Password reset required for the user";
    scene.sign_in("jane", OLD).await.refused("PasswordResetRequiredException", text);
    let user = scene.admin("AdminGetUser", json!({"Username": "jane"})).await;
    assert_eq!(user["UserStatus"], "RESET_REQUIRED");
    reset(&scene, "jane").await;
}

async fn reset(scene: &Scene, name: &str) {
    let forgot = json!({"ClientId": scene.client, "Username": name});
    scene.lab.call("ForgotPassword", forgot).await.ok();
    let code = scene.lab.code_for("jane@example.com").await;
    let request =
        json!({"ClientId": scene.client, "Username": name, "ConfirmationCode": code, "Password": PASSWORD});
    scene.lab.call("ConfirmForgotPassword", request).await.ok();
    scene.tokens(name).await;
}

async fn a_forgotten_password_migrates(lab: Lab) {
    for client in [json!({}), hides()] {
        let (scene, functions) = scene(&lab, (json!({}), client), jane(json!({}))).await;
        reset(&scene, "jane").await;
        let events = functions.events();
        assert_eq!(events[0]["triggerSource"], "UserMigration_ForgotPassword");
        assert_eq!(events[0]["request"], json!({}));
        assert_eq!(events.len(), 1);
    }
    let (hidden, _) = scene(&lab, (json!({}), hides()), confirmed()).await;
    hidden.lab.call("ForgotPassword", json!({"ClientId": hidden.client, "Username": "nobody"})).await.ok();
}

async fn names_follow_the_pool(lab: Lab) {
    let alias = json!({"AliasAttributes": ["email"]});
    let named = jane(json!({"finalUserStatus": "CONFIRMED", "userAttributes":
        {"email": "jane@example.com", "email_verified": "true", "username": "jane-1"}}));
    let (aliases, _) = scene(&lab, (alias.clone(), json!({})), named.clone()).await;
    aliases.sign_in("jane@example.com", OLD).await.ok();
    let user = aliases.admin("AdminGetUser", json!({"Username": "jane@example.com"})).await;
    assert_eq!(user["Username"], "jane-1");
    let addresses = json!({"UsernameAttributes": ["email"]});
    let (scene_of_addresses, _) = scene(&lab, (addresses, json!({})), confirmed()).await;
    scene_of_addresses.sign_in("jane@example.com", OLD).await.ok();
    // A user who could not be found again by the typed name is not made.
    for (members, typed, response) in [
        (json!({}), "jane", named),
        (alias, "jane@example.com", confirmed()),
        (json!({}), "jane", json!({"userAttributes": {"custom:no": "x"}, "finalUserStatus": "CONFIRMED"})),
    ] {
        let (other, _) = scene(&lab, (members, json!({})), response).await;
        assert_eq!(other.sign_in(typed, OLD).await.error().0, "UserNotFoundException", "{typed}");
        let listed = other.admin("ListUsers", json!({})).await;
        assert_eq!(listed["Users"], json!([]), "{typed}");
    }
}

/// The service takes more as USERNAME of a sign-in than as a name of a user.
async fn what_can_be_no_name_migrates_nobody(lab: Lab) {
    let long = format!("jane{}", "x".repeat(125));
    for client in [json!({}), hides()] {
        let (scene, functions) = scene(&lab, (json!({}), client), confirmed()).await;
        for name in ["jane doe", "jane\ndoe", "jane\u{7f}", &long] {
            let with_function = scene.sign_in(name, OLD).await.error();
            assert_eq!(with_function, scene.sign_in("nobody there", OLD).await.error(), "{name:?}");
        }
        assert!(functions.sources().is_empty());
        assert_eq!(scene.admin("ListUsers", json!({})).await["Users"], json!([]));
    }
    let given = jane(json!({"finalUserStatus": "CONFIRMED", "userAttributes":
        {"email": "jane@example.com", "email_verified": "true", "username": "jane doe"}}));
    let (aliases, _) = scene(&lab, (json!({"AliasAttributes": ["email"]}), json!({})), given).await;
    aliases.sign_in("jane@example.com", OLD).await.error();
    assert_eq!(aliases.admin("ListUsers", json!({})).await["Users"], json!([]));
}

async fn an_alias_is_taken_only_where_the_function_says_so(lab: Lab) {
    let members = json!({"AliasAttributes": ["email"]});
    for (force, taken) in [(false, false), (true, true)] {
        let response = jane(json!({"finalUserStatus": "CONFIRMED", "forceAliasCreation": force}));
        let (scene, _) = scene(&lab, (members.clone(), json!({})), response).await;
        let attributes = json!([{"Name": "email", "Value": "jane@example.com"}, {"Name": "email_verified", "Value": "true"}]);
        scene.user("older", attributes).await;
        assert_eq!(scene.sign_in("jane", OLD).await.status == 200, taken);
        let user = scene.admin("AdminGetUser", json!({"Username": "jane@example.com"})).await;
        assert_eq!(user["Username"], if taken { "jane" } else { "older" });
    }
}

async fn what_the_reply_says_of_messages_and_factors(lab: Lab) {
    let mfa = json!({"MfaConfiguration": "OPTIONAL", "AutoVerifiedAttributes": ["phone_number"],
        "SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}});
    let phone = json!({"phone_number": "+15555550100", "phone_number_verified": "true"});
    let response = json!({"userAttributes": phone, "finalUserStatus": "CONFIRMED", "enableSMSMFA": true});
    let (scene_of_codes, _) = scene(&lab, (mfa, json!({})), response.clone()).await;
    let asked = scene_of_codes.sign_in("jane", OLD).await.ok();
    assert_eq!(asked["ChallengeName"], "SMS_MFA");
    let messages = scene_of_codes.messages("+15555550100").await;
    let welcome = messages.iter().find(|message| message["purpose"] == "INVITATION").unwrap();
    assert!(
        !welcome["body"].as_str().unwrap().contains(OLD),
        "no message holds a password that somebody chose"
    );
    // Without MFA in the pool the user cannot be made as the function wants it.
    let (plain, _) = scene(&lab, none(), response).await;
    plain.sign_in("jane", OLD).await.error();
    assert_eq!(plain.admin("ListUsers", json!({})).await["Users"], json!([]));
}

async fn of_many_at_once_one_user_is_made(lab: Lab) {
    let (scene, _) = scene(&lab, none(), confirmed()).await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let scene = scene.clone();
        calls.spawn(async move { scene.sign_in("jane", OLD).await.status });
    }
    let statuses = calls.join_all().await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    let listed = scene.admin("ListUsers", json!({})).await;
    assert_eq!(listed["Users"].as_array().unwrap().len(), 1);
    scene.sign_in("jane", OLD).await.ok();
}

/// A guess that the other system takes for right makes no user once the name is locked.
async fn a_lock_that_begins_while_the_function_runs(lab: Lab) {
    let (ran, waits) = stand_in::gate();
    let known = knows(confirmed());
    let play = move |event: &Value| {
        if event["request"]["password"] == OLD {
            waits.hold();
        }
        known(event)
    };
    let (scene, _) = StandIn::scene(&lab, &["UserMigration"], (json!({}), hides()), play).await;
    let right = tokio::spawn({
        let scene = scene.clone();
        async move { scene.sign_in("jane", OLD).await }
    });
    ran.began().await;
    for _ in 0..6 {
        scene.sign_in("jane", "wrong").await.error();
    }
    ran.go_on();
    right.await.unwrap().refused("NotAuthorizedException", "Password attempts exceeded");
    let listed = scene.admin("ListUsers", json!({})).await;
    assert_eq!(listed["Users"], json!([]));
}

/// What could not be asked is no guess at a password, and too many calls are told as such.
async fn a_broken_function_locks_nobody_out(lab: Lab) {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };
    let broken = Arc::new(AtomicBool::new(true));
    let (is_broken, known) = (broken.clone(), knows(confirmed()));
    let play =
        move |event: &Value| if is_broken.load(Ordering::SeqCst) { Reply::Raw("{") } else { known(event) };
    let (scene, _) = StandIn::scene(&lab, &["UserMigration"], (json!({}), hides()), play).await;
    for _ in 0..8 {
        scene.sign_in("jane", OLD).await.refused("NotAuthorizedException", "Incorrect username or password.");
    }
    broken.store(false, Ordering::SeqCst);
    scene.sign_in("jane", OLD).await.ok();
}

both_engines!(
    a_broken_function_locks_nobody_out,
    a_lock_that_begins_while_the_function_runs,
    a_user_signs_in_with_the_old_password,
    administrators_sign_in_so_too,
    who_is_not_known_there_is_told_so_or_not,
    a_password_may_have_to_be_reset,
    a_forgotten_password_migrates,
    names_follow_the_pool,
    what_can_be_no_name_migrates_nobody,
    an_alias_is_taken_only_where_the_function_says_so,
    what_the_reply_says_of_messages_and_factors,
    of_many_at_once_one_user_is_made,
);
