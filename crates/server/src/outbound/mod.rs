//! The way to other servers: which addresses are spoken to, and the one client that speaks HTTP.

mod addresses;
pub mod aws;
pub mod client;

pub use addresses::{http, smtp};
pub use client::Client;
