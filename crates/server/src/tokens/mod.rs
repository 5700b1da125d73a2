//! Tokens on the wire: claims from the rules, signatures from the key ring, refresh tokens from the root secret.

pub mod ended_grants;
pub mod issue;
pub mod refresh_token;
pub mod sessions;
pub mod verify;
