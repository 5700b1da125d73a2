//! A refresh token of a device is good in the hands of that device alone.

use super::{NO_KEY, admin, always, confirm, confirmed, key, tracking, update_pool, with_client};
use crate::{
    lab::{Answer, Lab},
    scene::{Scene, claims, merged},
};
use serde_json::{Value, json};

const INVALID: (&str, &str) = ("NotAuthorizedException", "Invalid Refresh Token");
const WAYS: [&str; 3] = ["InitiateAuth", "AdminInitiateAuth", "GetTokensFromRefreshToken"];

async fn refresh(scene: &Scene, way: &str, token: &Value, device: &Value) -> Answer {
    let client = json!({"ClientId": scene.client});
    let parameters = json!({"REFRESH_TOKEN": token, "DEVICE_KEY": device});
    let flow = json!({"AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": parameters});
    match way {
        "InitiateAuth" => scene.lab.call(way, merged(client, flow)).await,
        "AdminInitiateAuth" => {
            scene.lab.admin(way, merged(merged(client, flow), json!({"UserPoolId": scene.pool}))).await
        }
        _ => {
            let request = json!({"RefreshToken": token, "DeviceKey": device});
            scene.lab.call(way, merged(client, request)).await
        }
    }
}

fn result(answer: &Answer) -> Value {
    answer.ok()["AuthenticationResult"].clone()
}

/// A client that rotates refresh tokens takes them by GetTokensFromRefreshToken alone.
async fn rotating(lab: &Lab, grace: i64) -> Scene {
    let rotation = json!({"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
        "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": grace}});
    let scene = Scene::with(lab, always(), rotation).await;
    scene.user("jane", json!([])).await;
    scene
}

async fn the_device_that_signed_in_refreshes(lab: Lab) {
    let scene = tracking(&lab).await;
    scene.user("mary", json!([])).await;
    let (_, marys) = confirmed(&scene, "mary").await;
    let (_, another) = confirmed(&scene, "jane").await;
    // Whether the device was confirmed makes no difference.
    for is_confirmed in [false, true] {
        let tokens = scene.tokens("jane").await;
        if is_confirmed {
            confirm(&scene, &tokens, Value::Null).await.ok();
        }
        let (token, own) = (&tokens["RefreshToken"], key(&tokens));
        let upper = json!(own.as_str().unwrap().to_uppercase());
        for way in WAYS {
            for wrong in [
                Value::Null,
                json!(NO_KEY),
                json!(marys),
                json!(another),
                upper.clone(),
                json!("us-east-1_0"),
            ] {
                let answer = refresh(&scene, way, token, &wrong).await;
                let (name, text) = answer.error();
                // The pattern of a member refuses what a map's value may be.
                let is_form = way == "GetTokensFromRefreshToken" && wrong == upper;
                assert!(
                    (&*name, &*text) == INVALID || is_form && name == "InvalidParameterException",
                    "{way} {text}"
                );
            }
            let fresh = result(&refresh(&scene, way, token, &own).await);
            assert!(fresh.get("NewDeviceMetadata").is_none());
            assert_eq!(claims(&fresh["AccessToken"])["device_key"], own);
            assert!(claims(&fresh["IdToken"]).get("device_key").is_none());
        }
    }
}

async fn a_forgotten_device_refreshes_nothing(lab: Lab) {
    let scene = tracking(&lab).await;
    for way in WAYS {
        let (tokens, key) = confirmed(&scene, "jane").await;
        admin(&scene, "AdminForgetDevice", "jane", json!({"DeviceKey": key})).await.ok();
        for said in [json!(key), Value::Null] {
            let (name, _) = refresh(&scene, way, &tokens["RefreshToken"], &said).await.error();
            assert_eq!(name, "NotAuthorizedException");
        }
    }
    let rotating = rotating(&lab, 60).await;
    let (tokens, key) = confirmed(&rotating, "jane").await;
    let next = result(&refresh(&rotating, WAYS[2], &tokens["RefreshToken"], &json!(key)).await);
    admin(&rotating, "AdminForgetDevice", "jane", json!({"DeviceKey": key})).await.ok();
    for tokens in [&tokens, &next] {
        let (name, _) = refresh(&rotating, WAYS[2], &tokens["RefreshToken"], &json!(key)).await.error();
        assert_eq!(name, "NotAuthorizedException");
    }
}

/// Sign-ins from before the pool tracked devices have none, and those of a pool that tracks none any more need none.
async fn tracking_is_turned_on_and_off(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let before = scene.tokens("jane").await;
    update_pool(&scene, always()).await;
    let during = scene.tokens("jane").await;
    for way in WAYS {
        let fresh = result(&refresh(&scene, way, &before["RefreshToken"], &Value::Null).await);
        assert!(fresh.get("NewDeviceMetadata").is_none());
        assert!(claims(&fresh["AccessToken"]).get("device_key").is_none());
        refresh(&scene, way, &before["RefreshToken"], &key(&during)).await.ok();
        refresh(&scene, way, &during["RefreshToken"], &Value::Null).await.refused(INVALID.0, INVALID.1);
    }
    update_pool(&scene, json!({})).await;
    for way in WAYS {
        refresh(&scene, way, &during["RefreshToken"], &Value::Null).await.ok();
        refresh(&scene, way, &during["RefreshToken"], &json!(NO_KEY)).await.ok();
    }
    update_pool(&scene, always()).await;
    refresh(&scene, WAYS[0], &during["RefreshToken"], &Value::Null).await.refused(INVALID.0, INVALID.1);
    refresh(&scene, WAYS[0], &during["RefreshToken"], &key(&during)).await.ok();
}

async fn a_wrong_device_rotates_nothing(lab: Lab) {
    let scene = rotating(&lab, 10).await;
    let first = scene.tokens("jane").await;
    let (own, way) = (key(&first), WAYS[2]);
    for _ in 0..3 {
        for wrong in [Value::Null, json!(NO_KEY)] {
            refresh(&scene, way, &first["RefreshToken"], &wrong).await.refused(INVALID.0, INVALID.1);
        }
    }
    let second = result(&refresh(&scene, way, &first["RefreshToken"], &own).await);
    assert!(second.get("NewDeviceMetadata").is_none());
    // Within the grace period the old one brings the present one again, to its device alone.
    refresh(&scene, way, &first["RefreshToken"], &Value::Null).await.refused(INVALID.0, INVALID.1);
    let again = result(&refresh(&scene, way, &first["RefreshToken"], &own).await);
    assert_eq!(again["RefreshToken"], second["RefreshToken"]);
    refresh(&scene, way, &second["RefreshToken"], &json!(NO_KEY)).await.refused(INVALID.0, INVALID.1);
    let third = result(&refresh(&scene, way, &second["RefreshToken"], &own).await);
    assert_eq!(claims(&third["AccessToken"])["device_key"], own);
}

/// Whoever brings a token that was used before may have stolen it, and does not say from which device.
async fn reuse_ends_the_family_whatever_the_device(lab: Lab) {
    for said in [Value::Null, json!(NO_KEY), json!("own")] {
        let scene = rotating(&lab, 0).await;
        let first = scene.tokens("jane").await;
        let (own, way) = (key(&first), WAYS[2]);
        let second = result(&refresh(&scene, way, &first["RefreshToken"], &own).await);
        let said = if said == "own" { own.clone() } else { said };
        let (name, _) = refresh(&scene, way, &first["RefreshToken"], &said).await.error();
        assert_eq!(name, "RefreshTokenReuseException");
        let (name, text) = refresh(&scene, way, &second["RefreshToken"], &own).await.error();
        assert_eq!((&*name, &*text), ("NotAuthorizedException", "Refresh Token has been revoked"));
    }
}

async fn parallel_refreshes_of_one_device_rotate_once(lab: Lab) {
    let scene = rotating(&lab, 60).await;
    let first = scene.tokens("jane").await;
    let calls = (0..8).map(|n| {
        let (scene, token) = (scene.clone(), first["RefreshToken"].clone());
        let said = if n % 2 == 0 { key(&first) } else { json!(NO_KEY) };
        tokio::spawn(async move { (n, refresh(&scene, WAYS[2], &token, &said).await) })
    });
    let mut next = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        let (n, answer) = call.await.unwrap();
        if n % 2 == 0 {
            next.push(result(&answer)["RefreshToken"].clone());
        } else {
            answer.refused(INVALID.0, INVALID.1);
        }
    }
    assert!(next.iter().all(|token| *token == next[0]));
}

/// Another client's token stays another client's, with the right device too.
async fn a_device_opens_no_other_clients_token(lab: Lab) {
    let scene = tracking(&lab).await;
    let other = with_client(&scene, json!({})).await;
    let tokens = scene.tokens("jane").await;
    for way in WAYS {
        let answer = refresh(&other, way, &tokens["RefreshToken"], &key(&tokens)).await;
        answer.refused(INVALID.0, INVALID.1);
    }
}

both_engines!(
    the_device_that_signed_in_refreshes,
    a_forgotten_device_refreshes_nothing,
    tracking_is_turned_on_and_off,
    a_wrong_device_rotates_nothing,
    reuse_ends_the_family_whatever_the_device,
    parallel_refreshes_of_one_device_rotate_once,
    a_device_opens_no_other_clients_token,
);
