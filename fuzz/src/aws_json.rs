//! awsJson1.1: the first line names an operation. What follows is a body that was sent, and also the material of a
//! request that an honest client would write.

use crate::{
    probe,
    values::{Bytes, SECRET, build, first_line, pick},
};
use serde_json::Value;
use spec::{
    DecodeError, Service, json,
    shape::{OperationSpec, Shape},
};
use std::sync::OnceLock;

/// The longest refusal that an answer may carry, in bytes. Each of its findings shows what is wrong at most so far.
const REFUSAL_BYTES_MAX: usize = 128 * 1024;

fn operations() -> &'static [&'static OperationSpec] {
    static ALL: OnceLock<Vec<&'static OperationSpec>> = OnceLock::new();
    ALL.get_or_init(|| {
        let services = [Service::CognitoIdp, Service::CognitoIdentity].into_iter();
        services.flat_map(|s| s.operation_names().into_iter().filter_map(move |n| s.operation(n))).collect()
    })
}

/// Decodes the body, and writes and reads back a value made from it.
pub fn run(data: &[u8]) {
    let (name, body) = first_line(data);
    let operation = pick(operations(), name, |operation| operation.name);
    let Some(shape) = operation.input else { return };
    match json::decode(shape, body) {
        Ok(value) => {
            check_again(shape, &value);
            check_type(shape, &value);
        }
        Err(error) => check_refusal(&error),
    }
    let Some(value) = build(shape, &mut Bytes(body)) else { return };
    match json::decode(shape, value.to_string().as_bytes()) {
        Ok(decoded) => {
            assert_eq!(decoded, value, "{}", operation.name);
            check_type(shape, &value);
        }
        Err(DecodeError::Malformed(text)) => panic!("{}: {text}: {value}", operation.name),
        Err(error) => {
            check_refusal(&error);
            let DecodeError::Invalid(text) = error else { return };
            assert!(!text.contains(SECRET), "{}: a secret in a refusal: {text}", operation.name);
        }
    }
}

/// What was decoded once is decoded to the same again.
fn check_again(shape: &Shape, value: &Value) {
    assert_eq!(json::decode(shape, value.to_string().as_bytes()).as_ref(), Ok(value), "{}", shape.name);
}

/// A checked request fits its type; otherwise the server would answer 500.
fn check_type(shape: &Shape, value: &Value) {
    let probe = probe::of(shape).expect("every request has a type");
    let (debug, again) = probe(value).unwrap_or_else(|error| panic!("{}: {error}: {value}", shape.name));
    assert!(!debug.contains(SECRET), "{}: a secret in Debug: {debug}", shape.name);
    // Moments are rounded to milliseconds at the first reading.
    let (_, third) = probe(&again).expect("what a type wrote, it reads");
    assert_eq!(third, again, "{}", shape.name);
}

/// Refusals have a limit, whatever was sent.
pub fn check_refusal(error: &DecodeError) {
    let (DecodeError::Malformed(text) | DecodeError::Invalid(text)) = error;
    assert!(text.len() <= REFUSAL_BYTES_MAX, "{} bytes", text.len());
}
