//! What a message says before its code is kept: made outside of the transaction, where a function may write its text.

use super::changes;
use crate::{
    app::App,
    messages::outbox,
    triggers::{About, ask},
};
use rules::{
    Random, Result,
    ids::Sub,
    messages::{self, Medium, Message, Occasion, Sending, Template, recipients::Recipient},
    pool::Pool,
    triggers::{Metadata, user_attributes},
    user::User,
};
use store::Tx;
use zeroize::Zeroizing;

const DIGITS: usize = 6;
/// V: of codes by e-mail that are a proof of their own.
const DIGITS_OF_CHOSEN_EMAIL: usize = 8;

/// To whom a message goes, and why.
#[derive(Clone, Copy)]
pub struct Addressed<'a> {
    /// Whom functions are told of.
    pub about: About<'a>,
    /// Why.
    pub occasion: Occasion,
    /// The user.
    pub user: &'a User,
    /// ClientMetadata.
    pub client_metadata: Option<&'a Metadata>,
}

/// What a message says, and whether a function sends it.
#[derive(Clone)]
pub struct Texts {
    template: Template,
    sending: Option<Sending>,
}

impl Texts {
    /// By this medium: the pool's, or those of its function. Where a function sends the message, none writes it.
    ///
    /// # Errors
    /// What a function refuses, or how it fails.
    pub async fn of(app: &App, addressed: Addressed<'_>, medium: Medium) -> Result<Texts> {
        let Addressed { about, occasion, user, client_metadata } = addressed;
        let template = messages::template(about.pool, occasion.purpose(), medium);
        if medium.sender().is_configured(about.pool) {
            let sending = Sending {
                source: occasion.sender(medium).as_str().to_owned(),
                client_id: about.client_id.map(str::to_owned),
                sdk_version: about.origin.sdk_version.clone(),
                user_attributes: Default::default(),
                client_metadata: client_metadata.cloned(),
            };
            return Ok(Texts { template, sending: Some(sending) });
        }
        let written = ask::message(app, about, occasion.writer(), medium, user, client_metadata).await?;
        Ok(Texts { template: template.written_by(written), sending: None })
    }

    /// The message to a user of the pool. `code` is the code, or in an invitation the temporary password.
    pub fn fill(&self, pool: &Pool, user: &User, code: &str, to: &str) -> Message {
        let user_attributes = || user_attributes(pool, user);
        let sending =
            self.sending.clone().map(|sending| Sending { user_attributes: user_attributes(), ..sending });
        Message { sending, ..self.template.fill(pool, user, code, to) }
    }
}

/// A code's message before the code is kept.
#[derive(Clone)]
pub struct Draft {
    /// Where it goes.
    pub recipient: Recipient,
    /// Whose it is; none for a name that no user has.
    sub: Option<Sub>,
    texts: Texts,
    code: Zeroizing<String>,
    message_id: String,
}

impl Draft {
    /// Makes a code and the text that it goes out in.
    ///
    /// # Errors
    /// As [`Texts::of`].
    pub async fn of(app: &App, addressed: Addressed<'_>, recipient: Recipient) -> Result<Draft> {
        let texts = Texts::of(app, addressed, recipient.medium).await?;
        let is_chosen_email = addressed.occasion == Occasion::ChosenCode && recipient.medium == Medium::Email;
        let digits = if is_chosen_email { DIGITS_OF_CHOSEN_EMAIL } else { DIGITS };
        let code = Zeroizing::new(app.random().digits(digits));
        let sub = Some(addressed.user.sub.clone());
        Ok(Draft { recipient, sub, texts, code, message_id: app.random().uuid_v7(app.now()) })
    }

    /// As costly as a real one, for a name that no user has.
    pub fn of_nobody(app: &App, pool: &Pool, occasion: Occasion, recipient: Recipient) -> Draft {
        let template = messages::template(pool, occasion.purpose(), recipient.medium);
        let code = Zeroizing::new(app.random().digits(DIGITS));
        let texts = Texts { template, sending: None };
        Draft { recipient, sub: None, texts, code, message_id: app.random().uuid_v7(app.now()) }
    }

    /// Whether it is a user's.
    pub fn is_to_be_sent(&self) -> bool {
        self.sub.is_some()
    }

    /// The code, for who keeps it.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Writes the message into the outbox. What was written for one user is nobody else's, though the address be the same.
    pub fn post(&self, app: &App, tx: &mut Tx<'_>, pool: &Pool, user: &User) -> Result<()> {
        if self.sub.as_ref().is_some_and(|sub| *sub != user.sub) {
            return Err(changes::changed_meanwhile());
        }
        let message = self.texts.fill(pool, user, &self.code, &self.recipient.to);
        outbox::post(app, tx, &outbox::entry(app, &self.message_id, &pool.id, &message)?)
    }
}
