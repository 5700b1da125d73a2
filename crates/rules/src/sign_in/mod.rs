//! The sign-in as a value.

pub mod srp;
pub mod totp;
