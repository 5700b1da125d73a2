//! The password in clear, and what follows the first factor of every flow.

use super::{
    attempts::{self, Counter},
    conclusion::{self, Conclusion},
};
use crate::cognito_idp::sign_in::{Answer, Context};
use crate::{
    app::App,
    http::call_facts,
    triggers::{Trigger, refuse_configured},
    users::{changes, passwords},
};
use rules::{
    Result, fault,
    sign_in::{
        Facts, Input, SignIn,
        first_factor::{Verdict, check_known, judge},
        lockout,
    },
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

/// Reads the user and the lock.
///
/// # Errors
/// The lock, and where errors may tell: an unknown or disabled user.
pub async fn candidate(app: &App, context: &Context, typed_name: &str) -> Result<Candidate> {
    for trigger in [Trigger::PreAuthentication, Trigger::PostAuthentication, Trigger::PreTokenGeneration] {
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
pub async fn password(app: &App, context: Context, typed_name: &str, password: &str) -> Result<Answer> {
    let mut candidate = candidate(app, &context, typed_name).await?;
    let hashes = candidate.user.iter().filter_map(|u| u.password.as_ref()).map(|p| p.hash.clone()).collect();
    let password = Zeroizing::new(password.to_owned());
    let matches = passwords::is_any_of(app, password.clone(), hashes).await?;
    if let Some(stored) = candidate.user.as_ref().and_then(|u| u.password.as_ref()).filter(|_| matches) {
        candidate.rehashed = passwords::rehash_if_outdated(app, password, &stored.hash).await;
    }
    conclude(app, context, candidate, matches, None).await
}

/// Stores the new hash of a password that stays the same; for the user nothing changed.
fn upgrade(tx: &mut store::Tx<'_>, context: &Context, user: &mut User) -> Result<()> {
    changes::save(tx, &context.pool, user, user)?;
    user.version += 1;
    Ok(())
}

/// What the client held in its hands and may use once: its id, and until when that is remembered.
pub type Once = ([u8; 32], i64);

/// Judges the compared first factor and writes what follows in one transaction.
pub async fn conclude(
    app: &App,
    context: Context,
    candidate: Candidate,
    matches: bool,
    once: Option<Once>,
) -> Result<Answer> {
    let Candidate { user, counter, rehashed } = candidate;
    let now = app.now();
    let refusal = match judge(&context.client, user.as_ref(), matches) {
        Verdict::Right => None,
        Verdict::Refused(fault) => return Err(fault),
        Verdict::Wrong(fault) => Some(fault),
    };
    let (Some(user), None) = (user, &refusal) else {
        let fault = app
            .db
            .write(move |tx| attempts::fail(tx, &counter, now, fault::incorrect_username_or_password()))
            .await?;
        return Err(fault);
    };
    let (task_app, task_context) = (app.clone(), context.clone());
    let conclusion = app
        .db
        .write(move |tx| {
            attempts::pass(tx, &counter, now)?;
            if let Some((id, until)) = &once
                && !store::tickets::spend(tx, id, *until)?
            {
                return Err(fault::session_used());
            }
            let found = store::users::find_with_groups(tx, &user.pool_id, &user.sub)?;
            let (mut present, groups) = found.ok_or_else(fault::incorrect_username_or_password)?;
            // A password that was changed meanwhile is not the one that was compared.
            if !present.has_same_password(&user) {
                return Err(fault::incorrect_username_or_password());
            }
            if let (Some(hash), Some(password)) = (rehashed.clone(), &mut present.password) {
                password.hash = hash;
                upgrade(tx, &task_context, &mut present)?;
            }
            let facts = Facts { pool: &task_context.pool, client: &task_context.client, now };
            let sign_in = SignIn::new(&task_context.client, &present.sub, task_context.side);
            let outcome = sign_in.advance(&facts, present.clone(), Input::Password)?;
            conclusion::write(tx, &task_app, &task_context, &present, &groups, outcome, now)
        })
        .await?;
    Conclusion::answer(conclusion, app, &context).await
}
