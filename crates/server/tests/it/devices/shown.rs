//! GetDevice, ListDevices and their administrators' twins.

use super::{NO_KEY, UNKNOWN, admin, confirm, confirmed, key, own, tracking};
use crate::{
    lab::{Answer, Lab},
    scene::{claims, merged},
    srp_client::DeviceClient,
};
use axum::http::Request;
use cognate::{http::route::Peer, users::devices};
use rules::ids::{PoolId, Sub};
use serde_json::{Value, json};

async fn from(lab: &Lab, address: [u8; 4], operation: &str, input: &Value, agent: &str) -> Answer {
    let mut request = Request::post("/")
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", format!("AWSCognitoIdentityProviderService.{operation}"))
        .header("user-agent", agent)
        .body(input.to_string().into())
        .unwrap();
    request.extensions_mut().insert(Peer(address.into()));
    lab.send(request).await
}

fn attributes(device: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = device["DeviceAttributes"].as_array().unwrap();
    list.iter().map(|a| (text(&a["Name"]), text(&a["Value"]))).collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

async fn a_device_is_shown_to_its_user_and_to_administrators(lab: Lab) {
    let scene = tracking(&lab).await;
    lab.advance(1);
    let tokens = scene.tokens("jane").await;
    let device = DeviceClient::new(&tokens["NewDeviceMetadata"]);
    lab.advance(5);
    let request = json!({"AccessToken": tokens["AccessToken"], "DeviceKey": device.key, "DeviceName": "phone",
        "DeviceSecretVerifierConfig": device.verifier_config()});
    from(&lab, [192, 0, 2, 7], "ConfirmDevice", &request, "aws-sdk-js/3.758.0 ua/2.1").await.ok();
    let confirmed_at = lab.app.now() / 1_000;
    lab.advance(5);
    let status = json!({"DeviceKey": device.key, "DeviceRememberedStatus": "remembered"});
    own(&scene, "UpdateDeviceStatus", &tokens, status).await.ok();
    let plain = pairs(&[("device_status", "valid"), ("device_name", "phone"), ("last_ip_used", "192.0.2.7")]);
    let (key, pool, account) = (&device.key, &scene.pool, &lab.app.config.account_id);
    let detailed = pairs(&[
        ("device_status", "valid"),
        ("device_name", "phone"),
        (
            "dev:device_arn",
            &format!("arn:aws:cognito-idp:us-east-1:{account}:owner/jane.{pool}/device/{key}"),
        ),
        ("dev:device_owner", &format!("jane.{pool}")),
        ("last_ip_used", "192.0.2.7"),
        ("dev:device_remembered_status", "remembered"),
        ("dev:device_sdk", "aws-sdk-js-3.758.0"),
    ]);
    let asked = json!({"DeviceKey": device.key});
    let got = own(&scene, "GetDevice", &tokens, asked.clone()).await.ok()["Device"].clone();
    let admins = admin(&scene, "AdminGetDevice", "jane", asked).await.ok()["Device"].clone();
    let listed = own(&scene, "ListDevices", &tokens, json!({})).await.ok()["Devices"][0].clone();
    let admins_list = admin(&scene, "AdminListDevices", "jane", json!({})).await.ok()["Devices"][0].clone();
    for (device, expected) in
        [(&got, &detailed), (&admins, &detailed), (&listed, &plain), (&admins_list, &detailed)]
    {
        assert_eq!(attributes(device), *expected);
        assert_eq!(device["DeviceKey"], *key);
        let seconds = |name: &str| device[name].as_f64().unwrap().floor() as i64;
        assert_eq!(seconds("DeviceCreateDate"), confirmed_at);
        assert_eq!(seconds("DeviceLastModifiedDate"), confirmed_at + 5);
        assert_eq!(device["DeviceLastAuthenticatedDate"].as_f64().unwrap(), (confirmed_at - 5) as f64);
        assert!(!device.to_string().contains(&device_secret(&request)));
    }
}

fn device_secret(request: &Value) -> String {
    request["DeviceSecretVerifierConfig"]["PasswordVerifier"].as_str().unwrap()[..40].to_owned()
}

async fn what_is_not_there_is_not_shown(lab: Lab) {
    let scene = tracking(&lab).await;
    let tokens = scene.tokens("jane").await;
    // A device that was given and never confirmed is none.
    for key in [json!(NO_KEY), key(&tokens)] {
        let asked = json!({"DeviceKey": key});
        own(&scene, "GetDevice", &tokens, asked.clone()).await.refused(UNKNOWN.0, UNKNOWN.1);
        admin(&scene, "AdminGetDevice", "jane", asked.clone()).await.refused(UNKNOWN.0, UNKNOWN.1);
    }
    assert_eq!(own(&scene, "ListDevices", &tokens, json!({})).await.ok(), json!({"Devices": []}));
    assert_eq!(admin(&scene, "AdminListDevices", "jane", json!({})).await.ok(), json!({"Devices": []}));
    let missing = ("InvalidParameterException", "Missing required parameter AccessToken");
    for operation in ["GetDevice", "ForgetDevice"] {
        lab.call(operation, json!({"DeviceKey": NO_KEY})).await.refused(missing.0, missing.1);
        let header = [("authorization", "Bearer x")];
        lab.call_with(operation, json!({"DeviceKey": NO_KEY}), &header).await.refused(missing.0, missing.1);
        let null = json!({"AccessToken": null, "DeviceKey": NO_KEY});
        lab.call(operation, null).await.refused(missing.0, missing.1);
    }
    for operation in ["AdminGetDevice", "AdminForgetDevice", "AdminUpdateDeviceStatus", "AdminListDevices"] {
        let members = match operation {
            "AdminListDevices" => json!({}),
            "AdminUpdateDeviceStatus" => {
                json!({"DeviceKey": NO_KEY, "DeviceRememberedStatus": "remembered"})
            }
            _ => json!({"DeviceKey": NO_KEY}),
        };
        let nobody = admin(&scene, operation, "nobody", members.clone()).await;
        assert_eq!(nobody.error().0, unknown_user(operation), "{operation}");
        let elsewhere = merged(json!({"UserPoolId": "us-east-1_None", "Username": "jane"}), members.clone());
        assert_eq!(lab.admin(operation, elsewhere.clone()).await.error().0, "ResourceNotFoundException");
        assert_eq!(lab.call(operation, elsewhere).await.error().0, "MissingAuthenticationTokenException");
    }
}

/// Two models name no error for an unknown user.
fn unknown_user(operation: &str) -> &'static str {
    match operation {
        "AdminGetDevice" | "AdminListDevices" => "ResourceNotFoundException",
        _ => "UserNotFoundException",
    }
}

async fn devices_of_one_pool_are_nothing_in_another(lab: Lab) {
    let (here, there) = (tracking(&lab).await, tracking(&lab).await);
    let (_, key) = confirmed(&here, "jane").await;
    let tokens = there.tokens("jane").await;
    let asked = json!({"DeviceKey": key});
    own(&there, "GetDevice", &tokens, asked.clone()).await.refused(UNKNOWN.0, UNKNOWN.1);
    admin(&there, "AdminGetDevice", "jane", asked.clone()).await.refused(UNKNOWN.0, UNKNOWN.1);
    admin(&there, "AdminForgetDevice", "jane", asked.clone()).await.refused(UNKNOWN.0, UNKNOWN.1);
    admin(&here, "AdminGetDevice", "jane", asked).await.ok();
}

async fn lists_have_pages(lab: Lab) {
    let scene = tracking(&lab).await;
    scene.user("mary", json!([])).await;
    let (mut keys, mut tokens) = (Vec::new(), Value::Null);
    for _ in 0..5 {
        let (last, key) = confirmed(&scene, "jane").await;
        keys.push(key);
        tokens = last;
    }
    keys.sort();
    let (marys, _) = confirmed(&scene, "mary").await;
    confirmed(&scene, "mary").await;
    // One that is not remembered stands between the others, and a user's list leaves it out.
    let status = json!({"DeviceKey": keys[2], "DeviceRememberedStatus": "not_remembered"});
    own(&scene, "UpdateDeviceStatus", &tokens, status).await.ok();
    let remembered: Vec<&String> = keys.iter().filter(|key| **key != keys[2]).collect();

    let listed = async |is_admin: bool, limit: i64| {
        let (mut found, mut token) = (Vec::new(), Value::Null);
        loop {
            let members = json!({"Limit": limit, "PaginationToken": token});
            let page = match is_admin {
                true => admin(&scene, "AdminListDevices", "jane", members).await.ok(),
                false => own(&scene, "ListDevices", &tokens, members).await.ok(),
            };
            let devices = page["Devices"].as_array().unwrap();
            assert!(devices.len() <= usize::try_from(limit).unwrap());
            found.extend(devices.iter().map(|d| d["DeviceKey"].as_str().unwrap().to_owned()));
            token = page["PaginationToken"].clone();
            if token.is_null() {
                return found;
            }
        }
    };
    for limit in [1, 2, 3, 4, 5, 60] {
        assert_eq!(listed(true, limit).await, keys);
        assert_eq!(listed(false, limit).await.iter().collect::<Vec<_>>(), remembered);
    }
    let first =
        own(&scene, "ListDevices", &tokens, json!({"Limit": 1})).await.ok()["PaginationToken"].clone();
    let admins =
        admin(&scene, "AdminListDevices", "jane", json!({"Limit": 1})).await.ok()["PaginationToken"].clone();
    let mut forged = first.as_str().unwrap().to_owned();
    forged.replace_range(10..11, if &forged[10..11] == "A" { "B" } else { "A" });
    for (tokens, page) in [
        (&marys, first.clone()),
        (&tokens, admins.clone()),
        (&tokens, json!(forged)),
        (&tokens, json!(keys[0])),
        (&tokens, json!("x")),
    ] {
        let (name, _) = own(&scene, "ListDevices", tokens, json!({"PaginationToken": page})).await.error();
        assert_eq!(name, "InvalidParameterException");
    }
    for (user, page) in [("mary", &admins), ("jane", &first)] {
        let answer = admin(&scene, "AdminListDevices", user, json!({"PaginationToken": page})).await;
        assert_eq!(answer.error().0, "InvalidParameterException");
    }
    for limit in [-1, 61] {
        let answer = own(&scene, "ListDevices", &tokens, json!({"Limit": limit})).await;
        assert_eq!(answer.error().0, "InvalidParameterException");
    }
}

async fn a_device_without_a_name_has_none(lab: Lab) {
    let scene = tracking(&lab).await;
    let tokens = scene.tokens("jane").await;
    confirm(&scene, &tokens, Value::Null).await.ok();
    let listed = own(&scene, "ListDevices", &tokens, json!({})).await.ok()["Devices"][0].clone();
    assert_eq!(attributes(&listed), pairs(&[("device_status", "valid")]));
}

async fn a_sign_in_of_a_known_device_is_noted(lab: Lab) {
    let scene = tracking(&lab).await;
    let (tokens, key) = confirmed(&scene, "jane").await;
    let sub: Sub = claims(&tokens["AccessToken"])["sub"].as_str().unwrap().into();
    lab.advance(100);
    let now = lab.app.now();
    let note = async |key: &str, address: Option<&str>| {
        let (pool_id, sub, key) = (PoolId::from(scene.pool.clone()), sub.clone(), key.to_owned());
        let address = address.map(str::to_owned);
        let noted = lab
            .app
            .db
            .write(move |tx| devices::note_sign_in(tx, (&pool_id, &sub), &key, address.clone(), now));
        noted.await
    };
    let gone = note(NO_KEY, None).await.unwrap_err();
    assert_eq!((gone.code.name(), &*gone.message), UNKNOWN);
    for address in [Some("2001:db8::1"), None] {
        note(&key, address).await.unwrap();
        let listed = own(&scene, "ListDevices", &tokens, json!({})).await.ok()["Devices"][0].clone();
        assert_eq!(attributes(&listed)[1], ("last_ip_used".to_owned(), "2001:db8::1".to_owned()));
        assert_eq!(listed["DeviceLastAuthenticatedDate"].as_f64().unwrap(), (now / 1_000) as f64);
    }
}

both_engines!(
    a_sign_in_of_a_known_device_is_noted,
    a_device_is_shown_to_its_user_and_to_administrators,
    what_is_not_there_is_not_shown,
    devices_of_one_pool_are_nothing_in_another,
    lists_have_pages,
    a_device_without_a_name_has_none,
);
