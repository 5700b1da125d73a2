//! A user whom an administrator makes, with an invitation.

use crate::{
    app::App,
    callers::{CallOrigin, Operator},
    messages::outbox,
    triggers::{
        About,
        ask::{self, pairs},
    },
    users::{
        changes,
        drafts::{Addressed, Texts},
        passwords,
    },
};
use rules::{
    Random, Result, fault,
    ids::{self, Sub},
    messages::{Medium, Occasion},
    pool::{Pool, password_policy},
    triggers::{Metadata, Source},
    user::{
        Password, User, attributes,
        invitation::{self, Start},
        username,
    },
};
use spec::cognito_idp::{AdminCreateUserRequest, AdminCreateUserResponse, MessageActionType, UserStatusType};
use std::sync::Arc;
use store::outbox::Entry;
use zeroize::Zeroizing;

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html>
pub async fn admin_create_user(
    app: &App,
    _caller: &Operator,
    origin: Arc<CallOrigin>,
    input: AdminCreateUserRequest,
) -> Result<AdminCreateUserResponse> {
    create_as(app, &origin, None, input).await
}

/// AdminCreateUser with a sub that was chosen, or a new one.
pub(crate) async fn create_as(
    app: &App,
    origin: &CallOrigin,
    sub: Option<Sub>,
    input: AdminCreateUserRequest,
) -> Result<AdminCreateUserResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    if input.message_action == Some(MessageActionType::Resend) {
        return resend(app, origin, pool, input).await;
    }
    let given = given_password(&pool, &input)?;
    let (mut user, start) = new_user(app, &pool, &input, sub, given.is_some())?;
    let username = user.username.clone();
    let about = about(&pool, &username, origin);
    let (validation, metadata) =
        (input.validation_data.as_deref().map(pairs), input.client_metadata.as_ref());
    // D: the reply decides nothing here.
    ask::pre_sign_up(app, about, Source::PreSignUpByOperator, &user, validation, metadata).await?;
    let media = match (start, input.message_action) {
        // Without a temporary password an invitation would have nothing to say.
        (Start::Code, _) | (_, Some(MessageActionType::Suppress)) => Vec::new(),
        _ => media(&user, &input)?,
    };
    let mut entries = Vec::new();
    if start == Start::TemporaryPassword {
        let (password, kept) = temporary_password(app, &pool, &user, given).await?;
        entries = invitations(app, about, &user, &password, &media, metadata).await?;
        user.password = Some(kept);
    }
    let answer = user.to_wire(|_| true);
    let force = input.force_alias_creation == Some(true);
    let typed = pool.fold_name(&input.username);
    let writing = pool.clone();
    app.write(move |app, tx| insert(app, tx, &writing, &user, &entries, force, &typed)).await?;
    Ok(AdminCreateUserResponse { user: Some(answer) })
}

fn insert(
    app: &App,
    tx: &mut store::Tx<'_>,
    pool: &Pool,
    user: &User,
    entries: &[Entry],
    force: bool,
    typed: &str,
) -> Result<()> {
    if force {
        changes::take_aliases(tx, pool, user, user.created_at)?;
    }
    // The documentation's prose names AliasExistsException for an alias, which the operation's model does not know.
    changes::insert(tx, pool, user, |attribute| match attribute {
        Some(name) if user.attribute(name).is_none_or(|value| pool.fold_name(value) != typed) => {
            fault::attribute_already_used(name)
        }
        _ => fault::user_account_already_exists(),
    })?;
    entries.iter().try_for_each(|entry| outbox::post(app, tx, entry))
}

/// The temporary password that the administrator gives; a blank one is none.
fn given_password(pool: &Pool, input: &AdminCreateUserRequest) -> Result<Option<Zeroizing<String>>> {
    let given = input.temporary_password.as_ref().filter(|password| !password.is_empty());
    if let Some(password) = given {
        password_policy::check_password(&pool.password_policy(), password)
            .map_err(fault::create_user_password)?;
    }
    Ok(given.map(|password| Zeroizing::new(password.clone())))
}

fn new_user(
    app: &App,
    pool: &Pool,
    input: &AdminCreateUserRequest,
    sub: Option<Sub>,
    has_password: bool,
) -> Result<(User, Start)> {
    let sub = sub.unwrap_or_else(|| ids::sub(&mut app.random()));
    let name = username::new_name(pool, &input.username, &sub)?;
    let named_by = name.attribute.as_ref().map(|(attribute, _)| (*attribute).to_owned());
    let given = input.user_attributes.as_deref().unwrap_or_default();
    let attributes = attributes::check_creation(pool, given, name.attribute)?;
    invitation::check_verified_addresses(&attributes)?;
    let start = invitation::start(pool, &attributes, has_password)?;
    let now = app.now();
    let user = User {
        pool_id: pool.id.clone(),
        sub,
        username: name.username,
        status: match start {
            Start::TemporaryPassword => UserStatusType::ForceChangePassword,
            Start::Code => UserStatusType::Confirmed,
        },
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
    };
    Ok((user, start))
}

/// A new temporary password and a new invitation for a user who has not signed in yet.
async fn resend(
    app: &App,
    origin: &CallOrigin,
    pool: Arc<Pool>,
    input: AdminCreateUserRequest,
) -> Result<AdminCreateUserResponse> {
    let given = given_password(&pool, &input)?;
    let (reading, typed) = (pool.clone(), input.username.clone());
    let read = app.db.look_up(move |tx| changes::find(tx, &reading, &typed)).await?;
    check_invited(&read)?;
    let media = media(&read, &input)?;
    if media.is_empty() && given.is_none() {
        // Otherwise the user would get a password that nobody knows.
        return Err(fault::no_address_for_invitation(Medium::Sms));
    }
    let (password, kept) = temporary_password(app, &pool, &read, given).await?;
    let about = about(&pool, &read.username, origin);
    let metadata = input.client_metadata.as_ref();
    let entries = invitations(app, about, &read, &password, &media, metadata).await?;
    let (now, writing, read) = (app.now(), pool.clone(), read.clone());
    let user = app
        .write(move |app, tx| {
            let pool = &writing;
            let before = changes::find(tx, pool, &read.sub)?;
            check_invited(&before)?;
            // What was made looks back on the password that was read.
            if !before.has_same_password(&read) {
                return Err(changes::changed_meanwhile());
            }
            let user = User { password: Some(kept.clone()), updated_at: now, ..before.clone() };
            changes::save(tx, pool, &before, &user)?;
            entries.iter().try_for_each(|entry| outbox::post(app, tx, entry))?;
            Ok::<_, rules::Fault>(user)
        })
        .await?;
    Ok(AdminCreateUserResponse { user: Some(user.to_wire(|_| true)) })
}

fn check_invited(user: &User) -> Result<()> {
    match user.status {
        UserStatusType::ForceChangePassword => Ok(()),
        status => Err(fault::resend_not_possible(status.as_str())),
    }
}

fn media(user: &User, input: &AdminCreateUserRequest) -> Result<Vec<Medium>> {
    invitation::media(user, input.desired_delivery_mediums.as_deref())
}

/// Seen in public threads: what events of an administrator's call have in place of a client.
const NO_CLIENT: &str = "CLIENT_ID_NOT_APPLICABLE";

fn about<'a>(pool: &'a Pool, username: &'a str, origin: &'a CallOrigin) -> About<'a> {
    About { pool, client_id: Some(NO_CLIENT), username, origin }
}

/// The password for the invitation, and what is kept of it.
async fn temporary_password(
    app: &App,
    pool: &Pool,
    user: &User,
    given: Option<Zeroizing<String>>,
) -> Result<(Zeroizing<String>, Password)> {
    let policy = pool.password_policy();
    let password = given.unwrap_or_else(|| password_policy::generate_temporary(&policy, &mut app.random()));
    let kept = passwords::make(app, pool, user, password.clone(), true).await?;
    Ok((password, kept))
}

async fn invitations(
    app: &App,
    about: About<'_>,
    user: &User,
    password: &str,
    media: &[Medium],
    client_metadata: Option<&Metadata>,
) -> Result<Vec<Entry>> {
    let addressed = Addressed { about, occasion: Occasion::Invitation, user, client_metadata };
    let mut entries = Vec::new();
    for medium in media {
        let to = user.attribute(medium.attribute()).unwrap_or_default();
        let message = Texts::of(app, addressed, *medium).await?.fill(about.pool, user, password, to);
        entries.push(outbox::entry(app, &app.random().uuid_v7(app.now()), &about.pool.id, &message)?);
    }
    Ok(entries)
}
