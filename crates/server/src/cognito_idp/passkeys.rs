//! Passkeys of a signed-in user: registering, listing and deleting them.
//!
//! Whoever holds a good access token of a user may register a passkey for that user, as is so with an authenticator
//! app: a token is issued only when a sign-in has passed every factor that its user has turned on or that the pool
//! requires. A registration is completed by a token of the same user and client that is good at that time, so a
//! sign-out in between ends it.

use super::paging::Page;
use crate::{app::App, callers::SignedIn, users::codes::Committed};
use rules::{
    Millis, Result, fault,
    pool::Pool,
    user::{User, passkey::Passkey},
    webauthn::{
        self, Expected, Origins, PASSKEYS_PER_USER_MAX,
        options::{self, NewPasskey},
        settings,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use spec::{
    Timestamp,
    cognito_idp::{
        CompleteWebAuthnRegistrationRequest, CompleteWebAuthnRegistrationResponse,
        DeleteWebAuthnCredentialRequest, DeleteWebAuthnCredentialResponse, ListWebAuthnCredentialsRequest,
        ListWebAuthnCredentialsResponse, StartWebAuthnRegistrationRequest, StartWebAuthnRegistrationResponse,
        UserVerificationType, WebAuthnCredentialDescription,
    },
};
use store::{
    Tx, passkeys,
    tickets::{self, Kind},
};

/// How long a registration may take. The client waits for a minute; somebody who looks for a key takes longer.
/// Unverified: how long the service waits.
const PASSKEY_REGISTRATION_TTL_MS: Millis = 5 * 60_000;
/// Registrations of a user that are looked through for one that another client started.
const PASSKEY_REGISTRATIONS_MAX: i64 = 100;

/// A registration under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Registration {
    challenge: String,
    relying_party_id: String,
}

/// A new registration takes the place of the one before of the same user and client.
///
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_StartWebAuthnRegistration.html>
pub async fn start_web_authn_registration(
    app: &App,
    caller: SignedIn,
    _input: StartWebAuthnRegistrationRequest,
) -> Result<StartWebAuthnRegistrationResponse> {
    let relying_party_id = relying_party_id(&caller.pool)?.to_owned();
    let challenge = options::challenge(&mut app.random());
    let registration =
        Registration { challenge: challenge.clone(), relying_party_id: relying_party_id.clone() };
    let expires_at = app.now() + PASSKEY_REGISTRATION_TTL_MS;
    let id = registration_id(app, &caller);
    let (pool_id, sub) = (caller.pool.id.clone(), caller.user.sub.clone());
    let known = app
        .db
        .write(move |tx| {
            let known = passkeys::list_of_user(tx, &pool_id, &sub)?;
            check_has_room(known.len())?;
            let owner = tickets::Owner { pool_id: &pool_id, sub: Some(&sub), mailbox: None };
            tickets::put(tx, Kind::Passkey, &id, owner, expires_at, &registration)?;
            Ok::<_, rules::Fault>(known)
        })
        .await?;
    let credential_ids: Vec<Vec<u8>> = known.into_iter().map(|passkey| passkey.credential_id).collect();
    let options = options::creation_options(&NewPasskey {
        challenge: &challenge,
        relying_party_id: &relying_party_id,
        sub: &caller.user.sub,
        username: shown_name(&caller.pool, &caller.user),
        credential_ids: &credential_ids,
        user_verification: settings::user_verification(&caller.pool),
    });
    Ok(StartWebAuthnRegistrationResponse { credential_creation_options: options })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CompleteWebAuthnRegistration.html>
pub async fn complete_web_authn_registration(
    app: &App,
    caller: SignedIn,
    input: CompleteWebAuthnRegistrationRequest,
) -> Result<CompleteWebAuthnRegistrationResponse> {
    let now = app.now();
    app.write(move |app, tx| complete(app, tx, &caller, &input.credential, now)).await??;
    Ok(CompleteWebAuthnRegistrationResponse {})
}

/// A challenge that was answered is used up, whatever comes of the answer. One that another client's or an older
/// registration had leaves this one good.
fn complete(app: &App, tx: &mut Tx<'_>, caller: &SignedIn, credential: &Value, now: Millis) -> Committed<()> {
    let relying_party_id = relying_party_id(&caller.pool)?;
    let answered = webauthn::challenge(credential)
        .ok_or_else(|| fault::passkey_refused(webauthn::Refusal::ClientData))?;
    let id = registration_id(app, caller);
    let registration = tickets::find::<Registration>(tx, Kind::Passkey, &id)?
        .filter(|ticket| ticket.expires_at > now && ticket.document.challenge == answered);
    let Some(registration) = registration else {
        return Err(if is_of_another_client(tx, caller, &answered, now)? {
            fault::passkey_client_mismatch()
        } else {
            fault::passkey_challenge_not_found()
        });
    };
    let registration = registration.document;
    tickets::delete(tx, Kind::Passkey, &id)?;
    if registration.relying_party_id != relying_party_id {
        return Ok(Err(fault::passkey_relying_party_mismatch()));
    }
    let expected = Expected {
        challenge: &registration.challenge,
        relying_party_id,
        origins: Origins { android: &app.config.passkeys.android_origins },
        user_verification: settings::user_verification(&caller.pool) == UserVerificationType::Required,
    };
    let registered = match webauthn::register(&expected, credential) {
        Ok(registered) => registered,
        Err(refusal) => return Ok(Err(fault::passkey_refused(refusal))),
    };
    let passkey = registered.into_passkey(&caller.pool.id, &caller.user.sub, relying_party_id, now);
    let count = passkeys::count(tx, &caller.pool.id, &caller.user.sub)?;
    if let Err(full) = check_has_room(usize::try_from(count).unwrap_or(usize::MAX)) {
        return Ok(Err(full));
    }
    // The user may have been deleted since the token was checked, and a passkey without a user would stay.
    if store::users::find(tx, &caller.pool.id, &caller.user.sub)?.is_none() {
        return Err(fault::user_does_not_exist());
    }
    Ok(if passkeys::insert(tx, &passkey)? { Ok(()) } else { Err(fault::passkey_exists()) })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListWebAuthnCredentials.html>
pub async fn list_web_authn_credentials(
    app: &App,
    caller: SignedIn,
    input: ListWebAuthnCredentialsRequest,
) -> Result<ListWebAuthnCredentialsResponse> {
    let (pool_id, sub) = (caller.pool.id.clone(), caller.user.sub.clone());
    let page = Page::asked(
        app,
        "ListWebAuthnCredentials",
        &[&pool_id, &sub],
        input.max_results,
        input.next_token.as_deref(),
    )?;
    let mut found = app.db.read(move |tx| passkeys::list_of_user(tx, &pool_id, &sub)).await?;
    if let Some(after) = &page.after {
        found.retain(|passkey| position(passkey) > *after);
    }
    let (found, next_token) = page.cut(app, found, position)?;
    Ok(ListWebAuthnCredentialsResponse { credentials: found.into_iter().map(to_wire).collect(), next_token })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteWebAuthnCredential.html>
pub async fn delete_web_authn_credential(
    app: &App,
    caller: SignedIn,
    input: DeleteWebAuthnCredentialRequest,
) -> Result<DeleteWebAuthnCredentialResponse> {
    let id = options::decoded_id(&input.credential_id).ok_or_else(fault::unknown_passkey)?;
    let (pool_id, sub) = (caller.pool.id.clone(), caller.user.sub.clone());
    let found = app.db.write(move |tx| passkeys::delete(tx, &pool_id, &sub, &id)).await?;
    if found { Ok(DeleteWebAuthnCredentialResponse {}) } else { Err(fault::unknown_passkey()) }
}

fn relying_party_id(pool: &Pool) -> Result<&str> {
    if !settings::is_enabled(pool) {
        return Err(fault::passkeys_not_enabled());
    }
    settings::relying_party_id(pool).ok_or_else(fault::relying_party_missing)
}

fn check_has_room(count: usize) -> Result<()> {
    let is_full = i64::try_from(count).is_ok_and(|count| count >= PASSKEYS_PER_USER_MAX);
    if is_full { Err(fault::too_many_passkeys()) } else { Ok(()) }
}

fn is_of_another_client(tx: &mut Tx<'_>, caller: &SignedIn, answered: &str, now: Millis) -> Result<bool> {
    let (pool_id, sub) = (&caller.pool.id, &caller.user.sub);
    let registrations =
        tickets::list_of_user::<Registration>(tx, Kind::Passkey, pool_id, sub, PASSKEY_REGISTRATIONS_MAX)?;
    Ok(registrations
        .iter()
        .any(|(_, ticket)| ticket.expires_at > now && ticket.document.challenge == answered))
}

/// What an authenticator shows its user: the name that the user signs in by.
fn shown_name<'a>(pool: &Pool, user: &'a User) -> &'a str {
    let address = ["email", "phone_number"].into_iter().find_map(|name| user.attribute(name));
    address.filter(|_| pool.has_username_attributes()).unwrap_or(&user.username)
}

/// Where a passkey stands in its list. Numbers of one length are in the order of their texts.
fn position(passkey: &Passkey) -> String {
    let id: String = passkey.credential_id.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{:020}/{id}", passkey.created_at)
}

fn to_wire(passkey: Passkey) -> WebAuthnCredentialDescription {
    WebAuthnCredentialDescription {
        credential_id: options::encoded_id(&passkey.credential_id),
        friendly_credential_name: passkey.detail.name,
        relying_party_id: passkey.detail.relying_party_id,
        authenticator_attachment: passkey.detail.attachment,
        authenticator_transports: passkey.detail.transports,
        created_at: Timestamp::from_millis(passkey.created_at),
    }
}

fn registration_id(app: &App, caller: &SignedIn) -> [u8; 32] {
    app.vault.mac("passkey-registration", &[&caller.pool.id, &caller.user.sub, &caller.client.id])
}
