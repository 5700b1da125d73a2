//! Functions that are web servers: the event is POSTed, signed as Standard Webhooks are, and the answer is the event
//! with its response.

use super::{
    functions::{Miss, reply},
    invocation::{Failure, Invocation},
};
use crate::{clock::Clock, config, outbound::Client};
use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use std::time::Duration;
use zeroize::Zeroizing;

const WEBHOOK_REPLY_BYTES_MAX: usize = 1024 * 1024;
/// What stands before a secret that is written in base64.
const ENCODED: &str = "whsec_";
const SECRET_CHARACTERS_MIN: usize = 24;

/// A web server.
pub(super) struct Webhook {
    client: Client,
    settings: config::functions::Webhook,
}

impl Webhook {
    pub(super) fn new(client: Client, settings: config::functions::Webhook) -> Webhook {
        Webhook { client, settings }
    }

    /// Runs the function once. `id` is the same over all tries, so that a receiver can know a second one.
    pub(super) async fn call(
        &self,
        invocation: &Invocation,
        id: &str,
        timeout: Duration,
    ) -> Result<Value, Miss> {
        // A development server's clock may have been moved, and the receiver looks at its own.
        let timestamp = Clock::System.now().div_euclid(1_000).to_string();
        let signature = signatures(&self.settings.secrets, id, &timestamp, &invocation.event);
        let mut headers =
            HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        for (name, value) in
            [("webhook-id", id), ("webhook-timestamp", &timestamp), ("webhook-signature", &signature)]
        {
            let value = HeaderValue::from_str(value).expect("ids, numbers and base64 are visible ASCII");
            headers.insert(HeaderName::from_static(name), value);
        }
        let answer =
            self.client.post(self.settings.url.clone(), headers, invocation.event.clone(), timeout).await;
        let answer = answer.map_err(Miss::of_connection)?;
        let status = answer.status();
        let body = answer.body(WEBHOOK_REPLY_BYTES_MAX).await.map_err(Miss::of_connection)?;
        if status.is_success() {
            return reply(&body).map_err(Miss::final_one);
        }
        let is_error = status.is_client_error() || status.is_server_error();
        Err(Miss::final_one(match message(&body).filter(|_| is_error) {
            Some(message) => Failure::refused(&message, &invocation.secrets),
            None => Failure::unavailable(format!("the webhook answered {}", status.as_u16())),
        }))
    }
}

fn message(body: &[u8]) -> Option<String> {
    let told: Value = serde_json::from_slice(body).ok()?;
    told["errorMessage"].as_str().map(str::to_owned)
}

/// Refuses secrets that are too short to protect, or not what their prefix says.
///
/// # Errors
/// A text that does not quote it.
pub fn check_secret(secret: &str) -> Result<(), String> {
    let written = secret.strip_prefix(ENCODED).unwrap_or(secret);
    if written.chars().count() < SECRET_CHARACTERS_MIN {
        return Err(format!("a secret must have at least {SECRET_CHARACTERS_MIN} characters"));
    }
    match key(secret) {
        Some(_) => Ok(()),
        None => Err(format!("a secret that begins with {ENCODED} goes on in base64")),
    }
}

/// The bytes that sign.
fn key(secret: &str) -> Option<Zeroizing<Vec<u8>>> {
    match secret.strip_prefix(ENCODED) {
        Some(encoded) => STANDARD.decode(encoded).ok().map(Zeroizing::new),
        None => Some(Zeroizing::new(secret.as_bytes().to_vec())),
    }
}

/// One signature for each secret.
fn signatures(secrets: &[Zeroizing<String>], id: &str, timestamp: &str, body: &[u8]) -> String {
    let signed = |secret: &Zeroizing<String>| {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key(secret)?));
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            context.update(part);
        }
        Some(format!("v1,{}", STANDARD.encode(context.sign())))
    };
    secrets.iter().filter_map(signed).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets<const N: usize>(texts: [&str; N]) -> Vec<Zeroizing<String>> {
        texts.map(|text| Zeroizing::new(text.to_owned())).to_vec()
    }

    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        // The example of the specification.
        let encoded = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let (id, timestamp, body) =
            ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", br#"{"test": 2432232314}"#);
        let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signatures(&secrets([encoded]), id, timestamp, body), signature);
        // The same by `openssl dgst -sha256 -hmac`.
        let plain = "a secret of twenty-four-x";
        let other = "v1,MZiaFnvguXKb1b6phh2nGeShMRHR+JTvIA05z4rFbhc=";
        assert_eq!(signatures(&secrets([plain]), id, timestamp, body), other);
        let both = format!("{signature} {other}");
        assert_eq!(signatures(&secrets([encoded, plain]), id, timestamp, body), both);
    }

    #[test]
    fn secrets_are_long_and_what_they_say() {
        for (secret, expected) in [
            ("a secret of twenty-four-", true),
            ("a secret of twenty-four", false),
            ("ä secret öf twenty-föur-", true),
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true),
            ("whsec_MfKQ9r8GKYqrTwjUPD8", false),
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!", false),
            ("whsec_", false),
            ("", false),
        ] {
            assert_eq!(check_secret(secret).is_ok(), expected, "{secret}");
        }
    }
}
