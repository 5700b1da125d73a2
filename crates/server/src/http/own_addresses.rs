//! The addresses under `/_cognate`, and the one guard before all of them.

use super::{cors, health, home, route::Peer};
use crate::{
    app::App,
    development::{self, outbox, plain},
    metrics,
};
use axum::{
    Router,
    body::Body,
    extract::State,
    http::{Request, Response, StatusCode, header, request::Parts},
    middleware::{self, Next},
    routing::{any, get},
};
use rules::endpoints::{Endpoint, Reach};

/// All of them.
pub fn routes(app: &App) -> Router<App> {
    Router::new()
        .merge(health::routes())
        .merge(development::routes())
        .route("/_cognate/metrics", get(metrics::endpoint::answer))
        .route("/_cognate/{*rest}", any(|| async { not_found() }))
        .layer(middleware::from_fn_with_state(app.clone(), guard))
}

/// What a path asks for. A path that is not named here is not there, whatever the router says.
fn endpoint(path: &str) -> Endpoint {
    match path {
        "/_cognate/health/live" | "/_cognate/health/ready" => Endpoint::Health,
        "/_cognate/metrics" => Endpoint::Metrics,
        "/_cognate/clock" => Endpoint::Clock,
        "/_cognate/reset" => Endpoint::Reset,
        path if outbox::is_path(path) => Endpoint::Outbox,
        _ => Endpoint::NotFound,
    }
}

async fn guard(State(app): State<App>, request: Request<Body>, next: Next) -> Response<Body> {
    let (head, body) = request.into_parts();
    let endpoint = endpoint(head.uri.path());
    let has_origin = head.headers.contains_key(header::ORIGIN);
    let mut response = match refusal(&app, endpoint, &head) {
        Some(refusal) => {
            tracing::debug!(endpoint = endpoint.name(), status = refusal.status().as_u16(), "not answered");
            refusal
        }
        None => next.run(Request::from_parts(head, body)).await,
    };
    cors::allow_reading(endpoint, has_origin, &mut response);
    response
}

/// The refusal of whoever may not ask, or may not ask from there.
fn refusal(app: &App, endpoint: Endpoint, head: &Parts) -> Option<Response<Body>> {
    match endpoint.reach() {
        _ if endpoint == Endpoint::NotFound => Some(not_found()),
        Reach::Everybody => None,
        Reach::Token => {
            let peer = head.extensions.get::<Peer>().copied();
            let may_read = metrics::endpoint::may_read(&app.config, head, peer);
            (!may_read).then(|| plain(StatusCode::FORBIDDEN, "Show metrics_token as a bearer token.\n"))
        }
        Reach::Development if !app.config.development => Some(not_found()),
        Reach::Development => (!home::is_at_home(head)).then(|| {
            plain(StatusCode::FORBIDDEN, "Only requests to and from this machine are answered here.\n")
        }),
    }
}

fn not_found() -> Response<Body> {
    plain(StatusCode::NOT_FOUND, "Not found.\n")
}
