//! Grants: a refresh token and its descendants are one row.

use crate::{Error, Row, Tx, from_json, sessions::Use, to_json, users};
use rules::{
    Millis,
    ids::{PoolId, Sub},
    tokens::Grant,
    user::{Membership, User},
};
use std::sync::LazyLock;

pub(crate) const COLUMNS: &str = "t.id, t.pool_id, t.client_id, t.sub, t.authenticated_at, t.expires_at, t.revoked_at, \
                       t.nonce, t.generation, t.previous_until, t.sign_outs, t.device_key, t.last_active_at, \
                       t.document";
const WIDTH: usize = 14;

pub(crate) fn grant(row: &Row) -> Result<Grant, Error> {
    Ok(Grant {
        id: row.text(0)?,
        pool_id: row.text(1)?.into(),
        client_id: row.text(2)?.into(),
        sub: row.text(3)?.into(),
        authenticated_at: row.int(4)?,
        expires_at: row.int(5)?,
        revoked_at: row.opt_int(6)?,
        nonce: row.blob(7)?,
        generation: row.int(8)?,
        previous_until: row.opt_int(9)?,
        sign_outs: row.int(10)?,
        device_key: row.opt_text(11)?,
        last_active_at: row.opt_int(12)?,
        facts: from_json(&row.text(13)?)?,
    })
}

/// Stores a new grant.
pub fn insert(tx: &mut Tx<'_>, grant: &Grant) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO grants (id, pool_id, client_id, sub, authenticated_at, expires_at, revoked_at, nonce, \
         generation, previous_until, sign_outs, device_key, last_active_at, document) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        &[
            (&grant.id).into(),
            (&grant.pool_id).into(),
            (&grant.client_id).into(),
            (&grant.sub).into(),
            grant.authenticated_at.into(),
            grant.expires_at.into(),
            grant.revoked_at.into(),
            (&grant.nonce).into(),
            grant.generation.into(),
            grant.previous_until.into(),
            grant.sign_outs.into(),
            grant.device_key.as_deref().into(),
            grant.last_active_at.into(),
            (&to_json(&grant.facts)?).into(),
        ],
    )?;
    Ok(())
}

/// The grant with this id.
pub fn find(tx: &mut Tx<'_>, id: &str) -> Result<Option<Grant>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM grants t WHERE t.id = $1");
    tx.query_one(&sql, &[id.into()])?.as_ref().map(grant).transpose()
}

/// A user with the groups that the user is in.
pub type UserWithGroups = (User, Vec<Membership>);

/// A grant with its user, none if the user is gone.
pub type GrantWithUser = (Grant, Option<UserWithGroups>);

/// A grant with its user and the user's groups, in one statement.
pub fn find_with_user(tx: &mut Tx<'_>, id: &str) -> Result<Option<GrantWithUser>, Error> {
    static SQL: LazyLock<String> = LazyLock::new(|| with_user_sql(users::COLUMNS));
    find_by(tx, &SQL, id)
}

/// The same without the user's password, for new tokens.
pub fn find_for_tokens(tx: &mut Tx<'_>, id: &str) -> Result<Option<GrantWithUser>, Error> {
    static SQL: LazyLock<String> = LazyLock::new(|| with_user_sql(users::WITHOUT_PASSWORD));
    find_by(tx, &SQL, id)
}

fn with_user_sql(columns: &str) -> String {
    format!(
        "SELECT {COLUMNS}, {columns}, g.name, g.precedence, g.role_arn FROM grants t \
         LEFT JOIN users u ON u.pool_id = t.pool_id AND u.sub = t.sub \
         LEFT JOIN group_members m ON m.pool_id = u.pool_id AND m.sub = u.sub \
         LEFT JOIN groups g ON g.pool_id = m.pool_id AND g.name = m.group_name WHERE t.id = $1"
    )
}

fn find_by(tx: &mut Tx<'_>, sql: &str, id: &str) -> Result<Option<GrantWithUser>, Error> {
    let rows = tx.query(sql, &[id.into()])?;
    let Some(first) = rows.first() else { return Ok(None) };
    let user = match first.opt_text(WIDTH)? {
        Some(_) => Some((users::user_from(first, WIDTH)?, users::memberships(&rows, WIDTH + users::WIDTH)?)),
        None => None,
    };
    Ok(Some((grant(first)?, user)))
}

/// Moves a grant from `generation` to the next, and notes its use where it is a tracked session; false if another call
/// did so before, or it was revoked.
pub fn rotate(
    tx: &mut Tx<'_>,
    id: &str,
    generation: i64,
    previous_until: Millis,
    used: Option<&Use>,
) -> Result<bool, Error> {
    let document = used.map(|used| to_json(&used.facts)).transpose()?;
    let count = tx.execute(
        "UPDATE grants SET generation = generation + 1, previous_until = $1, \
         last_active_at = COALESCE($2, last_active_at), document = COALESCE($3, document) \
         WHERE id = $4 AND generation = $5 AND revoked_at IS NULL",
        &[
            previous_until.into(),
            used.map(|used| used.at).into(),
            document.as_deref().into(),
            id.into(),
            generation.into(),
        ],
    )?;
    Ok(count == 1)
}

/// Ends a grant and all its tokens; false if it had ended already. It is no session any more.
pub fn revoke(tx: &mut Tx<'_>, id: &str, now: Millis) -> Result<bool, Error> {
    let count = tx.execute(
        "UPDATE grants SET revoked_at = $1, last_active_at = NULL WHERE id = $2 AND revoked_at IS NULL",
        &[now.into(), id.into()],
    )?;
    Ok(count == 1)
}

/// Ends the grants of a user's device and all their tokens. They are no sessions any more.
pub fn revoke_of_device(
    tx: &mut Tx<'_>,
    pool_id: &PoolId,
    sub: &Sub,
    device_key: &str,
    now: Millis,
) -> Result<u64, Error> {
    tx.execute(
        "UPDATE grants SET revoked_at = $1, last_active_at = NULL \
         WHERE pool_id = $2 AND sub = $3 AND device_key = $4 AND revoked_at IS NULL",
        &[now.into(), pool_id.into(), sub.into(), device_key.into()],
    )
}

/// Removes grants that ended before `before`.
pub fn purge(tx: &mut Tx<'_>, before: Millis) -> Result<u64, Error> {
    tx.execute("DELETE FROM grants WHERE expires_at < $1", &[before.into()])
}
