//! The end of every step: tokens, or the next question, written with all that belongs to it.

use super::{Context, challenge, session};
use crate::{app::App, users::changes};
use rules::{
    Random, Result,
    sign_in::{Outcome, SignIn, Step},
    tokens::{Grant, GrantFacts},
    user::{Membership, User},
};
use store::Tx;

/// The scope of access tokens that are issued without a browser.
const SCOPE: &str = "aws.cognito.signin.user.admin";

/// What was written.
pub enum Conclusion {
    /// A grant; its tokens are signed next.
    Granted {
        /// The user as stored.
        user: Box<User>,
        /// The user's groups.
        groups: Vec<Membership>,
        /// The grant.
        grant: Box<Grant>,
    },
    /// A question, with the session that answers it.
    Asked {
        /// The user as stored.
        user: Box<User>,
        /// The sign-in under way.
        sign_in: Box<SignIn>,
        /// What the client must send back.
        session: String,
    },
}

/// Writes what a decision leaves: the changed user, and a grant or a ticket with its message.
pub fn write(
    tx: &mut Tx<'_>,
    app: &App,
    context: &Context,
    before: &User,
    groups: &[Membership],
    outcome: Outcome,
    now: i64,
) -> Result<Conclusion> {
    let Outcome { step, mut user } = outcome;
    if user != *before {
        user.updated_at = now;
        changes::save(tx, &context.pool, before, &user)?;
    }
    match step {
        Step::Done => {
            let grant = new_grant(app, context, &user, now);
            store::grants::insert(tx, &grant)?;
            Ok(Conclusion::Granted { user: Box::new(user), groups: groups.to_vec(), grant: Box::new(grant) })
        }
        Step::Ask(mut sign_in) => {
            challenge::send_code(tx, app, context, &user, &mut sign_in, now)?;
            let (session, ticket) = session::new(app, context);
            session::put(tx, &ticket, &sign_in)?;
            Ok(Conclusion::Asked { user: Box::new(user), sign_in, session })
        }
    }
}

fn new_grant(app: &App, context: &Context, user: &User, now: i64) -> Grant {
    let mut nonce = vec![0; 16];
    app.random().fill(&mut nonce);
    Grant {
        id: app.random().uuid_v7(now),
        pool_id: context.pool.id.clone(),
        client_id: context.client.id.clone(),
        sub: user.sub.clone(),
        authenticated_at: now,
        expires_at: now + context.client.token_validity().refresh_seconds * 1_000,
        revoked_at: None,
        nonce,
        generation: 1,
        previous_until: None,
        sign_outs: user.sign_outs,
        facts: GrantFacts { event_id: app.random().uuid_v4(), scopes: vec![SCOPE.to_owned()] },
    }
}
