//! The table of contents of the identity pools API.

use crate::{
    app::App,
    callers::{call::Call, runners::not_built},
};
use rules::Result;
use serde_json::Value;
use spec::cognito_identity::Operation::{self, *};

/// Runs an operation on a request that was decoded and checked against its shape.
#[rustfmt::skip]
pub async fn run(_app: &App, _call: &Call, operation: Operation, _input: Value) -> Result<Value> {
    match operation {
        // Identity pools
        CreateIdentityPool => not_built(operation.spec()),
        DescribeIdentityPool => not_built(operation.spec()),
        UpdateIdentityPool => not_built(operation.spec()),
        DeleteIdentityPool => not_built(operation.spec()),
        ListIdentityPools => not_built(operation.spec()),
        TagResource => not_built(operation.spec()),
        UntagResource => not_built(operation.spec()),
        ListTagsForResource => not_built(operation.spec()),

        // Roles and principal tags
        GetIdentityPoolRoles => not_built(operation.spec()),
        SetIdentityPoolRoles => not_built(operation.spec()),
        GetPrincipalTagAttributeMap => not_built(operation.spec()),
        SetPrincipalTagAttributeMap => not_built(operation.spec()),

        // Identities
        GetId => not_built(operation.spec()),
        GetOpenIdToken => not_built(operation.spec()),
        GetCredentialsForIdentity => not_built(operation.spec()),
        DescribeIdentity => not_built(operation.spec()),
        ListIdentities => not_built(operation.spec()),
        DeleteIdentities => not_built(operation.spec()),
        UnlinkIdentity => not_built(operation.spec()),

        // Developer identities
        GetOpenIdTokenForDeveloperIdentity => not_built(operation.spec()),
        LookupDeveloperIdentity => not_built(operation.spec()),
        MergeDeveloperIdentities => not_built(operation.spec()),
        UnlinkDeveloperIdentity => not_built(operation.spec()),
    }
}
