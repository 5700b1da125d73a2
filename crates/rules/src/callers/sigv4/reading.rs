//! What a request says of its signature, in a header or in the query.

use super::{ALGORITHM, PRESIGNED_SECONDS_MAX, Request, Signature, canonical::decoded, dates};
use crate::{Result, fault};
use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::STANDARD};

const AUTHORIZATION_BYTES_MAX: usize = 8 * 1024;
const QUERY_BYTES_MAX: usize = 32 * 1024;
const QUERY_PAIRS_MAX: usize = 1_000;
const CREDENTIAL_BYTES_MAX: usize = 256;
const SIGNED_HEADERS_MAX: usize = 100;
const SESSION_TOKEN_BYTES_MAX: usize = 16 * 1024;
const SIGNATURE_BYTES: usize = 64;

/// Reads the signature, wherever it stands.
pub fn read(request: &Request<'_>) -> Result<Signature> {
    let header = request.values("authorization").next();
    let pairs = presigned_pairs(request.query)?;
    match (header, pairs) {
        (None, None) => Err(fault::missing_authentication_token()),
        (Some(header), None) => in_header(request, header),
        (None, Some(pairs)) => in_query(&pairs),
        // Two answers to one question: neither is taken.
        (Some(_), Some(_)) => Err(fault::incomplete_signature(
            "A request is signed in the Authorization header or in the query, not in both.",
        )),
    }
}

fn in_header(request: &Request<'_>, header: &[u8]) -> Result<Signature> {
    let unreadable = |text: &str| {
        let hash = STANDARD.encode(digest::digest(&digest::SHA256, header).as_ref());
        // The header itself is not repeated, because it may hold a token that was meant for someone else.
        fault::incomplete_signature(format!(
            "{text} (Hashed with SHA-256 and encoded with Base64) Authorization={hash}"
        ))
    };
    let text = request.text("authorization").filter(|text| text.len() <= AUTHORIZATION_BYTES_MAX);
    let text = text.ok_or_else(|| unreadable("The Authorization header cannot be read."))?;
    let (algorithm, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    if algorithm.starts_with("AWS") && algorithm != ALGORITHM {
        return Err(unreadable("Unsupported AWS 'algorithm'."));
    }
    let parts: Vec<(&str, &str)> = rest.split(',').filter_map(|part| part.trim().split_once('=')).collect();
    let part = |name: &str| {
        let mut values = parts.iter().filter(|(n, _)| *n == name).map(|(_, value)| *value);
        values.next().filter(|value| algorithm == ALGORITHM && !value.is_empty() && values.next().is_none())
    };
    let credential = part("Credential");
    let hex = part("Signature");
    let signed_headers = part("SignedHeaders");
    let signed_at = time(request)?;
    let (Some(credential), Some(hex), Some(signed_headers), Some(signed_at)) =
        (credential, hex, signed_headers, signed_at)
    else {
        let mut missing: Vec<&str> = Vec::new();
        for (is_missing, text) in [
            (credential.is_none(), "Authorization header requires 'Credential' parameter."),
            (hex.is_none(), "Authorization header requires 'Signature' parameter."),
            (signed_headers.is_none(), "Authorization header requires 'SignedHeaders' parameter."),
            (
                signed_at.is_none(),
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
            ),
        ] {
            if is_missing {
                missing.push(text);
            }
        }
        return Err(unreadable(&missing.join(" ")));
    };
    let session_token = session_token(request.text("x-amz-security-token"))?;
    let parts = Parts { credential, hex, signed_headers, signed_at, session_token };
    parts.into_signature(false, None)
}

/// When the request says it was signed; none if it does not say.
fn time(request: &Request<'_>) -> Result<Option<i64>> {
    if request.values("x-amz-date").next().is_some() {
        let text = request.text("x-amz-date").unwrap_or_default().trim();
        return dates::basic(text).map(Some).ok_or_else(|| bad_date(text));
    }
    if request.values("date").next().is_some() {
        let text = request.text("date").unwrap_or_default().trim();
        return dates::basic(text).or_else(|| dates::of_header(text)).map(Some).ok_or_else(|| bad_date(text));
    }
    Ok(None)
}

/// From memory of public reports.
fn bad_date(text: &str) -> fault::Fault {
    let shown: String = text.chars().take(64).collect();
    fault::incomplete_signature(format!(
        "Date must be in ISO-8601 'basic format'. Got '{shown}'. See http://en.wikipedia.org/wiki/ISO_8601"
    ))
}

/// The query's pairs, decoded, if it says that it is signed.
fn presigned_pairs(query: &str) -> Result<Option<Vec<(String, String)>>> {
    let too_long = || fault::incomplete_signature("The query is too long to be signed.");
    let is_presigned = query
        .split('&')
        .map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name))
        .any(|name| matches!(&*decoded(name), b"X-Amz-Algorithm" | b"X-Amz-Signature"));
    if !is_presigned {
        return Ok(None);
    }
    if query.len() > QUERY_BYTES_MAX {
        return Err(too_long());
    }
    let text = |part: &str| String::from_utf8_lossy(&decoded(part)).into_owned();
    let pairs: Vec<(String, String)> = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (text(name), text(value)))
        .collect();
    if pairs.len() > QUERY_PAIRS_MAX { Err(too_long()) } else { Ok(Some(pairs)) }
}

fn in_query(pairs: &[(String, String)]) -> Result<Signature> {
    let incomplete = |findings: &str| {
        fault::incomplete_signature(format!("{findings} Re-examine the query-string parameters."))
    };
    let value = |name: &str| {
        let mut values = pairs.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str());
        values.next().filter(|_| values.next().is_none())
    };
    let required =
        ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"];
    let [Some(algorithm), Some(credential), Some(hex), Some(signed_headers), Some(date)] =
        required.map(value)
    else {
        let findings: Vec<String> = required
            .into_iter()
            .filter(|name| value(name).is_none())
            .map(|name| format!("AWS query-string parameters must include '{name}'."))
            .collect();
        return Err(incomplete(&findings.join(" ")));
    };
    if algorithm != ALGORITHM {
        return Err(incomplete("Unsupported AWS 'algorithm'."));
    }
    let signed_at = dates::basic(date).ok_or_else(|| bad_date(date))?;
    let ttl_seconds = match pairs.iter().any(|(name, _)| name == "X-Amz-Expires") {
        false => None,
        true => {
            // Unverified: texts.
            let ttl = value("X-Amz-Expires").and_then(crate::calendar::number);
            let ttl = ttl.filter(|ttl| (1..=PRESIGNED_SECONDS_MAX).contains(ttl));
            Some(ttl.ok_or_else(|| {
                fault::incomplete_signature(format!(
                    "X-Amz-Expires must be a number from 1 to {PRESIGNED_SECONDS_MAX}."
                ))
            })?)
        }
    };
    let session_token = session_token(value("X-Amz-Security-Token"))?;
    Parts { credential, hex, signed_headers, signed_at, session_token }.into_signature(true, ttl_seconds)
}

fn session_token(token: Option<&str>) -> Result<Option<String>> {
    match token {
        Some(token) if token.len() > SESSION_TOKEN_BYTES_MAX => Err(fault::unrecognized_client()),
        token => Ok(token.map(str::to_owned)),
    }
}

/// The parts that both forms have.
struct Parts<'a> {
    credential: &'a str,
    hex: &'a str,
    signed_headers: &'a str,
    signed_at: i64,
    session_token: Option<String>,
}

impl Parts<'_> {
    fn into_signature(self, is_presigned: bool, ttl_seconds: Option<i64>) -> Result<Signature> {
        let credential: Vec<&str> = self.credential.split('/').collect();
        let [access_key, date, region, service, terminator] = credential[..] else {
            return Err(bad_credential(self.credential));
        };
        if self.credential.len() > CREDENTIAL_BYTES_MAX || access_key.is_empty() {
            return Err(bad_credential(self.credential));
        }
        let signed_headers = signed_headers(self.signed_headers)?;
        if self.hex.len() != SIGNATURE_BYTES {
            return Err(fault::signature_mismatch().because("a signature has 64 characters"));
        }
        Ok(Signature {
            access_key: access_key.to_owned(),
            session_token: self.session_token,
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            terminator: terminator.to_owned(),
            signed_headers,
            hex: self.hex.to_owned(),
            signed_at: self.signed_at,
            is_presigned,
            ttl_seconds,
        })
    }
}

/// From memory of public reports.
fn bad_credential(credential: &str) -> fault::Fault {
    let shown: String = credential.chars().take(CREDENTIAL_BYTES_MAX).collect();
    fault::incomplete_signature(format!(
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{shown}'"
    ))
}

/// The names, which signers write in lower case and in order; another order would be another text to sign.
fn signed_headers(text: &str) -> Result<Vec<String>> {
    let names: Vec<&str> = text.split(';').collect();
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase() && b != b':')
    };
    let is_canonical = names.len() <= SIGNED_HEADERS_MAX
        && names.iter().all(|name| is_name(name))
        && names.is_sorted_by(|a, b| a < b);
    if !is_canonical {
        // Unverified: text.
        return Err(fault::incomplete_signature(
            "'SignedHeaders' must be names in lower case, in alphabetical order, separated by semicolons.",
        ));
    }
    Ok(names.into_iter().map(str::to_owned).collect())
}
