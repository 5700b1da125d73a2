//! Everything short-lived and single-use. Each kind has keys of its own, so that a ticket of one kind can
//! never be redeemed as another.

use crate::{Error, Tx, from_json, to_json};
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
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Kind::SignIn => "sign_in",
            Kind::SignUpCode => "sign_up_code",
            Kind::ResetCode => "reset_code",
            Kind::AttributeCode => "attribute_code",
            Kind::SoftwareToken => "software_token",
        }
    }
}

/// A ticket that was found.
#[derive(Clone, Debug)]
pub struct Ticket<T> {
    /// When it ends.
    pub expires_at: i64,
    /// How many wrong answers it still forgives.
    pub tries_left: i64,
    /// What it remembers.
    pub document: T,
}

/// Stores a ticket; one of the same kind and id is replaced.
pub fn put(
    tx: &mut Tx<'_>,
    kind: Kind,
    id: &[u8],
    expires_at: i64,
    tries_left: i64,
    document: &impl Serialize,
) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO tickets (kind, id, expires_at, tries_left, document) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (kind, id) DO UPDATE SET expires_at = excluded.expires_at, tries_left = excluded.tries_left, \
         document = excluded.document",
        &[kind.as_str().into(), id.into(), expires_at.into(), tries_left.into(), (&to_json(document)?).into()],
    )?;
    Ok(())
}

/// Reads a ticket without using it, expired or not.
pub fn find<T: DeserializeOwned>(tx: &mut Tx<'_>, kind: Kind, id: &[u8]) -> Result<Option<Ticket<T>>, Error> {
    let row = tx.query_one(
        "SELECT expires_at, tries_left, document FROM tickets WHERE kind = $1 AND id = $2",
        &[kind.as_str().into(), id.into()],
    )?;
    row.as_ref().map(ticket).transpose()
}

/// Uses a ticket up: of two callers, one gets it.
pub fn take<T: DeserializeOwned>(tx: &mut Tx<'_>, kind: Kind, id: &[u8]) -> Result<Option<Ticket<T>>, Error> {
    let row = tx.query_one(
        "DELETE FROM tickets WHERE kind = $1 AND id = $2 RETURNING expires_at, tries_left, document",
        &[kind.as_str().into(), id.into()],
    )?;
    row.as_ref().map(ticket).transpose()
}

/// Counts a wrong answer and says how many are still forgiven; none if the ticket is gone.
pub fn miss(tx: &mut Tx<'_>, kind: Kind, id: &[u8]) -> Result<Option<i64>, Error> {
    let row = tx.query_one(
        "UPDATE tickets SET tries_left = tries_left - 1 WHERE kind = $1 AND id = $2 RETURNING tries_left",
        &[kind.as_str().into(), id.into()],
    )?;
    row.map(|row| row.int(0)).transpose()
}

/// Removes a ticket, if there is one.
pub fn delete(tx: &mut Tx<'_>, kind: Kind, id: &[u8]) -> Result<(), Error> {
    tx.execute("DELETE FROM tickets WHERE kind = $1 AND id = $2", &[kind.as_str().into(), id.into()])?;
    Ok(())
}

/// Remembers that something sealed was used; false if it was used before.
pub fn spend(tx: &mut Tx<'_>, id: &[u8], expires_at: i64) -> Result<bool, Error> {
    let count = tx.execute(
        "INSERT INTO spent (id, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        &[id.into(), expires_at.into()],
    )?;
    Ok(count == 1)
}

/// Removes what ended before `now`; answers how many rows went.
pub fn purge(tx: &mut Tx<'_>, now: i64) -> Result<u64, Error> {
    Ok(tx.execute("DELETE FROM tickets WHERE expires_at < $1", &[now.into()])?
        + tx.execute("DELETE FROM spent WHERE expires_at < $1", &[now.into()])?)
}

fn ticket<T: DeserializeOwned>(row: &crate::Row) -> Result<Ticket<T>, Error> {
    Ok(Ticket { expires_at: row.int(0)?, tries_left: row.int(1)?, document: from_json(&row.text(2)?)? })
}
