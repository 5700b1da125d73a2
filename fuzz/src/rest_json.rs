//! restJson1: a request's first line, a line of headers, and its body. The body is also the material of a request
//! that an honest client would write.

use crate::{
    aws_json::check_refusal,
    values::{Bytes, SECRET, build, first_line, pick},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use spec::{
    DecodeError, cognito_sync, rest_json,
    shape::{Kind, Location, OperationSpec},
};
use std::collections::BTreeMap;

type Decoded = Result<Value, DecodeError>;

/// Routes and decodes the request, and writes and reads back a value made from it.
pub fn run(data: &[u8]) {
    let (head, rest) = first_line(data);
    let (headers, body) = first_line(rest);
    let head = String::from_utf8_lossy(head);
    let (method, target) = head.split_once(' ').unwrap_or(("GET", &head));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if let Some((operation, members)) = rest_json::route(method, path) {
        let header = |name: &str| Some(format!("{name}: {}", String::from_utf8_lossy(headers)));
        if let Err(error) = rest_json::decode(operation.spec(), &members, query, header, body) {
            check_refusal(&error);
        }
    }
    let operation = pick(cognito_sync::Operation::ALL, head.as_bytes(), |o| o.spec().name);
    let spec = operation.spec();
    let Some(value) = spec.input.and_then(|shape| build(shape, &mut Bytes(rest))) else { return };
    let Some(decoded) = written_and_read(*operation, spec, &value) else { return };
    match decoded {
        Ok(decoded) => assert_eq!(decoded, value, "{}", spec.name),
        Err(DecodeError::Malformed(text)) => panic!("{}: {text}: {value}", spec.name),
        Err(error) => {
            check_refusal(&error);
            assert!(!format!("{error:?}").contains(SECRET), "{}: a secret in a refusal", spec.name);
        }
    }
}

/// The value after its way through a request; none where its path would have an empty part, or lacks one.
fn written_and_read(
    operation: cognito_sync::Operation,
    spec: &OperationSpec,
    value: &Value,
) -> Option<Decoded> {
    let Kind::Structure { members } = &spec.input?.kind else { return None };
    let mut path = spec.path.split('?').next()?.to_owned();
    let (mut fields, mut headers, mut body) = (Vec::new(), BTreeMap::new(), Map::new());
    for member in *members {
        let Some(inner) = value.get(member.name) else { continue };
        let text = inner.as_str().map_or_else(|| inner.to_string(), str::to_owned);
        let encoded = utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string();
        match member.location {
            Location::Uri if text.is_empty() => return None,
            Location::Uri => path = path.replace(&format!("{{{}}}", member.wire), &encoded),
            Location::Query => fields.push(format!("{}={encoded}", member.wire)),
            Location::Header => drop(headers.insert(member.wire.to_ascii_lowercase(), text)),
            Location::Body => drop(body.insert(member.wire.to_owned(), inner.clone())),
        }
    }
    if path.contains('{') {
        return None;
    }
    let (found, parts) = rest_json::route(spec.method, &path).expect("a path that was written is found");
    assert_eq!(found, operation, "{path}");
    let header = |name: &str| headers.get(name).cloned();
    Some(rest_json::decode(
        spec,
        &parts,
        &fields.join("&"),
        header,
        Value::Object(body).to_string().as_bytes(),
    ))
}
