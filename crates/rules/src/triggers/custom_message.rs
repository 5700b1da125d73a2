//! What a message says.
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-custom-message.html>

use super::{Metadata, Source, envelope::response};
use crate::{Result, fault};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What stands for the code, or in an invitation for the temporary password.
pub const CODE: &str = "{####}";
/// What stands for the user name in an invitation.
pub const USERNAME: &str = "{username}";
/// What stands for a link.
pub const LINK: &str = "{##Click Here##}";
/// The longest SMS, in characters. D
const SMS_CHARACTERS_MAX: usize = 140;
/// The longest e-mail, in characters. D
const EMAIL_CHARACTERS_MAX: usize = 20_000;
/// The longest subject, in characters. D: MessageTemplateType.
const SUBJECT_CHARACTERS_MAX: usize = 140;

/// What the function is told.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    /// The user's attributes.
    pub user_attributes: &'a BTreeMap<String, String>,
    /// What stands for the code.
    pub code_parameter: &'static str,
    /// What stands for a link.
    pub link_parameter: &'static str,
    /// What stands for the user name; none but in invitations.
    pub username_parameter: Option<&'static str>,
    /// ClientMetadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_metadata: Option<&'a Metadata>,
}

impl<'a> Request<'a> {
    /// What the function is told for this source.
    pub fn new(
        source: Source,
        user_attributes: &'a BTreeMap<String, String>,
        client_metadata: Option<&'a Metadata>,
    ) -> Request<'a> {
        let username_parameter = (source == Source::MessageOfInvitation).then_some(USERNAME);
        Request {
            user_attributes,
            code_parameter: CODE,
            link_parameter: LINK,
            username_parameter,
            client_metadata,
        }
    }
}

/// The texts that the function wrote; none where the pool's own stay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reply {
    /// Of an SMS.
    pub sms: Option<String>,
    /// Of an e-mail.
    pub email: Option<String>,
    /// The subject of an e-mail.
    pub subject: Option<String>,
}

/// What the event holds as response.
pub fn unchanged() -> Value {
    json!({ "smsMessage": null, "emailMessage": null, "emailSubject": null })
}

/// Reads a reply. An empty text counts as none.
///
/// # Errors
/// InvalidLambdaResponseException, also for a text that is too long or lacks what stands for code or user name. That a
/// pool which sends by Cognito's own account may not change e-mails is a rule of AWS accounts and not enforced.
pub fn read(source: Source, reply: &Value) -> Result<Reply> {
    let response = response(reply)?;
    let text = |name| Ok::<_, fault::Fault>(response.text(name)?.filter(|text| !text.is_empty()));
    let reply =
        Reply { sms: text("smsMessage")?, email: text("emailMessage")?, subject: text("emailSubject")? };
    let is_whole = |text: &String, characters_max: usize| {
        text.chars().count() <= characters_max
            && text.contains(CODE)
            && (source != Source::MessageOfInvitation || text.contains(USERNAME))
    };
    let is_right = reply.sms.as_ref().is_none_or(|text| is_whole(text, SMS_CHARACTERS_MAX))
        && reply.email.as_ref().is_none_or(|text| is_whole(text, EMAIL_CHARACTERS_MAX))
        && reply.subject.as_ref().is_none_or(|text| text.chars().count() <= SUBJECT_CHARACTERS_MAX);
    if is_right {
        Ok(reply)
    } else {
        Err(fault::lambda_output_unrecognizable().because(
            "a text of CustomMessage is too long, or lacks what stands for the code or the user name",
        ))
    }
}
