//! The outbox: messages are written into it by the transaction that causes them.

use crate::app::App;
use rules::{
    Fault, HOUR, Millis, Result, fault,
    ids::PoolId,
    messages::{
        Message,
        recipients::{self, Recipient},
    },
    pool::Pool,
};
use std::sync::atomic::Ordering;
use store::{
    Tx,
    outbox::{self, Entry, sealed_context},
};

/// How many messages one mailbox or phone is sent in an hour, whatever they are for.
pub const HOURLY_PER_RECIPIENT: i64 = 50;
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
        let had_many = had_many(tx, &entry.mailbox, entry.created_at)?;
        check_room(app)?;
        if had_many {
            return Err(
                fault::too_many_requests().because("the address was sent too many messages in an hour")
            );
        }
    }
    Ok(outbox::insert(tx, entry)?)
}

/// Refuses where too many messages wait for delivery.
///
/// # Errors
/// TooManyRequestsException.
pub fn check_room(app: &App) -> Result<()> {
    if app.outbox_is_full.load(Ordering::Relaxed) {
        return Err(fault::too_many_requests().because("too many messages wait for delivery"));
    }
    Ok(())
}

/// Asks the store what [`post`] asks it for a message to this recipient, and does nothing with the answer.
pub fn look_for_room(
    app: &App,
    tx: &mut Tx<'_>,
    pool: &Pool,
    recipient: &Recipient,
    now: Millis,
) -> Result<()> {
    let is_sent_by_function = recipient.medium.sender().is_configured(pool);
    if is_sent_by_function || app.config.delivery.carries(recipient.medium) {
        had_many(tx, &mailbox_id(app, &recipient.to), now)?;
    }
    Ok(())
}

fn had_many(tx: &mut Tx<'_>, mailbox: &[u8], now: Millis) -> Result<bool> {
    Ok(outbox::has_since(tx, mailbox, now - HOUR, HOURLY_PER_RECIPIENT)?)
}

/// The mailbox or phone behind an address, as messages are counted by it.
fn mailbox_id(app: &App, to: &str) -> [u8; 32] {
    app.vault.mac("mailbox", &[&recipients::mailbox(to)])
}

/// A message as the outbox keeps it, under an id that grows with time. It is due at once if a function sends it, or the
/// server can send by its medium; otherwise it stays.
pub fn entry(app: &App, id: &str, pool_id: &PoolId, message: &Message) -> Result<Entry> {
    let now = app.now();
    let json = zeroize::Zeroizing::new(serde_json::to_vec(message).map_err(Fault::internal)?);
    Ok(Entry {
        pool_id: pool_id.clone(),
        username: message.username.clone(),
        recipient: message.to.clone(),
        created_at: now,
        next_try_at: (message.sending.is_some() || app.config.delivery.carries(message.medium))
            .then_some(now),
        tries: 0,
        delivered_at: None,
        last_error: None,
        sealed: app.vault.seal(&sealed_context(id), &json),
        mailbox: mailbox_id(app, &message.to).to_vec(),
        id: id.to_owned(),
    })
}

/// The message in an entry.
pub fn open(app: &App, entry: &Entry) -> Result<Message> {
    let json = app.vault.open(&sealed_context(&entry.id), &entry.sealed)?;
    serde_json::from_slice(&json).map_err(|_| Fault::internal("a message in the outbox is damaged"))
}
