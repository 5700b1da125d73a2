//! Passkeys as a choice.

use super::{INCORRECT, ORIGIN, SESSION, USED, all, choosing, email, has_tokens, prefer, with};
use crate::{
    lab::{Answer, Lab},
    passkeys::register,
    scene::{Scene, merged, totp_code},
    soft_authenticator::{Key, SoftAuthenticator, USER_PRESENT},
};
use serde_json::{Value, json};

/// A user with a passkey.
async fn owner(scene: &Scene, name: &str, mut authenticator: SoftAuthenticator) -> SoftAuthenticator {
    scene.user(name, email(name)).await;
    let token = scene.tokens(name).await["AccessToken"].clone();
    register(&scene.lab, &token, &mut authenticator).await;
    authenticator
}

fn options(asked: &Value) -> Value {
    let text = asked["ChallengeParameters"]["CREDENTIAL_REQUEST_OPTIONS"].as_str().unwrap();
    serde_json::from_str(text).unwrap()
}

async fn answer(scene: &Scene, name: &str, session: &Value, credential: &Value) -> Answer {
    let responses = json!({"USERNAME": name, "CREDENTIAL": credential.to_string()});
    scene.respond("WEB_AUTHN", session, responses).await
}

async fn a_passkey_signs_in(lab: Lab) {
    let scene = choosing(&lab, all(), false).await;
    for (name, key) in [("jane", Key::es256()), ("june", Key::rs256()), ("jill", Key::eddsa())] {
        let mut authenticator = owner(&scene, name, SoftAuthenticator::with_key(key, ORIGIN)).await;
        let asked = prefer(&scene, name, "WEB_AUTHN").await.ok();
        assert_eq!(asked["ChallengeName"], "WEB_AUTHN");
        let options = options(&asked);
        assert_eq!(options["allowCredentials"], json!([{"id": authenticator.id(), "type": "public-key"}]));
        assert_eq!((&options["rpId"], &options["timeout"]), (&json!("example.com"), &json!(180_000)));
        assert_eq!(options["userVerification"], "preferred");
        let credential = authenticator.get(&options);
        assert!(has_tokens(&answer(&scene, name, &asked["Session"], &credential).await.ok()));
        answer(&scene, name, &asked["Session"], &credential).await.refused(USED.0, USED.1);
    }
    let factors = scene.admin("AdminGetUserAuthFactors", json!({"Username": "jane"})).await;
    assert_eq!(factors["ConfiguredUserAuthFactors"], json!(["PASSWORD", "EMAIL_OTP", "WEB_AUTHN"]));
}

/// Case 42: a challenge, credential or origin of another sign-in, user or site, and a counter that falls back.
async fn what_is_anothers_is_refused_and_changes_nothing(lab: Lab) {
    let scene = choosing(&lab, all(), false).await;
    let mut jane = owner(&scene, "jane", SoftAuthenticator::new(ORIGIN)).await;
    let mut june = owner(&scene, "june", SoftAuthenticator::new(ORIGIN)).await;
    let first = prefer(&scene, "jane", "WEB_AUTHN").await.ok();
    let second = prefer(&scene, "jane", "WEB_AUTHN").await.ok();
    let junes = prefer(&scene, "june", "WEB_AUTHN").await.ok();
    let session = &first["Session"];
    let other_challenge = jane.get(&options(&second));
    let anothers_passkey = june.get(&options(&first));
    let mut elsewhere = jane.get(&options(&first));
    jane.origin = "https://login.example.com.evil.org".to_owned();
    let other_origin = jane.get(&options(&first));
    jane.origin = ORIGIN.to_owned();
    elsewhere["response"]["userHandle"] = junes["ChallengeParameters"]["USER_ID_FOR_SRP"].clone();
    let count = jane.sign_count;
    jane.sign_count = 1;
    let fallen_back = jane.get(&options(&first));
    jane.sign_count = count;
    for (name, credential) in [
        ("challenge", &other_challenge),
        ("passkey", &anothers_passkey),
        ("user handle", &elsewhere),
        ("origin", &other_origin),
        ("counter", &fallen_back),
        ("nothing", &json!({})),
        ("list", &json!([1, 2])),
    ] {
        let refused = answer(&scene, "jane", session, credential).await;
        assert_eq!(refused.error().0, INCORRECT.0, "{name}");
    }
    for text in ["", "x", "{", &"[".repeat(4_000), &format!("\"{}\"", "x".repeat(60_000))] {
        let responses = json!({"USERNAME": "jane", "CREDENTIAL": text});
        let refused = scene.respond("WEB_AUTHN", session, responses).await.error();
        assert!(["NotAuthorizedException", "InvalidParameterException"].contains(&refused.0.as_str()));
    }
    let right = jane.get(&options(&first));
    answer(&scene, "june", session, &right).await.refused(SESSION.0, SESSION.1);
    answer(&scene, "jane", &junes["Session"], &right).await.refused(SESSION.0, SESSION.1);
    assert!(has_tokens(&answer(&scene, "jane", session, &right).await.ok()));
}

async fn one_signature_is_good_once_in_parallel(lab: Lab) {
    let scene = choosing(&lab, all(), false).await;
    let mut jane = owner(&scene, "jane", SoftAuthenticator::new(ORIGIN)).await;
    let asked = prefer(&scene, "jane", "WEB_AUTHN").await.ok();
    let credential = jane.get(&options(&asked));
    let answers: Vec<_> = (0..4)
        .map(|_| {
            let (scene, asked, credential) = (scene.clone(), asked.clone(), credential.clone());
            tokio::spawn(
                async move { answer(&scene, "jane", &asked["Session"], &credential).await.status == 200 },
            )
        })
        .collect();
    let mut successes = 0;
    for answer in answers {
        successes += usize::from(answer.await.unwrap());
    }
    assert_eq!(successes, 1);
}

async fn a_deleted_passkey_or_a_closed_pool_ends_it(lab: Lab) {
    let scene = choosing(&lab, all(), false).await;
    let mut jane = owner(&scene, "jane", SoftAuthenticator::new(ORIGIN)).await;
    let asked = prefer(&scene, "jane", "WEB_AUTHN").await.ok();
    let token = scene.tokens("jane").await["AccessToken"].clone();
    let delete = json!({"AccessToken": token, "CredentialId": jane.id()});
    lab.call("DeleteWebAuthnCredential", delete).await.ok();
    let credential = jane.get(&options(&asked));
    answer(&scene, "jane", &asked["Session"], &credential).await.refused(INCORRECT.0, INCORRECT.1);
    assert_eq!(prefer(&scene, "jane", "WEB_AUTHN").await.ok()["ChallengeName"], "SELECT_CHALLENGE");
    let mut june = owner(&scene, "june", SoftAuthenticator::new(ORIGIN)).await;
    let asked = prefer(&scene, "june", "WEB_AUTHN").await.ok();
    let settings = json!({"WebAuthnConfiguration": {"RelyingPartyId": "example.org"}});
    scene.admin("SetUserPoolMfaConfig", settings).await;
    lab.advance(2);
    let credential = june.get(&options(&asked));
    answer(&scene, "june", &asked["Session"], &credential).await.refused(INCORRECT.0, INCORRECT.1);
}

/// D: with MULTI_FACTOR_WITH_USER_VERIFICATION, a passkey that verifies its user is both factors.
async fn a_passkey_is_both_factors_where_pool_and_user_say_so(lab: Lab) {
    let factors = json!(["PASSWORD", "WEB_AUTHN"]);
    let scene = with(&lab, factors, false, json!({})).await;
    let mut jane = owner(&scene, "jane", SoftAuthenticator::new(ORIGIN)).await;
    let token = scene.tokens("jane").await["AccessToken"].clone();
    let wish = |enabled: bool| json!({"AccessToken": token, "WebAuthnMfaSettings": {"Enabled": enabled}});
    let refused = lab.call("SetUserMFAPreference", wish(true)).await.error();
    assert_eq!(refused.0, "InvalidParameterException", "the pool does not say so");
    let both = json!({"WebAuthnConfiguration": {"RelyingPartyId": "example.com", "FactorConfiguration": "MULTI_FACTOR_WITH_USER_VERIFICATION"}});
    let totp = json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    scene.admin("SetUserPoolMfaConfig", merged(both, totp)).await;
    lab.advance(2);
    let refused = lab.call("SetUserMFAPreference", wish(true)).await.error();
    assert_eq!(refused.0, "InvalidParameterException", "the user has no other factor");
    assert_eq!(prefer(&scene, "jane", "WEB_AUTHN").await.ok()["ChallengeName"], "SELECT_CHALLENGE");
    let secret = lab.call("AssociateSoftwareToken", json!({"AccessToken": token})).await.ok();
    let code = totp_code(&lab, secret["SecretCode"].as_str().unwrap(), 0);
    lab.call("VerifySoftwareToken", json!({"AccessToken": token, "UserCode": code})).await.ok();
    let app = json!({"AccessToken": token, "SoftwareTokenMfaSettings": {"Enabled": true}});
    lab.call("SetUserMFAPreference", app).await.ok();
    assert_eq!(prefer(&scene, "jane", "WEB_AUTHN").await.ok()["ChallengeName"], "SELECT_CHALLENGE");
    lab.call("SetUserMFAPreference", wish(true)).await.ok();
    let asked = prefer(&scene, "jane", "WEB_AUTHN").await.ok();
    assert_eq!(options(&asked)["userVerification"], "required");
    // Who only touched it has given one factor.
    let flags = jane.flags;
    jane.flags = USER_PRESENT;
    let touched = jane.get(&options(&asked));
    answer(&scene, "jane", &asked["Session"], &touched).await.refused(INCORRECT.0, INCORRECT.1);
    jane.flags = flags;
    let verified = jane.get(&options(&asked));
    assert!(has_tokens(&answer(&scene, "jane", &asked["Session"], &verified).await.ok()));
}

/// Case 36: a passkey that was both factors, or the only one, is no more than one when pool or user have changed meanwhile.
async fn case_36_a_passkey_spares_no_factor_that_came_meanwhile(lab: Lab) {
    let scene = with(&lab, json!(["PASSWORD", "WEB_AUTHN"]), false, json!({})).await;
    let mut jane = owner(&scene, "jane", SoftAuthenticator::new(ORIGIN)).await;
    let token = scene.tokens("jane").await["AccessToken"].clone();
    let before = prefer(&scene, "jane", "WEB_AUTHN").await.ok();
    let both = |factors: &str| json!({"WebAuthnConfiguration": {"RelyingPartyId": "example.com", "FactorConfiguration": factors}});
    let totp = json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    let multi = merged(both("MULTI_FACTOR_WITH_USER_VERIFICATION"), totp.clone());
    scene.admin("SetUserPoolMfaConfig", multi.clone()).await;
    lab.advance(2);
    let secret = lab.call("AssociateSoftwareToken", json!({"AccessToken": token})).await.ok();
    let code = totp_code(&lab, secret["SecretCode"].as_str().unwrap(), 0);
    lab.call("VerifySoftwareToken", json!({"AccessToken": token, "UserCode": code})).await.ok();
    let on = json!({"AccessToken": token, "SoftwareTokenMfaSettings": {"Enabled": true}});
    lab.call("SetUserMFAPreference", on).await.ok();
    // Begun when there was no second factor.
    let credential = jane.get(&options(&before));
    answer(&scene, "jane", &before["Session"], &credential).await.refused(INCORRECT.0, INCORRECT.1);
    let on = json!({"AccessToken": token, "WebAuthnMfaSettings": {"Enabled": true}});
    lab.call("SetUserMFAPreference", on).await.ok();
    let during = prefer(&scene, "jane", "WEB_AUTHN").await.ok();
    assert_eq!(during["ChallengeName"], "WEB_AUTHN");
    scene.admin("SetUserPoolMfaConfig", merged(both("SINGLE_FACTOR"), totp)).await;
    lab.advance(2);
    let credential = jane.get(&options(&during));
    answer(&scene, "jane", &during["Session"], &credential).await.refused(INCORRECT.0, INCORRECT.1);
    assert_eq!(prefer(&scene, "jane", "WEB_AUTHN").await.ok()["ChallengeName"], "SELECT_CHALLENGE");
    // A user whom an administrator takes the setting from.
    scene.admin("SetUserPoolMfaConfig", multi).await;
    lab.advance(2);
    let during = prefer(&scene, "jane", "WEB_AUTHN").await.ok();
    assert_eq!(during["ChallengeName"], "WEB_AUTHN");
    let off = json!({"Username": "jane", "WebAuthnMfaSettings": {"Enabled": false}});
    scene.admin("AdminSetUserMFAPreference", off).await;
    let credential = jane.get(&options(&during));
    answer(&scene, "jane", &during["Session"], &credential).await.refused(INCORRECT.0, INCORRECT.1);
}

both_engines!(
    a_passkey_signs_in,
    what_is_anothers_is_refused_and_changes_nothing,
    one_signature_is_good_once_in_parallel,
    a_deleted_passkey_or_a_closed_pool_ends_it,
    a_passkey_is_both_factors_where_pool_and_user_say_so,
    case_36_a_passkey_spares_no_factor_that_came_meanwhile
);
