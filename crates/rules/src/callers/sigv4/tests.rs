use super::*;
use serde::Deserialize;

const SECRET: &[u8] = b"tEsT/sEcReT+kEy0123456789abcdefghijKLMNO";
/// 2026-01-01T00:00:00Z, when botocore's requests were signed.
const NOW: Millis = 1_767_225_600_000;
const SCOPE: Scope<'static> = Scope { service: "cognito-idp", regions: &["us-east-1"], skew_minutes: 5 };

/// A request signed by botocore 1.44.5.
#[derive(Clone, Deserialize)]
struct Signed {
    name: String,
    service: String,
    region: String,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Signed {
    fn request(&self) -> Request<'_> {
        Request {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect(),
            body: self.body.as_bytes(),
        }
    }

    fn checked(&self, now: Millis) -> Result<Signature> {
        let request = self.request();
        let signature = Signature::of(&request)?;
        let scope = Scope { service: &self.service, regions: &[&self.region], skew_minutes: 5 };
        signature.check(&request, &scope, SECRET, now)?;
        Ok(signature)
    }

    fn set(&mut self, name: &str, value: &str) {
        self.headers.retain(|(n, _)| n != name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    fn header(&self, name: &str) -> String {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone()).unwrap()
    }
}

fn botocore() -> Vec<Signed> {
    serde_json::from_str(include_str!("testdata/botocore.json")).unwrap()
}

fn named(name: &str) -> Signed {
    botocore().into_iter().find(|signed| signed.name == name).unwrap()
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T>, code: spec::Code, text: &str) {
    let fault = result.unwrap_err();
    assert_eq!(fault.code, code, "{fault}");
    assert!(fault.message.contains(text), "{fault}");
}

#[test]
fn agrees_with_the_test_suite_of_aws() {
    let mut cases = 0;
    for case in include_str!("testdata/aws_test_suite.txt").split("\n=== ").skip(1) {
        let (name, rest) = case.split_once('\n').unwrap();
        let (raw, rest) = rest.split_once("\n--- canonical\n").unwrap();
        let (expected, authorization) = rest.split_once("\n--- authorization\n").unwrap();
        let (head, body) = raw.split_once("\n\n").unwrap_or((raw, ""));
        let mut lines = head.lines();
        let first = lines.next().unwrap().strip_suffix(" HTTP/1.1").unwrap();
        let (method, target) = first.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in lines {
            match line.strip_prefix(' ') {
                // A folded line: the suite counts it as one more value.
                Some(more) => headers.push((headers.last().unwrap().0.clone(), more.to_owned())),
                None => {
                    let (name, value) = line.split_once(':').unwrap();
                    headers.push((name.to_ascii_lowercase(), value.to_owned()));
                }
            }
        }
        headers.push(("authorization".to_owned(), authorization.trim().to_owned()));
        let headers: Vec<(&str, &[u8])> = headers.iter().map(|(n, v)| (&**n, v.as_bytes())).collect();
        let request = Request { method, path, query, headers, body: body.as_bytes() };
        let signature = Signature::of(&request).unwrap();
        let hash = hex(digest::digest(&digest::SHA256, request.body).as_ref());
        let canonical = canonical::request(&request, &signature.signed_headers, false, &hash).unwrap();
        assert_eq!(String::from_utf8(canonical).unwrap(), expected.trim_end(), "{name}");
        let scope = Scope { service: "service", regions: &["us-east-1"], skew_minutes: 5 };
        let secret = b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        signature
            .check(&request, &scope, secret, 1_440_938_160_000)
            .unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let added = ["x-amz-date", "authorization"];
        let headers = request.headers.iter().filter(|(name, _)| !added.contains(name)).copied().collect();
        let signer = Signer { access_key: "AKIDEXAMPLE", secret, region: "us-east-1", service: "service" };
        let [(_, date), (_, signed)] = signer.headers(&Request { headers, ..request }, 1_440_938_160_999);
        assert_eq!((&*date, &*signed), ("20150830T123600Z", authorization.trim()), "{name}");
        cases += 1;
    }
    assert_eq!(cases, 29);
}

#[test]
fn agrees_with_botocore() {
    let all = botocore();
    assert_eq!(all.len(), 22);
    for signed in all {
        let signature = signed.checked(NOW).unwrap_or_else(|fault| panic!("{}: {fault}", signed.name));
        assert_eq!(signature.access_key, "AKIACOGNATETEST23456");
        assert_eq!(
            signature.session_token.is_some(),
            signed.name.ends_with("session token"),
            "{}",
            signed.name
        );
    }
}

#[test]
fn a_changed_request_is_refused() {
    for signed in botocore() {
        let mut changes: Vec<Signed> = Vec::new();
        let mut change = |f: &dyn Fn(&mut Signed)| {
            let mut changed = signed.clone();
            f(&mut changed);
            changes.push(changed);
        };
        change(&|s| s.method = "DELETE".to_owned());
        change(&|s| s.path.push('x'));
        change(&|s| s.query.push_str("&x=y"));
        change(&|s| s.body.push(' '));
        change(&|s| s.set("host", "other.example"));
        change(&|s| s.set("x-amz-target", "AWSCognitoIdentityProviderService.DeleteUserPool"));
        change(&|s| s.set("x-amz-date", "20260101T000001Z"));
        change(&|s| s.headers.push(("host".to_owned(), "second.example".to_owned())));
        change(&|s| s.headers.retain(|(name, _)| name != "host"));
        for changed in changes {
            // A header's date means nothing to a presigned request, but then it is a header that is not signed.
            assert!(changed.checked(NOW).is_err(), "{} {}?{}", signed.name, changed.path, changed.query);
        }
        let request = signed.request();
        let signature = Signature::of(&request).unwrap();
        let scope = Scope { service: &signed.service, regions: &[&signed.region], skew_minutes: 5 };
        refused(
            signature.check(&request, &scope, b"another secret", NOW),
            spec::Code::InvalidSignatureException,
            "The request signature we calculated does not match the signature you provided.",
        );
    }
}

#[test]
fn every_character_of_a_signature_counts() {
    let signed = named("cognito-idp list_user_pools");
    let authorization = signed.header("authorization");
    let start = authorization.len() - SIGNATURE_CHARACTERS;
    for at in start..authorization.len() {
        let mut changed = signed.clone();
        let other = if &authorization[at..=at] == "0" { "1" } else { "0" };
        changed.set("authorization", &format!("{}{other}{}", &authorization[..at], &authorization[at + 1..]));
        refused(changed.checked(NOW).map(drop), spec::Code::InvalidSignatureException, "does not match");
    }
    for text in [
        &authorization[..authorization.len() - 1],
        &format!("{authorization}0"),
        &authorization.to_uppercase(),
    ] {
        let mut changed = signed.clone();
        changed.set("authorization", text);
        assert!(changed.checked(NOW).is_err(), "{text}");
    }
}

const SIGNATURE_CHARACTERS: usize = 64;

#[test]
fn clocks_may_differ_by_five_minutes() {
    let signed = named("cognito-idp list_user_pools");
    for (offset, expected) in [
        (0, None),
        (300_999, None),
        (-300_000, None),
        (
            301_000,
            Some(
                "Signature expired: 20260101T000000Z is now earlier than 20260101T000001Z (20260101T000501Z - 5 min.)",
            ),
        ),
        (
            -301_000,
            Some(
                "Signature not yet current: 20260101T000000Z is still later than 20251231T235959Z \
                 (20251231T235459Z + 5 min.)",
            ),
        ),
        (86_400_000, Some("Signature expired")),
        (i64::MAX - NOW, Some("Signature expired")),
    ] {
        match (signed.checked(NOW + offset), expected) {
            (Ok(_), None) => {}
            (result, expected) => {
                refused(result.map(drop), spec::Code::InvalidSignatureException, expected.unwrap());
            }
        }
    }
}

#[test]
fn presigned_requests_are_good_for_their_time() {
    for (name, seconds) in [
        ("sts get_caller_identity presigned", 900),
        ("cognito-sync describe_dataset presigned with a session token", 604_800),
    ] {
        let signed = named(name);
        assert!(signed.checked(NOW + seconds * 1_000).is_ok());
        refused(
            signed.checked(NOW + seconds * 1_000 + 1_000),
            spec::Code::InvalidSignatureException,
            "Signature expired",
        );
        refused(signed.checked(NOW - 301_000), spec::Code::InvalidSignatureException, "not yet current");
        for ttl in ["604801", "0", "-1", "+5", "", "x", "99999999999999999999"] {
            let mut changed = signed.clone();
            changed.query =
                changed.query.replace(&format!("X-Amz-Expires={seconds}"), &format!("X-Amz-Expires={ttl}"));
            refused(changed.checked(NOW), spec::Code::IncompleteSignatureException, "X-Amz-Expires must be");
        }
        let mut changed = signed.clone();
        changed.query = changed.query.replace(&format!("X-Amz-Expires={seconds}"), "X-Amz-Expires=901");
        refused(changed.checked(NOW), spec::Code::InvalidSignatureException, "does not match");
        let mut twice = signed.clone();
        twice.query.push_str(&format!("&X-Amz-Signature={}", "0".repeat(64)));
        refused(
            twice.checked(NOW),
            spec::Code::IncompleteSignatureException,
            "must include 'X-Amz-Signature'",
        );
        let mut both = signed.clone();
        both.set("authorization", &named("sts get_caller_identity").header("authorization"));
        refused(both.checked(NOW), spec::Code::IncompleteSignatureException, "not in both");
        let mut encoded = signed.clone();
        encoded.query = encoded.query.replace("X-Amz-Signature", "%58-Amz-Signature");
        assert!(encoded.checked(NOW).is_ok());
    }
}

#[test]
fn the_scope_must_fit() {
    let signed = named("cognito-idp list_user_pools");
    for (scope, text) in [
        (
            Scope { regions: &["eu-west-1"], ..SCOPE },
            "Credential should be scoped to a valid region, not 'us-east-1'. ",
        ),
        (Scope { service: "sts", ..SCOPE }, "Credential should be scoped to correct service: 'sts'. "),
        (
            Scope { service: "sts", regions: &[], skew_minutes: 5 },
            "Credential should be scoped to a valid region, not 'us-east-1'. \
             Credential should be scoped to correct service: 'sts'. ",
        ),
    ] {
        let request = signed.request();
        let fault = Signature::of(&request).unwrap().check(&request, &scope, SECRET, NOW).unwrap_err();
        assert_eq!((fault.code, &*fault.message), (spec::Code::InvalidSignatureException, text));
    }
    for (from, to, text) in [
        (
            "/20260101/",
            "/20251231/",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20251231' != \
             '20260101', from '20260101T000000Z'.",
        ),
        ("aws4_request", "aws5_request", "valid terminator: 'aws4_request', not 'aws5_request'."),
    ] {
        let mut changed = signed.clone();
        changed.set("authorization", &signed.header("authorization").replace(from, to));
        refused(changed.checked(NOW), spec::Code::InvalidSignatureException, text);
    }
}

#[test]
fn what_selects_and_proves_must_be_signed() {
    let signed = named("cognito-idp list_user_pools");
    let authorization = signed.header("authorization");
    for (left_out, text) in [
        ("host;", "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."),
        (";x-amz-target", "'x-amz-target' must be a 'SignedHeader'"),
        ("x-amz-date;", "'x-amz-date' must be a 'SignedHeader'"),
    ] {
        let mut changed = signed.clone();
        let fewer = authorization.replacen(left_out, "", 1);
        assert_ne!(fewer, authorization);
        changed.set("authorization", &fewer);
        refused(changed.checked(NOW), spec::Code::InvalidSignatureException, text);
    }
    // Proxies add these, and some clients add the token after signing.
    for name in
        ["x-amzn-trace-id", "x-forwarded-for", "x-amz-cf-id", "x-amz-security-token", "x-amz-user-agent"]
    {
        let mut changed = signed.clone();
        changed.set(name, "anything");
        assert!(changed.checked(NOW).is_ok(), "{name}");
    }
    for hash in [
        "UNSIGNED-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "",
        "00",
    ] {
        let mut changed = named("a content hash in a header");
        changed.set("x-amz-content-sha256", hash);
        refused(changed.checked(NOW), spec::Code::InvalidSignatureException, "does not match");
    }
}

#[test]
fn unreadable_signatures_are_refused() {
    use spec::Code::{IncompleteSignatureException, InvalidSignatureException};
    let signed = named("cognito-idp list_user_pools");
    let good = signed.header("authorization");
    let all = "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' \
               parameter. Authorization header requires 'SignedHeaders' parameter. (Hashed with SHA-256 and encoded \
               with Base64) Authorization=";
    for (authorization, code, text) in [
        ("Bearer eyJhbGciOi", IncompleteSignatureException, all),
        ("Basic dTpw", IncompleteSignatureException, all),
        ("", IncompleteSignatureException, all),
        ("AWS4-HMAC-SHA256", IncompleteSignatureException, all),
        ("AWS4-HMAC-SHA256 Credential=, SignedHeaders=, Signature=", IncompleteSignatureException, all),
        (
            &good.replace("AWS4-HMAC", "AWS4-ECDSA-P256"),
            IncompleteSignatureException,
            "Unsupported AWS 'algorithm'.",
        ),
        (&good.replace("/us-east-1", ""), IncompleteSignatureException, "Credential must have exactly 5"),
        (
            &good.replace("AKIACOGNATETEST23456", ""),
            IncompleteSignatureException,
            "Credential must have exactly 5",
        ),
        (
            &good.replace("AKIA", &"A".repeat(300)),
            IncompleteSignatureException,
            "Credential must have exactly 5",
        ),
        (
            &good.replace("host;", "Host;"),
            IncompleteSignatureException,
            "'SignedHeaders' must be names in lower",
        ),
        (
            &good.replace("host;", "host;host;"),
            IncompleteSignatureException,
            "'SignedHeaders' must be names in lower",
        ),
        (
            &good.replace("host;", "zoo;"),
            IncompleteSignatureException,
            "'SignedHeaders' must be names in lower",
        ),
        (&good.replace("host;", ";"), IncompleteSignatureException, "'SignedHeaders' must be names in lower"),
        (&good.replace("Signature=", "Signature=0"), InvalidSignatureException, "does not match"),
        (
            &format!("{good}, Signature={}", "0".repeat(64)),
            IncompleteSignatureException,
            "requires 'Signature'",
        ),
        (&good.replace("host;", "host;missing;"), InvalidSignatureException, "does not match"),
        (&format!("{good}{}", " ".repeat(10_000)), IncompleteSignatureException, "cannot be read"),
    ] {
        let mut changed = signed.clone();
        changed.set("authorization", authorization);
        refused(changed.checked(NOW), code, text);
    }
    let mut twice = signed.clone();
    twice.headers.push(("authorization".to_owned(), good.clone()));
    refused(twice.checked(NOW), IncompleteSignatureException, "cannot be read");
    for date in ["x", "", "2026-01-01T00:00:00Z"] {
        let mut changed = signed.clone();
        changed.set("x-amz-date", date);
        refused(
            changed.checked(NOW),
            IncompleteSignatureException,
            "Date must be in ISO-8601 'basic format'.",
        );
    }
    let mut undated = signed.clone();
    undated.headers.retain(|(name, _)| name != "x-amz-date");
    refused(undated.checked(NOW), IncompleteSignatureException, "either a 'X-Amz-Date' or a 'Date' header.");
    let mut unsigned = signed.clone();
    unsigned.headers.retain(|(name, _)| name != "authorization");
    refused(
        unsigned.checked(NOW),
        spec::Code::MissingAuthenticationTokenException,
        "Missing Authentication Token",
    );
}

#[test]
fn presigned_queries_say_what_they_lack() {
    let signed = named("sts get_caller_identity presigned");
    for name in
        ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"]
    {
        let mut changed = signed.clone();
        let pairs: Vec<&str> =
            signed.query.split('&').filter(|pair| !pair.starts_with(&format!("{name}="))).collect();
        changed.query = pairs.join("&");
        let text = format!(
            "AWS query-string parameters must include '{name}'. Re-examine the query-string parameters."
        );
        refused(changed.checked(NOW), spec::Code::IncompleteSignatureException, &text);
    }
    let mut long = signed.clone();
    long.query.push_str(&"&a=b".repeat(1_000));
    refused(long.checked(NOW), spec::Code::IncompleteSignatureException, "too long");
}

#[test]
fn debug_shows_no_signature() {
    let signed = named("sts get_caller_identity presigned");
    let text = format!("{:?}", signed.checked(NOW).unwrap());
    assert_eq!(text, "Signature { access_key: \"AKIACOGNATETEST23456\", .. }");
}
