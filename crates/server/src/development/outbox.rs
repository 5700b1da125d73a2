//! The development outbox: every message that was written, as JSON, as the newest code, and as a page.
//!
//! Who reads it can confirm any user, so it exists in development mode only, and is for this machine only.

use crate::{
    app::App,
    development::{plain, response},
    http::{RequestId, answer as answers, report},
    messages,
};
use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, header, request::Parts},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rules::{
    Fault, Result, calendar,
    endpoints::Endpoint,
    messages::{Medium, Message, Purpose},
};
use serde::Serialize;
use store::outbox::Entry;

/// Where the outbox is.
pub const PATH: &str = "/_cognate/outbox";

/// How many messages one answer lists.
const MESSAGES_MAX: i64 = 100;
const STYLE: &str = include_str!("../../templates/outbox.css");

/// A message as JSON and page show it.
#[derive(Serialize)]
struct Shown {
    id: String,
    medium: &'static str,
    to: String,
    username: String,
    purpose: &'static str,
    subject: Option<String>,
    body: String,
    code: String,
    created_at: String,
    #[serde(skip)]
    shown_time: String,
    #[serde(skip)]
    shown_purpose: &'static str,
    #[serde(skip)]
    shown_body: String,
    #[serde(skip)]
    is_source: bool,
    #[serde(skip)]
    fate: String,
}

#[derive(Template)]
#[template(path = "outbox.html")]
struct Page<'a> {
    style: &'static str,
    to: &'a str,
    messages: Vec<Shown>,
}

/// Whether a path belongs to the outbox.
pub fn is_path(path: &str) -> bool {
    path == PATH || path.strip_prefix(PATH).is_some_and(|rest| rest.starts_with('/'))
}

/// Answers a GET of a path that [`is_path`].
pub async fn read(State(app): State<App>, request: Request<Body>) -> Response<Body> {
    let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let answered = answer(&app, &request.into_parts().0).await;
    answered.unwrap_or_else(|fault| {
        report::fault(Endpoint::Outbox, &fault, &request_id);
        answers::refused(Endpoint::Outbox, &fault, &request_id)
    })
}

async fn answer(app: &App, head: &Parts) -> Result<Response<Body>> {
    let Some(to) = asked_for(&head.uri) else {
        return Ok(plain(StatusCode::BAD_REQUEST, "Ask with ?to=ADDRESS or without any parameter.\n"));
    };
    match head.uri.path().strip_prefix(PATH).unwrap_or_default() {
        "" | "/" if accepts_html(&head.headers) => page(app, &to).await,
        "" | "/" => list(app, &to).await,
        "/page" => page(app, &to).await,
        "/code" => newest_code(app, &to).await,
        _ => Ok(plain(StatusCode::NOT_FOUND, "Not found.\n")),
    }
}

async fn list(app: &App, to: &str) -> Result<Response<Body>> {
    let shown = shown(app, to, MESSAGES_MAX).await?;
    let mut json = serde_json::to_vec_pretty(&shown).map_err(Fault::internal)?;
    json.push(b'\n');
    Ok(response(StatusCode::OK, "application/json", json.into()))
}

async fn newest_code(app: &App, to: &str) -> Result<Response<Body>> {
    Ok(match shown(app, to, 1).await?.pop() {
        Some(message) => plain(StatusCode::OK, &format!("{}\n", message.code)),
        None => plain(StatusCode::NOT_FOUND, "No message.\n"),
    })
}

async fn page(app: &App, to: &str) -> Result<Response<Body>> {
    let page = Page { style: STYLE, to, messages: shown(app, to, MESSAGES_MAX).await? };
    let html = page.render().map_err(Fault::internal)?;
    let mut response = response(StatusCode::OK, "text/html; charset=utf-8", html.into());
    // The page's own style and nothing else: no scripts, no images, no frames, whatever a message holds.
    let style = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    let policy = HeaderValue::try_from(policy).map_err(Fault::internal)?;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

async fn shown(app: &App, to: &str, limit: i64) -> Result<Vec<Shown>> {
    let to = (!to.is_empty()).then(|| to.to_owned());
    let entries = app.db.read(move |tx| store::outbox::list(tx, to.as_deref(), limit)).await?;
    entries.iter().map(|entry| Ok(show(entry, messages::outbox::open(app, entry)?))).collect()
}

fn show(entry: &Entry, message: Message) -> Shown {
    let created_at = calendar::iso_8601(entry.created_at);
    Shown {
        id: entry.id.clone(),
        medium: message.medium.delivery_medium().as_str(),
        purpose: message.purpose.as_str(),
        shown_time: created_at.get(..19).unwrap_or_default().replace('T', " ") + " UTC",
        shown_purpose: in_words(message.purpose),
        // What leads and trails in a template is of no use to a reader.
        shown_body: message.body.trim().to_owned(),
        is_source: message.medium == Medium::Email && message.body.contains('<'),
        fate: fate(entry, message.medium),
        to: message.to,
        username: message.username.into(),
        subject: message.subject,
        body: message.body,
        code: message.code,
        created_at,
    }
}

fn in_words(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::SignUp => "Sign-up",
        Purpose::PasswordReset => "Password reset",
        Purpose::AttributeVerification => "Verification of an address",
        Purpose::Authentication => "Sign-in",
        Purpose::Invitation => "Invitation",
    }
}

/// What became of the message, for the page.
fn fate(entry: &Entry, medium: Medium) -> String {
    let kind = match medium {
        Medium::Email => "E-mail",
        Medium::Sms => "SMS",
    };
    match (entry.delivered_at, entry.next_try_at, &entry.last_error) {
        (Some(at), ..) => format!("{kind}, delivered {}", calendar::iso_8601(at)),
        (None, Some(_), Some(error)) => format!("{kind}, will be tried again: {error}"),
        (None, Some(_), None) => format!("{kind}, on its way"),
        (None, None, Some(error)) => format!("{kind}, given up: {error}"),
        (None, None, None) => format!("{kind}, kept here only"),
    }
}

/// The address, phone number or user name after `?to=`; empty means all. None where anything else is asked, for whoever
/// misspells it must not get somebody else's code.
fn asked_for(uri: &Uri) -> Option<String> {
    // No user name holds a space, but phone numbers begin with a plus, which people do not think of encoding.
    let query = uri.query().unwrap_or_default().replace('+', "%2B");
    let mut fields = spec::query::fields(query.as_bytes()).ok()?.into_iter();
    let Some((name, to)) = fields.next() else { return Some(String::new()) };
    (name == "to" && fields.next().is_none()).then_some(to)
}

fn accepts_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_asked_for() {
        for (uri, expected) in [
            ("/_cognate/outbox", Some("")),
            ("/_cognate/outbox?to=", Some("")),
            ("/_cognate/outbox?to=+15555550100", Some("+15555550100")),
            ("/_cognate/outbox?to=%2B15555550100", Some("+15555550100")),
            ("/_cognate/outbox?to=jane%40example.com", Some("jane@example.com")),
            ("/_cognate/outbox?email=jane%40example.com", None),
            ("/_cognate/outbox?to=jane&to=mary", None),
        ] {
            assert_eq!(asked_for(&uri.parse().unwrap()).as_deref(), expected, "{uri}");
        }
        assert!(is_path("/_cognate/outbox/code") && !is_path("/_cognate/outboxes"));
    }
}
