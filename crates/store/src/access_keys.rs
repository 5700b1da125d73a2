//! The access keys that operators sign with.

use crate::{Error, Row, Tx};
use rules::{Millis, Sealed};

/// An access key. Its secret is sealed, so Debug shows none.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// The public half, which signed requests name.
    pub id: String,
    /// Whose key it is; a holder may have several, to change them without a gap.
    pub name: String,
    /// When it was made.
    pub created_at: Millis,
    /// When it ended; it stays listed.
    pub revoked_at: Option<Millis>,
    /// About when it last signed a request.
    pub last_used_at: Option<Millis>,
    /// The policy document that says what it may do.
    pub policy: String,
    /// The secret half.
    pub sealed_secret: Sealed,
}

/// What a sealed secret is bound to.
pub fn sealed_context(id: &str) -> String {
    format!("access-key/{id}")
}

const COLUMNS: &str = "id, name, created_at, revoked_at, last_used_at, policy, sealed_secret";

fn access_key(row: &Row) -> Result<AccessKey, Error> {
    Ok(AccessKey {
        id: row.text(0)?,
        name: row.text(1)?,
        created_at: row.int(2)?,
        revoked_at: row.opt_int(3)?,
        last_used_at: row.opt_int(4)?,
        policy: row.text(5)?,
        sealed_secret: Sealed(row.blob(6)?),
    })
}

/// The key with this id, revoked or not.
pub fn find(tx: &mut Tx<'_>, id: &str) -> Result<Option<AccessKey>, Error> {
    let row = tx.query_one(&format!("SELECT {COLUMNS} FROM access_keys WHERE id = $1"), &[id.into()])?;
    row.as_ref().map(access_key).transpose()
}

/// All keys, oldest first.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<AccessKey>, Error> {
    let rows = tx.query(&format!("SELECT {COLUMNS} FROM access_keys ORDER BY created_at, id"), &[])?;
    rows.iter().map(access_key).collect()
}

/// Whether anybody could sign a request.
pub fn exists(tx: &mut Tx<'_>) -> Result<bool, Error> {
    Ok(tx.query_one("SELECT id FROM access_keys WHERE revoked_at IS NULL LIMIT 1", &[])?.is_some())
}

/// Stores a new key; false if the id is taken.
pub fn insert(tx: &mut Tx<'_>, key: &AccessKey) -> Result<bool, Error> {
    let count = tx.execute(
        "INSERT INTO access_keys (id, name, created_at, revoked_at, last_used_at, policy, sealed_secret) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        &[
            (&key.id).into(),
            (&key.name).into(),
            key.created_at.into(),
            key.revoked_at.into(),
            key.last_used_at.into(),
            (&key.policy).into(),
            (&key.sealed_secret.0).into(),
        ],
    )?;
    Ok(count == 1)
}

/// Ends a key; false if there is none or it had ended.
pub fn revoke(tx: &mut Tx<'_>, id: &str, now: Millis) -> Result<bool, Error> {
    let count = tx.execute(
        "UPDATE access_keys SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL",
        &[now.into(), id.into()],
    )?;
    Ok(count == 1)
}

/// Notes that a key was used.
pub fn note_use(tx: &mut Tx<'_>, id: &str, now: Millis) -> Result<(), Error> {
    tx.execute("UPDATE access_keys SET last_used_at = $1 WHERE id = $2", &[now.into(), id.into()])?;
    Ok(())
}
