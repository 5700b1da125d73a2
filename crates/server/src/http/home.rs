//! Whether a request was made for and by this machine, of which more is believed.

use super::{admission, forwarded};
use crate::config::Config;
use axum::http::{HeaderMap, HeaderName, Uri, header, request::Parts, uri::Authority};
use rules::hosts::is_loopback;
use std::net::IpAddr;

/// Whether the request was made for and by this machine: neither under a foreign host name (DNS rebinding) nor from
/// a foreign origin, so that no web site can have made a browser ask; nor passed on by a proxy for a stranger.
pub fn is_at_home(config: &Config, head: &Parts) -> bool {
    let is_own = |authority: &str| is_own_host(config, authority);
    let text = |name: HeaderName| head.headers.get(name).map(|v| v.to_str().unwrap_or_default());
    let host = head.uri.authority().map(Authority::as_str).or_else(|| text(header::HOST));
    // Without any host name there was no browser, and hence nobody who was lured.
    let host_is_own = host.is_none_or(is_own);
    let origin_is_own = text(header::ORIGIN)
        .is_none_or(|origin| origin.split_once("://").is_some_and(|(_, authority)| is_own(authority)));
    let is_for_us = |address: Option<IpAddr>| address.is_some_and(admission::is_local);
    let forwarded_is_own = forwarded::all(&head.headers).all(is_for_us)
        && forwarded::hosts(&head.headers).all(|host| host.is_some_and(is_own));
    host_is_own && origin_is_own && forwarded_is_own
}

/// Whether a proxy says that it passed the request on for somebody.
pub fn is_forwarded(headers: &HeaderMap) -> bool {
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"]
        .iter()
        .any(|name| headers.contains_key(*name))
}

fn is_own_host(config: &Config, authority: &str) -> bool {
    let Ok(authority) = authority.parse::<Authority>() else { return false };
    let host = authority.host();
    let public = config.public_url.parse::<Uri>().ok();
    is_loopback(host) || public.as_ref().and_then(Uri::host).is_some_and(|own| own.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    #[test]
    fn whoever_comes_from_elsewhere_is_not_at_home() {
        let config = Config::local("127.0.0.1:9229".parse().unwrap(), "no-folder".into());
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
            assert_eq!(is_at_home(&config, &head), expected, "{name}: {value}");
            assert_eq!(is_forwarded(&head.headers), !["host", "origin"].contains(&name), "{name}");
        }
    }
}
