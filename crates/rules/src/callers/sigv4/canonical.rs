//! The one text that signer and verifier must both arrive at.

use super::Request;
use data_encoding::HEXUPPER;

/// The canonical request; none if a signed header is not there.
pub fn request(
    request: &Request<'_>,
    signed_headers: &[String],
    is_presigned: bool,
    payload_hash: &str,
) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for line in [request.method, &path(request.path), &query(request.query, is_presigned)] {
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }
    for name in signed_headers {
        let values: Vec<Vec<u8>> = request.values(name).map(folded).collect();
        if values.is_empty() {
            return None;
        }
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        out.extend_from_slice(&values.join(&b','));
        out.push(b'\n');
    }
    out.push(b'\n');
    out.extend_from_slice(signed_headers.join(";").as_bytes());
    out.push(b'\n');
    out.extend_from_slice(payload_hash.as_bytes());
    Some(out)
}

/// The path without empty, `.` and `..` segments, encoded once more than it came: every service but S3 signs
/// paths so.
fn path(raw: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in raw.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let mut out = String::from("/");
    encode_into(&mut out, segments.join("/").as_bytes(), true);
    if raw.ends_with('/') && !segments.is_empty() {
        out.push('/');
    }
    out
}

/// The query's pairs, decoded as each API decodes them, encoded in one way, and sorted. A presigned request
/// signs everything but its signature.
fn query(raw: &str, is_presigned: bool) -> String {
    let mut pairs: Vec<(String, String)> = raw
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (recoded(name), recoded(value)))
        .filter(|(name, _)| !is_presigned || name != "X-Amz-Signature")
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn recoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    encode_into(&mut out, &decoded(text), false);
    out
}

/// Percent signs and pluses undone as in a form; a percent sign without two digits stands for itself.
pub fn decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.as_bytes();
    while let [first, rest @ ..] = bytes {
        bytes = rest;
        out.push(match (first, rest) {
            (b'+', _) => b' ',
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    bytes = after;
                    high << 4 | low
                }
                _ => b'%',
            },
            _ => *first,
        });
    }
    out
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

pub fn encode_into(out: &mut String, bytes: &[u8], keep_slashes: bool) {
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep_slashes && byte == b'/' {
            out.push(char::from(byte));
        } else {
            out.push('%');
            HEXUPPER.encode_append(&[byte], out);
        }
    }
}

/// A header's value without space around it and with single spaces inside.
fn folded(value: &[u8]) -> Vec<u8> {
    let words: Vec<&[u8]> = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    words.join(&b' ')
}
