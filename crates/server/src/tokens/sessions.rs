//! Token sessions of pools that track them: how many a user has, and when they were last used.

use super::ended_grants;
use crate::{app::App, callers::CallOrigin};
use rules::{
    Millis, Result,
    pool::Pool,
    tokens::{Grant, GrantFacts, sessions},
    user::User,
};
use store::{Tx, sessions::Use};

/// How many sessions one statement ends: all that a user may have.
const ENDED_AT_ONCE: i64 = 100;

/// Ends the least recently used sessions, so that one more does not exceed the pool's maximum. It belongs into the
/// transaction that stores the new one: of two at the same time, the second sees the first.
pub fn make_room(app: &App, tx: &mut Tx<'_>, pool: &Pool, user: &User, now: Millis) -> Result<()> {
    if !pool.sessions.tracked {
        return Ok(());
    }
    let kept = i64::from(pool.sessions.max_per_user).max(1) - 1;
    loop {
        let ended = store::sessions::end_beyond(tx, user, now, kept, ENDED_AT_ONCE)?;
        for facts in &ended {
            ended_grants::remember(app, tx, facts, now)?;
        }
        if (ended.len() as i64) < ENDED_AT_ONCE {
            return Ok(());
        }
    }
}

/// What is noted of the grant at a refresh; none where its uses are not noted.
pub fn use_of(origin: &CallOrigin, pool: &Pool, grant: &Grant, at: Millis) -> Option<Use> {
    sessions::is_tracked(pool, grant).then(|| Use {
        at,
        facts: GrantFacts { session: Some(origin.session_facts()), ..grant.facts.clone() },
    })
}

/// Notes that the grant was used, where that was not done a moment ago.
pub async fn note_use(app: &App, origin: &CallOrigin, pool: &Pool, grant: &Grant) -> Result<()> {
    let now = app.now();
    if !sessions::is_activity_due(pool, grant, now) {
        return Ok(());
    }
    let Some(used) = use_of(origin, pool, grant, now) else { return Ok(()) };
    let id = grant.id.clone();
    app.db.write(move |tx| store::sessions::note_use(tx, &id, &used)).await.map_err(Into::into)
}
