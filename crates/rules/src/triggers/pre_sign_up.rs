//! Before a user is made.
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-sign-up.html>

use super::{Metadata, envelope::response};
use crate::{Result, fault};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What the function is told.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    /// The attributes of the user who is to be made.
    pub user_attributes: &'a BTreeMap<String, String>,
    /// ValidationData; null where there is none, as seen in captures.
    pub validation_data: Option<Metadata>,
    /// ClientMetadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_metadata: Option<&'a Metadata>,
}

/// What the function decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reply {
    /// Whether the user is confirmed without a code.
    pub confirms: bool,
    /// Whether the e-mail address counts as proved.
    pub verifies_email: bool,
    /// Whether the phone number counts as proved.
    pub verifies_phone_number: bool,
}

impl Reply {
    /// In plain words, for the operator.
    pub fn describe(&self) -> String {
        let Reply { confirms, verifies_email, verifies_phone_number } = *self;
        let said = [
            (confirms, "confirms the user"),
            (verifies_email, "counts the e-mail address as proved"),
            (verifies_phone_number, "counts the phone number as proved"),
        ];
        let said: Vec<&str> =
            said.into_iter().filter(|(is_said, _)| *is_said).map(|(_, words)| words).collect();
        if said.is_empty() { "lets the sign-up go on".to_owned() } else { said.join(", ") }
    }
}

/// What the event holds as response.
pub fn unchanged() -> Value {
    json!({ "autoConfirmUser": false, "autoVerifyEmail": false, "autoVerifyPhone": false })
}

/// Reads a reply.
///
/// # Errors
/// InvalidLambdaResponseException.
pub fn read(reply: &Value) -> Result<Reply> {
    let response = response(reply)?;
    let is_set = |name| Ok::<_, fault::Fault>(response.boolean(name)?.unwrap_or(false));
    Ok(Reply {
        confirms: is_set("autoConfirmUser")?,
        verifies_email: is_set("autoVerifyEmail")?,
        verifies_phone_number: is_set("autoVerifyPhone")?,
    })
}
