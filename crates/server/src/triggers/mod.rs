//! The Lambda functions that pools name: what they are asked, and how they are run.

pub mod ask;
pub mod functions;
pub mod invocation;
pub mod program;
mod run;

pub use run::About;
