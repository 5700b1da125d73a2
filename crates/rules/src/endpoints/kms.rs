//! The rows of KMS.

use super::{Audited, Leaves, Names, Row, Work};
use spec::kms::Operation::{self, *};

/// KMS knows no users, and its symmetric keys cost next to nothing.
const fn new(audited: Audited) -> Row {
    Row { quota: None, work: Work::Little, leaves: Leaves::AtOnce, audited, names: Names::Nowhere }
}

/// What an operation is.
#[rustfmt::skip]
pub(super) fn row(operation: Operation) -> Row {
    match operation {
        Decrypt =>         new(Audited::Always),
        DescribeKey =>     new(Audited::WithoutRight),
        GenerateDataKey => new(Audited::Always),
    }
}
