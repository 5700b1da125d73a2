//! What custom senders need of the Key Management Service: keys that wrap the data keys which codes are encrypted with.
//! A key is derived from the root secret and its ARN, so it needs no place in the store and nobody makes it.

pub mod data_keys;
mod local;
mod operations;

use crate::{
    app::App,
    callers::{call::Call, runners::operator},
};
use rules::Result;
use serde_json::Value;
use spec::kms::Operation::{self, *};

/// Runs an operation on a request that was decoded and checked against its shape.
#[rustfmt::skip]
pub async fn run(app: &App, call: &Call, operation: Operation, input: Value) -> Result<Value> {
    match operation {
        Decrypt         => operator(operations::decrypt, app, call, input).await,
        DescribeKey     => operator(operations::describe_key, app, call, input).await,
        GenerateDataKey => operator(operations::generate_data_key, app, call, input).await,
    }
}
