//! How messages leave: written into the outbox by the transaction that causes them, sent from there by a job.
//! No request ever waits for a mail server or a webhook.

pub mod custom_sender;
pub mod foreign_senders;
mod job;
pub mod outbox;
mod smtp;
mod webhook;

pub use job::{round, run, see_whether_full};

use crate::config::Delivery;
use rules::{
    ids::PoolId,
    messages::{Medium, Message},
};
use std::time::Duration;

/// How long one try of one message may take, connecting included.
const TRY_TIMEOUT: Duration = Duration::from_secs(30);

impl Delivery {
    /// Whether messages of this medium can leave the server.
    pub fn carries(&self, medium: Medium) -> bool {
        match medium {
            Medium::Email => self.smtp_url.is_some() || self.email_webhook.is_some(),
            Medium::Sms => self.sms_webhook.is_some(),
        }
    }
}

/// The ways out, made once from the settings.
pub struct Transports {
    smtp: Option<smtp::Smtp>,
    email_webhook: Option<webhook::Webhook>,
    sms_webhook: Option<webhook::Webhook>,
}

impl Transports {
    /// Reads the settings.
    ///
    /// # Errors
    /// A text for the operator when an address cannot be used.
    pub fn new(settings: &Delivery) -> std::result::Result<Transports, String> {
        let webhook = |setting: &str, url: &Option<String>| {
            url.as_deref().map(|url| webhook::Webhook::new(setting, url)).transpose()
        };
        Ok(Transports {
            smtp: settings.smtp_url.as_deref().map(|url| smtp::Smtp::new(url, settings)).transpose()?,
            email_webhook: webhook("--email-webhook", &settings.email_webhook)?,
            sms_webhook: webhook("--sms-webhook", &settings.sms_webhook)?,
        })
    }

    /// Connects to the mail server and signs in; none where none is configured.
    pub async fn sign_in_to_mail_server(&self) -> Option<std::result::Result<(), String>> {
        Some(self.smtp.as_ref()?.sign_in().await)
    }

    /// Sends an e-mail that belongs to no user by the mail server; none where none is configured.
    pub async fn send_test_mail(&self, to: &str) -> Option<std::result::Result<(), String>> {
        Some(self.smtp.as_ref()?.send_test(to).await)
    }

    /// Leaves the mail server in order.
    pub async fn end(self) {
        if let Some(smtp) = self.smtp {
            smtp.end().await;
        }
    }

    /// Sends one message. E-mails take the mail server where both ways are configured.
    async fn send(&self, outgoing: &Outgoing) -> std::result::Result<(), Failure> {
        let webhook = match outgoing.message.medium {
            Medium::Email => match &self.smtp {
                Some(smtp) => return smtp.send(outgoing).await,
                None => &self.email_webhook,
            },
            Medium::Sms => &self.sms_webhook,
        };
        match webhook {
            Some(webhook) => webhook.send(outgoing).await,
            // Another node may have one, or this one after its next start.
            None => Err(Failure::for_now("no way out is configured for this medium")),
        }
    }
}

/// A message on its way out.
struct Outgoing {
    id: String,
    pool_id: PoolId,
    message: Message,
    /// The sender that the pool names.
    from: Option<String>,
    /// Where answers go.
    reply_to: Option<String>,
}

/// Why a try failed.
struct Failure {
    /// For the operator; it quotes no message.
    reason: String,
    /// Whether another try cannot help.
    is_final: bool,
}

impl Failure {
    fn for_now(reason: impl Into<String>) -> Failure {
        Failure { reason: reason.into(), is_final: false }
    }

    fn for_good(reason: impl Into<String>) -> Failure {
        Failure { reason: reason.into(), is_final: true }
    }
}
