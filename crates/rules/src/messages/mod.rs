//! Which text goes to whom, by which medium.

pub mod encryption_sdk;
mod occasion;
pub mod recipients;
pub mod requests;
mod templates;

pub use occasion::{Occasion, Sending};
pub use templates::{Template, template};

use crate::{ids::Username, triggers::Trigger, user::MfaFactor};
use serde::{Deserialize, Serialize};
use spec::cognito_idp::{CodeDeliveryDetailsType, DeliveryMediumType, VerifiedAttributeType};
use std::borrow::Cow;

/// How a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Medium {
    /// To an e-mail address.
    Email,
    /// To a phone number.
    Sms,
}

impl Medium {
    /// The attribute that holds the address.
    pub const fn attribute(self) -> &'static str {
        match self {
            Medium::Email => "email",
            Medium::Sms => "phone_number",
        }
    }

    /// The second factor whose codes travel by it.
    pub const fn factor(self) -> MfaFactor {
        match self {
            Medium::Email => MfaFactor::Email,
            Medium::Sms => MfaFactor::Sms,
        }
    }

    /// The medium of a code for `email` or `phone_number`; none for every other attribute.
    pub fn of_attribute(name: &str) -> Option<Medium> {
        [Medium::Email, Medium::Sms].into_iter().find(|medium| medium.attribute() == name)
    }

    /// The trigger whose function sends such messages in the server's place.
    pub const fn sender(self) -> Trigger {
        match self {
            Medium::Email => Trigger::CustomEmailSender,
            Medium::Sms => Trigger::CustomSmsSender,
        }
    }

    /// The attribute in a pool's settings of verification.
    pub const fn verified_attribute(self) -> VerifiedAttributeType {
        match self {
            Medium::Email => VerifiedAttributeType::Email,
            Medium::Sms => VerifiedAttributeType::PhoneNumber,
        }
    }

    /// The name on the wire.
    pub const fn delivery_medium(self) -> DeliveryMediumType {
        match self {
            Medium::Email => DeliveryMediumType::Email,
            Medium::Sms => DeliveryMediumType::Sms,
        }
    }
}

/// Why a message is sent, which decides its template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// The code of a sign-up, first or again.
    SignUp,
    /// The code of a password reset.
    PasswordReset,
    /// The code of an attribute that is being verified.
    AttributeVerification,
    /// The code of a sign-in.
    Authentication,
    /// The temporary password of a user whom an administrator made.
    Invitation,
}

impl Purpose {
    /// The name that outbox and webhooks show.
    pub const fn as_str(self) -> &'static str {
        match self {
            Purpose::SignUp => "SIGN_UP",
            Purpose::PasswordReset => "PASSWORD_RESET",
            Purpose::AttributeVerification => "ATTRIBUTE_VERIFICATION",
            Purpose::Authentication => "AUTHENTICATION",
            Purpose::Invitation => "INVITATION",
        }
    }
}

/// A message to one person.
#[derive(Clone, Serialize, Deserialize)]
pub struct Message {
    /// How it travels.
    pub medium: Medium,
    /// The e-mail address or phone number.
    pub to: String,
    /// Whose message it is.
    pub username: Username,
    /// Why it is sent.
    pub purpose: Purpose,
    /// The subject of an e-mail.
    pub subject: Option<String>,
    /// The text, placeholders filled in; of an e-mail it is HTML.
    pub body: String,
    /// The code or temporary password in the text.
    pub code: String,
    /// The function that sends it in the server's place, and what that is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sending: Option<Sending>,
}

impl Message {
    /// The code or temporary password as the function gets it that sends the message. D: in a temporary password what
    /// HTML would read otherwise is escaped.
    pub fn code_for_sender(&self) -> Cow<'_, str> {
        match self.purpose {
            Purpose::Invitation => templates::escape_html(&self.code),
            _ => Cow::Borrowed(&self.code),
        }
    }
}

/// What the wire tells of a delivery: the address is masked.
pub fn delivery_details(medium: Medium, to: &str) -> CodeDeliveryDetailsType {
    CodeDeliveryDetailsType {
        destination: Some(mask(medium, to)),
        delivery_medium: Some(medium.delivery_medium()),
        attribute_name: Some(medium.attribute().to_owned()),
    }
}

/// `j***@e***` and `+*******9934`. Seen in captures. Always in small letters, because an unknown name is answered by
/// what was typed or invented, and the letters in which an address was stored would tell that there is one.
pub fn mask(medium: Medium, to: &str) -> String {
    match medium {
        Medium::Email => {
            let first = |text: &str| text.to_lowercase().chars().next().map(String::from).unwrap_or_default();
            let (local, domain) = to.rsplit_once('@').unwrap_or((to, ""));
            format!("{}***@{}***", first(local), first(domain))
        }
        Medium::Sms => {
            let digits: Vec<char> = to.trim_start_matches('+').chars().collect();
            let shown = digits.len().saturating_sub(4);
            format!("+{}{}", "*".repeat(shown), digits[shown..].iter().collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_before_are_read() {
        let stored = r#"{"medium":"Email","to":"a@b.c","username":"jane","purpose":"SignUp","subject":"s","body":"b",
            "code":"123456"}"#;
        let message: Message = serde_json::from_str(stored).unwrap();
        assert!(message.sending.is_none());
        assert_eq!(message.code_for_sender(), "123456");
        let invitation = Message { purpose: Purpose::Invitation, code: "<&".into(), ..message };
        assert_eq!(invitation.code_for_sender(), "&lt;&amp;");
    }

    #[test]
    fn addresses_are_masked() {
        for (medium, to, expected) in [
            (Medium::Email, "jane@example.com", "j***@e***"),
            (Medium::Email, "Jane@Example.com", "j***@e***"),
            (Medium::Email, "@", "***@***"),
            (Medium::Sms, "+15555559934", "+*******9934"),
            (Medium::Sms, "+12", "+12"),
        ] {
            assert_eq!(mask(medium, to), expected, "{to}");
        }
    }
}
