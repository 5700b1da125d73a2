//! Who registered proves to read the mailbox or phone that was named.

use crate::{
    app::App,
    callers::{CallOrigin, client_secret},
    sign_in::{Context, session, signed_up},
    triggers::ask,
    users::{
        changes, code_requests,
        codes::{self, CodeOwner, CodePurpose, Committed},
    },
};
use rules::{
    Millis, Result, fault,
    messages::{
        Medium,
        requests::{self, Requested},
    },
    pool::{Client, Pool},
    sign_in::Side,
    triggers::Source,
    user::User,
};
use spec::cognito_idp::{
    ConfirmSignUpRequest, ConfirmSignUpResponse, ResendConfirmationCodeRequest,
    ResendConfirmationCodeResponse, UserStatusType,
};
use std::sync::Arc;
use store::{Tx, users};

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmSignUp.html>
pub async fn confirm_sign_up(
    app: &App,
    origin: Arc<CallOrigin>,
    input: ConfirmSignUpRequest,
) -> Result<ConfirmSignUpResponse> {
    let (client, pool) = app.client_and_pool(&input.client_id).await?;
    client_secret::check_hash(app, &client, input.secret_hash.as_deref(), &[&input.username])?;
    let now = app.now();
    let context = Context::new(pool.clone(), client.clone(), Side::User, origin);
    let signed_up = signed_up::open(app, &context, input.session.as_deref())?;
    let metadata = input.client_metadata.clone();
    let begun = context.clone();
    let next = session::new(app, &context);
    let (user, session) = app
        .write(move |app, tx| {
            let (user, medium) = match confirm(app, tx, &pool, &client, &input, now)? {
                Ok(confirmed) => confirmed,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let session = signed_up::go_on(tx, &begun, signed_up.as_ref(), &next, &user, medium)?;
            Ok(Ok((user, session)))
        })
        .await??;
    let about = context.about(&user.username);
    ask::post_confirmation(app, about, Source::PostConfirmation, &user, metadata.as_ref()).await?;
    Ok(ConfirmSignUpResponse { session })
}

fn confirm(
    app: &App,
    tx: &mut Tx<'_>,
    pool: &Pool,
    client: &Client,
    input: &ConfirmSignUpRequest,
    now: Millis,
) -> Committed<(User, Medium)> {
    let found = users::find(tx, &pool.id, &pool.fold_name(&input.username))?;
    // Of an alias nobody may learn whether it is a confirmed user's; of a user name SignUp tells it anyway.
    let is_hidden = |user: &User| {
        client.hides_users()
            && user.status != UserStatusType::Unconfirmed
            && !requests::is_told_by_sign_up(pool, user, &input.username)
    };
    let code = &input.confirmation_code;
    let Some(before) = found.filter(|user| !is_hidden(user)) else {
        if !client.hides_users() {
            return Err(fault::username_client_combination_not_found());
        }
        let owner = CodeOwner::unknown(pool, &input.username);
        let verdict = codes::redeem(app, tx, CodePurpose::SignUp, &owner, code, now)?;
        return Ok(verdict.and(Err(fault::code_expired())));
    };
    if before.status != UserStatusType::Unconfirmed {
        return Err(fault::cannot_be_confirmed(before.status.as_str()));
    }
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
    Ok(Ok((user, proof.medium)))
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ResendConfirmationCode.html>
pub async fn resend_confirmation_code(
    app: &App,
    origin: Arc<CallOrigin>,
    input: ResendConfirmationCodeRequest,
) -> Result<ResendConfirmationCodeResponse> {
    let (client, pool) = app.client_and_pool(&input.client_id).await?;
    client_secret::check_hash(app, &client, input.secret_hash.as_deref(), &[&input.username])?;
    let context = Context {
        client_metadata: input.client_metadata.map(Arc::new),
        ..Context::new(pool, client, Side::User, origin)
    };
    let recipient = code_requests::request(app, context, Requested::SignUp, input.username).await?;
    Ok(ResendConfirmationCodeResponse { code_delivery_details: Some(recipient.details()) })
}
