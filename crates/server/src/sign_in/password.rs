//! The password in clear, and what is known of a typed name before its first factor is compared.

use super::{
    Context,
    attempts::{self, Counter},
    conclusion::Conclusion,
    run::{Attempt, Guesses, Origin, SingleUse},
};
use crate::{
    app::App,
    http::call_facts,
    triggers::ask,
    users::{migration, passwords},
};
use rules::{
    Fault, Result, fault,
    sign_in::{
        Input, SignIn,
        first_factor::{Verdict, check_known, judge},
        lockout::{self, Failures},
    },
    triggers::Trigger,
    user::User,
};
use spec::Code;
use std::borrow::Cow;
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

/// Reads the user and the lock for the first call of a sign-in, and asks the function that may refuse it.
///
/// # Errors
/// The lock, and where errors may tell: an unknown or disabled user; and what the function refuses.
pub async fn begin(app: &App, context: &Context, typed_name: &str) -> Result<Candidate> {
    let candidate = recall(app, context, typed_name).await?;
    let user = candidate.user.as_ref();
    let about = context.about(user.map_or(typed_name, |user| &user.username));
    let (validation_data, hides) = (context.validation_data.as_deref(), context.client.hides_users());
    ask::pre_authentication(app, about, user, validation_data, hides).await?;
    Ok(candidate)
}

/// Reads them again for the call that brings the proof.
///
/// # Errors
/// The lock, and where errors may tell: an unknown or disabled user.
pub async fn recall(app: &App, context: &Context, typed_name: &str) -> Result<Candidate> {
    let (candidate, failures) = look_up(app, context, typed_name).await?;
    check_known(&context.client, candidate.user.as_ref())?;
    lockout::check(failures, app.now())?;
    Ok(candidate)
}

async fn look_up(app: &App, context: &Context, typed_name: &str) -> Result<(Candidate, Failures)> {
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

/// Makes the user of a name that nobody has, if another system knows the name and its password. Guesses at that
/// system's passwords are counted as ours are.
async fn migrate(app: &App, context: &Context, typed_name: &str, password: &Zeroizing<String>) -> Result<()> {
    if !Trigger::UserMigration.is_configured(&context.pool) {
        return Ok(());
    }
    let (candidate, failures) = look_up(app, context, typed_name).await?;
    if candidate.user.is_some() {
        return Ok(());
    }
    lockout::check(failures, app.now())?;
    let metadata = context.validation_data.as_deref();
    let Err(refusal) = migration::migrate(app, context, typed_name, Some(password), metadata).await else {
        return Ok(());
    };
    if refusal.code == Code::InternalErrorException {
        return Err(refusal);
    }
    let (counter, now) = (candidate.counter, app.now());
    let reason = refusal.cause.as_ref().map(ToString::to_string).unwrap_or_default();
    let answer = Answered { code: refusal.code, message: refusal.message, reason };
    Err(app.write(move |_, tx| attempts::fail(tx, &counter, now, answer.fault())).await?)
}

/// A refusal that can be said again: a transaction may run more than once.
struct Answered {
    code: Code,
    message: Cow<'static, str>,
    reason: String,
}

impl Answered {
    fn fault(&self) -> Fault {
        Fault::new(self.code, self.message.clone()).because(self.reason.clone())
    }
}

/// USER_PASSWORD_AUTH and its administrators' twins.
pub async fn sign_in(app: &App, context: Context, typed_name: &str, password: &str) -> Result<Conclusion> {
    let password = Zeroizing::new(password.to_owned());
    migrate(app, &context, typed_name, &password).await?;
    let mut candidate = begin(app, &context, typed_name).await?;
    let hashes = candidate.user.iter().filter_map(|u| u.password.as_ref()).map(|p| p.hash.clone()).collect();
    let matches = passwords::is_any_of(app, password.clone(), hashes).await?;
    if let Some(stored) = candidate.user.as_ref().and_then(|u| u.password.as_ref()).filter(|_| matches) {
        candidate.rehashed = passwords::rehash_if_outdated(app, password, &stored.hash).await;
    }
    conclude(app, context, candidate, matches, None, None).await
}

/// Judges the compared password and runs the machine. A wrong one is counted in a transaction of its own.
pub async fn conclude(
    app: &App,
    context: Context,
    candidate: Candidate,
    matches: bool,
    single_use: Option<SingleUse>,
    sign_in: Option<Box<SignIn>>,
) -> Result<Conclusion> {
    let Candidate { user, counter, rehashed } = candidate;
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
        origin: Origin::FirstFactor { user: Box::new(user), single_use, rehashed, sign_in },
        guesses: Guesses::Passwords(counter),
        compare: Box::new(|_, _, _, _| Ok(Input::Password)),
    }
    .run(app)
    .await
}
