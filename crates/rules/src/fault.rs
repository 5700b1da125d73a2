//! Every error text the APIs can speak, a function per situation, and the one type that carries them.
//!
//! The comment behind a text says where it is known from: `V` captured from the service, `P` pasted in public
//! issues, `D` documentation, `C` read in a client; `Unverified` means that only the situation is known.

use spec::Code;
use std::{borrow::Cow, fmt};

mod administration;
mod callers;
mod configuration;
mod devices;
mod kms;
mod passkeys;
mod recovery;
mod requests;
mod sign_in;
mod tokens;
mod triggers;

pub use administration::*;
pub use callers::*;
pub use configuration::*;
pub use devices::*;
pub use kms::*;
pub use passkeys::*;
pub use recovery::*;
pub use requests::*;
pub use sign_in::*;
pub use tokens::*;
pub use triggers::*;

/// What every operation answers.
pub type Result<T> = std::result::Result<T, Fault>;

/// What went wrong: a wire name and text for the caller, and the cause for the operator's log.
#[derive(Debug)]
pub struct Fault {
    /// The error's name.
    pub code: Code,
    /// The text that the caller reads.
    pub message: Cow<'static, str>,
    /// What the operator reads; never sent to the caller and never holding a secret.
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Fault {
    /// A refusal with AWS's name and text.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Fault {
        Fault { code, message: message.into(), cause: None }
    }

    /// The same refusal with a reason for the operator's log.
    pub fn because(mut self, reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Fault {
        self.cause = Some(reason.into());
        self
    }

    /// The same refusal once more, for what may run again.
    pub fn again(&self) -> Fault {
        let fault = Fault::new(self.code, self.message.clone());
        match &self.cause {
            Some(cause) => fault.because(cause.to_string()),
            None => fault,
        }
    }

    /// A failure of our own: logged with its cause, answered without detail.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Fault {
        // Unverified: the service's text for its own failures.
        Fault::new(Code::InternalErrorException, "An internal error occurred.").because(cause)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.message)
    }
}

impl std::error::Error for Fault {}

/// InvalidParameterException with a text of the caller's.
pub fn invalid_parameter(message: impl Into<Cow<'static, str>>) -> Fault {
    Fault::new(Code::InvalidParameterException, message)
}

/// NotAuthorizedException with a text of the caller's.
pub(crate) fn not_authorized(message: impl Into<Cow<'static, str>>) -> Fault {
    Fault::new(Code::NotAuthorizedException, message)
}

/// A collision with another change of the same thing, to be tried again.
pub fn concurrent_modification() -> Fault {
    // Unverified: text.
    Fault::new(Code::ConcurrentModificationException, "The resource was changed at the same time. Try again.")
}

/// The fault as an operation may answer it. What happens to a user in the middle of a call, every operation may
/// meet, but not every model declares it: then it becomes the nearest error that all operations know. Unverified:
/// what the service answers there.
pub fn declared(errors: &[Code], fault: Fault) -> Fault {
    if errors.contains(&fault.code) {
        return fault;
    }
    match fault.code {
        Code::UserNotFoundException => access_token_revoked().because("the user is gone"),
        Code::PasswordResetRequiredException
        | Code::RefreshTokenReuseException
        | Code::UserNotConfirmedException => Fault { code: Code::NotAuthorizedException, ..fault },
        Code::AliasExistsException => Fault { code: Code::InvalidParameterException, ..fault },
        Code::ConcurrentModificationException => too_many_requests().because("a concurrent modification"),
        Code::LimitExceededException => too_many_requests().because("a limit of attempts is used up"),
        _ => fault,
    }
}

/// The server has more work than it can carry.
pub fn too_many_requests() -> Fault {
    // P: pasted by users of Amplify and boto3.
    Fault::new(Code::TooManyRequestsException, "Rate exceeded")
}

/// A per-user or per-code limit is used up. P
pub fn attempt_limit_exceeded() -> Fault {
    Fault::new(Code::LimitExceededException, "Attempt limit exceeded, please try after some time.")
}

/// A feature that is stored but whose effect is not built: refused rather than ignored.
pub fn not_built(what: &str) -> Fault {
    invalid_parameter(format!(
        "{what} is not supported by this version of Cognate. See docs/compatibility.md."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_answers_what_it_declares() {
        use Code::*;
        for (fault, errors, code, message) in [
            (
                user_does_not_exist(),
                &[UserNotFoundException][..],
                UserNotFoundException,
                "User does not exist.",
            ),
            (user_does_not_exist(), &[], NotAuthorizedException, "Access Token has been revoked"),
            (
                alias_exists("email"),
                &[],
                InvalidParameterException,
                "An account with the given email already exists.",
            ),
            (user_is_not_confirmed(), &[], NotAuthorizedException, "User is not confirmed."),
            (refresh_token_reused(), &[], NotAuthorizedException, "Refresh token has been reused"),
            (concurrent_modification(), &[], TooManyRequestsException, &too_many_requests().message),
            (attempt_limit_exceeded(), &[], TooManyRequestsException, &too_many_requests().message),
            (code_mismatch(), &[], CodeMismatchException, &code_mismatch().message),
        ] {
            let answered = declared(errors, fault);
            assert_eq!((answered.code, &*answered.message), (code, message));
        }
    }
}
