//! Origins, settings and CBOR by themselves.

use super::{RELYING_PARTY, soft_authenticator::cbor as write};
use crate::{
    fault::passkey_refused,
    webauthn::{
        Origins, Refusal,
        cbor::{read, read_first},
        origin::is_android,
        settings,
    },
};
use spec::cognito_idp::WebAuthnConfigurationType;
use std::collections::HashSet;

const APP: &str = "android:apk-key-hash:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";

#[test]
fn origins() {
    for (origin, expected) in [
        ("https://example.com", true),
        ("https://example.com:8443", true),
        ("https://login.example.com", true),
        ("https://a.b.example.com", true),
        ("https://xn--bcher-kva.example.com", true),
        ("", false),
        ("null", false),
        ("example.com", false),
        ("http://example.com", false),
        ("http://localhost", false),
        ("https://example.com/", false),
        ("https://example.com/path", false),
        ("https://example.com?q", false),
        ("https://example.com#f", false),
        ("https://example.com:443", false),
        ("https://example.com:0443", false),
        ("https://example.com:99999", false),
        ("https://example.com.", false),
        ("https://EXAMPLE.com", false),
        ("HTTPS://example.com", false),
        (" https://example.com", false),
        ("https://example.com\n", false),
        ("https://exam\tple.com", false),
        ("https://evil-example.com", false),
        ("https://evilexample.com", false),
        ("https://example.com.evil.org", false),
        ("https://example.com@evil.org", false),
        ("https://evil.org@example.com", false),
        ("https://user:x@example.com", false),
        ("https://evil.org/.example.com", false),
        ("https://evil.org\\.example.com", false),
        ("https://evil.org#.example.com", false),
        ("https://.example.com", false),
        ("https://a..example.com", false),
        ("https://%65xample.com", false),
        ("https://ｅxample.com", false),
        ("https://bücher.example.com", false),
        ("https://com", false),
        ("https://127.0.0.1", false),
        ("https://[::1]", false),
        ("wss://example.com", false),
        ("blob:https://example.com", false),
        ("file:///example.com", false),
        ("chrome-extension://example.com", false),
        ("ios:bundle-id:com.example", false),
        (APP, false),
    ] {
        assert_eq!(Origins::default().allow(origin, RELYING_PARTY), expected, "{origin}");
    }
    let long = format!("https://{}example.com", "a.".repeat(150));
    assert!(!Origins::default().allow(&long, RELYING_PARTY));
    for (origin, expected) in [
        ("http://localhost", true),
        ("http://localhost:3000", true),
        ("https://localhost", true),
        ("https://app.localhost", true),
        ("http://app.localhost", false),
        ("http://localhost.example.com", false),
        ("http://localhost:80", false),
        ("http://127.0.0.1", false),
        ("http://[::1]:3000", false),
    ] {
        assert_eq!(Origins::default().allow(origin, "localhost"), expected, "{origin}");
    }
}

#[test]
fn apps_of_android() {
    let known = [APP.to_owned()];
    let origins = Origins { android: &known };
    assert!(origins.allow(APP, RELYING_PARTY));
    assert!(!origins.allow(&format!("{APP}="), RELYING_PARTY));
    assert!(!origins.allow("android:apk-key-hash:", RELYING_PARTY));
    for (origin, expected) in [
        (APP, true),
        ("android:apk-key-hash:", false),
        ("android:apk-key-hash:AAAA", false),
        ("android:apk-key-hash:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg", false),
        ("https://example.com", false),
    ] {
        assert_eq!(is_android(origin), expected, "{origin}");
    }
}

#[test]
fn relying_parties() {
    for (id, expected) in [
        ("example.com", true),
        ("auth.example.co.uk", true),
        ("localhost", true),
        ("xn--bcher-kva.example", true),
        ("a-b.example.com", true),
        ("1.example.com", true),
        ("", false),
        ("com", false),
        ("Example.com", false),
        ("https://example.com", false),
        ("example.com:443", false),
        ("example.com/", false),
        ("example.com.", false),
        (".example.com", false),
        ("a..example.com", false),
        ("-a.example.com", false),
        ("a-.example.com", false),
        ("*.example.com", false),
        ("bücher.example", false),
        ("exam ple.com", false),
        ("127.0.0.1", false),
        ("1.2", false),
        ("0x7f.1", false),
        ("example.123", false),
        ("[::1]", false),
        ("user@example.com", false),
    ] {
        let configuration = WebAuthnConfigurationType {
            relying_party_id: Some(id.to_owned()),
            ..WebAuthnConfigurationType::default()
        };
        assert_eq!(settings::check(Some(&configuration)).is_ok(), expected, "{id}");
    }
    assert!(settings::check(Some(&WebAuthnConfigurationType::default())).is_ok());
    assert!(settings::check(None).is_ok());
}

#[test]
fn cbor_is_strict() {
    let nested = |depth: usize| (0..depth).fold(write::int(1), |inner, _| write::array(&[inner]));
    let wide = |count: usize| write::array(&vec![write::int(1); count]);
    let many = write::array(&vec![wide(20); 30]);
    for (bytes, is_good) in [
        (write::int(0), true),
        (write::int(-65_536), true),
        (write::int(i64::MAX), true),
        (write::int(i64::MIN), true),
        (vec![0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], false),
        (vec![0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], false),
        (write::text("é"), true),
        (vec![0x61, 0xff], false),
        (vec![0xf4], true),
        (vec![0xf5], true),
        (vec![0xf6], true),
        (vec![0xf7], false),
        (vec![0xe0], false),
        (vec![0xf9, 0, 0], false),
        (vec![0xfb, 0, 0, 0, 0, 0, 0, 0, 0], false),
        (vec![0xc0, 0x61, 0x61], false),
        (vec![0x5f, 0x41, 0x00, 0xff], false),
        (vec![0x7f, 0x61, 0x61, 0xff], false),
        (vec![0x9f, 0xff], false),
        (vec![0xbf, 0xff], false),
        (vec![0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], false),
        (vec![0x9b, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00], false),
        (vec![0xbb, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], false),
        (vec![0x42, 0x00], false),
        (vec![0xff], false),
        (vec![0x1c], false),
        (vec![], false),
        (vec![0x00, 0x00], false),
        (nested(6), true),
        (nested(7), false),
        (nested(10_000), false),
        (wide(64), true),
        (wide(65), false),
        (many, false),
        (write::labels(&[(1, write::int(1)), (2, write::int(1))]), true),
        (write::labels(&[(1, write::int(1)), (1, write::int(2))]), false),
        (write::names(&[("a", write::int(1)), ("a", write::int(1))]), false),
        // One key in two spellings.
        (vec![0xa2, 0x01, 0x00, 0x18, 0x01, 0x00], false),
        (write::map(&[(write::bytes(b"a"), write::int(1))]), false),
        (write::map(&[(write::array(&[]), write::int(1))]), false),
    ] {
        assert_eq!(read(&bytes).is_ok(), is_good, "{:?}", &bytes[..bytes.len().min(20)]);
    }
    assert_eq!(read_first(&[0x01, 0x02]).unwrap().1, 1);
}

#[test]
fn every_refusal_is_told_apart() {
    let reasons: HashSet<&str> = Refusal::ALL.iter().map(|refusal| refusal.reason()).collect();
    assert_eq!(reasons.len(), Refusal::ALL.len());
    for refusal in Refusal::ALL {
        assert_eq!(passkey_refused(*refusal).cause.unwrap().to_string(), refusal.to_string());
    }
}
