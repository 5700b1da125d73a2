//! What load balancers ask: is the process alive, and can it serve?

use crate::app::App;
use axum::{Router, extract::State, http::StatusCode, routing::get};

pub fn routes() -> Router<App> {
    Router::new()
        .route("/_cognate/health/live", get(|| async { "alive\n" }))
        .route("/_cognate/health/ready", get(ready))
}

/// Ready means that the store answers.
async fn ready(State(app): State<App>) -> (StatusCode, &'static str) {
    match app.db.read(store::settings::probe).await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(error) => {
            tracing::warn!(%error, "not ready: the store does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n")
        }
    }
}
