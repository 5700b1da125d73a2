//! A person registers and confirms: every answer and refusal, codes, limits, aliases, and what strangers may
//! learn or take.

use crate::{
    lab::{Answer, Lab},
    scene::{PASSWORD, Scene, merged, secret_hash},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub const MISMATCH: (&str, &str) =
    ("CodeMismatchException", "Invalid verification code provided, please try again.");
pub const EXPIRED: (&str, &str) =
    ("ExpiredCodeException", "Invalid code provided, please request a code again.");
pub const LIMIT: (&str, &str) =
    ("LimitExceededException", "Attempt limit exceeded, please try after some time.");
pub const NOT_FOUND: (&str, &str) = ("UserNotFoundException", "Username/client id combination not found.");

/// The wire's list of attributes, from an object.
pub fn list(values: Value) -> Value {
    values.as_object().unwrap().iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect()
}

/// A pool that verifies e-mail addresses, and a client with these members.
pub async fn verifying(lab: &Lab, client_members: Value) -> Scene {
    Scene::with(lab, json!({ "AutoVerifiedAttributes": ["email"] }), client_members).await
}

/// A six-digit code that is not this one.
pub fn wrong(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

/// How often each name occurs among errors; good answers are counted as `ok`.
pub fn tally(answers: &[Answer]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        let name = if answer.status == 200 { "ok".to_owned() } else { answer.error().0 };
        *counts.entry(name).or_default() += 1;
    }
    counts
}

/// Makes the same call many times at once.
pub async fn at_once(lab: &Lab, count: usize, operation: &'static str, input: Value) -> Vec<Answer> {
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..count {
        let (lab, input) = (lab.clone(), input.clone());
        calls.spawn(async move { lab.call(operation, input).await });
    }
    calls.join_all().await
}

impl Scene {
    /// A public operation of this client.
    pub async fn public(&self, operation: &str, members: Value) -> Answer {
        self.lab.call(operation, merged(json!({ "ClientId": self.client }), members)).await
    }

    /// SignUp with the usual password.
    pub async fn sign_up(&self, name: &str, attributes: Value) -> Answer {
        let members = json!({ "Username": name, "Password": PASSWORD, "UserAttributes": list(attributes) });
        self.public("SignUp", members).await
    }

    /// ConfirmSignUp.
    pub async fn confirm(&self, name: &str, code: &str) -> Answer {
        self.public("ConfirmSignUp", json!({ "Username": name, "ConfirmationCode": code })).await
    }

    /// A user's attributes as the administrator sees them, by name, and the status as `status`.
    pub async fn seen(&self, name: &str) -> BTreeMap<String, String> {
        let user = self.admin("AdminGetUser", json!({ "Username": name })).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut seen: BTreeMap<String, String> = user["UserAttributes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| (text(&a["Name"]), text(&a["Value"])))
            .collect();
        seen.insert("status".into(), text(&user["UserStatus"]));
        seen.insert("username".into(), text(&user["Username"]));
        seen
    }

    /// Messages for an address or user, newest first.
    pub async fn messages(&self, to: &str) -> Vec<Value> {
        let answer = self.lab.get(&format!("/_cognate/outbox?to={}", to.replace('+', "%2B"))).await;
        answer.ok().as_array().unwrap().clone()
    }
}

async fn registers_confirms_and_signs_in(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    let made = scene.sign_up("jane", json!({ "email": "jane@example.com" })).await.ok();
    assert_eq!(made["UserConfirmed"], false);
    assert_eq!(made["UserSub"].as_str().unwrap().len(), 36);
    let details = json!({ "Destination": "j***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email" });
    assert_eq!(made["CodeDeliveryDetails"], details);
    scene.sign_in("jane", PASSWORD).await.refused("UserNotConfirmedException", "User is not confirmed.");
    let code = lab.code_for("jane@example.com").await;
    assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()), "{code}");
    scene.confirm("jane", wrong(&code)).await.refused(MISMATCH.0, MISMATCH.1);
    assert_eq!(scene.seen("jane").await["status"], "UNCONFIRMED");
    assert_eq!(scene.confirm("jane", &code).await.ok(), json!({}));
    let seen = scene.seen("jane").await;
    assert_eq!((seen["status"].as_str(), seen["email_verified"].as_str()), ("CONFIRMED", "true"));
    assert_eq!(seen["sub"], made["UserSub"]);
    scene
        .confirm("jane", &code)
        .await
        .refused("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED");
    scene
        .public("ResendConfirmationCode", json!({ "Username": "jane" }))
        .await
        .refused("InvalidParameterException", "User is already confirmed.");
    assert!(scene.sign_in("jane", PASSWORD).await.ok()["AuthenticationResult"]["AccessToken"].is_string());
}

async fn details_come_only_with_a_code(lab: Lab) {
    let scene = Scene::new(&lab).await;
    let made = scene.sign_up("jane", json!({ "email": "jane@example.com" })).await.ok();
    assert!(made.get("CodeDeliveryDetails").is_none(), "{made}");
    scene.confirm("jane", "123456").await.refused(EXPIRED.0, EXPIRED.1);
    scene
        .public("ResendConfirmationCode", json!({ "Username": "jane" }))
        .await
        .refused("InvalidParameterException", "Cannot resend codes. Auto verification not turned on.");
    let members = json!({ "AutoVerifiedAttributes": ["email", "phone_number"], "SmsConfiguration": {
            "SnsCallerArn": "arn:aws:iam::123456789012:role/sms" } });
    let both = Scene::with(&lab, members, json!({})).await;
    let attributes = json!({ "email": "jane@example.com", "phone_number": "+15555559934" });
    let made = both.sign_up("jane", attributes).await.ok();
    let details =
        json!({ "Destination": "+*******9934", "DeliveryMedium": "SMS", "AttributeName": "phone_number" });
    assert_eq!(made["CodeDeliveryDetails"], details);
    both.confirm("jane", &lab.code_for("+15555559934").await).await.ok();
    let seen = both.seen("jane").await;
    assert_eq!(seen["phone_number_verified"], "true");
    assert_ne!(seen.get("email_verified").map(String::as_str), Some("true"));
}

async fn refusals(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    scene.sign_up("taken", json!({ "email": "jane@example.com" })).await.ok();
    let base = json!({ "Username": "jane", "Password": PASSWORD });
    let password = |rule: &str| format!("Password did not conform with policy: {rule}");
    let schema =
        "Attributes did not conform to the schema: custom:x: Attribute does not exist in the schema.";
    for (members, name, text) in [
        (json!({ "Username": "taken" }), "UsernameExistsException", "User already exists".to_owned()),
        (json!({ "Password": "Short1!" }), "InvalidPasswordException", password("Password not long enough")),
        (
            json!({ "Password": "ALLUPPER1!" }),
            "InvalidPasswordException",
            password("Password must have lowercase characters"),
        ),
        (
            json!({ "Password": "alllower1!" }),
            "InvalidPasswordException",
            password("Password must have uppercase characters"),
        ),
        (
            json!({ "Password": "NoNumbers!" }),
            "InvalidPasswordException",
            password("Password must have numeric characters"),
        ),
        (
            json!({ "Password": "NoSymbols1" }),
            "InvalidPasswordException",
            password("Password must have symbol characters"),
        ),
        (
            json!({ "Password": null }),
            "InvalidParameterException",
            "Missing required parameter PASSWORD".into(),
        ),
        (
            json!({ "UserAttributes": list(json!({ "email": "no address" })) }),
            "InvalidParameterException",
            "Invalid email address format.".into(),
        ),
        (
            json!({ "UserAttributes": list(json!({ "custom:x": "1" })) }),
            "InvalidParameterException",
            schema.into(),
        ),
        (
            json!({ "ClientId": "0123456789abcdefghijklmnop" }),
            "ResourceNotFoundException",
            "User pool client 0123456789abcdefghijklmnop does not exist.".into(),
        ),
    ] {
        scene.public("SignUp", merged(base.clone(), members)).await.refused(name, &text);
    }
    let closed = json!({ "AdminCreateUserConfig": { "AllowAdminCreateUserOnly": true } });
    Scene::with(&lab, closed, json!({}))
        .await
        .public("SignUp", base.clone())
        .await
        .refused("NotAuthorizedException", "SignUp is not permitted for this user pool");
    assert!(scene.messages("jane").await.is_empty());
}

async fn a_code_is_replaced_expires_and_is_used_once(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    scene.sign_up("jane", json!({ "email": "jane@example.com" })).await.ok();
    let first = lab.code_for("jane").await;
    let mut second = first.clone();
    // One in a million codes equals the one before it; then another is asked for.
    while second == first {
        let answer = scene.public("ResendConfirmationCode", json!({ "Username": "jane" })).await.ok();
        assert_eq!(answer["CodeDeliveryDetails"]["Destination"], "j***@e***");
        second = lab.code_for("jane").await;
    }
    scene.confirm("jane", &first).await.refused(MISMATCH.0, MISMATCH.1);
    lab.advance(24 * 3_600);
    scene.confirm("jane", &second).await.refused(EXPIRED.0, EXPIRED.1);
    scene.public("ResendConfirmationCode", json!({ "Username": "jane" })).await.ok();
    lab.advance(24 * 3_600 - 60);
    scene.confirm("jane", &lab.code_for("jane").await).await.ok();
}

async fn guesses_and_requests_are_limited(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    scene.sign_up("jane", json!({ "email": "jane@example.com" })).await.ok();
    let code = lab.code_for("jane").await;
    for _ in 0..15 {
        scene.confirm("jane", wrong(&code)).await.refused(MISMATCH.0, MISMATCH.1);
    }
    scene.confirm("jane", &code).await.refused(LIMIT.0, LIMIT.1);
    for _ in 0..5 {
        scene.public("ResendConfirmationCode", json!({ "Username": "jane" })).await.ok();
    }
    scene.public("ResendConfirmationCode", json!({ "Username": "jane" })).await.refused(LIMIT.0, LIMIT.1);
    // A new code forgives no guesses.
    let code = lab.code_for("jane").await;
    scene.confirm("jane", &code).await.refused(LIMIT.0, LIMIT.1);
    lab.advance(3_600);
    scene.confirm("jane", &code).await.ok();
}

async fn of_many_guesses_at_once_few_are_looked_at_and_one_wins(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    for name in ["jane", "john"] {
        scene.sign_up(name, json!({ "email": format!("{name}@example.com") })).await.ok();
    }
    let code = lab.code_for("jane").await;
    let input = |name: &str, code: &str| json!({ "ClientId": scene.client, "Username": name, "ConfirmationCode": code });
    let answers = at_once(&lab, 100, "ConfirmSignUp", input("jane", wrong(&code))).await;
    let counts = tally(&answers);
    assert_eq!(counts.get("CodeMismatchException"), Some(&15), "{counts:?}");
    assert_eq!(counts.get("LimitExceededException"), Some(&85), "{counts:?}");
    let code = lab.code_for("john").await;
    let counts = tally(&at_once(&lab, 100, "ConfirmSignUp", input("john", &code)).await);
    assert_eq!(counts.get("ok"), Some(&1), "{counts:?}");
    assert_eq!(counts.get("NotAuthorizedException"), Some(&99), "{counts:?}");
}

async fn an_alias_belongs_to_its_last_prover(lab: Lab) {
    let members = json!({ "AutoVerifiedAttributes": ["email"], "AliasAttributes": ["email"] });
    let scene = Scene::with(&lab, members, json!({})).await;
    for name in ["first", "second"] {
        scene.sign_up(name, json!({ "email": "shared@example.com" })).await.ok();
    }
    scene.confirm("first", &lab.code_for("first").await).await.ok();
    let code = lab.code_for("second").await;
    scene
        .confirm("second", &code)
        .await
        .refused("AliasExistsException", "An account with the given email already exists.");
    assert_eq!(scene.seen("second").await["status"], "UNCONFIRMED");
    assert_eq!(scene.seen("shared@example.com").await["username"], "first");
    let force = json!({ "Username": "second", "ConfirmationCode": code, "ForceAliasCreation": true });
    scene.public("ConfirmSignUp", force).await.ok();
    assert_eq!(scene.seen("shared@example.com").await["username"], "second");
    assert_eq!(scene.seen("first").await["email_verified"], "false");
    scene.sign_up("x@example.com", json!({})).await.refused(
        "InvalidParameterException",
        "Username cannot be of email format, since user pool is configured for email alias.",
    );
}

async fn an_address_can_be_the_name(lab: Lab) {
    let members = json!({
        "AutoVerifiedAttributes": ["email"], "UsernameAttributes": ["email"],
        "UsernameConfiguration": { "CaseSensitive": false }
    });
    let scene = Scene::with(&lab, members, json!({})).await;
    let made = scene.sign_up("jane@example.com", json!({})).await.ok();
    assert_eq!(scene.seen("jane@example.com").await["username"], made["UserSub"]);
    // Two spellings are one person where case does not count.
    scene
        .sign_up("Jane@Example.com", json!({}))
        .await
        .refused("UsernameExistsException", "An account with the given email already exists.");
    scene
        .sign_up("jane", json!({}))
        .await
        .refused("InvalidParameterException", "Username should be an email.");
    scene.confirm("JANE@example.com", &lab.code_for("jane@example.com").await).await.ok();
    assert!(scene.sign_in("Jane@example.com", PASSWORD).await.ok()["AuthenticationResult"].is_object());
}

async fn a_confidential_client_proves_itself_each_time(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    let client = scene.new_client(json!({ "GenerateSecret": true })).await;
    let (id, secret) = (client["ClientId"].as_str().unwrap(), client["ClientSecret"].as_str().unwrap());
    let missing = format!("Client {id} is configured with secret but SECRET_HASH was not received");
    let unable = format!("Unable to verify secret hash for client {id}");
    for (operation, members) in [
        ("SignUp", json!({ "Password": PASSWORD })),
        ("ConfirmSignUp", json!({ "ConfirmationCode": "123456" })),
        ("ResendConfirmationCode", json!({})),
        ("ForgotPassword", json!({})),
        ("ConfirmForgotPassword", json!({ "ConfirmationCode": "123456", "Password": PASSWORD })),
    ] {
        let input = merged(json!({ "ClientId": id, "Username": "jane" }), members);
        lab.call(operation, input.clone()).await.refused("NotAuthorizedException", &missing);
        let others = secret_hash(secret, "john", id);
        lab.call(operation, merged(input.clone(), json!({ "SecretHash": others })))
            .await
            .refused("NotAuthorizedException", &unable);
        let own = secret_hash(secret, "jane", id);
        let answer = lab.call(operation, merged(input, json!({ "SecretHash": own }))).await;
        assert!(answer.status == 200 || answer.error().0 != "NotAuthorizedException", "{}", answer.text);
    }
}

async fn strangers_learn_as_little_as_the_client_allows(lab: Lab) {
    let open = verifying(&lab, json!({})).await;
    let resend = json!({ "Username": "nobody" });
    open.public("ResendConfirmationCode", resend.clone()).await.refused(NOT_FOUND.0, NOT_FOUND.1);
    open.confirm("nobody", "123456").await.refused(NOT_FOUND.0, NOT_FOUND.1);
    let hiding = verifying(&lab, json!({ "PreventUserExistenceErrors": "ENABLED" })).await;
    hiding.sign_up("jane", json!({ "email": "jane@example.com" })).await.ok();
    // A known name and an unknown one go through the same answers, to the last try.
    hiding.confirm("nobody", "123456").await.refused(EXPIRED.0, EXPIRED.1);
    for name in ["jane", "nobody"] {
        for _ in 0..5 {
            let answer = hiding.public("ResendConfirmationCode", json!({ "Username": name })).await.ok();
            assert_eq!(answer["CodeDeliveryDetails"]["DeliveryMedium"], "EMAIL");
        }
        hiding.public("ResendConfirmationCode", json!({ "Username": name })).await.refused(LIMIT.0, LIMIT.1);
        let guessed = if name == "jane" { 15 } else { 14 };
        let code = hiding.messages(name).await.first().map_or("123456".into(), |m| m["code"].to_string());
        for _ in 0..guessed {
            hiding.confirm(name, wrong(code.trim_matches('"'))).await.refused(MISMATCH.0, MISMATCH.1);
        }
        hiding.confirm(name, "123456").await.refused(LIMIT.0, LIMIT.1);
    }
    assert!(hiding.messages("nobody").await.is_empty());
    // Whoever is disabled, registering or long since confirmed, looks like nobody.
    hiding.sign_up("registering", json!({ "email": "registering@example.com" })).await.ok();
    hiding.user("confirmed", json!([])).await;
    for name in ["registering", "confirmed"] {
        let sent = hiding.messages(name).await.len();
        hiding.admin("AdminDisableUser", json!({ "Username": name })).await;
        for _ in 0..5 {
            let answer = hiding.public("ResendConfirmationCode", json!({ "Username": name })).await.ok();
            assert_eq!(answer["CodeDeliveryDetails"]["DeliveryMedium"], "EMAIL");
        }
        hiding.public("ResendConfirmationCode", json!({ "Username": name })).await.refused(LIMIT.0, LIMIT.1);
        assert_eq!(hiding.messages(name).await.len(), sent);
    }
    let simulated =
        hiding.public("ResendConfirmationCode", json!({ "Username": "typed@example.org" })).await.ok();
    assert_eq!(simulated["CodeDeliveryDetails"]["Destination"], "t***@e***");
}

// Attack cases 28, 29 and 31: nobody verifies an address by saying so, or takes it by another spelling.
async fn an_address_is_not_verified_by_saying_so(lab: Lab) {
    let members = json!({ "AutoVerifiedAttributes": ["email"], "AliasAttributes": ["email"],
            "UsernameConfiguration": { "CaseSensitive": false } });
    let scene = Scene::with(&lab, members, json!({})).await;
    for attribute in ["email_verified", "phone_number_verified", "sub", "identities"] {
        let answer =
            scene.sign_up("mallory", json!({ "email": "jane@example.com", attribute: "true" })).await;
        assert!(answer.status == 400, "{attribute}: {}", answer.text);
    }
    scene.sign_up("Mallory", json!({ "email": "jane@example.com" })).await.ok();
    scene.sign_up("MALLORY", json!({})).await.refused("UsernameExistsException", "User already exists");
    // Registered but not proved: the address is no sign-in name, and the owner's sign-up goes through.
    lab.admin("AdminGetUser", json!({ "UserPoolId": scene.pool, "Username": "jane@example.com" }))
        .await
        .refused("UserNotFoundException", "User does not exist.");
    scene.sign_up("jane", json!({ "email": "JANE@example.com" })).await.ok();
    scene.confirm("jane", &lab.code_for("jane").await).await.ok();
    scene
        .confirm("Mallory", &lab.code_for("Mallory").await)
        .await
        .refused("AliasExistsException", "An account with the given email already exists.");
}

// Attack case 33: a code proves the address it was sent to and no other.
async fn a_code_does_not_prove_another_address(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    scene.sign_up("jane", json!({ "email": "mine@example.com" })).await.ok();
    let code = lab.code_for("mine@example.com").await;
    let victim = list(json!({ "email": "victim@example.com" }));
    scene.admin("AdminUpdateUserAttributes", json!({ "Username": "jane", "UserAttributes": victim })).await;
    scene.confirm("jane", &code).await.refused(EXPIRED.0, EXPIRED.1);
    assert_ne!(scene.seen("jane").await.get("email_verified").map(String::as_str), Some("true"));
    for blank in ["", " "] {
        let answer = scene.confirm("jane", blank).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
    }
}

// Attack case 47: what a message says does not depend on headers.
async fn headers_do_not_reach_a_message(lab: Lab) {
    let scene = verifying(&lab, json!({})).await;
    let input = json!({ "ClientId": scene.client, "Username": "jane", "Password": PASSWORD,
            "UserAttributes": list(json!({ "email": "jane@example.com" })) });
    let evil = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example"),
        ("x-forwarded-proto", "evil"),
    ];
    lab.call_with("SignUp", input, &evil).await.ok();
    let message = scene.messages("jane").await.remove(0);
    let code = message["code"].as_str().unwrap();
    assert_eq!(message["body"], format!("Your verification code is {code}. "));
    assert!(!message.to_string().contains("evil"), "{message}");
}

async fn the_pools_templates_are_used(lab: Lab) {
    let members = json!({ "AutoVerifiedAttributes": ["email"], "VerificationMessageTemplate": {
            "EmailSubject": "Welcome", "EmailMessage": "<b>{####}</b> is it", "DefaultEmailOption": "CONFIRM_WITH_CODE"
        } });
    let scene = Scene::with(&lab, members, json!({})).await;
    scene.sign_up("jane", json!({ "email": "jane@example.com" })).await.ok();
    let message = scene.messages("jane").await.remove(0);
    let code = message["code"].as_str().unwrap();
    assert_eq!(message["body"], format!("<b>{code}</b> is it"));
    assert_eq!(message["subject"], "Welcome");
    assert_eq!((&message["medium"], &message["purpose"]), (&json!("EMAIL"), &json!("SIGN_UP")));
}

async fn a_configured_function_is_never_skipped(lab: Lab) {
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
    for trigger in ["PreSignUp", "CustomMessage"] {
        let members = json!({ "AutoVerifiedAttributes": ["email"], "LambdaConfig": { trigger: arn } });
        let scene = Scene::with(&lab, members, json!({})).await;
        let text = format!("{trigger} invocation failed due to error ResourceNotFoundException.");
        scene
            .sign_up("jane", json!({ "email": "j@example.com" }))
            .await
            .refused("UnexpectedLambdaException", &text);
        assert!(scene.messages("j@example.com").await.is_empty());
    }
}

both_engines!(
    registers_confirms_and_signs_in,
    details_come_only_with_a_code,
    refusals,
    a_code_is_replaced_expires_and_is_used_once,
    guesses_and_requests_are_limited,
    of_many_guesses_at_once_few_are_looked_at_and_one_wins,
    an_alias_belongs_to_its_last_prover,
    an_address_can_be_the_name,
    a_confidential_client_proves_itself_each_time,
    strangers_learn_as_little_as_the_client_allows,
    an_address_is_not_verified_by_saying_so,
    a_code_does_not_prove_another_address,
    headers_do_not_reach_a_message,
    the_pools_templates_are_used,
    a_configured_function_is_never_skipped
);
