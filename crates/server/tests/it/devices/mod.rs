//! Devices of users: given at a sign-in, confirmed, shown, forgotten, and what a refresh asks of them.

mod confirm;
mod forget;
pub mod prove;
mod refresh;
mod shown;
mod sign_in;

use crate::{
    lab::{Answer, Lab},
    scene::{Scene, merged},
    srp_client::DeviceClient,
};
use serde_json::{Value, json};

const UNKNOWN: (&str, &str) = ("ResourceNotFoundException", "Device does not exist.");
const NOT_GIVEN: (&str, &str) = ("InvalidParameterException", "Invalid device key given.");
const REVOKED: (&str, &str) = ("NotAuthorizedException", "Access Token has been revoked");
const NO_KEY: &str = "us-east-1_00000000-0000-4000-8000-000000000000";

fn always() -> Value {
    json!({"DeviceConfiguration": {"ChallengeRequiredOnNewDevice": false}})
}

fn on_prompt() -> Value {
    json!({"DeviceConfiguration": {"DeviceOnlyRememberedOnUserPrompt": true}})
}

/// A pool that tracks devices, with the user jane.
async fn tracking(lab: &Lab) -> Scene {
    let scene = Scene::with(lab, always(), json!({})).await;
    scene.user("jane", json!([])).await;
    scene
}

/// The client of the scene, changed.
async fn with_client(scene: &Scene, members: Value) -> Scene {
    let client = scene.new_client(members).await["ClientId"].as_str().unwrap().to_owned();
    Scene { client, ..scene.clone() }
}

fn key(tokens: &Value) -> Value {
    tokens["NewDeviceMetadata"]["DeviceKey"].clone()
}

/// An operation of the user who holds these tokens.
async fn own(scene: &Scene, operation: &str, tokens: &Value, members: Value) -> Answer {
    let request = merged(json!({"AccessToken": tokens["AccessToken"]}), members);
    scene.lab.call(operation, request).await
}

/// ConfirmDevice of the device that these tokens brought.
async fn confirm(scene: &Scene, tokens: &Value, name: Value) -> Answer {
    let device = DeviceClient::new(&tokens["NewDeviceMetadata"]);
    let request = json!({"DeviceKey": device.key, "DeviceSecretVerifierConfig": device.verifier_config(), "DeviceName": name});
    own(scene, "ConfirmDevice", tokens, request).await
}

/// Tokens of a sign-in whose new device was confirmed, and its key.
async fn confirmed(scene: &Scene, name: &str) -> (Value, String) {
    let tokens = scene.tokens(name).await;
    confirm(scene, &tokens, Value::Null).await.ok();
    let key = key(&tokens).as_str().unwrap().to_owned();
    (tokens, key)
}

/// An administrator's operation on a user's device.
async fn admin(scene: &Scene, operation: &str, user: &str, members: Value) -> Answer {
    scene.lab.admin(operation, merged(json!({"UserPoolId": scene.pool, "Username": user}), members)).await
}

async fn update_pool(scene: &Scene, members: Value) {
    scene.admin("UpdateUserPool", members).await;
    // What was read of the pool is used for a second.
    scene.lab.advance(2);
}
