//! CustomEmailSender and CustomSMSSender: messages that a function sends.

use super::stand_in::{FUNCTION, Reply, StandIn};
use crate::{
    lab::Lab,
    scene::{PASSWORD, Scene},
};
use cognate::messages::{self, Transports};
use serde_json::{Value, json};
use std::sync::Arc;

const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000";

fn config() -> Value {
    let sender = json!({"LambdaVersion": "V1_0", "LambdaArn": FUNCTION});
    json!({"CustomEmailSender": sender, "CustomSMSSender": sender, "KMSKeyID": KEY, "CustomMessage": FUNCTION})
}

async fn scene(lab: &Lab, play: impl Fn(&Value) -> Reply + Send + Sync + 'static) -> (Scene, StandIn) {
    let members = json!({"AutoVerifiedAttributes": ["email", "phone_number"],
        "SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}});
    StandIn::configured(lab, config(), (members, json!({})), play).await
}

/// Gives what waits to the functions, as the server's job does.
async fn deliver(scene: &Scene) -> usize {
    let app = &scene.lab.app;
    let transports = Arc::new(Transports::new(&app.config.delivery).unwrap());
    messages::round(app, &transports).await.unwrap()
}

async fn a_function_sends_what_the_server_would(lab: Lab) {
    let (scene, functions) = scene(&lab, |_| Reply::Raw("")).await;
    let request = json!({"ClientId": scene.client, "Username": "jane", "Password": PASSWORD, "ClientMetadata": {"a": "b"},
        "UserAttributes": [{"Name": "email", "Value": "jane@example.com"}]});
    let made = scene.lab.call("SignUp", request).await.ok();
    assert_eq!(made["CodeDeliveryDetails"]["DeliveryMedium"], "EMAIL");
    assert!(functions.sources().is_empty(), "no call waits for a sender, and none writes what it sends");
    assert_eq!(deliver(&scene).await, 1);
    let event = functions.events().remove(0);
    assert_eq!(event["triggerSource"], "CustomEmailSender_SignUp");
    let told = &event["request"];
    assert_eq!(told["type"], "customEmailSenderRequestV1");
    assert_eq!(
        (&told["userAttributes"]["sub"], &told["clientMetadata"]),
        (&made["UserSub"], &json!({"a": "b"}))
    );
    assert_eq!(event["callerContext"]["clientId"], scene.client);
    let code = scene.lab.code_for("jane@example.com").await;
    let encrypted = told["code"].as_str().unwrap();
    // D: how messages of the AWS Encryption SDK begin in base64.
    assert!(encrypted.starts_with("AYADe"), "{encrypted}");
    assert!(!event.to_string().contains(&code));
    assert_eq!(deliver(&scene).await, 0, "a reply of any kind means that it was sent");
    // The code is as good as one that the server sent.
    let request = json!({"ClientId": scene.client, "Username": "jane", "ConfirmationCode": code});
    scene.lab.call("ConfirmSignUp", request).await.ok();
    scene.admin("AdminCreateUser", json!({"Username": "mary", "UserAttributes": [{"Name": "phone_number", "Value": "+15555550100"}]})).await;
    deliver(&scene).await;
    let event = functions.events().remove(0);
    assert_eq!(event["triggerSource"], "CustomSMSSender_AdminCreateUser");
    assert_eq!(event["request"]["type"], "customSMSSenderRequestV1");
    assert_eq!(event["request"]["clientMetadata"], Value::Null);
}

async fn a_sender_that_fails_is_asked_again(lab: Lab) {
    let (scene, functions) = scene(&lab, |_| Reply::Error("no gateway")).await;
    let request = json!({"ClientId": scene.client, "Username": "jane", "Password": PASSWORD,
        "UserAttributes": [{"Name": "email", "Value": "jane@example.com"}]});
    scene.lab.call("SignUp", request).await.ok();
    for pause in [5, 15, 60] {
        assert_eq!(deliver(&scene).await, 1);
        assert_eq!(deliver(&scene).await, 0);
        lab.advance(pause);
    }
    assert_eq!(functions.sources().len(), 3);
    assert_eq!(deliver(&scene).await, 0, "K: after three refusals it is given up");
}

both_engines!(a_function_sends_what_the_server_would, a_sender_that_fails_is_asked_again);
