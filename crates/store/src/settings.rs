//! Single values of the installation.

use crate::{Error, Tx};

/// The value under this name.
pub fn find(tx: &mut Tx<'_>, name: &str) -> Result<Option<String>, Error> {
    let row = tx.query_one("SELECT value FROM settings WHERE name = $1", &[name.into()])?;
    row.map(|row| row.text(0)).transpose()
}

/// Succeeds if the store answers and has its tables.
pub fn probe(tx: &mut Tx<'_>) -> Result<(), Error> {
    tx.query("SELECT 1 FROM settings LIMIT 1", &[])?;
    Ok(())
}

/// Stores a value in place of the one that stands.
pub fn put(tx: &mut Tx<'_>, name: &str, value: &str) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        &[name.into(), value.into()],
    )?;
    Ok(())
}

/// Removes a value if there is one.
pub fn delete(tx: &mut Tx<'_>, name: &str) -> Result<(), Error> {
    tx.execute("DELETE FROM settings WHERE name = $1", &[name.into()])?;
    Ok(())
}

/// What PostgreSQL says of itself: the number of its version, as 160004, whether this connection is encrypted, and
/// its clock in milliseconds since 1970.
pub fn postgres_facts(tx: &mut Tx<'_>) -> Result<(i64, bool, i64), Error> {
    let row = tx.query_one(
        "SELECT CAST(current_setting('server_version_num') AS BIGINT), \
         (SELECT CAST(CAST(s.ssl AS INTEGER) AS BIGINT) FROM pg_stat_ssl s WHERE s.pid = pg_backend_pid()), \
         CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
        &[],
    )?;
    let Some(row) = row else { return Ok((0, false, 0)) };
    Ok((row.int(0)?, row.opt_int(1)? == Some(1), row.int(2)?))
}
