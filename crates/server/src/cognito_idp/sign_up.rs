//! A person registers.

use crate::{
    app::App,
    callers::{CallOrigin, client_secret},
    http::call_facts,
    messages::outbox,
    sign_in::{Context, signed_up},
    triggers::{
        About,
        ask::{self, pairs},
    },
    users::{
        changes,
        codes::{self, CodePurpose},
        drafts::{Addressed, Draft},
        passwords,
    },
};
use rules::{
    Result, fault,
    ids::{self, ClientId},
    messages::{Occasion, recipients},
    pool::{Client, Pool, password_policy},
    sign_in::Side,
    triggers::{Source, Trigger, pre_sign_up::Reply},
    user::{
        User, attributes,
        invitation::{self, Start},
        username,
    },
};
use spec::cognito_idp::{SignUpRequest, SignUpResponse, UserStatusType};
use std::sync::Arc;
use store::Tx;
use zeroize::Zeroizing;

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SignUp.html>
pub async fn sign_up(app: &App, origin: Arc<CallOrigin>, input: SignUpRequest) -> Result<SignUpResponse> {
    let (client, pool) = app.client_and_pool(&input.client_id).await?;
    client_secret::check_hash(app, &client, input.secret_hash.as_deref(), &[&input.username])?;
    check_open(&pool)?;
    let password = input.password.clone().map(Zeroizing::new).filter(|password| !password.is_empty());
    if let Some(password) = &password {
        password_policy::check_password(&pool.password_policy(), password)
            .map_err(fault::sign_up_password)?;
    }
    let mut user = new_user(app, &pool, &client, &input)?;
    // A code as the only way to sign in takes a pool that offers it and an address to send it to.
    if invitation::start(&pool, &user.attributes, password.is_some())? != Start::Code && password.is_none() {
        return Err(fault::password_missing());
    }
    let username = user.username.clone();
    let about = About { pool: &pool, client_id: Some(&client.id), username: &username, origin: &origin };
    let metadata = input.client_metadata.as_ref();
    let validation = input.validation_data.as_deref().map(pairs);
    let decided = ask::pre_sign_up(app, about, Source::PreSignUp, &user, validation, metadata).await?;
    take(&mut user, decided)?;
    let draft = match recipients::sign_up(&pool, &user).filter(|_| !decided.confirms) {
        Some(to) => {
            let addressed =
                Addressed { about, occasion: Occasion::SignUp, user: &user, client_metadata: metadata };
            Some(Draft::of(app, addressed, to).await?)
        }
        None => None,
    };
    if let Some(password) = password {
        user.password = Some(passwords::make(app, &pool, &user, password, false).await?);
    }
    let (made, writing, client_id) = (user.clone(), pool.clone(), client.id.clone());
    let asks_functions = [Trigger::PreSignUp, Trigger::CustomMessage].iter().any(|t| t.is_configured(&pool));
    let code_delivery_details = app
        .write(move |app, tx| {
            let (pool, user) = (&writing, &user);
            if asks_functions {
                check_still_open(tx, pool, &client_id)?;
            }
            // D: an address that the function vouches for is taken from whoever signed in by it.
            if decided.verifies_email || decided.verifies_phone_number {
                changes::take_aliases(tx, pool, user, user.created_at)?;
            }
            changes::insert(tx, pool, user, |taken| match taken {
                Some(attribute) => fault::attribute_already_used(attribute),
                None => fault::user_already_exists(),
            })?;
            let Some(draft) = &draft else { return Ok(None) };
            outbox::check_room(app)?;
            // Too many messages to an address keep nobody from registering it: the code can be asked for later.
            codes::send_discreetly(app, tx, pool, user, CodePurpose::SignUp, draft, user.created_at)?;
            Ok(Some(draft.recipient.details()))
        })
        .await?;
    call_facts::made(pool.id.clone(), made.sub.clone(), made.username.clone());
    if decided.confirms {
        ask::post_confirmation(app, about, Source::PostConfirmation, &made, metadata).await?;
    }
    let context = Context::new(pool.clone(), client.clone(), Side::User, origin.clone());
    let session = signed_up::session(app, &context, &made)?;
    let (user_confirmed, user_sub) = (decided.confirms, made.sub.into());
    Ok(SignUpResponse { user_confirmed, code_delivery_details, user_sub, session })
}

/// What the function decided of the user. D: it cannot vouch for an address that is not there; the text is unverified.
fn take(user: &mut User, decided: Reply) -> Result<()> {
    if decided.confirms {
        user.status = UserStatusType::Confirmed;
    }
    for (vouches, attribute) in
        [(decided.verifies_email, "email"), (decided.verifies_phone_number, "phone_number")]
    {
        if vouches && user.attribute(attribute).is_none() {
            let reason = format!("PreSignUp verifies {attribute}, which the user does not have");
            return Err(fault::lambda_output_unrecognizable().because(reason));
        }
        if vouches {
            user.set_verified(attribute, true);
        }
    }
    Ok(())
}

/// A function may take seconds, in which the client may have gone, and the pool may have been closed to strangers.
fn check_still_open(tx: &mut Tx<'_>, pool: &Pool, client_id: &ClientId) -> Result<()> {
    store::clients::find(tx, client_id)?.ok_or_else(|| fault::unknown_client(client_id))?;
    let pool = store::pools::find(tx, &pool.id)?.ok_or_else(|| fault::unknown_pool(&pool.id))?;
    check_open(&pool)
}

fn check_open(pool: &Pool) -> Result<()> {
    let config = pool.detail.admin_create_user_config.as_ref();
    if config.and_then(|c| c.allow_admin_create_user_only) == Some(true) {
        return Err(fault::sign_up_closed());
    }
    Ok(())
}

fn new_user(app: &App, pool: &Pool, client: &Client, input: &SignUpRequest) -> Result<User> {
    let sub = ids::sub(&mut app.random());
    let name = username::new_name(pool, &input.username, &sub)?;
    let named_by = name.attribute.as_ref().map(|(attribute, _)| (*attribute).to_owned());
    let given = input.user_attributes.as_deref().unwrap_or_default();
    let attributes = attributes::check_sign_up(pool, client, given, name.attribute)?;
    let now = app.now();
    Ok(User {
        pool_id: pool.id.clone(),
        sub,
        username: name.username,
        status: UserStatusType::Unconfirmed,
        enabled: true,
        created_at: now,
        updated_at: now,
        sign_outs: 0,
        attributes,
        pending: Default::default(),
        password: None,
        mfa: Default::default(),
        named_by,
        version: 1,
    })
}
