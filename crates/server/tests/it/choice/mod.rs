//! Choice-based sign-in: USER_AUTH with passwords, codes and passkeys, sign-ups that go on into it, and levels of
//! assurance.

mod codes;
mod passkeys;
mod passwords;
mod sign_up;
mod step_up;

use crate::{
    lab::{Answer, Lab},
    scene::{Scene, merged},
};
use serde_json::{Value, json};

const INCORRECT: (&str, &str) = ("NotAuthorizedException", "Incorrect username or password.");
const MISMATCH: (&str, &str) = ("CodeMismatchException", "Invalid code or auth state for the user.");
const SESSION: (&str, &str) = ("NotAuthorizedException", "Invalid session for the user.");
const USED: (&str, &str) =
    ("NotAuthorizedException", "Invalid session for the user, session can only be used once.");
const EXPIRED: (&str, &str) = ("NotAuthorizedException", "Invalid session for the user, session is expired.");
const RELYING_PARTY: &str = "example.com";
const ORIGIN: &str = "https://login.example.com";

/// A pool whose users may begin by these factors, with a client whose errors tell who exists, or not.
async fn choosing(lab: &Lab, factors: Value, hides: bool) -> Scene {
    with(lab, factors, hides, json!({})).await
}

async fn with(lab: &Lab, factors: Value, hides: bool, pool: Value) -> Scene {
    let policies = json!({
        "Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": factors}},
        "AutoVerifiedAttributes": ["email"],
    });
    let prevent = if hides { "ENABLED" } else { "LEGACY" };
    let flows = ["ALLOW_USER_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
    let client = json!({"ExplicitAuthFlows": flows, "PreventUserExistenceErrors": prevent});
    let scene = Scene::with(lab, merged(policies, pool), client).await;
    let settings = json!({"WebAuthnConfiguration": {"RelyingPartyId": RELYING_PARTY}});
    scene.admin("SetUserPoolMfaConfig", settings).await;
    scene
}

fn all() -> Value {
    json!(["PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"])
}

fn email(name: &str) -> Value {
    json!([{"Name": "email", "Value": format!("{name}@example.com")}, {"Name": "email_verified", "Value": "true"}])
}

/// InitiateAuth with USER_AUTH.
async fn begin(scene: &Scene, name: &str, parameters: Value) -> Answer {
    scene.initiate("USER_AUTH", merged(json!({"USERNAME": name}), parameters)).await
}

async fn prefer(scene: &Scene, name: &str, challenge: &str) -> Answer {
    begin(scene, name, json!({"PREFERRED_CHALLENGE": challenge})).await
}

/// SELECT_CHALLENGE.
async fn select(scene: &Scene, name: &str, session: &Value, answer: &str, more: Value) -> Answer {
    let responses = merged(json!({"USERNAME": name, "ANSWER": answer}), more);
    scene.respond("SELECT_CHALLENGE", session, responses).await
}

fn has_tokens(answer: &Value) -> bool {
    answer["AuthenticationResult"]["AccessToken"].is_string()
}

/// How many rows there are of what sign-ins leave before they end.
async fn stored(lab: &Lab) -> Vec<i64> {
    let counts = ["tickets", "spent", "outbox", "attempts"].map(|table| {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        lab.app.db.read(move |tx| tx.query_one(&sql, &[])?.map_or(Ok(0), |row| row.int(0)))
    });
    let mut rows = Vec::new();
    for count in counts {
        rows.push(count.await.unwrap());
    }
    rows
}
