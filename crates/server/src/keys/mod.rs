//! The keys that sign tokens.

pub mod jwk;
pub mod ring;
pub mod rotation;
