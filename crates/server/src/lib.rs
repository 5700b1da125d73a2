//! Cognate: everything that touches the world.

pub mod app;
pub mod caller;
pub mod client_secret;
pub mod clock;
pub mod codes;
pub mod cognito_idp;
pub mod config;
pub mod delivery;
pub mod keys;
pub mod page_token;
pub mod pages;
pub mod passwords;
pub mod tokens;
pub mod triggers;
pub mod vault;
pub mod work;
