//! What a message says.
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-custom-message.html>

use super::{Metadata, Source, envelope::response};
use crate::{Result, fault, messages::Medium, pool::Pool};
use serde::Serialize;
use serde_json::{Value, json};
use spec::cognito_idp::DefaultEmailOptionType;
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

/// Whether the pool wants e-mails to verify by a link.
pub fn sends_links(pool: &Pool) -> bool {
    let template = pool.detail.verification_message_template.as_ref();
    let option = template.and_then(|template| template.default_email_option.as_ref());
    option == Some(&DefaultEmailOptionType::ConfirmWithLink)
}

/// Reads what a reply says of messages by this medium. An empty text counts as none, and so does an e-mail's that has a
/// link and no code, where `sends_links`: the page that a link leads to is not built yet.
///
/// # Errors
/// InvalidLambdaResponseException, also for a text that is too long or lacks what stands for code or user name. That a
/// pool which sends by Cognito's own account may not change e-mails is a rule of AWS accounts and not enforced.
pub fn read(source: Source, medium: Medium, sends_links: bool, reply: &Value) -> Result<Reply> {
    let response = response(reply)?;
    let text = |name| Ok::<_, fault::Fault>(response.text(name)?.filter(|text| !text.is_empty()));
    let (sms, email, subject) = (text("smsMessage")?, text("emailMessage")?, text("emailSubject")?);
    let is_short = |text: &Option<String>, characters_max: usize| {
        text.as_ref().is_none_or(|text| text.chars().count() <= characters_max)
    };
    let is_whole = |text: &String| {
        text.contains(CODE) && (source != Source::MessageOfInvitation || text.contains(USERNAME))
    };
    let has_link = |text: &String| {
        sends_links
            && is_of_verification(source)
            && text.split_once("{##").is_some_and(|(_, rest)| rest.contains("##}"))
    };
    let (reply, is_right) = match medium {
        Medium::Sms => {
            let is_right = is_short(&sms, SMS_CHARACTERS_MAX) && sms.as_ref().is_none_or(is_whole);
            (Reply { sms, ..Reply::default() }, is_right)
        }
        Medium::Email => {
            let is_right = is_short(&email, EMAIL_CHARACTERS_MAX)
                && is_short(&subject, SUBJECT_CHARACTERS_MAX)
                && email.as_ref().is_none_or(|text| is_whole(text) || has_link(text));
            (Reply { email: email.filter(is_whole), subject, sms: None }, is_right)
        }
    };
    if is_right {
        Ok(reply)
    } else {
        Err(fault::lambda_output_unrecognizable().because(
            "a text of CustomMessage is too long, or lacks what stands for the code or the user name",
        ))
    }
}

/// D: which messages a link may stand in.
const fn is_of_verification(source: Source) -> bool {
    matches!(
        source,
        Source::MessageOfSignUp
            | Source::MessageOfResend
            | Source::MessageOfUpdate
            | Source::MessageOfVerification
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: Source, medium: Medium, links: bool, response: Value) -> Option<Value> {
        let reply = read(source, medium, links, &json!({ "response": response })).ok()?;
        Some(json!([reply.sms, reply.email, reply.subject]))
    }

    #[test]
    fn only_what_the_medium_uses_is_looked_at() {
        let right = json!({"smsMessage": "s {####}", "emailMessage": "e {####}", "emailSubject": "t"});
        let sms_alone =
            json!({"smsMessage": "s {####}", "emailMessage": "e", "emailSubject": "t".repeat(141)});
        let email_alone = json!({"smsMessage": "s", "emailMessage": "e {####}"});
        for (medium, response, expected) in [
            (Medium::Sms, &right, Some(json!(["s {####}", null, null]))),
            (Medium::Email, &right, Some(json!([null, "e {####}", "t"]))),
            (Medium::Sms, &sms_alone, Some(json!(["s {####}", null, null]))),
            (Medium::Email, &sms_alone, None),
            (Medium::Sms, &email_alone, None),
            (Medium::Email, &email_alone, Some(json!([null, "e {####}", null]))),
        ] {
            assert_eq!(
                texts(Source::MessageOfSignUp, medium, false, response.clone()),
                expected,
                "{response}"
            );
        }
    }

    #[test]
    fn a_link_may_stand_in_the_place_of_a_code_where_the_pool_sends_links() {
        for (source, links, text, expected) in [
            (Source::MessageOfSignUp, true, "{##Click Here##}", Some(Value::Null)),
            (Source::MessageOfResend, true, "{##a##}", Some(Value::Null)),
            (Source::MessageOfUpdate, true, "{####} {##a##}", Some(json!("{####} {##a##}"))),
            (Source::MessageOfVerification, true, "{##a", None),
            (Source::MessageOfSignUp, false, "{##Click Here##}", None),
            (Source::MessageOfReset, true, "{##Click Here##}", None),
            (Source::MessageOfSignIn, true, "{##Click Here##}", None),
            (Source::MessageOfInvitation, true, "{username} {##Click Here##}", None),
        ] {
            let found = texts(source, Medium::Email, links, json!({ "emailMessage": text }));
            assert_eq!(found.map(|texts| texts[1].clone()), expected, "{source:?} {text}");
        }
        assert_eq!(texts(Source::MessageOfSignUp, Medium::Sms, true, json!({"smsMessage": "{##a##}"})), None);
    }
}
