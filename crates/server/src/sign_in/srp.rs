//! USER_SRP_AUTH: the first answer writes nothing; its state is sealed into SECRET_BLOCK and spent with the grant.

use super::{
    Context,
    conclusion::Conclusion,
    origin::{NamedDevice, SingleUse, Spends},
    password::{self, Candidate, Lock, Proved},
    session::{self, SessionKey},
};
use crate::app::App;
use rules::{
    Fault, Millis, Random, Result, Sealed, fault,
    ids::{self, ClientId},
    sign_in::{
        Side, SignIn,
        srp::{self, PublicValue},
    },
    user::{Password, User},
};
use serde::{Deserialize, Serialize};
use spec::{Blob, cognito_idp::AliasAttributeType};

const SEAL_CONTEXT: &str = "secret-block";
/// How far the client's clock may be off; how old the answer may be is bounded by the block's own expiry.
pub const TIMESTAMP_TOLERANCE_MS: Millis = 5 * 60 * 1_000;

/// The longest DeviceKey. M
const DEVICE_KEY_BYTES_MAX: usize = 55;

/// What the server must know again when the proof comes: the two public values, its own secret, and for whom.
#[derive(Serialize, Deserialize)]
struct State {
    id: Blob,
    expires_at: Millis,
    client_id: ClientId,
    side: Side,
    /// The name as it was typed.
    typed_name: String,
    /// The name that the proof is made over.
    user_id: String,
    a: Blob,
    b: Blob,
    big_b: Blob,
    /// The sign-in that it is a step of, and the id of the Session that comes with the proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    within: Option<(Box<SignIn>, Blob)>,
    /// The device that the first call named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    /// As long as what a sign-in says of nobody, where there is a user: the length of a block must not tell them apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    filler: Option<Sealed>,
}

/// The custom or choice-based sign-in that SRP is a step of.
pub struct Within {
    /// The sign-in, which waits for the proof.
    pub sign_in: Box<SignIn>,
    /// The Session that the proof must come with.
    pub session: SessionKey,
}

/// What a client begins SRP with.
pub struct Asked<'a> {
    /// The public value.
    pub a: PublicValue,
    /// The device that it names.
    pub device: Option<&'a str>,
    /// The sign-in that SRP is a step of.
    pub within: Option<Within>,
}

/// The verifier to do the arithmetic with: the user's, or for an unknown user a stable invention that costs the same.
fn verifier(app: &App, context: &Context, user: Option<&User>, folded_name: &str) -> Result<srp::Verifier> {
    match user.and_then(|user| Some((user, user.password.as_ref()?))) {
        Some((user, password)) => {
            let v = app
                .vault
                .open(&Password::verifier_context(&user.pool_id, &user.sub), &password.srp_verifier)?;
            Ok(srp::Verifier { salt: password.srp_salt.clone(), v })
        }
        None => Ok(srp::fake_verifier(&*app.vault.derive("unknown-users"), &context.pool.id, folded_name)),
    }
}

/// The name that stands in the challenge, folded, since the letters in which a user was registered would tell that
/// there is one. Where the typed name could be an alias, a stranger must not learn from it whether it is one, so that
/// it gets an invented name as a known user gets the real one. Where addresses are the names, who types a sub gets it
/// back: it is the user name of whoever has it.
pub fn challenge_name(app: &App, context: &Context, user: Option<&User>, typed_name: &str) -> String {
    if let Some(user) = user {
        return context.pool.fold_name(&user.username);
    }
    let pool = &context.pool;
    let is_alias = pool.has_username_attributes() && !ids::is_sub(&pool.fold_name(typed_name))
        || pool.has_alias(AliasAttributeType::Email) && typed_name.contains('@')
        || pool.has_alias(AliasAttributeType::PhoneNumber) && typed_name.starts_with('+');
    if is_alias {
        srp::fake_user_id(&*app.vault.derive("unknown-users"), &pool.id, &pool.fold_name(typed_name))
    } else {
        pool.fold_name(typed_name)
    }
}

/// The question that answers InitiateAuth with SRP_A.
pub struct Question {
    /// The salt of the user's verifier, hexadecimal.
    pub salt: String,
    /// The server's public value.
    pub big_b: PublicValue,
    /// The sealed state, which comes back with the proof.
    pub secret_block: Vec<u8>,
    /// The name that the proof is made over.
    pub user_id: String,
}

/// Begins a sign-in by SRP. Nothing is written.
///
/// # Errors
/// As [`password::begin`].
pub async fn begin(
    app: &App,
    context: &Context,
    typed_name: &str,
    a: PublicValue,
    device: Option<&str>,
) -> Result<Question> {
    let candidate = password::begin(app, context, typed_name).await?;
    let asked = Asked { a, device: device.filter(|key| key.len() <= DEVICE_KEY_BYTES_MAX), within: None };
    question(app, context, candidate.user.as_ref(), typed_name, asked).await
}

/// The question to a user, or to nobody. Nothing is written.
///
/// # Errors
/// TooManyRequestsException when too much work waits.
pub async fn question(
    app: &App,
    context: &Context,
    user: Option<&User>,
    typed_name: &str,
    asked: Asked<'_>,
) -> Result<Question> {
    let Asked { a, device, within } = asked;
    let verifier = verifier(app, context, user, &context.pool.fold_name(typed_name))?;
    let salt = verifier.salt.clone();
    let exchange = app.workers.run_here(|| srp::Exchange::new(&verifier.v, &mut app.random())).await?;
    let mut id = vec![0; 32];
    app.random().fill(&mut id);
    let user_id = challenge_name(app, context, user, typed_name);
    let is_somebody = within.as_ref().is_some_and(|within| within.sign_in.nobody.is_none());
    let state = State {
        id: Blob(id),
        expires_at: app.now() + context.client.session_ttl_ms(),
        client_id: context.client.id.clone(),
        side: context.side,
        typed_name: typed_name.to_owned(),
        user_id: user_id.clone(),
        a: Blob(a.as_bytes().to_vec()),
        b: Blob(exchange.b.to_vec()),
        big_b: Blob(exchange.big_b.as_bytes().to_vec()),
        within: within.map(|within| (within.sign_in, Blob(within.session.id().to_vec()))),
        device: device.map(str::to_owned),
        filler: is_somebody.then(|| app.vault.seal(SEAL_CONTEXT, typed_name.as_bytes())),
    };
    let state = zeroize::Zeroizing::new(serde_json::to_vec(&state).map_err(Fault::internal)?);
    let secret_block = app.vault.seal_for_client(SEAL_CONTEXT, &state).0;
    Ok(Question { salt, big_b: exchange.big_b, secret_block, user_id })
}

/// A proof that came back, with its state and what is known of its user.
pub struct Returned {
    state: State,
    secret_block: Vec<u8>,
    candidate: Candidate,
}

/// What a client sends as proof.
pub struct Proof {
    /// The user's name.
    pub username: String,
    /// The HMAC under the session key, base64.
    pub signature: String,
    /// The client's time, which is part of what is signed.
    pub timestamp: String,
}

/// Opens a SECRET_BLOCK and reads its user again.
///
/// # Errors
/// NotAuthorizedException for a block that is not this client's or has expired, and within a custom sign-in for another
/// Session; and as [`password::look_up`].
pub async fn recall(
    app: &App,
    context: &Context,
    secret_block: Vec<u8>,
    session: Option<&str>,
) -> Result<Returned> {
    let state = open(app, context, &secret_block)?;
    if let Some((_, id)) = &state.within
        && session::open(app, session)?.id().as_slice() != id.0
    {
        return Err(fault::session_invalid().because("the Session is another one's than SECRET_BLOCK"));
    }
    let mut candidate = password::look_up(app, context, &state.typed_name, Lock::Refuses).await?;
    if state.within.as_ref().is_some_and(|(sign_in, _)| sign_in.nobody.is_some()) {
        candidate.user = None;
    }
    Ok(Returned { state, secret_block, candidate })
}

impl Returned {
    /// The names that mean the user of this proof: what was typed, the name of the challenge, the user's own, and
    /// the sub.
    pub fn names(&self, context: &Context) -> Vec<String> {
        let mut names = vec![self.state.typed_name.clone(), self.state.user_id.clone()];
        if let Some(user) = &self.candidate.user {
            names.push(user.sub.to_string());
            names.extend(user.sign_in_names(&context.pool));
        }
        names
    }

    /// Checks the proof and goes on with the sign-in. `device` is the device that the client names.
    ///
    /// # Errors
    /// NotAuthorizedException for a wrong proof, which is counted, and for one that was used; and as the machine.
    pub async fn conclude(
        self,
        app: &App,
        context: Context,
        proof: Proof,
        device: Option<&str>,
    ) -> Result<Conclusion> {
        // Any other name is a wrong proof and counts as one: if it did not, the lock would tell a stranger which
        // further names are the user's.
        let folded = context.pool.fold_name(&proof.username);
        let is_named = self.names(&context).iter().any(|name| context.pool.fold_name(name) == folded);
        let Returned { state, secret_block, candidate } = self;
        let folded = context.pool.fold_name(&state.typed_name);
        let verifier = verifier(app, &context, candidate.user.as_ref(), &folded)?;
        let known = candidate.user.as_ref().is_some_and(|user| user.password.is_some());
        let fresh = srp::check_timestamp(&proof.timestamp, app.now(), TIMESTAMP_TOLERANCE_MS).is_ok();
        let single_use = SingleUse { id: id_of(&state)?, until: state.expires_at };
        let pool_id = context.pool.id.clone();
        let claim =
            Claim { secret_block: &secret_block, timestamp: &proof.timestamp, signature: &proof.signature };
        let exchanged = Exchanged { a: &state.a, b: &state.b, big_b: &state.big_b };
        let owner = srp::Owner::user(&pool_id, &state.user_id);
        let proved = app.workers.run_here(|| exchanged.is_proved(owner, &verifier, &claim)).await?;
        let matches = proved && known && fresh && is_named;
        let before = state.device.map(|key| NamedDevice { key, is_refused: false });
        let device = device.map(NamedDevice::now).or(before);
        let sign_in = state.within.map(|(sign_in, _)| sign_in);
        let proved = Proved { matches, spends: Spends::Once(single_use), sign_in, device };
        password::conclude(app, context, candidate, proved).await
    }
}

fn open(app: &App, context: &Context, secret_block: &[u8]) -> Result<State> {
    let invalid =
        || fault::incorrect_username_or_password().because("a SECRET_BLOCK that is not this client's");
    let state =
        app.vault.open_from_client(SEAL_CONTEXT, &Sealed(secret_block.to_vec())).ok_or_else(invalid)?;
    let state: State = serde_json::from_slice(&state).map_err(|_| invalid())?;
    if state.client_id != context.client.id || state.side != context.side {
        return Err(invalid());
    }
    if state.expires_at <= app.now() {
        return Err(fault::session_expired());
    }
    Ok(state)
}

/// Both public values and the server's own secret, as they come back sealed.
pub struct Exchanged<'a> {
    /// The client's public value.
    pub a: &'a Blob,
    /// The server's secret.
    pub b: &'a Blob,
    /// The server's public value.
    pub big_b: &'a Blob,
}

impl Exchanged<'_> {
    /// Whether the proof is of whoever knows the owner's password; of a user or of a device.
    pub fn is_proved(&self, owner: srp::Owner<'_>, verifier: &srp::Verifier, claim: &Claim<'_>) -> bool {
        let (Ok(a), Ok(big_b)) = (PublicValue::from_bytes(&self.a.0), PublicValue::from_bytes(&self.big_b.0))
        else {
            return false;
        };
        let Ok(b) = <[u8; 32]>::try_from(self.b.0.as_slice()) else { return false };
        let exchange = srp::Exchange { b: b.into(), big_b };
        exchange
            .session_key(&a, &verifier.v)
            .and_then(|key| key.check_proof(owner, claim.secret_block, claim.timestamp, claim.signature))
            .is_ok()
    }
}

/// What a proof signs, and its signature.
pub struct Claim<'a> {
    /// The sealed state.
    pub secret_block: &'a [u8],
    /// The client's time.
    pub timestamp: &'a str,
    /// The HMAC under the session key, base64.
    pub signature: &'a str,
}

fn id_of(state: &State) -> Result<[u8; 32]> {
    state.id.0.as_slice().try_into().map_err(|_| Fault::internal("a SECRET_BLOCK's id has a wrong length"))
}
