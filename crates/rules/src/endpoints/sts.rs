//! The rows of STS.

use super::{Audited, Leaves, Names, Row, Work};
use spec::sts::Operation::{self, *};

/// STS knows no users of pools. What issues a token or credentials signs.
const fn new(work: Work, audited: Audited) -> Row {
    Row { quota: None, work, leaves: Leaves::AtOnce, audited, names: Names::Nowhere }
}

/// What an operation is.
#[rustfmt::skip]
pub(super) fn row(operation: Operation) -> Row {
    match operation {
        AssumeRole =>                 new(Work::Signature, Audited::Always),
        AssumeRoleWithSAML =>         new(Work::Signature, Audited::Always),
        AssumeRoleWithWebIdentity =>  new(Work::Signature, Audited::Always),
        AssumeRoot =>                 new(Work::Signature, Audited::Always),
        DecodeAuthorizationMessage => new(Work::Little,    Audited::WithoutRight),
        GetAccessKeyInfo =>           new(Work::Little,    Audited::WithoutRight),
        GetCallerIdentity =>          new(Work::Little,    Audited::WithoutRight),
        GetDelegatedAccessToken =>    new(Work::Signature, Audited::Always),
        GetFederationToken =>         new(Work::Signature, Audited::Always),
        GetScopedCredentials =>       new(Work::Signature, Audited::Always),
        GetSessionToken =>            new(Work::Signature, Audited::Always),
        GetWebIdentityToken =>        new(Work::Signature, Audited::Always),
    }
}
