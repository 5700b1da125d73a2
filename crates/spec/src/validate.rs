//! A decoded value against its shape: AWS's "2 validation errors detected: …" text.

use crate::{
    DecodeError,
    shape::{Kind, Shape},
};
use serde_json::Value;
use std::fmt;

/// How many members a list or map may have whose model names no number.
const MEMBERS_MAX: i64 = 2_000;
/// How many broken constraints one message lists at the most.
const FINDINGS_MAX: usize = 20;
/// How much of a wrong value a message repeats, in characters.
const VALUE_CHARS_MAX: usize = 1024;
/// How deep a list is searched for what must not be repeated; some shapes hold themselves.
const SEARCHED_DEPTH: usize = 8;

/// Checks every constraint of the model. `value` must have the JSON types of `shape` already.
pub fn check(shape: &Shape, value: &Value) -> Result<(), DecodeError> {
    let mut findings = Vec::new();
    walk(shape, value, &Path::Input, false, &mut findings);
    match findings.len() {
        0 => Ok(()),
        1 => Err(DecodeError::Invalid(format!("1 validation error detected: {}", findings[0]))),
        n => Err(DecodeError::Invalid(format!("{n} validation errors detected: {}", findings.join("; ")))),
    }
}

/// Where a value lies. It becomes a text only where a value is wrong.
enum Path<'a> {
    Input,
    Member(&'a Path<'a>, &'a str),
    /// Of a list, counted from 1.
    Item(&'a Path<'a>, usize),
    Key(&'a Path<'a>),
    /// Of a map.
    Entry(&'a Path<'a>, &'a str),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Input => Ok(()),
            Path::Member(Path::Input, name) => f.write_str(&lower_first(name)),
            Path::Member(within, name) => write!(f, "{within}.{}", lower_first(name)),
            Path::Item(list, number) => write!(f, "{list}.{number}.member"),
            Path::Key(map) => write!(f, "{map}.key"),
            Path::Entry(map, key) => write!(f, "{map}.{}.member", cut(key)),
        }
    }
}

fn walk(shape: &Shape, value: &Value, path: &Path<'_>, hidden: bool, findings: &mut Vec<String>) {
    if findings.len() >= FINDINGS_MAX {
        return;
    }
    let hidden = hidden || shape.sensitive;
    let mut refuse = |constraint: String| {
        findings.push(finding(value, path, hidden || holds_secrets(shape, 0), &constraint));
    };
    match &shape.kind {
        Kind::Structure { members } => {
            for member in *members {
                let path = Path::Member(path, member.name);
                match value.get(member.name) {
                    Some(inner) => walk(member.shape, inner, &path, hidden, findings),
                    None if member.required => findings.push(finding(
                        &Value::Null,
                        &path,
                        hidden || member.shape.sensitive,
                        "Member must not be null",
                    )),
                    None => {}
                }
            }
        }
        Kind::List { item, min, max } => {
            let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
            check_length(items.len(), *min, max.or(Some(MEMBERS_MAX)), &mut refuse);
            for (i, inner) in items.iter().enumerate() {
                walk(item, inner, &Path::Item(path, i + 1), hidden, findings);
            }
        }
        Kind::Map { key, value: inner_shape, min, max } => {
            let Some(entries) = value.as_object() else { return };
            check_length(entries.len(), *min, max.or(Some(MEMBERS_MAX)), &mut refuse);
            for (name, inner) in entries {
                walk(key, &Value::String(name.clone()), &Path::Key(path), hidden, findings);
                walk(inner_shape, inner, &Path::Entry(path, name), hidden, findings);
            }
        }
        Kind::String { min, max, pattern, values } => {
            let text = value.as_str().unwrap_or_default();
            if !values.is_empty() {
                if !values.contains(&text) {
                    refuse(format!("Member must satisfy enum value set: [{}]", values.join(", ")));
                }
                return;
            }
            check_length(text.chars().count(), *min, *max, &mut refuse);
            if let Some(pattern) = pattern
                && !pattern.is_match(text)
            {
                refuse(format!("Member must satisfy regular expression pattern: {}", pattern.text));
            }
        }
        Kind::Integer { min, max, .. } => {
            let number = value.as_i64().unwrap_or_default();
            if let Some(min) = min.filter(|min| number < *min) {
                refuse(format!("Member must have value greater than or equal to {min}"));
            }
            if let Some(max) = max.filter(|max| number > *max) {
                refuse(format!("Member must have value less than or equal to {max}"));
            }
        }
        Kind::Blob { max } => {
            let bytes = value.as_str().map_or(0, |text| text.trim_end_matches('=').len() * 3 / 4);
            check_length(bytes, None, *max, &mut refuse);
        }
        Kind::Boolean | Kind::Timestamp | Kind::Document => {}
    }
}

/// Whether something below the shape must not be repeated, and with it the whole.
fn holds_secrets(shape: &Shape, depth: usize) -> bool {
    let below = |inner: &Shape| inner.sensitive || depth < SEARCHED_DEPTH && holds_secrets(inner, depth + 1);
    match &shape.kind {
        Kind::Structure { members } => members.iter().any(|member| below(member.shape)),
        Kind::List { item, .. } => below(item),
        Kind::Map { key, value, .. } => below(key) || below(value),
        _ => false,
    }
}

fn check_length(length: usize, min: Option<i64>, max: Option<i64>, refuse: &mut impl FnMut(String)) {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    if let Some(min) = min.filter(|min| length < *min) {
        refuse(format!("Member must have length greater than or equal to {min}"));
    }
    if let Some(max) = max.filter(|max| length > *max) {
        refuse(format!("Member must have length less than or equal to {max}"));
    }
}

fn finding(value: &Value, path: &Path<'_>, hidden: bool, constraint: &str) -> String {
    let shown = match value {
        _ if hidden => "Value".to_owned(),
        Value::Null => "Value null".to_owned(),
        value => format!("Value '{}'", cut(&java_text(value))),
    };
    format!("{shown} at '{path}' failed to satisfy constraint: {constraint}")
}

fn cut(text: &str) -> String {
    text.chars().take(VALUE_CHARS_MAX).collect()
}

/// A value as Java's toString prints it, which is what the service repeats.
fn java_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(java_text).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) => {
            let entries: Vec<String> = entries.iter().map(|(k, v)| format!("{k}={}", java_text(v))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |c| c.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cognito_idp::Operation;
    use serde_json::json;

    fn check_request(operation: Operation, request: Value, expected: &str) {
        let result = check(operation.spec().input.unwrap(), &request);
        let text = match result {
            Ok(()) => String::new(),
            Err(DecodeError::Invalid(text) | DecodeError::Malformed(text)) => text,
        };
        assert_eq!(text, expected);
    }

    #[test]
    fn texts_are_the_services() {
        check_request(
            Operation::DescribeUserPool,
            json!({"UserPoolId": "us-east-1"}),
            "1 validation error detected: Value 'us-east-1' at 'userPoolId' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: [\\w-]+_[0-9a-zA-Z]+",
        );
        check_request(
            Operation::DescribeUserPool,
            json!({}),
            "1 validation error detected: Value null at 'userPoolId' failed to satisfy constraint: \
             Member must not be null",
        );
        check_request(
            Operation::SignUp,
            json!({"ClientId": "abc", "Username": "", "Password": "x",
                   "UserAttributes": [{"Name": "", "Value": "v"}]}),
            "4 validation errors detected: \
             Value at 'username' failed to satisfy constraint: Member must have length greater than or equal to 1; \
             Value at 'username' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+; \
             Value '' at 'userAttributes.1.member.name' failed to satisfy constraint: Member must have length greater than or equal to 1; \
             Value '' at 'userAttributes.1.member.name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\t\\n\\r ]+",
        );
        check_request(
            Operation::ListUserPools,
            json!({"MaxResults": 61}),
            "1 validation error detected: Value '61' at 'maxResults' failed to satisfy constraint: \
             Member must have value less than or equal to 60",
        );
        check_request(Operation::ListUserPools, json!({"MaxResults": 60}), "");
        check_request(
            Operation::CreateUserPool,
            json!({"PoolName": "p", "UserPoolTags": {"": "v", "Team": "v".repeat(257)}}),
            &format!(
                "2 validation errors detected: Value '' at 'userPoolTags.key' failed to satisfy constraint: \
                 Member must have length greater than or equal to 1; \
                 Value '{}' at 'userPoolTags.Team.member' failed to satisfy constraint: \
                 Member must have length less than or equal to 256",
                "v".repeat(257)
            ),
        );
    }

    #[test]
    fn lists_and_maps_end_where_the_model_names_no_number() {
        let list = |count: i64| {
            let items: Vec<Value> = (0..count).map(|_| "a".into()).collect();
            json!({"UserPoolId": "us-east-1_A", "AttributesToGet": items})
        };
        check_request(Operation::ListUsers, list(MEMBERS_MAX), "");
        let map = |count: i64| {
            let entries: serde_json::Map<_, _> = (0..count).map(|n| (n.to_string(), "".into())).collect();
            json!({"ClientId": "abc", "AuthFlow": "USER_AUTH", "ClientMetadata": entries})
        };
        check_request(Operation::InitiateAuth, map(MEMBERS_MAX), "");
        for (operation, request) in
            [(Operation::ListUsers, list(MEMBERS_MAX + 1)), (Operation::InitiateAuth, map(MEMBERS_MAX + 1))]
        {
            let Err(DecodeError::Invalid(text)) = check(operation.spec().input.unwrap(), &request) else {
                panic!("{operation:?} takes any number");
            };
            assert!(text.ends_with("Member must have length less than or equal to 2000"), "{:.200}", text);
        }
    }

    #[test]
    fn a_list_is_as_secret_as_what_it_holds() {
        let logins: serde_json::Map<_, _> =
            (0..11).map(|i| (format!("provider{i}"), json!("a token"))).collect();
        let request = json!({"IdentityPoolId": "us-east-1:0a", "Logins": logins});
        let shape = crate::cognito_identity::Operation::GetId.spec().input.unwrap();
        let Err(DecodeError::Invalid(text)) = check(shape, &request) else { panic!("{request}") };
        assert_eq!(
            text,
            "1 validation error detected: Value at 'logins' failed to satisfy constraint: \
             Member must have length less than or equal to 10"
        );
    }

    #[test]
    fn names_are_cut_like_values() {
        let request = json!({"PoolName": "p", "UserPoolTags": {("k".repeat(100_000)): "v".repeat(300)}});
        let shape = Operation::CreateUserPool.spec().input.unwrap();
        let Err(DecodeError::Invalid(text)) = check(shape, &request) else { panic!("it is too long") };
        assert!(text.len() < 4_000, "{} bytes", text.len());
    }
}
