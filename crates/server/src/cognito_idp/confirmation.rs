//! Who registered proves to read the mailbox or phone that was named.

use crate::users::changes;
use crate::{
    app::App,
    callers::client_secret,
    triggers,
    users::codes::{self, CodeOwner, CodePurpose, Committed, Limit},
};
use rules::{
    Result, fault,
    messages::recipients::{self, Recipient},
    pool::{Client, Pool},
    triggers::Trigger,
    user::User,
};
use spec::cognito_idp::{
    ConfirmSignUpRequest, ConfirmSignUpResponse, ResendConfirmationCodeRequest,
    ResendConfirmationCodeResponse, UserStatusType,
};
use store::{Tx, users};

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmSignUp.html>
pub async fn confirm_sign_up(app: &App, input: ConfirmSignUpRequest) -> Result<ConfirmSignUpResponse> {
    let (client, pool) = app.client_and_pool(&input.client_id).await?;
    client_secret::check_hash(app, &client, input.secret_hash.as_deref(), &[&input.username])?;
    triggers::refuse_configured(&pool, Trigger::PostConfirmation)?;
    let now = app.now();
    app.write(move |app, tx| confirm(app, tx, &pool, &client, &input, now)).await??;
    Ok(ConfirmSignUpResponse { session: None })
}

fn confirm(
    app: &App,
    tx: &mut Tx<'_>,
    pool: &Pool,
    client: &Client,
    input: &ConfirmSignUpRequest,
    now: i64,
) -> Committed<()> {
    let Some(before) = users::find(tx, &pool.id, &pool.fold_name(&input.username))? else {
        if !client.hides_users() {
            return Err(fault::username_client_combination_not_found());
        }
        let owner = CodeOwner::unknown(pool, &input.username);
        let verdict = codes::redeem(app, tx, CodePurpose::SignUp, &owner, &input.confirmation_code, now)?;
        return Ok(verdict.and(Err(fault::code_expired())));
    };
    if before.status != UserStatusType::Unconfirmed {
        return Err(fault::cannot_be_confirmed(before.status.as_str()));
    }
    let code = &input.confirmation_code;
    let proof = match codes::redeem(app, tx, CodePurpose::SignUp, &CodeOwner::user(&before), code, now)? {
        Ok(proof) => proof,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if !before.enabled {
        return Err(fault::user_is_disabled());
    }
    // An administrator may have changed the address since; the code says nothing of the new one.
    if !proof.is_of(&before) {
        return Ok(Err(fault::code_expired()));
    }
    let mut user = User { status: UserStatusType::Confirmed, updated_at: now, ..before.clone() };
    user.set_verified(proof.medium.attribute(), true);
    if input.force_alias_creation == Some(true) {
        changes::take_aliases(tx, pool, &user, now)?;
    }
    // A refusal because of an alias undoes the use of the code, which is good for another try.
    changes::save(tx, pool, &before, &user)?;
    Ok(Ok(()))
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ResendConfirmationCode.html>
pub async fn resend_confirmation_code(
    app: &App,
    input: ResendConfirmationCodeRequest,
) -> Result<ResendConfirmationCodeResponse> {
    let (client, pool) = app.client_and_pool(&input.client_id).await?;
    client_secret::check_hash(app, &client, input.secret_hash.as_deref(), &[&input.username])?;
    let seed = codes::simulation_seed(app, &pool, &input.username);
    let simulated = recipients::simulated_sign_up(&pool, &input.username, &seed)?;
    let now = app.now();
    let recipient =
        app.write(move |app, tx| resend(app, tx, &pool, &client, &input.username, &simulated, now)).await??;
    Ok(ResendConfirmationCodeResponse { code_delivery_details: Some(recipient.details()) })
}

fn resend(
    app: &App,
    tx: &mut Tx<'_>,
    pool: &Pool,
    client: &Client,
    typed: &str,
    simulated: &Recipient,
    now: i64,
) -> Committed<Recipient> {
    let found = users::find(tx, &pool.id, &pool.fold_name(typed))?;
    if found.is_none() && !client.hides_users() {
        return Err(fault::username_client_combination_not_found());
    }
    let owner = found.as_ref().map_or_else(|| CodeOwner::unknown(pool, typed), CodeOwner::user);
    if let Err(refusal) = codes::count(app, tx, Limit::ResendConfirmationCode, &owner, now)? {
        return Ok(Err(refusal));
    }
    match found.as_ref().map(|user| real_recipient(pool, user)) {
        Some(Err(refusal)) if !client.hides_users() || is_confirmed(found.as_ref()) => Ok(Err(refusal)),
        Some(Ok(recipient)) => {
            triggers::refuse_message(pool, recipient.medium)?;
            if let Some(user) = &found {
                let hides = client.hides_users();
                codes::send_discreetly(app, tx, pool, user, CodePurpose::SignUp, &recipient, now, hides)?;
            }
            Ok(Ok(recipient))
        }
        _ => {
            triggers::refuse_message(pool, simulated.medium)?;
            codes::pretend(app, tx, CodePurpose::SignUp, &owner, simulated, now)?;
            Ok(Ok(simulated.clone()))
        }
    }
}

/// Whether the service says so to anybody who asks, as SignUp tells that a name is taken.
fn is_confirmed(user: Option<&User>) -> bool {
    user.is_some_and(|user| user.enabled && user.status != UserStatusType::Unconfirmed)
}

/// Where a user's code really goes.
fn real_recipient(pool: &Pool, user: &User) -> Result<Recipient> {
    if !user.enabled {
        return Err(fault::user_is_disabled());
    }
    if user.status != UserStatusType::Unconfirmed {
        return Err(fault::already_confirmed());
    }
    recipients::sign_up(pool, user).ok_or_else(fault::cannot_resend_codes)
}
