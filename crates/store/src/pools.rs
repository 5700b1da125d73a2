//! User pools.

use crate::{Db, Error, Tx, from_json, to_json};
use rules::{Millis, ids::PoolId, pool::Pool};

fn pool(row: &crate::Row) -> Result<Pool, Error> {
    let mut pool: Pool = from_json(&row.text(0)?)?;
    pool.version = row.int(1)?;
    Ok(pool)
}

/// The pool with this id.
pub fn find(tx: &mut Tx<'_>, id: &str) -> Result<Option<Pool>, Error> {
    let row = tx.query_one("SELECT document, version FROM pools WHERE id = $1", &[id.into()])?;
    row.as_ref().map(pool).transpose()
}

/// Pools in the order of their ids, those behind `after`.
pub fn list(tx: &mut Tx<'_>, after: &str, limit: i64) -> Result<Vec<Pool>, Error> {
    let rows = tx.query(
        "SELECT document, version FROM pools WHERE id > $1 ORDER BY id LIMIT $2",
        &[after.into(), limit.into()],
    )?;
    rows.iter().map(pool).collect()
}

/// How many pools are read at once where all are looked at.
const PAGE_POOLS: i64 = 100;

/// Shows all pools, page by page, in the order of their ids.
pub async fn for_each(db: &Db, mut look: impl FnMut(Pool)) -> Result<(), Error> {
    let mut after = PoolId::default();
    loop {
        let page = db.read(move |tx| list(tx, &after, PAGE_POOLS)).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id.clone();
        page.into_iter().for_each(&mut look);
    }
}

/// How many pools there are.
pub fn count(tx: &mut Tx<'_>) -> Result<i64, Error> {
    tx.query_one("SELECT COUNT(*) FROM pools", &[])?.map_or(Ok(0), |row| row.int(0))
}

/// Stores a new pool; false if the id is taken.
pub fn insert(tx: &mut Tx<'_>, pool: &Pool, now: Millis) -> Result<bool, Error> {
    let count = tx.execute(
        "INSERT INTO pools (id, name, created_at, version, document) VALUES ($1, $2, $3, 1, $4) \
         ON CONFLICT DO NOTHING",
        &[
            (&pool.id).into(),
            pool.detail.name.as_deref().unwrap_or_default().into(),
            now.into(),
            (&to_json(pool)?).into(),
        ],
    )?;
    Ok(count == 1)
}

/// Stores a changed pool; false if it was changed since it was read.
pub fn update(tx: &mut Tx<'_>, pool: &Pool) -> Result<bool, Error> {
    let count = tx.execute(
        "UPDATE pools SET name = $1, document = $2, version = version + 1 WHERE id = $3 AND version = $4",
        &[
            pool.detail.name.as_deref().unwrap_or_default().into(),
            (&to_json(pool)?).into(),
            (&pool.id).into(),
            pool.version.into(),
        ],
    )?;
    Ok(count == 1)
}

/// Removes a pool and all that belongs to it; false if there is none.
pub fn delete(tx: &mut Tx<'_>, id: &PoolId) -> Result<bool, Error> {
    for sql in [
        "DELETE FROM grants WHERE pool_id = $1",
        "DELETE FROM tickets WHERE pool_id = $1",
        "DELETE FROM group_members WHERE pool_id = $1",
        "DELETE FROM groups WHERE pool_id = $1",
        "DELETE FROM searchable_attributes WHERE pool_id = $1",
        "DELETE FROM sign_in_names WHERE pool_id = $1",
        "DELETE FROM passkeys WHERE pool_id = $1",
        "DELETE FROM devices WHERE pool_id = $1",
        "DELETE FROM users WHERE pool_id = $1",
        "DELETE FROM signing_keys WHERE pool_id = $1",
        "DELETE FROM clients WHERE pool_id = $1",
    ] {
        tx.execute(sql, &[id.into()])?;
    }
    crate::outbox::forget_pool(tx, id)?;
    Ok(tx.execute("DELETE FROM pools WHERE id = $1", &[id.into()])? == 1)
}
