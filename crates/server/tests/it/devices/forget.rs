//! A device that is forgotten takes its sign-ins with it.

use super::{
    NO_KEY, NOT_GIVEN, REVOKED, UNKNOWN, admin, confirm, confirmed, key, own, tracking, with_client,
};
use crate::{
    lab::{Lab, MASTER_KEY},
    scene::{Scene, merged},
};
use serde_json::{Value, json};

async fn refresh(scene: &Scene, tokens: &Value, key: &str) -> crate::lab::Answer {
    let parameters = json!({"REFRESH_TOKEN": tokens["RefreshToken"], "DEVICE_KEY": key});
    scene.initiate("REFRESH_TOKEN_AUTH", parameters).await
}

async fn a_lost_device_goes_on_by_no_token(lab: Lab) {
    let scene = tracking(&lab).await;
    // A client that does not revoke tokens issues access tokens that name no grant.
    let unrevoked = with_client(&scene, json!({"EnableTokenRevocation": false})).await;
    for scene in [&scene, &unrevoked] {
        for by_admin in [false, true] {
            let (lost, key) = confirmed(scene, "jane").await;
            let (other, other_key) = confirmed(scene, "jane").await;
            let later = refresh(scene, &lost, &key).await.ok()["AuthenticationResult"].clone();
            let forget = json!({"DeviceKey": key});
            let answer = match by_admin {
                true => admin(scene, "AdminForgetDevice", "jane", forget.clone()).await,
                false => {
                    let request = merged(json!({"AccessToken": other["AccessToken"]}), forget.clone());
                    lab.call_with("ForgetDevice", request, &[("authorization", "Bearer x")]).await
                }
            };
            assert_eq!((answer.status.as_u16(), answer.json()), (200, Value::Null));
            for tokens in [&lost, &later] {
                own(scene, "GetUser", tokens, json!({})).await.refused(REVOKED.0, REVOKED.1);
                confirm(
                    scene,
                    &merged(lost.clone(), json!({"AccessToken": tokens["AccessToken"]})),
                    Value::Null,
                )
                .await
                .refused(REVOKED.0, REVOKED.1);
            }
            assert_eq!(refresh(scene, &lost, &key).await.error().0, "NotAuthorizedException");
            // The other device goes on.
            own(scene, "GetUser", &other, json!({})).await.ok();
            refresh(scene, &other, &other_key).await.ok();
            own(scene, "ForgetDevice", &other, forget.clone()).await.refused(UNKNOWN.0, UNKNOWN.1);
            admin(scene, "AdminForgetDevice", "jane", forget).await.refused(UNKNOWN.0, UNKNOWN.1);
        }
    }
}

async fn a_client_that_forgets_its_own_device_signs_in_anew(lab: Lab) {
    let scene = tracking(&lab).await;
    let (tokens, own_key) = confirmed(&scene, "jane").await;
    own(&scene, "ForgetDevice", &tokens, json!({"DeviceKey": own_key})).await.ok();
    own(&scene, "GetUser", &tokens, json!({})).await.refused(REVOKED.0, REVOKED.1);
    let (again, new_key) = confirmed(&scene, "jane").await;
    assert_ne!(new_key, own_key);
    assert_eq!(key(&again), new_key);
}

async fn nobody_forgets_anothers_device(lab: Lab) {
    let scene = tracking(&lab).await;
    scene.user("mary", json!([])).await;
    let (jane, key) = confirmed(&scene, "jane").await;
    let (mary, _) = confirmed(&scene, "mary").await;
    for key in [&*key, NO_KEY] {
        let forget = json!({"DeviceKey": key});
        own(&scene, "ForgetDevice", &mary, forget.clone()).await.refused(UNKNOWN.0, UNKNOWN.1);
        admin(&scene, "AdminForgetDevice", "mary", forget).await.refused(UNKNOWN.0, UNKNOWN.1);
    }
    own(&scene, "GetUser", &jane, json!({})).await.ok();
    refresh(&scene, &jane, &key).await.ok();
}

/// Of a confirmation and a forgetting of one device in parallel, whatever comes first, no forgotten device is left with
/// a verifier.
async fn a_device_is_not_confirmed_again_while_it_is_forgotten(lab: Lab) {
    let scene = tracking(&lab).await;
    let there = Scene { lab: lab.another(MASTER_KEY, |_| {}).await.unwrap(), ..scene.clone() };
    for _ in 0..10 {
        let (lost, key) = confirmed(&scene, "jane").await;
        let forget = json!({"DeviceKey": key});
        let (forgotten, again) = tokio::join!(
            admin(&scene, "AdminForgetDevice", "jane", forget.clone()),
            confirm(&there, &lost, Value::Null)
        );
        forgotten.ok();
        let (name, text) = again.error();
        let expected = [("DeviceKeyExistsException", "Device already exists."), NOT_GIVEN, REVOKED];
        assert!(expected.contains(&(&*name, &*text)), "{name} {text}");
        admin(&scene, "AdminGetDevice", "jane", forget).await.refused(UNKNOWN.0, UNKNOWN.1);
    }
}

both_engines!(
    a_lost_device_goes_on_by_no_token,
    a_client_that_forgets_its_own_device_signs_in_anew,
    nobody_forgets_anothers_device,
    a_device_is_not_confirmed_again_while_it_is_forgotten,
);
