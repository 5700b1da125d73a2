//! The end of all tokens of one sign-in.

use crate::app::App;
use rules::{Millis, Result, pool::Client, tokens::Grant};
use store::{Tx, grants, tickets};

/// Ends the family of a refresh token that was used again after its rotation: somebody else may hold it (OAuth 2.0
/// Security BCP, RFC 9700 §4.14.2). Access tokens of a client that does not revoke tokens name no grant, so the family's
/// event is remembered as long as one of them may be good.
pub fn end(app: &App, tx: &mut Tx<'_>, grant: &Grant, client: &Client, now: Millis) -> Result<()> {
    grants::revoke(tx, &grant.id, now)?;
    if !client.revokes_tokens() {
        let until = now + client.token_validity().access_seconds * 1_000;
        tickets::spend(tx, &ended_id(app, &grant.facts.event_id), until)?;
    }
    Ok(())
}

/// Where it is remembered that the family of this event has ended.
pub fn ended_id(app: &App, event_id: &str) -> [u8; 32] {
    app.vault.mac("ended-family", &[event_id])
}
