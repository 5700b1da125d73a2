//! Authenticator apps: giving out a secret, and proof that the user holds it. A user with an access token registers
//! one at any time; a user with a Session does so in the middle of a sign-in that demands it.

use crate::{
    app::App,
    callers::{CallOrigin, Operator, SignedIn, signed_in},
    sign_in::{
        conclusion::Conclusion,
        origin::Origin,
        run::{Attempt, Compare, Guesses},
        session,
    },
    users::changes,
};
use rules::{
    HOUR, Millis, Result, Sealed, fault,
    pool::Pool,
    sign_in::{Challenge, Input, Waiting, mfa, totp},
    user::{MfaFactor, Totp},
};
use serde::{Deserialize, Serialize};
use spec::cognito_idp::{
    AdminDeleteSoftwareTokenRequest, AdminDeleteSoftwareTokenResponse, AssociateSoftwareTokenRequest,
    AssociateSoftwareTokenResponse, VerifySoftwareTokenRequest, VerifySoftwareTokenResponse,
    VerifySoftwareTokenResponseType,
};
use std::sync::Arc;
use store::tickets::{self, Kind};

/// How long a signed-in user has to prove the new secret.
const REGISTRATION_TTL_MS: Millis = HOUR;

/// A secret that was given out and not proved yet.
#[derive(Clone, Serialize, Deserialize)]
struct Registration {
    secret: Sealed,
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AssociateSoftwareToken.html>
pub async fn associate_software_token(
    app: &App,
    origin: Arc<CallOrigin>,
    input: AssociateSoftwareTokenRequest,
) -> Result<AssociateSoftwareTokenResponse> {
    let secret = totp::secret(&mut app.random());
    let code = totp::secret_code(&*secret).to_string();
    let session = match (&input.access_token, &input.session) {
        (Some(token), None) => {
            let caller = signed_in::signed_in(app, token).await?;
            check_offered(&caller.pool)?;
            let sealed = app.vault.seal(&Totp::context(&caller.pool.id, &caller.user.sub), &*secret);
            let id = registration_id(app, &caller);
            let expires_at = app.now() + REGISTRATION_TTL_MS;
            let (pool_id, sub) = (caller.pool.id.clone(), caller.user.sub.clone());
            app.db
                .write(move |tx| {
                    let registration = Registration { secret: sealed.clone() };
                    let owner = tickets::Owner { pool_id: &pool_id, sub: Some(&sub), mailbox: None };
                    tickets::put(tx, Kind::SoftwareToken, &id, owner, expires_at, &registration)
                })
                .await?;
            None
        }
        (None, Some(session)) => Some(associate_in_session(app, origin, session, &*secret).await?),
        _ => return Err(fault::token_or_session()),
    };
    Ok(AssociateSoftwareTokenResponse { secret_code: Some(code), session })
}

async fn associate_in_session(
    app: &App,
    origin: Arc<CallOrigin>,
    session: &str,
    secret: &[u8],
) -> Result<String> {
    let secret = secret.to_vec();
    let start: Compare = Box::new(move |app, sign_in, user, _| {
        if !matches!(sign_in.waiting, Waiting::Answer(Challenge::MfaSetup { .. })) {
            return Err(fault::session_invalid());
        }
        Ok(Input::SetupStarted(app.vault.seal(&Totp::context(&user.pool_id, &user.sub), &secret)))
    });
    in_session(app, origin, session, start).await
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_VerifySoftwareToken.html>
pub async fn verify_software_token(
    app: &App,
    origin: Arc<CallOrigin>,
    input: VerifySoftwareTokenRequest,
) -> Result<VerifySoftwareTokenResponse> {
    let (code, device_name) = (input.user_code, input.friendly_device_name);
    totp::check_device_name(device_name.as_deref())?;
    let session = match (&input.access_token, &input.session) {
        (Some(token), None) => {
            let caller = signed_in::signed_in(app, token).await?;
            check_offered(&caller.pool)?;
            verify_signed_in(app, caller, code, device_name).await?;
            None
        }
        (None, Some(session)) => Some(verify_in_session(app, origin, session, code, device_name).await?),
        _ => return Err(fault::token_or_session()),
    };
    Ok(VerifySoftwareTokenResponse { status: Some(VerifySoftwareTokenResponseType::Success), session })
}

async fn verify_signed_in(
    app: &App,
    caller: SignedIn,
    code: String,
    device_name: Option<String>,
) -> Result<()> {
    let id = registration_id(app, &caller);
    let (vault, now) = (app.vault.clone(), app.now());
    app.db
        .write(move |tx| {
            let found = tickets::find::<Registration>(tx, Kind::SoftwareToken, &id)?;
            let registration =
                found.filter(|t| t.expires_at > now).ok_or_else(fault::software_token_mismatch)?;
            let secret = registration.document.secret;
            let opened = vault.open(&Totp::context(&caller.pool.id, &caller.user.sub), &secret)?;
            let step =
                totp::check(&opened, &code, now, None).map_err(|_| fault::software_token_mismatch())?;
            tickets::delete(tx, Kind::SoftwareToken, &id)?;
            let before = store::users::find(tx, &caller.pool.id, &caller.user.sub)?;
            let before = before.ok_or_else(fault::user_does_not_exist)?;
            let mut user = before.clone();
            let device_name = device_name.clone();
            user.mfa.totp = Some(Totp { secret, verified: true, last_step: Some(step), device_name });
            changes::save(tx, &caller.pool, &before, &user)
        })
        .await
}

async fn verify_in_session(
    app: &App,
    origin: Arc<CallOrigin>,
    session: &str,
    code: String,
    device_name: Option<String>,
) -> Result<String> {
    let prove: Compare = Box::new(move |app, sign_in, user, now| {
        let Waiting::Answer(Challenge::MfaSetup { totp: Some(setup), .. }) = &sign_in.waiting else {
            return Err(fault::session_invalid());
        };
        let secret = app.vault.open(&Totp::context(&user.pool_id, &user.sub), &setup.secret)?;
        let step = totp::check(&secret, &code, now, None).map_err(|_| fault::software_token_mismatch())?;
        Ok(Input::SetupProved { step, device_name: device_name.clone() })
    });
    in_session(app, origin, session, prove).await
}

/// Moves a sign-in that is setting up a factor one step on, and answers its new Session. A refusal leaves the old
/// one good.
async fn in_session(app: &App, origin: Arc<CallOrigin>, session: &str, compare: Compare) -> Result<String> {
    let key = session::open(app, Some(session))?;
    let context = session::context(app, &key, origin).await?;
    check_offered(&context.pool)?;
    let origin = Origin::Session { key, check_answerer: None };
    match (Attempt { context, origin, guesses: Guesses::None, passkey: None, device: None, compare })
        .run(app)
        .await?
    {
        Conclusion::Asked { session, .. } => Ok(session),
        Conclusion::Granted { .. } => Err(fault::session_invalid()),
    }
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteSoftwareToken.html>
pub async fn admin_delete_software_token(
    app: &App,
    _caller: &Operator,
    input: AdminDeleteSoftwareTokenRequest,
) -> Result<AdminDeleteSoftwareTokenResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    let now = app.now();
    app.db
        .write(move |tx| {
            let before = changes::find(tx, &pool, &input.username)?;
            let mut user = before.clone();
            user.mfa.totp = None;
            user.mfa.turn_off(MfaFactor::SoftwareToken);
            user.updated_at = now;
            changes::save(tx, &pool, &before, &user)
        })
        .await?;
    Ok(AdminDeleteSoftwareTokenResponse {})
}

fn check_offered(pool: &Pool) -> Result<()> {
    if mfa::is_offered(pool, MfaFactor::SoftwareToken) {
        Ok(())
    } else {
        Err(fault::software_token_mfa_not_enabled())
    }
}

fn registration_id(app: &App, caller: &SignedIn) -> [u8; 32] {
    app.vault.mac("software-token-registration", &[&caller.pool.id, &caller.user.sub])
}
