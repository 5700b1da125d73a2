//! The keys that sign tokens.

use crate::{Error, Row, Tx};
use rules::{Millis, Sealed, ids::PoolId};

/// A key pair of a pool.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// The name that tokens carry in their header.
    pub kid: String,
    /// The pool.
    pub pool_id: PoolId,
    /// `id` or `access`.
    pub token_use: String,
    /// When it was made.
    pub created_at: Millis,
    /// From when on it signs; it is published before.
    pub signs_from: Millis,
    /// When its successor signs; it stays published until the last token it signed has expired.
    pub retired_at: Option<Millis>,
    /// The public half as a JWK.
    pub public_key: String,
    /// The private half, PKCS #8.
    pub sealed_key: Sealed,
}

/// What a sealed private key is bound to.
pub fn sealed_context(kid: &str) -> String {
    format!("signing-key/{kid}")
}

const COLUMNS: &str = "kid, pool_id, token_use, created_at, signs_from, retired_at, public_key, sealed_key";

fn key(row: &Row) -> Result<SigningKey, Error> {
    Ok(SigningKey {
        kid: row.text(0)?,
        pool_id: row.text(1)?.into(),
        token_use: row.text(2)?,
        created_at: row.int(3)?,
        signs_from: row.int(4)?,
        retired_at: row.opt_int(5)?,
        public_key: row.text(6)?,
        sealed_key: Sealed(row.blob(7)?),
    })
}

/// All keys of a pool, newest first.
pub fn list(tx: &mut Tx<'_>, pool_id: &PoolId) -> Result<Vec<SigningKey>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM signing_keys WHERE pool_id = $1 ORDER BY signs_from DESC, kid");
    tx.query(&sql, &[pool_id.into()])?.iter().map(key).collect()
}

/// Stores a new key.
pub fn insert(tx: &mut Tx<'_>, key: &SigningKey) -> Result<(), Error> {
    let sql = format!("INSERT INTO signing_keys ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    tx.execute(
        &sql,
        &[
            (&key.kid).into(),
            (&key.pool_id).into(),
            (&key.token_use).into(),
            key.created_at.into(),
            key.signs_from.into(),
            key.retired_at.into(),
            (&key.public_key).into(),
            (&key.sealed_key.0).into(),
        ],
    )?;
    Ok(())
}

/// Ends the signing of a pool's keys at `at`, where they do not end earlier.
pub fn retire(tx: &mut Tx<'_>, pool_id: &PoolId, at: Millis) -> Result<(), Error> {
    tx.execute(
        "UPDATE signing_keys SET retired_at = $1 WHERE pool_id = $2 AND (retired_at IS NULL OR retired_at > $1)",
        &[at.into(), pool_id.into()],
    )?;
    Ok(())
}

/// Removes all keys of a pool.
pub fn delete_all(tx: &mut Tx<'_>, pool_id: &PoolId) -> Result<(), Error> {
    tx.execute("DELETE FROM signing_keys WHERE pool_id = $1", &[pool_id.into()])?;
    Ok(())
}

/// Removes the keys that ended before; answers how many.
pub fn purge(tx: &mut Tx<'_>, before: Millis) -> Result<u64, Error> {
    tx.execute("DELETE FROM signing_keys WHERE retired_at < $1", &[before.into()])
}
