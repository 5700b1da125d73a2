//! A forgotten password: a code to a verified address, and with it a new password.

use super::user_passwords;
use crate::{
    app::App,
    callers::{CallOrigin, client_secret},
    sign_in::{Context, attempts::passwords as passwords_counter},
    triggers::{About, ask},
    users::{
        changes, code_requests,
        codes::{self, CodeOwner, CodePurpose, Committed},
        passwords,
    },
};
use rules::{
    Fault, Millis, Result, fault,
    messages::{
        recipients,
        requests::{self, Requested},
    },
    pool::{Client, Pool, password_policy},
    sign_in::Side,
    triggers::Source,
    user::{Password, User},
};
use spec::cognito_idp::{
    ConfirmForgotPasswordRequest, ConfirmForgotPasswordResponse, ForgotPasswordRequest,
    ForgotPasswordResponse, UserStatusType,
};
use std::sync::Arc;
use store::{Tx, users};
use zeroize::Zeroizing;

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ForgotPassword.html>
pub async fn forgot_password(
    app: &App,
    origin: Arc<CallOrigin>,
    input: ForgotPasswordRequest,
) -> Result<ForgotPasswordResponse> {
    let (client, pool) = app.client_and_pool(&input.client_id).await?;
    client_secret::check_hash(app, &client, input.secret_hash.as_deref(), &[&input.username])?;
    let context = Context {
        client_metadata: input.client_metadata.map(Arc::new),
        ..Context::new(pool, client, Side::User, origin)
    };
    let recipient = code_requests::request(app, context, Requested::PasswordReset, input.username).await?;
    Ok(ForgotPasswordResponse { code_delivery_details: Some(recipient.details()) })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmForgotPassword.html>
pub async fn confirm_forgot_password(
    app: &App,
    origin: Arc<CallOrigin>,
    input: ConfirmForgotPasswordRequest,
) -> Result<ConfirmForgotPasswordResponse> {
    let (client, pool) = app.client_and_pool(&input.client_id).await?;
    client_secret::check_hash(app, &client, input.secret_hash.as_deref(), &[&input.username])?;
    let password = Zeroizing::new(input.password);
    password_policy::check_password(&pool.password_policy(), &password).map_err(fault::changed_password)?;
    let attempt = Attempt { typed: input.username, code: input.confirmation_code };
    let made = new_password(app, &pool, &attempt, password).await?;
    let now = app.now();
    let (told_pool, client_id, metadata) = (pool.clone(), client.id.clone(), input.client_metadata);
    let confirm =
        move |app: &App, tx: &mut Tx<'_>| confirm(app, tx, &pool, &client, &attempt, made.as_ref(), now);
    let user = app.write(confirm).await??;
    let about =
        About { pool: &told_pool, client_id: Some(&client_id), username: &user.username, origin: &origin };
    ask::post_confirmation(app, about, Source::PostReset, &user, metadata.as_ref()).await?;
    Ok(ConfirmForgotPasswordResponse {})
}

#[derive(Clone)]
struct Attempt {
    typed: String,
    code: String,
}

/// The new password, and the user as it was when that was made.
type Made = (User, Password);

/// Makes what is kept of the new password, but only where the code is right: hashing is costly, and who guesses
/// must not be able to keep the processors busy.
async fn new_password(
    app: &App,
    pool: &Arc<Pool>,
    attempt: &Attempt,
    password: Zeroizing<String>,
) -> Result<Option<Made>> {
    let (reader, reading, attempt, now) = (app.clone(), pool.clone(), attempt.clone(), app.now());
    let user = app
        .db
        .read(move |tx| {
            let user = users::find(tx, &reading.id, &reading.fold_name(&attempt.typed))?;
            let owner =
                user.as_ref().map_or_else(|| CodeOwner::unknown(&reading, &attempt.typed), CodeOwner::user);
            let is_right =
                codes::would_redeem(&reader, tx, CodePurpose::PasswordReset, &owner, &attempt.code, now)?;
            Ok::<_, Fault>(user.filter(|_| is_right))
        })
        .await?;
    let Some(user) = user else { return Ok(None) };
    let history_size = pool.password_policy().history_size;
    user_passwords::check_history(app, &user, &password, history_size).await?;
    let kept = passwords::make(app, pool, &user, password, false).await?;
    Ok(Some((user, kept)))
}

fn confirm(
    app: &App,
    tx: &mut Tx<'_>,
    pool: &Pool,
    client: &Client,
    attempt: &Attempt,
    made: Option<&Made>,
    now: Millis,
) -> Committed<User> {
    let found = users::find(tx, &pool.id, &pool.fold_name(&attempt.typed))?;
    if found.is_none() && !client.hides_users() {
        return Err(fault::username_client_combination_not_found());
    }
    let owner = found.as_ref().map_or_else(|| CodeOwner::unknown(pool, &attempt.typed), CodeOwner::user);
    let proof = match codes::redeem(app, tx, CodePurpose::PasswordReset, &owner, &attempt.code, now)? {
        Ok(proof) => proof,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let Some(before) = found else { return Ok(Err(fault::code_mismatch())) };
    if !before.enabled {
        let refusal = if client.hides_users() { fault::code_mismatch() } else { fault::user_is_disabled() };
        return Ok(Err(refusal));
    }
    // A code that went to an address which is the user's no longer, or by which the user may not recover any more,
    // proves nothing.
    if !proof.is_of(&before) || !recipients::may_recover_by(pool, &before, proof.medium) {
        return Ok(Err(fault::code_expired()));
    }
    requests::check_resettable(&before)?;
    // The code was sent, or the password changed, between reading and writing. What was made looks back on the
    // password that was read, so it cannot be stored; `Err` leaves the code good.
    let (_, kept) = made
        .filter(|(read, _)| read.sub == before.sub && read.has_same_password(&before))
        .ok_or_else(changes::changed_meanwhile)?;
    let user = User {
        status: UserStatusType::Confirmed,
        password: Some(kept.clone()),
        updated_at: now,
        ..before.clone()
    };
    changes::save(tx, pool, &before, &user)?;
    // Whoever guessed at the old password has locked nobody out of the new one.
    store::attempts::delete(tx, &passwords_counter(&app.vault, &pool.id, Some(&user), ""))?;
    Ok(Ok(user))
}
