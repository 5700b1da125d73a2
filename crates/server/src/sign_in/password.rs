//! The password in clear, and what is known of a typed name before its first factor is compared.

use super::{
    Context,
    attempts::{self, Counter},
    conclusion::Conclusion,
    origin::{NamedDevice, Origin, Spends},
    run::{Attempt, Guesses},
};
use crate::{
    app::App,
    http::call_facts,
    triggers::ask,
    users::{
        migration::{self, Guess, Unmigrated},
        passwords,
    },
};
use rules::{
    Result, fault,
    sign_in::{
        Input, SignIn,
        first_factor::{Verdict, check_known, judge},
        lockout::{self, Failures},
    },
    triggers::Trigger,
    user::User,
};
use zeroize::Zeroizing;

/// What is known of the typed name before anything is compared.
pub struct Candidate {
    /// The user, if the name means one.
    pub user: Option<User>,
    /// Where wrong passwords are counted.
    pub counter: Counter,
    /// A new hash of the right password, where the stored one is not of the present cost.
    pub rehashed: Option<String>,
}

/// Whether the lock after wrong passwords is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// While it lasts, the call is refused.
    Refuses,
    /// No password is proved here.
    Ignored,
}

/// Reads the user and the lock for the first call of a sign-in by password, and asks the function that may refuse it.
///
/// # Errors
/// As [`look_up`]; and what the function refuses.
pub async fn begin(app: &App, context: &Context, typed_name: &str) -> Result<Candidate> {
    let candidate = look_up(app, context, typed_name, Lock::Refuses).await?;
    enter(app, context, typed_name, candidate.user.as_ref()).await?;
    Ok(candidate)
}

/// Asks the function that may refuse a sign-in before anything is proved.
///
/// # Errors
/// What it refuses, or how it fails.
pub async fn enter(app: &App, context: &Context, typed_name: &str, user: Option<&User>) -> Result<()> {
    let about = context.about(user.map_or(typed_name, |user| &user.username));
    let (validation_data, hides) = (context.validation_data.as_deref(), context.client.hides_users());
    ask::pre_authentication(app, about, user, validation_data, hides).await
}

/// Reads the user and the lock.
///
/// # Errors
/// The lock, and where errors may tell: an unknown or disabled user.
pub async fn look_up(app: &App, context: &Context, typed_name: &str, lock: Lock) -> Result<Candidate> {
    let (candidate, failures) = read(app, context, typed_name).await?;
    check_known(&context.client, candidate.user.as_ref())?;
    if lock == Lock::Refuses {
        lockout::check(failures, app.now())?;
    }
    Ok(candidate)
}

async fn read(app: &App, context: &Context, typed_name: &str) -> Result<(Candidate, Failures)> {
    let (vault, pool_id) = (app.vault.clone(), context.pool.id.clone());
    let name = context.pool.fold_name(typed_name);
    let (user, counter, failures) = app
        .db
        .look_up(move |tx| {
            let user = store::users::find(tx, &pool_id, &name)?;
            let counter = attempts::passwords(&vault, &pool_id, user.as_ref(), &name);
            let failures = attempts::failures(tx, &counter)?;
            Ok::<_, rules::Fault>((user, counter, failures))
        })
        .await?;
    user.iter().for_each(call_facts::user);
    Ok((Candidate { user, counter, rehashed: None }, failures))
}

/// What is known of a user who was found before, or of nobody with this name, before a password is compared.
///
/// # Errors
/// The lock.
pub async fn candidate(
    app: &App,
    context: &Context,
    user: Option<User>,
    typed_name: &str,
) -> Result<Candidate> {
    // Who is treated like nobody is counted all the same where every other way counts.
    let (found, failures) = read(app, context, typed_name).await?;
    lockout::check(failures, app.now())?;
    Ok(Candidate { user, counter: found.counter, rehashed: None })
}

/// Makes the user of a name that no user has, if another system knows the name and its password. Guesses at that system's
/// passwords are counted as ours are.
async fn migrate(app: &App, context: &Context, typed_name: &str, password: &Zeroizing<String>) -> Result<()> {
    if !Trigger::UserMigration.is_configured(&context.pool) {
        return Ok(());
    }
    let (candidate, failures) = read(app, context, typed_name).await?;
    if candidate.user.is_some() {
        return Ok(());
    }
    lockout::check(failures, app.now())?;
    let metadata = context.validation_data.as_deref();
    let counter = candidate.counter;
    match migration::migrate(app, context, typed_name, Some(Guess { password, counter }), metadata).await {
        Ok(()) => Ok(()),
        Err(Unmigrated { refusal, is_guess: false }) => Err(refusal),
        Err(Unmigrated { refusal, is_guess: true }) => {
            let now = app.now();
            Err(app.write(move |_, tx| attempts::fail(tx, &counter, now, refusal.again())).await?)
        }
    }
}

/// USER_PASSWORD_AUTH and its administrators' twins.
pub async fn sign_in(
    app: &App,
    context: Context,
    typed_name: &str,
    password: &str,
    device: Option<NamedDevice>,
) -> Result<Conclusion> {
    let password = Zeroizing::new(password.to_owned());
    migrate(app, &context, typed_name, &password).await?;
    let mut candidate = begin(app, &context, typed_name).await?;
    let matches = compare(app, &mut candidate, password).await?;
    let proved = Proved { matches, spends: Spends::Nothing, sign_in: None, device };
    conclude(app, context, candidate, proved).await
}

/// Whether the password is the candidate's. Nobody's takes as long.
///
/// # Errors
/// TooManyRequestsException when too much work waits.
pub async fn compare(app: &App, candidate: &mut Candidate, password: Zeroizing<String>) -> Result<bool> {
    let hashes = candidate.user.iter().filter_map(|u| u.password.as_ref()).map(|p| p.hash.clone()).collect();
    let matches = passwords::is_any_of(app, password.clone(), hashes).await?;
    if let Some(stored) = candidate.user.as_ref().and_then(|u| u.password.as_ref()).filter(|_| matches) {
        candidate.rehashed = passwords::rehash_if_outdated(app, password, &stored.hash).await;
    }
    Ok(matches)
}

/// A compared password, and what it came with.
pub struct Proved {
    /// Whether it is the user's.
    pub matches: bool,
    /// What is used up with it.
    pub spends: Spends,
    /// The sign-in, where it was begun before.
    pub sign_in: Option<Box<SignIn>>,
    /// The device that the client names.
    pub device: Option<NamedDevice>,
}

/// Judges the compared password and runs the machine. A wrong one is counted in a transaction of its own.
///
/// # Errors
/// NotAuthorizedException for a wrong one; as the machine.
pub async fn conclude(
    app: &App,
    context: Context,
    candidate: Candidate,
    proved: Proved,
) -> Result<Conclusion> {
    let Candidate { user, counter, rehashed } = candidate;
    let Proved { matches, spends, sign_in, device } = proved;
    let is_right = match judge(&context.client, user.as_ref(), matches) {
        Verdict::Right => true,
        Verdict::Wrong => false,
        Verdict::Refused(fault) => return Err(fault),
    };
    let Some(user) = user.filter(|_| is_right) else {
        let now = app.now();
        let wrong = fault::incorrect_username_or_password;
        return Err(app.write(move |_, tx| attempts::fail(tx, &counter, now, wrong())).await?);
    };
    Attempt {
        context,
        origin: Origin::FirstFactor { user: Box::new(user), spends, rehashed, sign_in },
        guesses: Guesses::Passwords(counter),
        passkey: None,
        device,
        compare: Box::new(|_, _, _, _| Ok(Input::Password)),
    }
    .run(app)
    .await
}
