//! The table of contents of the Security Token Service.

use crate::{
    app::App,
    callers::{call::Call, runners::not_built},
};
use rules::Result;
use serde_json::Value;
use spec::sts::Operation::{self, *};

/// Runs an operation on a request that was decoded and checked against its shape.
#[rustfmt::skip]
pub async fn run(_app: &App, _call: &Call, operation: Operation, _input: Value) -> Result<Value> {
    match operation {
        // Roles
        AssumeRole => not_built(operation.spec()),
        AssumeRoleWithWebIdentity => not_built(operation.spec()),
        AssumeRoleWithSAML => not_built(operation.spec()),
        AssumeRoot => not_built(operation.spec()),

        // Sessions and tokens
        GetSessionToken => not_built(operation.spec()),
        GetFederationToken => not_built(operation.spec()),
        GetDelegatedAccessToken => not_built(operation.spec()),
        GetWebIdentityToken => not_built(operation.spec()),
        GetScopedCredentials => not_built(operation.spec()),

        // Questions
        GetCallerIdentity => not_built(operation.spec()),
        GetAccessKeyInfo => not_built(operation.spec()),
        DecodeAuthorizationMessage => not_built(operation.spec()),
    }
}
