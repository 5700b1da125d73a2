//! Codes by e-mail and SMS as the only proof.

use super::{
    INCORRECT, MISMATCH, SESSION, USED, all, begin, choosing, email, has_tokens, prefer, select, stored, with,
};
use crate::{
    devices::prove,
    lab::Lab,
    rate_limits::call_from,
    scene::{PASSWORD, claims, merged},
};
use cognate::{
    app::App,
    users::{
        code_limits::{self, Limit},
        codes::CodeOwner,
    },
};
use serde_json::{Value, json};
use store::Tx;

async fn answer(scene: &crate::scene::Scene, name: &str, session: &Value, code: &str) -> crate::lab::Answer {
    scene.respond("EMAIL_OTP", session, json!({"USERNAME": name, "EMAIL_OTP_CODE": code})).await
}

async fn a_code_by_mail_signs_in(lab: Lab) {
    let scene = choosing(&lab, all(), false).await;
    scene.user("jane", email("jane")).await;
    let asked = prefer(&scene, "jane", "EMAIL_OTP").await.ok();
    assert_eq!(asked["ChallengeName"], "EMAIL_OTP");
    assert_eq!(asked["AvailableChallenges"], json!(["EMAIL_OTP"]));
    let parameters = &asked["ChallengeParameters"];
    assert_eq!(parameters["CODE_DELIVERY_DESTINATION"], "j***@e***");
    assert_eq!(parameters["CODE_DELIVERY_DELIVERY_MEDIUM"], "EMAIL");
    let code = lab.code_for("jane@example.com").await;
    assert_eq!(code.len(), 8, "V: eight digits");
    let session = &asked["Session"];
    answer(&scene, "jane", session, "00000000").await.refused(MISMATCH.0, MISMATCH.1);
    scene
        .respond("SMS_OTP", session, json!({"USERNAME": "jane", "SMS_OTP_CODE": code}))
        .await
        .refused(SESSION.0, SESSION.1);
    let done = answer(&scene, "jane", session, &code).await.ok();
    assert!(has_tokens(&done));
    assert!(claims(&done["AuthenticationResult"]["IdToken"]).get("acr").is_none());
    answer(&scene, "jane", session, &code).await.refused(USED.0, USED.1);
}

async fn a_code_by_sms_is_selected(lab: Lab) {
    let scene = choosing(&lab, all(), false).await;
    let phone = json!([{"Name": "phone_number", "Value": "+15550001234"}]);
    scene.user("jane", phone).await;
    let asked = begin(&scene, "jane", json!({})).await.ok();
    assert_eq!(asked["AvailableChallenges"], json!(["SMS_OTP", "PASSWORD_SRP", "PASSWORD"]));
    let sent = select(&scene, "jane", &asked["Session"], "SMS_OTP", json!({})).await.ok();
    assert_eq!(sent["ChallengeName"], "SMS_OTP");
    select(&scene, "jane", &asked["Session"], "SMS_OTP", json!({})).await.refused(USED.0, USED.1);
    let code = lab.code_for("+15550001234").await;
    let responses = |name: &str| json!({"USERNAME": "jane", name: code});
    // A first factor is no second one.
    let second = scene.respond("SMS_MFA", &sent["Session"], responses("SMS_MFA_CODE")).await;
    second.refused(SESSION.0, SESSION.1);
    let done = scene.respond("SMS_OTP", &sent["Session"], responses("SMS_OTP_CODE")).await.ok();
    assert!(has_tokens(&done));
    let user = scene.admin("AdminGetUser", json!({"Username": "jane"})).await;
    let verified = user["UserAttributes"].as_array().unwrap().iter();
    assert!(verified.clone().any(|a| a["Name"] == "phone_number_verified" && a["Value"] == "true"));
}

async fn wrong_codes_lock_codes_alone(lab: Lab) {
    let scene = choosing(&lab, all(), true).await;
    scene.user("jane", email("jane")).await;
    let locked = ("NotAuthorizedException", "Password attempts exceeded");
    for name in ["jane", "joe"] {
        for _ in 0..5 {
            // Another Session each time: the guesses are of the user.
            let asked = prefer(&scene, name, "EMAIL_OTP").await.ok();
            let wrong = answer(&scene, name, &asked["Session"], "00000000").await;
            wrong.refused(MISMATCH.0, MISMATCH.1);
        }
        let asked = prefer(&scene, name, "EMAIL_OTP").await.ok();
        let refused = answer(&scene, name, &asked["Session"], "00000000").await;
        refused.refused(locked.0, locked.1);
    }
    assert!(has_tokens(&scene.sign_in("jane", PASSWORD).await.ok()));
}

async fn nobody_is_sent_nothing_and_answered_alike(lab: Lab) {
    let scene = choosing(&lab, all(), true).await;
    scene.user("jane", email("jane")).await;
    let before = stored(&lab).await;
    let known = prefer(&scene, "jane", "EMAIL_OTP").await.ok();
    let between = stored(&lab).await;
    let unknown = prefer(&scene, "joey", "EMAIL_OTP").await.ok();
    let after = stored(&lab).await;
    let difference = |a: &[i64], b: &[i64]| -> Vec<i64> { a.iter().zip(b).map(|(a, b)| b - a).collect() };
    assert_eq!(difference(&before, &between), [1, 0, 1, 1]);
    assert_eq!(difference(&between, &after), [1, 0, 0, 1], "no message, and the same otherwise");
    let keys = |answer: &Value| -> Vec<String> {
        answer["ChallengeParameters"].as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(keys(&known), keys(&unknown));
    assert_eq!(known["ChallengeName"], unknown["ChallengeName"]);
    assert_eq!(unknown["ChallengeParameters"]["USER_ID_FOR_SRP"], "joey");
    assert!(
        unknown["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"].as_str().unwrap().starts_with("j***@")
    );
    answer(&scene, "joey", &unknown["Session"], "12345678").await.refused(MISMATCH.0, MISMATCH.1);
}

async fn many_codes_are_not_sent_and_nobody_is_told(lab: Lab) {
    let scene = choosing(&lab, all(), true).await;
    scene.user("jane", email("jane")).await;
    let sent = async |lab: &Lab| stored(lab).await[2];
    for _ in 0..20 {
        prefer(&scene, "jane", "EMAIL_OTP").await.ok();
    }
    let before = sent(&lab).await;
    let asked = prefer(&scene, "jane", "EMAIL_OTP").await.ok();
    assert_eq!(asked["ChallengeName"], "EMAIL_OTP");
    assert_eq!(sent(&lab).await, before, "no further message");
    let old = lab.code_for("jane@example.com").await;
    answer(&scene, "jane", &asked["Session"], &old).await.refused(MISMATCH.0, MISMATCH.1);
}

/// D: a device proves itself after a password or a function's question; after a code it is only kept.
async fn a_device_that_is_named_is_kept(lab: Lab) {
    let tracking = json!({"DeviceConfiguration": {"ChallengeRequiredOnNewDevice": true}});
    let scene = with(&lab, all(), false, tracking).await;
    scene.user("jane", email("jane")).await;
    let device = prove::remembered(&scene, &scene.tokens("jane").await).await;
    let named = json!({"DEVICE_KEY": device.key});
    let at_once = begin(&scene, "jane", merged(json!({"PREFERRED_CHALLENGE": "EMAIL_OTP"}), named.clone()));
    let at_once = at_once.await.ok();
    let asked = begin(&scene, "jane", json!({})).await.ok();
    let selected = select(&scene, "jane", &asked["Session"], "EMAIL_OTP", named).await.ok();
    let code = lab.code_for("jane@example.com").await;
    answer(&scene, "jane", &at_once["Session"], &code).await.refused(MISMATCH.0, MISMATCH.1);
    let done = answer(&scene, "jane", &selected["Session"], &code).await.ok();
    let tokens = &done["AuthenticationResult"];
    assert!(tokens.get("NewDeviceMetadata").is_none());
    assert_eq!(claims(&tokens["AccessToken"])["device_key"], device.key);
    let unknown = json!({"PREFERRED_CHALLENGE": "EMAIL_OTP", "DEVICE_KEY": "us-east-1_0"});
    begin(&scene, "jane", unknown).await.refused("ResourceNotFoundException", "Device does not exist.");
}

/// What is kept for strangers is bounded by address; what proves something at once is not kept.
async fn one_address_begins_so_many(lab: Lab) {
    let scene = choosing(&lab, all(), true).await;
    scene.user("jane", email("jane")).await;
    let peer = "192.0.2.1";
    let owner = CodeOwner::network(&scene.pool.as_str().into(), peer.parse().unwrap());
    let use_up = move |app: &App, tx: &mut Tx<'_>| {
        while code_limits::count(app, tx, Limit::UnprovedSignIns, &owner, app.now())?.is_ok() {}
        Ok(())
    };
    lab.app.write(use_up).await.unwrap();
    let before = stored(&lab).await;
    let call = async |parameters: Value| {
        let input = json!({"ClientId": scene.client, "AuthFlow": "USER_AUTH", "AuthParameters": parameters});
        call_from(&lab, peer, &[], "InitiateAuth", input).await
    };
    for name in ["jane", "joe"] {
        let refused = call(json!({"USERNAME": name, "PREFERRED_CHALLENGE": "EMAIL_OTP"})).await.error();
        assert_eq!(refused.0, "TooManyRequestsException", "{name}");
    }
    assert_eq!(stored(&lab).await, before);
    let right = json!({"USERNAME": "jane", "PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": PASSWORD});
    assert!(has_tokens(&call(right).await.ok()));
}

async fn a_code_confirms_a_sign_up_and_voids_its_password(lab: Lab) {
    let scene = choosing(&lab, all(), false).await;
    let request = json!({"ClientId": scene.client, "Username": "jane", "Password": PASSWORD,
        "UserAttributes": [{"Name": "email", "Value": "jane@example.com"}]});
    lab.call("SignUp", request).await.ok();
    scene.sign_in("jane", PASSWORD).await.refused("UserNotConfirmedException", "User is not confirmed.");
    let asked = prefer(&scene, "jane", "EMAIL_OTP").await.ok();
    let code = lab.code_for("jane@example.com").await;
    assert!(has_tokens(&answer(&scene, "jane", &asked["Session"], &code).await.ok()));
    let user = scene.admin("AdminGetUser", json!({"Username": "jane"})).await;
    assert_eq!(user["UserStatus"], "CONFIRMED");
    scene.sign_in("jane", PASSWORD).await.refused(INCORRECT.0, INCORRECT.1);
    let factors = scene.admin("AdminGetUserAuthFactors", json!({"Username": "jane"})).await;
    assert_eq!(factors["ConfiguredUserAuthFactors"], json!(["EMAIL_OTP"]));
}

async fn an_unproved_address_beside_a_proved_one_takes_no_codes(lab: Lab) {
    let scene = choosing(&lab, all(), false).await;
    let mut both = email("jane");
    both.as_array_mut().unwrap().push(json!({"Name": "phone_number", "Value": "+15550001234"}));
    scene.user("jane", both).await;
    let asked = prefer(&scene, "jane", "SMS_OTP").await.ok();
    assert_eq!(asked["AvailableChallenges"], json!(["EMAIL_OTP", "PASSWORD_SRP", "PASSWORD"]));
}

async fn who_has_a_second_factor_cannot_go_without(lab: Lab) {
    let scene = choosing(&lab, all(), false).await;
    let totp = json!({"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    scene.admin("SetUserPoolMfaConfig", totp).await;
    scene.user("jane", email("jane")).await;
    let asked = prefer(&scene, "jane", "EMAIL_OTP").await.ok();
    let code = lab.code_for("jane@example.com").await;
    // The app is set up while the code is on its way.
    let token = scene.tokens("jane").await["AccessToken"].clone();
    let secret = lab.call("AssociateSoftwareToken", json!({"AccessToken": token})).await.ok();
    let shown = crate::scene::totp_code(&lab, secret["SecretCode"].as_str().unwrap(), 0);
    lab.call("VerifySoftwareToken", json!({"AccessToken": token, "UserCode": shown})).await.ok();
    let on = json!({"AccessToken": token, "SoftwareTokenMfaSettings": {"Enabled": true}});
    lab.call("SetUserMFAPreference", on).await.ok();
    answer(&scene, "jane", &asked["Session"], &code).await.refused(INCORRECT.0, INCORRECT.1);
    let asked = prefer(&scene, "jane", "EMAIL_OTP").await.ok();
    assert_eq!(asked["AvailableChallenges"], json!(["PASSWORD_SRP", "PASSWORD"]));
    let password = json!({"PASSWORD": PASSWORD});
    let asked = select(&scene, "jane", &asked["Session"], "PASSWORD", password).await.ok();
    assert_eq!(asked["ChallengeName"], "SOFTWARE_TOKEN_MFA");
}

async fn a_disabled_user_or_a_new_address_ends_it(lab: Lab) {
    let scene = choosing(&lab, all(), false).await;
    for (name, operation, members) in [
        ("jane", "AdminDisableUser", json!({})),
        (
            "june",
            "AdminUpdateUserAttributes",
            json!({"UserAttributes": [{"Name": "email", "Value": "other@example.com"}]}),
        ),
        ("jill", "AdminDeleteUser", json!({})),
    ] {
        scene.user(name, email(name)).await;
        let asked = prefer(&scene, name, "EMAIL_OTP").await.ok();
        let code = lab.code_for(&format!("{name}@example.com")).await;
        let request = merged(json!({"UserPoolId": scene.pool, "Username": name}), members);
        lab.admin(operation, request).await.ok();
        let refused = answer(&scene, name, &asked["Session"], &code).await.error();
        assert_eq!(refused.0, "NotAuthorizedException", "{operation}: {refused:?}");
    }
}

async fn a_user_of_a_temporary_password_must_use_it(lab: Lab) {
    let scene = choosing(&lab, json!(["PASSWORD", "EMAIL_OTP"]), false).await;
    let request =
        json!({"Username": "jane", "TemporaryPassword": "Temporary-9", "UserAttributes": email("jane")});
    scene.admin("AdminCreateUser", request).await;
    // V: what a user in this state who asks for a code is shown, in this order.
    let asked = prefer(&scene, "jane", "EMAIL_OTP").await.ok();
    assert_eq!(asked["ChallengeName"], "SELECT_CHALLENGE");
    assert_eq!(asked["AvailableChallenges"], json!(["PASSWORD_SRP", "PASSWORD"]));
    let temporary = json!({"PASSWORD": "Temporary-9"});
    let asked = select(&scene, "jane", &asked["Session"], "PASSWORD", temporary).await.ok();
    assert_eq!(asked["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    let new = json!({"USERNAME": "jane", "NEW_PASSWORD": PASSWORD});
    let done = scene.respond("NEW_PASSWORD_REQUIRED", &asked["Session"], new).await.ok();
    assert!(has_tokens(&done));
}

async fn an_imported_user_signs_in_by_a_code(lab: Lab) {
    let scene = with(&lab, all(), false, json!({})).await;
    scene.user("jane", email("jane")).await;
    scene.admin("AdminResetUserPassword", json!({"Username": "jane"})).await;
    let asked = prefer(&scene, "jane", "EMAIL_OTP").await.ok();
    let code = lab.code_for("jane@example.com").await;
    assert!(has_tokens(&answer(&scene, "jane", &asked["Session"], &code).await.ok()));
    let refused = scene.sign_in("jane", PASSWORD).await.error();
    assert_eq!(refused.0, "PasswordResetRequiredException");
}

both_engines!(
    a_device_that_is_named_is_kept,
    one_address_begins_so_many,
    a_code_by_mail_signs_in,
    a_code_by_sms_is_selected,
    wrong_codes_lock_codes_alone,
    nobody_is_sent_nothing_and_answered_alike,
    many_codes_are_not_sent_and_nobody_is_told,
    a_code_confirms_a_sign_up_and_voids_its_password,
    an_unproved_address_beside_a_proved_one_takes_no_codes,
    who_has_a_second_factor_cannot_go_without,
    a_disabled_user_or_a_new_address_ends_it,
    a_user_of_a_temporary_password_must_use_it,
    an_imported_user_signs_in_by_a_code
);
