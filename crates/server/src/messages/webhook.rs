//! E-mail and SMS by a webhook: a JSON object POSTed to the operator's own endpoint.

use super::{Failure, Outgoing, TRY_TIMEOUT};
use crate::outbound::{self, Client};
use reqwest::{
    StatusCode, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
};
use serde::Serialize;
use std::result::Result;

/// The operator's endpoint. An answer of 2xx means that the message was taken over.
pub(super) struct Webhook {
    client: Client,
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
        Ok(Webhook { client: Client::new(TRY_TIMEOUT)?, url })
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
        let body = serde_json::to_vec(&body).map_err(|error| Failure::for_good(error.to_string()))?;
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        let answer = self.client.post(self.url.clone(), headers, body.into(), TRY_TIMEOUT).await;
        let status = answer.map_err(|failure| Failure::for_now(failure.to_string()))?.status();
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
