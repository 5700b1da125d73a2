//! awsJson1.1: a JSON body in, a JSON body out.

use crate::{
    DecodeError,
    shape::{Kind, Shape},
    validate,
};
use serde_json::{Map, Value};

/// Decodes a request body and checks it against its shape. An empty body means `{}`.
///
/// Unknown members are dropped, because newer clients know more members, and so are null members
/// and null map values, which amazon-cognito-identity-js sends for what it does not have.
pub fn decode(shape: &Shape, body: &[u8]) -> Result<Value, DecodeError> {
    let value = parse(body)?;
    let value = conform(shape, value)?;
    validate::check(shape, &value)?;
    Ok(value)
}

/// Reads a body as one JSON object.
pub(crate) fn parse(body: &[u8]) -> Result<Value, DecodeError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(Map::new()));
    }
    // serde_json refuses invalid UTF-8, numbers out of range, and nesting deeper than 128.
    match serde_json::from_slice(body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(malformed("Start of structure expected")),
        Err(_) => Err(malformed("Unable to parse the request body as JSON")),
    }
}

/// Keeps what the shape knows and gives each value its JSON type, or says which value has a wrong one.
pub(crate) fn conform(shape: &Shape, value: Value) -> Result<Value, DecodeError> {
    match (&shape.kind, value) {
        (Kind::Structure { members }, Value::Object(mut entries)) => {
            let mut kept = Map::new();
            for member in *members {
                match entries.swap_remove(member.name) {
                    None | Some(Value::Null) => {}
                    Some(inner) => {
                        kept.insert(member.name.to_owned(), conform(member.shape, inner)?);
                    }
                }
            }
            Ok(Value::Object(kept))
        }
        (Kind::Map { value: inner, .. }, Value::Object(entries)) => {
            let mut kept = Map::new();
            for (key, entry) in entries {
                if !entry.is_null() {
                    kept.insert(key, conform(inner, entry)?);
                }
            }
            Ok(Value::Object(kept))
        }
        (Kind::List { item, .. }, Value::Array(items)) => {
            let items: Result<Vec<Value>, DecodeError> =
                items.into_iter().filter(|i| !i.is_null()).map(|i| conform(item, i)).collect();
            Ok(Value::Array(items?))
        }
        (Kind::Document, value) => Ok(value),
        (kind, value) => scalar(kind, value),
    }
}

fn scalar(kind: &Kind, value: Value) -> Result<Value, DecodeError> {
    match (kind, &value) {
        (Kind::String { .. }, Value::String(_)) | (Kind::Boolean, Value::Bool(_)) => Ok(value),
        (Kind::Timestamp, Value::Number(_)) => Ok(value),
        (Kind::Blob { .. }, Value::String(text)) => {
            use base64::{Engine as _, engine::general_purpose::STANDARD};
            STANDARD.decode(text).map_err(|_| malformed("Invalid base64 in a blob"))?;
            Ok(value)
        }
        (Kind::Integer { long, .. }, Value::Number(number)) => {
            let whole =
                number.as_i64().or_else(|| number.as_f64().filter(|f| f.fract() == 0.0).map(|f| f as i64));
            match whole {
                Some(n) if *long || i32::try_from(n).is_ok() => Ok(n.into()),
                _ => Err(malformed(&format!("{} can not be converted to {}", token(&value), expected(kind)))),
            }
        }
        // Unverified: wording as other awsJson services have it.
        _ => Err(malformed(&format!("{} can not be converted to {}", token(&value), expected(kind)))),
    }
}

fn token(value: &Value) -> &'static str {
    match value {
        Value::Null => "NULL_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
        Value::Array(_) => "START_ARRAY",
        Value::Object(_) => "START_OBJECT",
    }
}

fn expected(kind: &Kind) -> &'static str {
    match kind {
        Kind::Structure { .. } => "a structure",
        Kind::List { .. } => "a list",
        Kind::Map { .. } => "a map",
        Kind::String { .. } => "a String",
        Kind::Integer { long: true, .. } => "a Long",
        Kind::Integer { .. } => "an Integer",
        Kind::Boolean => "a Boolean",
        Kind::Timestamp => "a Timestamp",
        Kind::Blob { .. } => "a Blob",
        Kind::Document => "a document",
    }
}

pub(crate) fn malformed(text: &str) -> DecodeError {
    DecodeError::Malformed(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cognito_idp::Operation;
    use serde_json::json;

    fn request(operation: Operation, body: &str) -> Result<Value, DecodeError> {
        decode(operation.spec().input.unwrap(), body.as_bytes())
    }

    #[test]
    fn nulls_and_unknown_members_are_absent() {
        let body = r#"{"ClientId":"c1","AuthFlow":"USER_SRP_AUTH","New":[1],"ClientMetadata":null,
                       "AuthParameters":{"USERNAME":"jane","DEVICE_KEY":null}}"#;
        assert_eq!(
            request(Operation::InitiateAuth, body).unwrap(),
            json!({"AuthFlow": "USER_SRP_AUTH", "AuthParameters": {"USERNAME": "jane"}, "ClientId": "c1"})
        );
    }

    #[test]
    fn wrong_types_are_refused() {
        for body in [
            "[]",
            "{",
            "\"x\"",
            "{\"MaxResults\": \"x\"}",
            "{\"MaxResults\": 1.5}",
            "{\"MaxResults\": 3000000000}",
            "{\"MaxResults\": []}",
            &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
        ] {
            let result = request(Operation::ListUserPools, body);
            assert!(matches!(result, Err(DecodeError::Malformed(_))), "{:.40}: {result:?}", body);
        }
        let result = decode(
            Operation::ListUserPools.spec().input.unwrap(),
            b"{\"MaxResults\":5,\"NextToken\":\"\xff\"}",
        );
        assert!(matches!(result, Err(DecodeError::Malformed(_))));
    }
}
