//! One call of a function: what goes in, and what can come out beside a reply.

use axum::body::Bytes;
use rules::{ids::PoolId, triggers::Trigger};
use zeroize::Zeroizing;

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

/// Why there is no reply. Its texts quote no event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The function ran and refused: its error's message, which is shown to the caller.
    Refused {
        /// The message.
        message: String,
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
    /// Its kind, in metrics and the audit trail.
    pub const fn name(&self) -> &'static str {
        match self {
            Failure::Refused { .. } => "refused",
            Failure::Unavailable { .. } => "unavailable",
            Failure::TimedOut => "timed_out",
            Failure::Unreadable { .. } => "unreadable",
            Failure::Busy => "busy",
        }
    }

    /// Why, for the operator.
    pub fn reason(&self) -> String {
        match self {
            Failure::Refused { message } => format!("the function refused: {message}"),
            Failure::Unavailable { reason, .. } => format!("the function could not be run: {reason}"),
            Failure::TimedOut => "the function did not reply in time".to_owned(),
            Failure::Unreadable { reason } => format!("the function's reply cannot be read: {reason}"),
            Failure::Busy => "as many calls of the function as may run at once do".to_owned(),
        }
    }
}
