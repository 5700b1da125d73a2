//! Messages that wait for delivery, written in the transaction that caused them.

use crate::{Error, Row, Tx};
use rules::{
    Millis, Sealed,
    ids::{PoolId, Username},
};

/// A message as it is kept: its text is sealed, because it holds a code.
#[derive(Clone, Debug)]
pub struct Entry {
    /// A UUID that grows with time.
    pub id: String,
    /// The pool.
    pub pool_id: PoolId,
    /// Who it is for.
    pub username: Username,
    /// The e-mail address or phone number. It is kept in lower case, because mailboxes take no notice of it; the
    /// message has it as it was written.
    pub recipient: String,
    /// A keyed hash of the mailbox or phone behind the address, by which messages are counted.
    pub mailbox: Vec<u8>,
    /// When it was written.
    pub created_at: Millis,
    /// When delivery is tried next; none once it is delivered, given up, or not to be delivered.
    pub next_try_at: Option<Millis>,
    /// How often delivery was tried.
    pub tries: i64,
    /// When it was delivered.
    pub delivered_at: Option<Millis>,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// The message, sealed.
    pub sealed: Sealed,
}

const COLUMNS: &str = "id, pool_id, username, recipient, created_at, next_try_at, tries, delivered_at, last_error, sealed, mailbox";

/// What a sealed message is bound to.
pub fn sealed_context(id: &str) -> String {
    format!("outbox/{id}")
}

fn entry(row: &Row) -> Result<Entry, Error> {
    Ok(Entry {
        id: row.text(0)?,
        pool_id: row.text(1)?.into(),
        username: row.text(2)?.into(),
        recipient: row.text(3)?,
        created_at: row.int(4)?,
        next_try_at: row.opt_int(5)?,
        tries: row.int(6)?,
        delivered_at: row.opt_int(7)?,
        last_error: row.opt_text(8)?,
        sealed: Sealed(row.blob(9)?),
        mailbox: row.opt_blob(10)?.unwrap_or_default(),
    })
}

/// Stores a new message.
pub fn insert(tx: &mut Tx<'_>, entry: &Entry) -> Result<(), Error> {
    let sql = format!("INSERT INTO outbox ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)");
    tx.execute(
        &sql,
        &[
            (&entry.id).into(),
            (&entry.pool_id).into(),
            (&entry.username).into(),
            (&entry.recipient.to_lowercase()).into(),
            entry.created_at.into(),
            entry.next_try_at.into(),
            entry.tries.into(),
            entry.delivered_at.into(),
            (&entry.last_error).into(),
            (&entry.sealed.0).into(),
            (&entry.mailbox).into(),
        ],
    )?;
    Ok(())
}

/// Whether a mailbox or phone was sent as many messages since then.
pub fn has_since(tx: &mut Tx<'_>, mailbox: &[u8], since: Millis, count: i64) -> Result<bool, Error> {
    let row = tx.query_one(
        "SELECT created_at FROM outbox WHERE mailbox = $1 ORDER BY id DESC LIMIT 1 OFFSET $2",
        &[mailbox.into(), (count - 1).into()],
    )?;
    row.map_or(Ok(false), |row| Ok(row.int(0)? > since))
}

/// Whether as many messages wait for delivery.
pub fn has_waiting(tx: &mut Tx<'_>, count: i64) -> Result<bool, Error> {
    let row = tx.query_one(
        "SELECT next_try_at FROM outbox WHERE next_try_at IS NOT NULL LIMIT 1 OFFSET $1",
        &[(count - 1).into()],
    )?;
    Ok(row.is_some())
}

/// The newest messages, newest first; `to` is a recipient, however it is spelled, or a user name; none means all.
pub fn list(tx: &mut Tx<'_>, to: Option<&str>, limit: i64) -> Result<Vec<Entry>, Error> {
    let rows = match to {
        Some(to) => {
            let sql = format!(
                "SELECT {COLUMNS} FROM outbox WHERE recipient = $1 OR username = $2 ORDER BY id DESC LIMIT $3"
            );
            tx.query(&sql, &[(&to.to_lowercase()).into(), to.into(), limit.into()])?
        }
        None => {
            let sql = format!("SELECT {COLUMNS} FROM outbox WHERE recipient <> '' ORDER BY id DESC LIMIT $1");
            tx.query(&sql, &[limit.into()])?
        }
    };
    rows.iter().map(entry).collect()
}

/// Whether a message is due.
pub fn is_due(tx: &mut Tx<'_>, now: Millis) -> Result<bool, Error> {
    let row = tx.query_one("SELECT id FROM outbox WHERE next_try_at <= $1 LIMIT 1", &[now.into()])?;
    Ok(row.is_some())
}

/// How many messages are due, counted up to a thousand.
pub fn count_due(tx: &mut Tx<'_>, now: Millis) -> Result<i64, Error> {
    let row = tx.query_one(
        "SELECT COUNT(*) FROM (SELECT id FROM outbox WHERE next_try_at <= $1 LIMIT 1000) due",
        &[now.into()],
    )?;
    row.map_or(Ok(0), |row| row.int(0))
}

/// Takes up to `limit` due messages for delivery: until `lease_until` no other node tries them.
pub fn lease(tx: &mut Tx<'_>, now: Millis, lease_until: Millis, limit: i64) -> Result<Vec<Entry>, Error> {
    let sql = format!(
        "UPDATE outbox SET next_try_at = $1, tries = tries + 1 WHERE id IN \
         (SELECT id FROM outbox WHERE next_try_at <= $2 AND recipient <> '' ORDER BY next_try_at LIMIT $3) \
         RETURNING {COLUMNS}"
    );
    tx.query(&sql, &[lease_until.into(), now.into(), limit.into()])?.iter().map(entry).collect()
}

// A message whose user went during the try stays forgotten, whatever became of the try.

/// Notes that a message was delivered.
pub fn delivered(tx: &mut Tx<'_>, id: &str, now: Millis) -> Result<(), Error> {
    tx.execute(
        "UPDATE outbox SET delivered_at = $1, next_try_at = NULL, last_error = NULL WHERE id = $2 AND recipient <> ''",
        &[now.into(), id.into()],
    )?;
    Ok(())
}

/// Notes a failure; without `next_try_at` the message is given up.
pub fn failed(tx: &mut Tx<'_>, id: &str, next_try_at: Option<Millis>, error: &str) -> Result<(), Error> {
    tx.execute(
        "UPDATE outbox SET next_try_at = $1, last_error = $2 WHERE id = $3 AND recipient <> ''",
        &[next_try_at.into(), error.into(), id.into()],
    )?;
    Ok(())
}

/// What stays of a message whose user is gone: that there was one, for the count of its mailbox.
const FORGET: &str =
    "UPDATE outbox SET recipient = '', username = '', next_try_at = NULL, last_error = NULL, sealed = $1";

/// Forgets what is said in messages to a user, and to whom, sent or not.
pub(crate) fn forget_user(tx: &mut Tx<'_>, pool_id: &PoolId, username: &Username) -> Result<(), Error> {
    let sql = format!("{FORGET} WHERE pool_id = $2 AND username = $3");
    tx.execute(&sql, &[(&[] as &[u8]).into(), pool_id.into(), username.into()])?;
    Ok(())
}

/// The same for all messages to the users of a pool.
pub(crate) fn forget_pool(tx: &mut Tx<'_>, pool_id: &PoolId) -> Result<(), Error> {
    tx.execute(&format!("{FORGET} WHERE pool_id = $2"), &[(&[] as &[u8]).into(), pool_id.into()])?;
    Ok(())
}

/// Removes messages written before `before` that are not waiting any more, and of the others all but the newest.
pub fn purge(tx: &mut Tx<'_>, before: Millis, newest: i64) -> Result<u64, Error> {
    let old =
        tx.execute("DELETE FROM outbox WHERE created_at < $1 AND next_try_at IS NULL", &[before.into()])?;
    let many = tx.execute(
        "DELETE FROM outbox WHERE next_try_at IS NULL AND id <= \
         (SELECT id FROM outbox WHERE next_try_at IS NULL ORDER BY id DESC LIMIT 1 OFFSET $1)",
        &[newest.into()],
    )?;
    Ok(old + many)
}
