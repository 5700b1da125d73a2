//! `POST /_cognate/reset`: the server as it was after its first start.

use super::{json, plain, refusal};
use crate::app::App;
use axum::{
    body::Body,
    extract::State,
    http::{Request, Response, StatusCode},
};
use serde_json::json;

/// Empties the store, all at once, and returns the clock to the present.
pub async fn reset(State(app): State<App>, request: Request<Body>) -> Response<Body> {
    if let Some(refusal) = refusal(&app, &request.into_parts().0) {
        return refusal;
    }
    if let Err(error) = app.db.write(store::everything::delete).await {
        tracing::error!(%error, "the store could not be emptied");
        return plain(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The store could not be emptied; the log says why.\n",
        );
    }
    app.forget_everything();
    app.clock.return_to_present();
    tracing::info!("the store was emptied");
    json(StatusCode::OK, &json!({}))
}
