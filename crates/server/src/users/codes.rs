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

use super::{
    code_limits::{self, Limit},
    drafts::Draft,
};
use crate::{app::App, messages::outbox};
use rules::{
    HOUR, Millis, Result, fault,
    ids::{PoolId, Sub},
    messages::{
        Medium, Purpose,
        recipients::{self, Recipient},
    },
    pool::Pool,
    user::User,
};
use serde::{Deserialize, Serialize};
use spec::{Code, cognito_idp::CodeDeliveryDetailsType};
use std::net::IpAddr;
use store::{
    Tx,
    tickets::{self, Kind},
};
use subtle::ConstantTimeEq;

/// What a write closure answers whose refusals are committed.
pub type Committed<T> = Result<Result<T>>;

/// How long a reset's code is good.
const RESET_CODE_TTL_MS: Millis = HOUR;
/// How many sign-up codes live for one mailbox or phone at once: beyond it the oldest ends.
pub const SIGN_UP_CODES_PER_MAILBOX: i64 = 5;

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

    const fn ttl_ms(self) -> Millis {
        match self {
            CodePurpose::SignUp | CodePurpose::Attribute(_) => 24 * HOUR,
            CodePurpose::PasswordReset => RESET_CODE_TTL_MS,
        }
    }

    const fn guesses(self) -> Limit {
        match self {
            CodePurpose::SignUp => Limit::ConfirmSignUp,
            CodePurpose::PasswordReset => Limit::ConfirmForgotPassword,
            CodePurpose::Attribute(_) => Limit::VerifyUserAttribute,
        }
    }

    /// Why its message is sent.
    pub const fn message(self) -> Purpose {
        match self {
            CodePurpose::SignUp => Purpose::SignUp,
            CodePurpose::PasswordReset => Purpose::PasswordReset,
            CodePurpose::Attribute(_) => Purpose::AttributeVerification,
        }
    }

    /// Whether it proves that an address is the user's, and so makes it a name to sign in by.
    const fn proves_address(self) -> bool {
        matches!(self, CodePurpose::SignUp | CodePurpose::Attribute(_))
    }

    /// The attribute whose codes do not replace those of the other.
    const fn attribute(self) -> &'static str {
        match self {
            CodePurpose::Attribute(medium) => medium.attribute(),
            CodePurpose::SignUp | CodePurpose::PasswordReset => "",
        }
    }
}

/// Whose codes and counters these are: a user of a pool, or a name that no user has. The second kind counts and
/// refuses like the first, so that nobody learns from it which names exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeOwner {
    pool_id: PoolId,
    who: Who,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Who {
    User(Sub),
    Unsent(Sub),
    Name(String),
    Address(String),
    Network(String),
}

impl CodeOwner {
    /// A user. All names of a user count together, because the sub is what counts.
    pub fn user(user: &User) -> CodeOwner {
        CodeOwner { pool_id: user.pool_id.clone(), who: Who::User(user.sub.clone()) }
    }

    /// A name that no user of the pool has.
    pub fn unknown(pool: &Pool, name: &str) -> CodeOwner {
        CodeOwner { pool_id: pool.id.clone(), who: Who::Name(pool.fold_name(name)) }
    }

    /// A mailbox or phone, whoever the users are that are sent codes there.
    pub fn address(pool_id: &PoolId, to: &str) -> CodeOwner {
        CodeOwner { pool_id: pool_id.clone(), who: Who::Address(recipients::mailbox(to)) }
    }

    /// Whoever calls from an address; of IPv6 all of a /64 are one.
    pub fn network(pool_id: &PoolId, address: IpAddr) -> CodeOwner {
        let network = match address.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("{:016x}", address.to_bits() >> 64),
        };
        CodeOwner { pool_id: pool_id.clone(), who: Who::Network(network) }
    }

    fn sub(&self) -> Option<&Sub> {
        match &self.who {
            Who::User(sub) | Who::Unsent(sub) => Some(sub),
            Who::Name(_) | Who::Address(_) | Who::Network(_) => None,
        }
    }

    /// Nobody, beside a user whose code is not sent and keeps the place of the one before.
    fn unsent(user: &User) -> CodeOwner {
        CodeOwner { pool_id: user.pool_id.clone(), who: Who::Unsent(user.sub.clone()) }
    }

    /// Pool, kind and id.
    pub(super) fn parts(&self) -> [&str; 3] {
        let (kind, id): (_, &str) = match &self.who {
            Who::User(sub) => ("sub", sub),
            Who::Unsent(sub) => ("unsent", sub),
            Who::Name(name) => ("name", name),
            Who::Address(mailbox) => ("address", mailbox),
            Who::Network(network) => ("network", network),
        };
        [&self.pool_id, kind, id]
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

/// Keeps the code in place of an older one, writes its message into the outbox, and answers what the wire tells of it.
pub fn send(
    app: &App,
    tx: &mut Tx<'_>,
    pool: &Pool,
    user: &User,
    purpose: CodePurpose,
    draft: &Draft,
    now: Millis,
) -> Result<CodeDeliveryDetailsType> {
    let (recipient, owner) = (&draft.recipient, CodeOwner::user(user));
    draft.post(app, tx, pool, user)?;
    let proof = Proof { medium: recipient.medium, to: recipient.to.clone() };
    let kept = Kept { digest: Some(digest(app, purpose, &owner, draft.code())), proof: Some(proof) };
    keep(app, tx, purpose, &owner, &recipient.to, now, &kept)?;
    Ok(recipient.details())
}

fn keep(
    app: &App,
    tx: &mut Tx<'_>,
    purpose: CodePurpose,
    owner: &CodeOwner,
    to: &str,
    now: Millis,
    kept: &Kept,
) -> Result<()> {
    let (id, mailbox) = (ticket_id(app, purpose, owner), mailbox_id(app, &owner.pool_id, to));
    let of = tickets::Owner { pool_id: &owner.pool_id, sub: owner.sub(), mailbox: Some(&mailbox) };
    tickets::put(tx, purpose.kind(), &id, of, now + purpose.ttl_ms(), kept)?;
    if purpose == CodePurpose::SignUp {
        tickets::keep_newest(tx, purpose.kind(), &owner.pool_id, &mailbox, SIGN_UP_CODES_PER_MAILBOX)?;
    }
    Ok(())
}

/// The same for a stranger who must not learn whether there is such a user, and hence not how many messages that was
/// sent: where there were too many, no code is sent and the one before stays good.
pub fn send_discreetly(
    app: &App,
    tx: &mut Tx<'_>,
    pool: &Pool,
    user: &User,
    purpose: CodePurpose,
    draft: &Draft,
    now: Millis,
) -> Result<()> {
    match send(app, tx, pool, user, purpose, draft, now) {
        Err(refusal) if refusal.code == Code::TooManyRequestsException => {
            tracing::info!(reason = ?refusal.cause, "a code was not sent");
            equalize_statements(app, tx, purpose, &CodeOwner::unsent(user), &draft.recipient.to, now)
        }
        sent => sent.map(drop),
    }
}

/// Keeps for an unknown name that a code was asked for, with as many statements as [`send_discreetly`] takes for a
/// user who has the address of `simulated`: time must not tell either.
pub fn pretend(
    app: &App,
    tx: &mut Tx<'_>,
    pool: &Pool,
    purpose: CodePurpose,
    owner: &CodeOwner,
    simulated: &Recipient,
    now: Millis,
) -> Result<()> {
    outbox::look_for_room(app, tx, pool, simulated, now)?;
    equalize_statements(app, tx, purpose, owner, &simulated.to, now)
}

/// Runs the statements that store a message and its code, for a message that is not sent: a code that nothing equals,
/// and an UPDATE that touches no row in place of the INSERT of a message.
fn equalize_statements(
    app: &App,
    tx: &mut Tx<'_>,
    purpose: CodePurpose,
    owner: &CodeOwner,
    to: &str,
    now: Millis,
) -> Result<()> {
    // A mailbox of its own, so that it ends no code of the real one's.
    let [_, kind, _] = owner.parts();
    let elsewhere = format!("{kind}/{to}");
    keep(app, tx, purpose, owner, &elsewhere, now, &Kept { digest: None, proof: None })?;
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
    if let Err(refusal) = code_limits::count(app, tx, purpose.guesses(), owner, now)? {
        return Ok(Err(refusal));
    }
    let id = ticket_id(app, purpose, owner);
    let ticket = tickets::find::<Kept>(tx, purpose.kind(), &id)?;
    let Some(ticket) = ticket.filter(|ticket| ticket.expires_at > now) else {
        return Ok(Err(fault::code_expired()));
    };
    // What proves an address that is nobody's yet is guessed at from many accounts, so each address has its own number
    // of wrong guesses.
    let address = ticket.document.proof.as_ref().filter(|_| purpose.proves_address());
    let address = address.map(|proof| CodeOwner::address(&owner.pool_id, &proof.to));
    if let Some(address) = &address
        && code_limits::is_used_up(app, tx, Limit::WrongGuessesAtAddress, address, now)?
    {
        return Ok(Err(fault::attempt_limit_exceeded()));
    }
    let submitted = digest(app, purpose, owner, submitted);
    let is_right = ticket.document.digest.is_some_and(|kept| kept.ct_eq(&submitted).into());
    let Some(proof) = ticket.document.proof.filter(|_| is_right) else {
        if let Some(address) = &address {
            let _counted = code_limits::count(app, tx, Limit::WrongGuessesAtAddress, address, now)?;
        }
        return Ok(Err(fault::code_mismatch()));
    };
    tickets::delete(tx, purpose.kind(), &id)?;
    code_limits::forget(app, tx, purpose.guesses(), owner)?;
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
    if code_limits::is_used_up(app, tx, limit, owner, now)? {
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

fn ticket_id(app: &App, purpose: CodePurpose, owner: &CodeOwner) -> [u8; 32] {
    let [pool_id, kind, id] = owner.parts();
    app.vault.mac("code-ticket", &[pool_id, kind, id, purpose.attribute()])
}

fn mailbox_id(app: &App, pool_id: &PoolId, to: &str) -> [u8; 32] {
    app.vault.mac("code-mailbox", &[pool_id, &recipients::mailbox(to)])
}

fn digest(app: &App, purpose: CodePurpose, owner: &CodeOwner, code: &str) -> [u8; 32] {
    let [pool_id, kind, id] = owner.parts();
    app.vault.mac("code", &[purpose.message().as_str(), pool_id, kind, id, purpose.attribute(), code])
}
