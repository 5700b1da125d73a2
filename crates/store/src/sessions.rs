//! Token sessions: the grants of a user that tell when they were last used. A grant that ends stops telling it, so that
//! what is looked through does not grow with the sign-ins of the past.

use crate::{
    Error, Tx, from_json,
    grants::{COLUMNS, grant},
    to_json,
};
use rules::{
    Millis,
    tokens::{Grant, GrantFacts},
    user::User,
};
use serde::{Deserialize, Serialize};

/// A use of a session.
#[derive(Clone, Debug)]
pub struct Use {
    /// When.
    pub at: Millis,
    /// The grant's facts, the use among them.
    pub facts: GrantFacts,
}

/// Where a page of sessions ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Position {
    last_active_at: Millis,
    id: String,
}

impl Position {
    /// Before the first session.
    pub fn first() -> Position {
        Position { last_active_at: Millis::MAX, id: String::new() }
    }

    /// At this one.
    pub fn of(grant: &Grant) -> Position {
        Position { last_active_at: grant.last_active_at.unwrap_or_default(), id: grant.id.clone() }
    }
}

/// The user's sessions that have not ended, the last used first, those behind `after`.
pub fn list(
    tx: &mut Tx<'_>,
    user: &User,
    now: Millis,
    after: &Position,
    limit: i64,
) -> Result<Vec<Grant>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM grants t WHERE t.pool_id = $1 AND t.sub = $2 AND t.last_active_at IS NOT NULL \
         AND t.revoked_at IS NULL AND t.sign_outs = $3 AND t.expires_at > $4 \
         AND (t.last_active_at < $5 OR (t.last_active_at = $5 AND t.id < $6)) \
         ORDER BY t.last_active_at DESC, t.id DESC LIMIT $7"
    );
    let rows = tx.query(
        &sql,
        &[
            (&user.pool_id).into(),
            (&user.sub).into(),
            user.sign_outs.into(),
            now.into(),
            after.last_active_at.into(),
            (&after.id).into(),
            limit.into(),
        ],
    )?;
    rows.iter().map(grant).collect()
}

/// Notes a use of a session that has not ended.
pub fn note_use(tx: &mut Tx<'_>, id: &str, used: &Use) -> Result<(), Error> {
    tx.execute(
        "UPDATE grants SET last_active_at = $1, document = $2 \
         WHERE id = $3 AND revoked_at IS NULL AND last_active_at < $1",
        &[used.at.into(), (&to_json(&used.facts)?).into(), id.into()],
    )?;
    Ok(())
}

/// Ends the least recently used sessions of the user beyond `kept`, up to `limit`, and answers what their sign-ins left.
///
/// Sessions that are void already, by a sign-out everywhere or by their age, go before all others: they count for
/// nothing, but would have to be passed over each time.
pub fn end_beyond(
    tx: &mut Tx<'_>,
    user: &User,
    now: Millis,
    kept: i64,
    limit: i64,
) -> Result<Vec<GrantFacts>, Error> {
    let rows = tx.query(
        "UPDATE grants SET revoked_at = $1, last_active_at = NULL WHERE pool_id = $2 AND id IN (\
         SELECT id FROM grants WHERE pool_id = $2 AND sub = $3 AND last_active_at IS NOT NULL \
         ORDER BY CASE WHEN revoked_at IS NULL AND sign_outs = $4 AND expires_at > $1 THEN 0 ELSE 1 END, \
         last_active_at DESC, id DESC LIMIT $5 OFFSET $6) RETURNING document",
        &[
            now.into(),
            (&user.pool_id).into(),
            (&user.sub).into(),
            user.sign_outs.into(),
            limit.into(),
            kept.into(),
        ],
    )?;
    rows.iter().map(|row| from_json(&row.text(0)?)).collect()
}
