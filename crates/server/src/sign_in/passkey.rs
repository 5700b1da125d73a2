//! WEB_AUTHN: a passkey's signature over the challenge of its sign-in.

use super::{
    Context,
    conclusion::Conclusion,
    facts,
    origin::{Origin, UsedPasskey},
    run::{Attempt, CheckAnswerer, Guesses},
    session::{self, SessionKey},
};
use crate::app::App;
use rules::{
    Fault, Result, fault,
    sign_in::{Challenge, Input, SignIn, Waiting, choice},
    user::{User, passkey::Passkey},
    webauthn::{self, Expected, Origins, Refusal, options, settings},
};
use serde_json::Value;
use spec::cognito_idp::UserVerificationType;

/// The longest CREDENTIAL that is looked at, in bytes.
pub const CREDENTIAL_BYTES_MAX: usize = 16 * 1024;

/// Draws the challenge of a sign-in that waits for a passkey.
pub fn draw_challenge(app: &App, sign_in: &mut SignIn) {
    if let Waiting::Answer(Challenge::Passkey { challenge }) = &mut sign_in.waiting {
        *challenge = options::challenge(&mut app.random());
    }
}

/// CREDENTIAL_REQUEST_OPTIONS of a sign-in. Nobody has a passkey that is invented, and the same each time.
///
/// # Errors
/// Only failures.
pub async fn request_options(
    app: &App,
    context: &Context,
    sign_in: &SignIn,
    user: &User,
    challenge: &str,
) -> Result<String> {
    let relying_party = settings::relying_party_id(&context.pool).unwrap_or_default().to_owned();
    let (pool_id, sub) = (sign_in.pool_id.clone(), sign_in.sub.clone());
    let passkeys = app.db.look_up(move |tx| store::passkeys::list_of_user(tx, &pool_id, &sub)).await?;
    let mut ids: Vec<Vec<u8>> = passkeys
        .into_iter()
        .filter(|passkey| passkey.detail.relying_party_id == relying_party)
        .map(|passkey| passkey.credential_id)
        .collect();
    if sign_in.nobody.is_some() {
        let name = context.pool.fold_name(&user.username);
        ids = vec![app.vault.mac("invented-passkey", &[&sign_in.pool_id, &name]).to_vec()];
    }
    let verification = verification(context, user);
    Ok(options::request_options(challenge, &relying_party, &ids, verification))
}

/// Whether the authenticator must verify its user: where the pool says so, and where that is the second factor.
fn verification(context: &Context, user: &User) -> UserVerificationType {
    if choice::passkey_is_both(&context.pool, user) {
        return UserVerificationType::Required;
    }
    settings::user_verification(&context.pool)
}

/// Answers WEB_AUTHN. A signature that is not good leaves the Session as it was.
///
/// # Errors
/// NotAuthorizedException for a credential that is not the user's, or whose check failed.
pub async fn answer(
    app: &App,
    context: Context,
    key: SessionKey,
    credential: &str,
    check_answerer: CheckAnswerer,
) -> Result<Conclusion> {
    let refuse = |refusal: Refusal| fault::incorrect_username_or_password().because(refusal.reason());
    if credential.len() > CREDENTIAL_BYTES_MAX {
        return Err(refuse(Refusal::Credential));
    }
    let credential: Value = serde_json::from_str(credential).map_err(|_| refuse(Refusal::Credential))?;
    let id = webauthn::credential_id(&credential).map_err(refuse)?;
    let (sign_in, user, passkey) = found(app, &context, &key, id).await?;
    check_answerer(app, &context, &user)?;
    let Waiting::Answer(Challenge::Passkey { challenge }) = &sign_in.waiting else {
        return Err(fault::session_invalid().because("the Session waits for no passkey"));
    };
    let passkey = passkey.filter(|passkey| sign_in.nobody.is_none() && passkey.sub == sign_in.sub);
    let passkey = passkey.ok_or_else(|| {
        fault::incorrect_username_or_password().because("the passkey is none of the user's")
    })?;
    let expected = Expected {
        challenge,
        relying_party_id: settings::relying_party_id(&context.pool).unwrap_or_default(),
        origins: Origins { android: &app.config.passkeys.android_origins },
        user_verification: verification(&context, &user) == UserVerificationType::Required,
    };
    let authenticated = app
        .workers
        .run_here(|| webauthn::authenticate(&expected, &passkey, &credential))
        .await?
        .map_err(refuse)?;
    let roaming = passkey.detail.attachment.as_deref() == Some("cross-platform");
    let user_verified = authenticated.user_verified;
    let used = UsedPasskey { passkey, sign_count: authenticated.sign_count };
    Attempt {
        context,
        origin: Origin::Session { key, check_answerer: Some(check_answerer) },
        guesses: Guesses::None,
        passkey: Some(used),
        device: None,
        compare: Box::new(move |_, _, _, _| Ok(Input::Passkey { user_verified, roaming })),
    }
    .run(app)
    .await
}

/// The sign-in behind the Session, its user, and the passkey that the client names.
async fn found(
    app: &App,
    context: &Context,
    key: &SessionKey,
    credential_id: Vec<u8>,
) -> Result<(SignIn, User, Option<Passkey>)> {
    let (key, client_id, side) = (key.clone(), context.client.id.clone(), context.side);
    let server = app.clone();
    app.db
        .look_up(move |tx| {
            let sign_in = session::find(tx, &key, &client_id, side)?;
            let (user, _) = facts::user_of(&server, tx, &sign_in)?;
            let passkey = store::passkeys::find(tx, &sign_in.pool_id, &credential_id)?;
            Ok::<_, Fault>((sign_in, user, passkey))
        })
        .await
}
