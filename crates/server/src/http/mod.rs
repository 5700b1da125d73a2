//! The way in: listener, limits, request ids, and the ways to the APIs.

pub mod admission;
pub mod answer;
pub mod body;
pub mod call_facts;
mod cors;
mod forwarded;
pub mod health;
pub mod home;
pub mod limits;
pub mod listener;
mod own_addresses;
mod per_address;
pub mod report;
pub mod response_timing;
pub mod route;
mod under_way;
mod well_known;
mod write_timeout;

use crate::app::App;
use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderValue, Request, Response},
    middleware::{self, Next},
};
use rules::Random as _;
use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};
use tracing::Instrument as _;

/// The name of the call under way, for whoever answers it.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Everything the server answers.
pub fn router(app: App) -> Router {
    Router::new()
        .merge(own_addresses::routes(&app))
        .fallback(fallback)
        .layer(middleware::from_fn_with_state(app.clone(), guard))
        .with_state(app)
}

async fn fallback(State(app): State<App>, request: Request<Body>) -> Response<Body> {
    let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    route::enter(&app, request, request_id).await
}

/// Names the request, and answers for a handler that panics or takes too long.
async fn guard(State(app): State<App>, mut request: Request<Body>, next: Next) -> Response<Body> {
    let request_id = app.random().uuid_v4();
    forwarded::find_client(&app.config.trusted_proxies, &mut request);
    request.extensions_mut().insert(RequestId(request_id.clone()));
    // Every line of the log that belongs to the request names it.
    let span = tracing::error_span!(
        "request",
        id = request_id,
        otel.kind = "server",
        otel.name = tracing::field::Empty,
        outcome = tracing::field::Empty
    );
    let answer = without_panic(next.run(request)).instrument(span);
    let mut response = match tokio::time::timeout(app.config.limits.answer_timeout, answer).await {
        Ok(Some(response)) => response,
        Ok(None) => route::failed("a handler panicked", &request_id),
        Err(_) => route::failed("a handler took too long", &request_id),
    };
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(answer::REQUEST_ID, value);
    }
    response
}

/// The future's value, or none if it panicked.
async fn without_panic<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    // After a panic the future is dropped without being asked again.
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(poll) => poll.map(Some),
        Err(_) => Poll::Ready(None),
    })
    .await
}
