//! The addresses of the servers that this one speaks to, but for PostgreSQL's: encrypted, unless the host is this
//! machine or the address itself says `tls=none`. Texts of mistakes quote no address, because addresses hold secrets.

use reqwest::Url;
use rules::hosts::is_loopback;

const NO_TLS: &str = "tls=none";
const STARTTLS: &str = "tls=required";
const SUBMISSION_PORT: u16 = 587;

/// An address that is spoken to by HTTP.
///
/// # Errors
/// A text that names the setting and the forms.
pub fn http(setting: &str, text: &str) -> Result<Url, String> {
    let wrong = || {
        format!(
            "{setting} must be https://HOST/PATH. Without encryption it is http://HOST/PATH for a host of this \
             machine, and http://HOST/PATH?{NO_TLS} for every other."
        )
    };
    let mut url: Url = text.parse().map_err(|_| wrong())?;
    let pairs = url.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let (said, others): (Vec<&str>, Vec<&str>) = pairs.partition(|pair| *pair == NO_TLS);
    let (says_none, others) = (!said.is_empty(), others.join("&"));
    if says_none {
        // It is about the connection, and no part of the request.
        url.set_query((!others.is_empty()).then_some(&others));
    }
    match url.scheme() {
        "https" if !says_none => Ok(url),
        "http" if says_none || url.host_str().is_some_and(is_loopback) => Ok(url),
        _ => Err(wrong()),
    }
}

/// A mail server's address in the form that lettre takes: with `tls=required` for STARTTLS, and nothing for none.
///
/// # Errors
/// A text that names the setting and the forms.
pub fn smtp(text: &str) -> Result<Url, String> {
    let wrong = || {
        format!(
            "--smtp-url must be smtp://USER:PASSWORD@HOST:PORT for STARTTLS, smtps://USER:PASSWORD@HOST:PORT for TLS \
             from the first byte, or smtp://HOST:PORT?{NO_TLS} for a mail server without encryption. USER:PASSWORD@ \
             and :PORT may be left out; characters such as @ and / in a password are written %40 and %2F."
        )
    };
    let mut url: Url = text.parse().map_err(|_| wrong())?;
    let host = url.host_str().unwrap_or_default();
    let is_half_named = url.password().is_none() != url.username().is_empty();
    if host.is_empty() || is_half_named || !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return Err(wrong());
    }
    let tls = match (url.scheme(), url.query()) {
        ("smtps", None) => None,
        ("smtp", None) => (!is_loopback(host)).then_some(STARTTLS),
        ("smtp", Some(STARTTLS)) => Some(STARTTLS),
        ("smtp", Some(NO_TLS)) => None,
        _ => return Err(wrong()),
    };
    url.set_query(tls);
    if url.scheme() == "smtp" && url.port().is_none() {
        url.set_port(Some(SUBMISSION_PORT)).map_err(|()| wrong())?;
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_is_encrypted_unless_the_address_says_otherwise() {
        for (text, expected) in [
            ("smtp://user:p%40ss@mail.example", Some("smtp://user:p%40ss@mail.example:587?tls=required")),
            ("smtp://mail.example:25", Some("smtp://mail.example:25?tls=required")),
            ("smtp://mail.example:25?tls=required", Some("smtp://mail.example:25?tls=required")),
            ("smtp://mail.example:25?tls=none", Some("smtp://mail.example:25")),
            ("smtp://localhost:1025", Some("smtp://localhost:1025")),
            ("smtp://[::1]", Some("smtp://[::1]:587")),
            ("smtp://127.0.0.1:2525?tls=required", Some("smtp://127.0.0.1:2525?tls=required")),
            ("smtp://localhost.example.com", Some("smtp://localhost.example.com:587?tls=required")),
            ("smtps://user:pass@mail.example", Some("smtps://user:pass@mail.example")),
            ("smtp://mail.example?tls=opportunistic", None),
            ("smtp://mail.example?tls=None", None),
            ("smtp://mail.example?tls=none&tls=required", None),
            ("smtp://mail.example?", None),
            ("smtp://hunter2@mail.example", None),
            ("smtp://:hunter2@mail.example", None),
            ("smtps://mail.example?tls=none", None),
            ("smtp:mail.example", None),
            ("smtp://", None),
            ("smtp://user:hunter2@/", None),
            ("smtp://user:hunter2@mail.example/helo", None),
            ("smtp://user:hunter2#@mail.example", None),
            ("https://mail.example", None),
            ("mail.example:587", None),
        ] {
            let found = smtp(text);
            assert_eq!(found.as_ref().ok().map(Url::as_str), expected, "{text}");
            assert!(found.err().is_none_or(|mistake| !mistake.contains("hunter2")), "{text}");
        }
    }

    #[test]
    fn http_is_encrypted_unless_the_address_says_otherwise() {
        for (text, expected) in [
            ("https://hooks.example/a?key=1", Some("https://hooks.example/a?key=1")),
            ("http://localhost:1/a", Some("http://localhost:1/a")),
            ("http://127.0.0.1:1/?key=1", Some("http://127.0.0.1:1/?key=1")),
            ("http://[::1]:1/", Some("http://[::1]:1/")),
            ("http://hooks.example/a?tls=none", Some("http://hooks.example/a")),
            ("http://hooks.example/a?key=1&tls=none&b", Some("http://hooks.example/a?key=1&b")),
            ("http://hooks.example/hunter2", None),
            ("http://hooks.example/?hunter2&tls=required", None),
            ("http://localhost@hooks.example/", None),
            ("https://hooks.example/?tls=none", None),
            ("ftp://localhost/", None),
            ("hunter2", None),
        ] {
            let found = http("--email-webhook", text);
            assert_eq!(found.as_ref().ok().map(Url::as_str), expected, "{text}");
            let mistake = found.err().unwrap_or_default();
            assert!(!mistake.contains("hunter2"), "{mistake}");
            assert!(expected.is_some() || mistake.starts_with("--email-webhook must be"), "{mistake}");
        }
    }
}
