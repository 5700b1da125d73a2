//! Signs requests as the AWS SDKs do, written from the specification and apart from the code that verifies.

use crate::lab::Lab;
use aws_lc_rs::{digest, hmac};
use axum::{body::Body, http::Request};
use cognate::secrets::random::SystemRandom;
use data_encoding::HEXLOWER;
use rules::calendar::basic_format;
use serde_json::Value;

/// Credentials, and what requests are signed for.
#[derive(Clone)]
pub struct Signer {
    pub id: String,
    pub secret: String,
    pub region: &'static str,
    pub service: &'static str,
    /// Seconds since 1970.
    pub at: i64,
    pub session_token: Option<&'static str>,
}

/// A request that can still be changed.
#[derive(Clone)]
pub struct Signed {
    pub method: &'static str,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Signed {
    pub fn set(&mut self, name: &str, value: &str) {
        self.headers.retain(|(n, _)| n != name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    pub fn request(&self) -> Request<Body> {
        let mut request = Request::builder().method(self.method).uri(&self.target);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(self.body.clone().into()).unwrap()
    }
}

impl Signer {
    /// Makes an access key with this policy, for a request at the lab's time.
    pub async fn with_policy(lab: &Lab, name: &str, policy: &Value) -> Signer {
        let app = &lab.app;
        let policy = policy.to_string();
        let key = cognate::callers::access_keys::create(
            &app.db,
            &app.vault,
            &app.clock,
            &mut SystemRandom,
            name,
            &policy,
        )
        .await;
        let key = key.unwrap();
        Signer {
            id: key.id,
            secret: key.secret.to_string(),
            region: "us-east-1",
            service: "cognito-idp",
            at: app.now() / 1_000,
            session_token: None,
        }
    }

    /// A call of the user pools API.
    pub fn call(&self, operation: &str, input: Value) -> Signed {
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", &target)];
        self.sign("POST", "/", &headers, input.to_string())
    }

    /// Any request, signed in its headers.
    pub fn sign(&self, method: &'static str, target: &str, headers: &[(&str, &str)], body: String) -> Signed {
        let mut headers: Vec<(String, String)> =
            headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        headers.push(("host".to_owned(), "localhost:9229".to_owned()));
        headers.push(("x-amz-date".to_owned(), basic_format(self.at)));
        if let Some(token) = self.session_token {
            headers.push(("x-amz-security-token".to_owned(), token.to_owned()));
        }
        headers.sort();
        let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(";");
        let signature = self.signature(method, target, &headers, &names, &body);
        let credential = format!("{}/{}", self.id, self.scope());
        headers.push((
            "authorization".to_owned(),
            format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"),
        ));
        Signed { method, target: target.to_owned(), headers, body }
    }

    /// A call of the user pools API, signed in its query.
    pub fn presigned(&self, operation: &str, input: Value, seconds: i64) -> Signed {
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        let headers =
            vec![("host".to_owned(), "localhost:9229".to_owned()), ("x-amz-target".to_owned(), target)];
        let credential = format!("{}/{}", self.id, self.scope()).replace('/', "%2F");
        let unsigned = format!(
            "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date={}\
             &X-Amz-Expires={seconds}&X-Amz-SignedHeaders=host%3Bx-amz-target",
            basic_format(self.at)
        );
        let body = input.to_string();
        let signature = self.signature("POST", &unsigned, &headers, "host;x-amz-target", &body);
        Signed { method: "POST", target: format!("{unsigned}&X-Amz-Signature={signature}"), headers, body }
    }

    fn scope(&self) -> String {
        format!("{}/{}/{}/aws4_request", &basic_format(self.at)[..8], self.region, self.service)
    }

    /// For targets and headers that are written canonically.
    fn signature(
        &self,
        method: &str,
        target: &str,
        headers: &[(String, String)],
        names: &str,
        body: &str,
    ) -> String {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = path.replace('%', "%25");
        let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let canonical = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{}", sha256(body));
        let text =
            format!("AWS4-HMAC-SHA256\n{}\n{}\n{}", basic_format(self.at), self.scope(), sha256(&canonical));
        let mut key = format!("AWS4{}", self.secret).into_bytes();
        for part in self.scope().split('/') {
            key = mac(&key, part);
        }
        HEXLOWER.encode(&mac(&key, &text))
    }
}

fn sha256(text: &str) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}
