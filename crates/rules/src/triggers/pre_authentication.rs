//! Before the first proof of a sign-in is looked at.
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-authentication.html>

use super::Metadata;
use serde::Serialize;
use std::collections::BTreeMap;

/// What the function is told. Its reply decides nothing but by an error, which refuses the sign-in.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    /// The user's attributes; empty for a name that nobody has.
    pub user_attributes: &'a BTreeMap<String, String>,
    /// ClientMetadata of the call that begins the sign-in. D: it goes to this function by this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_data: Option<&'a Metadata>,
    /// Whether nobody has the name, where clients must not learn of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_not_found: Option<bool>,
}
