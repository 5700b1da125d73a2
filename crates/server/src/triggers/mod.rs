//! The Lambda functions that pools name: what they are asked, and how they are run.

pub mod ask;
mod blot;
pub mod functions;
pub mod invocation;
mod invoke_api;
pub mod program;
mod programs;
mod run;
pub mod unserved;
pub mod webhook;

pub use run::{About, answer, invoke};
