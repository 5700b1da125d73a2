//! Cognate: everything that touches the world.

pub mod app;
pub mod audit;
mod cache;
pub mod callers;
pub mod cli;
pub mod clock;
pub mod cognito_identity;
pub mod cognito_idp;
pub mod cognito_sync;
pub mod compatibility;
pub mod config;
pub mod development;
pub mod http;
pub mod jobs;
pub mod keys;
pub mod kms;
pub mod messages;
pub mod metrics;
pub mod outbound;
pub mod secrets;
pub mod seed;
pub mod sign_in;
pub mod sts;
pub mod tokens;
pub mod triggers;
pub mod users;
pub mod work;
