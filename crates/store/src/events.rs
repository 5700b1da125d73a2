//! The audit trail: what administrators and users did.

use crate::{Error, Param, Row, Tx};
use rules::{
    Millis,
    ids::{ClientId, PoolId, Sub},
};

/// One thing that somebody did or tried to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// A UUID that grows with time.
    pub id: String,
    /// When.
    pub at: Millis,
    /// The call's name in answers and logs.
    pub request_id: String,
    /// What was called.
    pub operation: String,
    /// `Success`, the name of the question that a sign-in asks next, or the name of the error.
    pub outcome: String,
    /// Why it was refused, for the operator.
    pub reason: Option<String>,
    /// In which pool.
    pub pool_id: Option<PoolId>,
    /// Through which client.
    pub client_id: Option<ClientId>,
    /// Which user it was done to or by.
    pub sub: Option<Sub>,
    /// That user's name.
    pub username: Option<String>,
    /// `operator`, `user`, `anyone` or `command-line`.
    pub actor_kind: String,
    /// The operator's access key, or the user's sub.
    pub actor: Option<String>,
    /// Where the call came from.
    pub address: Option<String>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// How many calls it stands for: more than one where refusals were summed up.
    pub times: i64,
}

const COLUMNS: &str = "id, at, request_id, operation, outcome, reason, pool_id, client_id, sub, username, \
                       actor_kind, actor, address, user_agent, times";
const WIDTH: usize = 15;
/// How many rows one statement inserts; the rest of a batch goes row by row, so that there are two texts only.
const ROWS: usize = 16;

fn event(row: &Row) -> Result<Event, Error> {
    Ok(Event {
        id: row.text(0)?,
        at: row.int(1)?,
        request_id: row.text(2)?,
        operation: row.text(3)?,
        outcome: row.text(4)?,
        reason: row.opt_text(5)?,
        pool_id: row.opt_text(6)?.map(Into::into),
        client_id: row.opt_text(7)?.map(Into::into),
        sub: row.opt_text(8)?.map(Into::into),
        username: row.opt_text(9)?,
        actor_kind: row.text(10)?,
        actor: row.opt_text(11)?,
        address: row.opt_text(12)?,
        user_agent: row.opt_text(13)?,
        times: row.int(14)?,
    })
}

fn params(event: &Event) -> [Param<'_>; WIDTH] {
    [
        (&event.id).into(),
        event.at.into(),
        (&event.request_id).into(),
        (&event.operation).into(),
        (&event.outcome).into(),
        (&event.reason).into(),
        event.pool_id.as_ref().into(),
        event.client_id.as_ref().into(),
        event.sub.as_ref().into(),
        (&event.username).into(),
        (&event.actor_kind).into(),
        (&event.actor).into(),
        (&event.address).into(),
        (&event.user_agent).into(),
        event.times.into(),
    ]
}

fn insertion(rows: usize) -> String {
    let row = |at: usize| {
        let markers: Vec<String> = (1..=WIDTH).map(|column| format!("${}", at * WIDTH + column)).collect();
        format!("({})", markers.join(", "))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!("INSERT INTO events ({COLUMNS}) VALUES {} ON CONFLICT DO NOTHING", rows.join(", "))
}

/// Stores events; one that is stored already stays as it is.
pub fn insert(tx: &mut Tx<'_>, events: &[Event]) -> Result<(), Error> {
    let mut groups = events.chunks_exact(ROWS);
    if events.len() >= ROWS {
        let sql = insertion(ROWS);
        for group in groups.by_ref() {
            tx.execute(&sql, &group.iter().flat_map(params).collect::<Vec<_>>())?;
        }
    }
    let sql = insertion(1);
    for event in groups.remainder() {
        tx.execute(&sql, &params(event))?;
    }
    Ok(())
}

/// Which events are wanted. What is none is not asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Of this pool.
    pub pool_id: Option<PoolId>,
    /// Of this user: a sub or a user name.
    pub user: Option<String>,
    /// From this time on.
    pub since: Option<Millis>,
    /// Before this time.
    pub until: Option<Millis>,
}

/// A part of the trail.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// What is wanted of it, the oldest first.
    pub events: Vec<Event>,
    /// After which event the trail goes on; none at its end.
    pub last: Option<String>,
}

/// Looks at the `limit` events behind the one named `after`. A page may be empty though others follow: however rare
/// what is wanted is, one page costs no more than another.
pub fn list(tx: &mut Tx<'_>, wanted: &Wanted, after: &str, limit: i64) -> Result<Page, Error> {
    let since = first_id(wanted.since.unwrap_or_default());
    let after = if after > since.as_str() { after } else { &since };
    let until = first_id(wanted.until.unwrap_or(i64::MAX));
    let end = tx.query_one(
        "SELECT max(id) FROM (SELECT id FROM events WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3) AS page",
        &[after.into(), (&until).into(), limit.into()],
    )?;
    let Some(last) = end.map(|row| row.opt_text(0)).transpose()?.flatten() else {
        return Ok(Page::default());
    };
    let mut sql = format!("SELECT {COLUMNS} FROM events WHERE id > $1 AND id <= $2");
    let mut params: Vec<Param<'_>> = vec![after.into(), (&last).into()];
    if let Some(pool_id) = &wanted.pool_id {
        params.push(pool_id.into());
        sql.push_str(&format!(" AND pool_id = ${}", params.len()));
    }
    if let Some(user) = &wanted.user {
        params.push(user.into());
        sql.push_str(&format!(" AND (sub = ${0} OR username = ${0})", params.len()));
    }
    sql.push_str(" ORDER BY id");
    let events = tx.query(&sql, &params)?.iter().map(event).collect::<Result<_, _>>()?;
    Ok(Page { events, last: Some(last) })
}

/// Removes events before a time, as many as `limit`; answers how many went.
pub fn purge(tx: &mut Tx<'_>, before: Millis, limit: i64) -> Result<u64, Error> {
    tx.execute(
        "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE id < $1 ORDER BY id LIMIT $2)",
        &[(&first_id(before)).into(), limit.into()],
    )
}

/// No UUID of version 7 that was made at this time or later is smaller. Its time has 48 bits (RFC 9562 §5.7).
fn first_id(at: Millis) -> String {
    let hex = format!("{:012x}", at.clamp(0, 0xffff_ffff_ffff));
    format!("{}-{}", &hex[..8], &hex[8..12])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_with_time() {
        assert_eq!(first_id(0x0123_4567_89ab), "01234567-89ab");
        assert_eq!(first_id(-5), "00000000-0000");
        assert_eq!(first_id(i64::MAX), "ffffffff-ffff");
        assert!(first_id(1_767_225_600_000) < first_id(1_767_225_600_001));
    }
}
