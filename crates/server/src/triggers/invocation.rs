//! One call of a function: what goes in, and what can come out beside a reply.

use super::blot::Secrets;
use axum::body::Bytes;
use rules::{ids::PoolId, triggers::Trigger};
use std::{fmt, ops::Deref};
use zeroize::Zeroizing;

/// How much of a function's own error is kept, in characters.
const ERROR_CHARACTERS_MAX: usize = 1024;

/// The kind of failure that is a decision of the function's.
pub const REFUSED: &str = "refused";

/// One call of a function. It has no Debug, because its event holds passwords and codes.
#[derive(Clone)]
pub struct Invocation {
    /// The function's ARN, as the pool has it.
    pub arn: String,
    /// The pool that names it.
    pub pool_id: PoolId,
    /// For which trigger it runs.
    pub trigger: Trigger,
    /// The event: a JSON object.
    pub event: Bytes,
    /// The name of the request that it runs for.
    pub request_id: String,
    /// What stands in the event and belongs into no log: passwords, codes, answers, private parameters.
    pub secrets: Vec<Zeroizing<String>>,
}

/// What a function says of its failure. The caller reads it as it was said; logs and events without the secrets of the
/// call, which it may quote.
#[derive(Clone, PartialEq, Eq)]
pub struct Said {
    text: String,
    shown: String,
}

impl Said {
    /// The beginning of a text.
    pub(super) fn new(text: &str, secrets: &[Zeroizing<String>]) -> Said {
        let end = text.char_indices().nth(ERROR_CHARACTERS_MAX).map(|(end, _)| end);
        let text = &text[..end.unwrap_or(text.len())];
        let shown = Secrets::new(secrets).blotted(text, end.is_some());
        Said { text: text.to_owned(), shown }
    }

    /// For logs and events.
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

/// For the caller.
impl Deref for Said {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shown.fmt(f)
    }
}

/// Why there is no reply. Its texts quote no event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The function ran and refused: its error's message, which is shown to the caller.
    Refused {
        /// The message.
        message: Said,
    },
    /// The function could not be run.
    Unavailable {
        /// The error's name in the answer, such as AccessDeniedException.
        name: String,
        /// Why, for the operator.
        reason: String,
    },
    /// It did not reply in time.
    TimedOut,
    /// Its reply is no JSON, or too long.
    Unreadable {
        /// What is wrong, for the operator.
        reason: String,
    },
    /// As many calls of it as may run at once do.
    Busy,
}

impl Failure {
    /// The function ran and refused.
    pub(super) fn refused(text: &str, secrets: &[Zeroizing<String>]) -> Failure {
        Failure::Refused { message: Said::new(text, secrets) }
    }

    /// Its kind, in metrics and the audit trail.
    pub const fn name(&self) -> &'static str {
        match self {
            Failure::Refused { .. } => REFUSED,
            Failure::Unavailable { .. } => "unavailable",
            Failure::TimedOut => "timed_out",
            Failure::Unreadable { .. } => "unreadable",
            Failure::Busy => "busy",
        }
    }

    /// Why, for the operator.
    pub fn reason(&self) -> String {
        match self {
            Failure::Refused { message } => format!("the function refused: {}", message.shown()),
            Failure::Unavailable { reason, .. } => format!("the function could not be run: {reason}"),
            Failure::TimedOut => "the function did not reply in time".to_owned(),
            Failure::Unreadable { reason } => format!("the function's reply cannot be read: {reason}"),
            Failure::Busy => "as many calls of the function run as its entry's concurrency says".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_functions_error_is_cut_and_shown_without_secrets() {
        let secrets = [Zeroizing::new("Passw0rd!".to_owned())];
        let long = format!("{}Passw0rd!", "ä".repeat(1_020));
        for (text, said, shown) in [
            ("no Passw0rd! here", "no Passw0rd! here", "no *** here".to_owned()),
            (&long, &*format!("{}Pass", "ä".repeat(1_020)), format!("{}***", "ä".repeat(1_020))),
            ("", "", String::new()),
        ] {
            let failure = Failure::refused(text, &secrets);
            let Failure::Refused { message } = &failure else { panic!("{failure:?}") };
            assert_eq!((&**message, message.shown()), (said, &*shown));
            assert_eq!(failure.reason(), format!("the function refused: {shown}"));
            assert!(!format!("{failure:?}").contains("Pass"));
        }
    }
}
