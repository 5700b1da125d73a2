//! The engine of sign-ins: it reads facts, compares secrets and writes what `rules::sign_in` decides. It knows nothing
//! of the wire, so that the APIs and the pages call the same one.

pub mod attempts;
pub mod challenge;
pub mod choice;
pub mod conclusion;
pub mod custom;
pub mod device;
pub mod facts;
pub mod functions;
pub mod origin;
pub mod passkey;
pub mod password;
pub mod run;
pub mod second_factor;
pub mod session;
pub mod signed_up;
pub mod srp;
mod strangers;

use crate::{callers::CallOrigin, triggers::About};
use rules::{
    pool::{Client, Pool},
    sign_in::Side,
    triggers::Metadata,
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
    /// Where the call comes from.
    pub origin: Arc<CallOrigin>,
    /// ClientMetadata of a call that begins a sign-in, which some functions are told as validationData. D
    pub validation_data: Option<Arc<Metadata>>,
    /// ClientMetadata of every other call.
    pub client_metadata: Option<Arc<Metadata>>,
}

impl Context {
    /// Without ClientMetadata.
    pub fn new(pool: Arc<Pool>, client: Arc<Client>, side: Side, origin: Arc<CallOrigin>) -> Context {
        Context { pool, client, side, origin, validation_data: None, client_metadata: None }
    }

    /// Whom the functions of this sign-in are told of.
    pub fn about<'a>(&'a self, username: &'a str) -> About<'a> {
        About { pool: &self.pool, client_id: Some(&self.client.id), username, origin: &self.origin }
    }
}
