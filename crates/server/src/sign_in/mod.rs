//! The engine of sign-ins: it reads facts, compares secrets and writes what `rules::sign_in` decides. It knows nothing
//! of the wire, so that the APIs and the pages call the same one.

pub mod attempts;
pub mod challenge;
pub mod conclusion;
pub mod password;
pub mod run;
pub mod second_factor;
pub mod session;
pub mod srp;

use rules::{
    pool::{Client, Pool},
    sign_in::Side,
};
use std::sync::Arc;

/// What a step of a sign-in is about.
#[derive(Clone)]
pub struct Context {
    /// The pool.
    pub pool: Arc<Pool>,
    /// The client.
    pub client: Arc<Client>,
    /// Whose operation it is.
    pub side: Side,
}
