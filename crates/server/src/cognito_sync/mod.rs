//! The table of contents of Cognito Sync.

use crate::{
    app::App,
    callers::{call::Call, runners::not_built},
};
use rules::Result;
use serde_json::Value;
use spec::cognito_sync::Operation::{self, *};

/// Runs an operation on a request that was decoded and checked against its shape.
#[rustfmt::skip]
pub async fn run(_app: &App, _call: &Call, operation: Operation, _input: Value) -> Result<Value> {
    match operation {
        // Datasets and records
        ListDatasets => not_built(operation.spec()),
        DescribeDataset => not_built(operation.spec()),
        DeleteDataset => not_built(operation.spec()),
        ListRecords => not_built(operation.spec()),
        UpdateRecords => not_built(operation.spec()),

        // Usage
        ListIdentityPoolUsage => not_built(operation.spec()),
        DescribeIdentityPoolUsage => not_built(operation.spec()),
        DescribeIdentityUsage => not_built(operation.spec()),

        // Configuration
        GetIdentityPoolConfiguration => not_built(operation.spec()),
        SetIdentityPoolConfiguration => not_built(operation.spec()),
        GetCognitoEvents => not_built(operation.spec()),
        SetCognitoEvents => not_built(operation.spec()),

        // Devices and push
        RegisterDevice => not_built(operation.spec()),
        SubscribeToDataset => not_built(operation.spec()),
        UnsubscribeFromDataset => not_built(operation.spec()),

        // Bulk publishing
        BulkPublish => not_built(operation.spec()),
        GetBulkPublishDetails => not_built(operation.spec()),
    }
}
