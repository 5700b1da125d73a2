//! Which hosts are this machine.

use std::net::IpAddr;

/// Whether a host, as an address names it, is this machine's loopback: `localhost`, or an address of it. No name is
/// looked up.
pub fn is_loopback(host: &str) -> bool {
    let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || inner.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_known_by_its_name() {
        for (host, expected) in [
            ("localhost", true),
            ("LocalHost", true),
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("[::1]", true),
            ("::1", true),
            ("[::ffff:127.0.0.1]", true),
            ("", false),
            ("localhost.example.com", false),
            ("127.0.0.1.example.com", false),
            ("127.1", false),
            ("10.0.0.1", false),
            ("0.0.0.0", false),
            ("mail.example.com", false),
        ] {
            assert_eq!(is_loopback(host), expected, "{host}");
        }
    }
}
