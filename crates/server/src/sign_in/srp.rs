//! USER_SRP_AUTH: the first answer writes nothing; its state is sealed into SECRET_BLOCK and spent with the grant.

use super::password;
use crate::cognito_idp::sign_in::{Answer, Context, Parameters};
use crate::{app::App, callers::client_secret, secrets::random::SystemRandom};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rules::{
    Fault, Random, Result, Sealed, fault,
    sign_in::{
        Side,
        srp::{self, PublicValue},
    },
    user::{Password, User},
};
use serde::{Deserialize, Serialize};
use spec::{
    Blob,
    cognito_idp::{AliasAttributeType, ChallengeNameType},
};
use std::collections::BTreeMap;

const SEAL_CONTEXT: &str = "secret-block";
/// How far the client's clock may be off; how old the answer may be is bounded by the block's own expiry.
const TIMESTAMP_TOLERANCE_MS: i64 = 5 * 60 * 1_000;

/// What the server must know again when the proof comes: the two public values, its own secret, and for whom.
#[derive(Serialize, Deserialize)]
struct State {
    id: Blob,
    expires_at: i64,
    client_id: String,
    side: Side,
    /// The name as it was typed.
    typed_name: String,
    /// The name that the proof is made over.
    user_id: String,
    a: Blob,
    b: Blob,
    big_b: Blob,
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
/// it gets an invented name as a known user gets the real one.
fn challenge_name(app: &App, context: &Context, user: Option<&User>, typed_name: &str) -> String {
    if let Some(user) = user {
        return context.pool.fold_name(&user.username);
    }
    let pool = &context.pool;
    let is_alias = pool.has_username_attributes()
        || pool.has_alias(AliasAttributeType::Email) && typed_name.contains('@')
        || pool.has_alias(AliasAttributeType::PhoneNumber) && typed_name.starts_with('+');
    if is_alias {
        srp::fake_user_id(&*app.vault.derive("unknown-users"), &pool.id, &pool.fold_name(typed_name))
    } else {
        pool.fold_name(typed_name)
    }
}

/// InitiateAuth with SRP_A.
pub async fn initiate(app: &App, context: Context, typed_name: &str, srp_a: &str) -> Result<Answer> {
    let a = PublicValue::parse(srp_a).map_err(|_| fault::srp_a_invalid())?;
    let candidate = password::candidate(app, &context, typed_name).await?;
    let user = candidate.user.as_ref();
    let verifier = verifier(app, &context, user, &context.pool.fold_name(typed_name))?;
    let salt = verifier.salt.clone();
    let challenge = app.workers.run_here(|| srp::Exchange::new(&verifier.v, &mut SystemRandom)).await?;
    let mut id = vec![0; 32];
    SystemRandom.fill(&mut id);
    let user_id = challenge_name(app, &context, user, typed_name);
    let state = State {
        id: Blob(id),
        expires_at: app.now() + context.client.session_ttl_ms(),
        client_id: context.client.id.clone(),
        side: context.side,
        typed_name: typed_name.to_owned(),
        user_id: user_id.clone(),
        a: Blob(a.as_bytes().to_vec()),
        b: Blob(challenge.b.to_vec()),
        big_b: Blob(challenge.big_b.as_bytes().to_vec()),
    };
    let state = zeroize::Zeroizing::new(serde_json::to_vec(&state).map_err(Fault::internal)?);
    let block = app.vault.seal_for_client(SEAL_CONTEXT, &state);
    Ok(Answer {
        challenge_name: Some(ChallengeNameType::PasswordVerifier),
        parameters: BTreeMap::from([
            ("SALT".to_owned(), salt),
            ("SECRET_BLOCK".to_owned(), STANDARD.encode(block.0)),
            ("SRP_B".to_owned(), challenge.big_b.to_hex()),
            ("USERNAME".to_owned(), user_id.clone()),
            ("USER_ID_FOR_SRP".to_owned(), user_id),
        ]),
        ..Answer::default()
    })
}

/// RespondToAuthChallenge with PASSWORD_VERIFIER; clients send no Session, so the block alone carries the state.
pub async fn respond(app: &App, context: Context, parameters: &Parameters) -> Result<Answer> {
    let username = parameters.required("USERNAME")?;
    let block = parameters.required("PASSWORD_CLAIM_SECRET_BLOCK")?;
    let signature = parameters.required("PASSWORD_CLAIM_SIGNATURE")?.to_owned();
    let timestamp = parameters.required("TIMESTAMP")?.to_owned();
    let (state, block) = open(app, &context, block)?;
    let candidate = password::candidate(app, &context, &state.typed_name).await?;
    let is_named = check_names(app, &context, parameters, username, &state, candidate.user.as_ref())?;
    // Pools without device tracking do not look at a device key; no pool knows any device yet.
    if parameters.get("DEVICE_KEY").is_some() && context.pool.detail.device_configuration.is_some() {
        return Err(fault::device_does_not_exist());
    }
    let folded = context.pool.fold_name(&state.typed_name);
    let verifier = verifier(app, &context, candidate.user.as_ref(), &folded)?;
    let known = candidate.user.as_ref().is_some_and(|user| user.password.is_some());
    let fresh = srp::check_timestamp(&timestamp, app.now(), TIMESTAMP_TOLERANCE_MS).is_ok();
    let once = (id_of(&state)?, state.expires_at);
    let pool_id = context.pool.id.clone();
    let proved = app
        .workers
        .run_here(|| is_proved(&pool_id, &state, &verifier, &block, &signature, &timestamp))
        .await?;
    password::conclude(app, context, candidate, proved && known && fresh && is_named, Some(once)).await
}

fn open(app: &App, context: &Context, block: &str) -> Result<(State, Vec<u8>)> {
    let invalid =
        || fault::incorrect_username_or_password().because("a SECRET_BLOCK that is not this client's");
    // Amplify decodes tolerantly and so may send the URL-safe alphabet.
    let block = STANDARD.decode(block.replace('-', "+").replace('_', "/")).map_err(|_| invalid())?;
    let state = app.vault.open_from_client(SEAL_CONTEXT, &Sealed(block.clone())).ok_or_else(invalid)?;
    let state: State = serde_json::from_slice(&state).map_err(|_| invalid())?;
    if state.client_id != context.client.id || state.side != context.side {
        return Err(invalid());
    }
    if state.expires_at <= app.now() {
        return Err(fault::session_expired());
    }
    Ok((state, block))
}

/// Whether USERNAME is what was typed, the name of the challenge, one of the user's own, or the sub; SECRET_HASH may be
/// made over any of these. Any other name is a wrong proof and counts as one: if it did not, the lock would tell a
/// stranger which further names are the user's.
fn check_names(
    app: &App,
    context: &Context,
    parameters: &Parameters,
    username: &str,
    state: &State,
    user: Option<&User>,
) -> Result<bool> {
    let mut names = vec![state.typed_name.clone(), state.user_id.clone()];
    if let Some(user) = user {
        names.push(user.sub.clone());
        names.extend(user.sign_in_names(&context.pool));
    }
    let folded = context.pool.fold_name(username);
    let is_named = names.iter().any(|name| context.pool.fold_name(name) == folded);
    let hashed: Vec<&str> = names.iter().map(String::as_str).chain([username]).collect();
    client_secret::check_hash(app, &context.client, parameters.get("SECRET_HASH"), &hashed)?;
    Ok(is_named)
}

fn is_proved(
    pool_id: &str,
    state: &State,
    verifier: &srp::Verifier,
    block: &[u8],
    signature: &str,
    timestamp: &str,
) -> bool {
    let (Ok(a), Ok(big_b)) = (PublicValue::from_bytes(&state.a.0), PublicValue::from_bytes(&state.big_b.0))
    else {
        return false;
    };
    let Ok(b) = <[u8; 32]>::try_from(state.b.0.as_slice()) else { return false };
    let challenge = srp::Exchange { b: b.into(), big_b };
    let owner = srp::Owner::user(rules::ids::srp_pool_name(pool_id), &state.user_id);
    challenge
        .session_key(&a, &verifier.v)
        .and_then(|key| key.check_proof(owner, block, timestamp, signature))
        .is_ok()
}

fn id_of(state: &State) -> Result<[u8; 32]> {
    state.id.0.as_slice().try_into().map_err(|_| Fault::internal("a SECRET_BLOCK's id has a wrong length"))
}
