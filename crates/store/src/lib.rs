//! What Cognate remembers: SQL and nothing else, one SQL text for two engines.

pub mod access_keys;
pub mod attempts;
pub mod clients;
pub mod db;
pub mod devices;
pub mod events;
pub mod grants;
pub mod groups;
pub mod keys;
pub mod outbox;
pub mod passkeys;
pub mod pools;
pub mod sealed;
pub mod sessions;
pub mod settings;
pub mod tickets;
pub mod user_search;
pub mod users;
pub mod wipe;

pub use db::{Db, Error, Param, Row, Tx};

use rules::{Fault, fault};
use serde::{Serialize, de::DeserializeOwned};

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        match error {
            // Both may be tried again: nothing was done.
            Error::Overloaded | Error::Conflict { .. } => fault::too_many_requests().because(error),
            // Unverified: what the service says of a NUL character; it is the caller's mistake, not a failure.
            Error::NulInText { .. } => {
                fault::invalid_parameter("A value holds a NUL character.").because(error)
            }
            error if error.is_dangling() => fault::pool_is_gone().because(error),
            error => Fault::internal(error),
        }
    }
}

/// Whether a write was given up because it kept colliding with others; it may be tried again.
pub fn is_collision(fault: &Fault) -> bool {
    let cause = fault.cause.as_ref().and_then(|cause| cause.downcast_ref::<Error>());
    matches!(cause, Some(Error::Conflict { .. }))
}

/// A JSON document of a row.
fn to_json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Document(error.to_string()))
}

fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    // serde_json's messages can quote the document, so only its place is kept.
    serde_json::from_str(text)
        .map_err(|error| Error::Document(format!("line {} column {}", error.line(), error.column())))
}
