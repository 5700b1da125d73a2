//! The Lambda functions that pools name: what they are asked, and how they are run.

pub mod ask;
pub mod functions;
pub mod invocation;
mod lambda;
pub mod program;
mod run;
pub mod unserved;
pub mod webhook;

pub use run::{About, answer, invoke};
