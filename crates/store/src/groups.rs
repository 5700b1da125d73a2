//! Groups and their members.

use crate::{Error, Row, Tx, users};
use rules::{
    Millis,
    ids::{PoolId, Sub},
    user::User,
};

/// A group of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The pool.
    pub pool_id: PoolId,
    /// The name, unique in the pool.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// The role that members get from identity pools.
    pub role_arn: Option<String>,
    /// 0 counts most, none least.
    pub precedence: Option<i64>,
    /// When it was made.
    pub created_at: Millis,
    /// When it was last changed.
    pub updated_at: Millis,
}

const COLUMNS: &str =
    "g.pool_id, g.name, g.description, g.role_arn, g.precedence, g.created_at, g.updated_at";

fn group(row: &Row) -> Result<Group, Error> {
    Ok(Group {
        pool_id: row.text(0)?.into(),
        name: row.text(1)?,
        description: row.opt_text(2)?,
        role_arn: row.opt_text(3)?,
        precedence: row.opt_int(4)?,
        created_at: row.int(5)?,
        updated_at: row.int(6)?,
    })
}

/// The group with this name.
pub fn find(tx: &mut Tx<'_>, pool_id: &PoolId, name: &str) -> Result<Option<Group>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM groups g WHERE g.pool_id = $1 AND g.name = $2");
    let row = tx.query_one(&sql, &[pool_id.into(), name.into()])?;
    row.as_ref().map(group).transpose()
}

/// A pool's groups by name, those behind `after`.
pub fn list(tx: &mut Tx<'_>, pool_id: &PoolId, after: &str, limit: i64) -> Result<Vec<Group>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM groups g WHERE g.pool_id = $1 AND g.name > $2 ORDER BY g.name LIMIT $3"
    );
    tx.query(&sql, &[pool_id.into(), after.into(), limit.into()])?.iter().map(group).collect()
}

/// How many groups a pool has.
pub fn count(tx: &mut Tx<'_>, pool_id: &PoolId) -> Result<i64, Error> {
    let row = tx.query_one("SELECT COUNT(*) FROM groups WHERE pool_id = $1", &[pool_id.into()])?;
    row.map_or(Ok(0), |row| row.int(0))
}

/// The groups that a user is in, by name, those behind `after`.
pub fn list_of_user(
    tx: &mut Tx<'_>,
    pool_id: &PoolId,
    sub: &Sub,
    after: &str,
    limit: i64,
) -> Result<Vec<Group>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM group_members m JOIN groups g ON g.pool_id = m.pool_id AND g.name = m.group_name \
         WHERE m.pool_id = $1 AND m.sub = $2 AND m.group_name > $3 ORDER BY m.group_name LIMIT $4"
    );
    tx.query(&sql, &[pool_id.into(), sub.into(), after.into(), limit.into()])?.iter().map(group).collect()
}

/// Stores a new group; false if the name is taken.
pub fn insert(tx: &mut Tx<'_>, group: &Group) -> Result<bool, Error> {
    let count = tx.execute(
        "INSERT INTO groups (pool_id, name, description, role_arn, precedence, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        &[
            (&group.pool_id).into(),
            (&group.name).into(),
            (&group.description).into(),
            (&group.role_arn).into(),
            group.precedence.into(),
            group.created_at.into(),
            group.updated_at.into(),
        ],
    )?;
    Ok(count == 1)
}

/// Stores a changed group; false if there is none.
pub fn update(tx: &mut Tx<'_>, group: &Group) -> Result<bool, Error> {
    let count = tx.execute(
        "UPDATE groups SET description = $1, role_arn = $2, precedence = $3, updated_at = $4 \
         WHERE pool_id = $5 AND name = $6",
        &[
            (&group.description).into(),
            (&group.role_arn).into(),
            group.precedence.into(),
            group.updated_at.into(),
            (&group.pool_id).into(),
            (&group.name).into(),
        ],
    )?;
    Ok(count == 1)
}

/// Removes a group and its memberships; false if there is none.
pub fn delete(tx: &mut Tx<'_>, pool_id: &PoolId, name: &str) -> Result<bool, Error> {
    let params = [pool_id.into(), name.into()];
    tx.execute("DELETE FROM group_members WHERE pool_id = $1 AND group_name = $2", &params)?;
    Ok(tx.execute("DELETE FROM groups WHERE pool_id = $1 AND name = $2", &params)? == 1)
}

/// Puts a user in a group; nothing changes if the user is in it already.
pub fn add_member(tx: &mut Tx<'_>, pool_id: &PoolId, name: &str, sub: &Sub) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO group_members (pool_id, sub, group_name) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        &[pool_id.into(), sub.into(), name.into()],
    )?;
    Ok(())
}

/// Takes a user out of a group; nothing changes if the user is not in it.
pub fn remove_member(tx: &mut Tx<'_>, pool_id: &PoolId, name: &str, sub: &Sub) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM group_members WHERE pool_id = $1 AND sub = $2 AND group_name = $3",
        &[pool_id.into(), sub.into(), name.into()],
    )?;
    Ok(())
}

/// The members of a group by their subs, those behind `after`.
pub fn list_members(
    tx: &mut Tx<'_>,
    pool_id: &PoolId,
    name: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<User>, Error> {
    let sql = format!(
        "SELECT {} FROM group_members m JOIN users u ON u.pool_id = m.pool_id AND u.sub = m.sub \
         WHERE m.pool_id = $1 AND m.group_name = $2 AND m.sub > $3 ORDER BY m.sub LIMIT $4",
        users::COLUMNS
    );
    let rows = tx.query(&sql, &[pool_id.into(), name.into(), after.into(), limit.into()])?;
    rows.iter().map(users::user).collect()
}

/// Whether a user is in a group.
pub fn is_member(tx: &mut Tx<'_>, pool_id: &PoolId, name: &str, sub: &Sub) -> Result<bool, Error> {
    let row = tx.query_one(
        "SELECT 1 FROM group_members WHERE pool_id = $1 AND sub = $2 AND group_name = $3",
        &[pool_id.into(), sub.into(), name.into()],
    )?;
    Ok(row.is_some())
}

/// How many groups a user is in.
pub fn count_of_user(tx: &mut Tx<'_>, pool_id: &PoolId, sub: &Sub) -> Result<i64, Error> {
    let row = tx.query_one(
        "SELECT COUNT(*) FROM group_members WHERE pool_id = $1 AND sub = $2",
        &[pool_id.into(), sub.into()],
    )?;
    row.map_or(Ok(0), |row| row.int(0))
}
