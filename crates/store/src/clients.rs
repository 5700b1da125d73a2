//! App clients.

use crate::{Error, Row, Tx, from_json, to_json};
use rules::{
    ids::{ClientId, PoolId},
    pool::Client,
};

fn client(row: &Row) -> Result<Client, Error> {
    let mut client: Client = from_json(&row.text(0)?)?;
    client.version = row.int(1)?;
    Ok(client)
}

/// The client with this id.
pub fn find(tx: &mut Tx<'_>, id: &str) -> Result<Option<Client>, Error> {
    let row = tx.query_one("SELECT document, version FROM clients WHERE id = $1", &[id.into()])?;
    row.as_ref().map(client).transpose()
}

/// A pool's clients in the order of their ids, those behind `after`.
pub fn list(tx: &mut Tx<'_>, pool_id: &PoolId, after: &str, limit: i64) -> Result<Vec<Client>, Error> {
    let rows = tx.query(
        "SELECT document, version FROM clients WHERE pool_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        &[pool_id.into(), after.into(), limit.into()],
    )?;
    rows.iter().map(client).collect()
}

/// How many clients a pool has.
pub fn count(tx: &mut Tx<'_>, pool_id: &PoolId) -> Result<i64, Error> {
    let row = tx.query_one("SELECT COUNT(*) FROM clients WHERE pool_id = $1", &[pool_id.into()])?;
    row.map_or(Ok(0), |row| row.int(0))
}

/// Stores a new client; false if the id is taken.
pub fn insert(tx: &mut Tx<'_>, client: &Client) -> Result<bool, Error> {
    let name = client.detail.client_name.as_deref().unwrap_or_default();
    let count = tx.execute(
        "INSERT INTO clients (id, pool_id, name, version, document) VALUES ($1, $2, $3, 1, $4) ON CONFLICT DO NOTHING",
        &[(&client.id).into(), (&client.pool_id).into(), name.into(), (&to_json(client)?).into()],
    )?;
    Ok(count == 1)
}

/// Stores a changed client; false if it was changed since it was read.
pub fn update(tx: &mut Tx<'_>, client: &Client) -> Result<bool, Error> {
    let name = client.detail.client_name.as_deref().unwrap_or_default();
    let count = tx.execute(
        "UPDATE clients SET name = $1, document = $2, version = version + 1 WHERE id = $3 AND version = $4",
        &[name.into(), (&to_json(client)?).into(), (&client.id).into(), client.version.into()],
    )?;
    Ok(count == 1)
}

/// Removes a client and its grants; false if there is none in this pool.
pub fn delete(tx: &mut Tx<'_>, pool_id: &PoolId, id: &ClientId) -> Result<bool, Error> {
    tx.execute("DELETE FROM grants WHERE pool_id = $1 AND client_id = $2", &[pool_id.into(), id.into()])?;
    Ok(tx.execute("DELETE FROM clients WHERE pool_id = $1 AND id = $2", &[pool_id.into(), id.into()])? == 1)
}
