//! `/_cognate/metrics`: for whoever is on this machine, or shows the token of the settings.

use super::CONTENT_TYPE;
use crate::{
    app::App,
    config::Config,
    http::{answer, home, report, route::Peer},
};
use axum::{
    body::Body,
    extract::State,
    http::{Response, StatusCode, header, request::Parts},
};
use rules::endpoints::Endpoint;
use subtle::ConstantTimeEq;

/// Answers with all numbers.
pub async fn answer(State(app): State<App>) -> Response<Body> {
    match app.metrics.text(&app).await {
        Ok(metrics) => answer::text(StatusCode::OK, CONTENT_TYPE, metrics),
        Err(fault) => {
            report::fault(Endpoint::Metrics, &fault, "");
            answer::refused(Endpoint::Metrics, &fault, "")
        }
    }
}

/// Without a token only this machine may read, for itself: a proxy on it speaks for somebody else.
pub fn may_read(config: &Config, head: &Parts, peer: Option<Peer>) -> bool {
    let shown = head.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match &config.metrics_token {
        Some(token) => {
            let shown = shown.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
            shown.as_bytes().ct_eq(token.as_bytes()).into()
        }
        None => {
            peer.is_none_or(|peer| peer.0.is_loopback())
                && !home::is_forwarded(&head.headers)
                && home::is_at_home(head)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    #[test]
    fn metrics_are_for_this_machine_or_with_the_token() {
        let (here, there) = (Some(Peer([127, 0, 0, 1].into())), Some(Peer([192, 0, 2, 1].into())));
        for (token, header, peer, expected) in [
            (None, ("host", "localhost:9229"), here, true),
            (None, ("host", "localhost:9229"), there, false),
            (None, ("host", "rebound.example"), here, false),
            (None, ("host", "auth.example.com"), here, false),
            (None, ("origin", "https://evil.example"), here, false),
            (None, ("x-forwarded-for", "127.0.0.1"), here, false),
            (None, ("forwarded", "for=192.0.2.1"), here, false),
            (None, ("x-real-ip", "192.0.2.1"), here, false),
            (None, ("via", "1.1 proxy"), here, false),
            (Some("t"), ("host", "localhost"), here, false),
            (Some("t"), ("authorization", "Bearer x"), here, false),
            (Some("t"), ("authorization", "Bearer t"), there, true),
        ] {
            let mut config = Config::local("127.0.0.1:9229".parse().unwrap(), "no-folder".into());
            config.public_url = "https://auth.example.com".to_owned();
            config.metrics_token = token.map(Into::into);
            let head = Request::get("/").header(header.0, header.1).body(()).unwrap().into_parts().0;
            assert_eq!(may_read(&config, &head, peer), expected, "{header:?}");
        }
    }
}
