//! The rows of the Sync API.

use super::{Audited, Leaves, Names, Row, Work};
use spec::cognito_sync::Operation::{self, *};

/// Identities have ids and no names. AWS publishes no quotas of Sync.
const fn new(work: Work, audited: Audited) -> Row {
    Row { quota: None, work, leaves: Leaves::AtOnce, audited, names: Names::Nowhere }
}

/// What an operation is.
#[rustfmt::skip]
pub(super) fn row(operation: Operation) -> Row {
    match operation {
        BulkPublish =>                  new(Work::Little,    Audited::Always),
        DeleteDataset =>                new(Work::Little,    Audited::Always),
        DescribeDataset =>              new(Work::Little,    Audited::WithoutRight),
        DescribeIdentityPoolUsage =>    new(Work::Little,    Audited::WithoutRight),
        DescribeIdentityUsage =>        new(Work::Little,    Audited::WithoutRight),
        GetBulkPublishDetails =>        new(Work::Little,    Audited::WithoutRight),
        GetCognitoEvents =>             new(Work::Little,    Audited::WithoutRight),
        GetIdentityPoolConfiguration => new(Work::Little,    Audited::WithoutRight),
        ListDatasets =>                 new(Work::Little,    Audited::WithoutRight),
        ListIdentityPoolUsage =>        new(Work::Little,    Audited::WithoutRight),
        ListRecords =>                  new(Work::Little,    Audited::WithoutRight),
        RegisterDevice =>               new(Work::Little,    Audited::Always),
        SetCognitoEvents =>             new(Work::Little,    Audited::Always),
        SetIdentityPoolConfiguration => new(Work::Little,    Audited::Always),
        SubscribeToDataset =>           new(Work::Little,    Audited::Always),
        UnsubscribeFromDataset =>       new(Work::Little,    Audited::Always),
        UpdateRecords =>                new(Work::Little,    Audited::Always),
    }
}
