//! Devices that sign in: the one that a client names, and its own proof by SRP (DEVICE_SRP_AUTH,
//! DEVICE_PASSWORD_VERIFIER).

use super::{
    Context, attempts,
    conclusion::Conclusion,
    origin::Origin,
    run::{Attempt, CheckAnswerer, Guesses},
    session::{self, SessionKey},
    srp::TIMESTAMP_TOLERANCE_MS,
    srp::{Claim, Exchanged},
};
use crate::{app::App, users::devices};
use rules::{
    Fault, Millis, Result, Sealed, fault, ids,
    sign_in::{
        Challenge, Input, SignIn, Waiting,
        srp::{self, PublicValue},
    },
    user::{
        User,
        device::{self as device_rules, Device},
    },
};
use serde::{Deserialize, Serialize};
use spec::Blob;
use std::sync::Arc;
use zeroize::Zeroizing;

const SEAL_CONTEXT: &str = "device-secret-block";

/// The device that a client names before anything is proved.
///
/// # Errors
/// ResourceNotFoundException for one that the user, or nobody, does not have.
pub async fn named(
    app: &App,
    context: &Context,
    user: Option<&User>,
    key: Option<&str>,
) -> Result<Option<String>> {
    let Some(key) = key.filter(|_| device_rules::tracks(&context.pool)) else {
        return Ok(None);
    };
    let pool_id = context.pool.id.clone();
    let sub = user.map_or_else(|| rules::ids::sub(&mut app.random()), |user| user.sub.clone());
    let wanted = key.to_owned();
    let found = app.db.look_up(move |tx| store::devices::find(tx, &pool_id, &sub, &wanted)).await?;
    found.map(|device| Some(device.key)).ok_or_else(fault::device_does_not_exist)
}

/// The question that follows a device's public value.
pub struct Question {
    /// The salt of the device's verifier, hexadecimal.
    pub salt: String,
    /// The server's public value.
    pub big_b: PublicValue,
    /// The sealed state, which comes back with the proof.
    pub secret_block: Vec<u8>,
    /// The device.
    pub key: String,
    /// The user.
    pub user: Box<User>,
    /// The Session that the proof may come with.
    pub session: String,
}

/// What the server must know again when the device's proof comes.
#[derive(Serialize, Deserialize)]
struct State {
    session_id: Blob,
    expires_at: Millis,
    a: Blob,
    b: Blob,
    big_b: Blob,
}

/// A device's proof.
pub struct Proof {
    /// The device.
    pub key: String,
    /// The sealed state.
    pub secret_block: Vec<u8>,
    /// The HMAC under the session key, base64.
    pub signature: String,
    /// The client's time, which is part of what is signed.
    pub timestamp: String,
}

/// Takes a device's public value. Without a Session, as pycognito sends it, it must be clear which sign-in is meant: the
/// only one of this client, user and device that waits for it.
///
/// # Errors
/// NotAuthorizedException where no sign-in, or more than one, waits; ResourceNotFoundException for another device.
pub async fn begin(
    app: &App,
    context: Context,
    session: Option<&str>,
    typed_name: &str,
    key: String,
    a: PublicValue,
    check_answerer: CheckAnswerer,
) -> Result<Question> {
    let place = match session {
        Some(session) => session::open(app, Some(session))?,
        None => only_waiting(app, &context, typed_name, &key).await?,
    };
    let (_, device) = waiting(app, &context, &place, &key, &Challenge::DeviceSrp).await?;
    let verifier = verifier(app, &device)?;
    let exchange = app.workers.run_here(|| srp::Exchange::new(&verifier.v, &mut app.random())).await?;
    let conclusion = Attempt {
        context,
        origin: Origin::Session { key: place, check_answerer: Some(check_answerer) },
        guesses: Guesses::None,
        passkey: None,
        device: None,
        compare: Box::new(|_, _, _, _| Ok(Input::DeviceBegins)),
    }
    .run(app)
    .await?;
    let Conclusion::Asked { user, session, .. } = conclusion else {
        return Err(Fault::internal("a device's public value ends a sign-in"));
    };
    let place = session::open(app, Some(&session))?;
    let state = State {
        session_id: Blob(place.id().to_vec()),
        expires_at: place.expires_at(),
        a: Blob(a.as_bytes().to_vec()),
        b: Blob(exchange.b.to_vec()),
        big_b: Blob(exchange.big_b.as_bytes().to_vec()),
    };
    let state = Zeroizing::new(serde_json::to_vec(&state).map_err(Fault::internal)?);
    let secret_block = app.vault.seal_for_client(SEAL_CONTEXT, &state).0;
    let (salt, big_b) = (verifier.salt, exchange.big_b);
    Ok(Question { salt, big_b, secret_block, key: device.key, user, session })
}

/// Takes a device's proof. The block tells which sign-in it is a step of; a Session that comes along must be its.
///
/// # Errors
/// NotAuthorizedException for a block of another sign-in and for a wrong proof, which is counted and leaves the sign-in as
/// it was.
pub async fn prove(
    app: &App,
    context: Context,
    session: Option<&str>,
    proof: Proof,
    check_answerer: CheckAnswerer,
) -> Result<Conclusion> {
    let state = open(app, &proof.secret_block)?;
    let id = state.session_id.0.as_slice().try_into().map_err(|_| fault::session_invalid())?;
    let place = SessionKey::stored(id, state.expires_at);
    if let Some(session) = session
        && session::open(app, Some(session))?.id() != place.id()
    {
        return Err(fault::session_invalid().because("the Session is another one's than SECRET_BLOCK"));
    }
    let (sign_in, device) =
        waiting(app, &context, &place, &proof.key, &Challenge::DevicePasswordVerifier).await?;
    let verifier = verifier(app, &device)?;
    let group = devices::group_key(app, &device.pool_id, &device.sub, &device.key);
    let now = app.now();
    let is_fresh = srp::check_timestamp(&proof.timestamp, now, TIMESTAMP_TOLERANCE_MS).is_ok();
    let claim =
        Claim { secret_block: &proof.secret_block, timestamp: &proof.timestamp, signature: &proof.signature };
    let exchanged = Exchanged { a: &state.a, b: &state.b, big_b: &state.big_b };
    let owner = srp::Owner::device(&group, &device.key);
    let is_proved = app.workers.run_here(|| exchanged.is_proved(owner, &verifier, &claim)).await?;
    if !is_proved || !is_fresh {
        // A device may stand for a second factor, so it is guessed at no oftener than one.
        let counter = attempts::second_factors(&app.vault, &sign_in.pool_id, &sign_in.sub);
        let wrong = || fault::incorrect_username_or_password().because("the device's proof is wrong");
        return Err(app.write(move |_, tx| attempts::fail(tx, &counter, now, wrong())).await?);
    }
    Attempt {
        context,
        origin: Origin::Session { key: place, check_answerer: Some(check_answerer) },
        guesses: Guesses::BehindSecondFactors,
        passkey: None,
        device: None,
        compare: Box::new(|_, _, _, _| Ok(Input::DeviceProved)),
    }
    .run(app)
    .await
}

/// The only sign-in of this client, user and device that waits for a device's public value.
async fn only_waiting(app: &App, context: &Context, typed_name: &str, key: &str) -> Result<SessionKey> {
    let (pool_id, client_id, side) = (context.pool.id.clone(), context.client.id.clone(), context.side);
    let (name, key, now) = (context.pool.fold_name(typed_name), key.to_owned(), app.now());
    let nobody = ids::sub(&mut app.random());
    app.db
        .look_up(move |tx| {
            // The same statements run for nobody.
            let user = store::users::find(tx, &pool_id, &name)?;
            let found = session::of_user(tx, &pool_id, user.as_ref().map_or(&nobody, |user| &user.sub))?;
            let mut fitting = found.into_iter().filter(|(place, sign_in)| {
                place.expires_at() > now
                    && sign_in.client_id == client_id
                    && sign_in.side == side
                    && sign_in.device.as_deref() == Some(key.as_str())
                    && sign_in.waiting == Waiting::Answer(Challenge::DeviceSrp)
            });
            match (fitting.next(), fitting.next()) {
                (Some((place, _)), None) => Ok(place),
                (None, _) => Err(fault::session_invalid().because("no sign-in waits for the device")),
                (Some(_), Some(_)) => {
                    Err(fault::session_invalid().because("several sign-ins wait for the device"))
                }
            }
        })
        .await
}

/// The sign-in in this place, which must wait for this answer of this device, and the device.
async fn waiting(
    app: &App,
    context: &Context,
    place: &SessionKey,
    key: &str,
    challenge: &Challenge,
) -> Result<(SignIn, Device)> {
    let (place, client_id, side) = (place.clone(), context.client.id.clone(), context.side);
    let (key, challenge) = (key.to_owned(), Arc::new(challenge.clone()));
    app.db
        .look_up(move |tx| {
            let sign_in = session::find(tx, &place, &client_id, side)?;
            if sign_in.waiting != Waiting::Answer(challenge.as_ref().clone()) {
                return Err(fault::session_invalid().because("the sign-in waits for another answer"));
            }
            if sign_in.device.as_deref() != Some(key.as_str()) {
                return Err(fault::device_does_not_exist());
            }
            let device = store::devices::find(tx, &sign_in.pool_id, &sign_in.sub, &key)?;
            Ok((sign_in, device.ok_or_else(fault::device_does_not_exist)?))
        })
        .await
}

fn verifier(app: &App, device: &Device) -> Result<srp::Verifier> {
    let context = Device::verifier_context(&device.pool_id, &device.sub, &device.key);
    let v = app.vault.open(&context, &device.detail.srp_verifier)?;
    Ok(srp::Verifier { salt: device.detail.srp_salt.clone(), v })
}

fn open(app: &App, secret_block: &[u8]) -> Result<State> {
    let invalid = || fault::incorrect_username_or_password().because("a SECRET_BLOCK that is no device's");
    let state = app.vault.open_from_client(SEAL_CONTEXT, &Sealed(secret_block.to_vec()));
    let state: State = serde_json::from_slice(&state.ok_or_else(invalid)?).map_err(|_| invalid())?;
    if state.expires_at <= app.now() {
        return Err(fault::session_expired());
    }
    Ok(state)
}
