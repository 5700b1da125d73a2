//! What only development mode has: a clock that tests move, a store that they empty, an outbox that they read, and ids
//! that they choose. Who may reach it is the guard's matter (`http/own_addresses.rs`).

pub mod clock;
pub mod custom_ids;
pub mod outbox;
pub mod reset;

use crate::{
    app::App,
    http::{answer, body, route::Peer},
};
use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderValue, Request, Response, StatusCode, header},
    routing::{get, post},
};
use rules::endpoints::Endpoint;
use serde_json::Value;

/// The addresses under `/_cognate/` that a guard keeps to development on this machine.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/_cognate/clock", get(clock::read).post(clock::set))
        .route("/_cognate/reset", post(reset::reset))
        .route(outbox::PATH, get(outbox::read))
        .route("/_cognate/outbox/{*rest}", get(outbox::read))
}

/// A request's query and body.
async fn short_body(
    app: &App,
    endpoint: Endpoint,
    request: Request<Body>,
) -> Result<(Option<String>, Bytes), Response<Body>> {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    let query = request.uri().query().map(str::to_owned);
    let read = body::read(&app.config.limits, &app.long_bodies, endpoint, peer, request.into_body()).await;
    read.map(|body| (query, body)).map_err(|fault| answer::refused(endpoint, &fault, ""))
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
