//! What a sign-in gives a device, and what tokens and functions are told of it.

use super::{always, key, on_prompt, tracking, update_pool};
use crate::{
    lab::Lab,
    scene::{PASSWORD, Scene, claims, totp_code},
    triggers::stand_in::{Reply, StandIn},
};
use serde_json::{Value, json};

fn is_key(text: &Value) -> bool {
    let (region, uuid) = text.as_str().unwrap().split_once('_').unwrap();
    region == "us-east-1"
        && uuid.len() == 36
        && uuid.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'-'))
}

fn is_group_key(text: &Value) -> bool {
    let text = text.as_str().unwrap();
    text.len() == 9 && text.starts_with('-') && text[1..].bytes().all(|b| b.is_ascii_alphanumeric())
}

async fn every_sign_in_is_given_a_device_of_its_own(lab: Lab) {
    let scene = tracking(&lab).await;
    let (first, second) = (scene.tokens("jane").await, scene.srp("jane", PASSWORD).await.ok());
    let second = second["AuthenticationResult"].clone();
    let by_admin = json!({"ClientId": scene.client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": "jane", "PASSWORD": PASSWORD}});
    let third = scene.admin("AdminInitiateAuth", by_admin).await["AuthenticationResult"].clone();
    for tokens in [&first, &second, &third] {
        let metadata = &tokens["NewDeviceMetadata"];
        assert!(is_key(&metadata["DeviceKey"]) && is_group_key(&metadata["DeviceGroupKey"]), "{metadata}");
        assert_eq!(claims(&tokens["AccessToken"])["device_key"], metadata["DeviceKey"]);
        assert!(claims(&tokens["IdToken"]).get("device_key").is_none());
    }
    assert_ne!(key(&first), key(&second));
    assert_ne!(key(&second), key(&third));
    let groups =
        [&first, &second, &third].map(|tokens| tokens["NewDeviceMetadata"]["DeviceGroupKey"].clone());
    assert!(groups[0] != groups[1] && groups[1] != groups[2]);
}

async fn a_pool_that_tracks_none_gives_none(lab: Lab) {
    for members in [json!({}), json!({"DeviceConfiguration": {}})] {
        let scene = Scene::with(&lab, members, json!({})).await;
        scene.user("jane", json!([])).await;
        let tokens = scene.tokens("jane").await;
        assert!(tokens.get("NewDeviceMetadata").is_none());
        assert!(claims(&tokens["AccessToken"]).get("device_key").is_none());
        // Turned on, it begins with the next sign-in, and ends when it is turned off.
        update_pool(&scene, on_prompt()).await;
        assert!(is_key(&key(&scene.tokens("jane").await)));
        update_pool(&scene, json!({})).await;
        assert!(scene.tokens("jane").await.get("NewDeviceMetadata").is_none());
    }
}

async fn a_second_factor_comes_before_the_device(lab: Lab) {
    let scene = tracking(&lab).await;
    let totp = json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    scene.admin("SetUserPoolMfaConfig", totp).await;
    lab.advance(2);
    let asked = scene.sign_in("jane", PASSWORD).await.ok();
    assert_eq!(asked["ChallengeName"], "MFA_SETUP");
    assert!(asked.get("AuthenticationResult").is_none());
    let setup = lab.call("AssociateSoftwareToken", json!({"Session": asked["Session"]})).await.ok();
    let code = totp_code(&lab, setup["SecretCode"].as_str().unwrap(), 0);
    let proved =
        lab.call("VerifySoftwareToken", json!({"Session": setup["Session"], "UserCode": code})).await.ok();
    let done = scene.respond("MFA_SETUP", &proved["Session"], json!({"USERNAME": "jane"})).await.ok();
    assert!(is_key(&key(&done["AuthenticationResult"])));
}

async fn functions_are_told_of_a_new_device(lab: Lab) {
    for (members, is_new) in [(always(), true), (on_prompt(), true), (json!({}), false)] {
        let asked = ["PostAuthentication", "PreTokenGeneration"];
        let evil = json!({"claimsOverrideDetails": {"claimsToAddOrOverride": {"device_key": "evil"}}});
        let reply = move |event: &Value| match event["triggerSource"].as_str() {
            Some("TokenGeneration_Authentication") => Reply::With(evil.clone()),
            _ => Reply::Unchanged,
        };
        let (scene, functions) = StandIn::scene(&lab, &asked, (members, json!({})), reply).await;
        scene.user("jane", json!([])).await;
        let tokens = scene.tokens("jane").await;
        assert_eq!(functions.events()[0]["request"]["newDeviceUsed"], is_new);
        assert_eq!(claims(&tokens["AccessToken"])["device_key"], key(&tokens));
        assert!(claims(&tokens["IdToken"]).get("device_key").is_none());
    }
}

both_engines!(
    every_sign_in_is_given_a_device_of_its_own,
    a_pool_that_tracks_none_gives_none,
    a_second_factor_comes_before_the_device,
    functions_are_told_of_a_new_device,
);
