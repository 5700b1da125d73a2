//! Everything short-lived and single-use. Each kind has keys of its own, so that a ticket of one kind can
//! never be redeemed as another.

use crate::{Error, Tx, from_json, to_json};
use rules::{
    Millis,
    ids::{PoolId, Sub},
};
use serde::{Serialize, de::DeserializeOwned};

/// What a ticket stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A sign-in under way.
    SignIn,
    /// The code of a sign-up.
    SignUpCode,
    /// The code of a password reset.
    ResetCode,
    /// The code of an attribute that is being verified.
    AttributeCode,
    /// An authenticator app that a signed-in user is about to register.
    SoftwareToken,
    /// A passkey that a signed-in user is about to register.
    Passkey,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Kind::SignIn => "sign_in",
            Kind::SignUpCode => "sign_up_code",
            Kind::ResetCode => "reset_code",
            Kind::AttributeCode => "attribute_code",
            Kind::SoftwareToken => "software_token",
            Kind::Passkey => "passkey",
        }
    }
}

/// A ticket that was found.
#[derive(Clone, Debug)]
pub struct Ticket<T> {
    /// When it ends.
    pub expires_at: Millis,
    /// What it remembers.
    pub document: T,
}

/// A ticket with its id.
pub type Listed<T> = (Vec<u8>, Ticket<T>);

/// Whose a ticket is: it goes with its user, or with its pool.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// The pool.
    pub pool_id: &'a PoolId,
    /// The user; none where nobody has the name that it was asked for.
    pub sub: Option<&'a Sub>,
    /// A keyed hash of the mailbox or phone that its code went to.
    pub mailbox: Option<&'a [u8]>,
}

/// Stores a ticket; one of the same kind and id is replaced.
pub fn put(
    tx: &mut Tx<'_>,
    kind: Kind,
    id: &[u8],
    owner: Owner<'_>,
    expires_at: Millis,
    document: &impl Serialize,
) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO tickets (kind, id, expires_at, tries_left, document, pool_id, sub, mailbox) \
         VALUES ($1, $2, $3, 0, $4, $5, $6, $7) \
         ON CONFLICT (kind, id) DO UPDATE SET expires_at = excluded.expires_at, document = excluded.document, \
         pool_id = excluded.pool_id, sub = excluded.sub, mailbox = excluded.mailbox",
        &[
            kind.as_str().into(),
            id.into(),
            expires_at.into(),
            (&to_json(document)?).into(),
            owner.pool_id.into(),
            owner.sub.into(),
            owner.mailbox.into(),
        ],
    )?;
    Ok(())
}

/// Ends the oldest tickets of a kind whose codes went to one mailbox or phone, but for the newest `count`.
pub fn keep_newest(
    tx: &mut Tx<'_>,
    kind: Kind,
    pool_id: &PoolId,
    mailbox: &[u8],
    count: i64,
) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM tickets WHERE kind = $1 AND id IN (SELECT id FROM tickets WHERE pool_id = $2 AND mailbox = $3 \
         AND kind = $1 ORDER BY expires_at DESC LIMIT 1000 OFFSET $4)",
        &[kind.as_str().into(), pool_id.into(), mailbox.into(), count.into()],
    )?;
    Ok(())
}

/// Removes all tickets of a user.
pub(crate) fn delete_of_user(tx: &mut Tx<'_>, pool_id: &PoolId, sub: &Sub) -> Result<(), Error> {
    tx.execute("DELETE FROM tickets WHERE pool_id = $1 AND sub = $2", &[pool_id.into(), sub.into()])?;
    Ok(())
}

/// Removes the tickets of one kind of a user.
pub fn delete_kind_of_user(tx: &mut Tx<'_>, kind: Kind, pool_id: &PoolId, sub: &Sub) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM tickets WHERE pool_id = $1 AND sub = $2 AND kind = $3",
        &[pool_id.into(), sub.into(), kind.as_str().into()],
    )?;
    Ok(())
}

/// Reads a ticket without using it, expired or not.
pub fn find<T: DeserializeOwned>(tx: &mut Tx<'_>, kind: Kind, id: &[u8]) -> Result<Option<Ticket<T>>, Error> {
    let row = tx.query_one(
        "SELECT expires_at, document FROM tickets WHERE kind = $1 AND id = $2",
        &[kind.as_str().into(), id.into()],
    )?;
    row.as_ref().map(ticket).transpose()
}

/// A ticket with its id.
pub type WithId<T> = (Vec<u8>, Ticket<T>);

/// Reads the newest tickets of one kind of a user with their ids, without using them, expired or not.
pub fn list_of_user<T: DeserializeOwned>(
    tx: &mut Tx<'_>,
    kind: Kind,
    pool_id: &PoolId,
    sub: &Sub,
    limit: i64,
) -> Result<Vec<WithId<T>>, Error> {
    let rows = tx.query(
        "SELECT expires_at, document, id FROM tickets WHERE pool_id = $1 AND sub = $2 AND kind = $3 \
         ORDER BY expires_at DESC LIMIT $4",
        &[pool_id.into(), sub.into(), kind.as_str().into(), limit.into()],
    )?;
    rows.iter().map(|row| Ok((row.blob(2)?, ticket(row)?))).collect()
}

/// Uses a ticket up: of two callers, one gets it.
pub fn take<T: DeserializeOwned>(tx: &mut Tx<'_>, kind: Kind, id: &[u8]) -> Result<Option<Ticket<T>>, Error> {
    let row = tx.query_one(
        "DELETE FROM tickets WHERE kind = $1 AND id = $2 RETURNING expires_at, document",
        &[kind.as_str().into(), id.into()],
    )?;
    row.as_ref().map(ticket).transpose()
}

/// Removes a ticket, if there is one.
pub fn delete(tx: &mut Tx<'_>, kind: Kind, id: &[u8]) -> Result<(), Error> {
    tx.execute("DELETE FROM tickets WHERE kind = $1 AND id = $2", &[kind.as_str().into(), id.into()])?;
    Ok(())
}

/// Remembers that something sealed was used; false if it was used before.
pub fn spend(tx: &mut Tx<'_>, id: &[u8], expires_at: Millis) -> Result<bool, Error> {
    let count = tx.execute(
        "INSERT INTO spent (id, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        &[id.into(), expires_at.into()],
    )?;
    Ok(count == 1)
}

/// Whether something sealed was used.
pub fn is_spent(tx: &mut Tx<'_>, id: &[u8]) -> Result<bool, Error> {
    Ok(tx.query_one("SELECT expires_at FROM spent WHERE id = $1", &[id.into()])?.is_some())
}

/// Removes what ended before `now`; answers how many rows went.
pub fn purge(tx: &mut Tx<'_>, now: Millis) -> Result<u64, Error> {
    Ok(tx.execute("DELETE FROM tickets WHERE expires_at < $1", &[now.into()])?
        + tx.execute("DELETE FROM spent WHERE expires_at < $1", &[now.into()])?)
}

fn ticket<T: DeserializeOwned>(row: &crate::Row) -> Result<Ticket<T>, Error> {
    Ok(Ticket { expires_at: row.int(0)?, document: from_json(&row.text(1)?)? })
}
