//! The lab: a server in process with a store of its own, a clock that is moved by hand, and mails that are
//! read from memory.
//!
//! ```ignore
//! async fn a_pool_is_described(lab: Lab) {
//!     let pool = lab.admin("CreateUserPool", json!({"PoolName": "p"})).await.ok();
//!     lab.advance(3_600);
//!     let (code, text) = lab.call("SignUp", json!({…})).await.error();
//! }
//!
//! both_engines!(a_pool_is_described);
//! ```

use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cognate::{
    app::App,
    clock::Clock,
    config::{Config, Hashing},
    http::{self, response_timing::AnsweredAtEndOf},
    keys::ring::KeyRing,
    secrets::{master_keys, random::SystemRandom},
    work::pool::Workers,
};
use http_body_util::BodyExt as _;
use rules::Random as _;
use serde_json::Value;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
        mpsc,
    },
    time::Duration,
};
use store::Db;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

/// When every test begins: 2026-01-01T00:00:00Z.
pub const BEGINNING_MS: i64 = 1_767_225_600_000;

/// What a lab's store is sealed under.
pub const MASTER_KEY: [u8; 32] = [7; 32];

/// Any credentials administer in development mode.
pub const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=AKIDLAB/20260101/us-east-1/cognito-idp/aws4_request, \
                             SignedHeaders=host, Signature=00";

/// A server with a store of its own. Clones share it.
#[derive(Clone)]
pub struct Lab {
    pub app: App,
    clock: Arc<AtomicI64>,
    router: axum::Router,
    schema: Option<String>,
}

impl Lab {
    /// On SQLite in memory.
    pub async fn sqlite() -> Lab {
        Lab::new(Db::open_memory().await.unwrap(), None, |_| {}).await
    }

    /// On PostgreSQL, in a schema of its own.
    pub async fn postgres() -> Lab {
        Lab::postgres_with_settings(|_| {}).await
    }

    /// On PostgreSQL, with settings that differ from the lab's.
    pub async fn postgres_with_settings(change: impl FnOnce(&mut Config)) -> Lab {
        let (schema, url) = new_schema().await;
        Lab::new(Db::open_postgres(&url).await.unwrap(), Some(schema), change).await
    }

    /// On SQLite, with settings that differ from the lab's.
    pub async fn with_settings(change: impl FnOnce(&mut Config)) -> Lab {
        Lab::new(Db::open_memory().await.unwrap(), None, change).await
    }

    async fn new(db: Db, schema: Option<String>, change: impl FnOnce(&mut Config)) -> Lab {
        db.migrate(BEGINNING_MS, |_, _| {}).await.unwrap();
        let mut config = Config::local("127.0.0.1:9229".parse().unwrap(), "no-folder".into());
        config.hashing = Hashing { memory_kib: 8, passes: 1 };
        change(&mut config);
        let clock = Arc::new(AtomicI64::new(BEGINNING_MS));
        let keys = include_str!("signing_keys.txt").lines().map(|line| STANDARD.decode(line).unwrap());
        let keys = KeyRing::with_spare(keys.collect());
        let vault =
            master_keys::open(&db, SystemRandom, &MASTER_KEY.into(), BEGINNING_MS).await.unwrap().unwrap();
        let app = App::new(config, db, Clock::Manual(clock.clone()), vault, keys).unwrap();
        Lab { router: http::router(app.clone()), app, clock, schema }
    }

    /// Another server on the same store and clock, with a master key and settings of its own; none where the store
    /// does not accept the key.
    pub async fn another(&self, key: [u8; 32], change: impl FnOnce(&mut Config)) -> Option<Lab> {
        self.another_with(key, self.clock.clone(), change).await
    }

    /// Another server on the same store, whose clock is off by so much and is moved alone.
    pub async fn another_off_by(&self, milliseconds: i64) -> Lab {
        let clock = Arc::new(AtomicI64::new(self.app.now() + milliseconds));
        self.another_with(MASTER_KEY, clock, |_| {}).await.unwrap()
    }

    async fn another_with(
        &self,
        key: [u8; 32],
        clock: Arc<AtomicI64>,
        change: impl FnOnce(&mut Config),
    ) -> Option<Lab> {
        let vault =
            master_keys::open(&self.app.db, SystemRandom, &key.into(), self.app.now()).await.unwrap()?;
        let mut config = self.app.config.clone();
        change(&mut config);
        let manual = Clock::Manual(clock.clone());
        let app = App::new(config, self.app.db.clone(), manual, vault, KeyRing::new()).unwrap();
        Some(Lab { router: http::router(app.clone()), app, clock, schema: None })
    }

    /// Calls an operation of the user pools API without a signature.
    pub async fn call(&self, operation: &str, input: Value) -> Answer {
        self.call_with(operation, input, &[]).await
    }

    /// Calls an operation of the user pools API as an administrator.
    pub async fn admin(&self, operation: &str, input: Value) -> Answer {
        self.call_with(operation, input, &[("authorization", AUTHORIZATION)]).await
    }

    /// Calls an operation of the user pools API with further headers.
    pub async fn call_with(&self, operation: &str, input: Value, headers: &[(&str, &str)]) -> Answer {
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        let mut request = Request::post("/")
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(input.to_string().into()).unwrap()).await
    }

    /// Reads an address.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Sends any request.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let answer = Answer {
            status: head.status,
            headers: head.headers,
            period: head.extensions.get().copied(),
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        };
        if let Some(error) = answer.headers.get(http::answer::UNDECLARED_ERROR) {
            panic!("the operation's model does not declare {error:?}: {}", answer.text);
        }
        assert!(answer.headers.contains_key("x-amzn-requestid"));
        answer
    }

    /// Moves the clock.
    pub fn advance(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }

    /// The newest code that was sent to an address, phone number or user.
    pub async fn code_for(&self, to: &str) -> String {
        let to: String = form_encoded(to);
        let answer = self.get(&format!("/_cognate/outbox/code?to={to}")).await;
        assert_eq!(answer.status, 200, "no code for {to}: {}", answer.text);
        answer.text.trim().to_owned()
    }

    /// Ends the lab and removes its schema.
    pub async fn remove(self) {
        self.app.db.close().await;
        if let Some(schema) = self.schema {
            administer(format!("DROP SCHEMA {schema} CASCADE")).await;
        }
    }
}

/// Jobs that keep every worker busy until they are told to end.
pub struct Busy {
    workers: Workers,
    end: Vec<mpsc::Sender<()>>,
    jobs: Vec<JoinHandle<rules::Result<bool>>>,
}

impl Busy {
    pub async fn new(workers: &Workers) -> Busy {
        let (end, ended): (Vec<_>, Vec<_>) =
            (0..cognate::work::pool::processors()).map(|_| mpsc::channel::<()>()).unzip();
        let job = |ended: mpsc::Receiver<()>| {
            let workers = workers.clone();
            tokio::spawn(async move { workers.run(move || ended.recv().is_err()).await })
        };
        let busy = Busy { workers: workers.clone(), end, jobs: ended.into_iter().map(job).collect() };
        busy.until(|running, _| running == busy.jobs.len()).await;
        busy
    }

    /// Ready when a further job has come.
    pub async fn somebody_waits(&self) {
        self.until(|_, waiting| waiting > 0).await;
    }

    async fn until(&self, is_so: impl Fn(usize, usize) -> bool) {
        let mut pause = tokio::time::interval(Duration::from_millis(20));
        loop {
            let (running, waiting) = self.workers.load();
            if is_so(running, waiting) {
                return;
            }
            pause.tick().await;
        }
    }

    pub async fn end(self) {
        drop(self.end);
        for job in self.jobs {
            assert!(job.await.unwrap().unwrap());
        }
    }
}

/// What the server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    /// Of an API's answer, at which period's end it left.
    pub period: Option<AnsweredAtEndOf>,
}

impl Answer {
    /// The body of a good answer; null where it is empty.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    /// Name and text of a refusal: the caller's mistake, never the server's.
    #[track_caller]
    pub fn error(&self) -> (String, String) {
        assert!(self.status.is_client_error(), "{} {}", self.status, self.text);
        self.name_and_text()
    }

    /// Name and text of an error that is the server's.
    #[track_caller]
    pub fn failure(&self) -> (String, String) {
        assert!(self.status.is_server_error(), "{} {}", self.status, self.text);
        self.name_and_text()
    }

    fn name_and_text(&self) -> (String, String) {
        let body = self.json();
        let part = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        (part("__type"), part("message"))
    }

    /// Fails unless the call was refused with this name and text.
    #[track_caller]
    pub fn refused(&self, name: &str, text: &str) {
        assert_eq!(self.error(), (name.to_owned(), text.to_owned()));
    }

    /// The body as JSON; null where it is empty.
    #[track_caller]
    pub fn json(&self) -> Value {
        if self.text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }
}

/// The text as part of an address or form.
pub fn form_encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

#[allow(clippy::disallowed_methods, reason = "`cargo xtask test` says so where PostgreSQL runs")]
fn postgres_url() -> String {
    std::env::var("COGNATE_TEST_POSTGRES_URL")
        .unwrap_or_else(|_| panic!("no PostgreSQL to test on: run `cargo xtask test`"))
}

/// A schema of its own on PostgreSQL, and the address that leads there.
pub async fn new_schema() -> (String, String) {
    let schema = format!("lab_{}", SystemRandom.uuid_v4().replace('-', ""));
    administer(format!("CREATE SCHEMA {schema}")).await;
    let url = postgres_url();
    let separator = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{separator}options=-csearch_path%3D{schema}");
    (schema, url)
}

pub async fn administer(sql: String) {
    let db = Db::open_postgres(&postgres_url()).await.unwrap();
    db.write(move |tx| tx.execute(&sql, &[]).map(drop)).await.unwrap_or_else(|e: store::Error| panic!("{e}"));
    db.close().await;
}

/// Each function becomes two tests, `name::sqlite` and `name::postgres`.
macro_rules! both_engines {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let lab = $crate::lab::Lab::sqlite().await;
                super::$name(lab.clone()).await;
                lab.remove().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let lab = $crate::lab::Lab::postgres().await;
                super::$name(lab.clone()).await;
                lab.remove().await;
            }
        }
    )*};
}
