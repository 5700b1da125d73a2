//! The rows of the identity pools API.

use super::{Audited, Leaves, Names, Row, Work};
use crate::quotas::Category;
use spec::cognito_identity::Operation::{self, *};

/// Identities have ids and no names, and nothing here tells which user exists. Most operations have no quota.
const fn new(quota: Option<Category>, work: Work, audited: Audited) -> Row {
    Row { quota, work, leaves: Leaves::AtOnce, audited, names: Names::Nowhere }
}

/// What an operation is.
#[rustfmt::skip]
pub(super) fn row(operation: Operation) -> Row {
    match operation {
        CreateIdentityPool =>                 new(None,                                                  Work::Little,    Audited::Always),
        DeleteIdentities =>                   new(Some(Category::DeleteIdentities),                      Work::Little,    Audited::Always),
        DeleteIdentityPool =>                 new(None,                                                  Work::Little,    Audited::Always),
        DescribeIdentity =>                   new(None,                                                  Work::Little,    Audited::WithoutRight),
        DescribeIdentityPool =>               new(None,                                                  Work::Little,    Audited::WithoutRight),
        GetCredentialsForIdentity =>          new(Some(Category::GetCredentialsForIdentity),             Work::Signature, Audited::Always),
        GetId =>                              new(Some(Category::GetId),                                 Work::Little,    Audited::Always),
        GetIdentityPoolRoles =>               new(None,                                                  Work::Little,    Audited::WithoutRight),
        GetOpenIdToken =>                     new(Some(Category::GetOpenIdToken),                        Work::Signature, Audited::Always),
        GetOpenIdTokenForDeveloperIdentity => new(Some(Category::GetOpenIdTokenForDeveloperIdentity),    Work::Signature, Audited::Always),
        GetPrincipalTagAttributeMap =>        new(None,                                                  Work::Little,    Audited::WithoutRight),
        ListIdentities =>                     new(Some(Category::ListIdentities),                        Work::Little,    Audited::WithoutRight),
        ListIdentityPools =>                  new(None,                                                  Work::Little,    Audited::WithoutRight),
        ListTagsForResource =>                new(Some(Category::IdentityPoolListTagsForResource),       Work::Little,    Audited::WithoutRight),
        LookupDeveloperIdentity =>            new(None,                                                  Work::Little,    Audited::WithoutRight),
        MergeDeveloperIdentities =>           new(None,                                                  Work::Little,    Audited::Always),
        SetIdentityPoolRoles =>               new(None,                                                  Work::Little,    Audited::Always),
        SetPrincipalTagAttributeMap =>        new(None,                                                  Work::Little,    Audited::Always),
        TagResource =>                        new(Some(Category::IdentityPoolTagResource),               Work::Little,    Audited::Always),
        UnlinkDeveloperIdentity =>            new(None,                                                  Work::Little,    Audited::Always),
        UnlinkIdentity =>                     new(None,                                                  Work::Little,    Audited::Always),
        UntagResource =>                      new(Some(Category::IdentityPoolUntagResource),             Work::Little,    Audited::Always),
        UpdateIdentityPool =>                 new(None,                                                  Work::Little,    Audited::Always),
    }
}
