//! Cases 36 and 39: a second factor that is skipped, and a session that outlives what it was begun with.

use crate::{
    lab::Lab,
    scene::{PASSWORD, Scene, totp_code},
};
use serde_json::{Value, json};

const SESSION: (&str, &str) = ("NotAuthorizedException", "Invalid session for the user.");
const RESET: (&str, &str) = ("PasswordResetRequiredException", "Password reset required for the user");

/// A pool in which everybody needs a second factor.
async fn demanding(lab: &Lab, factors: Value) -> Scene {
    let scene = Scene::new(lab).await;
    let mut request = json!({"MfaConfiguration": "ON"});
    for (name, value) in factors.as_object().unwrap() {
        request[name] = value.clone();
    }
    scene.admin("SetUserPoolMfaConfig", request).await;
    scene
}

fn totp() -> Value {
    json!({"SoftwareTokenMfaConfiguration": {"Enabled": true}})
}

/// Registers an authenticator app within a sign-in; answers its secret.
async fn register(scene: &Scene) -> String {
    let session = scene.sign_in("jane", PASSWORD).await.ok()["Session"].clone();
    let begun = scene.lab.call("AssociateSoftwareToken", json!({"Session": session})).await.ok();
    let secret = begun["SecretCode"].as_str().unwrap().to_owned();
    let code = totp_code(&scene.lab, &secret, 0);
    scene.lab.call("VerifySoftwareToken", json!({"Session": begun["Session"], "UserCode": code})).await.ok();
    secret
}

async fn set_password(scene: &Scene, password: &str) {
    let request = json!({"Username": "jane", "Password": password, "Permanent": true});
    scene.admin("AdminSetUserPassword", request).await;
}

/// Who signed in halfway by a stolen password must not finish once it was replaced.
async fn case_39_a_session_ends_with_the_password_that_began_it(lab: Lab) {
    let scene = demanding(&lab, totp()).await;
    scene.user("jane", json!([])).await;
    let setting_up = scene.sign_in("jane", PASSWORD).await.ok()["Session"].clone();
    let secret = register(&scene).await;
    let session = scene.sign_in("jane", PASSWORD).await.ok()["Session"].clone();
    let right = || json!({"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": totp_code(&lab, &secret, 1)});
    set_password(&scene, "Another-Horse9").await;
    scene.respond("SOFTWARE_TOKEN_MFA", &session, right()).await.refused(SESSION.0, SESSION.1);
    lab.call("AssociateSoftwareToken", json!({"Session": setting_up})).await.refused(SESSION.0, SESSION.1);
    let session = scene.sign_in("jane", "Another-Horse9").await.ok()["Session"].clone();
    scene.respond("SOFTWARE_TOKEN_MFA", &session, right()).await.ok();
}

async fn case_40_a_reset_ends_the_sign_ins_under_way(lab: Lab) {
    let scene = demanding(&lab, totp()).await;
    let attributes =
        json!([{"Name": "email", "Value": "jane@example.com"}, {"Name": "email_verified", "Value": "true"}]);
    scene.user("jane", attributes).await;
    let secret = register(&scene).await;
    let session = scene.sign_in("jane", PASSWORD).await.ok()["Session"].clone();
    scene.admin("AdminResetUserPassword", json!({"Username": "jane"})).await;
    let right = json!({"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": totp_code(&lab, &secret, 1)});
    scene.respond("SOFTWARE_TOKEN_MFA", &session, right).await.refused(RESET.0, RESET.1);
}

/// A session in which a first factor is set up could be kept, and used to replace the one that was set up since.
async fn case_36_a_factor_that_was_set_up_meanwhile_is_asked_for(lab: Lab) {
    let scene = demanding(&lab, totp()).await;
    scene.user("jane", json!([])).await;
    let begun = scene.sign_in("jane", PASSWORD).await.ok()["Session"].clone();
    let thief = scene.sign_in("jane", PASSWORD).await.ok()["Session"].clone();
    let thief = lab.call("AssociateSoftwareToken", json!({"Session": thief})).await.ok();
    let secret = register(&scene).await;
    lab.call("AssociateSoftwareToken", json!({"Session": begun})).await.refused(SESSION.0, SESSION.1);
    let code = totp_code(&lab, thief["SecretCode"].as_str().unwrap(), 0);
    lab.call("VerifySoftwareToken", json!({"Session": thief["Session"], "UserCode": code}))
        .await
        .refused(SESSION.0, SESSION.1);
    let session = scene.sign_in("jane", PASSWORD).await.ok()["Session"].clone();
    let right = json!({"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": totp_code(&lab, &secret, 1)});
    scene.respond("SOFTWARE_TOKEN_MFA", &session, right).await.ok();
}

/// The same by e-mail: the thief's own address must not pass once the user has one.
async fn case_36_an_address_of_ones_own_choice_is_no_factor(lab: Lab) {
    let factors = json!({"EmailMfaConfiguration": {}, "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    let recovery = json!({"AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "verified_phone_number", "Priority": 1}]}, "EmailConfiguration": {"EmailSendingAccount": "DEVELOPER", "SourceArn": "arn:aws:ses:us-east-1:123456789012:identity/example.com"}});
    let scene = Scene::with(&lab, recovery, json!({})).await;
    let mut request = factors;
    request["MfaConfiguration"] = json!("ON");
    scene.admin("SetUserPoolMfaConfig", request).await;
    scene.user("jane", json!([])).await;
    let begun = scene.sign_in("jane", PASSWORD).await.ok()["Session"].clone();
    let thief = scene
        .respond("MFA_SETUP", &begun, json!({"USERNAME": "jane", "EMAIL": "thief@example.com"}))
        .await
        .ok();
    assert_eq!(thief["ChallengeName"], "EMAIL_OTP");
    let code = lab.code_for("thief@example.com").await;
    let attributes = json!([{"Name": "email", "Value": "jane@example.com"}]);
    scene.admin("AdminUpdateUserAttributes", json!({"Username": "jane", "UserAttributes": attributes})).await;
    let answer = json!({"USERNAME": "jane", "EMAIL_OTP_CODE": code});
    scene.respond("EMAIL_OTP", &thief["Session"], answer).await.refused(SESSION.0, SESSION.1);
}

/// A code proves the address that it went to, which may have been taken away since.
async fn case_36_a_code_to_a_former_number_is_no_factor(lab: Lab) {
    let sms = json!({"SmsMfaConfiguration": {"SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sns", "ExternalId": "x"}}});
    let scene = demanding(&lab, sms).await;
    scene.user("jane", json!([{"Name": "phone_number", "Value": "+15555559934"}])).await;
    let session = scene.sign_in("jane", PASSWORD).await.ok()["Session"].clone();
    let code = lab.code_for("+15555559934").await;
    let attributes = json!([{"Name": "phone_number", "Value": "+15555550000"}]);
    scene.admin("AdminUpdateUserAttributes", json!({"Username": "jane", "UserAttributes": attributes})).await;
    let answer = json!({"USERNAME": "jane", "SMS_MFA_CODE": code});
    scene.respond("SMS_MFA", &session, answer).await.refused(SESSION.0, SESSION.1);
}

async fn case_39_a_sign_in_is_nothing_to_a_user_of_the_same_name(lab: Lab) {
    let scene = demanding(&lab, totp()).await;
    scene.user("jane", json!([])).await;
    let setting_up = scene.sign_in("jane", PASSWORD).await.ok()["Session"].clone();
    scene.admin("AdminDeleteUser", json!({"Username": "jane"})).await;
    scene.user("jane", json!([])).await;
    lab.call("AssociateSoftwareToken", json!({"Session": setting_up})).await.refused(SESSION.0, SESSION.1);
    scene.respond("MFA_SETUP", &setting_up, json!({"USERNAME": "jane"})).await.refused(SESSION.0, SESSION.1);
}

both_engines!(
    case_39_a_session_ends_with_the_password_that_began_it,
    case_40_a_reset_ends_the_sign_ins_under_way,
    case_36_a_factor_that_was_set_up_meanwhile_is_asked_for,
    case_36_an_address_of_ones_own_choice_is_no_factor,
    case_36_a_code_to_a_former_number_is_no_factor,
    case_39_a_sign_in_is_nothing_to_a_user_of_the_same_name
);
