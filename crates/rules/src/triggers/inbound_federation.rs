//! What another provider says of its user.

use super::envelope::response;
use crate::Result;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What the function is told.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    /// The provider's name in the pool.
    pub provider_name: &'a str,
    /// Its kind: OIDC, SAML, Facebook, Google, SignInWithApple, LoginWithAmazon.
    pub provider_type: &'a str,
    /// What it said.
    pub attributes: Said<'a>,
}

/// What a provider said, as far as its kind says it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Said<'a> {
    /// The answer of its token endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_response: Option<&'a Value>,
    /// The claims of its ID token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<&'a Value>,
    /// The answer of its userinfo endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_info: Option<&'a Value>,
    /// The attributes of its assertion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saml_response: Option<&'a Value>,
}

/// What is mapped instead of what the provider said; none where that stays. D: it takes the place of all of it.
pub type Reply = Option<BTreeMap<String, String>>;

/// What the event holds as response.
pub fn unchanged() -> Value {
    json!({ "userAttributesToMap": {} })
}

/// Reads a reply.
///
/// # Errors
/// InvalidLambdaResponseException.
pub fn read(reply: &Value) -> Result<Reply> {
    Ok(response(reply)?.text_map("userAttributesToMap")?.filter(|attributes| !attributes.is_empty()))
}
