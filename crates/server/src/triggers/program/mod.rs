//! Functions that are programs on this machine.

use super::invocation::{Failure, Invocation};
use crate::config::functions;
use serde_json::Value;
use tokio::time::Instant;

/// Programs are not run yet.
pub struct Program;

impl Program {
    /// Takes any settings.
    pub fn new(_: functions::Program, _: usize, _: &str, _: &str, _: bool) -> Result<Program, String> {
        Ok(Program)
    }

    /// Answers that it cannot be run.
    pub async fn invoke(&self, _: &Invocation, _: Instant) -> Result<Value, Failure> {
        Err(Failure::Unavailable { name: "ServiceException".into(), reason: "programs are not run".into() })
    }

    /// Ends nothing.
    pub async fn end(self) {}
}
