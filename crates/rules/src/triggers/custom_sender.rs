//! A function that sends messages instead of the server.
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-custom-sender-triggers.html>

use super::{Metadata, Source, Trigger};
use serde::Serialize;
use std::collections::BTreeMap;

/// What the function is told. Its reply decides nothing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    /// The version of the request.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The code or temporary password, encrypted and in base64; none in a warning.
    code: Option<&'a str>,
    /// ClientMetadata; null where there is none, as seen in captures.
    client_metadata: Option<&'a Metadata>,
    /// The user's attributes.
    user_attributes: &'a BTreeMap<String, String>,
}

impl<'a> Request<'a> {
    /// What the function is told for this source.
    pub fn new(
        source: Source,
        code: Option<&'a str>,
        user_attributes: &'a BTreeMap<String, String>,
        client_metadata: Option<&'a Metadata>,
    ) -> Request<'a> {
        let kind = match source.trigger() {
            Trigger::CustomSmsSender => "customSMSSenderRequestV1",
            _ => "customEmailSenderRequestV1",
        };
        Request { kind, code, client_metadata, user_attributes }
    }
}
