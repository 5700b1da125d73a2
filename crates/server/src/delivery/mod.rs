//! How messages leave: written into the outbox by the transaction that causes them, sent from there by a job.
//! No request ever waits for a mail server or a webhook.

mod job;
mod mail;
mod webhook;

pub use job::{round, run, see_whether_full};

use crate::{app::App, config::Delivery};
use rules::{
    Fault, Millis, Random, Result, fault,
    messages::{Medium, Message, recipients::Recipient},
};
use std::{sync::atomic::Ordering, time::Duration};
use store::{
    Tx,
    outbox::{self, Entry, sealed_context},
};

/// How long one try of one message may take, connecting included.
const TRY_TIMEOUT: Duration = Duration::from_secs(30);

/// How many messages one address is sent in an hour, whatever they are for.
pub const HOURLY_PER_RECIPIENT: i64 = 50;
const HOUR_MS: i64 = 3_600_000;
/// How many messages may wait for delivery.
pub const WAITING_MAX: i64 = 100_000;

/// Writes messages into the outbox: the one way in. What leaves the server must neither flood anybody's mailbox nor
/// grow without end while a mail server is away.
///
/// # Errors
/// TooManyRequestsException, which every operation declares.
pub fn post(app: &App, tx: &mut Tx<'_>, entry: &Entry) -> Result<()> {
    // What stays in the outbox goes to nobody.
    if entry.next_try_at.is_some() {
        let had_many = had_many(tx, &entry.recipient, entry.created_at)?;
        if app.outbox_is_full.load(Ordering::Relaxed) {
            return Err(fault::too_many_requests().because("too many messages wait for delivery"));
        }
        if had_many {
            return Err(
                fault::too_many_requests().because("the address was sent too many messages in an hour")
            );
        }
    }
    Ok(outbox::insert(tx, entry)?)
}

/// Asks the store what [`post`] asks it for a message to this recipient, and does nothing with the answer.
pub fn look_for_room(app: &App, tx: &mut Tx<'_>, recipient: &Recipient, now: Millis) -> Result<()> {
    if app.config.delivery.carries(recipient.medium) {
        had_many(tx, &recipient.to, now)?;
    }
    Ok(())
}

fn had_many(tx: &mut Tx<'_>, to: &str, now: Millis) -> Result<bool> {
    Ok(outbox::has_since(tx, to, now - HOUR_MS, HOURLY_PER_RECIPIENT)?)
}

/// A message as the outbox keeps it. It is due at once if the server can send by its medium; otherwise it stays.
pub fn entry(app: &App, pool_id: &str, message: &Message) -> Result<Entry> {
    let now = app.now();
    let id = app.random().uuid_v7(now);
    let json = zeroize::Zeroizing::new(serde_json::to_vec(message).map_err(Fault::internal)?);
    Ok(Entry {
        pool_id: pool_id.to_owned(),
        username: message.username.clone(),
        recipient: message.to.clone(),
        created_at: now,
        next_try_at: app.config.delivery.carries(message.medium).then_some(now),
        tries: 0,
        delivered_at: None,
        last_error: None,
        sealed: app.vault.seal(&sealed_context(&id), &json),
        id,
    })
}

/// The message in an entry.
pub fn open(app: &App, entry: &Entry) -> Result<Message> {
    let json = app.vault.open(&sealed_context(&entry.id), &entry.sealed)?;
    serde_json::from_slice(&json).map_err(|_| Fault::internal("a message in the outbox is damaged"))
}

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
    smtp: Option<mail::Smtp>,
    email_webhook: Option<webhook::Webhook>,
    sms_webhook: Option<webhook::Webhook>,
}

impl Transports {
    /// Reads the settings.
    ///
    /// # Errors
    /// A text for the operator when an address cannot be used.
    pub fn new(settings: &Delivery) -> std::result::Result<Transports, String> {
        let webhook = |url: &Option<String>| url.as_deref().map(webhook::Webhook::new).transpose();
        Ok(Transports {
            smtp: settings.smtp_url.as_deref().map(|url| mail::Smtp::new(url, settings)).transpose()?,
            email_webhook: webhook(&settings.email_webhook)?,
            sms_webhook: webhook(&settings.sms_webhook)?,
        })
    }

    /// Whether nothing can leave.
    pub fn is_empty(&self) -> bool {
        self.smtp.is_none() && self.email_webhook.is_none() && self.sms_webhook.is_none()
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
            None => Err(Failure::for_good("no way out is configured for this medium")),
        }
    }
}

/// A message on its way out.
struct Outgoing {
    id: String,
    pool_id: String,
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
