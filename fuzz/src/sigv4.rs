//! The signature of a request: its first line, its headers up to an empty line, its body.

use crate::values::first_line;
use rules::callers::sigv4::{Request, Scope, Signature};

/// 2026-01-01, which the corpus is signed at.
const NOW: i64 = 1_767_225_600_000;
const SCOPE: Scope<'_> = Scope { service: "cognito-idp", regions: &["us-east-1"], skew_minutes: 5 };

/// Reads the signature and checks it: nobody can guess the key.
pub fn run(data: &[u8]) {
    let (head, mut rest) = first_line(data);
    let head = String::from_utf8_lossy(head);
    let (method, target) = head.split_once(' ').unwrap_or(("POST", &head));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut lines = Vec::new();
    loop {
        let (line, after) = first_line(rest);
        rest = after;
        if line.is_empty() {
            break;
        }
        let at = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(at);
        lines.push((String::from_utf8_lossy(name).to_lowercase(), value.get(1..).unwrap_or_default()));
    }
    let headers = lines.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let request = Request { method, path, query, headers, body: rest };
    let Ok(signature) = Signature::of(&request) else { return };
    assert!(signature.check(&request, &SCOPE, b"a key that nobody signed with", NOW).is_err());
    let debug = format!("{signature:?}");
    assert!(debug.len() < 4_096, "an access key of {} bytes", debug.len());
}
