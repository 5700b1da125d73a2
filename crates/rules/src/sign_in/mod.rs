//! The sign-in as a value: what has been proved, what is asked now, and the one function that decides what follows.
//!
//! Every flow runs this machine, so a check (disabled, unconfirmed, temporary password, second factor) stands once
//! and no flow can forget it. Cryptography and storage are the server's: what comes in has been compared already.

pub mod first_factor;
pub mod lockout;
pub mod mfa;
pub mod session;
pub mod srp;
pub mod totp;

#[cfg(test)]
mod tests;

use crate::{
    DAY, Millis, Result, Sealed, fault,
    ids::{ClientId, PoolId, Sub},
    pool::{Client, Pool},
    user::{MfaFactor, Password, Totp, User, attributes},
};
use mfa::NextFactor;
use serde::{Deserialize, Serialize};
use spec::cognito_idp::{AttributeType, ChallengeNameType, UserStatusType};
use std::collections::BTreeMap;

/// A sign-in under way, stored whole between two requests.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignIn {
    /// The pool.
    pub pool_id: PoolId,
    /// The client that started it; no other may go on with it.
    pub client_id: ClientId,
    /// The user who is signing in.
    pub sub: Sub,
    /// Whether a user's or an administrator's operation started it, which must also go on with it.
    pub side: Side,
    /// What has been proved, in order.
    pub passed: Vec<Factor>,
    /// Which password was proved, by the salt that every password has of its own: the sign-in ends with it.
    pub password: Option<String>,
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
    /// The first proof.
    Start,
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
}

/// A question put to the client, with what its check needs. The hash of its code is of no use without the server's key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Challenge {
    /// A permanent password in place of a temporary one.
    NewPasswordRequired,
    /// A code by SMS or e-mail.
    Code {
        /// By which medium.
        factor: MfaFactor,
        /// The code, hashed under a key of the server's.
        code: Vec<u8>,
        /// Where it went.
        to: String,
        /// Whether the address is new and becomes the user's when the code is right.
        registers: bool,
    },
    /// A code of the authenticator app.
    SoftwareToken,
    /// Which of several factors.
    SelectMfa {
        /// The ones to choose from.
        factors: Vec<MfaFactor>,
    },
    /// A second factor must be set up first.
    MfaSetup {
        /// The ones that can be.
        factors: Vec<MfaFactor>,
        /// The authenticator app that is being registered.
        totp: Option<Totp>,
    },
}

impl Challenge {
    /// The name on the wire.
    pub fn name(&self) -> ChallengeNameType {
        match self {
            Challenge::NewPasswordRequired => ChallengeNameType::NewPasswordRequired,
            Challenge::Code { factor: MfaFactor::Email, .. } => ChallengeNameType::EmailOtp,
            Challenge::Code { .. } => ChallengeNameType::SmsMfa,
            Challenge::SoftwareToken => ChallengeNameType::SoftwareTokenMfa,
            Challenge::SelectMfa { .. } => ChallengeNameType::SelectMfaType,
            Challenge::MfaSetup { .. } => ChallengeNameType::MfaSetup,
        }
    }
}

/// What came back, compared already.
#[derive(Clone, Debug)]
pub enum Input {
    /// The right password.
    Password,
    /// A new password that meets the policy, and attributes that the client may write.
    NewPassword {
        /// What is kept of it.
        password: Box<Password>,
        /// Checked attributes.
        attributes: BTreeMap<String, String>,
    },
    /// A code, and whether it is the one that was sent.
    Code {
        /// The challenge that the client says it answers.
        factor: MfaFactor,
        /// Whether the hashes are equal.
        matches: bool,
    },
    /// A code of the authenticator app, with the time step it was good for.
    SoftwareToken(std::result::Result<i64, totp::Refusal>),
    /// One of the factors to choose from.
    Choice(MfaFactor),
    /// A secret was given out for an authenticator app.
    SetupStarted(Sealed),
    /// The authenticator app has proved to hold the secret.
    SetupProved {
        /// The step of the code that proved it.
        step: i64,
        /// What the user calls it.
        device_name: Option<String>,
    },
    /// Setting up is done, or with an address continues by e-mail.
    SetupDone {
        /// An e-mail address to register.
        email: Option<String>,
    },
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
    /// Give out tokens.
    Done,
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
            side,
            passed: Vec::new(),
            password: None,
            waiting: Waiting::Start,
        }
    }

    /// Checks what came back against what was asked, and decides what follows.
    ///
    /// # Errors
    /// The refusal to answer with. Nothing is stored then but what counts failures.
    pub fn advance(mut self, facts: &Facts<'_>, mut user: User, input: Input) -> Result<Outcome> {
        check_enabled(&user)?;
        let waiting = std::mem::replace(&mut self.waiting, Waiting::Start);
        let challenge = match waiting {
            Waiting::Start => None,
            Waiting::Answer(challenge) => {
                self.check_still_good(&user)?;
                Some(challenge)
            }
        };
        match (challenge, input) {
            (None, Input::Password) if self.passed.is_empty() => {
                check_after_password(&user)?;
                self.passed.push(Factor::Password);
                self.password = password_mark(&user);
            }
            (Some(Challenge::NewPasswordRequired), Input::NewPassword { password, attributes }) => {
                take_new_password(&mut user, *password, attributes)?;
                self.passed.push(Factor::NewPassword);
                self.password = password_mark(&user);
            }
            (
                Some(Challenge::Code { factor, to, registers, .. }),
                Input::Code { factor: answered, matches },
            ) if factor == answered => {
                check_address(facts.pool, &user, factor, &to, registers)?;
                if !matches {
                    return Err(fault::challenge_code_mismatch());
                }
                take_code(&mut user, factor, &to, registers);
                self.passed.push(Factor::Mfa(factor));
            }
            (Some(Challenge::SoftwareToken), Input::SoftwareToken(result)) => {
                let step = result.map_err(totp_fault)?;
                let totp = user.mfa.totp.as_mut().ok_or_else(fault::challenge_code_mismatch)?;
                totp.last_step = Some(step);
                self.passed.push(Factor::Mfa(MfaFactor::SoftwareToken));
            }
            (Some(Challenge::SelectMfa { factors }), Input::Choice(factor)) if factors.contains(&factor) => {
                return Ok(Outcome { step: self.ask(mfa_challenge(factor, &user)?), user });
            }
            (Some(Challenge::MfaSetup { factors, totp }), input) => {
                return self.set_up(facts, factors, totp, user, input);
            }
            _ => return Err(fault::session_invalid()),
        }
        self.next(facts, user)
    }

    /// What follows after what has been proved; the only place that lets a sign-in end in tokens.
    fn next(self, facts: &Facts<'_>, user: User) -> Result<Outcome> {
        if user.status == UserStatusType::ForceChangePassword && !self.passed.contains(&Factor::NewPassword) {
            check_temporary_age(facts, &user)?;
            return Ok(Outcome { step: self.ask(Challenge::NewPasswordRequired), user });
        }
        if self.passed.iter().any(|f| matches!(f, Factor::Mfa(_))) {
            return Ok(Outcome { step: Step::Done, user });
        }
        let step = match mfa::decide(facts.pool, &user) {
            NextFactor::None => Step::Done,
            NextFactor::Challenge(factor) => self.ask(mfa_challenge(factor, &user)?),
            NextFactor::Select(factors) => self.ask(Challenge::SelectMfa { factors }),
            NextFactor::SetUp(factors) => self.ask(Challenge::MfaSetup { factors, totp: None }),
        };
        Ok(Outcome { step, user })
    }

    /// Between two steps the password may be replaced or reset; what was proved by the old one is worth nothing then.
    fn check_still_good(&self, user: &User) -> Result<()> {
        check_after_password(user)?;
        if self.password != password_mark(user) {
            return Err(fault::session_invalid().because("the password was changed since"));
        }
        Ok(())
    }

    fn ask(mut self, challenge: Challenge) -> Step {
        self.waiting = Waiting::Answer(challenge);
        Step::Ask(Box::new(self))
    }

    /// Setting up a factor runs over several requests, each with a session of its own.
    fn set_up(
        mut self,
        facts: &Facts<'_>,
        factors: Vec<MfaFactor>,
        totp: Option<Totp>,
        mut user: User,
        input: Input,
    ) -> Result<Outcome> {
        let again = |factors, totp| Challenge::MfaSetup { factors, totp };
        match &totp {
            // What was set up here must still be what the user has.
            Some(proved) if proved.verified => check_is_users(&user, proved)?,
            _ => check_sets_up(facts.pool, &user)?,
        }
        match (totp, input) {
            (None | Some(Totp { verified: false, .. }), Input::SetupStarted(secret))
                if factors.contains(&MfaFactor::SoftwareToken) =>
            {
                let totp = Totp { secret, verified: false, last_step: None, device_name: None };
                Ok(Outcome { step: self.ask(again(factors, Some(totp))), user })
            }
            (Some(totp), Input::SetupProved { step, device_name }) if !totp.verified => {
                let totp = Totp { verified: true, last_step: Some(step), device_name, ..totp };
                // Proving it activates it, even if the client never answers MFA_SETUP. Seen in captures.
                user.mfa.totp = Some(totp.clone());
                user.mfa.software_token = true;
                user.mfa.preferred = user.mfa.preferred.or(Some(MfaFactor::SoftwareToken));
                Ok(Outcome { step: self.ask(again(factors, Some(totp))), user })
            }
            (Some(totp), Input::SetupDone { email: None }) if totp.verified => {
                self.passed.push(Factor::Mfa(MfaFactor::SoftwareToken));
                Ok(Outcome { step: Step::Done, user })
            }
            (None | Some(Totp { verified: false, .. }), Input::SetupDone { email: Some(to) })
                if factors.contains(&MfaFactor::Email) =>
            {
                check_may_register(facts, &to)?;
                let code =
                    Challenge::Code { factor: MfaFactor::Email, code: Vec::new(), to, registers: true };
                Ok(Outcome { step: self.ask(code), user })
            }
            _ => Err(fault::session_invalid()),
        }
    }
}

/// A disabled user is refused at every step.
pub fn check_enabled(user: &User) -> Result<()> {
    if user.enabled { Ok(()) } else { Err(fault::user_is_disabled()) }
}

/// What the right password alone does not open.
fn check_after_password(user: &User) -> Result<()> {
    match user.status {
        UserStatusType::Confirmed | UserStatusType::ForceChangePassword => Ok(()),
        UserStatusType::Unconfirmed => Err(fault::user_is_not_confirmed()),
        UserStatusType::ResetRequired => Err(fault::password_reset_required()),
        // The others have no password to sign in by.
        _ => Err(fault::incorrect_username_or_password()),
    }
}

fn password_mark(user: &User) -> Option<String> {
    user.password.as_ref().map(|password| password.srp_salt.clone())
}

/// Setting up is for who has no factor: otherwise a session that was kept would replace the one that the user has
/// set up since.
fn check_sets_up(pool: &Pool, user: &User) -> Result<()> {
    match mfa::decide(pool, user) {
        NextFactor::SetUp(_) => Ok(()),
        _ => Err(fault::session_invalid().because("the user has a factor by now")),
    }
}

fn check_is_users(user: &User, totp: &Totp) -> Result<()> {
    match &user.mfa.totp {
        Some(present) if present.secret == totp.secret => Ok(()),
        _ => Err(fault::session_invalid().because("the user has another authenticator app by now")),
    }
}

/// An address that is registered during a sign-in is an attribute that the client writes for its user.
fn check_may_register(facts: &Facts<'_>, email: &str) -> Result<()> {
    let address = AttributeType { name: "email".to_owned(), value: Some(email.to_owned()) };
    attributes::check_completion(facts.pool, facts.client, &[address]).map(drop)
}

/// A code counts only where it went to an address that is the user's, or becomes it as the first factor.
fn check_address(pool: &Pool, user: &User, factor: MfaFactor, to: &str, registers: bool) -> Result<()> {
    if registers {
        return check_sets_up(pool, user);
    }
    match user.attribute(factor_attribute(factor)) {
        Some(present) if present == to => Ok(()),
        _ => Err(fault::session_invalid().because("the address was changed since")),
    }
}

fn check_temporary_age(facts: &Facts<'_>, user: &User) -> Result<()> {
    let set_at = user.password.as_ref().map_or(0, |p| p.set_at);
    let ends_at = set_at + facts.pool.temporary_password_days() * DAY;
    if facts.now < ends_at { Ok(()) } else { Err(fault::temporary_password_expired()) }
}

fn take_new_password(
    user: &mut User,
    password: Password,
    attributes: BTreeMap<String, String>,
) -> Result<()> {
    // Pasted in public issues: what the user has already cannot be changed in this step.
    if let Some(name) = attributes.keys().find(|name| user.attributes.contains_key(*name)) {
        return Err(fault::cannot_modify_provided(name));
    }
    for address in ["email", "phone_number"].into_iter().filter(|a| attributes.contains_key(*a)) {
        user.set_verified(address, false);
    }
    user.attributes.extend(attributes);
    user.password = Some(password);
    user.status = UserStatusType::Confirmed;
    Ok(())
}

/// A right code proves the address that it went to, as far as it still is the user's.
fn take_code(user: &mut User, factor: MfaFactor, to: &str, registers: bool) {
    let attribute = factor_attribute(factor);
    if registers && !user.attributes.contains_key(attribute) {
        user.attributes.insert(attribute.to_owned(), to.to_owned());
        user.mfa.email |= factor == MfaFactor::Email;
        user.mfa.sms |= factor == MfaFactor::Sms;
    }
    if user.attribute(attribute) == Some(to) {
        user.set_verified(attribute, true);
    }
}

/// The attribute that holds a factor's address.
pub const fn factor_attribute(factor: MfaFactor) -> &'static str {
    match factor {
        MfaFactor::Email => "email",
        MfaFactor::Sms | MfaFactor::SoftwareToken => "phone_number",
    }
}

fn mfa_challenge(factor: MfaFactor, user: &User) -> Result<Challenge> {
    if factor == MfaFactor::SoftwareToken {
        return Ok(Challenge::SoftwareToken);
    }
    let to = user.attribute(factor_attribute(factor)).ok_or_else(fault::session_invalid)?.to_owned();
    Ok(Challenge::Code { factor, code: Vec::new(), to, registers: false })
}

fn totp_fault(refusal: totp::Refusal) -> fault::Fault {
    match refusal {
        totp::Refusal::Mismatch => fault::challenge_code_mismatch(),
        totp::Refusal::AlreadyUsed => fault::totp_used(),
    }
}
