//! E-mail and SMS by a webhook: a JSON object POSTed to the operator's own endpoint.

use super::{Failure, Outgoing, TRY_TIMEOUT};
use crate::outbound;
use reqwest::{StatusCode, Url, redirect};
use serde::Serialize;
use std::result::Result;

/// The operator's endpoint. An answer of 2xx means that the message was taken over.
pub(super) struct Webhook {
    client: reqwest::Client,
    url: Url,
}

/// What is POSTed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    /// The same over all tries, so that a receiver can drop a second copy.
    id: &'a str,
    user_pool_id: &'a str,
    medium: &'a str,
    purpose: &'a str,
    to: &'a str,
    username: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    body: &'a str,
}

impl Webhook {
    /// The endpoint that a setting names.
    pub(super) fn new(setting: &str, url: &str) -> Result<Webhook, String> {
        let url = outbound::http(setting, url)?;
        let client = reqwest::Client::builder()
            // A redirect would carry codes to a place that the operator has not named.
            .redirect(redirect::Policy::none())
            .timeout(TRY_TIMEOUT)
            .build()
            .map_err(|error| format!("no HTTP client for webhooks: {error}"))?;
        Ok(Webhook { client, url })
    }

    pub(super) async fn send(&self, outgoing: &Outgoing) -> Result<(), Failure> {
        let message = &outgoing.message;
        let body = Body {
            id: &outgoing.id,
            user_pool_id: &outgoing.pool_id,
            medium: message.medium.delivery_medium().as_str(),
            purpose: message.purpose.as_str(),
            to: &message.to,
            username: &message.username,
            subject: message.subject.as_deref(),
            body: &message.body,
        };
        let answer = self.client.post(self.url.clone()).json(&body).send().await;
        // The URL is taken out of errors, because it may carry a secret.
        let answer = answer.map_err(|error| Failure::for_now(error.without_url().to_string()))?;
        let status = answer.status();
        let reason = || format!("the webhook answered {status}");
        match status {
            status if status.is_success() => Ok(()),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
                Err(Failure::for_now(reason()))
            }
            status if status.is_client_error() => Err(Failure::for_good(reason())),
            _ => Err(Failure::for_now(reason())),
        }
    }
}
