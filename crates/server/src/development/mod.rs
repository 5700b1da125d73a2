//! What only development mode has: a clock that tests move and a store that they empty; and who may reach that.

pub mod clock;
pub mod custom_ids;
pub mod outbox;
pub mod reset;

use crate::app::App;
use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Response, StatusCode, Uri, header, request::Parts, uri::Authority},
    routing::{get, post},
};
use serde_json::Value;
use std::net::IpAddr;

/// The longest body that is read here.
const BODY_BYTES_MAX: usize = 4 * 1024;

/// The addresses under `/_cognate/`.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/_cognate/clock", get(clock::read).post(clock::set))
        .route("/_cognate/reset", post(reset::reset))
}

/// The refusal of what is not asked in development mode, or not from this machine.
fn refusal(app: &App, head: &Parts) -> Option<Response<Body>> {
    if !app.config.development {
        return Some(plain(StatusCode::NOT_FOUND, "Not found.\n"));
    }
    if !is_at_home(app, head) {
        return Some(plain(
            StatusCode::FORBIDDEN,
            "Only requests to and from this machine are answered here.\n",
        ));
    }
    None
}

/// Whether the request was made for and by this machine: neither under a foreign host name (DNS rebinding) nor from
/// a foreign origin, so that no web site can have made a browser ask.
pub fn is_at_home(app: &App, head: &Parts) -> bool {
    let is_own = |authority: &str| is_own_host(app, authority);
    let text = |name: header::HeaderName| head.headers.get(name).map(|v| v.to_str().unwrap_or_default());
    let host = head.uri.authority().map(Authority::as_str).or_else(|| text(header::HOST));
    // Without any host name there was no browser, and hence nobody who was lured.
    let host_is_own = host.is_none_or(is_own);
    let origin_is_own = text(header::ORIGIN)
        .is_none_or(|origin| origin.split_once("://").is_some_and(|(_, authority)| is_own(authority)));
    host_is_own && origin_is_own
}

fn is_own_host(app: &App, authority: &str) -> bool {
    let Ok(authority) = authority.parse::<Authority>() else { return false };
    let host = authority.host().to_ascii_lowercase();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let public = app.config.public_url.parse::<Uri>().ok();
    host == "localhost"
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        || public.as_ref().and_then(Uri::host).is_some_and(|own| own.eq_ignore_ascii_case(host))
}

fn json(status: StatusCode, value: &Value) -> Response<Body> {
    response(status, "application/json", format!("{value}\n").into())
}

/// A text that nobody keeps.
pub fn plain(status: StatusCode, text: &str) -> Response<Body> {
    response(status, "text/plain; charset=utf-8", text.to_owned().into())
}

/// An answer that nobody keeps, frames or guesses the type of.
pub fn response(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
