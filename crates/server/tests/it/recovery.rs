//! A forgotten password: every answer and refusal, limits, and what strangers may learn.

use crate::{
    lab::{Answer, Lab},
    scene::{PASSWORD, Scene},
    sign_up::{EXPIRED, LIMIT, MISMATCH, NOT_FOUND, at_once, list, tally, verifying, wrong},
};
use serde_json::{Value, json};

const NEW: &str = "Another-Horse7";
const NO_CHANNEL: (&str, &str) = (
    "InvalidParameterException",
    "Cannot reset password for the user as there is no registered/verified email or phone_number",
);

impl Scene {
    /// ForgotPassword.
    pub async fn forgot(&self, name: &str) -> Answer {
        self.public("ForgotPassword", json!({ "Username": name })).await
    }

    /// ConfirmForgotPassword.
    pub async fn reset(&self, name: &str, code: &str, password: &str) -> Answer {
        let members = json!({ "Username": name, "ConfirmationCode": code, "Password": password });
        self.public("ConfirmForgotPassword", members).await
    }

    /// A confirmed user with a verified address.
    pub async fn reachable(&self, name: &str) {
        let email = format!("{name}@example.com");
        self.user(name, list(json!({ "email": email, "email_verified": "true" }))).await;
    }
}

fn destination(answer: &Answer) -> Value {
    answer.ok()["CodeDeliveryDetails"]["Destination"].clone()
}

async fn a_code_sets_a_new_password(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    scene.reachable("jane").await;
    let details = json!({ "Destination": "j***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email" });
    assert_eq!(scene.forgot("jane").await.ok(), json!({ "CodeDeliveryDetails": details }));
    // Until the code comes back the old password holds.
    scene.sign_in("jane", PASSWORD).await.ok();
    let code = lab.code_for("jane").await;
    scene.reset("jane", wrong(&code), NEW).await.refused(MISMATCH.0, MISMATCH.1);
    scene
        .reset("jane", &code, "short")
        .await
        .refused("InvalidPasswordException", "Password does not conform to policy: Password not long enough");
    assert_eq!(scene.reset("jane", &code, NEW).await.ok(), json!({}));
    scene
        .sign_in("jane", PASSWORD)
        .await
        .refused("NotAuthorizedException", "Incorrect username or password.");
    scene.sign_in("jane", NEW).await.ok();
    scene.srp("jane", NEW).await.ok();
    scene.reset("jane", &code, PASSWORD).await.refused(EXPIRED.0, EXPIRED.1);
}

async fn refusals(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    scene.forgot("nobody").await.refused(NOT_FOUND.0, NOT_FOUND.1);
    scene.reset("nobody", "123456", NEW).await.refused(NOT_FOUND.0, NOT_FOUND.1);
    scene.user("unverified", list(json!({ "email": "u@example.com" }))).await;
    scene.forgot("unverified").await.refused(NO_CHANNEL.0, NO_CHANNEL.1);
    scene.sign_up("unconfirmed", json!({ "email": "c@example.com" })).await.ok();
    scene.forgot("unconfirmed").await.refused(NO_CHANNEL.0, NO_CHANNEL.1);
    scene
        .admin(
            "AdminCreateUser",
            json!({ "Username": "invited", "MessageAction": "SUPPRESS",
            "UserAttributes": list(json!({ "email": "i@example.com", "email_verified": "true" })) }),
        )
        .await;
    scene
        .forgot("invited")
        .await
        .refused("NotAuthorizedException", "User password cannot be reset in the current state.");
    scene.reachable("disabled").await;
    scene.forgot("disabled").await.ok();
    let code = lab.code_for("disabled").await;
    scene.admin("AdminDisableUser", json!({ "Username": "disabled" })).await;
    scene.forgot("disabled").await.refused("NotAuthorizedException", "User is disabled.");
    scene.reset("disabled", &code, NEW).await.refused("NotAuthorizedException", "User is disabled.");
    scene.reset("unverified", "123456", NEW).await.refused(EXPIRED.0, EXPIRED.1);
    let members = json!({ "AccountRecoverySetting": { "RecoveryMechanisms": [
            { "Priority": 1, "Name": "admin_only" }] } });
    let closed = Scene::with(&lab, members, json!({})).await;
    closed.reachable("jane").await;
    for name in ["jane", "nobody"] {
        closed
            .forgot(name)
            .await
            .refused("NotAuthorizedException", "Contact administrator to reset password.");
    }
}

async fn codes_and_requests_are_limited(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    scene.reachable("jane").await;
    for _ in 0..5 {
        scene.forgot("jane").await.ok();
    }
    scene.forgot("jane").await.refused(LIMIT.0, LIMIT.1);
    let code = lab.code_for("jane").await;
    for _ in 0..15 {
        scene.reset("jane", wrong(&code), NEW).await.refused(MISMATCH.0, MISMATCH.1);
    }
    scene.reset("jane", &code, NEW).await.refused(LIMIT.0, LIMIT.1);
    lab.advance(3_600);
    scene.reset("jane", &code, NEW).await.refused(EXPIRED.0, EXPIRED.1);
    scene.forgot("jane").await.ok();
    scene.reset("jane", &lab.code_for("jane").await, NEW).await.ok();
}

async fn one_of_many_resets_at_once_wins(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    scene.reachable("jane").await;
    scene.forgot("jane").await.ok();
    let code = lab.code_for("jane").await;
    let input = |code: &str| {
        json!({ "ClientId": scene.client, "Username": "jane", "ConfirmationCode": code,
            "Password": NEW })
    };
    let counts = tally(&at_once(&lab, 20, "ConfirmForgotPassword", input(&code)).await);
    assert_eq!(counts.get("ok"), Some(&1), "{counts:?}");
    // The losers have counted as guesses.
    lab.advance(3_600);
    scene.forgot("jane").await.ok();
    let code = lab.code_for("jane").await;
    let counts = tally(&at_once(&lab, 100, "ConfirmForgotPassword", input(wrong(&code))).await);
    assert_eq!(counts.get("CodeMismatchException"), Some(&15), "{counts:?}");
    assert_eq!(counts.get("LimitExceededException"), Some(&85), "{counts:?}");
}

// Attack case 41: by answer, name, medium or number of tries nobody learns who is registered.
async fn strangers_learn_nothing(lab: Lab) {
    let scene = verifying(&lab, json!({ "PreventUserExistenceErrors": "ENABLED" })).await;
    scene.reachable("known").await;
    scene.reachable("disabled").await;
    scene.admin("AdminDisableUser", json!({ "Username": "disabled" })).await;
    scene.user("unverified", list(json!({ "email": "unverified@example.com" }))).await;
    for name in ["known", "disabled", "unverified", "nobody"] {
        scene.reset(name, "123456", NEW).await.refused(EXPIRED.0, EXPIRED.1);
        let first = scene.forgot(name).await;
        assert_eq!(first.ok()["CodeDeliveryDetails"]["DeliveryMedium"], "EMAIL", "{name}");
        for _ in 0..4 {
            assert_eq!(destination(&scene.forgot(name).await), destination(&first), "{name}");
        }
        scene.forgot(name).await.refused(LIMIT.0, LIMIT.1);
        let sent = scene.messages(name).await;
        assert_eq!(sent.len(), if name == "known" { 5 } else { 0 }, "{name}");
        let code = sent.first().and_then(|m| m["code"].as_str()).unwrap_or("123456").to_owned();
        for _ in 0..14 {
            scene.reset(name, wrong(&code), NEW).await.refused(MISMATCH.0, MISMATCH.1);
        }
        scene.reset(name, &code, NEW).await.refused(LIMIT.0, LIMIT.1);
    }
    assert_eq!(destination(&scene.forgot("typed@example.org").await), "t***@e***");
}

async fn an_administrators_reset_ends_with_the_users_code(lab: Lab) {
    let members = json!({ "AutoVerifiedAttributes": ["email"], "Policies": { "PasswordPolicy": {
            "MinimumLength": 8, "PasswordHistorySize": 2 } } });
    let scene = Scene::with(&lab, members, json!({})).await;
    scene.reachable("jane").await;
    scene.admin("AdminResetUserPassword", json!({ "Username": "jane" })).await;
    assert_eq!(scene.seen("jane").await["status"], "RESET_REQUIRED");
    let code = lab.code_for("jane").await;
    let (name, _) = scene.reset("jane", &code, PASSWORD).await.error();
    assert_eq!(name, "PasswordHistoryPolicyViolationException");
    scene.reset("jane", &code, NEW).await.ok();
    assert_eq!(scene.seen("jane").await["status"], "CONFIRMED");
    scene.sign_in("jane", NEW).await.ok();
}

// Attack cases 33 and 38: a code that went to an address which is the user's no longer is worth nothing.
async fn a_code_to_a_former_address_is_void(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    scene.reachable("jane").await;
    scene.forgot("jane").await.ok();
    let code = lab.code_for("jane").await;
    let other = list(json!({ "email": "other@example.com", "email_verified": "true" }));
    scene.admin("AdminUpdateUserAttributes", json!({ "Username": "jane", "UserAttributes": other })).await;
    scene.reset("jane", &code, NEW).await.refused(EXPIRED.0, EXPIRED.1);
    scene.sign_in("jane", PASSWORD).await.ok();
}

async fn a_reset_lifts_the_lock(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    scene.reachable("jane").await;
    for _ in 0..7 {
        let answer = scene.sign_in("jane", "Wrong-Horse1").await;
        assert_eq!(answer.error().0, "NotAuthorizedException");
    }
    scene.sign_in("jane", PASSWORD).await.refused("NotAuthorizedException", "Password attempts exceeded");
    scene.forgot("jane").await.ok();
    scene.reset("jane", &lab.code_for("jane").await, NEW).await.ok();
    scene.sign_in("jane", NEW).await.ok();
}

// Attack case 32: who gets a name again gets nothing of its former bearer.
async fn a_code_dies_with_its_user(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    scene.reachable("jane").await;
    scene.forgot("jane").await.ok();
    let code = lab.code_for("jane").await;
    scene.admin("AdminDeleteUser", json!({ "Username": "jane" })).await;
    scene.reachable("jane").await;
    scene.reset("jane", &code, NEW).await.refused(EXPIRED.0, EXPIRED.1);
}

both_engines!(
    a_code_sets_a_new_password,
    refusals,
    codes_and_requests_are_limited,
    one_of_many_resets_at_once_wins,
    strangers_learn_nothing,
    an_administrators_reset_ends_with_the_users_code,
    a_code_to_a_former_address_is_void,
    a_reset_lifts_the_lock,
    a_code_dies_with_its_user
);
