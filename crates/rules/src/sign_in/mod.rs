//! The sign-in as a value: what has been proved, what is asked now, and the one function that decides what follows.
//!
//! Every flow runs this machine, so a check (disabled, unconfirmed, temporary password, second factor) stands once
//! and no flow can forget it. Cryptography and storage are the server's: what comes in has been compared already.

mod advance;
pub mod assurance;
mod challenge;
mod checks;
pub mod choice;
pub mod custom;
mod device;
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
    Millis, Sealed,
    ids::{ClientId, PoolId, Sub},
    pool::{Client, Pool},
    tokens::customization::Customization,
    triggers::challenges::Round,
    user::{MfaFactor, User, device::Device},
};
use assurance::{Method, Target};
use serde::{Deserialize, Serialize};

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
    /// The device that the client says it is, a known one of the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// What has been proved, in order.
    pub passed: Vec<Factor>,
    /// Which password was proved, by the salt that every password has of its own: the sign-in ends with it.
    pub password: Option<String>,
    /// The level of assurance that it must reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
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
    /// The user's choice (USER_AUTH).
    Choice,
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
    /// A code as a proof of its own.
    Code(MfaFactor),
    /// The code of a sign-up that was confirmed a moment ago.
    SignUp(MfaFactor),
    /// A passkey.
    Passkey {
        /// Whether the authenticator has verified its user.
        user_verified: bool,
        /// Whether it is a device of its own, as a security key is.
        roaming: bool,
    },
    /// A remembered device.
    Device,
}

/// What is known when a decision is made.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The pool.
    pub pool: &'a Pool,
    /// The client.
    pub client: &'a Client,
    /// The device that the sign-in names, as it is now.
    pub device: Option<&'a Device>,
    /// Whether the user has a passkey for the pool's relying party; asked where the user may choose.
    pub has_passkey: bool,
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
    /// Give out tokens.
    Done(Box<Ending>),
}

/// What a sign-in leaves for its tokens.
#[derive(Clone, Debug, Default)]
pub struct Ending {
    /// What a function changes in them.
    pub customization: Option<Box<Customization>>,
    /// The known device that signed in.
    pub device: Option<String>,
    /// The name of the level that was reached, where one was wished for.
    pub acr: Option<String>,
    /// By which methods.
    pub methods: Vec<Method>,
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
            device: None,
            passed: Vec::new(),
            password: None,
            target: None,
            rounds: Vec::new(),
            waiting: Waiting::Start,
        }
    }

    /// What the sealed name of a sign-in without a user is bound to.
    pub fn nobody_context(pool_id: &PoolId, sub: &Sub) -> String {
        format!("typed-name/{pool_id}/{sub}")
    }
}
