//! On which occasion a message is sent: its purpose, and for what functions are told that it is.

use super::{Medium, Purpose};
use crate::triggers::{Metadata, Source};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// On which occasion a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// A sign-up.
    SignUp,
    /// A sign-up whose code is asked for again.
    Resend,
    /// A forgotten password.
    Reset,
    /// A changed address.
    Update,
    /// An address whose code is asked for.
    Verification,
    /// A second factor.
    SignIn,
    /// A code as a proof of its own. Unverified: that it takes the texts and sources of a second factor.
    ChosenCode,
    /// A user whom an administrator made.
    Invitation,
}

impl Occasion {
    /// Which of the pool's texts it takes.
    pub const fn purpose(self) -> Purpose {
        match self {
            Occasion::SignUp | Occasion::Resend => Purpose::SignUp,
            Occasion::Reset => Purpose::PasswordReset,
            Occasion::Update | Occasion::Verification => Purpose::AttributeVerification,
            Occasion::SignIn | Occasion::ChosenCode => Purpose::Authentication,
            Occasion::Invitation => Purpose::Invitation,
        }
    }

    /// For what the function runs that writes the text.
    pub const fn writer(self) -> Source {
        match self {
            Occasion::SignUp => Source::MessageOfSignUp,
            Occasion::Resend => Source::MessageOfResend,
            Occasion::Reset => Source::MessageOfReset,
            Occasion::Update => Source::MessageOfUpdate,
            Occasion::Verification => Source::MessageOfVerification,
            Occasion::SignIn | Occasion::ChosenCode => Source::MessageOfSignIn,
            Occasion::Invitation => Source::MessageOfInvitation,
        }
    }

    /// For what the function runs that sends the message.
    pub const fn sender(self, medium: Medium) -> Source {
        match (medium, self) {
            (Medium::Email, Occasion::SignUp) => Source::EmailOfSignUp,
            (Medium::Email, Occasion::Resend) => Source::EmailOfResend,
            (Medium::Email, Occasion::Reset) => Source::EmailOfReset,
            (Medium::Email, Occasion::Update) => Source::EmailOfUpdate,
            (Medium::Email, Occasion::Verification) => Source::EmailOfVerification,
            (Medium::Email, Occasion::SignIn | Occasion::ChosenCode) => Source::EmailOfSignIn,
            (Medium::Email, Occasion::Invitation) => Source::EmailOfInvitation,
            (Medium::Sms, Occasion::SignUp) => Source::SmsOfSignUp,
            (Medium::Sms, Occasion::Resend) => Source::SmsOfResend,
            (Medium::Sms, Occasion::Reset) => Source::SmsOfReset,
            (Medium::Sms, Occasion::Update) => Source::SmsOfUpdate,
            (Medium::Sms, Occasion::Verification) => Source::SmsOfVerification,
            (Medium::Sms, Occasion::SignIn | Occasion::ChosenCode) => Source::SmsOfSignIn,
            (Medium::Sms, Occasion::Invitation) => Source::SmsOfInvitation,
        }
    }
}

/// What the function is told that sends a message in the server's place.
#[derive(Clone, Serialize, Deserialize)]
pub struct Sending {
    /// For what it runs: the name of a [`Source`].
    pub source: String,
    /// The client, where the call named one.
    pub client_id: Option<String>,
    /// What the caller's SDK says of itself.
    pub sdk_version: String,
    /// The user's attributes.
    pub user_attributes: BTreeMap<String, String>,
    /// ClientMetadata.
    pub client_metadata: Option<Metadata>,
}
