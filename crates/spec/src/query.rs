//! query/XML, the protocol of STS: a form in, an XML document out.

use crate::{
    DecodeError,
    json::{conform, malformed},
    shape::{Kind, OperationSpec, Shape},
    validate,
};
use quick_xml::escape::escape;
use serde_json::{Map, Value};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// The namespace that clients of STS expect.
pub const STS_NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
/// How many fields a form may have; an AssumeRole with every list full has fewer.
const FIELDS_MAX: usize = 1_000;

/// The fields of a form body or query string, in order.
pub fn fields(form: &[u8]) -> Result<Vec<(String, String)>, DecodeError> {
    let fields: Vec<(String, String)> = form_urlencoded::parse(form)
        .take(FIELDS_MAX + 1)
        .map(|(k, v)| (k.into_owned(), v.into_owned()))
        .collect();
    if fields.len() > FIELDS_MAX {
        return Err(malformed("Too many fields"));
    }
    Ok(fields)
}

/// Decodes the fields of a form and checks them against the request's shape.
pub fn decode(shape: &Shape, fields: &[(String, String)]) -> Result<Value, DecodeError> {
    let value = read(shape, fields, "")?.unwrap_or_else(|| Value::Object(Map::new()));
    let value = conform(shape, value)?;
    validate::check(shape, &value)?;
    Ok(value)
}

/// The value under `prefix`, or nothing when no field belongs to it.
fn read(shape: &Shape, fields: &[(String, String)], prefix: &str) -> Result<Option<Value>, DecodeError> {
    let dotted = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
    match &shape.kind {
        Kind::Structure { members } => {
            let mut entries = Map::new();
            for member in *members {
                if let Some(value) = read(member.shape, fields, &dotted(member.wire))? {
                    entries.insert(member.name.to_owned(), value);
                }
            }
            Ok((!entries.is_empty()).then_some(Value::Object(entries)))
        }
        Kind::List { item, .. } => {
            let mut items = Vec::new();
            while let Some(value) = read(item, fields, &dotted(&format!("member.{}", items.len() + 1)))? {
                items.push(value);
            }
            Ok((!items.is_empty()).then_some(Value::Array(items)))
        }
        kind => {
            let Some((_, text)) = fields.iter().find(|(name, _)| name == prefix) else { return Ok(None) };
            let wrong = || malformed(&format!("{prefix} has a wrong type"));
            Ok(Some(match kind {
                Kind::Integer { .. } => text.parse::<i64>().map_err(|_| wrong())?.into(),
                Kind::Boolean => text.parse::<bool>().map_err(|_| wrong())?.into(),
                _ => Value::String(text.clone()),
            }))
        }
    }
}

/// Writes a good answer.
pub fn encode(operation: &OperationSpec, output: &Value, request_id: &str) -> String {
    let name = operation.name;
    let mut out = format!("<{name}Response xmlns=\"{STS_NAMESPACE}\"><{}>", operation.result_wrapper);
    if let Some(shape) = operation.output {
        write(&mut out, shape, output);
    }
    out.push_str(&format!(
        "</{}><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}Response>",
        operation.result_wrapper
    ));
    out
}

/// Writes an error answer; `sender` says whether the caller is at fault.
pub fn encode_error(code: &str, message: &str, sender: bool, request_id: &str) -> String {
    let side = if sender { "Sender" } else { "Receiver" };
    format!(
        "<ErrorResponse xmlns=\"{STS_NAMESPACE}\"><Error><Type>{side}</Type><Code>{code}</Code>\
         <Message>{}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
        escaped(message)
    )
}

/// XML 1.0 §2.2: some characters cannot stand in a document, not even as a reference. Callers may have sent them.
fn escaped(text: &str) -> String {
    let is_legal = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    escape(text).chars().map(|c| if is_legal(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

fn write(out: &mut String, shape: &Shape, value: &Value) {
    match (&shape.kind, value) {
        (Kind::Structure { members }, Value::Object(entries)) => {
            for member in *members {
                if let Some(inner) = entries.get(member.name) {
                    out.push_str(&format!("<{}>", member.wire));
                    write(out, member.shape, inner);
                    out.push_str(&format!("</{}>", member.wire));
                }
            }
        }
        (Kind::List { item, .. }, Value::Array(items)) => {
            for inner in items {
                out.push_str("<member>");
                write(out, item, inner);
                out.push_str("</member>");
            }
        }
        (Kind::Map { value, .. }, Value::Object(entries)) => {
            for (key, inner) in entries {
                out.push_str(&format!("<entry><key>{}</key><value>", escaped(key)));
                write(out, value, inner);
                out.push_str("</value></entry>");
            }
        }
        (Kind::Timestamp, Value::Number(seconds)) => {
            let whole = seconds.as_f64().unwrap_or_default() as i64;
            let text = OffsetDateTime::from_unix_timestamp(whole).ok().and_then(|t| t.format(&Rfc3339).ok());
            out.push_str(&text.unwrap_or_default());
        }
        (_, Value::String(text)) => out.push_str(&escaped(text)),
        (_, other) => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sts::Operation;
    use serde_json::json;

    #[test]
    fn forms_become_values() {
        let form = b"Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fx&RoleSessionName=me\
                     &DurationSeconds=900&Tags.member.1.Key=a&Tags.member.1.Value=b&Tags.member.2.Key=c&Tags.member.2.Value=";
        let value = decode(Operation::AssumeRole.spec().input.unwrap(), &fields(form).unwrap()).unwrap();
        assert_eq!(
            value,
            json!({"RoleArn": "arn:aws:iam::123456789012:role/x", "RoleSessionName": "me", "DurationSeconds": 900,
                   "Tags": [{"Key": "a", "Value": "b"}, {"Key": "c", "Value": ""}]})
        );
    }

    #[test]
    fn what_xml_cannot_say_is_replaced() {
        let text = encode_error("ValidationError", "a\u{0}b\u{1b}\u{fffe}\r\n<", true, "r1");
        assert!(text.contains("<Message>a\u{fffd}b\u{fffd}\u{fffd}&#13;\n&lt;</Message>"), "{text}");
    }

    /// <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>
    #[test]
    fn maps_are_lists_of_entries() {
        let shape = &Shape {
            name: "m",
            sensitive: false,
            kind: Kind::Map { key: &ANY, value: &ANY, min: None, max: None },
        };
        let mut out = String::new();
        write(&mut out, shape, &json!({"a": "1", "<": "&"}));
        let entries = "<entry><key>a</key><value>1</value></entry>\
                       <entry><key>&lt;</key><value>&amp;</value></entry>";
        assert_eq!(out, entries);
    }

    static ANY: Shape = Shape { name: "any", sensitive: false, kind: Kind::Boolean };

    #[test]
    fn answers_are_escaped_xml() {
        let output = json!({"Account": "123456789012", "Arn": "<&>", "UserId": "u"});
        assert_eq!(
            encode(Operation::GetCallerIdentity.spec(), &output, "r1"),
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
             <UserId>u</UserId><Account>123456789012</Account><Arn>&lt;&amp;&gt;</Arn></GetCallerIdentityResult>\
             <ResponseMetadata><RequestId>r1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
        );
    }
}
