//! The Lambda Runtime API as one process sees it, on a port of its own.
//! D: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use super::{
    link::{Link, Outcome, Refusal},
    peer,
};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header},
    routing::{get, post},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use serde::Deserialize;
use std::{
    mem,
    net::{SocketAddr, SocketAddrV4},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::Instant,
};

/// D: Lambda allows 6 MB. JSON takes many times its length in memory, and an event with its reply is far shorter.
const REPLY_BYTES_MAX: usize = 1024 * 1024;

/// A process needs one or two.
const CONNECTIONS_MAX: usize = 16;

/// How long connections of others are only counted after a warning of them.
const WARNING_PAUSE: Duration = Duration::from_secs(10);

/// How long to wait when the system refuses a connection, as when descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What the error of a function looks like. More than the message is printed by the program itself.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Described {
    error_message: Option<String>,
    error_type: Option<String>,
}

/// Serves one process, as long as it is polled.
pub(super) async fn serve(listener: TcpListener, own: SocketAddrV4, process: u32, link: Arc<Link>) {
    let router = router(link, own);
    let strangers = Arc::new(Strangers::default());
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= CONNECTIONS_MAX {
            connections.join_next().await;
        }
        match listener.accept().await {
            Ok((stream, SocketAddr::V4(peer))) => {
                while connections.try_join_next().is_some() {}
                let is_trusted = is_trusted(peer, own, process, strangers.clone());
                connections.spawn(connection(stream, is_trusted, router.clone()));
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "a function's connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, is_trusted: impl Future<Output = bool>, router: Router) {
    if !is_trusted.await {
        return;
    }
    let _ = stream.set_nodelay(true);
    // Between two requests a handler runs, for as long as its call lasts.
    let served = http1::Builder::new()
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    if let Err(error) = served.await {
        tracing::debug!(%error, "a function's connection ended early");
    }
}

async fn is_trusted(peer: SocketAddrV4, own: SocketAddrV4, process: u32, strangers: Arc<Strangers>) -> bool {
    let asked = tokio::task::spawn_blocking(move || peer::is_trusted(peer, own, process));
    let is_trusted = asked.await.unwrap_or(false);
    if !is_trusted && let Some(count) = strangers.count(Instant::now()) {
        tracing::warn!(%peer, count, "connections that are not of the function's program were closed");
    }
    is_trusted
}

/// Connections of others. Any user of the machine can make thousands, so that they are told of together.
#[derive(Default)]
struct Strangers(Mutex<Untold>);

#[derive(Default)]
struct Untold {
    count: u64,
    told_at: Option<Instant>,
}

impl Strangers {
    /// Counts one, and says how many are to be told of now, if any.
    fn count(&self, now: Instant) -> Option<u64> {
        let mut untold = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        untold.count += 1;
        if untold.told_at.is_some_and(|at| now < at + WARNING_PAUSE) {
            return None;
        }
        untold.told_at = Some(now);
        Some(mem::take(&mut untold.count))
    }
}

fn router(link: Arc<Link>, own: SocketAddrV4) -> Router {
    let runtime = Router::new()
        .route("/invocation/next", get(next))
        .route("/invocation/{id}/response", post(response))
        .route("/invocation/{id}/error", post(error))
        .route("/init/error", post(init_error))
        .with_state(link);
    Router::new().nest("/2018-06-01/runtime", runtime).layer(axum::middleware::from_fn(
        move |request: Request<Body>, next: axum::middleware::Next| async move {
            // A page in a browser of this machine can connect too, under a name that it chose or as another site.
            // Browsers say so in one header or the other, clients of this API in none.
            let is_page = request.headers().contains_key("sec-fetch-site")
                || request.headers().contains_key(header::ORIGIN);
            let is_host = request.headers().get(header::HOST).is_some_and(|host| *host == *own.to_string());
            if is_host && !is_page { next.run(request).await } else { refused(Refusal::State) }
        },
    ))
}

async fn next(State(link): State<Arc<Link>>) -> Response<Body> {
    let event = match link.next().await {
        Ok(event) => event,
        Err(refusal) => return refused(refusal),
    };
    let mut response = Response::new(Body::from(event.body));
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", event.id),
        ("lambda-runtime-deadline-ms", event.deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", event.arn),
        ("lambda-runtime-trace-id", event.trace_id),
    ];
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

async fn response(State(link): State<Arc<Link>>, Path(id): Path<String>, body: Body) -> Response<Body> {
    if !link.is_taken(&id) {
        return refused(Refusal::OtherId);
    }
    match read(body).await {
        Ok(body) => answered(link.answer(&id, Outcome::Reply(body))),
        Err(unread) => unread.refused(&link, &id),
    }
}

async fn error(
    State(link): State<Arc<Link>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response<Body> {
    if !link.is_taken(&id) {
        return refused(Refusal::OtherId);
    }
    match read(body).await {
        Ok(body) => answered(link.answer(&id, Outcome::Error { message: message(&headers, &body) })),
        Err(unread) => unread.refused(&link, &id),
    }
}

async fn init_error(State(link): State<Arc<Link>>, headers: HeaderMap, body: Body) -> Response<Body> {
    match read(body).await {
        Ok(body) => answered(link.not_started(message(&headers, &body))),
        Err(Unread::TooLong) => too_long(),
        Err(Unread::CutOff) => cut_off(),
    }
}

/// The message, or for want of one the error's name.
fn message(headers: &HeaderMap, body: &[u8]) -> String {
    let described: Described = serde_json::from_slice(body).unwrap_or_default();
    let named = || {
        let name = headers.get("lambda-runtime-function-error-type")?;
        Some(String::from_utf8_lossy(name.as_bytes()).into_owned())
    };
    let message = described.error_message.filter(|message| !message.is_empty());
    message.or(described.error_type).or_else(named).unwrap_or_else(|| "Unhandled".to_owned())
}

/// Why a body was not read.
enum Unread {
    TooLong,
    CutOff,
}

impl Unread {
    fn refused(self, link: &Link, id: &str) -> Response<Body> {
        match self {
            Unread::TooLong => {
                // Who answers the same event twice at once hears it from one of the two.
                let _ = link.answer(id, Outcome::TooLong);
                too_long()
            }
            // There is nobody to answer; the process may try again.
            Unread::CutOff => cut_off(),
        }
    }
}

async fn read(body: Body) -> Result<Bytes, Unread> {
    match Limited::new(body, REPLY_BYTES_MAX).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Unread::TooLong),
        Err(_) => Err(Unread::CutOff),
    }
}

/// The rest of the body is not read, so that the connection cannot be used again.
fn too_long() -> Response<Body> {
    let message = "Exceeded maximum allowed payload size";
    let mut response = text(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message);
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn cut_off() -> Response<Body> {
    text(StatusCode::BAD_REQUEST, "InvalidRequest", "The body ended early")
}

fn answered(answer: Result<(), Refusal>) -> Response<Body> {
    match answer {
        Ok(()) => json(StatusCode::ACCEPTED, r#"{"status":"OK"}"#.to_owned()),
        Err(refusal) => refused(refusal),
    }
}

/// C: the names that AWS's Runtime Interface Emulator gives.
fn refused(refusal: Refusal) -> Response<Body> {
    match refusal {
        Refusal::OtherId => text(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID"),
        Refusal::State => {
            text(StatusCode::FORBIDDEN, "InvalidStateTransition", "State transition is not allowed")
        }
    }
}

fn text(status: StatusCode, name: &str, message: &str) -> Response<Body> {
    json(status, serde_json::json!({"errorType": name, "errorMessage": message}).to_string())
}

fn json(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_connections_of_others_are_told_of_together() {
        let (strangers, began) = (Strangers::default(), Instant::now());
        let count = |seconds| strangers.count(began + Duration::from_secs(seconds));
        assert_eq!([0, 0, 1, 9].map(count), [Some(1), None, None, None]);
        assert_eq!([10, 11, 30].map(count), [Some(4), None, Some(2)]);
    }
}
