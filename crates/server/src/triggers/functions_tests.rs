//! Functions behind small servers of the tests' own.

use super::*;
use crate::config::functions;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderMap, Response},
};
use rules::{
    callers::sigv4::{self, Scope, Signature},
    triggers::Trigger,
};
use serde_json::json;
use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:f:PROD";
const SECRET: &str = "a secret of twenty-four-x";
const POOL: &str = "us-east-1_Example12";
const LATER: Duration = Duration::from_secs(30);

/// What a server got.
#[derive(Clone)]
struct Got {
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

/// A server whose answer is made from the number of the request; none: it gives no answer.
struct Server {
    url: reqwest::Url,
    got: Arc<Mutex<Vec<Got>>>,
}

type Answers = fn(usize) -> Option<Response<Body>>;

impl Server {
    async fn start(answers: Answers) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let got = Arc::<Mutex<Vec<Got>>>::default();
        let (kept, count) = (got.clone(), Arc::<AtomicUsize>::default());
        let router = Router::new().fallback(move |request: Request| {
            let (kept, count) = (kept.clone(), count.clone());
            async move {
                let (head, body) = request.into_parts();
                let body = axum::body::to_bytes(body, 10_000).await.unwrap();
                let path = head.uri.path_and_query().unwrap().as_str().to_owned();
                locked(&kept).push(Got { path, headers: head.headers, body });
                match answers(count.fetch_add(1, Ordering::SeqCst)) {
                    Some(answer) => answer,
                    None => pending().await,
                }
            }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Server { url, got }
    }

    fn got(&self) -> Vec<Got> {
        locked(&self.got).clone()
    }
}

fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Body>) -> Option<Response<Body>> {
    let mut answer = Response::builder().status(status);
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    Some(answer.body(body.into()).unwrap())
}

fn functions(ways: Vec<(&str, Way)>) -> Functions {
    let mut config = Config::local(([127, 0, 0, 1], 1).into(), "no-folder".into());
    let function = |(arn, way): (&str, Way)| Function {
        arn: arn.to_owned(),
        pools: vec!["*".to_owned()],
        way,
        concurrency: 2,
    };
    config.functions = ways.into_iter().map(function).collect();
    Functions::new(&config, SystemRandom).unwrap()
}

fn lambda(server: &Server) -> Functions {
    let credentials = Some(("AKIDEXAMPLE".to_owned(), Zeroizing::new("hunter2".to_owned())));
    let (endpoint, region) = (server.url.clone(), "eu-west-1".to_owned());
    functions(vec![("*", Way::Invoke(functions::Invoke { endpoint, region, credentials }))])
}

fn webhook(server: &Server) -> Functions {
    let url = server.url.join("/hook?key=hunter2").unwrap();
    let secrets = vec![Zeroizing::new(SECRET.to_owned())];
    functions(vec![("*", Way::Webhook(functions::Webhook { url, secrets }))])
}

async fn invoked(functions: &Functions, within: Duration) -> Result<Value, Failure> {
    let invocation = Invocation {
        pool_id: POOL.into(),
        arn: ARN.to_owned(),
        trigger: Trigger::PreSignUp,
        event: r#"{"event": "hunter2"}"#.into(),
        request_id: "r".to_owned(),
        secrets: Vec::new(),
    };
    functions.invoke(&invocation, Instant::now() + within).await
}

/// A function that could not be run, by the error's name; no text tells what was sent.
#[track_caller]
fn name_of(outcome: Result<Value, Failure>) -> String {
    match outcome {
        Err(Failure::Unavailable { name, reason }) => {
            assert!(!reason.contains("hunter2"), "{reason}");
            name
        }
        other => panic!("{other:?}"),
    }
}

fn header<'a>(got: &'a Got, name: &str) -> &'a str {
    got.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

#[test]
fn patterns_fit() {
    for (pattern, arn, expected) in [
        ("*", "arn:a", true),
        ("arn:a", "arn:a", true),
        ("arn:a", "arn:ab", false),
        ("arn:a*", "arn:a", true),
        ("arn:*:f", "arn:x:y:f", true),
        ("arn:*:f", "arn:f", false),
        ("arn:*:f", "arn:x:f:y", false),
        ("*a*b*", "xaxbx", true),
        ("*a*b*", "xbxax", false),
        ("*:a:*:b", "x:a:b", false),
        ("a*a", "a", false),
        ("", "a", false),
    ] {
        assert_eq!(fits(pattern, arn), expected, "{pattern} {arn}");
    }
}

#[test]
fn an_entry_is_for_its_pools() {
    let of = |pools: &[&str]| Function {
        arn: "*".to_owned(),
        pools: pools.iter().map(|pool| (*pool).to_owned()).collect(),
        way: Way::Program(functions::Program {
            run: functions::Run::Command(vec!["true".to_owned()]),
            environment: Default::default(),
            access_key: None,
        }),
        concurrency: 1,
    };
    for (pools, expected) in [
        (&["*"][..], true),
        (&[POOL], true),
        (&["us-east-1_Other1234", "us-east-1_Ex*"], true),
        (&["us-east-1_Other1234"], false),
        (&["eu-west-1_*"], false),
    ] {
        let mut config = Config::local("127.0.0.1:1".parse().unwrap(), "nowhere".into());
        config.functions = vec![of(pools)];
        let all = Functions::new(&config, SystemRandom).unwrap();
        assert_eq!(all.serves(ARN, &POOL.into()), expected, "{pools:?}");
    }
}

#[tokio::test]
async fn the_first_entry_that_fits_is_a_functions() {
    let first = Server::start(|_| answer(200, &[], "1")).await;
    let second = Server::start(|_| answer(200, &[], "2")).await;
    let way = |server: &Server| {
        let (endpoint, region) = (server.url.clone(), "us-east-1".to_owned());
        Way::Invoke(functions::Invoke { endpoint, region, credentials: None })
    };
    let both = functions(vec![
        ("arn:*:g", way(&second)),
        ("arn:*:f:PROD", way(&first)),
        ("arn:*:f:*", way(&second)),
    ]);
    assert_eq!(invoked(&both, LATER).await, Ok(json!(1)));
    assert!(
        both.serves(ARN, &POOL.into())
            && both.serves("arn:x:f:TEST", &POOL.into())
            && !both.serves("arn:x:h", &POOL.into())
    );
    let got = first.got().remove(0);
    assert!(!got.headers.contains_key("authorization"));

    let none = functions(vec![("arn:*:g", way(&first))]);
    assert_eq!(name_of(invoked(&none, LATER).await), "ResourceNotFoundException");
}

#[tokio::test]
async fn the_invoke_api_is_called_as_aws_describes_it() {
    let server = Server::start(|_| answer(200, &[], r#"{"response": {}}"#)).await;
    assert_eq!(invoked(&lambda(&server), LATER).await, Ok(json!({"response": {}})));
    let got = server.got().remove(0);
    let path = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af%3APROD/invocations";
    assert_eq!((got.path.as_str(), &got.body[..]), (path, &br#"{"event": "hunter2"}"#[..]));
    assert_eq!(header(&got, "x-amz-invocation-type"), "RequestResponse");
    assert_eq!(header(&got, "x-amz-log-type"), "None");
    let request = sigv4::Request {
        method: "POST",
        path: &got.path,
        query: "",
        headers: got.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect(),
        body: &got.body,
    };
    let signature = Signature::of(&request).unwrap();
    assert_eq!(signature.access_key, "AKIDEXAMPLE");
    let scope = Scope { service: "lambda", regions: &["eu-west-1"], skew_minutes: 5 };
    signature.check(&request, &scope, b"hunter2", crate::clock::Clock::System.now()).unwrap();
}

#[tokio::test]
async fn a_functions_error_is_its_message() {
    let handled = Server::start(|_| {
        let body = r#"{"errorMessage": "no such user", "errorType": "Error", "trace": []}"#;
        answer(200, &[("x-amz-function-error", "Unhandled")], body)
    });
    let handled = handled.await;
    let refused = |message: &str| Err(Failure::refused(message, &[]));
    assert_eq!(invoked(&lambda(&handled), LATER).await, refused("no such user"));
    let bare = Server::start(|_| answer(200, &[("x-amz-function-error", "Handled")], "it failed")).await;
    assert_eq!(invoked(&lambda(&bare), LATER).await, refused("it failed"));
    let webhook_error = Server::start(|_| answer(400, &[], r#"{"errorMessage": "no"}"#)).await;
    assert_eq!(invoked(&webhook(&webhook_error), LATER).await, refused("no"));
    for server in [handled, bare, webhook_error] {
        assert_eq!(server.got().len(), 1);
    }
}

#[tokio::test]
async fn what_the_invoke_api_refuses_is_told_by_its_name() {
    for (answers, expected) in [
        (
            (|_| answer(404, &[("x-amzn-errortype", "ResourceNotFoundException:http://a/")], "hunter2"))
                as Answers,
            "ResourceNotFoundException",
        ),
        (|_| answer(403, &[], r#"{"__type": "x#AccessDeniedException"}"#), "AccessDeniedException"),
        (|_| answer(429, &[("x-amzn-errortype", "<hunter2>")], ""), "ServiceException"),
        (|_| answer(500, &[], r#"{"Type": "User", "Message": "hunter2"}"#), "ServiceException"),
        (|_| answer(202, &[], "{}"), "ServiceException"),
        (|_| answer(307, &[("location", "/hunter2")], ""), "ServiceException"),
    ] {
        let server = Server::start(answers).await;
        assert_eq!(name_of(invoked(&lambda(&server), LATER).await), expected);
        assert_eq!(server.got().len(), 1, "{expected}");
    }
}

#[tokio::test]
async fn events_of_webhooks_are_signed() {
    let server = Server::start(|_| answer(200, &[], "{}")).await;
    let functions = webhook(&server);
    assert_eq!(invoked(&functions, LATER).await, Ok(json!({})));
    assert_eq!(invoked(&functions, LATER).await, Ok(json!({})));
    let got = server.got();
    assert_eq!(got[0].path, "/hook?key=hunter2");
    assert_ne!(header(&got[0], "webhook-id"), header(&got[1], "webhook-id"));
    for got in got {
        let (id, timestamp) = (header(&got, "webhook-id"), header(&got, "webhook-timestamp"));
        let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", &got.body].concat();
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET.as_bytes());
        let signature = header(&got, "webhook-signature").strip_prefix("v1,").unwrap();
        let signature =
            base64::Engine::decode(&base64::engine::general_purpose::STANDARD, signature).unwrap();
        aws_lc_rs::hmac::verify(&key, &signed, &signature).unwrap();
        let age = crate::clock::Clock::System.now() / 1_000 - timestamp.parse::<i64>().unwrap();
        assert!((0..60).contains(&age), "{age}");
    }
}

#[tokio::test]
async fn a_webhook_that_answers_no_event_was_not_run() {
    for (answers, expected) in [
        ((|_| answer(500, &[], "hunter2")) as Answers, "ServiceException"),
        (|_| answer(404, &[], r#"{"errorMessage": 5}"#), "ServiceException"),
        (|_| answer(307, &[("location", "/hunter2")], r#"{"errorMessage": "no"}"#), "ServiceException"),
    ] {
        let server = Server::start(answers).await;
        assert_eq!(name_of(invoked(&webhook(&server), LATER).await), expected);
        assert_eq!(server.got().len(), 1);
    }
    for answers in [
        (|_| answer(200, &[], "hunter2")) as Answers,
        |_| answer(204, &[], ""),
        |_| answer(200, &[], vec![b' '; 1024 * 1024 + 1]),
    ] {
        let server = Server::start(answers).await;
        let outcome = invoked(&webhook(&server), LATER).await;
        assert!(
            matches!(&outcome, Err(Failure::Unreadable { reason }) if !reason.contains("hunter2")),
            "{outcome:?}"
        );
        assert_eq!(server.got().len(), 1);
    }
}

#[tokio::test]
async fn who_is_silent_is_tried_again_until_the_end() {
    let server = Server::start(|count| if count == 0 { None } else { answer(200, &[], "{}") }).await;
    let mut functions = webhook(&server);
    functions.try_timeout = Duration::from_secs(1);
    assert_eq!(invoked(&functions, LATER).await, Ok(json!({})));
    let ids: Vec<String> = server.got().iter().map(|got| header(got, "webhook-id").to_owned()).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);

    let silent = Server::start(|_| None).await;
    let within = Duration::from_millis(200);
    assert_eq!(invoked(&webhook(&silent), within).await, Err(Failure::TimedOut));
    assert_eq!(invoked(&lambda(&silent), within).await, Err(Failure::TimedOut));
    assert_eq!(silent.got().len(), 2);
    assert_eq!(invoked(&webhook(&silent), Duration::ZERO).await, Err(Failure::TimedOut));
}

#[tokio::test]
async fn who_cannot_be_reached_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let server = Server { url, got: Arc::default() };
    assert_eq!(name_of(invoked(&webhook(&server), LATER).await), "ServiceException");
    assert_eq!(name_of(invoked(&lambda(&server), LATER).await), "ServiceException");
}

#[tokio::test]
async fn as_many_calls_run_as_the_entry_says() {
    let silent = Server::start(|_| None).await;
    let functions = Arc::new(webhook(&silent));
    let running: Vec<_> = (0..2)
        .map(|_| {
            let functions = functions.clone();
            tokio::spawn(async move { invoked(&functions, LATER).await })
        })
        .collect();
    while silent.got().len() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(invoked(&functions, LATER).await, Err(Failure::Busy));
    for call in running {
        call.abort();
        let _ = call.await;
    }
    assert!(locked(&functions.running.0).is_empty());
    assert_eq!(invoked(&functions, Duration::from_millis(1)).await, Err(Failure::TimedOut));
}

#[tokio::test]
async fn programs_end() {
    let run = functions::Run::Command(vec!["/nowhere/program".to_owned()]);
    let program = functions::Program { run, environment: Default::default(), access_key: None };
    let functions = functions(vec![("*", Way::Program(program))]);
    name_of(invoked(&functions, LATER).await);
    functions.end().await;
    assert_eq!(name_of(invoked(&functions, LATER).await), "ServiceException");
}

#[test]
fn programs_reach_this_server_by_the_loopback() {
    for (listen, expected) in [
        ("127.0.0.1:9229", "http://127.0.0.1:9229"),
        ("0.0.0.0:80", "http://127.0.0.1:80"),
        ("[::]:80", "http://[::1]:80"),
        ("10.0.0.1:80", "http://10.0.0.1:80"),
    ] {
        assert_eq!(own_url(&Config::local(listen.parse().unwrap(), "no-folder".into())), expected);
    }
}
