//! The confirmed devices of users. A key means a device of its user alone.

use crate::{Error, Row, Tx, from_json, to_json};
use rules::{
    ids::{PoolId, Sub},
    user::device::Device,
};

const COLUMNS: &str = "d.pool_id, d.sub, d.device_key, d.created_at, d.document";

fn device(row: &Row) -> Result<Device, Error> {
    Ok(Device {
        pool_id: row.text(0)?.into(),
        sub: row.text(1)?.into(),
        key: row.text(2)?,
        created_at: row.int(3)?,
        detail: from_json(&row.text(4)?)?,
    })
}

/// Stores a new device; false if the user has one with this key.
pub fn insert(tx: &mut Tx<'_>, device: &Device) -> Result<bool, Error> {
    let count = tx.execute(
        "INSERT INTO devices (pool_id, sub, device_key, created_at, document) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT DO NOTHING",
        &[
            (&device.pool_id).into(),
            (&device.sub).into(),
            (&device.key).into(),
            device.created_at.into(),
            (&to_json(&device.detail)?).into(),
        ],
    )?;
    Ok(count == 1)
}

/// A user's device with this key.
pub fn find(tx: &mut Tx<'_>, pool_id: &PoolId, sub: &Sub, key: &str) -> Result<Option<Device>, Error> {
    let sql =
        format!("SELECT {COLUMNS} FROM devices d WHERE d.pool_id = $1 AND d.sub = $2 AND d.device_key = $3");
    let row = tx.query_one(&sql, &[pool_id.into(), sub.into(), key.into()])?;
    row.as_ref().map(device).transpose()
}

/// A user's devices in the order of their keys, those behind `after`.
pub fn list(
    tx: &mut Tx<'_>,
    pool_id: &PoolId,
    sub: &Sub,
    after: &str,
    limit: i64,
) -> Result<Vec<Device>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM devices d WHERE d.pool_id = $1 AND d.sub = $2 AND d.device_key > $3 \
         ORDER BY d.device_key LIMIT $4"
    );
    tx.query(&sql, &[pool_id.into(), sub.into(), after.into(), limit.into()])?.iter().map(device).collect()
}

/// How many devices a user has.
pub fn count(tx: &mut Tx<'_>, pool_id: &PoolId, sub: &Sub) -> Result<i64, Error> {
    let sql = "SELECT COUNT(*) FROM devices WHERE pool_id = $1 AND sub = $2";
    tx.query_one(sql, &[pool_id.into(), sub.into()])?.map_or(Ok(0), |row| row.int(0))
}

/// Stores a changed device; false if it is gone.
pub fn update(tx: &mut Tx<'_>, device: &Device) -> Result<bool, Error> {
    let count = tx.execute(
        "UPDATE devices SET document = $1 WHERE pool_id = $2 AND sub = $3 AND device_key = $4",
        &[
            (&to_json(&device.detail)?).into(),
            (&device.pool_id).into(),
            (&device.sub).into(),
            (&device.key).into(),
        ],
    )?;
    Ok(count == 1)
}

/// Removes a user's device; false if there is none with this key.
pub fn delete(tx: &mut Tx<'_>, pool_id: &PoolId, sub: &Sub, key: &str) -> Result<bool, Error> {
    let count = tx.execute(
        "DELETE FROM devices WHERE pool_id = $1 AND sub = $2 AND device_key = $3",
        &[pool_id.into(), sub.into(), key.into()],
    )?;
    Ok(count == 1)
}
