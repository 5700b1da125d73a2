//! A name that nobody has may be somebody's elsewhere.
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-migrate-user.html>

use super::{Metadata, envelope::response};
use crate::{Fault, Result, fault, messages::Medium};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What the function is told. It has no Debug, because it holds a password.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    /// The typed password; none where it was forgotten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<&'a str>,
    /// ClientMetadata of the call that begins a sign-in. D: it goes to this function by this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_data: Option<&'a Metadata>,
    /// ClientMetadata of ForgotPassword.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_metadata: Option<&'a Metadata>,
}

/// The user whom the function knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reply {
    /// The attributes, `username` among them where the function gives the user another name than was typed.
    pub attributes: BTreeMap<String, String>,
    /// Whether the user signs in with the typed password from now on; otherwise it must be reset.
    pub is_confirmed: bool,
    /// Whether the user is invited, and by which media.
    pub invites: Vec<Medium>,
    /// Whether an address that another user signs in by becomes this one's.
    pub takes_aliases: bool,
    /// Whether codes by SMS are the user's second factor.
    pub enables_sms_mfa: bool,
}

/// What the event holds as response.
pub fn unchanged() -> Value {
    json!({
        "userAttributes": null, "finalUserStatus": null, "messageAction": null, "desiredDeliveryMediums": null,
        "forceAliasCreation": null, "enableSMSMFA": null
    })
}

/// Reads a reply.
///
/// # Errors
/// InvalidLambdaResponseException, also where `userAttributes` is missing or empty. Unverified: what the service does of
/// words that it does not know.
pub fn read(reply: &Value) -> Result<Reply> {
    let response = response(reply)?;
    let attributes = response.text_map("userAttributes")?.filter(|attributes| !attributes.is_empty());
    let attributes = attributes.ok_or_else(|| wrong("UserMigration replied without userAttributes"))?;
    let is_confirmed = match response.text("finalUserStatus")?.as_deref() {
        Some("CONFIRMED") => true,
        None | Some("RESET_REQUIRED") => false,
        Some(_) => return Err(wrong("finalUserStatus must be CONFIRMED or RESET_REQUIRED")),
    };
    let asked = response.texts("desiredDeliveryMediums")?.filter(|asked| !asked.is_empty());
    let asked = asked.unwrap_or_else(|| vec!["SMS".to_owned()]);
    let media = asked
        .iter()
        .map(|name| match name.as_str() {
            "EMAIL" => Ok(Medium::Email),
            "SMS" => Ok(Medium::Sms),
            _ => Err(wrong("desiredDeliveryMediums must hold EMAIL or SMS")),
        })
        .collect::<Result<Vec<Medium>>>()?;
    let invites = match response.text("messageAction")?.as_deref() {
        Some("SUPPRESS") => Vec::new(),
        None | Some("RESEND") => media,
        Some(_) => return Err(wrong("messageAction must be SUPPRESS or RESEND")),
    };
    Ok(Reply {
        attributes,
        is_confirmed,
        invites,
        takes_aliases: response.boolean("forceAliasCreation")?.unwrap_or(false),
        enables_sms_mfa: response.boolean("enableSMSMFA")?.unwrap_or(false),
    })
}

/// The reason is for the operator.
fn wrong(reason: &'static str) -> Fault {
    fault::lambda_output_unrecognizable().because(reason)
}
