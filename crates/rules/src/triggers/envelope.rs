//! What every event has in common, and what every reply must.

use super::{Source, members::Members};
use crate::{Fault, Result, fault, pool::Pool, user::User};
use serde::Serialize;
use serde_json::Value;
use spec::cognito_idp::{AliasAttributeType, UserStatusType};
use std::collections::BTreeMap;

/// Pairs that a caller hands to functions (ClientMetadata, ValidationData).
pub type Metadata = BTreeMap<String, String>;

/// Who calls, as events tell it.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// The pool.
    pub pool_id: &'a str,
    /// The client; none for an administrator's operation that names none.
    pub client_id: Option<&'a str>,
    /// What the caller's SDK says of itself, as [`sdk_version`] reads it.
    pub sdk_version: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a, R> {
    version: &'a str,
    trigger_source: &'a str,
    region: &'a str,
    user_pool_id: &'a str,
    user_name: &'a str,
    caller_context: CallerContext<'a>,
    request: &'a R,
    response: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CallerContext<'a> {
    aws_sdk_version: &'a str,
    client_id: Option<&'a str>,
}

/// An event: `version` is that of its trigger, `response` what a function that changes nothing replies.
///
/// # Errors
/// None but a failure of ours.
pub fn event(
    (source, version): (Source, &str),
    caller: &Caller<'_>,
    username: &str,
    request: &impl Serialize,
    response: Value,
) -> Result<Vec<u8>> {
    let event = Event {
        version,
        trigger_source: source.as_str(),
        region: caller.pool_id.split_once('_').map_or("", |(region, _)| region),
        user_pool_id: caller.pool_id,
        user_name: username,
        caller_context: CallerContext { aws_sdk_version: caller.sdk_version, client_id: caller.client_id },
        request,
        response,
    };
    serde_json::to_vec(&event).map_err(Fault::internal)
}

/// The members of a reply's `response`. The function must return its whole event, of which this alone is read.
///
/// # Errors
/// InvalidLambdaResponseException for everything else.
pub fn response(reply: &Value) -> Result<Members<'_>> {
    let response = reply.as_object().and_then(|event| event.get("response"));
    response.and_then(Value::as_object).map(Members).ok_or_else(|| {
        fault::lambda_output_unrecognizable()
            .because("the function must return its event, whose response is an object")
    })
}

/// Checks a reply that decides nothing.
///
/// # Errors
/// InvalidLambdaResponseException.
pub fn check_reply(reply: &Value) -> Result<()> {
    response(reply).map(drop)
}

/// `awsSdkVersion`, from a User-Agent such as `aws-sdk-js/3.758.0 …`: `aws-sdk-js-3.758.0`. K: of other callers it is
/// `aws-sdk-unknown-unknown`.
pub fn sdk_version(user_agent: Option<&str>) -> String {
    let is_plain = |text: &&str| {
        text.len() <= 40 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
    };
    let first = user_agent.and_then(|agent| agent.split_ascii_whitespace().next()).unwrap_or_default();
    match first.split_once('/') {
        Some((name, version))
            if name.starts_with("aws-sdk-")
                && is_plain(&name)
                && is_plain(&version)
                && !version.is_empty() =>
        {
            format!("{name}-{version}")
        }
        _ => "aws-sdk-unknown-unknown".to_owned(),
    }
}

/// `userAttributes` of a user of the pool, as functions are told of them: every attribute, the id, and where the user
/// stands.
pub fn user_attributes(pool: &Pool, user: &User) -> BTreeMap<String, String> {
    let mut attributes = user.attributes.clone();
    attributes.insert("sub".to_owned(), user.sub.to_string());
    attributes.insert("cognito:user_status".to_owned(), user.status.as_str().to_owned());
    for (kind, attribute) in
        [(AliasAttributeType::Email, "email"), (AliasAttributeType::PhoneNumber, "phone_number")]
    {
        if let Some(address) = user.attribute(attribute)
            && pool.has_alias(kind)
            && user.is_verified(attribute)
        {
            attributes.insert(format!("cognito:{attribute}_alias"), address.to_owned());
        }
    }
    attributes
}

/// `userAttributes` of a user who is being made: neither id nor status. Seen in captures.
pub fn attributes_to_be(
    attributes: &BTreeMap<String, String>,
    status: Option<UserStatusType>,
) -> BTreeMap<String, String> {
    let mut attributes = attributes.clone();
    if let Some(status) = status {
        attributes.insert("cognito:user_status".to_owned(), status.as_str().to_owned());
    }
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_sdks() {
        for (agent, expected) in [
            (None, "aws-sdk-unknown-unknown"),
            (Some("aws-sdk-js/3.758.0 ua/2.1 os/linux"), "aws-sdk-js-3.758.0"),
            (Some("aws-sdk-java/2.20.1"), "aws-sdk-java-2.20.1"),
            (Some("Boto3/1.40.0 md/Botocore"), "aws-sdk-unknown-unknown"),
            (Some("aws-sdk-js/<script>"), "aws-sdk-unknown-unknown"),
            (Some("aws-sdk-js/"), "aws-sdk-unknown-unknown"),
            (Some("aws-amplify/6.0"), "aws-sdk-unknown-unknown"),
        ] {
            assert_eq!(sdk_version(agent), expected, "{agent:?}");
        }
    }
}
