//! `/_cognate/metrics`: for whoever is on this machine, or shows the token of the settings.

use super::CONTENT_TYPE;
use crate::{
    app::App,
    http::{report, route::Peer},
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header},
};
use subtle::ConstantTimeEq;

/// Answers with all numbers.
pub async fn answer(State(app): State<App>, request: Request<Body>) -> Response<Body> {
    let peer = request.extensions().get::<Peer>().copied();
    if !may_read(app.config.metrics_token.as_deref(), request.headers(), peer) {
        return text(StatusCode::FORBIDDEN, "text/plain", "Show metrics_token as a bearer token.\n".into());
    }
    match app.metrics.text(&app).await {
        Ok(metrics) => text(StatusCode::OK, CONTENT_TYPE, metrics),
        Err(fault) => {
            report::fault(&fault, "");
            text(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", "The numbers cannot be written.\n".into())
        }
    }
}

/// A proxy on this machine speaks for somebody else, and says so.
fn may_read(token: Option<&str>, headers: &HeaderMap, peer: Option<Peer>) -> bool {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match token {
        Some(token) => {
            let shown = shown.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
            shown.as_bytes().ct_eq(token.as_bytes()).into()
        }
        None => {
            let is_forwarded = headers.contains_key("x-forwarded-for") || headers.contains_key("forwarded");
            peer.is_none_or(|peer| peer.0.is_loopback()) && !is_forwarded
        }
    }
}

fn text(status: StatusCode, content_type: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_for_this_machine_or_with_the_token() {
        let (here, there) = (Some(Peer([127, 0, 0, 1].into())), Some(Peer([192, 0, 2, 1].into())));
        let with = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_str(value).unwrap());
            headers
        };
        for (token, headers, peer, expected) in [
            (None, HeaderMap::new(), here, true),
            (None, HeaderMap::new(), there, false),
            (None, with("x-forwarded-for", "192.0.2.1"), here, false),
            (Some("t"), HeaderMap::new(), here, false),
            (Some("t"), with("authorization", "Bearer x"), here, false),
            (Some("t"), with("authorization", "Bearer t"), there, true),
        ] {
            assert_eq!(may_read(token, &headers, peer), expected);
        }
    }
}
