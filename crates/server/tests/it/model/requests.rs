//! Requests and messages in the words of each protocol, written from the models.

use super::examples::{Broken, Model};
use crate::lab::{AUTHORIZATION, Answer, form_encoded};
use axum::{body::Body, http::Request};
use serde_json::{Map, Value};
use spec::Service;

/// A service and how it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    UserPools,
    IdentityPools,
    Rest,
    Query,
    Kms,
}

impl Protocol {
    pub const ALL: [Protocol; 5] =
        [Protocol::UserPools, Protocol::IdentityPools, Protocol::Rest, Protocol::Query, Protocol::Kms];

    pub fn service(self) -> Service {
        match self {
            Protocol::UserPools => Service::CognitoIdp,
            Protocol::IdentityPools => Service::CognitoIdentity,
            Protocol::Rest => Service::CognitoSync,
            Protocol::Query => Service::Sts,
            Protocol::Kms => Service::Kms,
        }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Protocol::UserPools | Protocol::IdentityPools | Protocol::Kms => "application/x-amz-json-1.1",
            Protocol::Rest => "application/json",
            Protocol::Query => "text/xml",
        }
    }

    pub fn validation_error(self) -> &'static str {
        match self {
            Protocol::UserPools => "InvalidParameterException",
            Protocol::IdentityPools | Protocol::Rest | Protocol::Kms => "ValidationException",
            Protocol::Query => "ValidationError",
        }
    }

    /// The text of an error.
    pub fn message(self, answer: &Answer) -> String {
        if self != Protocol::Query {
            return answer.error().1;
        }
        let (_, text) = answer.text.split_once("<Message>").unwrap();
        let (text, _) = text.split_once("</Message>").unwrap();
        let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
        entities.iter().fold(text.to_owned(), |text, (entity, letter)| text.replace(entity, letter))
    }

    /// A text as the protocol can show it: XML has no words for some characters.
    pub fn shown(self, text: &str) -> String {
        let is_sayable = |c: char| self != Protocol::Query || c >= ' ' || "\t\n\r".contains(c);
        text.chars().map(|c| if is_sayable(c) { c } else { '\u{fffd}' }).collect()
    }

    /// A request for an operation.
    pub fn request(self, model: &Model, operation: &str, input: &Value) -> Request<Body> {
        match self {
            Protocol::UserPools => json("AWSCognitoIdentityProviderService", operation, input),
            Protocol::IdentityPools => json("AWSCognitoIdentityService", operation, input),
            Protocol::Kms => json("TrentService", operation, input),
            Protocol::Rest => rest(model, operation, input),
            Protocol::Query => query(operation, input),
        }
    }

    /// The request that breaks a constraint; none where the protocol cannot express it.
    pub fn broken_request(self, model: &Model, operation: &str, broken: &Broken) -> Option<Request<Body>> {
        let member = &model.input(operation)?["members"][&broken.member];
        let in_head = matches!(member["location"].as_str(), Some("uri" | "header"));
        // A path without a part, or a header of control characters, is another request or none at all.
        let expressible = match self {
            Protocol::Query => !broken.is_empty,
            Protocol::Rest => !in_head || is_plain(broken.input.get(&broken.member)),
            _ => true,
        };
        expressible.then(|| self.request(model, operation, &broken.input))
    }
}

fn is_plain(value: Option<&Value>) -> bool {
    value.and_then(Value::as_str).is_some_and(|text| {
        !text.is_empty() && text.len() < 8_000 && text.bytes().all(|b| b.is_ascii_graphic())
    })
}

fn json(prefix: &str, operation: &str, input: &Value) -> Request<Body> {
    Request::post("/")
        .header("content-type", "application/x-amz-json-1.1")
        .header("authorization", AUTHORIZATION)
        .header("x-amz-target", format!("{prefix}.{operation}"))
        .body(input.to_string().into())
        .unwrap()
}

fn rest(model: &Model, operation: &str, input: &Value) -> Request<Body> {
    let http = &model.operation(operation)["http"];
    let mut path = http["requestUri"].as_str().unwrap().to_owned();
    let mut request =
        Request::builder().method(http["method"].as_str().unwrap()).header("authorization", AUTHORIZATION);
    let (mut fields, mut body) = (Vec::new(), Map::new());
    for (name, value) in input.as_object().unwrap() {
        let member = &model.input(operation).unwrap()["members"][name];
        let wire = member["locationName"].as_str().unwrap_or(name);
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match member["location"].as_str() {
            Some("uri") => path = path.replace(&format!("{{{wire}}}"), &form_encoded(&text)),
            Some("querystring") => fields.push(format!("{wire}={}", form_encoded(&text))),
            Some("header") => request = request.header(wire, text),
            _ => drop(body.insert(wire.to_owned(), value.clone())),
        }
    }
    let separator = if path.contains('?') { '&' } else { '?' };
    let uri = format!("{path}{separator}{}", fields.join("&"));
    request.uri(uri).body(Value::Object(body).to_string().into()).unwrap()
}

fn query(operation: &str, input: &Value) -> Request<Body> {
    let mut fields = vec![format!("Action={operation}&Version=2011-06-15")];
    flatten("", input, &mut fields);
    Request::post("/")
        .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
        .header("authorization", AUTHORIZATION)
        .body(fields.join("&").into())
        .unwrap()
}

fn flatten(prefix: &str, value: &Value, fields: &mut Vec<String>) {
    let dotted = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
    match value {
        Value::Object(entries) => {
            entries.iter().for_each(|(name, inner)| flatten(&dotted(name), inner, fields))
        }
        Value::Array(items) => {
            for (i, inner) in items.iter().enumerate() {
                flatten(&dotted(&format!("member.{}", i + 1)), inner, fields);
            }
        }
        Value::String(text) => fields.push(format!("{prefix}={}", form_encoded(text))),
        other => fields.push(format!("{prefix}={other}")),
    }
}
