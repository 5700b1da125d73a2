//! Second factors, setting them up, and new passwords.

use crate::{
    lab::Lab,
    scene::{PASSWORD, Scene, claims, totp_code},
};
use serde_json::{Value, json};

const MISMATCH: (&str, &str) = ("CodeMismatchException", "Invalid code or auth state for the user.");
const SESSION: (&str, &str) = ("NotAuthorizedException", "Invalid session for the user.");
const USED: (&str, &str) =
    ("NotAuthorizedException", "Invalid session for the user, session can only be used once.");

async fn pool_with(lab: &Lab, mfa: &str, members: Value) -> Scene {
    let scene = Scene::new(lab).await;
    let mut request = json!({"MfaConfiguration": mfa});
    for (name, value) in members.as_object().unwrap() {
        request[name] = value.clone();
    }
    scene.admin("SetUserPoolMfaConfig", request).await;
    scene
}

fn totp() -> Value {
    json!({"SoftwareTokenMfaConfiguration": {"Enabled": true}})
}

fn sms() -> Value {
    json!({"SmsMfaConfiguration": {"SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sns", "ExternalId": "x"}}})
}

/// Registers an authenticator app for a signed-in user and turns it on; answers its secret.
async fn register(scene: &Scene, name: &str) -> String {
    let token = scene.tokens(name).await["AccessToken"].clone();
    let secret =
        scene.lab.call("AssociateSoftwareToken", json!({"AccessToken": token})).await.ok()["SecretCode"]
            .as_str()
            .unwrap()
            .to_owned();
    assert_eq!(secret.len(), 52);
    let code = totp_code(&scene.lab, &secret, 0);
    let verified =
        scene.lab.call("VerifySoftwareToken", json!({"AccessToken": token, "UserCode": code})).await.ok();
    assert_eq!(verified["Status"], "SUCCESS");
    let on =
        json!({"AccessToken": token, "SoftwareTokenMfaSettings": {"Enabled": true, "PreferredMfa": true}});
    scene.lab.call("SetUserMFAPreference", on).await.ok();
    secret
}

async fn an_authenticator_app_is_asked(lab: Lab) {
    let scene = pool_with(&lab, "OPTIONAL", totp()).await;
    scene.user("jane", json!([])).await;
    let secret = register(&scene, "jane").await;
    let first = scene.sign_in("jane", PASSWORD).await.ok();
    assert_eq!(first["ChallengeName"], "SOFTWARE_TOKEN_MFA");
    assert_eq!(first["ChallengeParameters"]["USER_ID_FOR_SRP"], "jane");
    let session = &first["Session"];
    let answer = async |code: &str| {
        scene
            .respond(
                "SOFTWARE_TOKEN_MFA",
                session,
                json!({"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": code}),
            )
            .await
    };
    answer("000000").await.refused(MISMATCH.0, MISMATCH.1);
    let used = totp_code(&lab, &secret, 0);
    answer(&used).await.refused("ExpiredCodeException", "Your software token has already been used once.");
    let done = answer(&totp_code(&lab, &secret, 1)).await.ok();
    assert!(done["AuthenticationResult"]["AccessToken"].is_string());
    answer(&totp_code(&lab, &secret, 1)).await.refused(USED.0, USED.1);
    let user = scene.admin("AdminGetUser", json!({"Username": "jane"})).await;
    assert_eq!(user["UserMFASettingList"], json!(["SOFTWARE_TOKEN_MFA"]));
    assert_eq!(user["PreferredMfaSetting"], "SOFTWARE_TOKEN_MFA");
}

async fn wrong_codes_lock(lab: Lab) {
    let scene = pool_with(&lab, "OPTIONAL", totp()).await;
    scene.user("jane", json!([])).await;
    let secret = register(&scene, "jane").await;
    let session = scene.sign_in("jane", PASSWORD).await.ok()["Session"].clone();
    let answer = async |code: &str| {
        scene
            .respond(
                "SOFTWARE_TOKEN_MFA",
                &session,
                json!({"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": code}),
            )
            .await
    };
    for _ in 0..5 {
        answer("000000").await.refused(MISMATCH.0, MISMATCH.1);
    }
    answer(&totp_code(&lab, &secret, 1))
        .await
        .refused("NotAuthorizedException", "Password attempts exceeded");
    lab.advance(1);
    answer(&totp_code(&lab, &secret, 1)).await.ok();
}

async fn a_session_is_bound(lab: Lab) {
    let scene = pool_with(&lab, "OPTIONAL", totp()).await;
    scene.user("jane", json!([])).await;
    scene.user("mary", json!([])).await;
    let secret = register(&scene, "jane").await;
    let session = scene.sign_in("jane", PASSWORD).await.ok()["Session"].clone();
    let code = || json!({"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": totp_code(&lab, &secret, 1)});
    let other = Scene {
        client: scene.new_client(json!({})).await["ClientId"].as_str().unwrap().to_owned(),
        ..scene.clone()
    };
    other.respond("SOFTWARE_TOKEN_MFA", &session, code()).await.refused(SESSION.0, SESSION.1);
    let mut anothers = code();
    anothers["USERNAME"] = json!("mary");
    scene.respond("SOFTWARE_TOKEN_MFA", &session, anothers).await.refused(SESSION.0, SESSION.1);
    scene
        .respond("SMS_MFA", &session, json!({"USERNAME": "jane", "SMS_MFA_CODE": "123456"}))
        .await
        .refused(SESSION.0, SESSION.1);
    scene.respond("MFA_SETUP", &session, json!({"USERNAME": "jane"})).await.refused(SESSION.0, SESSION.1);
    scene
        .respond(
            "NEW_PASSWORD_REQUIRED",
            &session,
            json!({"USERNAME": "jane", "NEW_PASSWORD": "Another-Horse9"}),
        )
        .await
        .refused(SESSION.0, SESSION.1);
    scene
        .respond("SOFTWARE_TOKEN_MFA", &json!("AYABeForgedForgedForged"), code())
        .await
        .refused(SESSION.0, SESSION.1);
    let admins = json!({"UserPoolId": scene.pool, "ClientId": scene.client, "ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": session, "ChallengeResponses": code()});
    lab.admin("AdminRespondToAuthChallenge", admins).await.refused(SESSION.0, SESSION.1);
    lab.advance(3 * 60);
    scene
        .respond("SOFTWARE_TOKEN_MFA", &session, code())
        .await
        .refused("NotAuthorizedException", "Invalid session for the user, session is expired.");
}

async fn parallel_answers_have_one_success(lab: Lab) {
    let scene = pool_with(&lab, "OPTIONAL", totp()).await;
    scene.user("jane", json!([])).await;
    let secret = register(&scene, "jane").await;
    let session = scene.sign_in("jane", PASSWORD).await.ok()["Session"].clone();
    let responses = json!({"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": totp_code(&lab, &secret, 1)});
    let tasks: Vec<_> = (0..30)
        .map(|_| {
            let (scene, session, responses) = (scene.clone(), session.clone(), responses.clone());
            tokio::spawn(async move {
                scene.respond("SOFTWARE_TOKEN_MFA", &session, responses).await.status == 200
            })
        })
        .collect();
    let mut successes = 0;
    for task in tasks {
        successes += usize::from(task.await.unwrap());
    }
    assert_eq!(successes, 1);
}

async fn sms_codes_are_sent_and_prove_the_number(lab: Lab) {
    let scene = pool_with(&lab, "ON", sms()).await;
    scene.user("jane", json!([{"Name": "phone_number", "Value": "+15555559934"}])).await;
    let first = scene.srp("jane", PASSWORD).await.ok();
    assert_eq!(first["ChallengeName"], "SMS_MFA");
    assert_eq!(
        first["ChallengeParameters"],
        json!({"CODE_DELIVERY_DELIVERY_MEDIUM": "SMS", "CODE_DELIVERY_DESTINATION": "+*******9934", "USER_ID_FOR_SRP": "jane"})
    );
    let code = lab.code_for("+15555559934").await;
    assert_eq!(code.len(), 6);
    let answer = async |code: &str| {
        scene.respond("SMS_MFA", &first["Session"], json!({"USERNAME": "jane", "SMS_MFA_CODE": code})).await
    };
    answer("abcdef").await.refused(MISMATCH.0, MISMATCH.1);
    answer(&code).await.ok();
    let user = scene.admin("AdminGetUser", json!({"Username": "jane"})).await;
    assert!(
        user["UserAttributes"]
            .as_array()
            .unwrap()
            .contains(&json!({"Name": "phone_number_verified", "Value": "true"}))
    );
}

async fn an_app_is_set_up_during_sign_in(lab: Lab) {
    let scene = pool_with(&lab, "ON", totp()).await;
    scene.user("jane", json!([])).await;
    let first = scene.sign_in("jane", PASSWORD).await.ok();
    assert_eq!(first["ChallengeName"], "MFA_SETUP");
    assert_eq!(first["ChallengeParameters"]["MFAS_CAN_SETUP"], "[\"SOFTWARE_TOKEN_MFA\"]");
    scene
        .respond("MFA_SETUP", &first["Session"], json!({"USERNAME": "jane"}))
        .await
        .refused(SESSION.0, SESSION.1);
    let begun = lab.call("AssociateSoftwareToken", json!({"Session": first["Session"]})).await.ok();
    let secret = begun["SecretCode"].as_str().unwrap();
    lab.call("AssociateSoftwareToken", json!({"Session": first["Session"]})).await.refused(USED.0, USED.1);
    lab.call("VerifySoftwareToken", json!({"Session": begun["Session"], "UserCode": "000000"}))
        .await
        .refused("EnableSoftwareTokenMFAException", "Code mismatch and fail enable Software Token MFA");
    let verified = lab.call("VerifySoftwareToken", json!({"Session": begun["Session"], "UserCode": totp_code(&lab, secret, 0), "FriendlyDeviceName": "phone"})).await.ok();
    scene.respond("MFA_SETUP", &verified["Session"], json!({"USERNAME": "jane"})).await.ok();
    let again = scene.sign_in("jane", PASSWORD).await.ok();
    assert_eq!(again["ChallengeName"], "SOFTWARE_TOKEN_MFA");
    assert_eq!(again["ChallengeParameters"]["FRIENDLY_DEVICE_NAME"], "phone");
}

async fn several_factors_are_chosen_from(lab: Lab) {
    let mut both = totp();
    both["SmsMfaConfiguration"] = sms()["SmsMfaConfiguration"].clone();
    let scene = pool_with(&lab, "OPTIONAL", both).await;
    scene.user("jane", json!([{"Name": "phone_number", "Value": "+15555559934"}])).await;
    let secret = register(&scene, "jane").await;
    scene.admin("AdminSetUserMFAPreference", json!({"Username": "jane", "SMSMfaSettings": {"Enabled": true}, "SoftwareTokenMfaSettings": {"Enabled": true, "PreferredMfa": false}})).await;
    let first = scene.sign_in("jane", PASSWORD).await.ok();
    assert_eq!(first["ChallengeName"], "SELECT_MFA_TYPE");
    assert_eq!(first["ChallengeParameters"]["MFAS_CAN_CHOOSE"], "[\"SMS_MFA\",\"SOFTWARE_TOKEN_MFA\"]");
    let choose = async |answer: &str| {
        scene
            .respond("SELECT_MFA_TYPE", &first["Session"], json!({"USERNAME": "jane", "ANSWER": answer}))
            .await
    };
    choose("EMAIL_OTP").await.refused(SESSION.0, SESSION.1);
    assert_eq!(choose("nonsense").await.error().0, "InvalidParameterException");
    let second = choose("SOFTWARE_TOKEN_MFA").await.ok();
    let code = json!({"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": totp_code(&lab, &secret, 1)});
    scene.respond("SOFTWARE_TOKEN_MFA", &second["Session"], code).await.ok();
}

async fn factors_that_are_not_there_cannot_be_turned_on(lab: Lab) {
    let scene = pool_with(&lab, "OPTIONAL", totp()).await;
    scene.user("jane", json!([])).await;
    let token = scene.tokens("jane").await["AccessToken"].clone();
    let on = json!({"AccessToken": token, "SoftwareTokenMfaSettings": {"Enabled": true}});
    lab.call("SetUserMFAPreference", on).await.refused(
        "InvalidParameterException",
        "User does not have delivery config set to turn on SOFTWARE_TOKEN_MFA",
    );
    let on = json!({"UserPoolId": scene.pool, "Username": "jane", "SMSMfaSettings": {"Enabled": true}});
    lab.admin("AdminSetUserMFAPreference", on)
        .await
        .refused("InvalidParameterException", "User does not have delivery config set to turn on SMS_MFA");
    let without = Scene::new(&lab).await;
    without.user("jane", json!([])).await;
    let token = without.tokens("jane").await["AccessToken"].clone();
    lab.call("AssociateSoftwareToken", json!({"AccessToken": token})).await.refused(
        "SoftwareTokenMFANotFoundException",
        "Software Token MFA has not been enabled by the userPool",
    );
}

async fn a_temporary_password_is_replaced(lab: Lab) {
    let scene = Scene::with(
        &lab,
        json!({"Schema": [{"Name": "name", "Required": true, "Mutable": false}]}),
        json!({}),
    )
    .await;
    let create = json!({"Username": "jane", "TemporaryPassword": "Temporary-9", "UserAttributes": [{"Name": "email", "Value": "jane@example.com"}]});
    scene.admin("AdminCreateUser", create).await;
    let first = scene.sign_in("jane", "Temporary-9").await.ok();
    assert_eq!(first["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    assert_eq!(first["ChallengeParameters"]["requiredAttributes"], "[\"userAttributes.name\"]");
    let attributes: Value =
        serde_json::from_str(first["ChallengeParameters"]["userAttributes"].as_str().unwrap()).unwrap();
    assert_eq!(attributes["email"], "jane@example.com");
    let answer = async |more: Value| {
        let mut responses =
            json!({"USERNAME": "jane", "NEW_PASSWORD": PASSWORD, "userAttributes.name": "Jane"});
        for (name, value) in more.as_object().unwrap() {
            responses[name] = value.clone();
        }
        scene.respond("NEW_PASSWORD_REQUIRED", &first["Session"], responses).await
    };
    answer(json!({"NEW_PASSWORD": "short"}))
        .await
        .refused("InvalidPasswordException", "Password does not conform to policy: Password not long enough");
    answer(json!({"userAttributes.name": ""}))
        .await
        .refused("InvalidParameterException", "Invalid attributes given, name is missing");
    answer(json!({"userAttributes.email": "x@example.com"}))
        .await
        .refused("NotAuthorizedException", "Cannot modify an already provided email");
    let tokens = answer(json!({})).await.ok()["AuthenticationResult"].clone();
    assert_eq!(claims(&tokens["IdToken"])["name"], "Jane");
    answer(json!({})).await.refused(USED.0, USED.1);
    scene.srp("jane", PASSWORD).await.ok();
    scene
        .sign_in("jane", "Temporary-9")
        .await
        .refused("NotAuthorizedException", "Incorrect username or password.");
}

async fn a_temporary_password_ends(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.admin("AdminCreateUser", json!({"Username": "jane", "TemporaryPassword": "Temporary-9"})).await;
    lab.advance(7 * 86_400);
    scene.sign_in("jane", "Temporary-9").await.refused(
        "NotAuthorizedException",
        "Temporary password has expired and must be reset by an administrator.",
    );
}

both_engines!(
    an_authenticator_app_is_asked,
    wrong_codes_lock,
    a_session_is_bound,
    parallel_answers_have_one_success,
    sms_codes_are_sent_and_prove_the_number,
    an_app_is_set_up_during_sign_in,
    several_factors_are_chosen_from,
    factors_that_are_not_there_cannot_be_turned_on,
    a_temporary_password_is_replaced,
    a_temporary_password_ends
);
