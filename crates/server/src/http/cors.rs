//! What browsers ask before they let a page talk to the APIs.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header},
};
use rules::endpoints::{Endpoint, Readers};

/// What the known clients send; other well-formed names are allowed too, as the service does.
const ALLOWED_HEADERS: &str = "amz-sdk-invocation-id, amz-sdk-request, authorization, cache-control, content-type, \
                               x-amz-content-sha256, x-amz-date, x-amz-security-token, x-amz-target, x-amz-user-agent";
const ALLOWED_METHODS: &str = "DELETE, GET, HEAD, POST, PUT";
/// Two days. Recollected from public pastes.
const MAX_AGE: &str = "172800";
/// How long a list of further headers may be.
const REQUESTED_CHARACTERS_MAX: usize = 2_000;
/// How many names it may have: each is looked for among all before it.
const REQUESTED_NAMES_MAX: usize = 100;
/// Captured from the service.
const EXPOSED_HEADERS: &str = "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date";

/// Whether this is a browser's question rather than a call.
pub fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a preflight.
pub fn preflight(headers: &HeaderMap) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::OK;
    let answer = response.headers_mut();
    answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(ALLOWED_METHODS));
    answer.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
    answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed_headers(headers));
    answer.insert(header::VARY, HeaderValue::from_static("access-control-request-headers, origin"));
    response
}

fn allowed_headers(headers: &HeaderMap) -> HeaderValue {
    let requested = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS).and_then(|v| v.to_str().ok());
    let mut allowed = ALLOWED_HEADERS.to_owned();
    let is_short = |list: &&str| {
        list.len() <= REQUESTED_CHARACTERS_MAX && list.split(',').count() <= REQUESTED_NAMES_MAX
    };
    for name in requested.filter(is_short).unwrap_or_default().split(',') {
        if let Ok(name) = HeaderName::try_from(name.trim().to_ascii_lowercase())
            && !allowed.split(", ").any(|known| known == name.as_str())
        {
            allowed.push_str(", ");
            allowed.push_str(name.as_str());
        }
    }
    HeaderValue::from_str(&allowed).unwrap_or(HeaderValue::from_static(ALLOWED_HEADERS))
}

/// Lets the pages read the answer that may; without an origin nothing is said, as the service does.
pub fn allow_reading(endpoint: Endpoint, has_origin: bool, response: &mut Response<Body>) {
    if has_origin && endpoint.readers() == Readers::AnyOrigin {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_bounded_length_are_allowed() {
        let names = |count: usize| (0..count).map(|n| format!("x{n}")).collect::<Vec<_>>().join(",");
        for (requested, is_allowed) in [
            ("x0".to_owned(), true),
            (names(REQUESTED_NAMES_MAX), true),
            (names(REQUESTED_NAMES_MAX + 1), false),
            (format!("x0,{}", "y".repeat(REQUESTED_CHARACTERS_MAX)), false),
        ] {
            let mut headers = HeaderMap::new();
            headers
                .insert(header::ACCESS_CONTROL_REQUEST_HEADERS, HeaderValue::from_str(&requested).unwrap());
            let allowed = allowed_headers(&headers);
            let allowed = allowed.to_str().unwrap();
            assert!(allowed.starts_with(ALLOWED_HEADERS));
            assert_eq!(allowed.contains(", x0"), is_allowed, "{requested}");
        }
    }
}
