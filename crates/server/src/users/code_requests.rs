//! A stranger asks for a code: to confirm a sign-up, or to set a new password. Where errors must not tell who exists, a
//! name that nobody has is answered like one that somebody has.

use super::{
    changes::RESTARTS_MAX,
    code_limits::{self, Limit},
    codes::{self, CodeOwner, CodePurpose, Committed, Draft},
};
use crate::{app::App, http::call_facts, triggers};
use rules::{
    Millis, Result, fault,
    messages::{
        recipients::{self, Recipient},
        requests::{self, Answer, Requested},
    },
    pool::{Client, Pool},
    triggers::Trigger,
    user::User,
};
use std::sync::Arc;
use store::Tx;

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
    (client, pool): (Arc<Client>, Arc<Pool>),
    requested: Requested,
    typed_name: String,
) -> Result<Recipient> {
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
        let reading = request.clone();
        let answer =
            app.db.read(move |tx| Ok::<_, rules::Fault>(reading.answer(reading.find(tx)?.as_ref()))).await?;
        let purpose = request.purpose();
        let draft = match answer.recipient() {
            Some(recipient) => Some(codes::draft(app, &request.pool, purpose.message(), recipient.clone())?),
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

impl Request {
    fn purpose(&self) -> CodePurpose {
        match self.requested {
            Requested::SignUp => CodePurpose::SignUp,
            Requested::PasswordReset => CodePurpose::PasswordReset,
        }
    }

    fn find(&self, tx: &mut Tx<'_>) -> Result<Option<User>> {
        let found = store::users::find(tx, &self.pool.id, &self.pool.fold_name(&self.typed_name))?;
        if found.is_none() && self.requested == Requested::PasswordReset {
            triggers::refuse_configured(&self.pool, Trigger::UserMigration)?;
        }
        Ok(found)
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
        let limit = match self.requested {
            Requested::SignUp => Limit::ResendConfirmationCode,
            Requested::PasswordReset => Limit::ForgotPassword,
        };
        let owner =
            found.as_ref().map_or_else(|| CodeOwner::unknown(pool, &self.typed_name), CodeOwner::user);
        if let Err(refusal) = code_limits::count(app, tx, limit, &owner, now)? {
            return Ok(Err(refusal));
        }
        match (answer, found, draft) {
            (Answer::Refuse(refusal), ..) => return Ok(Err(refusal)),
            (Answer::Pretend(simulated), ..) => {
                codes::pretend(app, tx, self.purpose(), &owner, &simulated, now)?;
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
