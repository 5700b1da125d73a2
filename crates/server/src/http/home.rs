//! Whether a request was made for and by this machine, of which more is believed.

use super::{admission, forwarded};
use axum::http::{HeaderMap, HeaderName, Method, header, request::Parts, uri::Authority};
use rules::hosts::is_loopback;
use std::net::IpAddr;

/// Whether the request was made for and by this machine: neither under a foreign host name (DNS rebinding) nor from
/// a foreign origin, so that no web site can have made a browser ask; nor passed on by a proxy for a stranger. The host
/// of the public URL is foreign as any other, because a proxy that says nothing of itself asks by it for everybody.
pub fn is_at_home(head: &Parts) -> bool {
    let texts = |name: HeaderName| {
        head.headers.get_all(name).into_iter().map(|value| value.to_str().unwrap_or_default())
    };
    // Without any host name there was no browser, and hence nobody who was lured.
    let host_is_own =
        head.uri.authority().map(Authority::as_str).into_iter().chain(texts(header::HOST)).all(is_own_host);
    let origin_is_own = texts(header::ORIGIN)
        .all(|origin| origin.split_once("://").is_some_and(|(_, authority)| is_own_host(authority)));
    let is_for_us = |address: Option<IpAddr>| address.is_some_and(admission::is_local);
    let forwarded_is_own = forwarded::all(&head.headers).all(is_for_us)
        && forwarded::hosts(&head.headers).all(|host| host.is_some_and(is_own_host));
    host_is_own && origin_is_own && forwarded_is_own && !is_of_another_site(head)
}

/// Whether a browser says that another site makes it ask, and names no origin. Who follows a link from there sees the
/// answer alone.
fn is_of_another_site(head: &Parts) -> bool {
    let says = |name: &str, value: &str| head.headers.get_all(name).into_iter().any(|said| said == value);
    let follows_link = head.method == Method::GET && says("sec-fetch-dest", "document");
    says("sec-fetch-site", "cross-site") && !head.headers.contains_key(header::ORIGIN) && !follows_link
}

/// Whether a proxy says that it passed the request on for somebody.
pub fn is_forwarded(headers: &HeaderMap) -> bool {
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"]
        .iter()
        .any(|name| headers.contains_key(*name))
}

fn is_own_host(authority: &str) -> bool {
    authority.parse::<Authority>().is_ok_and(|authority| is_loopback(authority.host()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    #[test]
    fn whoever_comes_from_elsewhere_is_not_at_home() {
        for (name, value, expected) in [
            ("host", "localhost:9229", true),
            ("host", "[::1]:9229", true),
            ("host", "[::ffff:127.0.0.1]:9229", true),
            ("host", "LOCALHOST", true),
            ("host", "rebound.example", false),
            ("origin", "http://localhost:3000", true),
            ("origin", "https://evil.example", false),
            ("origin", "null", false),
            ("x-forwarded-for", "127.0.0.1", true),
            ("x-forwarded-for", "172.18.0.1, 127.0.0.1", true),
            ("x-forwarded-for", "192.0.2.1, 127.0.0.1", false),
            ("x-forwarded-for", "127.0.0.1, somebody", false),
            ("x-real-ip", "192.0.2.1", false),
            ("forwarded", "for=127.0.0.1;proto=http", true),
            ("forwarded", "for=127.0.0.1, For=\"[2001:db8::7]:4711\"", false),
            ("forwarded", "for=_hidden", false),
            ("forwarded", "for=127.0.0.1; Host=\"localhost:9229\"", true),
            ("forwarded", "for=127.0.0.1;host=rebound.example", false),
            ("forwarded", "host=localhost, for=127.0.0.1 ; HOST = rebound.example", false),
            ("forwarded", "host=", false),
            ("x-forwarded-host", "localhost", true),
            ("x-forwarded-host", "localhost:9229, rebound.example", false),
            ("x-forwarded-host", "rebound.example", false),
        ] {
            let head = Request::get("/").header(name, value).body(()).unwrap().into_parts().0;
            assert_eq!(is_at_home(&head), expected, "{name}: {value}");
            assert_eq!(is_forwarded(&head.headers), !["host", "origin"].contains(&name), "{name}");
        }
    }

    #[test]
    fn another_site_makes_a_browser_ask_for_nothing() {
        for (method, headers, expected) in [
            ("POST", &[("sec-fetch-site", "cross-site")][..], false),
            ("GET", &[("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "image")], false),
            ("GET", &[("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "document")], true),
            ("POST", &[("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "document")], false),
            ("POST", &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], false),
            ("POST", &[("sec-fetch-site", "cross-site"), ("origin", "http://127.0.0.1:3000")], true),
            ("POST", &[("sec-fetch-site", "cross-site"), ("origin", "http://evil.example")], false),
            ("POST", &[("sec-fetch-site", "same-site")], true),
            ("GET", &[("sec-fetch-site", "none")], true),
        ] {
            let request = headers.iter().fold(Request::builder().method(method), |request, (name, value)| {
                request.header(*name, *value)
            });
            let head = request.body(()).unwrap().into_parts().0;
            assert_eq!(is_at_home(&head), expected, "{method} {headers:?}");
        }
    }

    #[test]
    fn every_host_and_origin_counts() {
        for (uri, headers, expected) in [
            ("/", &[("host", "localhost"), ("host", "[::1]:9229")][..], true),
            ("/", &[("host", "localhost"), ("host", "rebound.example")], false),
            ("/", &[("host", "rebound.example"), ("host", "localhost")], false),
            ("http://localhost/", &[("host", "localhost")], true),
            ("http://localhost/", &[("host", "rebound.example")], false),
            ("http://rebound.example/", &[("host", "localhost")], false),
            ("/", &[("origin", "http://localhost"), ("origin", "https://evil.example")], false),
        ] {
            let request = headers
                .iter()
                .fold(Request::get(uri), |request, (name, value)| request.header(*name, *value));
            let head = request.body(()).unwrap().into_parts().0;
            assert_eq!(is_at_home(&head), expected, "{uri} {headers:?}");
        }
    }
}
