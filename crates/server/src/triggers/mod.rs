//! Lambda triggers. They are not built: an operation whose trigger is configured is refused before it changes
//! anything, because skipping a company's own check would be worse than failing.

pub mod functions;
pub mod invocation;
mod lambda;
pub mod program;
pub mod unserved;
pub mod webhook;

use rules::{Fault, Result, messages::Medium, pool::Pool, triggers::Trigger};
use spec::Code;

/// Refuses where this trigger would run.
///
/// # Errors
/// UnexpectedLambdaException when the pool names a function for it.
pub fn refuse_configured(pool: &Pool, trigger: Trigger) -> Result<()> {
    if !trigger.is_configured(pool) {
        return Ok(());
    }
    let text = format!(
        "{} invocation failed due to error Lambda triggers are not supported by this version of Cognate.",
        trigger.as_str()
    );
    Err(Fault::new(Code::UnexpectedLambdaException, text))
}

/// Refuses where a message would be written or sent by a function.
///
/// # Errors
/// UnexpectedLambdaException when the pool names a function for such messages.
pub fn refuse_message(pool: &Pool, medium: Medium) -> Result<()> {
    refuse_configured(pool, Trigger::CustomMessage)?;
    match medium {
        Medium::Email => refuse_configured(pool, Trigger::CustomEmailSender),
        Medium::Sms => refuse_configured(pool, Trigger::CustomSmsSender),
    }
}
