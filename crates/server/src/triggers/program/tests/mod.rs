//! Programs of Node and Python as users write them, in folders of their own.

mod handlers;
mod isolation;
mod printing;
mod processes;
mod protocol;

use super::Program;
use crate::{
    config::functions::{self, Run},
    triggers::invocation::{Failure, Invocation},
};
use rules::triggers::Trigger;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs, path::PathBuf, time::Duration};
use tempfile::TempDir;
use tokio::time::Instant;
use zeroize::Zeroizing;

const ARN: &str = "arn:aws:lambda:eu-central-1:123456789012:function:pre-token";
const SERVER: &str = "http://127.0.0.1:9229";

/// A folder of programs.
struct Scene {
    folder: TempDir,
    development: bool,
    concurrency: usize,
    environment: BTreeMap<String, String>,
}

impl Scene {
    fn new() -> Scene {
        let folder = tempfile::tempdir().unwrap();
        Scene { folder, development: false, concurrency: 1, environment: BTreeMap::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).unwrap();
        self.path(name).to_str().unwrap().to_owned()
    }

    fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path(name)).ok().filter(|text| !text.is_empty())
    }

    /// How many letters there are in the file `starts`, in which programs count theirs.
    fn starts(&self) -> usize {
        self.read("starts").unwrap_or_default().len()
    }

    fn program(&self, run: Run) -> Program {
        let settings = functions::Program { run, environment: self.environment.clone(), access_key: None };
        Program::new(settings, self.concurrency, SERVER, "eu-central-1", self.development).unwrap()
    }

    /// A handler in a file; `name` may end with `#export`.
    fn handler(&self, name: &str, text: &str) -> Program {
        let (file, _) = name.split_once('#').unwrap_or((name, ""));
        self.write(file, text);
        self.program(Run::read(self.path(name).to_str().unwrap()).unwrap())
    }

    /// A program of Python that speaks the Runtime API itself; `ask(method, place, body, headers)` is there already.
    fn runtime(&self, text: &str) -> Program {
        let file = self.write("runtime.py", &format!("{RUNTIME}\n{text}"));
        self.program(Run::Command(vec!["python3".to_owned(), file]))
    }
}

const RUNTIME: &str = r#"
import http.client, json, os, sys, time
def ask(method, place, body=None, headers={}):
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    connection.request(method, "/2018-06-01/runtime/" + place, body, headers)
    response = connection.getresponse()
    return response.status, response.headers, response.read().decode()
def take():
    status, headers, body = ask("GET", "invocation/next")
    return headers["Lambda-Runtime-Aws-Request-Id"], headers, json.loads(body)
"#;

fn invocation(event: Value) -> Invocation {
    Invocation {
        pool_id: "us-east-1_Example12".into(),
        arn: ARN.to_owned(),
        trigger: Trigger::PreTokenGeneration,
        event: event.to_string().into(),
        request_id: "request-1".to_owned(),
        secrets: Vec::new(),
    }
}

fn with_secrets(event: Value, secrets: &[&str]) -> Invocation {
    let secrets = secrets.iter().map(|secret| Zeroizing::new((*secret).to_owned())).collect();
    Invocation { secrets, ..invocation(event) }
}

/// Long enough for every start.
fn late() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

/// Too short for what a test does not let happen.
fn soon() -> Instant {
    Instant::now() + Duration::from_millis(300)
}

async fn reply(program: &Program, event: Value) -> Value {
    match program.invoke(&invocation(event), late()).await {
        Ok(value) => value,
        Err(failure) => panic!("{failure:?}"),
    }
}

async fn refusal(program: &Program, event: Value) -> String {
    match program.invoke(&invocation(event), late()).await {
        Err(Failure::Refused { message }) => message.to_string(),
        other => panic!("{other:?}"),
    }
}

/// How often the program said that it was started, until a call is answered without a start. A slow machine may need
/// some, because pauses begin short.
async fn starts_until_paused(scene: &Scene, program: &Program) -> usize {
    loop {
        let before = scene.starts();
        unavailable(program).await;
        if scene.starts() == before {
            return before;
        }
    }
}

async fn unavailable(program: &Program) -> String {
    match program.invoke(&invocation(json!({})), late()).await {
        Err(Failure::Unavailable { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

/// Waits for something that another process does.
async fn until<T>(mut found: impl FnMut() -> Option<T>) -> T {
    for _ in 0..3000 {
        if let Some(found) = found() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not happen");
}

/// Waits until a process is no more, or waits only for its parent to notice.
async fn gone(pid: &str) {
    until(|| {
        let status = fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        let is_gone = status
            .map_or(true, |status| status.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z')));
        is_gone.then_some(())
    })
    .await;
}
