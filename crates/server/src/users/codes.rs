//! Codes of six digits that prove who reads a mailbox or a phone: made, kept, counted and checked here alone.
//!
//! A code is kept as an HMAC under a key of its own kind, user and attribute, so that a new one replaces the old
//! and none can be used as another. Requests and guesses are counted for each user and kind within an hour.
//!
//! All of it runs inside a caller's write transaction. **A refusal that must stay counted has to be committed**:
//! a closure that answers `Err` is rolled back, and with it the counter, which would give a guesser as many tries
//! as they like. So what can refuse here answers a [`Committed`]: the outer `Result` is for failures, which undo
//! everything, the inner one is for the caller of the API and is committed. The pattern is
//!
//! ```ignore
//! app.db.write(move |tx| -> Committed<()> {
//!     let proof = match codes::redeem(&app, tx, purpose, &owner, &submitted, now)? {
//!         Ok(proof) => proof,
//!         Err(refusal) => return Ok(Err(refusal)), // Committed: the guess is counted.
//!     };
//!     changes::save(tx, &pool, &before, &after)?; // `Err` undoes everything, and the code stays good.
//!     Ok(Ok(()))
//! })
//! .await??;
//! ```

use crate::{app::App, messages::outbox};
use rules::{
    Millis, Random, Result, fault,
    messages::{self, Medium, Purpose, recipients::Recipient},
    pool::Pool,
    user::User,
};
use serde::{Deserialize, Serialize};
use spec::{Code, cognito_idp::CodeDeliveryDetailsType};
use store::{
    Tx,
    attempts::{self, Attempts},
    tickets::{self, Kind},
};
use subtle::ConstantTimeEq;

/// What a write closure answers whose refusals are committed.
pub type Committed<T> = Result<Result<T>>;

const DIGITS: usize = 6;
const HOUR_MS: i64 = 3_600_000;

/// What a code is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodePurpose {
    /// To confirm a sign-up.
    SignUp,
    /// To set a new password.
    PasswordReset,
    /// To verify an address.
    Attribute(Medium),
}

impl CodePurpose {
    const fn kind(self) -> Kind {
        match self {
            CodePurpose::SignUp => Kind::SignUpCode,
            CodePurpose::PasswordReset => Kind::ResetCode,
            CodePurpose::Attribute(_) => Kind::AttributeCode,
        }
    }

    const fn ttl_ms(self) -> i64 {
        match self {
            CodePurpose::SignUp | CodePurpose::Attribute(_) => 24 * HOUR_MS,
            CodePurpose::PasswordReset => HOUR_MS,
        }
    }

    const fn guesses(self) -> Limit {
        match self {
            CodePurpose::SignUp => Limit::ConfirmSignUp,
            CodePurpose::PasswordReset => Limit::ConfirmForgotPassword,
            CodePurpose::Attribute(_) => Limit::VerifyUserAttribute,
        }
    }

    const fn message(self) -> Purpose {
        match self {
            CodePurpose::SignUp => Purpose::SignUp,
            CodePurpose::PasswordReset => Purpose::PasswordReset,
            CodePurpose::Attribute(_) => Purpose::AttributeVerification,
        }
    }

    /// The attribute whose codes do not replace those of the other.
    const fn attribute(self) -> &'static str {
        match self {
            CodePurpose::Attribute(medium) => medium.attribute(),
            CodePurpose::SignUp | CodePurpose::PasswordReset => "",
        }
    }
}

/// What a user may do only so often within an hour. The numbers are documented; of the 5 to 20 requests and
/// confirmations of a reset together, by risk, we let 5 and 15 pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Guesses of a sign-up's code.
    ConfirmSignUp,
    /// Guesses of an address's code.
    VerifyUserAttribute,
    /// Guesses of a reset's code.
    ConfirmForgotPassword,
    /// Requests of another sign-up code.
    ResendConfirmationCode,
    /// Requests of an address's code.
    GetUserAttributeVerificationCode,
    /// Changes of one's address that send a code to the new one.
    UpdateUserAttributes,
    /// Requests of a reset's code.
    ForgotPassword,
    /// Guesses of the present password by who holds an access token.
    ChangePassword,
}

impl Limit {
    const fn name_and_hourly(self) -> (&'static str, i64) {
        match self {
            Limit::ConfirmSignUp => ("ConfirmSignUp", 15),
            Limit::VerifyUserAttribute => ("VerifyUserAttribute", 15),
            Limit::ConfirmForgotPassword => ("ConfirmForgotPassword", 15),
            Limit::ResendConfirmationCode => ("ResendConfirmationCode", 5),
            Limit::GetUserAttributeVerificationCode => ("GetUserAttributeVerificationCode", 5),
            // Unverified: the number.
            Limit::UpdateUserAttributes => ("UpdateUserAttributes", 10),
            Limit::ForgotPassword => ("ForgotPassword", 5),
            Limit::ChangePassword => ("ChangePassword", 5),
        }
    }
}

/// Whose codes and counters these are: a user of a pool, or a name that no user has. The second kind counts and
/// refuses like the first, so that nobody learns from it which names exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeOwner {
    pool_id: String,
    kind: &'static str,
    id: String,
}

impl CodeOwner {
    /// A user. All names of a user count together, because the sub is what counts.
    pub fn user(user: &User) -> CodeOwner {
        CodeOwner { pool_id: user.pool_id.clone(), kind: "sub", id: user.sub.clone() }
    }

    /// A name that no user of the pool has.
    pub fn unknown(pool: &Pool, name: &str) -> CodeOwner {
        CodeOwner { pool_id: pool.id.clone(), kind: "name", id: pool.fold_name(name) }
    }

    /// Nobody, beside a user whose code is not sent and keeps the place of the one before.
    fn unsent(user: &User) -> CodeOwner {
        CodeOwner { kind: "unsent", ..CodeOwner::user(user) }
    }

    fn parts(&self) -> [&str; 3] {
        [&self.pool_id, self.kind, &self.id]
    }
}

/// What a code proved: that its reader receives messages at this address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// How the code traveled.
    pub medium: Medium,
    /// Where it was sent. Compare it with the user's present value: that may have changed since.
    pub to: String,
}

impl Proof {
    /// Whether the address that the code was sent to is still the user's.
    pub fn is_of(&self, user: &User) -> bool {
        user.attribute(self.medium.attribute()) == Some(&self.to)
    }
}

/// A code as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// None for an unknown name: its code exists nowhere and nothing equals it.
    digest: Option<[u8; 32]>,
    proof: Option<Proof>,
}

/// Makes a code, keeps it in place of an older one, writes its message into the outbox, and answers what the wire
/// tells of it.
pub fn send(
    app: &App,
    tx: &mut Tx<'_>,
    pool: &Pool,
    user: &User,
    purpose: CodePurpose,
    recipient: &Recipient,
    now: Millis,
) -> Result<CodeDeliveryDetailsType> {
    let (code, owner) = (app.random().digits(DIGITS), CodeOwner::user(user));
    let message = messages::write(pool, purpose.message(), recipient.medium, user, &code, &recipient.to);
    outbox::post(app, tx, &outbox::entry(app, &pool.id, &message)?)?;
    let proof = Proof { medium: recipient.medium, to: recipient.to.clone() };
    let kept = Kept { digest: Some(digest(app, purpose, &owner, &code)), proof: Some(proof) };
    tickets::put(tx, purpose.kind(), &ticket_id(app, purpose, &owner), now + purpose.ttl_ms(), 0, &kept)?;
    Ok(recipient.details())
}

/// The same for a stranger who must not learn whether there is such a user, and hence not how many messages that was
/// sent: where there were too many, no code is sent and the one before stays good.
pub fn send_discreetly(
    app: &App,
    tx: &mut Tx<'_>,
    pool: &Pool,
    user: &User,
    purpose: CodePurpose,
    recipient: &Recipient,
    now: Millis,
    hides_users: bool,
) -> Result<()> {
    match send(app, tx, pool, user, purpose, recipient, now) {
        Err(refusal) if hides_users && refusal.code == Code::TooManyRequestsException => {
            tracing::info!(reason = ?refusal.cause, "a code was not sent");
            keep_nothing(app, tx, purpose, &CodeOwner::unsent(user), now)
        }
        sent => sent.map(drop),
    }
}

/// Keeps for an unknown name that a code was asked for, with as many statements as [`send_discreetly`] takes for a
/// user who has the address of `simulated`: time must not tell either.
pub fn pretend(
    app: &App,
    tx: &mut Tx<'_>,
    purpose: CodePurpose,
    owner: &CodeOwner,
    simulated: &Recipient,
    now: Millis,
) -> Result<()> {
    outbox::look_for_room(app, tx, simulated, now)?;
    keep_nothing(app, tx, purpose, owner, now)
}

/// Stands for the two statements that store a message and its code.
fn keep_nothing(
    app: &App,
    tx: &mut Tx<'_>,
    purpose: CodePurpose,
    owner: &CodeOwner,
    now: Millis,
) -> Result<()> {
    let kept = Kept { digest: None, proof: None };
    tickets::put(tx, purpose.kind(), &ticket_id(app, purpose, owner), now + purpose.ttl_ms(), 0, &kept)?;
    // It touches no row.
    Ok(store::outbox::delivered(tx, "", now)?)
}

/// Uses a code up. The guess is counted before it is looked at; of many at once only as many are looked at as the
/// limit allows, and only one can have the code. A success forgets the guesses.
///
/// # Errors
/// In the verdict: LimitExceededException, ExpiredCodeException (also where no code was asked for), or
/// CodeMismatchException.
pub fn redeem(
    app: &App,
    tx: &mut Tx<'_>,
    purpose: CodePurpose,
    owner: &CodeOwner,
    submitted: &str,
    now: Millis,
) -> Committed<Proof> {
    if let Err(refusal) = count(app, tx, purpose.guesses(), owner, now)? {
        return Ok(Err(refusal));
    }
    let id = ticket_id(app, purpose, owner);
    let ticket = tickets::find::<Kept>(tx, purpose.kind(), &id)?;
    let Some(ticket) = ticket.filter(|ticket| ticket.expires_at > now) else {
        return Ok(Err(fault::code_expired()));
    };
    let submitted = digest(app, purpose, owner, submitted);
    let is_right = ticket.document.digest.is_some_and(|kept| kept.ct_eq(&submitted).into());
    let Some(proof) = ticket.document.proof.filter(|_| is_right) else {
        return Ok(Err(fault::code_mismatch()));
    };
    tickets::delete(tx, purpose.kind(), &id)?;
    forget(app, tx, purpose.guesses(), owner)?;
    Ok(Ok(proof))
}

/// Whether [`redeem`] would accept the code at this moment: nothing is counted or used. For what must be made
/// before the transaction and is too costly to be made for every guess; the answer must not leave the server.
pub fn would_redeem(
    app: &App,
    tx: &mut Tx<'_>,
    purpose: CodePurpose,
    owner: &CodeOwner,
    submitted: &str,
    now: Millis,
) -> Result<bool> {
    let (limit, submitted) = (purpose.guesses(), digest(app, purpose, owner, submitted));
    if next(attempts::get(tx, &attempts_id(app, limit, owner))?, limit, now).is_none() {
        return Ok(false);
    }
    let ticket = tickets::find::<Kept>(tx, purpose.kind(), &ticket_id(app, purpose, owner))?;
    Ok(ticket.is_some_and(|ticket| {
        ticket.expires_at > now && ticket.document.digest.is_some_and(|kept| kept.ct_eq(&submitted).into())
    }))
}

/// What the simulated address of an unknown name is made of: the same for each time the name is tried.
pub fn simulation_seed(app: &App, pool: &Pool, name: &str) -> [u8; 32] {
    app.vault.mac("simulated-address", &[&pool.id, &pool.fold_name(name)])
}

/// Counts one request or guess.
///
/// # Errors
/// In the verdict: LimitExceededException when the hour's number is used up.
pub fn count(app: &App, tx: &mut Tx<'_>, limit: Limit, owner: &CodeOwner, now: Millis) -> Committed<()> {
    let id = attempts_id(app, limit, owner);
    let Some(counted) = next(attempts::get(tx, &id)?, limit, now) else {
        return Ok(Err(fault::attempt_limit_exceeded()));
    };
    attempts::set(tx, &id, counted)?;
    Ok(Ok(()))
}

/// Forgets what was counted, after a success.
pub fn forget(app: &App, tx: &mut Tx<'_>, limit: Limit, owner: &CodeOwner) -> Result<()> {
    Ok(attempts::delete(tx, &attempts_id(app, limit, owner))?)
}

/// The counter after one more; none when the limit is reached. The hour begins with the first of a series.
fn next(counted: Attempts, limit: Limit, now: Millis) -> Option<Attempts> {
    if counted.count == 0 || now - counted.first_at >= HOUR_MS {
        return Some(Attempts { count: 1, first_at: now, last_at: now });
    }
    let (_, hourly) = limit.name_and_hourly();
    (counted.count < hourly).then(|| Attempts { count: counted.count + 1, last_at: now, ..counted })
}

fn ticket_id(app: &App, purpose: CodePurpose, owner: &CodeOwner) -> [u8; 32] {
    let [pool_id, kind, id] = owner.parts();
    app.vault.mac("code-ticket", &[pool_id, kind, id, purpose.attribute()])
}

fn digest(app: &App, purpose: CodePurpose, owner: &CodeOwner, code: &str) -> [u8; 32] {
    let [pool_id, kind, id] = owner.parts();
    app.vault.mac("code", &[purpose.message().as_str(), pool_id, kind, id, purpose.attribute(), code])
}

fn attempts_id(app: &App, limit: Limit, owner: &CodeOwner) -> [u8; 32] {
    let [pool_id, kind, id] = owner.parts();
    app.vault.mac("attempts", &[limit.name_and_hourly().0, pool_id, kind, id])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_begins_with_its_first_attempt() {
        let mut counted = Attempts::default();
        for now in [1_000, 2_000, 3_000, 4_000, 5_000] {
            counted = next(counted, Limit::ChangePassword, now).unwrap();
        }
        assert_eq!(counted, Attempts { count: 5, first_at: 1_000, last_at: 5_000 });
        assert_eq!(next(counted, Limit::ChangePassword, 1_000 + HOUR_MS - 1), None);
        let fresh = next(counted, Limit::ChangePassword, 1_000 + HOUR_MS).unwrap();
        assert_eq!(fresh, Attempts { count: 1, first_at: 1_000 + HOUR_MS, last_at: 1_000 + HOUR_MS });
    }
}
