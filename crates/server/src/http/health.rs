//! What load balancers ask: is the process alive, and can it serve?

use crate::{app::App, master_keys};
use axum::{Router, extract::State, http::StatusCode, routing::get};

pub fn routes() -> Router<App> {
    Router::new()
        .route("/_cognate/health/live", get(|| async { "alive\n" }))
        .route("/_cognate/health/ready", get(ready))
}

/// Ready means that the store answers, and that its secrets can be opened.
async fn ready(State(app): State<App>) -> (StatusCode, &'static str) {
    if let Err(error) = app.db.read(store::settings::probe).await {
        tracing::warn!(%error, "not ready: the store does not answer");
        return (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n");
    }
    match master_keys::follow(&app.db, &app.vault).await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(fault) => {
            tracing::warn!(%fault, cause = ?fault.cause, "not ready: the store's secrets cannot be opened");
            (StatusCode::SERVICE_UNAVAILABLE, "the store's secrets cannot be opened\n")
        }
    }
}
