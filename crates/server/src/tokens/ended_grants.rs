//! The end of a grant, and of every access token that it brought.

use crate::app::App;
use rules::{
    DAY, Millis, Result,
    tokens::{Grant, GrantFacts},
};
use store::{Tx, grants, tickets};

/// Ends a grant: one whose refresh token was used again after its rotation, because somebody else may hold it (OAuth 2.0
/// Security BCP, RFC 9700 §4.14.2), or a session that was revoked.
pub fn end(app: &App, tx: &mut Tx<'_>, grant: &Grant, now: Millis) -> Result<()> {
    grants::revoke(tx, &grant.id, now)?;
    remember(app, tx, &grant.facts, now)
}

/// Remembers that a grant has ended. Access tokens that were issued while their client did not revoke tokens name no
/// grant, so the grant's event is remembered for a day, which no access token outlives.
pub fn remember(app: &App, tx: &mut Tx<'_>, facts: &GrantFacts, now: Millis) -> Result<()> {
    Ok(tickets::spend(tx, &ended_id(app, &facts.event_id), now + DAY).map(drop)?)
}

/// Where it is remembered that the grant of this event has ended.
pub fn ended_id(app: &App, event_id: &str) -> [u8; 32] {
    app.vault.mac("ended-grant", &[event_id])
}
