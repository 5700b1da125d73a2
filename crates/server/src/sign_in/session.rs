//! The Session string (`rules::sign_in::session`) and what it stands for: a ticket in the store, so that it is good
//! once.

use crate::cognito_idp::sign_in::Context;
use crate::{app::App, secrets::random::SystemRandom};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rules::{
    Random, Result, fault,
    sign_in::{
        Side, SignIn,
        session::{self, Session},
    },
    user::User,
};
use store::{
    Tx,
    tickets::{self, Kind},
};

/// A ticket's place in the store.
#[derive(Clone, Debug)]
pub struct SessionKey {
    id: [u8; 32],
    expires_at: i64,
}

/// A new Session for `sign_in`: what the client holds, and what [`put`] stores.
pub fn new(app: &App, context: &Context) -> (String, SessionKey) {
    let mut secret = [0; 16];
    SystemRandom.fill(&mut secret);
    let expires_at = app.now() + context.client.session_ttl_ms();
    let sealed = session::seal(app.vault.client_key(), &mut SystemRandom, &Session { secret, expires_at });
    (sealed, SessionKey { id: id_of(app, &secret), expires_at })
}

/// Stores the sign-in under a new ticket.
pub fn put(tx: &mut Tx<'_>, ticket: &SessionKey, sign_in: &SignIn) -> Result<()> {
    Ok(tickets::put(tx, Kind::SignIn, &ticket.id, ticket.expires_at, 0, sign_in)?)
}

/// Reads which ticket a Session means.
///
/// # Errors
/// NotAuthorizedException for a missing, foreign or expired one.
pub fn open(app: &App, session: Option<&str>) -> Result<SessionKey> {
    let session = session.ok_or_else(|| fault::missing_parameter("Session"))?;
    let Session { secret, expires_at } = session::open(app.vault.client_key(), app.now(), session)?;
    Ok(SessionKey { id: id_of(app, &secret), expires_at })
}

/// The sign-in behind a ticket, unused as yet, which must be this client's and this side's.
pub fn find(tx: &mut Tx<'_>, ticket: &SessionKey, client_id: &str, side: Option<Side>) -> Result<SignIn> {
    let found = tickets::find::<SignIn>(tx, Kind::SignIn, &ticket.id)?.ok_or_else(fault::session_used)?;
    let sign_in = found.document;
    if sign_in.client_id != client_id || side.is_some_and(|side| side != sign_in.side) {
        return Err(fault::session_invalid().because("another client's session, or one of the other side"));
    }
    Ok(sign_in)
}

/// The sign-in behind a ticket whose client the caller does not name.
pub fn find_of_any_client(tx: &mut Tx<'_>, ticket: &SessionKey) -> Result<SignIn> {
    let found = tickets::find::<SignIn>(tx, Kind::SignIn, &ticket.id)?.ok_or_else(fault::session_used)?;
    Ok(found.document)
}

/// Uses the ticket up; false if another request did so first.
pub fn spend(tx: &mut Tx<'_>, ticket: &SessionKey) -> Result<()> {
    let taken = tickets::take::<SignIn>(tx, Kind::SignIn, &ticket.id)?;
    taken.map(|_| ()).ok_or_else(fault::session_used)
}

/// Checks that the submitted USERNAME means the user of the session: by name, alias or sub.
pub fn check_username(context: &Context, user: &User, submitted: &str) -> Result<()> {
    let folded = context.pool.fold_name(submitted);
    if submitted == user.sub || user.sign_in_names(&context.pool).contains(&folded) {
        Ok(())
    } else {
        Err(fault::session_invalid().because("the session is another user's"))
    }
}

fn id_of(app: &App, secret: &[u8; 16]) -> [u8; 32] {
    app.vault.mac("session-id", &[&STANDARD.encode(secret)])
}
