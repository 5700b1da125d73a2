//! Counters of failures and of limited requests.

use crate::{Error, Row, Tx};
use rules::Millis;

/// A counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// How many since it was last forgotten.
    pub count: i64,
    /// When the first of these was.
    pub first_at: Millis,
    /// When the last one was.
    pub last_at: Millis,
}

fn attempts(row: &Row) -> Result<Attempts, Error> {
    Ok(Attempts { count: row.int(0)?, first_at: row.int(1)?, last_at: row.int(2)? })
}

/// The counter; all zero when nothing was counted.
pub fn get(tx: &mut Tx<'_>, id: &[u8]) -> Result<Attempts, Error> {
    let row = tx.query_one("SELECT count, first_at, last_at FROM attempts WHERE id = $1", &[id.into()])?;
    row.as_ref().map_or(Ok(Attempts::default()), attempts)
}

/// Stores a counter.
pub fn set(tx: &mut Tx<'_>, id: &[u8], attempts: Attempts) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO attempts (id, count, first_at, last_at) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE \
         SET count = excluded.count, first_at = excluded.first_at, last_at = excluded.last_at",
        &[id.into(), attempts.count.into(), attempts.first_at.into(), attempts.last_at.into()],
    )?;
    Ok(())
}

/// Forgets a counter.
pub fn delete(tx: &mut Tx<'_>, id: &[u8]) -> Result<(), Error> {
    tx.execute("DELETE FROM attempts WHERE id = $1", &[id.into()])?;
    Ok(())
}

/// Removes counters that nothing was added to since `before`.
pub fn purge(tx: &mut Tx<'_>, before: Millis) -> Result<u64, Error> {
    tx.execute("DELETE FROM attempts WHERE last_at < $1", &[before.into()])
}
