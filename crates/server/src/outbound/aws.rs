//! Calls of an API of AWS's, signed where there is an access key.

use super::client::{Answer, Client, Failure};
use crate::clock::Clock;
use axum::body::Bytes;
use reqwest::{
    Url,
    header::{HOST, HeaderMap, HeaderName, HeaderValue},
};
use rules::callers::sigv4::{Request, Signer};
use serde_json::Value;
use std::time::Duration;
use zeroize::Zeroizing;

/// The longest answer that is looked at for an error's name.
const ERROR_BYTES_MAX: usize = 64 * 1024;
/// What an error is called that has no name.
pub const NAMELESS: &str = "ServiceException";

/// An API at an address that the settings name. It has no Debug, because it holds a secret.
pub struct Api {
    /// The client that calls.
    pub client: Client,
    /// The address, without a path.
    pub endpoint: Url,
    /// The service's signing name.
    pub service: &'static str,
    /// The region that requests are signed for.
    pub region: String,
    /// Access key id and secret access key; none: requests are not signed.
    pub credentials: Option<(String, Zeroizing<String>)>,
}

impl Api {
    /// POSTs a body. `path` is encoded already.
    ///
    /// # Errors
    /// [`Failure`]; an answer is none, whatever its status.
    pub async fn post(
        &self,
        path: &str,
        headers: &[(&'static str, &'static str)],
        body: Bytes,
        timeout: Duration,
    ) -> Result<Answer, Failure> {
        let mut url = self.endpoint.clone();
        url.set_path(path);
        let host = url.host_str().unwrap_or_default();
        let host = url.port().map_or(host.to_owned(), |port| format!("{host}:{port}"));
        let mut all = HeaderMap::new();
        let unsendable = |_| Failure::Broken("a setting cannot be sent as a header".to_owned());
        all.insert(HOST, HeaderValue::from_str(&host).map_err(unsendable)?);
        for (name, value) in headers {
            all.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        for (name, value) in self.signature(&url, &all, &body).into_iter().flatten() {
            all.insert(HeaderName::from_static(name), HeaderValue::from_str(&value).map_err(unsendable)?);
        }
        self.client.post(url, all, body, timeout).await
    }

    fn signature(&self, url: &Url, headers: &HeaderMap, body: &[u8]) -> Option<[(&'static str, String); 2]> {
        let (access_key, secret) = self.credentials.as_ref()?;
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let request = Request { method: "POST", path: url.path(), query: "", headers, body };
        let signer =
            Signer { access_key, secret: secret.as_bytes(), region: &self.region, service: self.service };
        // A development server's clock may have been moved, and the other side looks at its own.
        Some(signer.headers(&request, Clock::System.now()))
    }
}

/// The name of the error that an answer brought.
pub async fn error_name(answer: Answer) -> String {
    let in_header = answer.header("x-amzn-errortype").map(str::to_owned);
    let name = match in_header {
        Some(name) => Some(name),
        None => answer.body(ERROR_BYTES_MAX).await.ok().and_then(|body| name_in_body(&body)),
    };
    name.and_then(|name| bare(&name)).unwrap_or_else(|| NAMELESS.to_owned())
}

fn name_in_body(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    // Lambda's own `Type` says whose fault it is, User or Service.
    let is_name = |text: &&str| text.contains("Exception") || text.contains("Error");
    ["__type", "code", "Type"]
        .iter()
        .find_map(|member| body[*member].as_str().filter(is_name).map(str::to_owned))
}

/// `com.example#SomeException:http://…` without what stands around the name.
fn bare(name: &str) -> Option<String> {
    let name = name.split(':').next()?.rsplit('#').next()?.trim();
    (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_bare_names() {
        for (name, expected) in [
            ("ResourceNotFoundException", Some("ResourceNotFoundException")),
            ("ResourceNotFoundException:http://internal.example/", Some("ResourceNotFoundException")),
            ("com.amazonaws.kms#NotFoundException", Some("NotFoundException")),
            ("<script>", None),
            ("", None),
        ] {
            assert_eq!(bare(name).as_deref(), expected, "{name}");
        }
        for (body, expected) in [
            (r#"{"__type":"AccessDeniedException"}"#, Some("AccessDeniedException")),
            (r#"{"Type":"User","Message":"no"}"#, None),
            (r#"{"Type":"ServiceException"}"#, Some("ServiceException")),
            ("<html>", None),
        ] {
            assert_eq!(name_in_body(body.as_bytes()).as_deref(), expected, "{body}");
        }
    }
}
