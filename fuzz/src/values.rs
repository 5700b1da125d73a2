//! Values of a shape out of an input's bytes: the right types, but texts and numbers of any kind.

use serde_json::{Map, Value, json};
use spec::shape::{Kind, Shape};

/// What stands in every value that an error text must not repeat.
pub const SECRET: &str = "hunter-zwei";

const DEPTH_MAX: usize = 6;

/// Few as a rule, and sometimes more than a list may have.
fn count(bytes: &mut Bytes<'_>) -> usize {
    match bytes.byte() {
        byte @ 0..=250 => usize::from(byte) % 4,
        byte => usize::from(byte) / 8,
    }
}

/// Texts that have met a parser before.
const TEXTS: [&str; 16] = [
    "",
    "a",
    "us-east-1_AbCdEf123",
    "us-east-1:0a1b2c3d-0000-4000-8000-000000000000",
    "arn:aws:iam::123456789012:role/x",
    "jane@example.com",
    "+15555550100",
    "Correct-horse-1",
    "é\u{301}\u{1f600}",
    "<a href=\"x\">&amp;'",
    "a/../b?c=d&e=%2F#f",
    "\u{0}\u{1}\u{b}\u{1f}\u{7f}\u{fffe}",
    "a\r\nb\rc\td ",
    "]]>",
    "{####}",
    "-9223372036854775808",
];

/// An input, read from its front; at its end everything is zero.
pub struct Bytes<'a>(pub &'a [u8]);

impl Bytes<'_> {
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    pub fn number(&mut self) -> i64 {
        let mut bytes = [0; 8];
        bytes.fill_with(|| self.byte());
        // Small ones are the likely ones.
        if bytes[0] < 200 { i64::from(bytes[1]) - 8 } else { i64::from_le_bytes(bytes) }
    }

    pub fn text(&mut self) -> String {
        let choice = usize::from(self.byte());
        if let Some(text) = TEXTS.get(choice) {
            return (*text).to_owned();
        }
        if choice > 250 {
            return char::from(self.byte()).to_string().repeat(choice * 10);
        }
        let (text, rest) = self.0.split_at((choice % 24).min(self.0.len()));
        self.0 = rest;
        // Only a marked text holds the secret, so that one found in an error comes from there.
        String::from_utf8_lossy(text).replace(SECRET, "_")
    }
}

/// A value of the shape without empty lists, maps and structures below it, which a form cannot say; none where
/// there is nothing to say. Texts that the model marks contain [`SECRET`].
pub fn build(shape: &Shape, bytes: &mut Bytes<'_>) -> Option<Value> {
    below(shape, bytes, false, 0)
}

fn below(shape: &Shape, bytes: &mut Bytes<'_>, hidden: bool, depth: usize) -> Option<Value> {
    let hidden = hidden || shape.sensitive;
    let text = |bytes: &mut Bytes<'_>| if hidden { bytes.text() + SECRET } else { bytes.text() };
    if depth > DEPTH_MAX {
        return None;
    }
    match &shape.kind {
        Kind::Structure { members } => {
            let mut entries = Map::new();
            for member in *members {
                if !bytes.byte().is_multiple_of(3)
                    && let Some(inner) = below(member.shape, bytes, hidden, depth + 1)
                {
                    entries.insert(member.name.to_owned(), inner);
                }
            }
            (!entries.is_empty()).then_some(Value::Object(entries))
        }
        Kind::List { item, .. } => {
            let items: Vec<Value> =
                (0..count(bytes)).filter_map(|_| below(item, bytes, hidden, depth + 1)).collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        Kind::Map { value, .. } => {
            let mut entries = Map::new();
            for _ in 0..count(bytes) {
                // Keys are shown in the path of a finding, so that nothing secret may stand in them.
                let key = bytes.text();
                if let Some(inner) = below(value, bytes, hidden, depth + 1) {
                    entries.insert(key, inner);
                }
            }
            (!entries.is_empty()).then_some(Value::Object(entries))
        }
        Kind::String { values: [], .. } => Some(text(bytes).into()),
        Kind::String { values, .. } => {
            let choice = usize::from(bytes.byte());
            Some(values.get(choice).map_or_else(|| text(bytes).into(), |value| (*value).into()))
        }
        Kind::Integer { long, .. } => {
            let number = bytes.number();
            Some(if *long { number.into() } else { (number as i32).into() })
        }
        Kind::Boolean => Some((bytes.byte() % 2 == 1).into()),
        Kind::Timestamp => Some(json!(bytes.number() as f64 / 1000.0)),
        Kind::Blob { .. } => {
            use base64::{Engine as _, engine::general_purpose::STANDARD};
            Some(STANDARD.encode(text(bytes)).into())
        }
        Kind::Document => Some(json!({"any": bytes.text()})),
    }
}

/// The one of `all` that has this name; another name means any of them.
pub fn pick<'a, T>(all: &'a [T], name: &[u8], name_of: impl Fn(&T) -> &str) -> &'a T {
    let named = all.iter().find(|one| name_of(one).as_bytes() == name);
    named.unwrap_or_else(|| {
        let hash = name.iter().fold(0usize, |hash, byte| hash.wrapping_mul(31) ^ usize::from(*byte));
        &all[hash % all.len()]
    })
}

/// The input's first line, and what follows it.
pub fn first_line(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, b""),
    }
}
