//! AWS Signature Version 4: reads what a request says of its signature, checks it against the secret, and signs.
//! Which secret belongs to an access key, and what a session token means, is the caller's to know.

mod canonical;
mod dates;
mod reading;
mod signing;
#[cfg(test)]
mod tests;

pub use signing::{Signer, path_segment};

use crate::{Millis, Result, calendar::basic_format, fault};
use aws_lc_rs::{digest, hmac};
use subtle::ConstantTimeEq as _;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";
/// How long a presigned request may be good at most: seven days.
pub const PRESIGNED_SECONDS_MAX: i64 = 604_800;

/// Headers beginning with `x-amz-` must be signed, but for these: the token may be added after signing, the
/// second is added by a proxy, and the third means nothing.
const UNSIGNED_AMZ_HEADERS: [&str; 3] = ["x-amz-security-token", "x-amz-cf-id", "x-amz-user-agent"];

/// A request as it arrived or will leave. It has no Debug, because its body may hold secrets.
pub struct Request<'a> {
    /// `GET` or another method, in upper case.
    pub method: &'a str,
    /// The path, still encoded.
    pub path: &'a str,
    /// What stands behind the question mark, still encoded.
    pub query: &'a str,
    /// Names in lower case and values, in their order.
    pub headers: Vec<(&'a str, &'a [u8])>,
    /// The whole body.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    fn values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + 's {
        self.headers.iter().filter(move |(n, _)| *n == name).map(|(_, value)| *value)
    }

    /// The header's value, if it is there once and is text.
    fn text(&self, name: &str) -> Option<&'a str> {
        let mut values = self.values(name);
        let value = std::str::from_utf8(values.next()?).ok()?;
        values.next().is_none().then_some(value)
    }
}

/// What a signature must have been made for.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The service's signing name.
    pub service: &'a str,
    /// The regions that are accepted; one for all services but STS.
    pub regions: &'a [&'a str],
    /// How far the clocks may be apart, in minutes.
    pub skew_minutes: i64,
}

/// What a request says of its signature. Nothing of it is proven before [`Signature::check`] agrees.
#[derive(Clone)]
pub struct Signature {
    /// The access key that is said to have signed.
    pub access_key: String,
    /// The token of temporary credentials, for the caller to check.
    pub session_token: Option<String>,
    date: String,
    region: String,
    service: String,
    terminator: String,
    signed_headers: Vec<String>,
    hex: String,
    /// Seconds since 1970.
    signed_at: i64,
    is_presigned: bool,
    /// How long a presigned request is good.
    ttl_seconds: Option<i64>,
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Whoever reads a log could repeat the request while it is good, so the signature is left out.
        f.debug_struct("Signature").field("access_key", &self.access_key).finish_non_exhaustive()
    }
}

impl Signature {
    /// Reads a request's signature, from the Authorization header or a presigned query.
    ///
    /// # Errors
    /// MissingAuthenticationTokenException if there is none; IncompleteSignatureException if it cannot be read.
    pub fn of(request: &Request<'_>) -> Result<Signature> {
        reading::read(request)
    }

    /// Checks that the request was signed with `secret`, for this scope, about now.
    ///
    /// # Errors
    /// InvalidSignatureException.
    pub fn check(&self, request: &Request<'_>, scope: &Scope<'_>, secret: &[u8], now: Millis) -> Result<()> {
        self.check_scope(scope)?;
        self.check_time(scope.skew_minutes, now.div_euclid(1_000))?;
        self.check_signed_headers(request)?;
        let payload = hex(digest::digest(&digest::SHA256, request.body).as_ref());
        let declared = request.values("x-amz-content-sha256").all(|value| value == payload.as_bytes());
        // Also where a streamed or unsigned body is declared: no client of these services sends one.
        if !declared {
            return Err(fault::signature_mismatch().because("x-amz-content-sha256 is not the body's hash"));
        }
        let canonical = canonical::request(request, &self.signed_headers, self.is_presigned, &payload)
            .ok_or_else(|| fault::signature_mismatch().because("a signed header is missing"))?;
        let expected = self.expected(secret, &canonical);
        if bool::from(expected.as_bytes().ct_eq(self.hex.as_bytes())) {
            Ok(())
        } else {
            Err(fault::signature_mismatch())
        }
    }

    fn check_scope(&self, scope: &Scope<'_>) -> Result<()> {
        let mut findings = Vec::new();
        if !scope.regions.contains(&&*self.region) {
            findings.push(format!("Credential should be scoped to a valid region, not '{}'.", self.region));
        }
        if self.service != scope.service {
            findings.push(format!("Credential should be scoped to correct service: '{}'.", scope.service));
        }
        if self.terminator != TERMINATOR {
            findings.push(format!(
                "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{}'.",
                self.terminator
            ));
        }
        let signed_at = basic_format(self.signed_at);
        let day = signed_at.get(..8).unwrap_or_default();
        if self.date != day {
            findings.push(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
                 '{}' != '{day}', from '{signed_at}'.",
                self.date
            ));
        }
        if findings.is_empty() { Ok(()) } else { Err(fault::signature_scope(&findings)) }
    }

    fn check_time(&self, skew_minutes: i64, now: i64) -> Result<()> {
        let skew_seconds = skew_minutes * 60;
        if self.signed_at - now > skew_seconds {
            return Err(fault::signature_not_yet_current(self.signed_at, now, skew_minutes));
        }
        let ttl_seconds = self.ttl_seconds.unwrap_or(skew_seconds);
        if now - self.signed_at > ttl_seconds {
            // Unverified: how the service words the lifetime of a presigned request.
            return Err(fault::signature_expired(self.signed_at, now, ttl_seconds / 60));
        }
        Ok(())
    }

    /// Whatever an unsigned header says, somebody on the way may have said.
    fn check_signed_headers(&self, request: &Request<'_>) -> Result<()> {
        let is_signed = |name: &str| self.signed_headers.iter().any(|signed| signed == name);
        if !is_signed("host") {
            return Err(fault::header_not_signed("host"));
        }
        for (name, _) in &request.headers {
            if name.starts_with("x-amz-") && !UNSIGNED_AMZ_HEADERS.contains(name) && !is_signed(name) {
                return Err(fault::header_not_signed(name));
            }
        }
        Ok(())
    }

    fn expected(&self, secret: &[u8], canonical: &[u8]) -> String {
        let key = signing_key(secret, &self.date, &self.region, &self.service);
        hex(hmac::sign(&key, self.string_to_sign(canonical).as_bytes()).as_ref())
    }

    fn string_to_sign(&self, canonical: &[u8]) -> String {
        let hash = hex(digest::digest(&digest::SHA256, canonical).as_ref());
        let Signature { date, region, service, .. } = self;
        let time = basic_format(self.signed_at);
        format!("{ALGORITHM}\n{time}\n{date}/{region}/{service}/{TERMINATOR}\n{hash}")
    }
}

/// The key of one day, region and service.
fn signing_key(secret: &[u8], date: &str, region: &str, service: &str) -> hmac::Key {
    let first = zeroize::Zeroizing::new([b"AWS4".as_slice(), secret].concat());
    let mut key = hmac::Key::new(hmac::HMAC_SHA256, &first);
    for part in [date, region, service, TERMINATOR] {
        key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
    }
    key
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
