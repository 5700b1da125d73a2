//! A person registers.

use crate::{
    app::App,
    callers::client_secret,
    http::call_facts,
    messages::outbox,
    triggers,
    users::{
        changes,
        codes::{self, CodePurpose},
        passwords,
    },
};
use rules::{
    Result, fault, ids,
    messages::{Purpose, recipients},
    pool::{Client, Pool, password_policy},
    triggers::Trigger,
    user::{
        User, attributes,
        invitation::{self, Start},
        username,
    },
};
use spec::cognito_idp::{SignUpRequest, SignUpResponse, UserStatusType};
use zeroize::Zeroizing;

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SignUp.html>
pub async fn sign_up(app: &App, input: SignUpRequest) -> Result<SignUpResponse> {
    let (client, pool) = app.client_and_pool(&input.client_id).await?;
    client_secret::check_hash(app, &client, input.secret_hash.as_deref(), &[&input.username])?;
    check_open(&pool)?;
    triggers::refuse_configured(&pool, Trigger::PreSignUp)?;
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
    let recipient = recipients::sign_up(&pool, &user);
    let draft = recipient.map(|to| codes::draft(app, &pool, Purpose::SignUp, to)).transpose()?;
    if let Some(password) = password {
        user.password = Some(passwords::make(app, &pool, &user, password, false).await?);
    }
    let (sub, username, pool_id) = (user.sub.clone(), user.username.clone(), pool.id.clone());
    let code_delivery_details = app
        .write(move |app, tx| {
            changes::insert(tx, &pool, &user, |taken| match taken {
                Some(attribute) => fault::attribute_already_used(attribute),
                None => fault::user_already_exists(),
            })?;
            let Some(draft) = &draft else { return Ok(None) };
            outbox::check_room(app)?;
            // Too many messages to an address keep nobody from registering it: the code can be asked for later.
            codes::send_discreetly(app, tx, &pool, &user, CodePurpose::SignUp, draft, user.created_at)?;
            Ok(Some(draft.recipient.details()))
        })
        .await?;
    call_facts::made(pool_id, sub.clone(), username);
    Ok(SignUpResponse { user_confirmed: false, code_delivery_details, user_sub: sub.into(), session: None })
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
