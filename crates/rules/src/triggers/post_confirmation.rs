//! After a user was confirmed, or a forgotten password replaced.
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-confirmation.html>

use super::Metadata;
use serde::Serialize;
use std::collections::BTreeMap;

/// What the function is told. Its reply decides nothing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    /// The user's attributes.
    pub user_attributes: &'a BTreeMap<String, String>,
    /// ClientMetadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_metadata: Option<&'a Metadata>,
}
