//! A stranger asks for a code: to confirm a sign-up, or to set a new password. Where errors must not tell who exists, a
//! name that nobody has is answered like one that somebody has.

use super::{
    changes::RESTARTS_MAX,
    code_limits::{self, Limit},
    codes::{self, CodeOwner, CodePurpose, Committed},
    drafts::{Addressed, Draft},
    migration::{self, Unmigrated},
};
use crate::{app::App, http::call_facts, sign_in::Context};
use rules::{
    Millis, Result, fault,
    messages::{
        Occasion,
        recipients::{self, Recipient},
        requests::{self, Answer, Requested},
    },
    pool::{Client, Pool},
    triggers::Trigger,
    user::User,
};
use spec::Code;
use std::sync::Arc;
use store::Tx;

/// What is answered of a name that no user has.
const UNKNOWN: Code = Code::UserNotFoundException;

/// One request.
#[derive(Clone)]
struct Request {
    pool: Arc<Pool>,
    client: Arc<Client>,
    requested: Requested,
    typed_name: String,
    /// What a name that nobody has is answered, where the client hides who exists.
    simulated: Option<Recipient>,
}

/// Sends a code, or pretends to, and answers where it goes.
///
/// # Errors
/// What is wrong with the user where that may be told; LimitExceededException beyond the hour's number.
pub async fn request(
    app: &App,
    context: Context,
    requested: Requested,
    typed_name: String,
) -> Result<Recipient> {
    let Context { pool, client, .. } = context.clone();
    if requested == Requested::PasswordReset {
        migrate(app, &context, &typed_name).await?;
    }
    let seed = codes::simulation_seed(app, &pool, &typed_name);
    let simulated = match requested {
        // E: unknown names are told in pools without automatic verification too.
        Requested::SignUp if !client.hides_users() => None,
        Requested::SignUp => Some(recipients::simulated_sign_up(&pool, &typed_name, &seed)?),
        // Unverified: that a pool whose administrators alone reset passwords says so of unknown names too.
        Requested::PasswordReset => Some(recipients::simulated_recovery(&pool, &typed_name, &seed)?),
    };
    let simulated = simulated.filter(|_| client.hides_users());
    let request = Request { pool, client, requested, typed_name, simulated };
    for _ in 0..=RESTARTS_MAX {
        let (reading, server, now) = (request.clone(), app.clone(), app.now());
        let (answer, user) = app
            .db
            .read(move |tx| {
                let user = reading.find(tx)?;
                let Request { pool, requested, typed_name, .. } = &reading;
                check_hour(&server, tx, pool, *requested, user.as_ref(), typed_name, now)?;
                Ok::<_, rules::Fault>((reading.answer(user.as_ref()), user))
            })
            .await?;
        let draft = match answer.recipient() {
            Some(recipient) => Some(draft(app, &context, requested, user.as_ref(), recipient.clone()).await?),
            None => None,
        };
        let (writing, now) = (request.clone(), app.now());
        if let Some(sent) = app.write(move |app, tx| writing.write(app, tx, draft.as_ref(), now)).await?? {
            if matches!(answer, Answer::Pretend(_)) {
                call_facts::without_effect();
            }
            return Ok(sent);
        }
    }
    Err(fault::too_many_requests().because("the user was changed at each try"))
}

const fn limit(requested: Requested) -> Limit {
    match requested {
        Requested::SignUp => Limit::ResendConfirmationCode,
        Requested::PasswordReset => Limit::ForgotPassword,
    }
}

fn owner(pool: &Pool, user: Option<&User>, typed_name: &str) -> CodeOwner {
    user.map_or_else(|| CodeOwner::unknown(pool, typed_name), CodeOwner::user)
}

/// No function is asked for who has used up the hour's number.
fn check_hour(
    app: &App,
    tx: &mut Tx<'_>,
    pool: &Pool,
    requested: Requested,
    user: Option<&User>,
    typed_name: &str,
    now: Millis,
) -> Result<()> {
    let owner = owner(pool, user, typed_name);
    match code_limits::is_used_up(app, tx, limit(requested), &owner, now)? {
        true => Err(fault::attempt_limit_exceeded()),
        false => Ok(()),
    }
}

/// The message to a user, as its functions write it; to nobody, a draft that is not posted and for which none runs. Where
/// the client hides who exists, a function that fails leaves the same: a user without a message must look like nobody.
async fn draft(
    app: &App,
    context: &Context,
    requested: Requested,
    user: Option<&User>,
    recipient: Recipient,
) -> Result<Draft> {
    let occasion = match requested {
        Requested::SignUp => Occasion::Resend,
        Requested::PasswordReset => Occasion::Reset,
    };
    let of_nobody = |to| Draft::of_nobody(app, &context.pool, occasion, to);
    let Some(user) = user else { return Ok(of_nobody(recipient)) };
    let client_metadata = context.client_metadata.as_deref();
    let addressed = Addressed { about: context.about(&user.username), occasion, user, client_metadata };
    match Draft::of(app, addressed, recipient.clone()).await {
        Err(fault) if context.client.hides_users() && fault.code != Code::InternalErrorException => {
            tracing::warn!(user = user.sub.as_str(), %fault, reason = ?fault.cause, "no code is sent");
            Ok(of_nobody(recipient))
        }
        drafted => drafted,
    }
}

/// Makes the user of a name that nobody has, if another system knows the name.
async fn migrate(app: &App, context: &Context, typed_name: &str) -> Result<()> {
    if !Trigger::UserMigration.is_configured(&context.pool) {
        return Ok(());
    }
    let (server, pool, typed, now) = (app.clone(), context.pool.clone(), typed_name.to_owned(), app.now());
    let is_known = app.db.look_up(move |tx| {
        let user = store::users::find(tx, &pool.id, &pool.fold_name(&typed))?;
        check_hour(&server, tx, &pool, Requested::PasswordReset, user.as_ref(), &typed, now)?;
        Ok::<_, rules::Fault>(user.is_some())
    });
    if is_known.await? {
        return Ok(());
    }
    let metadata = context.client_metadata.as_deref();
    match migration::migrate(app, context, typed_name, None, metadata).await {
        // The name stays one that no user has, and is answered like one.
        Err(Unmigrated { refusal, .. }) if context.client.hides_users() && refusal.code == UNKNOWN => {
            tracing::info!(reason = ?refusal.cause, "a user was not migrated");
            Ok(())
        }
        migrated => migrated.map_err(|unmigrated| unmigrated.refusal),
    }
}

impl Request {
    fn purpose(&self) -> CodePurpose {
        match self.requested {
            Requested::SignUp => CodePurpose::SignUp,
            Requested::PasswordReset => CodePurpose::PasswordReset,
        }
    }

    fn find(&self, tx: &mut Tx<'_>) -> Result<Option<User>> {
        Ok(store::users::find(tx, &self.pool.id, &self.pool.fold_name(&self.typed_name))?)
    }

    fn answer(&self, user: Option<&User>) -> Answer {
        requests::answer(
            self.requested,
            &self.pool,
            &self.client,
            user,
            &self.typed_name,
            self.simulated.as_ref(),
        )
    }

    /// Counts the request and sends the draft; none where it is not the right one any more.
    fn write(
        &self,
        app: &App,
        tx: &mut Tx<'_>,
        draft: Option<&Draft>,
        now: Millis,
    ) -> Committed<Option<Recipient>> {
        let (pool, client) = (&self.pool, &self.client);
        let found = self.find(tx)?;
        if found.is_none() && !client.hides_users() {
            return Err(fault::username_client_combination_not_found());
        }
        let answer = self.answer(found.as_ref());
        if answer.recipient() != draft.map(|draft| &draft.recipient) {
            return Ok(Ok(None));
        }
        let limit = limit(self.requested);
        let owner = owner(pool, found.as_ref(), &self.typed_name);
        if let Err(refusal) = code_limits::count(app, tx, limit, &owner, now)? {
            return Ok(Err(refusal));
        }
        match (answer, found, draft) {
            (Answer::Refuse(refusal), ..) => return Ok(Err(refusal)),
            (Answer::Pretend(simulated), ..) => {
                codes::pretend(app, tx, pool, self.purpose(), &owner, &simulated, now)?;
            }
            (Answer::Send(to), _, Some(draft)) if !draft.is_to_be_sent() => {
                codes::pretend(app, tx, pool, self.purpose(), &owner, &to, now)?;
            }
            (Answer::Send(_), Some(user), Some(draft)) if client.hides_users() => {
                codes::send_discreetly(app, tx, pool, &user, self.purpose(), draft, now)?;
            }
            (Answer::Send(_), Some(user), Some(draft)) => {
                codes::send(app, tx, pool, &user, self.purpose(), draft, now)?;
            }
            (Answer::Send(_), ..) => return Ok(Ok(None)),
        }
        Ok(Ok(draft.map(|draft| draft.recipient.clone())))
    }
}
