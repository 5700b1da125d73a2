//! Cognate: everything that touches the world.

pub mod app;
pub mod call;
pub mod caller;
pub mod cli;
pub mod client_secret;
pub mod clock;
pub mod codes;
pub mod cognito_identity;
pub mod cognito_idp;
pub mod cognito_sync;
pub mod compatibility;
pub mod config;
pub mod delivery;
pub mod http;
pub mod jobs;
pub mod keys;
pub mod master_keys;
pub mod page_token;
pub mod pages;
pub mod passwords;
pub mod sts;
pub mod tokens;
pub mod triggers;
pub mod vault;
pub mod work;
