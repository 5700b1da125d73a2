//! The sign-in as a value: what has been proved, what is asked now, and the one function that decides what follows.
//!
//! Every flow runs this machine, so a check (disabled, unconfirmed, temporary password, second factor) stands once
//! and no flow can forget it. Cryptography and storage are the server's: what comes in has been compared already.

mod challenge;
mod checks;
pub mod custom;
pub mod first_factor;
pub mod lockout;
pub mod mfa;
pub mod session;
mod setup;
pub mod srp;
pub mod totp;

#[cfg(test)]
mod tests;

pub use challenge::{Awaited, Challenge, CustomAnswer, CustomQuestion, Input, Reply};
pub use checks::{check_enabled, check_status, factor_attribute};

use crate::{
    Millis, Result, Sealed, fault,
    ids::{ClientId, PoolId, Sub},
    pool::{Client, Pool},
    tokens::customization::Customization,
    triggers::challenges::Round,
    user::{MfaFactor, User},
};
use checks::{
    check_address, check_temporary_age, mfa_challenge, password_mark, take_code, take_new_password,
    totp_fault,
};
use mfa::NextFactor;
use serde::{Deserialize, Serialize};
use spec::cognito_idp::UserStatusType;

/// A sign-in under way, stored whole between two requests.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignIn {
    /// The pool.
    pub pool_id: PoolId,
    /// The client that started it; no other may go on with it.
    pub client_id: ClientId,
    /// The user who is signing in.
    pub sub: Sub,
    /// The typed name, where no user has it, sealed for [`SignIn::nobody_context`]: the same is asked then, and nothing
    /// ends in tokens. The sub is invented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nobody: Option<Sealed>,
    /// Whether a user's or an administrator's operation started it, which must also go on with it.
    pub side: Side,
    /// Who leads it.
    #[serde(default)]
    pub flow: Flow,
    /// What has been proved, in order.
    pub passed: Vec<Factor>,
    /// Which password was proved, by the salt that every password has of its own: the sign-in ends with it.
    pub password: Option<String>,
    /// What the functions that lead it are told: the questions so far. Nothing follows from it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rounds: Vec<Round>,
    /// What it waits for.
    #[serde(rename = "waiting_for")]
    pub waiting: Waiting,
}

/// What a sign-in under way waits for. Stored as the challenge itself, or null.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Waiting {
    /// The client's answer to a question.
    Answer(Challenge),
    /// A function's reply.
    #[serde(skip)]
    Reply(Awaited),
    /// The first proof.
    Start,
}

/// Who leads a sign-in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Flow {
    /// The machine: a password, and what the pool asks for beside it.
    #[default]
    Password,
    /// The pool's functions (CUSTOM_AUTH).
    Custom,
}

/// From which side a sign-in comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    /// InitiateAuth.
    User,
    /// AdminInitiateAuth.
    Operator,
}

/// A proof that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Factor {
    /// The password, in clear or by SRP.
    Password,
    /// A new password in place of a temporary one.
    NewPassword,
    /// A second factor.
    Mfa(MfaFactor),
    /// What the functions that lead the sign-in asked for.
    Custom,
}

/// What is known when a decision is made.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The pool.
    pub pool: &'a Pool,
    /// The client.
    pub client: &'a Client,
    /// The present.
    pub now: Millis,
}

/// What the caller of the rules must do now.
#[derive(Clone, Debug)]
pub enum Step {
    /// Store the sign-in and put its question to the client. A `Code` question has no code yet.
    Ask(Box<SignIn>),
    /// Run the function that the sign-in waits for, and go on with its reply.
    Invoke(Box<SignIn>),
    /// Give out tokens, changed as a function wants them.
    Done(Option<Box<Customization>>),
}

/// A decision, and the user as it is after it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What to do.
    pub step: Step,
    /// To be stored if it differs.
    pub user: User,
}

impl SignIn {
    /// A sign-in of which nothing has been proved.
    pub fn new(client: &Client, sub: &Sub, side: Side) -> SignIn {
        SignIn {
            pool_id: client.pool_id.clone(),
            client_id: client.id.clone(),
            sub: sub.clone(),
            nobody: None,
            side,
            flow: Flow::Password,
            passed: Vec::new(),
            password: None,
            rounds: Vec::new(),
            waiting: Waiting::Start,
        }
    }

    /// What the sealed name of a sign-in without a user is bound to.
    pub fn nobody_context(pool_id: &PoolId, sub: &Sub) -> String {
        format!("typed-name/{pool_id}/{sub}")
    }

    /// Checks what came back against what was asked, and decides what follows.
    ///
    /// # Errors
    /// The refusal to answer with. Nothing is stored then but what counts failures.
    pub fn advance(mut self, facts: &Facts<'_>, mut user: User, input: Input) -> Result<Outcome> {
        check_enabled(&user)?;
        let waiting = std::mem::replace(&mut self.waiting, Waiting::Start);
        if waiting != Waiting::Start {
            self.check_still_good(&user)?;
        }
        let challenge = match (waiting, input) {
            (Waiting::Start, Input::Password) if self.flow == Flow::Password && self.passed.is_empty() => {
                return self.take_password(facts, user);
            }
            (Waiting::Start, Input::Begin) if self.flow == Flow::Custom && self.passed.is_empty() => {
                check_status(&user)?;
                return self.next(facts, user);
            }
            (Waiting::Reply(awaited), Input::Reply(reply)) => {
                return self.take_reply(facts, user, awaited, reply);
            }
            (Waiting::Answer(challenge), input) => (challenge, input),
            _ => return Err(fault::session_invalid()),
        };
        match challenge {
            (Challenge::PasswordVerifier, Input::Password) => {
                self.note("PASSWORD_VERIFIER", true, None);
                return self.take_password(facts, user);
            }
            (Challenge::Custom(question), Input::Answer(answer)) => {
                return Ok(Outcome { step: self.invoke(Awaited::Verify { question, answer }), user });
            }
            (Challenge::NewPasswordRequired, Input::NewPassword { password, attributes }) => {
                take_new_password(&mut user, *password, attributes)?;
                self.passed.push(Factor::NewPassword);
                self.password = self.password.is_some().then(|| password_mark(&user)).flatten();
            }
            (Challenge::Code { factor, to, registers, .. }, Input::Code { factor: answered, matches })
                if factor == answered =>
            {
                check_address(facts.pool, &user, factor, &to, registers)?;
                if !matches {
                    return Err(fault::challenge_code_mismatch());
                }
                take_code(&mut user, factor, &to, registers);
                self.take(factor);
            }
            (Challenge::SoftwareToken, Input::SoftwareToken(result)) => {
                let step = result.map_err(totp_fault)?;
                let totp = user.mfa.totp.as_mut().ok_or_else(fault::challenge_code_mismatch)?;
                totp.last_step = Some(step);
                self.take(MfaFactor::SoftwareToken);
            }
            (Challenge::SelectMfa { factors }, Input::Choice(factor)) if factors.contains(&factor) => {
                return Ok(Outcome { step: self.ask(mfa_challenge(factor, &user)?), user });
            }
            (Challenge::MfaSetup { factors, totp }, input) => {
                return self.set_up(facts, factors, totp, user, input);
            }
            _ => return Err(fault::session_invalid()),
        }
        self.next(facts, user)
    }

    fn take_password(mut self, facts: &Facts<'_>, user: User) -> Result<Outcome> {
        check_status(&user)?;
        self.passed.push(Factor::Password);
        self.password = password_mark(&user);
        self.next(facts, user)
    }

    fn take(&mut self, factor: MfaFactor) {
        self.passed.push(Factor::Mfa(factor));
        self.note(factor.as_str(), true, None);
    }

    /// What follows after what has been proved; the only place that lets a sign-in end.
    fn next(self, facts: &Facts<'_>, user: User) -> Result<Outcome> {
        let has_password = self.passed.contains(&Factor::Password);
        if has_password && let Some(challenge) = self.after_password(facts, &user)? {
            return Ok(Outcome { step: self.ask(challenge), user });
        }
        if self.flow == Flow::Custom && !self.passed.contains(&Factor::Custom) {
            return Ok(Outcome { step: self.invoke(Awaited::Define), user });
        }
        // Unverified: that a custom sign-in without a password ends so for a user with a temporary one.
        if !has_password && self.owes_new_password(&user) {
            return Ok(Outcome { step: self.ask(Challenge::NewPasswordRequired), user });
        }
        self.finish(facts, user)
    }

    /// What a password alone does not suffice for. D: in custom sign-ins too, before their functions are asked again.
    fn after_password(&self, facts: &Facts<'_>, user: &User) -> Result<Option<Challenge>> {
        if self.owes_new_password(user) {
            check_temporary_age(facts, user)?;
            return Ok(Some(Challenge::NewPasswordRequired));
        }
        if self.passed.iter().any(|f| matches!(f, Factor::Mfa(_))) {
            return Ok(None);
        }
        Ok(match mfa::decide(facts.pool, user) {
            NextFactor::None => None,
            NextFactor::Challenge(factor) => Some(mfa_challenge(factor, user)?),
            NextFactor::Select(factors) => Some(Challenge::SelectMfa { factors }),
            NextFactor::SetUp(factors) => Some(Challenge::MfaSetup { factors, totp: None }),
        })
    }

    fn owes_new_password(&self, user: &User) -> bool {
        user.status == UserStatusType::ForceChangePassword && !self.passed.contains(&Factor::NewPassword)
    }

    /// Between two steps the password may be replaced or reset; what was proved by the old one is worth nothing then.
    fn check_still_good(&self, user: &User) -> Result<()> {
        check_status(user)?;
        if self.passed.contains(&Factor::Password) && self.password != password_mark(user) {
            return Err(fault::session_invalid().because("the password was changed since"));
        }
        Ok(())
    }

    fn ask(mut self, challenge: Challenge) -> Step {
        self.waiting = Waiting::Answer(challenge);
        Step::Ask(Box::new(self))
    }
}
