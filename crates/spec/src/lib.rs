//! The AWS APIs as data: generated types and shape tables, one validation and three codecs.
//!
//! This crate knows how requests and answers look, and nothing of how Cognito behaves.

mod api;
pub mod generated;
pub mod json;
pub mod query;
pub mod rest_json;
pub mod shape;
pub mod validate;
mod values;

pub use api::Service;
pub use generated::{codes::Code, cognito_identity, cognito_idp, cognito_sync, kms, sts};
pub use values::{Blob, Timestamp};

/// Why a request could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The body is no JSON, or a value has another JSON type than the model says. The text says where.
    Malformed(String),
    /// The values break constraints of the model; the text is AWS's whole message.
    Invalid(String),
}
