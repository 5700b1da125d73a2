//! Cases 33 and 37: stages that are skipped by empty or blank answers.

use crate::{
    lab::Lab,
    scene::{PASSWORD, Scene},
};
use serde_json::{Value, json};

/// What stands for nothing, or almost nothing.
const BLANKS: [&str; 6] = ["", " ", "\0", "000000", "null", "\u{200b}"];

/// A blank code confirms nothing, before one was sent and after (CVE-2019-16109).
async fn case_33_a_blank_code_confirms_nothing(lab: Lab) {
    let scene = Scene::with(&lab, json!({"AutoVerifiedAttributes": ["email"]}), json!({})).await;
    let attributes = json!([{"Name": "email", "Value": "jane@example.com"}]);
    lab.call("SignUp", json!({"ClientId": scene.client, "Username": "jane", "Password": PASSWORD, "UserAttributes": attributes})).await.ok();
    scene.user("mary", json!([{"Name": "email", "Value": "mary@example.com"}, {"Name": "email_verified", "Value": "true"}])).await;
    let code = lab.code_for("jane@example.com").await;
    for blank in BLANKS.into_iter().filter(|blank| *blank != code) {
        lab.call(
            "ConfirmSignUp",
            json!({"ClientId": scene.client, "Username": "jane", "ConfirmationCode": blank}),
        )
        .await
        .error();
        lab.call("ConfirmForgotPassword", json!({"ClientId": scene.client, "Username": "mary", "ConfirmationCode": blank, "Password": "Another-Horse9"})).await.error();
    }
    lab.call("ForgotPassword", json!({"ClientId": scene.client, "Username": "mary"})).await.ok();
    let code = lab.code_for("mary@example.com").await;
    let token = scene.tokens("mary").await["AccessToken"].clone();
    for blank in BLANKS.into_iter().filter(|blank| *blank != code) {
        lab.call("ConfirmForgotPassword", json!({"ClientId": scene.client, "Username": "mary", "ConfirmationCode": blank, "Password": "Another-Horse9"})).await.error();
        lab.call(
            "VerifyUserAttribute",
            json!({"AccessToken": token, "AttributeName": "email", "Code": blank}),
        )
        .await
        .error();
    }
    assert_eq!(scene.admin("AdminGetUser", json!({"Username": "jane"})).await["UserStatus"], "UNCONFIRMED");
    scene.tokens("mary").await;
}

/// An answer without its parameter, or to another question, leads nowhere (CVE-2026-49443).
async fn case_37_an_empty_answer_passes_no_stage(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene
        .admin(
            "SetUserPoolMfaConfig",
            json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": true}}),
        )
        .await;
    scene.user("jane", json!([])).await;
    scene
        .admin(
            "AdminCreateUser",
            json!({"Username": "new", "TemporaryPassword": "Temporary-9", "MessageAction": "SUPPRESS"}),
        )
        .await;
    for (name, password) in [("jane", PASSWORD), ("new", "Temporary-9")] {
        let session = scene.sign_in(name, password).await.ok()["Session"].clone();
        for challenge in [
            "SMS_MFA",
            "EMAIL_OTP",
            "SOFTWARE_TOKEN_MFA",
            "SELECT_MFA_TYPE",
            "MFA_SETUP",
            "NEW_PASSWORD_REQUIRED",
            "PASSWORD_VERIFIER",
        ] {
            for responses in [
                Value::Null,
                json!({}),
                json!({"USERNAME": name}),
                json!({"USERNAME": ""}),
                filled(name, ""),
                filled(name, " "),
            ] {
                let mut request =
                    json!({"ClientId": scene.client, "ChallengeName": challenge, "Session": session});
                if !responses.is_null() {
                    request["ChallengeResponses"] = responses;
                }
                lab.call("RespondToAuthChallenge", request).await.error();
            }
        }
    }
}

both_engines!(case_33_a_blank_code_confirms_nothing, case_37_an_empty_answer_passes_no_stage);

/// Every parameter, with the same value.
fn filled(name: &str, value: &str) -> Value {
    let mut responses = json!({"USERNAME": name});
    for parameter in [
        "SMS_MFA_CODE",
        "EMAIL_OTP_CODE",
        "SOFTWARE_TOKEN_MFA_CODE",
        "ANSWER",
        "EMAIL",
        "NEW_PASSWORD",
        "PASSWORD_CLAIM_SECRET_BLOCK",
        "PASSWORD_CLAIM_SIGNATURE",
        "TIMESTAMP",
    ] {
        responses[parameter] = json!(value);
    }
    responses
}
