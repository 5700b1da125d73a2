//! Where a request came from when proxies passed it on: `X-Forwarded-For`, believed as far as trusted proxies wrote it.

use super::route::Peer;
use axum::http::{HeaderMap, Request};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

const HEADER: &str = "x-forwarded-for";

/// Puts the client's address into the place of the proxy's.
pub fn find_client<B>(trusted: &[IpNet], request: &mut Request<B>) {
    if let Some(Peer(peer)) = request.extensions().get::<Peer>().copied() {
        let client = client(trusted, peer, request.headers());
        request.extensions_mut().insert(Peer(client));
    }
}

/// The nearest hop that is no trusted proxy. Each proxy appends the address that it was asked from, so what stands left
/// of the first untrusted one may be anybody's invention.
fn client(trusted: &[IpNet], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let mut nearest = peer.to_canonical();
    let values = headers.get_all(HEADER).iter().rev();
    for hop in values.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b',')) {
        if !trusted.iter().any(|network| network.contains(&nearest)) {
            break;
        }
        // Proxies append to what the client sent, which need be no text.
        let Some(address) = str::from_utf8(hop).ok().and_then(|hop| address(hop.trim())) else { break };
        nearest = address;
    }
    nearest
}

/// Every address that proxies say they were asked from, in any of the headers for it; none where one cannot be read.
pub fn all(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let lists = headers.get_all(HEADER).iter().chain(headers.get_all("x-real-ip"));
    let listed = lists.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).map(hop);
    listed.chain(named(headers, "for").map(hop))
}

/// Every host that proxies say they were asked for, in any of the headers for it; none where one cannot be read.
pub fn hosts(headers: &HeaderMap) -> impl Iterator<Item = Option<&str>> {
    let lists = headers.get_all("x-forwarded-host").iter();
    let listed = lists.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    listed.chain(named(headers, "host")).map(|host| Some(str::from_utf8(host).ok()?.trim().trim_matches('"')))
}

/// RFC 7239: `for=192.0.2.1;host=example.com, for="[2001:db8::1]:4711"`. Quotes are not heeded, so that what stands in
/// them can hide nothing.
fn named<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
    let values = headers.get_all("forwarded").iter();
    let pairs = values.flat_map(|value| value.as_bytes().split(|byte| b",;".contains(byte)));
    pairs.filter_map(move |pair| {
        let end = pair.iter().position(|byte| *byte == b'=')?;
        let (found, value) = pair.split_at(end);
        let is_meant = found.trim_ascii().eq_ignore_ascii_case(name.as_bytes());
        is_meant.then(|| value[1..].trim_ascii())
    })
}

fn hop(bytes: &[u8]) -> Option<IpAddr> {
    address(str::from_utf8(bytes).ok()?.trim().trim_matches('"'))
}

/// Some proxies write a port behind the address.
fn address(hop: &str) -> Option<IpAddr> {
    let bare = hop.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().ok().or_else(|| Some(hop.parse::<SocketAddr>().ok()?.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let trusted: Vec<IpNet> =
            ["10.0.0.0/8", "127.0.0.1/32", "fd00::/8"].map(|net| net.parse().unwrap()).to_vec();
        for (peer, headers, expected) in [
            // Who is no proxy says what it likes.
            ("192.0.2.1", &["198.51.100.7"][..], "192.0.2.1"),
            ("192.0.2.1", &["10.0.0.1, 127.0.0.1"], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            // What stands left of the client was sent by it.
            ("10.0.0.1", &["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["198.51.100.7, 10.0.0.2"], "198.51.100.7"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", &["198.51.100.7:4711"], "198.51.100.7"),
            ("10.0.0.1", &["unknown"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.7, unknown"], "10.0.0.1"),
            ("10.0.0.1", &[""], "10.0.0.1"),
            ("10.0.0.1", &["\u{ff}, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9\u{ff},198.51.100.7, 10.0.0.2"], "198.51.100.7"),
            ("10.0.0.1", &["198.51.100.7, \u{ff}"], "10.0.0.1"),
            ("::ffff:10.0.0.1", &["::ffff:198.51.100.7"], "198.51.100.7"),
            ("fd00::1", &["2001:db8::7"], "2001:db8::7"),
            ("fd00::1", &["[2001:db8::7]:443"], "2001:db8::7"),
        ] {
            let mut map = HeaderMap::new();
            for value in headers {
                let bytes: Vec<u8> = value.chars().map(|c| u8::try_from(c).unwrap()).collect();
                map.append(HEADER, HeaderValue::from_bytes(&bytes).unwrap());
            }
            let found = client(&trusted, peer.parse().unwrap(), &map);
            assert_eq!(found, expected.parse::<IpAddr>().unwrap(), "{peer} {headers:?}");
        }
    }
}
