//! The engine of sign-ins: it reads facts, compares secrets and writes what `rules::sign_in` decides.

pub mod answers;
pub mod attempts;
pub mod challenge;
pub mod conclusion;
pub mod password;
pub mod session;
pub mod srp;
