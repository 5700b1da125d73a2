//! A web server that plays every function of a pool: what it is told is kept, and what it replies a test says.

use crate::{
    lab::{Lab, MASTER_KEY},
    scene::{Scene, merged},
};
use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use cognate::config::functions::{Function, Way, Webhook};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::sync::{Semaphore, mpsc};

pub const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";

/// What a function replies to an event.
pub enum Reply {
    /// The event with these members in its response.
    With(Value),
    /// The event as it is.
    Unchanged,
    /// An error of this text.
    Error(&'static str),
    /// These bytes.
    Raw(&'static str),
    /// Nothing, for ever.
    Hangs,
}

type Play = dyn Fn(&Value) -> Reply + Send + Sync;

/// Where a function waits until the test has done its deed.
pub fn gate() -> (Held, Gate) {
    let (sender, began) = mpsc::unbounded_channel();
    let go = Arc::new(Semaphore::new(0));
    (Held { began: began.into(), go: go.clone() }, Gate { began: sender, go })
}

/// The test's side of a gate.
pub struct Held {
    began: tokio::sync::Mutex<mpsc::UnboundedReceiver<()>>,
    go: Arc<Semaphore>,
}

/// The function's side of a gate.
pub struct Gate {
    began: mpsc::UnboundedSender<()>,
    go: Arc<Semaphore>,
}

impl Held {
    /// Until a function waits.
    pub async fn began(&self) {
        self.began.lock().await.recv().await.unwrap();
    }

    /// Lets one function go on.
    pub fn go_on(&self) {
        self.go.add_permits(1);
    }
}

impl Gate {
    /// Waits until the test says so.
    pub fn hold(&self) {
        let _ = self.began.send(());
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(self.go.acquire()).unwrap().forget();
        });
    }
}

/// What the functions were told, and how they play.
#[derive(Clone)]
pub struct StandIn {
    events: Arc<Mutex<Vec<Value>>>,
    play: Arc<Play>,
}

impl StandIn {
    /// A server beside this one on the same store, whose functions play so, and a pool that names `triggers`.
    pub async fn scene(
        lab: &Lab,
        triggers: &[&str],
        members: (Value, Value),
        play: impl Fn(&Value) -> Reply + Send + Sync + 'static,
    ) -> (Scene, StandIn) {
        let config = triggers.iter().map(|trigger| ((*trigger).to_owned(), json!(FUNCTION))).collect();
        StandIn::configured(lab, Value::Object(config), members, play).await
    }

    /// The same with a LambdaConfig.
    pub async fn configured(
        lab: &Lab,
        config: Value,
        (pool, client): (Value, Value),
        play: impl Fn(&Value) -> Reply + Send + Sync + 'static,
    ) -> (Scene, StandIn) {
        let stand_in = StandIn { events: Arc::default(), play: Arc::new(play) };
        let url = stand_in.clone().listen().await;
        let lab = lab.another(MASTER_KEY, |config| config.functions = vec![by_webhook(&url)]).await.unwrap();
        let pool = merged(json!({ "LambdaConfig": config }), pool);
        (Scene::with(&lab, pool, client).await, stand_in)
    }

    async fn listen(self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let router = Router::new().route("/", post(answer)).with_state(self);
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    /// What the functions were told since this was asked last.
    pub fn events(&self) -> Vec<Value> {
        std::mem::take(&mut *self.events.lock().unwrap())
    }

    /// For what they ran since this was asked last.
    pub fn sources(&self) -> Vec<String> {
        self.events().iter().map(|event| event["triggerSource"].as_str().unwrap().to_owned()).collect()
    }
}

/// The entry of the settings that sends every function's event there.
pub fn by_webhook(url: &str) -> Function {
    let secrets = vec!["a-secret-that-signs-events".to_owned().into()];
    let way = Way::Webhook(Webhook { url: url.parse().unwrap(), secrets });
    Function { arn: "*".to_owned(), pools: vec!["*".to_owned()], way, concurrency: 1_000 }
}

async fn answer(State(stand_in): State<StandIn>, body: Bytes) -> (StatusCode, String) {
    let event: Value = serde_json::from_slice(&body).unwrap();
    stand_in.events.lock().unwrap().push(event.clone());
    match (stand_in.play)(&event) {
        Reply::Unchanged => (StatusCode::OK, event.to_string()),
        Reply::With(response) => {
            let response = merged(event["response"].clone(), response);
            (StatusCode::OK, merged(event, json!({ "response": response })).to_string())
        }
        Reply::Error(text) => (StatusCode::BAD_REQUEST, json!({ "errorMessage": text }).to_string()),
        Reply::Raw(text) => (StatusCode::OK, text.to_owned()),
        Reply::Hangs => std::future::pending().await,
    }
}
