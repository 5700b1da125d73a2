//! The functions that a sign-in waits for: one after the other, outside of every transaction. Between them nothing is
//! written; the machine goes on in memory.

use super::{
    Context,
    conclusion::{Conclusion, Pending},
    run::Attempt,
};
use crate::{
    app::App,
    triggers::ask::{self, Rounds},
};
use rules::{
    Fault, Result, fault,
    sign_in::{Awaited, CustomQuestion, Facts, Input, Reply, SignIn, Step, Waiting},
    triggers::challenges::Question,
};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// The scope of access tokens that are issued without a browser.
pub const SCOPE: &str = "aws.cognito.signin.user.admin";

/// A sign-in whose last function has replied, and what follows by the user as it was then.
pub struct Led {
    /// The sign-in, which waits for that function.
    pub sign_in: Box<SignIn>,
    /// What the function replied.
    pub reply: Reply,
    /// What follows.
    pub step: Step,
}

/// Runs functions until something else follows, and writes that.
///
/// # Errors
/// What a function refuses or how it fails, and the machine's refusal.
pub async fn finish(app: &App, context: Context, pending: Pending) -> Result<Conclusion> {
    let Led { sign_in, reply, .. } = lead(app, &context, pending).await?;
    Attempt::end(app, context, sign_in, reply).await
}

/// Runs functions until something else follows.
///
/// # Errors
/// As [`finish`].
pub async fn lead(app: &App, context: &Context, mut pending: Pending) -> Result<Led> {
    loop {
        let reply = reply(app, context, &pending).await?;
        let (pool, client, now) = (&*context.pool, &*context.client, app.now());
        // Functions come after every choice.
        let facts = Facts { pool, client, device: pending.device.as_ref(), has_passkey: false, now };
        let input = Input::Reply(reply.clone());
        let outcome = pending.sign_in.as_ref().clone().advance(&facts, pending.user.clone(), input)?;
        match outcome.step {
            Step::Invoke(sign_in) => pending.sign_in = sign_in,
            step => return Ok(Led { sign_in: pending.sign_in, reply, step }),
        }
    }
}

/// What the function replies that the sign-in waits for. A pool whose functions were changed meanwhile ends it where it
/// cannot go on.
async fn reply(app: &App, context: &Context, pending: &Pending) -> Result<Reply> {
    let Pending { sign_in, user, groups, .. } = pending;
    let Waiting::Reply(awaited) = &sign_in.waiting else {
        return Err(Fault::internal("a sign-in waits for no function"));
    };
    let about = context.about(&user.username);
    let metadata = context.client_metadata.as_deref();
    let rounds = Rounds {
        user: sign_in.nobody.is_none().then_some(user),
        rounds: &sign_in.rounds,
        client_metadata: metadata,
        hides_users: context.client.hides_users(),
    };
    let missing = fault::custom_auth_not_configured;
    match awaited {
        Awaited::Define => Ok(Reply::Next(ask::define(app, about, rounds).await?.ok_or_else(missing)?)),
        Awaited::Create => {
            let question = ask::create(app, about, rounds).await?.ok_or_else(missing)?;
            Ok(Reply::Question(seal(app, sign_in, question)?))
        }
        Awaited::Verify { question, answer } => {
            let private = open(app, sign_in, question)?;
            let is_right = ask::verify(app, about, rounds, &private, &answer.0).await?;
            Ok(Reply::Verdict(is_right.ok_or_else(missing)?))
        }
        Awaited::PostAuthentication => {
            ask::post_authentication(app, about, user, sign_in.device.as_deref(), metadata).await?;
            Ok(Reply::Accepted)
        }
        Awaited::PreTokenGeneration => {
            let (source, scopes) = (sign_in.token_source(), [SCOPE.to_owned()]);
            let changes = ask::tokens(app, about, source, (user, groups), &scopes, metadata).await?;
            Ok(Reply::Tokens(Box::new(changes.unwrap_or_default())))
        }
    }
}

/// What a function keeps from the client is sealed before it is stored with the sign-in.
fn seal(app: &App, sign_in: &SignIn, question: Question) -> Result<CustomQuestion> {
    let private = Zeroizing::new(serde_json::to_vec(&question.private).map_err(Fault::internal)?);
    let context = CustomQuestion::context(&sign_in.pool_id, &sign_in.sub);
    Ok(CustomQuestion {
        public: question.public,
        private: app.vault.seal(&context, &private),
        metadata: question.metadata,
    })
}

fn open(app: &App, sign_in: &SignIn, question: &CustomQuestion) -> Result<BTreeMap<String, String>> {
    let context = CustomQuestion::context(&sign_in.pool_id, &sign_in.sub);
    let private = app.vault.open(&context, &question.private)?;
    serde_json::from_slice(&private).map_err(|_| Fault::internal("the parameters of a challenge are damaged"))
}
