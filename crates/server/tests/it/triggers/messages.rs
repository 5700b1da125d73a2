//! CustomMessage: the texts that a function writes, on each occasion.

use super::stand_in::{Reply, StandIn};
use crate::{
    lab::Lab,
    scene::{PASSWORD, Scene},
};
use serde_json::{Value, json};

fn writes(event: &Value) -> Reply {
    let request = &event["request"];
    let (code, source) = (&request["codeParameter"], &event["triggerSource"]);
    let name = request["usernameParameter"].as_str().unwrap_or_default();
    let text = format!("{} {name} {}", source.as_str().unwrap(), code.as_str().unwrap());
    Reply::With(
        json!({"emailMessage": format!("<p>{text}</p>"), "smsMessage": text, "emailSubject": "Hello"}),
    )
}

fn members() -> Value {
    json!({"AutoVerifiedAttributes": ["email", "phone_number"],
        "SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}})
}

async fn scene(lab: &Lab, play: impl Fn(&Value) -> Reply + Send + Sync + 'static) -> (Scene, StandIn) {
    StandIn::scene(lab, &["CustomMessage"], (members(), json!({})), play).await
}

fn mail(verified: bool) -> Value {
    json!([{"Name": "email", "Value": "jane@example.com"}, {"Name": "email_verified", "Value": verified.to_string()}])
}

/// The newest message to the address, and its code.
async fn newest(scene: &Scene, to: &str) -> (Value, String) {
    let message = scene.messages(to).await.into_iter().next().unwrap();
    let code = message["code"].as_str().unwrap().to_owned();
    (message, code)
}

async fn every_occasion_has_its_source(lab: Lab) {
    let (scene, functions) = scene(&lab, writes).await;
    let call = async |operation: &str, request: Value| scene.lab.call(operation, request).await.ok();
    let client = &scene.client;
    let written = async |source: &str, metadata: Value| {
        let events = functions.events();
        assert_eq!(events.len(), 1, "{source}");
        assert_eq!(events[0]["triggerSource"], source);
        assert_eq!(events[0]["request"]["clientMetadata"], metadata, "{source}");
        assert_eq!(events[0]["request"]["codeParameter"], "{####}");
        assert_eq!(events[0]["request"]["linkParameter"], "{##Click Here##}");
        let (message, code) = newest(&scene, "jane@example.com").await;
        assert_eq!(message["body"], format!("<p>{source}  {code}</p>"));
        assert_eq!(message["subject"], "Hello");
        code
    };
    let metadata = json!({"language": "en"});
    let request = json!({"ClientId": client, "Username": "jane", "Password": PASSWORD, "ClientMetadata": metadata,
        "UserAttributes": [{"Name": "email", "Value": "jane@example.com"}]});
    call("SignUp", request).await;
    written("CustomMessage_SignUp", metadata.clone()).await;
    call(
        "ResendConfirmationCode",
        json!({"ClientId": client, "Username": "jane", "ClientMetadata": metadata}),
    )
    .await;
    let code = written("CustomMessage_ResendCode", metadata.clone()).await;
    call("ConfirmSignUp", json!({"ClientId": client, "Username": "jane", "ConfirmationCode": code})).await;
    call("ForgotPassword", json!({"ClientId": client, "Username": "jane", "ClientMetadata": metadata})).await;
    written("CustomMessage_ForgotPassword", metadata.clone()).await;
    let token = scene.tokens("jane").await["AccessToken"].clone();
    let request = json!({"AccessToken": token, "AttributeName": "email", "ClientMetadata": metadata});
    call("GetUserAttributeVerificationCode", request).await;
    written("CustomMessage_VerifyUserAttribute", metadata.clone()).await;
    let request = json!({"AccessToken": token, "ClientMetadata": metadata,
        "UserAttributes": [{"Name": "email", "Value": "jane.new@example.com"}]});
    call("UpdateUserAttributes", request).await;
    assert_eq!(functions.sources(), ["CustomMessage_UpdateUserAttribute"]);
    scene.admin("AdminUpdateUserAttributes", json!({"Username": "jane", "UserAttributes": mail(true)})).await;
    assert!(functions.sources().is_empty(), "what an administrator calls verified needs no code");
    scene.admin("AdminResetUserPassword", json!({"Username": "jane", "ClientMetadata": metadata})).await;
    written("CustomMessage_ForgotPassword", metadata).await;
}

async fn invitations_have_a_name_and_a_password(lab: Lab) {
    let (scene, functions) = scene(&lab, writes).await;
    let request = json!({"Username": "jane", "DesiredDeliveryMediums": ["EMAIL", "SMS"], "TemporaryPassword": "Temp<&>Horse9",
        "UserAttributes": [{"Name": "email", "Value": "jane@example.com"}, {"Name": "phone_number", "Value": "+15555550100"}]});
    scene.admin("AdminCreateUser", request).await;
    let events = functions.events();
    assert_eq!(events.len(), 2, "one for each message");
    assert!(events.iter().all(|e| e["triggerSource"] == "CustomMessage_AdminCreateUser"));
    assert!(events.iter().all(|e| e["request"]["usernameParameter"] == "{username}"));
    assert!(events.iter().all(|e| !e.to_string().contains("Temp<&>Horse9")));
    let (message, _) = newest(&scene, "jane@example.com").await;
    assert_eq!(message["body"], "<p>CustomMessage_AdminCreateUser jane Temp&lt;&amp;&gt;Horse9</p>");
    let (message, _) = newest(&scene, "+15555550100").await;
    assert_eq!(message["body"], "CustomMessage_AdminCreateUser jane Temp<&>Horse9");
}

async fn a_second_factor_is_written_too(lab: Lab) {
    let members = json!({"AutoVerifiedAttributes": ["phone_number"], "MfaConfiguration": "ON",
        "SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}});
    let (scene, functions) = StandIn::scene(&lab, &["CustomMessage"], (members, json!({})), writes).await;
    scene.user("jane", json!([{"Name": "phone_number", "Value": "+15555550100"}])).await;
    let asked = scene.sign_in("jane", PASSWORD).await.ok();
    assert_eq!(functions.sources(), ["CustomMessage_Authentication"]);
    let (message, code) = newest(&scene, "+15555550100").await;
    assert_eq!(message["body"], format!("CustomMessage_Authentication  {code}"));
    let responses = json!({"USERNAME": "jane", "SMS_MFA_CODE": code});
    scene.respond("SMS_MFA", &asked["Session"], responses).await.ok();
}

async fn a_message_that_is_wrong_is_not_sent(lab: Lab) {
    for (response, name) in [
        (json!({"emailMessage": "without a code"}), "InvalidLambdaResponseException"),
        (json!({"emailMessage": 5}), "InvalidLambdaResponseException"),
        (json!({"emailSubject": "x".repeat(200)}), "InvalidLambdaResponseException"),
    ] {
        let (scene, _) = scene(&lab, move |_: &Value| Reply::With(response.clone())).await;
        let request = json!({"ClientId": scene.client, "Username": "jane", "Password": PASSWORD,
            "UserAttributes": [{"Name": "email", "Value": "wrong@example.com"}]});
        let refused = scene.lab.call("SignUp", request).await.error();
        assert_eq!(refused, (name.to_owned(), "Unrecognizable lambda output".to_owned()));
        assert!(scene.messages("wrong@example.com").await.is_empty());
    }
}

/// Where a pool sends links, a text with one is right; until there is a page for it the pool's text carries the code.
async fn a_link_is_taken_where_the_pool_sends_links(lab: Lab) {
    let link = json!({"emailMessage": "Press {##Click Here##}", "smsMessage": "never read"});
    for (option, is_taken) in [("CONFIRM_WITH_LINK", true), ("CONFIRM_WITH_CODE", false)] {
        let mut pool = members();
        pool["VerificationMessageTemplate"] =
            json!({"DefaultEmailOption": option, "EmailMessage": "By code: {####}"});
        let link = link.clone();
        let play = move |_: &Value| Reply::With(link.clone());
        let (scene, _) = StandIn::scene(&lab, &["CustomMessage"], (pool, json!({})), play).await;
        let address = format!("{}@example.com", option.to_lowercase());
        let request = json!({"ClientId": scene.client, "Username": "jane", "Password": PASSWORD,
            "UserAttributes": [{"Name": "email", "Value": address}]});
        let answer = scene.lab.call("SignUp", request).await;
        if is_taken {
            answer.ok();
            let (message, code) = newest(&scene, &address).await;
            assert_eq!(message["body"], format!("By code: {code}"));
        } else {
            answer.refused("InvalidLambdaResponseException", "Unrecognizable lambda output");
        }
    }
}

/// No function runs for a name that nobody has, and the answer is the same; time may tell, as the security model says.
async fn nobody_is_written_to(lab: Lab) {
    let hides = json!({"PreventUserExistenceErrors": "ENABLED"});
    let (scene, functions) = StandIn::scene(&lab, &["CustomMessage"], (members(), hides), writes).await;
    scene.lab.call("ForgotPassword", json!({"ClientId": scene.client, "Username": "nobody"})).await.ok();
    scene
        .lab
        .call("ResendConfirmationCode", json!({"ClientId": scene.client, "Username": "nobody"}))
        .await
        .ok();
    assert!(functions.sources().is_empty());
}

/// Where errors must not tell who exists, a function that fails tells neither: the answer is that of any name.
async fn a_failing_function_does_not_tell_who_exists(lab: Lab) {
    let hides = json!({"PreventUserExistenceErrors": "ENABLED"});
    let play = |_: &Value| Reply::Error("out of order");
    let (hidden, _) = StandIn::scene(&lab, &["CustomMessage"], (members(), hides), play).await;
    let (open, _) = scene(&lab, play).await;
    for (scene, is_told) in [(&hidden, false), (&open, true)] {
        scene.user("jane", mail(true)).await;
        let request = json!({"ClientId": scene.client, "Username": "jane"});
        let answer = scene.lab.call("ForgotPassword", request).await;
        if is_told {
            answer.refused("UserLambdaValidationException", "CustomMessage failed with error out of order.");
        } else {
            answer.ok();
        }
        assert!(scene.messages("jane@example.com").await.is_empty());
    }
}

both_engines!(
    a_failing_function_does_not_tell_who_exists,
    every_occasion_has_its_source,
    invitations_have_a_name_and_a_password,
    a_second_factor_is_written_too,
    a_message_that_is_wrong_is_not_sent,
    a_link_is_taken_where_the_pool_sends_links,
    nobody_is_written_to,
);
