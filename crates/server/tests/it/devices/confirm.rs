//! ConfirmDevice: only the device that one's own sign-in was given, once, by a verifier that can be one.

use super::{
    NO_KEY, NOT_GIVEN, REVOKED, UNKNOWN, admin, confirm, confirmed, key, on_prompt, own, tracking,
    update_pool,
};
use crate::{
    lab::{Lab, MASTER_KEY},
    scene::{PASSWORD, Scene, merged, timestamp},
    srp_client::{DeviceClient, SrpClient},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cognate::users::devices::group_key;
use rules::{
    ids::{PoolId, Sub},
    sign_in::srp::{Exchange, Owner, PublicValue},
    user::device::{DEVICES_PER_USER_MAX, Device},
};
use serde_json::{Value, json};

const BAD_VERIFIER: (&str, &str) = ("InvalidParameterException", "Invalid device secret verifier given.");

async fn stored(scene: &Scene, sub: &str, key: &str) -> Option<Device> {
    let (pool_id, sub, key) = (PoolId::from(scene.pool.clone()), Sub::from(sub.to_owned()), key.to_owned());
    scene.lab.app.db.read(move |tx| store::devices::find(tx, &pool_id, &sub, &key)).await.unwrap()
}

async fn a_device_is_confirmed_and_can_prove_itself(lab: Lab) {
    let scene = Scene::with(&lab, super::always(), json!({})).await;
    let sub = scene.user("jane", json!([])).await;
    let tokens = scene.tokens("jane").await;
    let device = DeviceClient::new(&tokens["NewDeviceMetadata"]);
    let request = json!({"AccessToken": tokens["AccessToken"], "DeviceKey": device.key,
        "DeviceSecretVerifierConfig": device.verifier_config(), "DeviceName": "Jane's phone"});
    // pycognito sends the access token in a header too, which counts for nothing.
    for header in ["Bearer nonsense", "Basic amFuZTpwdw=="] {
        let mut wrong = request.clone();
        wrong["DeviceKey"] = NO_KEY.into();
        let answer = lab.call_with("ConfirmDevice", wrong, &[("authorization", header)]).await;
        answer.refused(NOT_GIVEN.0, NOT_GIVEN.1);
    }
    let header = format!("Bearer {}", tokens["AccessToken"].as_str().unwrap());
    let answer = lab.call_with("ConfirmDevice", request, &[("authorization", &header)]).await.ok();
    assert_eq!(answer, json!({"UserConfirmationNecessary": false}));

    let kept = stored(&scene, &sub, &device.key).await.unwrap();
    assert_eq!(group_key(&lab.app, &kept.pool_id, &kept.sub, &kept.key), device.group_key);
    let context = Device::verifier_context(&kept.pool_id, &kept.sub, &kept.key);
    let v = lab.app.vault.open(&context, &kept.detail.srp_verifier).unwrap();
    let exchange = Exchange::new(&v, &mut lab.app.random());
    let (client, block, now) = (SrpClient::new(), [7; 40], timestamp(&lab));
    let asked = json!({"SALT": kept.detail.srp_salt, "SRP_B": exchange.big_b.to_hex(), "SECRET_BLOCK": STANDARD.encode(block)});
    let session_key = exchange.session_key(&PublicValue::parse(&client.srp_a()).unwrap(), &v).unwrap();
    let owner = Owner::device(&device.group_key, &device.key);
    let expected = STANDARD.encode(session_key.signature(owner, &block, &now));
    let sign = |password: &str| client.signature([&device.group_key, &device.key], &asked, password, &now);
    assert_eq!(sign(&device.password), expected);
    assert_ne!(sign("another"), expected);
}

async fn a_device_is_confirmed_once(lab: Lab) {
    let scene = tracking(&lab).await;
    let tokens = scene.tokens("jane").await;
    let other = lab.another(MASTER_KEY, |_| {}).await.unwrap();
    let there = Scene { lab: other, ..scene.clone() };
    let calls = (0..6).map(|n| {
        let (scene, tokens) = (if n % 2 == 0 { scene.clone() } else { there.clone() }, tokens.clone());
        tokio::spawn(async move { confirm(&scene, &tokens, json!(format!("phone {n}"))).await })
    });
    let (mut confirmed, mut refused) = (0, 0);
    for call in calls.collect::<Vec<_>>() {
        let answer = call.await.unwrap();
        if answer.status == 200 {
            confirmed += 1;
        } else if answer.error().0 == "DeviceKeyExistsException" {
            refused += 1;
        }
    }
    assert_eq!((confirmed, refused), (1, 5));
    confirm(&scene, &tokens, Value::Null).await.refused("DeviceKeyExistsException", "Device already exists.");
    assert_eq!(
        admin(&scene, "AdminListDevices", "jane", json!({})).await.ok()["Devices"].as_array().unwrap().len(),
        1
    );
}

async fn nobody_confirms_what_their_sign_in_was_not_given(lab: Lab) {
    let scene = tracking(&lab).await;
    scene.user("mary", json!([])).await;
    let (jane, again, mary) =
        (scene.tokens("jane").await, scene.tokens("jane").await, scene.tokens("mary").await);
    let config = DeviceClient::new(&jane["NewDeviceMetadata"]).verifier_config();
    let folded = key(&jane).as_str().unwrap().replace("us-east", "US-EAST");
    for (tokens, key) in [
        (&mary, key(&jane)),
        (&again, key(&jane)),
        (&jane, key(&mary)),
        (&jane, json!(NO_KEY)),
        (&jane, json!(folded)),
        (&jane, json!("a_0")),
    ] {
        let request = json!({"DeviceKey": key, "DeviceSecretVerifierConfig": config});
        own(&scene, "ConfirmDevice", tokens, request).await.refused(NOT_GIVEN.0, NOT_GIVEN.1);
    }
    // A refreshed access token is of the same sign-in.
    let refresh =
        json!({"ClientId": scene.client, "RefreshToken": jane["RefreshToken"], "DeviceKey": key(&jane)});
    let fresh = lab.call("GetTokensFromRefreshToken", refresh).await.ok()["AuthenticationResult"].clone();
    assert!(fresh.get("NewDeviceMetadata").is_none());
    let fresh = merged(jane.clone(), json!({"AccessToken": fresh["AccessToken"]}));
    confirm(&scene, &fresh, Value::Null).await.ok();
    // The same key in another user's hands is no device.
    for operation in ["GetDevice", "ForgetDevice"] {
        own(&scene, operation, &mary, json!({"DeviceKey": key(&jane)})).await.refused(UNKNOWN.0, UNKNOWN.1);
    }
    let status = json!({"DeviceKey": key(&jane), "DeviceRememberedStatus": "not_remembered"});
    own(&scene, "UpdateDeviceStatus", &mary, status).await.refused(UNKNOWN.0, UNKNOWN.1);
    own(&scene, "GetDevice", &jane, json!({"DeviceKey": key(&jane)})).await.ok();
}

async fn what_cannot_be_a_verifier_is_refused(lab: Lab) {
    let scene = tracking(&lab).await;
    let tokens = scene.tokens("jane").await;
    let good = DeviceClient::new(&tokens["NewDeviceMetadata"]).verifier_config();
    let key = key(&tokens);
    let with = |verifier: Value, salt: Value| json!({"PasswordVerifier": verifier, "Salt": salt});
    let (v, salt) = (good["PasswordVerifier"].clone(), good["Salt"].clone());
    for config in [
        Value::Null,
        json!({}),
        with(v.clone(), Value::Null),
        with(Value::Null, salt.clone()),
        with(json!(""), salt.clone()),
        with(v.clone(), json!("")),
        with(json!("AA=="), salt.clone()),
        with(json!("AQ=="), salt.clone()),
        with(json!(STANDARD.encode([255; 384])), salt.clone()),
        with(json!(STANDARD.encode([1; 400])), salt.clone()),
        with(json!("\u{e4}\u{0}"), salt.clone()),
        with(v.clone(), json!("*")),
        with(json!("A".repeat(100_000)), salt.clone()),
        with(v.clone(), json!("A".repeat(100_000))),
    ] {
        let request = json!({"DeviceKey": key, "DeviceSecretVerifierConfig": config});
        own(&scene, "ConfirmDevice", &tokens, request).await.refused(BAD_VERIFIER.0, BAD_VERIFIER.1);
    }
    for (member, value) in [
        ("DeviceKey", json!("")),
        ("DeviceKey", json!("no key")),
        ("DeviceKey", json!(format!("us-east-1_{}", "0".repeat(46)))),
        ("DeviceKey", json!(5)),
        ("DeviceKey", Value::Null),
        ("DeviceName", json!("")),
        ("DeviceName", json!("x".repeat(1_025))),
        ("DeviceName", json!({})),
        ("DeviceSecretVerifierConfig", json!("text")),
        ("DeviceSecretVerifierConfig", json!({"PasswordVerifier": 5})),
    ] {
        let mut request = json!({"DeviceKey": key, "DeviceSecretVerifierConfig": good});
        request[member] = value;
        let (name, _) = own(&scene, "ConfirmDevice", &tokens, request).await.error();
        assert!(
            ["InvalidParameterException", "SerializationException"].contains(&&*name),
            "{member}: {name}"
        );
    }
    confirm(&scene, &tokens, Value::Null).await.ok();
}

async fn names_are_kept_as_they_are(lab: Lab) {
    let scene = tracking(&lab).await;
    for name in ["\u{dc}bergr\u{f6}\u{df}e \u{1f4f1}", &"\u{1f4f1}".repeat(512), "a\u{0}b\"\\", "<b>"] {
        let tokens = scene.tokens("jane").await;
        confirm(&scene, &tokens, json!(name)).await.ok();
        let device = own(&scene, "GetDevice", &tokens, json!({"DeviceKey": key(&tokens)})).await.ok();
        let shown = device["Device"]["DeviceAttributes"].as_array().unwrap();
        assert!(shown.contains(&json!({"Name": "device_name", "Value": name})), "{device}");
    }
}

async fn a_pool_that_tracks_none_confirms_none(lab: Lab) {
    let scene = tracking(&lab).await;
    let (before, (known, key)) = (scene.tokens("jane").await, confirmed(&scene, "jane").await);
    update_pool(&scene, json!({})).await;
    confirm(&scene, &before, Value::Null).await.refused(NOT_GIVEN.0, NOT_GIVEN.1);
    let without = scene.tokens("jane").await;
    let request = json!({"DeviceKey": NO_KEY});
    own(&scene, "ConfirmDevice", &without, request).await.refused(NOT_GIVEN.0, NOT_GIVEN.1);
    // What was confirmed before is still shown, and can be forgotten.
    own(&scene, "GetDevice", &without, json!({"DeviceKey": key})).await.ok();
    own(&scene, "ForgetDevice", &without, json!({"DeviceKey": key})).await.ok();
    own(&scene, "GetUser", &known, json!({})).await.refused(REVOKED.0, REVOKED.1);
}

async fn an_opt_in_pool_waits_for_the_user(lab: Lab) {
    let scene = Scene::with(&lab, on_prompt(), json!({})).await;
    scene.user("jane", json!([])).await;
    let tokens = scene.tokens("jane").await;
    let answer = confirm(&scene, &tokens, Value::Null).await.ok();
    assert_eq!(answer, json!({"UserConfirmationNecessary": true}));
    let status = async || {
        let asked = json!({"DeviceKey": key(&tokens)});
        let device = admin(&scene, "AdminGetDevice", "jane", asked).await.ok()["Device"].clone();
        let shown = device["DeviceAttributes"].as_array().unwrap();
        shown.iter().find(|a| a["Name"] == "dev:device_remembered_status").unwrap()["Value"].clone()
    };
    assert_eq!(status().await, "not_remembered");
    let listed = async || own(&scene, "ListDevices", &tokens, json!({})).await.ok()["Devices"].clone();
    assert_eq!(listed().await, json!([]));
    for wanted in ["remembered", "not_remembered", "remembered"] {
        let request = json!({"DeviceKey": key(&tokens), "DeviceRememberedStatus": wanted});
        assert_eq!(own(&scene, "UpdateDeviceStatus", &tokens, request).await.ok(), json!({}));
        assert_eq!(status().await, wanted);
    }
    assert_eq!(listed().await.as_array().unwrap().len(), 1);
    let request = json!({"DeviceKey": key(&tokens), "DeviceRememberedStatus": "not_remembered"});
    admin(&scene, "AdminUpdateDeviceStatus", "jane", request).await.ok();
    assert_eq!(listed().await, json!([]));
    for (status, key) in [("forgotten", key(&tokens)), ("remembered", json!(NO_KEY))] {
        let request = json!({"DeviceKey": key, "DeviceRememberedStatus": status});
        for answer in [
            own(&scene, "UpdateDeviceStatus", &tokens, request.clone()).await,
            admin(&scene, "AdminUpdateDeviceStatus", "jane", request.clone()).await,
        ] {
            let expected = if status == "forgotten" { "InvalidParameterException" } else { UNKNOWN.0 };
            assert_eq!(answer.error().0, expected);
        }
    }
    let silent = json!({"DeviceKey": key(&tokens)});
    let missing = ("InvalidParameterException", "Missing required parameter DeviceRememberedStatus");
    own(&scene, "UpdateDeviceStatus", &tokens, silent).await.refused(missing.0, missing.1);
}

async fn who_may_not_sign_in_confirms_nothing(lab: Lab) {
    let scene = tracking(&lab).await;
    scene.user("mary", json!([])).await;
    let (jane, mary) = (scene.tokens("jane").await, scene.tokens("mary").await);
    scene.admin("AdminDisableUser", json!({"Username": "jane"})).await;
    assert_eq!(confirm(&scene, &jane, Value::Null).await.error().0, "NotAuthorizedException");
    scene.admin("AdminEnableUser", json!({"Username": "jane"})).await;
    confirm(&scene, &jane, Value::Null).await.refused(REVOKED.0, REVOKED.1);
    scene.admin("AdminDeleteUser", json!({"Username": "mary"})).await;
    assert_eq!(confirm(&scene, &mary, Value::Null).await.error().0, "UserNotFoundException");
    // Who comes after under the same name inherits nothing.
    scene.user("mary", json!([])).await;
    admin(&scene, "AdminGetDevice", "mary", json!({"DeviceKey": key(&mary)}))
        .await
        .refused(UNKNOWN.0, UNKNOWN.1);
    for token in [json!("garbage"), jane["IdToken"].clone(), jane["RefreshToken"].clone()] {
        let tokens = json!({"AccessToken": token, "NewDeviceMetadata": jane["NewDeviceMetadata"]});
        assert_eq!(confirm(&scene, &tokens, Value::Null).await.error().0, "NotAuthorizedException");
    }
}

async fn a_device_too_many_takes_the_place_of_the_one_that_signed_in_least_lately(lab: Lab) {
    let scene = Scene::with(&lab, super::always(), json!({})).await;
    let sub = scene.user("jane", json!([])).await;
    let (first, oldest) = confirmed(&scene, "jane").await;
    let model = stored(&scene, &sub, &oldest).await.unwrap();
    let now = lab.app.now();
    lab.app
        .db
        .write(move |tx| {
            for n in 1..DEVICES_PER_USER_MAX {
                let mut device = model.clone();
                device.key = format!("us-east-1_{n:08x}");
                device.detail.authenticated_at = now + n;
                assert!(store::devices::insert(tx, &device)?);
            }
            Ok::<_, store::Error>(())
        })
        .await
        .unwrap();
    lab.advance(1);
    let (_, newest) = confirmed(&scene, "jane").await;
    assert!(stored(&scene, &sub, &oldest).await.is_none());
    assert!(stored(&scene, &sub, &newest).await.is_some());
    let (pool_id, sub) = (PoolId::from(scene.pool.clone()), Sub::from(sub));
    let count = lab.app.db.read(move |tx| store::devices::count(tx, &pool_id, &sub)).await.unwrap();
    assert_eq!(count, DEVICES_PER_USER_MAX);
    // Its sign-in goes on; it was not lost.
    own(&scene, "GetUser", &first, json!({})).await.ok();
    assert_eq!(scene.sign_in("jane", PASSWORD).await.status, 200);
}

both_engines!(
    a_device_is_confirmed_and_can_prove_itself,
    a_device_is_confirmed_once,
    nobody_confirms_what_their_sign_in_was_not_given,
    what_cannot_be_a_verifier_is_refused,
    names_are_kept_as_they_are,
    a_pool_that_tracks_none_confirms_none,
    an_opt_in_pool_waits_for_the_user,
    who_may_not_sign_in_confirms_nothing,
    a_device_too_many_takes_the_place_of_the_one_that_signed_in_least_lately,
);
