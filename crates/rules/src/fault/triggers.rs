//! Functions that refuse, fail, or reply what nobody understands.

use super::Fault;
use crate::triggers::Trigger;
use spec::Code;

/// How much of a function's own error an answer repeats, in characters.
const MESSAGE_CHARACTERS_MAX: usize = 1024;

/// The function ran and refused. P: the service puts a full stop behind the function's own text.
pub fn function_refused(trigger: Trigger, message: &str) -> Fault {
    let message: String = message.chars().take(MESSAGE_CHARACTERS_MAX).collect();
    let text = format!("{} failed with error {message}.", trigger.as_str());
    Fault::new(Code::UserLambdaValidationException, text)
}

/// The function could not be run. M; `name` is that of an error.
pub fn function_unavailable(trigger: Trigger, name: &str) -> Fault {
    let text = format!("{} invocation failed due to error {name}.", trigger.as_str());
    Fault::new(Code::UnexpectedLambdaException, text)
}

/// The function did not reply in time. I
pub fn function_timed_out(trigger: Trigger) -> Fault {
    function_unavailable(trigger, "Socket timeout while invoking Lambda function")
}

/// The function's reply is no JSON. I
pub fn lambda_output_no_json() -> Fault {
    Fault::new(Code::InvalidLambdaResponseException, "Invalid lambda function output : Invalid JSON")
}

/// The function's reply is not the event's, or a member of it has another type. I
pub fn lambda_output_unrecognizable() -> Fault {
    Fault::new(Code::InvalidLambdaResponseException, "Unrecognizable lambda output")
}

/// A name that no user has, and for which UserMigration describes none. I
pub fn migration_failed(client_id: &str) -> Fault {
    let text = format!("Exception migrating user in app client {client_id}");
    Fault::new(Code::UserNotFoundException, text)
}
