//! Everything Cognito decides: values in, values out.
//!
//! No I/O, no clock and no randomness of its own: `now` (milliseconds since 1970) and the random source are
//! arguments, so that every rule is tested by tables.

pub mod calendar;
pub mod callers;
pub mod endpoints;
pub mod fault;
pub mod hosts;
pub mod ids;
pub mod messages;
pub mod paging;
pub mod pool;
pub mod quotas;
pub mod random;
mod sealed;
pub mod sealing;
pub mod sign_in;
pub mod tokens;
pub mod triggers;
pub mod user;
pub mod webauthn;

pub use fault::{Fault, Result};
pub use random::Random;
pub use sealed::Sealed;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = i64;

/// An hour.
pub const HOUR: Millis = 3_600_000;
/// A day.
pub const DAY: Millis = 24 * HOUR;
