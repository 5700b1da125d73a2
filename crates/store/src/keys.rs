//! The keys that sign tokens.

use crate::{Error, Row, Tx};
use rules::Sealed;

/// A key pair of a pool.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// The name that tokens carry in their header.
    pub kid: String,
    /// The pool.
    pub pool_id: String,
    /// `id` or `access`.
    pub token_use: String,
    /// When it was made.
    pub created_at: i64,
    /// When it was replaced; it stays published until the last token it signed has expired.
    pub retired_at: Option<i64>,
    /// The public half as a JWK.
    pub public_key: String,
    /// The private half, PKCS #8.
    pub sealed_key: Sealed,
}

fn key(row: &Row) -> Result<SigningKey, Error> {
    Ok(SigningKey {
        kid: row.text(0)?,
        pool_id: row.text(1)?,
        token_use: row.text(2)?,
        created_at: row.int(3)?,
        retired_at: row.opt_int(4)?,
        public_key: row.text(5)?,
        sealed_key: Sealed(row.blob(6)?),
    })
}

/// All keys of a pool, newest first.
pub fn list(tx: &mut Tx<'_>, pool_id: &str) -> Result<Vec<SigningKey>, Error> {
    let rows = tx.query(
        "SELECT kid, pool_id, token_use, created_at, retired_at, public_key, sealed_key FROM signing_keys \
         WHERE pool_id = $1 ORDER BY created_at DESC, kid",
        &[pool_id.into()],
    )?;
    rows.iter().map(key).collect()
}

/// Stores a new key.
pub fn insert(tx: &mut Tx<'_>, key: &SigningKey) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO signing_keys (kid, pool_id, token_use, created_at, retired_at, public_key, sealed_key) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            (&key.kid).into(),
            (&key.pool_id).into(),
            (&key.token_use).into(),
            key.created_at.into(),
            key.retired_at.into(),
            (&key.public_key).into(),
            (&key.sealed_key.0).into(),
        ],
    )?;
    Ok(())
}
