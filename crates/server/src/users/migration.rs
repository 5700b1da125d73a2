//! A name that nobody has may be somebody's in another system: its user is made here when that system's function says
//! so.

use super::{changes, drafts::Texts, passwords};
use crate::{
    app::App, http::call_facts, messages::outbox, sign_in::Context, triggers::ask, users::drafts::Addressed,
};
use rules::{
    Fault, Random, Result, fault, ids,
    messages::{Medium, Occasion},
    pool::Pool,
    triggers::{Metadata, user_migration::Reply},
    user::{User, attributes, username},
};
use spec::{
    Code,
    cognito_idp::{AliasAttributeType, AttributeType, UserPoolMfaType, UserStatusType},
};
use store::outbox::Entry;
use zeroize::Zeroizing;

/// What stands in a welcome for the password, which the user knows.
const OWN_PASSWORD: &str = "your present password";

/// Asks the function, and makes the user whom it knows. Whether a user with the name is there afterwards is to be looked
/// up again: another call may have been faster. It is not asked about what can be no user's name.
///
/// # Errors
/// What is told of a name that nobody has.
pub async fn migrate(
    app: &App,
    context: &Context,
    typed_name: &str,
    password: Option<&Zeroizing<String>>,
    metadata: Option<&Metadata>,
) -> Result<()> {
    if !username::is_name(typed_name) {
        return Ok(());
    }
    let asked = ask::migrate(app, context.about(typed_name), password, metadata).await;
    let made = match asked {
        Ok(None) => return Ok(()),
        Ok(Some(reply)) => {
            call_facts::decided(if reply.is_confirmed { "a confirmed user" } else { "a user to be reset" });
            make(app, context, typed_name, password, reply).await
        }
        Err(fault) => Err(fault),
    };
    made.map_err(|fault| refusal(context, password.is_some(), fault))
}

/// I, S: the text of an unknown name. Where clients must not learn who exists, it is that of a wrong password.
fn refusal(context: &Context, is_sign_in: bool, fault: Fault) -> Fault {
    if fault.code == Code::InternalErrorException {
        return fault;
    }
    let reason = format!(
        "UserMigration: {}{}",
        fault.message,
        fault.cause.map_or_else(String::new, |c| format!(": {c}"))
    );
    let answer = match (context.client.hides_users(), is_sign_in) {
        (true, true) => fault::incorrect_username_or_password(),
        (true, false) => fault::unknown_user(),
        (false, _) => fault::migration_failed(&context.client.id),
    };
    answer.because(reason)
}

async fn make(
    app: &App,
    context: &Context,
    typed_name: &str,
    password: Option<&Zeroizing<String>>,
    reply: Reply,
) -> Result<()> {
    let pool = context.pool.clone();
    let mut user = new_user(app, &pool, typed_name, &reply)?;
    if let Some(password) = password.filter(|_| reply.is_confirmed) {
        // D: the pool's policy is not asked.
        user.password = Some(passwords::make(app, &pool, &user, password.clone(), false).await?);
    }
    let welcomes = welcomes(app, context, &user, &reply.invites).await?;
    app.write(move |app, tx| {
        if reply.takes_aliases {
            changes::take_aliases(tx, &pool, &user, user.created_at)?;
        }
        changes::insert(tx, &pool, &user, |taken| match taken {
            Some(attribute) => fault::alias_exists(attribute),
            None => fault::user_already_exists(),
        })?;
        welcomes.iter().try_for_each(|entry| outbox::post(app, tx, entry))
    })
    .await
}

fn new_user(app: &App, pool: &Pool, typed_name: &str, reply: &Reply) -> Result<User> {
    let sub = ids::sub(&mut app.random());
    let given = reply.attributes.get("username").map(String::as_str);
    let name = name(pool, typed_name, given)?;
    let name = username::new_name(pool, name, &sub)?;
    let named_by = name.attribute.as_ref().map(|(attribute, _)| (*attribute).to_owned());
    let given: Vec<AttributeType> = reply
        .attributes
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "username" | "sub"))
        .map(|(name, value)| AttributeType { name: name.clone(), value: Some(value.clone()) })
        .collect();
    let now = app.now();
    let mut user = User {
        username: name.username,
        status: if reply.is_confirmed { UserStatusType::Confirmed } else { UserStatusType::ResetRequired },
        created_at: now,
        updated_at: now,
        attributes: attributes::check_creation(pool, &given, name.attribute)?,
        named_by,
        ..User::nobody(&pool.id, sub, "")
    };
    if reply.enables_sms_mfa {
        if pool.mfa_configuration() == UserPoolMfaType::Off || user.attribute("phone_number").is_none() {
            return Err(fault::lambda_output_unrecognizable()
                .because("enableSMSMFA without MFA in the pool, or without a phone number"));
        }
        user.mfa.sms = true;
    }
    // The next call must find the user by the name that was typed, or the function would be asked again and again.
    if !user.sign_in_names(pool).contains(&pool.fold_name(typed_name)) {
        return Err(fault::lambda_output_unrecognizable()
            .because("the typed name is none of the names of the user whom UserMigration describes"));
    }
    Ok(user)
}

/// The user name. D: where the typed one is an address that is an alias, the function gives another; otherwise it gives
/// the same or none.
fn name<'a>(pool: &Pool, typed_name: &'a str, given: Option<&'a str>) -> Result<&'a str> {
    let is_address = (pool.has_alias(AliasAttributeType::Email) && typed_name.contains('@'))
        || (pool.has_alias(AliasAttributeType::PhoneNumber) && typed_name.starts_with('+'))
        || pool.has_alias(AliasAttributeType::PreferredUsername);
    match given {
        None => Ok(typed_name),
        Some(given) if given == typed_name => Ok(given),
        Some(given) if is_address && username::is_name(given) => Ok(given),
        Some(_) if is_address => Err(fault::lambda_output_unrecognizable()
            .because("UserMigration gives what can be no user's name as the user name")),
        Some(_) => Err(fault::lambda_output_unrecognizable()
            .because("UserMigration gives another user name than was typed, which is no alias")),
    }
}

/// The messages that welcome a migrated user, by the media for which there is an address. Unverified: what the service
/// writes for the password.
async fn welcomes(app: &App, context: &Context, user: &User, media: &[Medium]) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for medium in media {
        let Some(to) = user.attribute(medium.attribute()) else { continue };
        let addressed = Addressed {
            about: context.about(&user.username),
            occasion: Occasion::Invitation,
            user,
            client_metadata: context.client_metadata.as_deref(),
        };
        let message = Texts::of(app, addressed, *medium).await?.fill(&context.pool, user, OWN_PASSWORD, to);
        entries.push(outbox::entry(app, &app.random().uuid_v7(app.now()), &context.pool.id, &message)?);
    }
    Ok(entries)
}
