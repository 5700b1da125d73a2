//! Passkeys of users, found by what their authenticators call them.

use crate::{Error, Row, Tx, from_json, to_json};
use rules::{
    ids::{PoolId, Sub},
    user::passkey::Passkey,
    webauthn::PASSKEYS_PER_USER_MAX,
};

const COLUMNS: &str = "pool_id, credential_id, sub, created_at, sign_count, document";

fn passkey(row: &Row) -> Result<Passkey, Error> {
    Ok(Passkey {
        pool_id: row.text(0)?.into(),
        credential_id: row.blob(1)?,
        sub: row.text(2)?.into(),
        created_at: row.int(3)?,
        sign_count: row.int(4)?,
        detail: from_json(&row.text(5)?)?,
    })
}

/// The passkey that an authenticator calls so, whoever's in the pool it is.
pub fn find(tx: &mut Tx<'_>, pool_id: &PoolId, credential_id: &[u8]) -> Result<Option<Passkey>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM passkeys WHERE pool_id = $1 AND credential_id = $2");
    tx.query_one(&sql, &[pool_id.into(), credential_id.into()])?.as_ref().map(passkey).transpose()
}

/// All passkeys of a user, oldest first.
pub fn list_of_user(tx: &mut Tx<'_>, pool_id: &PoolId, sub: &Sub) -> Result<Vec<Passkey>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM passkeys WHERE pool_id = $1 AND sub = $2 \
         ORDER BY created_at, credential_id LIMIT $3"
    );
    let rows = tx.query(&sql, &[pool_id.into(), sub.into(), PASSKEYS_PER_USER_MAX.into()])?;
    rows.iter().map(passkey).collect()
}

/// How many passkeys a user has.
pub fn count(tx: &mut Tx<'_>, pool_id: &PoolId, sub: &Sub) -> Result<i64, Error> {
    let sql = "SELECT COUNT(*) FROM passkeys WHERE pool_id = $1 AND sub = $2";
    tx.query_one(sql, &[pool_id.into(), sub.into()])?.map_or(Ok(0), |row| row.int(0))
}

/// Stores a new passkey; false if somebody in the pool has one that is called so.
pub fn insert(tx: &mut Tx<'_>, passkey: &Passkey) -> Result<bool, Error> {
    let count = tx.execute(
        "INSERT INTO passkeys (pool_id, credential_id, sub, created_at, sign_count, document) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        &[
            (&passkey.pool_id).into(),
            (&passkey.credential_id).into(),
            (&passkey.sub).into(),
            passkey.created_at.into(),
            passkey.sign_count.into(),
            (&to_json(&passkey.detail)?).into(),
        ],
    )?;
    Ok(count == 1)
}

/// Keeps what a passkey's authenticator has counted; false if the passkey is gone, or has counted on since it was read.
pub fn update_sign_count(tx: &mut Tx<'_>, before: &Passkey, sign_count: i64) -> Result<bool, Error> {
    let count = tx.execute(
        "UPDATE passkeys SET sign_count = $1 WHERE pool_id = $2 AND credential_id = $3 AND sub = $4 \
         AND sign_count = $5",
        &[
            sign_count.into(),
            (&before.pool_id).into(),
            (&before.credential_id).into(),
            (&before.sub).into(),
            before.sign_count.into(),
        ],
    )?;
    Ok(count == 1)
}

/// Removes a passkey of a user; false if the user has none that is called so.
pub fn delete(tx: &mut Tx<'_>, pool_id: &PoolId, sub: &Sub, credential_id: &[u8]) -> Result<bool, Error> {
    let count = tx.execute(
        "DELETE FROM passkeys WHERE pool_id = $1 AND sub = $2 AND credential_id = $3",
        &[pool_id.into(), sub.into(), credential_id.into()],
    )?;
    Ok(count == 1)
}
