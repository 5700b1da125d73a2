//! The questions of a sign-in, and what may come back.

use super::{choice::FirstFactor, totp};
use crate::{
    Sealed,
    ids::{PoolId, Sub},
    tokens::customization::Customization,
    triggers::{Trigger, challenges::Next},
    user::{MfaFactor, Password, Totp},
};
use serde::{Deserialize, Serialize};
use spec::cognito_idp::ChallengeNameType;
use std::{collections::BTreeMap, fmt};
use zeroize::Zeroizing;

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
        /// Whether it was chosen as a proof of its own and does not follow the password.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        chosen: bool,
    },
    /// A code of the authenticator app.
    SoftwareToken,
    /// Which of several factors.
    SelectMfa {
        /// The ones to choose from.
        factors: Vec<MfaFactor>,
    },
    /// Which way to sign in, of several.
    Select {
        /// The ones to choose from.
        factors: Vec<FirstFactor>,
    },
    /// A signature by a passkey.
    Passkey {
        /// The random text that is signed.
        challenge: String,
    },
    /// The password by SRP, within a custom or choice-based sign-in.
    PasswordVerifier,
    /// The public value of a device that is to prove itself.
    DeviceSrp,
    /// The device's proof.
    DevicePasswordVerifier,
    /// Nothing: the code of a sign-up was right, and the Session is proof of it.
    SignedUp,
    /// A question that a function made.
    Custom(CustomQuestion),
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
            Challenge::Code { chosen: true, .. } => ChallengeNameType::SmsOtp,
            Challenge::Code { .. } => ChallengeNameType::SmsMfa,
            Challenge::SoftwareToken => ChallengeNameType::SoftwareTokenMfa,
            Challenge::SelectMfa { .. } => ChallengeNameType::SelectMfaType,
            Challenge::Select { .. } | Challenge::SignedUp => ChallengeNameType::SelectChallenge,
            Challenge::Passkey { .. } => ChallengeNameType::WebAuthn,
            Challenge::PasswordVerifier => ChallengeNameType::PasswordVerifier,
            Challenge::DeviceSrp => ChallengeNameType::DeviceSrpAuth,
            Challenge::DevicePasswordVerifier => ChallengeNameType::DevicePasswordVerifier,
            Challenge::Custom(_) => ChallengeNameType::CustomChallenge,
            Challenge::MfaSetup { .. } => ChallengeNameType::MfaSetup,
        }
    }
}

/// A question that a function made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CustomQuestion {
    /// What the client is shown.
    pub public: BTreeMap<String, String>,
    /// What the function keeps from the client, sealed for [`CustomQuestion::context`].
    pub private: Sealed,
    /// What the function calls the question.
    pub metadata: Option<String>,
}

impl CustomQuestion {
    /// What the sealed parameters of a question in a sign-in of this user are bound to.
    pub fn context(pool_id: &PoolId, sub: &Sub) -> String {
        format!("challenge-parameters/{pool_id}/{sub}")
    }
}

/// What a client answered to a question of a function's. Debug does not show it.
#[derive(Clone, PartialEq)]
pub struct CustomAnswer(pub Zeroizing<String>);

impl fmt::Debug for CustomAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomAnswer")
    }
}

/// Which function's reply is awaited. It is never stored: what waits for a function is in memory.
#[derive(Clone, Debug, PartialEq)]
pub enum Awaited {
    /// Which question comes next.
    Define,
    /// What the question is.
    Create,
    /// Whether the answer is right.
    Verify {
        /// The question.
        question: CustomQuestion,
        /// What the client answered.
        answer: CustomAnswer,
    },
    /// Whether the sign-in may end in tokens.
    PostAuthentication,
    /// What the tokens say.
    PreTokenGeneration,
}

impl Awaited {
    /// The trigger whose function it is.
    pub const fn trigger(&self) -> Trigger {
        match self {
            Awaited::Define => Trigger::DefineAuthChallenge,
            Awaited::Create => Trigger::CreateAuthChallenge,
            Awaited::Verify { .. } => Trigger::VerifyAuthChallengeResponse,
            Awaited::PostAuthentication => Trigger::PostAuthentication,
            Awaited::PreTokenGeneration => Trigger::PreTokenGeneration,
        }
    }
}

/// What a function replied, checked.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Which question comes next.
    Next(Next),
    /// The question.
    Question(CustomQuestion),
    /// Whether the answer was right.
    Verdict(bool),
    /// Nothing is to be said against it.
    Accepted,
    /// What the tokens say.
    Tokens(Box<Customization>),
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
    /// Nothing yet: a custom sign-in begins.
    Begin,
    /// How the user wants to sign in, if it was said.
    Choose(Option<FirstFactor>),
    /// A passkey's signature, which is good.
    Passkey {
        /// Whether the authenticator has verified its user.
        user_verified: bool,
        /// Whether it is a device of its own, as a security key is.
        roaming: bool,
    },
    /// A device's public value.
    DeviceBegins,
    /// A device's proof, which is good.
    DeviceProved,
    /// The Session of a sign-up whose code was right.
    SignedUp,
    /// An answer to a question of a function's.
    Answer(CustomAnswer),
    /// A function's reply.
    Reply(Reply),
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
