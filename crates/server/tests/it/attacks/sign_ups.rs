//! The Session of a sign-up: what it is worth elsewhere, and what a Session of something else is worth in its place; with
//! names, devices and functions at the first call of a sign-in by choice.

use crate::{
    devices::prove,
    lab::{Answer, Lab},
    scene::{PASSWORD, Scene, merged, timestamp},
    srp_client::SrpClient,
    triggers::stand_in::{Reply, StandIn},
};
use serde_json::{Value, json};

const FLOWS: [&str; 6] = [
    "ALLOW_USER_AUTH",
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_CUSTOM_AUTH",
];

fn members(hides: bool) -> (Value, Value) {
    let prevent = if hides { "ENABLED" } else { "LEGACY" };
    (
        json!({
            "Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}},
            "AutoVerifiedAttributes": ["email"],
        }),
        json!({"ExplicitAuthFlows": FLOWS, "PreventUserExistenceErrors": prevent}),
    )
}

async fn choosing(lab: &Lab, hides: bool, pool: Value) -> Scene {
    let (base, client) = members(hides);
    Scene::with(lab, merged(base, pool), client).await
}

async fn sign_up(scene: &Scene, name: &str) -> Value {
    let attributes = json!([{"Name": "email", "Value": format!("{name}@example.com")}]);
    let request = json!({"ClientId": scene.client, "Username": name, "Password": PASSWORD,
        "UserAttributes": attributes});
    scene.lab.call("SignUp", request).await.ok()["Session"].clone()
}

async fn confirm(scene: &Scene, name: &str, code: &str, session: &Value) -> Answer {
    let mut request = json!({"ClientId": scene.client, "Username": name, "ConfirmationCode": code});
    if session.is_string() {
        request["Session"] = session.clone();
    }
    scene.lab.call("ConfirmSignUp", request).await
}

async fn confirmed(scene: &Scene, name: &str) -> Value {
    sign_up(scene, name).await;
    let code = scene.lab.code_for(&format!("{name}@example.com")).await;
    confirm(scene, name, &code, &Value::Null).await.ok()["Session"].clone()
}

async fn redeem(scene: &Scene, client: &Value, operation: &str, session: &Value, name: &str) -> Answer {
    let mut request = json!({"ClientId": client, "AuthFlow": "USER_AUTH", "Session": session,
        "AuthParameters": {"USERNAME": name}});
    if operation == "AdminInitiateAuth" {
        request["UserPoolId"] = scene.pool.clone().into();
        return scene.lab.admin(operation, request).await;
    }
    scene.lab.call(operation, request).await
}

/// No function runs for a Session that waits for something else, least of all for nobody as if there were such a user.
async fn case_41_no_function_takes_nobody_for_a_user(lab: Lab) {
    let (scene, functions) =
        StandIn::scene(&lab, &["PreAuthentication"], members(true), |_| Reply::Unchanged).await;
    let client = json!(scene.client);
    confirmed(&scene, "jane").await;
    let early = sign_up(&scene, "june").await;
    for name in ["jane", "nobody"] {
        let asked = scene.initiate("USER_AUTH", json!({"USERNAME": name})).await.ok();
        functions.events();
        let refused = redeem(&scene, &client, "InitiateAuth", &asked["Session"], name).await.error();
        assert_eq!(refused.0, "NotAuthorizedException", "{name}");
        assert!(functions.events().is_empty(), "{name}");
    }
    functions.events();
    redeem(&scene, &client, "InitiateAuth", &early, "june").await.error();
    redeem(&scene, &client, "InitiateAuth", &json!("garbage"), "june").await.error();
    assert!(functions.events().is_empty());
}

/// The Session of a sign-up is good once, for its user, client and side, and answers no challenge.
async fn case_39_the_session_of_a_sign_up_is_good_for_nothing_else(lab: Lab) {
    let scene = choosing(&lab, true, json!({})).await;
    let client = json!(scene.client);
    let early = sign_up(&scene, "early").await;
    let other = choosing(&lab, true, json!({})).await;
    let next = confirmed(&scene, "jane").await;
    for session in [&next, &early] {
        for challenge in [
            "SELECT_CHALLENGE",
            "EMAIL_OTP",
            "SMS_OTP",
            "PASSWORD",
            "PASSWORD_SRP",
            "PASSWORD_VERIFIER",
            "WEB_AUTHN",
            "SOFTWARE_TOKEN_MFA",
            "SMS_MFA",
            "SELECT_MFA_TYPE",
            "MFA_SETUP",
            "CUSTOM_CHALLENGE",
            "NEW_PASSWORD_REQUIRED",
            "DEVICE_SRP_AUTH",
            "DEVICE_PASSWORD_VERIFIER",
            "ADMIN_NO_SRP_AUTH",
        ] {
            let name = if session == &next { "jane" } else { "early" };
            let answers = json!({"USERNAME": name, "ANSWER": "EMAIL_OTP", "EMAIL_OTP_CODE": "", "SMS_OTP_CODE": "",
                "PASSWORD": PASSWORD, "SRP_A": SrpClient::new().srp_a(), "SOFTWARE_TOKEN_MFA_CODE": "000000",
                "SMS_MFA_CODE": "", "NEW_PASSWORD": "An0ther-password!", "DEVICE_KEY": "x", "CREDENTIAL": "{}",
                "TIMESTAMP": "x", "PASSWORD_CLAIM_SIGNATURE": "eA==", "PASSWORD_CLAIM_SECRET_BLOCK": "eA=="});
            let refused = scene.respond(challenge, session, answers).await;
            let (code, text) = refused.error();
            assert!(
                code.ends_with("Exception") && code != "InternalErrorException",
                "{challenge} {code} {text}"
            );
        }
        lab.call("AssociateSoftwareToken", json!({"Session": session})).await.error();
        lab.call("VerifySoftwareToken", json!({"Session": session, "UserCode": "000000"})).await.error();
        redeem(&scene, &json!(other.client), "InitiateAuth", session, "jane").await.error();
        redeem(&scene, &client, "AdminInitiateAuth", session, "jane").await.error();
    }
    let again = lab.code_for("early@example.com").await;
    confirm(&scene, "early", &again, &next).await.error();
    redeem(&scene, &client, "InitiateAuth", &next, "jane").await.ok();
    let parallel = confirmed(&scene, "joan").await;
    let (a, b, c) = tokio::join!(
        redeem(&scene, &client, "InitiateAuth", &parallel, "joan"),
        redeem(&scene, &client, "InitiateAuth", &parallel, "joan"),
        redeem(&scene, &client, "InitiateAuth", &parallel, "joan"),
    );
    let good = [a, b, c].into_iter().filter(|answer| answer.status == 200).count();
    assert_eq!(good, 1);
    scene.admin("AdminDisableUser", json!({"Username": "early"})).await;
    confirm(&scene, "early", &again, &Value::Null).await.error();
}

/// Of confirmations at once one gives a Session; a guess that fails gives none and is counted, whatever Session it has.
async fn case_34_of_confirmations_at_once_one_gives_a_session(lab: Lab) {
    let scene = choosing(&lab, true, json!({})).await;
    let session = sign_up(&scene, "jane").await;
    let code = lab.code_for("jane@example.com").await;
    let (a, b, c) = tokio::join!(
        confirm(&scene, "jane", &code, &session),
        confirm(&scene, "jane", &code, &Value::Null),
        confirm(&scene, "jane", &code, &session),
    );
    assert_eq!([a, b, c].into_iter().filter(|answer| answer.status == 200).count(), 1);
    let foreign = sign_up(&scene, "joe").await;
    sign_up(&scene, "june").await;
    let code = lab.code_for("june@example.com").await;
    let wrong = if code == "000000" { "111111" } else { "000000" };
    let mut last = String::new();
    for _ in 0..40 {
        last = confirm(&scene, "june", wrong, &foreign).await.error().0;
        if last == "LimitExceededException" || last == "TooManyFailedAttemptsException" {
            break;
        }
    }
    assert!(last == "LimitExceededException" || last == "TooManyFailedAttemptsException", "{last}");
    confirm(&scene, "june", &code, &Value::Null).await.error();
}

/// Names of any length and bytes are answered alike, and their Sessions can be sent back.
async fn case_44_long_names_and_keys(lab: Lab) {
    let tracking = json!({"DeviceConfiguration": {"ChallengeRequiredOnNewDevice": true}});
    let scene = choosing(&lab, true, tracking).await;
    confirmed(&scene, "jane").await;
    for name in [
        "\u{10ffff}".repeat(256),
        "\u{10ffff}".repeat(2_000),
        "İ".repeat(300),
        "\"".repeat(300),
        "\u{1}".repeat(256),
    ] {
        for preferred in [json!({}), json!({"PREFERRED_CHALLENGE": "EMAIL_OTP"})] {
            let asked = scene.initiate("USER_AUTH", merged(json!({"USERNAME": name}), preferred)).await;
            if asked.status != 200 {
                let (code, text) = asked.error();
                assert_eq!(code, "InvalidParameterException", "{text}");
                continue;
            }
            let asked = asked.ok();
            let session = asked["Session"].as_str().unwrap();
            assert!(session.len() <= 4_096, "{}", session.len());
        }
    }
    let device = prove::remembered(&scene, &scene.tokens("jane").await).await;
    for key in ["é".repeat(27), "\u{1}".repeat(55), "\u{10ffff}".repeat(2_000), device.key.clone()] {
        let mut blocks = Vec::new();
        for name in ["jane", "joey"] {
            let named = json!({"USERNAME": name, "SRP_A": SrpClient::new().srp_a(), "DEVICE_KEY": key});
            let asked = scene.initiate("USER_SRP_AUTH", named.clone()).await.ok();
            blocks.push(asked["ChallengeParameters"]["SECRET_BLOCK"].as_str().unwrap().len());
            let (code, text) = if key == device.key && name == "jane" {
                continue;
            } else {
                scene.initiate("USER_AUTH", named).await.error()
            };
            assert_eq!(
                (code.as_str(), text.as_str()),
                ("ResourceNotFoundException", "Device does not exist.")
            );
        }
        assert_eq!(blocks[0], blocks[1]);
        let client = SrpClient::new();
        let begun = json!({"USERNAME": "jane", "SRP_A": client.srp_a(), "DEVICE_KEY": key});
        let first = scene.initiate("USER_SRP_AUTH", begun).await.ok();
        let time = timestamp(&scene.lab);
        let answer = client.answer(&scene.pool, &first["ChallengeParameters"], PASSWORD, &time);
        scene.respond("PASSWORD_VERIFIER", &Value::Null, answer).await.ok();
    }
}

/// What the sign-in of a device lets count ends when the device is forgotten, whether or not its client revokes tokens.
async fn case_36_a_forgotten_device_lets_nothing_count(lab: Lab) {
    let tracking = json!({"DeviceConfiguration": {"ChallengeRequiredOnNewDevice": false}});
    for revokes in [true, false] {
        let (pool, client) = members(false);
        let client = merged(client, json!({"EnableTokenRevocation": revokes}));
        let scene = Scene::with(&lab, merged(pool, tracking.clone()), client).await;
        confirmed(&scene, "jane").await;
        let tokens = scene.tokens("jane").await;
        let device = prove::remembered(&scene, &tokens).await;
        let wish = json!({"USERNAME": "jane", "PREFERRED_CHALLENGE": "EMAIL_OTP", "TARGET_ACR_VALUES": "urn:cognito:loa:3", "ACCESS_TOKEN": tokens["AccessToken"]});
        let asked = scene.initiate("USER_AUTH", wish).await.ok();
        assert_eq!(asked["ChallengeName"], "EMAIL_OTP");
        let code = lab.code_for("jane@example.com").await;
        scene.admin("AdminForgetDevice", json!({"Username": "jane", "DeviceKey": device.key})).await;
        let answer = json!({"USERNAME": "jane", "EMAIL_OTP_CODE": code});
        let (name, _) = scene.respond("EMAIL_OTP", &asked["Session"], answer).await.error();
        assert_eq!(name, "NotAuthorizedException", "{revokes}");
    }
}

both_engines!(
    case_36_a_forgotten_device_lets_nothing_count,
    case_41_no_function_takes_nobody_for_a_user,
    case_39_the_session_of_a_sign_up_is_good_for_nothing_else,
    case_34_of_confirmations_at_once_one_gives_a_session,
    case_44_long_names_and_keys,
);
