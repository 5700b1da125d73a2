//! A name that nobody has may be somebody's in another system: its user is made here when that system's function says
//! so.

use super::{changes, drafts::Texts, passwords};
use crate::{
    app::App,
    messages::outbox,
    sign_in::{
        Context,
        attempts::{self, Counter},
    },
    triggers::ask,
    users::drafts::Addressed,
};
use rules::{
    Fault, Random, Result, fault, ids,
    messages::{Medium, Occasion},
    pool::Pool,
    sign_in::lockout,
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

/// The name of the answer while a name is locked after wrong passwords.
const LOCKED: Code = Code::NotAuthorizedException;

/// Why no user was made.
pub struct Unmigrated {
    /// What is told of it: that of a name that no user has, but for a failure of ours, too many calls and the lock.
    pub refusal: Fault,
    /// Whether the function refused, as it does a wrong password. What could not be asked is no guess.
    pub is_guess: bool,
}

/// A password that the other system is to look at, and where wrong ones are counted.
#[derive(Clone, Copy)]
pub struct Guess<'a> {
    /// The password.
    pub password: &'a Zeroizing<String>,
    /// The counter of the name.
    pub counter: Counter,
}

/// Asks the function, and makes the user whom it knows. Whether a user with the name is there afterwards is to be looked
/// up again: another call may have been faster. It is not asked about what can be no user's name.
///
/// # Errors
/// [`Unmigrated`].
pub async fn migrate(
    app: &App,
    context: &Context,
    typed_name: &str,
    guess: Option<Guess<'_>>,
    metadata: Option<&Metadata>,
) -> std::result::Result<(), Unmigrated> {
    if !username::is_name(typed_name) {
        return Ok(());
    }
    let password = guess.map(|guess| guess.password);
    let made = match ask::migrate(app, context.about(typed_name), password, metadata).await {
        Ok(None) => return Ok(()),
        Ok(Some(reply)) => make(app, context, typed_name, guess, reply).await,
        Err(fault) => Err(fault),
    };
    match made {
        // Another call made the same user.
        Err(fault) if fault.code == Code::UsernameExistsException => Ok(()),
        made => made.map_err(|fault| unmigrated(context, password.is_some(), fault)),
    }
}

/// I, S: the text of an unknown name. Where clients must not learn who exists, it is that of a wrong password.
fn unmigrated(context: &Context, is_sign_in: bool, fault: Fault) -> Unmigrated {
    let is_told = [Code::InternalErrorException, Code::TooManyRequestsException, LOCKED];
    if is_told.contains(&fault.code) {
        return Unmigrated { refusal: fault, is_guess: false };
    }
    let cause = fault.cause.map_or_else(String::new, |cause| format!(": {cause}"));
    let answer = match (context.client.hides_users(), is_sign_in) {
        (true, true) => fault::incorrect_username_or_password(),
        (true, false) => fault::unknown_user(),
        (false, _) => fault::migration_failed(&context.client.id),
    };
    let refusal = answer.because(format!("UserMigration: {}{cause}", fault.message));
    Unmigrated { refusal, is_guess: fault.code == Code::UserLambdaValidationException }
}

async fn make(
    app: &App,
    context: &Context,
    typed_name: &str,
    guess: Option<Guess<'_>>,
    reply: Reply,
) -> Result<()> {
    let pool = context.pool.clone();
    let mut user = new_user(app, &pool, typed_name, &reply)?;
    if let Some(guess) = guess.filter(|_| reply.is_confirmed) {
        // D: the pool's policy is not asked.
        user.password = Some(passwords::make(app, &pool, &user, guess.password.clone(), false).await?);
    }
    let welcomes = welcomes(app, context, &user, &reply.invites).await?;
    let counter = guess.map(|guess| guess.counter);
    app.write(move |app, tx| {
        // Others may have guessed wrongly while the function looked at this guess.
        if let Some(counter) = &counter {
            lockout::check(attempts::failures(tx, counter)?, app.now())?;
        }
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
