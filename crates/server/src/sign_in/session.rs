//! The Session string and what it stands for. Once something was proved, it is a ticket in the store, so that it is good
//! once (`rules::sign_in::session`). Before, it is the sealed sign-in itself, and nothing is stored for a stranger; what
//! is remembered then is that it was used.

use super::{Context, srp::challenge_name};
use crate::{app::App, callers::CallOrigin};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rules::{
    Fault, Millis, Random, Result, Sealed, fault,
    ids::{ClientId, PoolId, Sub},
    sign_in::{
        Side, SignIn,
        session::{self, Session},
    },
    user::User,
};
use serde::{Deserialize, Serialize};
use spec::Blob;
use std::sync::Arc;
use store::{
    Tx,
    tickets::{self, Kind, WithId},
};
use zeroize::Zeroizing;

/// What the sealed sign-in in a Session is bound to.
const SEAL_CONTEXT: &str = "sealed-session";

/// How many stored sign-ins of one user are looked at.
const LOOKED_AT_MAX: i64 = 100;

/// A Session's place in the store, and the sign-in that came sealed in it.
#[derive(Clone, Debug)]
pub struct SessionKey {
    id: [u8; 32],
    expires_at: Millis,
    sealed: Option<Arc<SignIn>>,
}

impl SessionKey {
    /// The id of its ticket.
    pub fn id(&self) -> &[u8; 32] {
        &self.id
    }

    /// The place of a stored sign-in.
    pub fn stored(id: [u8; 32], expires_at: Millis) -> SessionKey {
        SessionKey { id, expires_at, sealed: None }
    }

    /// When it ends.
    pub fn expires_at(&self) -> Millis {
        self.expires_at
    }

    /// Whether the sign-in came in the Session and is not stored.
    pub fn is_sealed(&self) -> bool {
        self.sealed.is_some()
    }
}

/// A sign-in as a client carries it.
#[derive(Serialize, Deserialize)]
struct Carried {
    /// As text of one length: the numbers of a list have more digits or fewer.
    secret: Blob,
    expires_at: Millis,
    sign_in: SignIn,
    /// As long as what a sign-in says of nobody, where there is a user: the length of a Session must not tell them apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    filler: Option<Sealed>,
}

/// A new Session for `sign_in`: what the client holds, and what [`put`] stores.
pub fn new(app: &App, context: &Context) -> (String, SessionKey) {
    let mut secret = [0; 16];
    app.random().fill(&mut secret);
    let expires_at = app.now() + context.client.session_ttl_ms();
    let sealed = session::seal(app.vault.client_key(), &mut app.random(), &Session { secret, expires_at });
    (sealed, SessionKey { id: id_of(app, &secret), expires_at, sealed: None })
}

/// A new Session that holds the sign-in of whoever typed this name.
///
/// # Errors
/// Only failures.
pub fn carrying(app: &App, sign_in: &SignIn, typed_name: &str, ttl_ms: Millis) -> Result<String> {
    let mut secret = [0; 16];
    app.random().fill(&mut secret);
    let expires_at = app.now() + ttl_ms;
    let filler = sign_in.nobody.is_none().then(|| app.vault.seal(SEAL_CONTEXT, typed_name.as_bytes()));
    let carried = Carried { secret: Blob(secret.to_vec()), expires_at, sign_in: sign_in.clone(), filler };
    let state = Zeroizing::new(serde_json::to_vec(&carried).map_err(Fault::internal)?);
    Ok(STANDARD.encode(app.vault.seal_for_client(SEAL_CONTEXT, &state).0))
}

/// Stores the sign-in behind a new Session. It is the user's where something was proved: what strangers have begun must
/// not stand in the way of what the user has.
pub fn put(tx: &mut Tx<'_>, key: &SessionKey, sign_in: &SignIn) -> Result<()> {
    let is_proved = !sign_in.passed.is_empty() || sign_in.has_credit();
    let sub = is_proved.then_some(&sign_in.sub);
    let owner = tickets::Owner { pool_id: &sign_in.pool_id, sub, mailbox: None };
    Ok(tickets::put(tx, Kind::SignIn, &key.id, owner, key.expires_at, sign_in)?)
}

/// Reads which sign-in a Session means.
///
/// # Errors
/// NotAuthorizedException for a missing, foreign or expired one.
pub fn open(app: &App, session: Option<&str>) -> Result<SessionKey> {
    let session = session.ok_or_else(|| fault::missing_parameter("Session"))?;
    if let Some(carried) = open_carried(app, session) {
        let Carried { secret, expires_at, sign_in, .. } = carried;
        if expires_at <= app.now() {
            return Err(fault::session_expired());
        }
        return Ok(SessionKey { id: id_of(app, &secret.0), expires_at, sealed: Some(Arc::new(sign_in)) });
    }
    let Session { secret, expires_at } = session::open(app.vault.client_key(), app.now(), session)?;
    Ok(SessionKey { id: id_of(app, &secret), expires_at, sealed: None })
}

fn open_carried(app: &App, session: &str) -> Option<Carried> {
    let sealed = Sealed(STANDARD.decode(session).ok()?);
    let state = app.vault.open_from_client(SEAL_CONTEXT, &sealed)?;
    serde_json::from_slice(&state).ok()
}

/// The sign-in behind a Session, unused as yet, which must be this client's and this side's.
pub fn find(tx: &mut Tx<'_>, key: &SessionKey, client_id: &ClientId, side: Side) -> Result<SignIn> {
    let sign_in = find_of_any_client(tx, key)?;
    if sign_in.client_id != *client_id || sign_in.side != side {
        return Err(fault::session_invalid().because("another client's session, or one of the other side"));
    }
    Ok(sign_in)
}

/// The stored sign-ins in which a user has proved something, as many as are looked at.
pub fn of_user(tx: &mut Tx<'_>, pool_id: &PoolId, sub: &Sub) -> Result<Vec<(SessionKey, SignIn)>> {
    let found = tickets::list_of_user::<SignIn>(tx, Kind::SignIn, pool_id, sub, LOOKED_AT_MAX)?;
    let place = |(id, ticket): WithId<SignIn>| {
        let id = id.try_into().map_err(|_| Fault::internal("a ticket's id has a wrong length"))?;
        Ok((SessionKey::stored(id, ticket.expires_at), ticket.document))
    };
    found.into_iter().map(place).collect()
}

fn find_of_any_client(tx: &mut Tx<'_>, key: &SessionKey) -> Result<SignIn> {
    if let Some(sign_in) = &key.sealed {
        let is_spent = tickets::is_spent(tx, &key.id)?;
        return if is_spent { Err(fault::session_used()) } else { Ok(sign_in.as_ref().clone()) };
    }
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
    let is_first = match &key.sealed {
        Some(_) => tickets::spend(tx, &key.id, key.expires_at)?,
        None => tickets::take::<SignIn>(tx, Kind::SignIn, &key.id)?.is_some(),
    };
    if is_first { Ok(()) } else { Err(fault::session_used()) }
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

fn id_of(app: &App, secret: &[u8]) -> [u8; 32] {
    app.vault.mac("session-id", &[&STANDARD.encode(secret)])
}
