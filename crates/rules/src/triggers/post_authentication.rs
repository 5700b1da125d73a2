//! After everything was proved, before tokens.
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-authentication.html>

use super::Metadata;
use serde::Serialize;
use std::collections::BTreeMap;

/// What the function is told. Its reply decides nothing but by an error, which ends the sign-in.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    /// The user's attributes.
    pub user_attributes: &'a BTreeMap<String, String>,
    /// Whether the user signed in on a device that was not known.
    pub new_device_used: bool,
    /// ClientMetadata of the call that brought the last answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_metadata: Option<&'a Metadata>,
}
