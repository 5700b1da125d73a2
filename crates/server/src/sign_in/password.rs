//! The password in clear, and what is known of a typed name before its first factor is compared.

use super::{
    Context,
    attempts::{self, Counter},
    conclusion::Conclusion,
    run::{Attempt, Guesses, Origin, SingleUse},
};
use crate::{app::App, http::call_facts, triggers::refuse_configured, users::passwords};
use rules::{
    Result, fault,
    sign_in::{
        Input,
        first_factor::{Verdict, check_known, judge},
        lockout,
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

/// Reads the user and the lock for the first call of a sign-in.
///
/// # Errors
/// The lock, and where errors may tell: an unknown or disabled user.
pub async fn begin(app: &App, context: &Context, typed_name: &str) -> Result<Candidate> {
    refuse_configured(&context.pool, Trigger::PreAuthentication)?;
    recall(app, context, typed_name).await
}

/// Reads them again for the call that brings the proof.
///
/// # Errors
/// As [`begin`].
pub async fn recall(app: &App, context: &Context, typed_name: &str) -> Result<Candidate> {
    for trigger in [Trigger::PostAuthentication, Trigger::PreTokenGeneration] {
        refuse_configured(&context.pool, trigger)?;
    }
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
    if user.is_none() {
        refuse_configured(&context.pool, Trigger::UserMigration)?;
    }
    user.iter().for_each(call_facts::user);
    check_known(&context.client, user.as_ref())?;
    lockout::check(failures, app.now())?;
    Ok(Candidate { user, counter, rehashed: None })
}

/// USER_PASSWORD_AUTH and its administrators' twins.
pub async fn sign_in(app: &App, context: Context, typed_name: &str, password: &str) -> Result<Conclusion> {
    let mut candidate = begin(app, &context, typed_name).await?;
    let hashes = candidate.user.iter().filter_map(|u| u.password.as_ref()).map(|p| p.hash.clone()).collect();
    let password = Zeroizing::new(password.to_owned());
    let matches = passwords::is_any_of(app, password.clone(), hashes).await?;
    if let Some(stored) = candidate.user.as_ref().and_then(|u| u.password.as_ref()).filter(|_| matches) {
        candidate.rehashed = passwords::rehash_if_outdated(app, password, &stored.hash).await;
    }
    conclude(app, context, candidate, matches, None).await
}

/// Judges the compared password and runs the machine. A wrong one is counted in a transaction of its own.
pub async fn conclude(
    app: &App,
    context: Context,
    candidate: Candidate,
    matches: bool,
    single_use: Option<SingleUse>,
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
        origin: Origin::FirstFactor { user: Box::new(user), single_use, rehashed },
        guesses: Guesses::Passwords(counter),
        compare: Box::new(|_, _, _, _| Ok(Input::Password)),
    }
    .run(app)
    .await
}
