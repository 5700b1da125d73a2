//! CustomEmailSender and CustomSMSSender: messages that a function sends.

use super::{
    opened::Opened,
    stand_in::{FUNCTION, Reply, StandIn},
};
use crate::{
    lab::{Lab, MASTER_KEY},
    scene::{PASSWORD, Scene},
};
use axum::{Router, routing::post};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cognate::{
    config::kms::Kms,
    messages::{self, Transports},
};
use serde_json::{Value, json};
use std::sync::Arc;
use store::outbox::{self, Entry};

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

/// One way in which messages travel.
struct Way {
    medium: &'static str,
    attribute: &'static str,
    /// The addresses of who signs up, before and after a change, and of two others.
    addresses: [&'static str; 4],
    factor: Value,
    preference: &'static str,
}

fn ways() -> [Way; 2] {
    let sms = json!({"SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}});
    [
        Way {
            medium: "Email",
            attribute: "email",
            addresses: ["jane@example.com", "jane.new@example.com", "mary@example.com", "john@example.com"],
            factor: json!({"EmailMfaConfiguration": {}}),
            preference: "EmailMfaSettings",
        },
        Way {
            medium: "SMS",
            attribute: "phone_number",
            addresses: ["+15555550100", "+15555550101", "+15555550102", "+15555550103"],
            factor: json!({"SmsMfaConfiguration": sms}),
            preference: "SMSMfaSettings",
        },
    ]
}

async fn every_source_has_its_code(lab: Lab) {
    for way in ways() {
        let mut members = json!({"AutoVerifiedAttributes": [way.attribute],
            "EmailConfiguration": {"EmailSendingAccount": "DEVELOPER",
                "SourceArn": "arn:aws:ses:us-east-1:123456789012:identity/example.com"}});
        if way.medium == "SMS" {
            members["SmsConfiguration"] = json!({"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"});
        }
        let (scene, functions) =
            StandIn::configured(&lab, config(), (members, json!({})), |_| Reply::Raw("")).await;
        let call = async |operation: &str, request: Value| scene.lab.call(operation, request).await.ok();
        // What the function was told; the code in it is the one that was kept.
        let told = async |source: &str, to: &str| {
            assert_eq!(deliver(&scene).await, 1, "{source}");
            let event = functions.events().remove(0);
            assert_eq!(event["triggerSource"], format!("Custom{}Sender_{source}", way.medium));
            assert_eq!(event["request"]["type"], format!("custom{}SenderRequestV1", way.medium));
            assert_eq!(event["request"]["userAttributes"][way.attribute], to, "{source}");
            let opened = Opened::read(&event["request"]["code"]);
            assert_eq!((&*opened.key, &opened.context["userpool-id"]), (KEY, &json!(scene.pool)));
            opened.text(&scene.lab).await
        };
        let [address, changed, invited, other] = way.addresses;
        let attribute = |value: &str| json!([{"Name": way.attribute, "Value": value}]);
        let jane = json!({"ClientId": scene.client, "Username": "jane"});
        let request = json!({"ClientId": scene.client, "Username": "jane", "Password": PASSWORD,
            "UserAttributes": attribute(address)});
        call("SignUp", request).await;
        assert_eq!(told("SignUp", address).await, lab.code_for(address).await);
        call("ResendConfirmationCode", jane.clone()).await;
        let code = told("ResendCode", address).await;
        call(
            "ConfirmSignUp",
            json!({"ClientId": scene.client, "Username": "jane", "ConfirmationCode": code}),
        )
        .await;
        call("ForgotPassword", jane).await;
        let code = told("ForgotPassword", address).await;
        let request = json!({"ClientId": scene.client, "Username": "jane", "ConfirmationCode": code, "Password": PASSWORD});
        call("ConfirmForgotPassword", request).await;
        let token = scene.tokens("jane").await["AccessToken"].clone();
        let request = json!({"AccessToken": token, "AttributeName": way.attribute});
        call("GetUserAttributeVerificationCode", request).await;
        let code = told("VerifyUserAttribute", address).await;
        let request = json!({"AccessToken": token, "AttributeName": way.attribute, "Code": code});
        call("VerifyUserAttribute", request).await;
        let request = json!({"AccessToken": token, "UserAttributes": attribute(changed)});
        call("UpdateUserAttributes", request).await;
        assert_eq!(told("UpdateUserAttribute", changed).await, lab.code_for(changed).await);

        let request = json!({"Username": "mary", "TemporaryPassword": "Temp<&>\"Horse9'", "UserAttributes": attribute(invited),
            "DesiredDeliveryMediums": [way.medium.to_uppercase()]});
        scene.admin("AdminCreateUser", request).await;
        let password = told("AdminCreateUser", invited).await;
        assert_eq!(password, "Temp&lt;&amp;&gt;&quot;Horse9&#39;", "D: as HTML has it");

        let mut request = way.factor.clone();
        request["MfaConfiguration"] = json!("OPTIONAL");
        scene.admin("SetUserPoolMfaConfig", request).await;
        let verified = json!([{"Name": way.attribute, "Value": other},
            {"Name": format!("{}_verified", way.attribute), "Value": "true"}]);
        scene.user("john", verified).await;
        let on = json!({"Username": "john", way.preference: {"Enabled": true, "PreferredMfa": true}});
        scene.admin("AdminSetUserMFAPreference", on).await;
        scene.sign_in("john", PASSWORD).await.ok();
        assert_eq!(told("Authentication", other).await, lab.code_for(other).await);
    }
}

/// The newest message in the outbox.
async fn newest(scene: &Scene) -> Entry {
    let listed = scene.lab.app.db.read(|tx| outbox::list(tx, None, 1)).await;
    listed.unwrap_or_else(|error: store::Error| panic!("{error}")).remove(0)
}

async fn sign_up(scene: &Scene) {
    let request = json!({"ClientId": scene.client, "Username": "jane", "Password": PASSWORD,
        "UserAttributes": [{"Name": "email", "Value": "jane@example.com"}]});
    scene.lab.call("SignUp", request).await.ok();
}

async fn a_message_waits_for_a_kms_that_fails(lab: Lab) {
    let (scene, functions) = scene(&lab, |_| Reply::Raw("")).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let answers = Arc::new(std::sync::Mutex::new(vec![
        (200, json!({"KeyId": KEY, "CiphertextBlob": "AAAA", "Plaintext": STANDARD.encode([7; 32])})),
        (200, json!({"KeyId": KEY, "CiphertextBlob": "AAAA", "Plaintext": "c2hvcnQ="})),
        (400, json!({"__type": "DisabledException", "message": "hunter2"})),
    ]));
    let answer = async move || {
        let (status, body) = answers.lock().unwrap().pop().unwrap();
        (axum::http::StatusCode::from_u16(status).unwrap(), body.to_string())
    };
    let router = Router::new().route("/", post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let kms = Kms { endpoint, region: "us-east-1".to_owned(), credentials: None };
    let lab = scene.lab.another(MASTER_KEY, |config| config.kms = Some(kms)).await.unwrap();
    let scene = Scene { lab, ..scene };
    sign_up(&scene).await;
    for (pause, reason) in [(5, "KMS answered 400, DisabledException"), (15, "KMS answered no data key")] {
        assert_eq!(deliver(&scene).await, 1);
        let message = newest(&scene).await;
        assert_eq!(message.last_error.as_deref(), Some(reason));
        assert!(message.next_try_at.is_some() && functions.sources().is_empty());
        scene.lab.advance(pause);
    }
    assert_eq!(deliver(&scene).await, 1);
    assert_eq!(functions.sources(), ["CustomEmailSender_SignUp"]);
    assert!(newest(&scene).await.delivered_at.is_some());
}

async fn a_message_whose_sender_or_key_is_gone_is_given_up(lab: Lab) {
    let sender = json!({"LambdaVersion": "V1_0", "LambdaArn": FUNCTION});
    for left in [json!({"KMSKeyID": KEY, "CustomSMSSender": sender}), json!({})] {
        let (scene, functions) = scene(&lab, |_| Reply::Raw("")).await;
        sign_up(&scene).await;
        scene.admin("UpdateUserPool", json!({"LambdaConfig": left})).await;
        // Pools are remembered for a second.
        scene.lab.advance(2);
        assert_eq!(deliver(&scene).await, 1);
        let message = newest(&scene).await;
        let reason = "the pool names no function or no key for such messages any more";
        assert_eq!((message.last_error.as_deref(), message.next_try_at), (Some(reason), None));
        assert!(functions.sources().is_empty());
    }
}

/// Of a server whose settings name no way out at all, the job says why a message stays.
async fn a_message_that_nobody_sends_says_why(lab: Lab) {
    let (scene, functions) = scene(&lab, |_| Reply::Raw("")).await;
    sign_up(&scene).await;
    let lab = scene.lab.another(MASTER_KEY, |config| config.functions.clear()).await.unwrap();
    let transports = Transports::new(&lab.app.config.delivery).unwrap();
    let job = tokio::spawn(messages::run(lab.app.clone(), transports));
    let reason = loop {
        if let Some(reason) = newest(&scene).await.last_error {
            break reason;
        }
        tokio::task::yield_now().await;
    };
    job.abort();
    assert!(reason.contains("no entry of [[functions]] fits"), "{reason}");
    assert!(functions.sources().is_empty());
}

both_engines!(
    a_function_sends_what_the_server_would,
    a_sender_that_fails_is_asked_again,
    every_source_has_its_code,
    a_message_waits_for_a_kms_that_fails,
    a_message_whose_sender_or_key_is_gone_is_given_up,
    a_message_that_nobody_sends_says_why,
);
