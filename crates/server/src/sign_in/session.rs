//! The Session string (`rules::sign_in::session`) and what it stands for: a ticket in the store, so that it is good
//! once.

use super::{Context, srp::challenge_name};
use crate::{app::App, callers::CallOrigin};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rules::{
    Millis, Random, Result, fault,
    ids::ClientId,
    sign_in::{
        Side, SignIn,
        session::{self, Session},
    },
    user::User,
};
use std::sync::Arc;
use store::{
    Tx,
    tickets::{self, Kind},
};

/// A Session's place in the store.
#[derive(Clone, Debug)]
pub struct SessionKey {
    id: [u8; 32],
    expires_at: Millis,
}

impl SessionKey {
    /// The id of its ticket.
    pub fn id(&self) -> &[u8; 32] {
        &self.id
    }
}

/// A new Session for `sign_in`: what the client holds, and what [`put`] stores.
pub fn new(app: &App, context: &Context) -> (String, SessionKey) {
    let mut secret = [0; 16];
    app.random().fill(&mut secret);
    let expires_at = app.now() + context.client.session_ttl_ms();
    let sealed = session::seal(app.vault.client_key(), &mut app.random(), &Session { secret, expires_at });
    (sealed, SessionKey { id: id_of(app, &secret), expires_at })
}

/// Stores the sign-in behind a new Session.
pub fn put(tx: &mut Tx<'_>, key: &SessionKey, sign_in: &SignIn) -> Result<()> {
    let owner = tickets::Owner { pool_id: &sign_in.pool_id, sub: Some(&sign_in.sub), mailbox: None };
    Ok(tickets::put(tx, Kind::SignIn, &key.id, owner, key.expires_at, sign_in)?)
}

/// Reads which sign-in a Session means.
///
/// # Errors
/// NotAuthorizedException for a missing, foreign or expired one.
pub fn open(app: &App, session: Option<&str>) -> Result<SessionKey> {
    let session = session.ok_or_else(|| fault::missing_parameter("Session"))?;
    let Session { secret, expires_at } = session::open(app.vault.client_key(), app.now(), session)?;
    Ok(SessionKey { id: id_of(app, &secret), expires_at })
}

/// The sign-in behind a Session, unused as yet, which must be this client's and this side's.
pub fn find(tx: &mut Tx<'_>, key: &SessionKey, client_id: &ClientId, side: Side) -> Result<SignIn> {
    let sign_in = find_of_any_client(tx, key)?;
    if sign_in.client_id != *client_id || sign_in.side != side {
        return Err(fault::session_invalid().because("another client's session, or one of the other side"));
    }
    Ok(sign_in)
}

fn find_of_any_client(tx: &mut Tx<'_>, key: &SessionKey) -> Result<SignIn> {
    let found = tickets::find::<SignIn>(tx, Kind::SignIn, &key.id)?.ok_or_else(fault::session_used)?;
    Ok(found.document)
}

/// What the sign-in behind a Session is about, for a caller who names no client.
///
/// # Errors
/// NotAuthorizedException if the Session was used.
pub async fn context(app: &App, key: &SessionKey, origin: Arc<CallOrigin>) -> Result<Context> {
    let key = key.clone();
    let sign_in = app.db.look_up(move |tx| find_of_any_client(tx, &key)).await?;
    let (client, pool) = app.client_and_pool(&sign_in.client_id).await?;
    Ok(Context::new(pool, client, sign_in.side, origin))
}

/// Uses the Session up.
///
/// # Errors
/// NotAuthorizedException if another request did so first.
pub fn spend(tx: &mut Tx<'_>, key: &SessionKey) -> Result<()> {
    let taken = tickets::take::<SignIn>(tx, Kind::SignIn, &key.id)?;
    taken.map(|_| ()).ok_or_else(fault::session_used)
}

/// Checks that the submitted USERNAME means the user of the session: by name, alias or sub.
/// Of nobody that is the typed name, and the one that the question named.
pub fn check_username(app: &App, context: &Context, user: &User, submitted: &str) -> Result<()> {
    let folded = context.pool.fold_name(submitted);
    let is_shown = || context.pool.fold_name(&challenge_name(app, context, None, &user.username)) == folded;
    if user.sub == *submitted || user.sign_in_names(&context.pool).contains(&folded) || is_shown() {
        Ok(())
    } else {
        Err(fault::session_invalid().because("the session is another user's"))
    }
}

fn id_of(app: &App, secret: &[u8; 16]) -> [u8; 32] {
    app.vault.mac("session-id", &[&STANDARD.encode(secret)])
}
