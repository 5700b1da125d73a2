//! What an operation is, and every address that is none: how much work it wants, which quota counts it, when its answer
//! leaves, whether it is audited, which parameter names a user, how long its body may be, who may read it from another
//! origin and in which form it fails. Each is chosen for each, without a default: a new operation does not compile
//! until it has its row.

mod identity_pools;
mod kms;
mod sts;
mod sync;
mod user_pools;

use crate::quotas::Category;
use serde_json::Value;
use spec::{
    Service, cognito_identity, cognito_idp, cognito_sync, kms as keys, shape::OperationSpec,
    sts as security_tokens,
};
use std::time::Duration;

/// The period of answers to sign-ins: each call of SRP takes up to two milliseconds. The hash of a password in clear
/// takes longer and varies more than all the rest, but who is locked out is refused without one.
const SIGN_IN_PERIOD: Duration = Duration::from_millis(5);
/// The period of what keeps a code and a message, or only says so, and waits for the disk.
const MESSAGE_PERIOD: Duration = Duration::from_millis(20);

/// The challenge whose answer sets a password.
const NEW_PASSWORD_REQUIRED: &str = "NEW_PASSWORD_REQUIRED";

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// An operation of user pools.
    UserPools(cognito_idp::Operation),
    /// An operation of identity pools.
    IdentityPools(cognito_identity::Operation),
    /// An operation of Sync.
    Sync(cognito_sync::Operation),
    /// An operation of STS.
    Sts(security_tokens::Operation),
    /// An operation of KMS.
    Kms(keys::Operation),
    /// What no operation was found for, in the words of the service that was meant.
    Unknown(Service),
    /// A pool's public keys or its discovery document.
    WellKnown,
    /// A browser's question before a call.
    Preflight,
    /// What `/` tells a person.
    FrontPage,
    /// `/_cognate/health/live` and `/_cognate/health/ready`.
    Health,
    /// `/_cognate/metrics`.
    Metrics,
    /// `/_cognate/outbox` and what is under it.
    Outbox,
    /// `/_cognate/clock`.
    Clock,
    /// `/_cognate/reset`.
    Reset,
    /// Any other address under `/_cognate`.
    NotFound,
}

/// How much a call will want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Signatures and exponentiations.
    Light,
    /// A hash of a password, and the rest.
    Hash,
}

/// Whether a call begins something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// It can as well come again.
    New,
    /// What was done for the call before it would be lost.
    Continuing,
}

/// Whether a call is recorded in the audit trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audited {
    /// Whatever becomes of it: it changes something, proves somebody or issues a token.
    Always,
    /// Where it was asked without the right to it.
    WithoutRight,
    /// Never: it is no operation.
    Never,
}

/// How long a body may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// What the settings allow a call.
    OfCall,
    /// A line or two.
    Short,
    /// None is read.
    Unread,
}

/// Which web pages may read an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Those of any origin.
    AnyOrigin,
    /// Those of the server itself.
    OwnOrigin,
}

/// How a failure is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As the service tells it.
    Aws(Service),
    /// As JSON, with the status that a document has which is not there.
    Document,
    /// As a line of text.
    Text,
}

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Everybody; what proves that they may is the operation's own matter.
    Everybody,
    /// Whoever shows the token of the settings, or is on this machine where they have none.
    Token,
    /// Whoever develops on this machine.
    Development,
}

/// Work, as a row says it.
#[derive(Clone, Copy)]
enum Work {
    /// Nothing that is admitted beforehand: no hash, or one only where a code is right.
    Little,
    Signature,
    Hash,
    /// As AuthFlow says.
    ByFlow,
    /// As ChallengeName says.
    ByChallenge,
}

/// When an answer leaves, as a row says it.
#[derive(Clone, Copy)]
enum Leaves {
    AtOnce,
    InMessagePeriods,
    /// In a sign-in's periods where a password or a key is proved, in those of messages where a code is.
    ByProof,
}

/// Which parameter names a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    Nowhere,
    InUsername,
    InAuthParameters,
    InChallengeResponses,
}

/// What is said of an operation in one line.
struct Row {
    quota: Option<Category>,
    work: Work,
    leaves: Leaves,
    audited: Audited,
    names: Names,
}

impl Endpoint {
    /// The name in logs, numbers and the audit trail.
    pub fn name(self) -> &'static str {
        match self {
            Endpoint::UserPools(_)
            | Endpoint::IdentityPools(_)
            | Endpoint::Sync(_)
            | Endpoint::Sts(_)
            | Endpoint::Kms(_) => self.spec().map_or("unknown", |spec| spec.name),
            Endpoint::Unknown(_) => "unknown",
            Endpoint::WellKnown => "well-known",
            Endpoint::Preflight => "preflight",
            Endpoint::FrontPage => "front-page",
            Endpoint::Health => "health",
            Endpoint::Metrics => "metrics",
            Endpoint::Outbox => "outbox",
            Endpoint::Clock => "clock",
            Endpoint::Reset => "reset",
            Endpoint::NotFound => "not-found",
        }
    }

    /// What the model says of an operation.
    pub fn spec(self) -> Option<&'static OperationSpec> {
        match self {
            Endpoint::UserPools(operation) => Some(operation.spec()),
            Endpoint::IdentityPools(operation) => Some(operation.spec()),
            Endpoint::Sync(operation) => Some(operation.spec()),
            Endpoint::Sts(operation) => Some(operation.spec()),
            Endpoint::Kms(operation) => Some(operation.spec()),
            Endpoint::Unknown(_)
            | Endpoint::WellKnown
            | Endpoint::Preflight
            | Endpoint::FrontPage
            | Endpoint::Health
            | Endpoint::Metrics
            | Endpoint::Outbox
            | Endpoint::Clock
            | Endpoint::Reset
            | Endpoint::NotFound => None,
        }
    }

    /// In which form it fails.
    pub fn form(self) -> Form {
        match self {
            Endpoint::UserPools(_) | Endpoint::Preflight | Endpoint::FrontPage => {
                Form::Aws(Service::CognitoIdp)
            }
            Endpoint::IdentityPools(_) => Form::Aws(Service::CognitoIdentity),
            Endpoint::Sync(_) => Form::Aws(Service::CognitoSync),
            Endpoint::Sts(_) => Form::Aws(Service::Sts),
            Endpoint::Kms(_) => Form::Aws(Service::Kms),
            Endpoint::Unknown(service) => Form::Aws(service),
            Endpoint::WellKnown => Form::Document,
            Endpoint::Health
            | Endpoint::Metrics
            | Endpoint::Outbox
            | Endpoint::Clock
            | Endpoint::Reset
            | Endpoint::NotFound => Form::Text,
        }
    }

    /// The service whose protocol it speaks; that of user pools where it speaks none.
    pub fn service(self) -> Service {
        match self.form() {
            Form::Aws(service) => service,
            Form::Document | Form::Text => Service::CognitoIdp,
        }
    }

    /// How long its body may be.
    pub fn body(self) -> Body {
        match self {
            Endpoint::UserPools(_)
            | Endpoint::IdentityPools(_)
            | Endpoint::Sync(_)
            | Endpoint::Sts(_)
            | Endpoint::Kms(_)
            | Endpoint::Unknown(_) => Body::OfCall,
            Endpoint::Clock | Endpoint::Reset => Body::Short,
            Endpoint::WellKnown
            | Endpoint::Preflight
            | Endpoint::FrontPage
            | Endpoint::Health
            | Endpoint::Metrics
            | Endpoint::Outbox
            | Endpoint::NotFound => Body::Unread,
        }
    }

    /// Who may read its answer from another origin.
    pub fn readers(self) -> Readers {
        match self {
            Endpoint::UserPools(_)
            | Endpoint::IdentityPools(_)
            | Endpoint::Sync(_)
            | Endpoint::Sts(_)
            | Endpoint::Unknown(_)
            | Endpoint::WellKnown
            | Endpoint::Preflight
            | Endpoint::FrontPage => Readers::AnyOrigin,
            Endpoint::Kms(_)
            | Endpoint::Health
            | Endpoint::Metrics
            | Endpoint::Outbox
            | Endpoint::Clock
            | Endpoint::Reset
            | Endpoint::NotFound => Readers::OwnOrigin,
        }
    }

    /// Who may ask.
    pub fn reach(self) -> Reach {
        match self {
            Endpoint::UserPools(_)
            | Endpoint::IdentityPools(_)
            | Endpoint::Sync(_)
            | Endpoint::Sts(_)
            | Endpoint::Kms(_)
            | Endpoint::Unknown(_)
            | Endpoint::WellKnown
            | Endpoint::Preflight
            | Endpoint::FrontPage
            | Endpoint::Health
            | Endpoint::NotFound => Reach::Everybody,
            Endpoint::Metrics => Reach::Token,
            Endpoint::Outbox | Endpoint::Clock | Endpoint::Reset => Reach::Development,
        }
    }

    /// The quota that counts a call with this checked input; an answer to NEW_PASSWORD_REQUIRED sets a password.
    pub fn quota(self, input: &Value) -> Option<Category> {
        match self.row()?.quota? {
            Category::ChallengeResponses if challenge(input) == Some(NEW_PASSWORD_REQUIRED) => {
                Some(Category::UserAccountRecovery)
            }
            category => Some(category),
        }
    }

    /// What a call with this checked input will want, where that is known beforehand.
    pub fn cost(self, input: &Value) -> Option<(Cost, Priority)> {
        let either = |hashes: bool| if hashes { Cost::Hash } else { Cost::Light };
        match self.row()?.work {
            Work::Little => None,
            Work::Signature => Some((Cost::Light, Priority::New)),
            Work::Hash => Some((Cost::Hash, Priority::New)),
            Work::ByFlow => Some((either(proof(input) == Proof::Password), Priority::New)),
            Work::ByChallenge => match proof(input) {
                // Nothing was proved before, so nothing is lost.
                Proof::Password => Some((Cost::Hash, Priority::New)),
                Proof::NewPassword => Some((Cost::Hash, Priority::Continuing)),
                _ => Some((Cost::Light, Priority::Continuing)),
            },
        }
    }

    /// At whose multiples the answer to a call with this checked input leaves, if not at once: its time could tell a
    /// stranger which names exist.
    pub fn period(self, input: &Value) -> Option<Duration> {
        match self.row()?.leaves {
            Leaves::AtOnce => None,
            Leaves::InMessagePeriods => Some(MESSAGE_PERIOD),
            Leaves::ByProof => match proof(input) {
                Proof::Password | Proof::Arithmetic => Some(SIGN_IN_PERIOD),
                Proof::Code => Some(MESSAGE_PERIOD),
                Proof::NewPassword | Proof::Other => None,
            },
        }
    }

    /// Whether it is audited.
    pub fn audited(self) -> Audited {
        self.row().map_or(Audited::Never, |row| row.audited)
    }

    /// The user's name in a checked input, as it was typed.
    pub fn typed_name(self, input: &Value) -> Option<&str> {
        match self.row()?.names {
            Names::Nowhere => None,
            Names::InUsername => input["Username"].as_str(),
            Names::InAuthParameters => input["AuthParameters"]["USERNAME"].as_str(),
            Names::InChallengeResponses => input["ChallengeResponses"]["USERNAME"].as_str(),
        }
    }

    /// Whether the typed name is what an operator wrote, who may name users that are gone. What people type into a
    /// form may be anything, even a password, and a back end passes it on as it came.
    pub fn is_named_by_operator(self) -> bool {
        let is_signed = self.spec().is_some_and(|spec| spec.signed);
        is_signed && self.row().is_some_and(|row| row.names == Names::InUsername)
    }

    /// The operation's row; none for what is no operation.
    fn row(self) -> Option<Row> {
        match self {
            Endpoint::UserPools(operation) => Some(user_pools::row(operation)),
            Endpoint::IdentityPools(operation) => Some(identity_pools::row(operation)),
            Endpoint::Sync(operation) => Some(sync::row(operation)),
            Endpoint::Sts(operation) => Some(sts::row(operation)),
            Endpoint::Kms(operation) => Some(kms::row(operation)),
            Endpoint::Unknown(_)
            | Endpoint::WellKnown
            | Endpoint::Preflight
            | Endpoint::FrontPage
            | Endpoint::Health
            | Endpoint::Metrics
            | Endpoint::Outbox
            | Endpoint::Clock
            | Endpoint::Reset
            | Endpoint::NotFound => None,
        }
    }
}

/// What a step of a sign-in proves, or asks to be proved.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// A password in clear.
    Password,
    /// A password that replaces another.
    NewPassword,
    /// What is computed: SRP, or a passkey's signature; or which of these it shall be.
    Arithmetic,
    /// A code that is sent to whoever asks.
    Code,
    /// What follows a proof, or needs no user name.
    Other,
}

/// What this call proves, by AuthFlow, ChallengeName, PREFERRED_CHALLENGE and ANSWER.
fn proof(input: &Value) -> Proof {
    let by_choice = |choice: Option<&str>| match choice {
        Some("PASSWORD") => Proof::Password,
        Some("EMAIL_OTP" | "SMS_OTP") => Proof::Code,
        _ => Proof::Arithmetic,
    };
    match (flow(input), challenge(input)) {
        (Some("USER_PASSWORD_AUTH" | "ADMIN_USER_PASSWORD_AUTH" | "ADMIN_NO_SRP_AUTH"), _) => Proof::Password,
        (Some("USER_SRP_AUTH"), _) => Proof::Arithmetic,
        (Some("USER_AUTH"), _) => by_choice(input["AuthParameters"]["PREFERRED_CHALLENGE"].as_str()),
        (None, Some("SELECT_CHALLENGE")) => by_choice(input["ChallengeResponses"]["ANSWER"].as_str()),
        (None, Some(NEW_PASSWORD_REQUIRED)) => Proof::NewPassword,
        (None, Some("PASSWORD" | "PASSWORD_SRP" | "EMAIL_OTP" | "SMS_OTP")) => by_choice(challenge(input)),
        (None, Some("PASSWORD_VERIFIER" | "WEB_AUTHN" | "DEVICE_SRP_AUTH")) => Proof::Arithmetic,
        _ => Proof::Other,
    }
}

fn flow(input: &Value) -> Option<&str> {
    input["AuthFlow"].as_str()
}

fn challenge(input: &Value) -> Option<&str> {
    input["ChallengeName"].as_str()
}

#[cfg(test)]
mod tests;
