//! Users, the names they sign in by, and the attributes they are searched by.

use crate::{Error, Param, Row, Tx, from_json, to_json};
use rules::{
    ids::{PoolId, Sub, Username},
    user::{Membership, User},
};
use spec::cognito_idp::UserStatusType;
use std::collections::BTreeSet;

/// The attributes that ListUsers may filter by and that are kept in an index, in lower case.
pub const SEARCHABLE: [&str; 6] =
    ["email", "phone_number", "name", "given_name", "family_name", "preferred_username"];

/// How much of a value the index keeps, in characters: values are at most 2,048 long, filters 256.
const INDEXED_CHARACTERS: usize = 256;

/// How long a sub is: a UUID's text.
const SUB_CHARACTERS: usize = 36;

/// The columns of a user, with what stands for the sign-outs and for the password.
macro_rules! columns {
    ($sign_outs:literal, $password:literal) => {
        concat!(
            "u.pool_id, u.sub, u.username, u.status, u.enabled, u.created_at, u.updated_at, ",
            $sign_outs,
            ", u.version, u.attributes, u.pending, ",
            $password,
            ", u.mfa, u.named_by"
        )
    };
}

pub(crate) const COLUMNS: &str = columns!("u.sign_outs", "u.password");
/// The same for tokens, which say nothing of a password.
pub(crate) const WITHOUT_PASSWORD: &str = columns!("u.sign_outs", "CAST(NULL AS text)");
/// The same for lists, which show neither sign-outs nor a password and do not read them, and the user's number.
pub(crate) const LISTED: &str = concat!(columns!("CAST(0 AS BIGINT)", "CAST(NULL AS text)"), ", u.number");
/// How many columns [`COLUMNS`] names.
pub(crate) const WIDTH: usize = 14;

pub(crate) fn user(row: &Row) -> Result<User, Error> {
    user_from(row, 0)
}

/// Reads a user whose columns start at `at`.
pub(crate) fn user_from(row: &Row, at: usize) -> Result<User, Error> {
    let status = row.text(at + 3)?;
    Ok(User {
        pool_id: row.text(at)?.into(),
        sub: row.text(at + 1)?.into(),
        username: row.text(at + 2)?.into(),
        status: UserStatusType::from_wire(&status)
            .ok_or_else(|| Error::Document("an unknown status".into()))?,
        enabled: row.bool(at + 4)?,
        created_at: row.int(at + 5)?,
        updated_at: row.int(at + 6)?,
        sign_outs: row.int(at + 7)?,
        version: row.int(at + 8)?,
        attributes: from_json(&row.text(at + 9)?)?,
        pending: from_json(&row.text(at + 10)?)?,
        password: row.opt_text(at + 11)?.as_deref().map(from_json).transpose()?,
        mfa: from_json(&row.text(at + 12)?)?,
        named_by: row.opt_text(at + 13)?,
    })
}

/// The user whom a folded sign-in name, or the sub, means.
pub fn find(tx: &mut Tx<'_>, pool_id: &PoolId, name: &str) -> Result<Option<User>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM users u WHERE u.pool_id = $1 AND u.sub = \
         COALESCE((SELECT n.sub FROM sign_in_names n WHERE n.pool_id = $1 AND n.name = $2), $2)"
    );
    tx.query_one(&sql, &[pool_id.into(), name.into()])?.as_ref().map(user).transpose()
}

/// Sub and user name of the user whom a folded sign-in name, or the sub, means.
pub fn find_name(tx: &mut Tx<'_>, pool_id: &PoolId, name: &str) -> Result<Option<(Sub, Username)>, Error> {
    let row = tx.query_one(
        "SELECT u.sub, u.username FROM users u WHERE u.pool_id = $1 AND u.sub = \
         COALESCE((SELECT n.sub FROM sign_in_names n WHERE n.pool_id = $1 AND n.name = $2), $2)",
        &[pool_id.into(), name.into()],
    )?;
    row.map(|row| Ok((row.text(0)?.into(), row.text(1)?.into()))).transpose()
}

/// The same with the groups that the user is in, in one statement.
pub fn find_with_groups(
    tx: &mut Tx<'_>,
    pool_id: &PoolId,
    name: &str,
) -> Result<Option<(User, Vec<Membership>)>, Error> {
    let sql = format!(
        "SELECT {COLUMNS}, g.name, g.precedence, g.role_arn FROM users u \
         LEFT JOIN group_members m ON m.pool_id = u.pool_id AND m.sub = u.sub \
         LEFT JOIN groups g ON g.pool_id = m.pool_id AND g.name = m.group_name \
         WHERE u.pool_id = $1 AND u.sub = \
         COALESCE((SELECT n.sub FROM sign_in_names n WHERE n.pool_id = $1 AND n.name = $2), $2)"
    );
    let rows = tx.query(&sql, &[pool_id.into(), name.into()])?;
    let Some(first) = rows.first() else { return Ok(None) };
    Ok(Some((user(first)?, memberships(&rows, WIDTH)?)))
}

/// The groups in the columns behind `at`: name, precedence, role.
pub(crate) fn memberships(rows: &[Row], at: usize) -> Result<Vec<Membership>, Error> {
    let mut groups = Vec::new();
    for row in rows {
        if let Some(group) = row.opt_text(at)? {
            groups.push(Membership {
                group,
                precedence: row.opt_int(at + 1)?,
                role_arn: row.opt_text(at + 2)?,
            });
        }
    }
    groups.sort_by(|a, b| {
        let rank = |m: &Membership| (m.precedence.unwrap_or(i64::MAX), m.group.clone());
        rank(a).cmp(&rank(b))
    });
    Ok(groups)
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is stored.
    Done,
    /// The user was changed or deleted since it was read; nothing was stored.
    Stale,
    /// Another user signs in by this folded name. What was written so far must be rolled back.
    NameTaken(String),
}

/// Stores a new user with its folded sign-in names.
pub fn insert(tx: &mut Tx<'_>, user: &User, names: &[String]) -> Result<Change, Error> {
    if let Some(taken) = claim(tx, user, names)? {
        return Ok(Change::NameTaken(taken));
    }
    let documents = Documents::of(user)?;
    let row = tx.query_one(
        "INSERT INTO users (pool_id, sub, username, status, enabled, created_at, updated_at, sign_outs, \
         version, attributes, pending, password, mfa, named_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10, $11, $12, $13) \
         ON CONFLICT (pool_id, sub) DO NOTHING RETURNING number",
        &[
            (&user.pool_id).into(),
            (&user.sub).into(),
            (&user.username).into(),
            user.status.as_str().into(),
            user.enabled.into(),
            user.created_at.into(),
            user.updated_at.into(),
            user.sign_outs.into(),
            (&documents.attributes).into(),
            (&documents.pending).into(),
            (&documents.password).into(),
            (&documents.mfa).into(),
            (&user.named_by).into(),
        ],
    )?;
    let Some(row) = row else { return Ok(Change::Stale) };
    index(tx, user, row.int(0)?, &entries(user))?;
    Ok(Change::Done)
}

/// Stores a changed user. `names_before` and `names` are the folded sign-in names of both states.
pub fn update(
    tx: &mut Tx<'_>,
    before: &User,
    user: &User,
    names_before: &[String],
    names: &[String],
) -> Result<Change, Error> {
    let documents = Documents::of(user)?;
    let row = tx.query_one(
        "UPDATE users SET status = $1, enabled = $2, updated_at = $3, sign_outs = $4, attributes = $5, \
         pending = $6, password = $7, mfa = $8, named_by = $9, version = version + 1 \
         WHERE pool_id = $10 AND sub = $11 AND version = $12 RETURNING number",
        &[
            user.status.as_str().into(),
            user.enabled.into(),
            user.updated_at.into(),
            user.sign_outs.into(),
            (&documents.attributes).into(),
            (&documents.pending).into(),
            (&documents.password).into(),
            (&documents.mfa).into(),
            (&user.named_by).into(),
            (&user.pool_id).into(),
            (&user.sub).into(),
            before.version.into(),
        ],
    )?;
    let Some(row) = row else { return Ok(Change::Stale) };
    for name in names_before.iter().filter(|n| !names.contains(n)) {
        tx.execute(
            "DELETE FROM sign_in_names WHERE pool_id = $1 AND name = $2 AND sub = $3",
            &[(&user.pool_id).into(), name.into(), (&user.sub).into()],
        )?;
    }
    let new: Vec<String> = names.iter().filter(|n| !names_before.contains(n)).cloned().collect();
    if let Some(taken) = claim(tx, user, &new)? {
        return Ok(Change::NameTaken(taken));
    }
    let (number, old, new) = (row.int(0)?, entries(before), entries(user));
    forget(tx, user, number, &old.difference(&new).cloned().collect())?;
    index(tx, user, number, &new.difference(&old).cloned().collect())?;
    Ok(Change::Done)
}

/// Removes a user with its names, memberships and codes; false if there is none. Its grants name the sub, which nobody
/// else ever has, and go when they expire.
pub fn delete(tx: &mut Tx<'_>, user: &User, names: &[String]) -> Result<bool, Error> {
    let key: [Param<'_>; 2] = [(&user.pool_id).into(), (&user.sub).into()];
    let row = tx.query_one("DELETE FROM users WHERE pool_id = $1 AND sub = $2 RETURNING number", &key)?;
    let Some(row) = row else { return Ok(false) };
    // An address that is no name may stand among them all the same, left by an older program.
    let addresses = ["email", "phone_number"].into_iter().filter_map(|name| user.attributes.get(name));
    let left = addresses.flat_map(|address| [address.clone(), address.to_lowercase()]);
    for name in names.iter().cloned().chain(left) {
        tx.execute(
            "DELETE FROM sign_in_names WHERE pool_id = $1 AND name = $2 AND sub = $3",
            &[key[0], (&name).into(), key[1]],
        )?;
    }
    forget(tx, user, row.int(0)?, &entries(user))?;
    for sql in [
        "DELETE FROM group_members WHERE pool_id = $1 AND sub = $2",
        "DELETE FROM passkeys WHERE pool_id = $1 AND sub = $2",
        "DELETE FROM devices WHERE pool_id = $1 AND sub = $2",
    ] {
        tx.execute(sql, &key)?;
    }
    // Both hold addresses.
    crate::tickets::delete_of_user(tx, &user.pool_id, &user.sub)?;
    crate::outbox::forget_user(tx, &user.pool_id, &user.username)?;
    Ok(true)
}

/// How many users a pool has.
pub fn count(tx: &mut Tx<'_>, pool_id: &PoolId) -> Result<i64, Error> {
    let row = tx.query_one("SELECT COUNT(*) FROM users WHERE pool_id = $1", &[pool_id.into()])?;
    row.map_or(Ok(0), |row| row.int(0))
}

/// Gives the names to the user; answers one that another user has.
fn claim(tx: &mut Tx<'_>, user: &User, names: &[String]) -> Result<Option<String>, Error> {
    for name in names {
        if is_another_users_sub(tx, user, name)? {
            return Ok(Some(name.clone()));
        }
        let count = tx.execute(
            "INSERT INTO sign_in_names (pool_id, name, sub) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            &[(&user.pool_id).into(), name.into(), (&user.sub).into()],
        )?;
        if count == 0 {
            return Ok(Some(name.clone()));
        }
    }
    Ok(None)
}

/// A sub means its user wherever a name is taken, so nobody else may choose it as a name.
fn is_another_users_sub(tx: &mut Tx<'_>, user: &User, name: &str) -> Result<bool, Error> {
    if name.len() != SUB_CHARACTERS || user.sub == *name {
        return Ok(false);
    }
    let row = tx.query_one(
        "SELECT 1 FROM users WHERE pool_id = $1 AND sub = $2",
        &[(&user.pool_id).into(), name.into()],
    )?;
    Ok(row.is_some())
}

/// Names of attributes with their values as the index keeps them.
type Entries = BTreeSet<(&'static str, String)>;

fn index(tx: &mut Tx<'_>, user: &User, number: i64, entries: &Entries) -> Result<(), Error> {
    for (attribute, value) in entries {
        tx.execute(
            "INSERT INTO searchable_attributes (pool_id, attribute, value, number) VALUES ($1, $2, $3, $4) \
             ON CONFLICT DO NOTHING",
            &[(&user.pool_id).into(), (*attribute).into(), value.into(), number.into()],
        )?;
    }
    Ok(())
}

fn forget(tx: &mut Tx<'_>, user: &User, number: i64, entries: &Entries) -> Result<(), Error> {
    for (attribute, value) in entries {
        tx.execute(
            "DELETE FROM searchable_attributes WHERE pool_id = $1 AND attribute = $2 AND value = $3 AND number = $4",
            &[(&user.pool_id).into(), (*attribute).into(), value.into(), number.into()],
        )?;
    }
    Ok(())
}

/// A value as the index keeps and compares it.
pub fn search_key(value: &str) -> String {
    value.to_lowercase().chars().take(INDEXED_CHARACTERS).collect()
}

fn entries(user: &User) -> Entries {
    let mut entries: Entries = SEARCHABLE
        .into_iter()
        .filter_map(|name| Some((name, search_key(user.attributes.get(name)?))))
        .collect();
    entries.insert(("username", user.username.to_string()));
    entries
}

/// The JSON columns of a user.
struct Documents {
    attributes: String,
    pending: String,
    password: Option<String>,
    mfa: String,
}

impl Documents {
    fn of(user: &User) -> Result<Documents, Error> {
        Ok(Documents {
            attributes: to_json(&user.attributes)?,
            pending: to_json(&user.pending)?,
            password: user.password.as_ref().map(to_json).transpose()?,
            mfa: to_json(&user.mfa)?,
        })
    }
}
