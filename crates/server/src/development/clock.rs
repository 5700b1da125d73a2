//! `/_cognate/clock`: the server's time, and moving it, so that a test sees at once what time would bring.
//!
//! It moves forward only: what is stored was made in what would then be the future. A reset of the store returns it
//! to the present.

use super::{json, plain, short_body};
use crate::app::App;
use axum::{
    body::Body,
    extract::State,
    http::{Request, Response, StatusCode},
};
use rules::{Millis, calendar, endpoints::Endpoint};
use serde::Deserialize;
use serde_json::json;

/// The last moment that the clock shows: 9999-12-31T23:59:59Z, the last that is written with a year of four digits.
const LAST_MS: Millis = 253_402_300_799_000;

/// What a test wants.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    advance_seconds: Option<i64>,
    now: Option<String>,
}

/// Tells the time.
pub async fn read(State(app): State<App>) -> Response<Body> {
    shown(&app)
}

/// Moves the clock by `{"advance_seconds": 3600}` or to `{"now": "2030-01-01T00:00:00Z"}`.
pub async fn set(State(app): State<App>, request: Request<Body>) -> Response<Body> {
    let body = match short_body(&app, Endpoint::Clock, request).await {
        Ok((None, body)) => body,
        Ok((Some(_), _)) => return plain(StatusCode::BAD_REQUEST, &format!("{MEANT}\n")),
        Err(refusal) => return refusal,
    };
    match serde_json::from_slice(&body).map_err(|_| MEANT).and_then(|wish| way(&wish, app.now())) {
        Ok(ms) => {
            app.clock.advance(ms);
            tracing::info!(now = calendar::iso_8601(app.now()), "the clock was moved");
            shown(&app)
        }
        Err(text) => plain(StatusCode::BAD_REQUEST, &format!("{text}\n")),
    }
}

const MEANT: &str = "Send {\"advance_seconds\": 3600} or {\"now\": \"2030-01-01T00:00:00Z\"}.";

/// How far the clock has to go, in milliseconds.
fn way(wish: &Wish, now: Millis) -> Result<Millis, &'static str> {
    let ms = match (wish.advance_seconds, &wish.now) {
        (Some(seconds), None) => seconds.checked_mul(1_000).ok_or("That is too far.")?,
        (None, Some(text)) => calendar::read_iso_8601(text).ok_or(MEANT)? - now,
        _ => return Err(MEANT),
    };
    if ms < 0 {
        return Err(
            "The clock moves forward only. POST /_cognate/reset empties the store and returns it to the present.",
        );
    }
    if ms > LAST_MS - now {
        return Err("The clock does not go beyond the year 9999.");
    }
    Ok(ms)
}

fn shown(app: &App) -> Response<Body> {
    let now = app.now();
    json(
        StatusCode::OK,
        &json!({"now": calendar::iso_8601(now), "epoch_seconds": now / 1_000, "ahead_seconds": app.clock.ahead() / 1_000}),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways() {
        let now = 1_767_225_600_000;
        for (text, expected) in [
            (r#"{"advance_seconds": 60}"#, Some(60_000)),
            (r#"{"advance_seconds": 0}"#, Some(0)),
            (r#"{"advance_seconds": -1}"#, None),
            (r#"{"advance_seconds": 9223372036854775807}"#, None),
            (r#"{"advance_seconds": 251635075200}"#, None),
            (r#"{"now": "2026-01-01T00:01:00Z"}"#, Some(60_000)),
            (r#"{"now": "2025-12-31T23:59:59Z"}"#, None),
            (r#"{"now": "tomorrow"}"#, None),
            (r#"{"now": "2026-01-01T00:01:00Z", "advance_seconds": 1}"#, None),
            ("{}", None),
        ] {
            assert_eq!(way(&serde_json::from_str(text).unwrap(), now).ok(), expected, "{text}");
        }
        assert!(serde_json::from_str::<Wish>(r#"{"advance": 1}"#).is_err());
    }
}
