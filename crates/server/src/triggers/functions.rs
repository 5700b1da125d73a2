//! Every function that the settings name.

use super::invocation::{Failure, Invocation};
use serde_json::Value;
use tokio::time::Instant;

/// Every function.
#[derive(Default)]
pub struct Functions {}

impl Functions {
    /// Runs one.
    pub async fn invoke(&self, invocation: &Invocation, _until: Instant) -> Result<Value, Failure> {
        Err(Failure::Unavailable { name: "ResourceNotFoundException".into(), reason: invocation.arn.clone() })
    }
}
