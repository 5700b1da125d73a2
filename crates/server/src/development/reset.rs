//! `POST /_cognate/reset`: the server as it was after its first start.

use super::{json, plain, short_body};
use crate::{app::App, seed};
use axum::{
    body::Body,
    extract::State,
    http::{Request, Response, StatusCode},
};
use rules::endpoints::Endpoint;
use serde_json::json;

/// Empties the store and applies the seed again, all at once, and returns the clock to the present.
pub async fn reset(State(app): State<App>, request: Request<Body>) -> Response<Body> {
    // Whoever names a part of the store would lose the rest.
    let asks_more = match short_body(&app, Endpoint::Reset, request).await {
        Ok((query, body)) => query.is_some() || !matches!(body.trim_ascii(), b"" | b"{}"),
        Err(refusal) => return refusal,
    };
    if asks_more {
        return plain(StatusCode::BAD_REQUEST, "A reset is of the whole store and takes nothing.\n");
    }
    // What the seed makes is made in the present.
    let ahead = app.clock.ahead();
    app.clock.return_to_present();
    if let Err(mistake) = seed::apply_afresh(&app).await {
        app.clock.advance(ahead);
        tracing::error!(%mistake, "the store could not be reset");
        let status = match mistake.is_ours() {
            true => StatusCode::INTERNAL_SERVER_ERROR,
            false => StatusCode::BAD_REQUEST,
        };
        return plain(status, &format!("{mistake}\n"));
    }
    app.forget_everything();
    tracing::info!("the store was reset");
    json(StatusCode::OK, &json!({}))
}
