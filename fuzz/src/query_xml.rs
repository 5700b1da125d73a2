//! query/XML: the first line names an operation of STS. What follows is a form that was sent, and also the material
//! of a request and of an answer.

use crate::{
    aws_json::check_refusal,
    values::{Bytes, SECRET, build, first_line, pick},
};
use quick_xml::{Reader, events::Event};
use serde_json::Value;
use spec::{DecodeError, query, shape::OperationSpec, sts};

/// Decodes the form, writes and reads back a request made from it, and writes answers that XML parsers accept.
pub fn run(data: &[u8]) {
    let (name, form) = first_line(data);
    let operation = pick(sts::Operation::ALL, name, |operation| operation.spec().name).spec();
    if let (Some(shape), Ok(fields)) = (operation.input, query::fields(form))
        && let Err(error) = query::decode(shape, &fields)
    {
        check_refusal(&error);
        refused(&error);
    }
    if let Some(value) = operation.input.and_then(|shape| build(shape, &mut Bytes(form))) {
        check_request(operation, &value);
    }
    if let Some(value) = operation.output.and_then(|shape| build(shape, &mut Bytes(form))) {
        let mut texts = Vec::new();
        collect(&value, &mut texts);
        let read = texts_of(&query::encode(operation, &value, "request-id"));
        for text in texts {
            assert!(read.contains(&legal(&text)), "{}: {text:?} is lost in {read:?}", operation.name);
        }
    }
    let message = String::from_utf8_lossy(form);
    let read = texts_of(&query::encode_error("ValidationError", &message, true, "request-id"));
    assert!(message.is_empty() || read.contains(&legal(&message)), "{message:?} is lost in {read:?}");
}

fn check_request(operation: &OperationSpec, value: &Value) {
    let mut form = form_urlencoded::Serializer::new(String::new());
    flatten("", value, &mut form);
    let fields = query::fields(form.finish().as_bytes()).expect("few fields were written");
    let Some(shape) = operation.input else { return };
    match query::decode(shape, &fields) {
        Ok(decoded) => assert_eq!(&decoded, value, "{}", operation.name),
        Err(DecodeError::Malformed(text)) => panic!("{}: {text}: {value}", operation.name),
        Err(error) => {
            check_refusal(&error);
            assert!(!format!("{error:?}").contains(SECRET), "{}: a secret in a refusal", operation.name);
            refused(&error);
        }
    }
}

/// What is refused is shown in XML.
fn refused(error: &DecodeError) {
    let (DecodeError::Malformed(text) | DecodeError::Invalid(text)) = error;
    assert!(
        texts_of(&query::encode_error("ValidationError", text, true, "request-id")).contains(&legal(text))
    );
}

fn flatten(prefix: &str, value: &Value, form: &mut form_urlencoded::Serializer<'_, String>) {
    let dotted = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
    match value {
        Value::Object(entries) => entries.iter().for_each(|(name, v)| flatten(&dotted(name), v, form)),
        Value::Array(items) => {
            for (i, inner) in items.iter().enumerate() {
                flatten(&dotted(&format!("member.{}", i + 1)), inner, form);
            }
        }
        Value::String(text) => drop(form.append_pair(prefix, text)),
        other => drop(form.append_pair(prefix, &other.to_string())),
    }
}

fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Object(entries) => entries.values().for_each(|inner| collect(inner, texts)),
        Value::Array(items) => items.iter().for_each(|inner| collect(inner, texts)),
        Value::String(text) if !text.is_empty() => texts.push(text.clone()),
        _ => {}
    }
}

/// XML 1.0 §2.2: what cannot stand in a document at all is replaced.
fn legal(text: &str) -> String {
    text.chars().map(|c| if is_legal(c) { c } else { '\u{fffd}' }).collect()
}

fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// The texts of a document's elements as a parser hands them on, which makes one line end of each kind.
fn texts_of(document: &str) -> Vec<String> {
    assert!(document.chars().all(is_legal), "{document:?} is no XML");
    assert!(!document.contains('\r'), "a parser would take {document:?} for other line ends");
    let mut reader = Reader::from_str(document);
    let mut texts = Vec::new();
    let mut text = String::new();
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error}: {document}")) {
            Event::Eof => return texts,
            Event::Start(_) | Event::End(_) => texts.push(std::mem::take(&mut text)),
            Event::Text(part) => text.push_str(&part),
            Event::GeneralRef(entity) => {
                let character = entity.resolve_char_ref().expect("it is a reference");
                let named =
                    || quick_xml::escape::resolve_predefined_entity(&entity).expect("it is predefined");
                text.push_str(&character.map_or_else(|| named().to_owned(), String::from));
            }
            other => panic!("{other:?} in {document}"),
        }
    }
}
