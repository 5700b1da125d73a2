//! restJson1, the protocol of Cognito Sync: members in path, query string, headers and a JSON body.

use crate::{
    DecodeError, cognito_sync,
    json::{conform, malformed, parse},
    shape::{Kind, Location, Member, OperationSpec},
    validate,
};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// The operation that a method and path mean, with the members that the path carries.
pub fn route(method: &str, path: &str) -> Option<(cognito_sync::Operation, Vec<(&'static str, String)>)> {
    let mut found: Option<(cognito_sync::Operation, Vec<(&'static str, String)>)> = None;
    for operation in cognito_sync::Operation::ALL {
        let spec = operation.spec();
        if spec.method != method {
            continue;
        }
        if let Some(members) = match_path(spec.path, path)
            // Of two templates that match, the one with fewer placeholders is meant.
            && found.as_ref().is_none_or(|(_, other)| members.len() < other.len())
        {
            found = Some((*operation, members));
        }
    }
    found
}

fn match_path(template: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let template: Vec<&'static str> = template.trim_matches('/').split('/').collect();
    let path: Vec<&str> = path.trim_matches('/').split('/').collect();
    if template.len() != path.len() {
        return None;
    }
    let mut members = Vec::new();
    for (expected, given) in template.into_iter().zip(path) {
        match expected.strip_prefix('{').and_then(|e| e.strip_suffix('}')) {
            Some(name) => members.push((name, percent_decode_str(given).decode_utf8().ok()?.into_owned())),
            None if expected == given => {}
            None => return None,
        }
    }
    Some(members)
}

/// Decodes a request. `path_members` come from [`route`], `query` is the raw query string, and `header`
/// looks a header up by its lower-case name.
pub fn decode(
    operation: &OperationSpec,
    path_members: &[(&'static str, String)],
    query: &str,
    header: impl Fn(&str) -> Option<String>,
    body: &[u8],
) -> Result<Value, DecodeError> {
    let Some(shape) = operation.input else { return Ok(Value::Object(Map::new())) };
    let Kind::Structure { members } = &shape.kind else { return Err(malformed("not a structure")) };
    let Value::Object(given) = parse(body)? else { return Err(malformed("not an object")) };
    let fields = crate::query::fields(query.as_bytes())?;
    let mut entries = Map::new();
    for member in *members {
        let text = match member.location {
            Location::Body => {
                if let Some(value) = given.get(member.wire) {
                    entries.insert(member.name.to_owned(), value.clone());
                }
                continue;
            }
            Location::Uri => path_members.iter().find(|(n, _)| *n == member.wire).map(|(_, v)| v.clone()),
            Location::Query => fields.iter().find(|(n, _)| n == member.wire).map(|(_, v)| v.clone()),
            Location::Header => header(&member.wire.to_ascii_lowercase()),
        };
        if let Some(text) = text {
            entries.insert(member.name.to_owned(), typed(member, text)?);
        }
    }
    let value = conform(shape, Value::Object(entries))?;
    validate::check(shape, &value)?;
    Ok(value)
}

fn typed(member: &Member, text: String) -> Result<Value, DecodeError> {
    let wrong = || malformed(&format!("{} has a wrong type", member.wire));
    Ok(match &member.shape.kind {
        Kind::Integer { .. } => text.parse::<i64>().map_err(|_| wrong())?.into(),
        Kind::Boolean => text.parse::<bool>().map_err(|_| wrong())?.into(),
        _ => Value::String(text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_find_their_operation() {
        let (operation, members) =
            route("GET", "/identitypools/us-east-1%3A0a1b/identities/us-east-1%3A0c/datasets/d").unwrap();
        assert_eq!(operation, cognito_sync::Operation::DescribeDataset);
        let value = decode(operation.spec(), &members, "", |_| None, b"").unwrap();
        assert_eq!(value["DatasetName"], json!("d"));
        assert!(route("PATCH", "/identitypools").is_none());
        for operation in cognito_sync::Operation::ALL {
            let path = operation.spec().path.split('?').next().unwrap().replace(['{', '}'], "x");
            assert!(route(operation.spec().method, &path).is_some(), "{path}");
        }
    }
}
