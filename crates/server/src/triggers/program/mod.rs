//! Functions that are programs on this machine. The server starts them, keeps them running and gives them their events
//! by the Lambda Runtime API, one at a time for each process. Which function is run for which pool is not decided here.

mod back_off;
pub mod environment;
mod link;
mod output;
mod peer;
mod pipes;
mod process;
mod runtime_api;
mod texts;
mod versions;

#[cfg(test)]
mod tests;

use super::invocation::{Failure, Invocation, Said};
use crate::{
    config::functions::{self, Run},
    secrets::random::SystemRandom,
};
use back_off::BackOff;
use link::{Event, Outcome};
use process::{Process, Supervisor};
use rules::Random;
use std::{
    collections::BTreeMap,
    io,
    path::{self, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, timeout_at},
};
use versions::Version;
use zeroize::Zeroizing;

/// The access key of a development server's functions that have no other.
const INVENTED_KEY: &str = "test";

/// K: how long AWS Lambda waits for a program to ask for its first event.
pub const START_MAX: Duration = Duration::from_secs(10);

/// A program and its processes, at most as many as calls may run at once. A process is for one ARN, because its
/// environment names the function; those of one `Program` that run for different ARNs share the bound and the pauses
/// after failures. All of them are killed when it is dropped.
pub struct Program {
    spec: Arc<Spec>,
    free: Semaphore,
    /// The one that was used last comes last.
    idle: Mutex<Vec<Process>>,
    back_off: Mutex<BackOff>,
    supervisors: Mutex<JoinSet<()>>,
}

/// What all processes of a program have in common.
struct Spec {
    run: Run,
    environment: BTreeMap<String, String>,
    access_key: Option<(String, Zeroizing<String>)>,
    /// Whether the access key is no secret.
    has_invented_key: bool,
    server_url: String,
    region: String,
    /// Where a handler's file lies, or where the server runs.
    folder: PathBuf,
    /// Whether changed files are taken up.
    development: bool,
    /// How long a process may take to ask for its first event.
    start_max: Duration,
}

/// What a process is told of itself.
struct Lambda {
    function: String,
    log_stream: String,
    runtime_api: String,
}

impl Program {
    /// A program of which nothing runs before its first call.
    ///
    /// # Errors
    /// A text that says which setting is wrong.
    pub fn new(
        settings: functions::Program,
        concurrency: usize,
        server_url: &str,
        region: &str,
        development: bool,
    ) -> Result<Program, String> {
        let has_own_key = settings.environment.contains_key(environment::SECRET_ACCESS_KEY);
        let has_invented_key = development && settings.access_key.is_none() && !has_own_key;
        let invented = || (INVENTED_KEY.to_owned(), Zeroizing::new(INVENTED_KEY.to_owned()));
        let (run, folder) = placed(settings.run)?;
        let spec = Spec {
            run,
            environment: settings.environment,
            access_key: settings.access_key.or_else(|| has_invented_key.then(invented)),
            has_invented_key,
            server_url: server_url.to_owned(),
            region: region.to_owned(),
            folder,
            development,
            start_max: START_MAX,
        };
        Ok(Program {
            spec: Arc::new(spec),
            free: Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS)),
            idle: Mutex::default(),
            back_off: Mutex::default(),
            supervisors: Mutex::default(),
        })
    }

    /// Runs the function, waiting for a free process if need be. A call that is dropped ends the process that has it.
    ///
    /// # Errors
    /// Every failure but Busy.
    pub async fn invoke(
        &self,
        invocation: &Invocation,
        until: Instant,
    ) -> Result<serde_json::Value, Failure> {
        let Ok(Ok(_permit)) = timeout_at(until, self.free.acquire()).await else {
            return Err(Failure::TimedOut);
        };
        let version = self.version().await;
        loop {
            let process = match self.take_idle(&invocation.arn, &version) {
                Some(process) => process,
                None => self.start(&invocation.arn, &version).await?,
            };
            // Another turn is only for one that had ended before it got the event.
            if let Some(answer) = self.call(process, invocation, until).await {
                return answer;
            }
        }
    }

    /// Ends all processes, and waits until they have ended.
    pub async fn end(self) {
        drop(self.idle);
        let mut supervisors = self.supervisors.into_inner().unwrap_or_else(PoisonError::into_inner);
        while supervisors.join_next().await.is_some() {}
    }

    async fn version(&self) -> Version {
        if !self.spec.development {
            return Version::default();
        }
        let spec = self.spec.clone();
        tokio::task::spawn_blocking(move || versions::version(&spec)).await.unwrap_or_default()
    }

    /// An idle process of this function and version. Those of older versions end, and if there is none and no space for
    /// another, one of another function.
    fn take_idle(&self, arn: &str, version: &Version) -> Option<Process> {
        let mut idle = lock(&self.idle);
        idle.retain(|process| process.version == *version);
        let place = idle.iter().rposition(|process| process.arn == arn);
        if place.is_none() && idle.len() > self.free.available_permits() {
            idle.remove(0);
        }
        place.map(|place| idle.remove(place))
    }

    async fn start(&self, arn: &str, version: &Version) -> Result<Process, Failure> {
        let now = Instant::now();
        lock(&self.back_off).check(now, version)?;
        let supervise = |supervisor: Supervisor| {
            let mut supervisors = lock(&self.supervisors);
            while supervisors.try_join_next().is_some() {}
            supervisors.spawn(supervisor.run());
        };
        let log_stream = format!("[$LATEST]{}", SystemRandom.uuid_v4());
        let started = match &self.spec.run {
            Run::Handler { file, .. } if !file.is_file() => Err(io::ErrorKind::NotFound.into()),
            _ => Process::start(&self.spec, arn, version.clone(), log_stream, supervise).await,
        };
        started.map_err(|error| {
            let failure = texts::not_started(&self.spec.run, &error);
            lock(&self.back_off).failed(Instant::now(), now, failure.clone(), version);
            failure
        })
    }

    /// One call by one process; none: the process had ended before it got the event.
    async fn call(
        &self,
        process: Process,
        invocation: &Invocation,
        until: Instant,
    ) -> Option<Result<serde_json::Value, Failure>> {
        process.pipes.are_read().await;
        process.log.begin(&invocation.request_id, &invocation.secrets);
        let event = event(invocation, until);
        let id = event.id.clone();
        let outcome = timeout_at(until, process.link.offer(event)).await;
        process.log.end();
        let is_up = process.link.is_up();
        if is_up {
            lock(&self.back_off).succeeded();
        }
        let Ok(outcome) = outcome else {
            self.give_up(process);
            return Some(Err(Failure::TimedOut));
        };
        // Its sender is never dropped, but if it were, the process would be of no use.
        let outcome = outcome.unwrap_or(Outcome::Exited { status: None, had_taken: true });
        let runs_on = matches!(outcome, Outcome::Reply(_) | Outcome::Error { .. } | Outcome::TooLong);
        let answer = match outcome {
            Outcome::Reply(body) => parsed(&body),
            Outcome::TooLong => {
                Err(Failure::Unreadable { reason: "the reply is longer than 1 MiB".to_owned() })
            }
            Outcome::Error { message } => Err(Failure::refused(&message, &invocation.secrets)),
            Outcome::Exited { had_taken: false, .. } if is_up => return None,
            // A process that had come up is started again at once: one user's event must not stop the others'.
            Outcome::Exited { status, .. } if is_up => {
                Err(Failure::refused(&texts::exit_text(&id, status), &invocation.secrets))
            }
            Outcome::Exited { status, .. } => {
                Err(self.not_up(&process, invocation, &texts::exit_text(&id, status)))
            }
            Outcome::NotStarted { message } => Err(self.not_up(&process, invocation, &message)),
        };
        if runs_on {
            self.keep(process);
        }
        Some(answer)
    }

    /// What a program says before it asks for its first event is about the machine, and for the operator alone.
    fn not_up(&self, process: &Process, invocation: &Invocation, message: &str) -> Failure {
        let said = Said::new(message, &invocation.secrets);
        let failure = texts::not_up(&self.spec.run, said.shown());
        lock(&self.back_off).failed(Instant::now(), process.started, failure.clone(), &process.version);
        failure
    }

    fn keep(&self, process: Process) {
        lock(&self.idle).push(process);
    }

    /// Ends the process, unless it may still be starting: else one that takes longer to start than a call may last
    /// would never run.
    fn give_up(&self, process: Process) {
        let is_young = process.started.elapsed() < self.spec.start_max;
        if process.link.withdraw() && is_young && !process.link.is_up() {
            self.keep(process);
        }
    }
}

/// Where the program is to be found whatever its folder, and its folder.
fn placed(run: Run) -> Result<(Run, PathBuf), String> {
    match run {
        Run::Handler { file, export, language } => {
            let file = path::absolute(&file)
                .map_err(|error| format!("the handler's file {} cannot be found: {error}", file.display()))?;
            let folder = file.parent().map(PathBuf::from).unwrap_or_default();
            Ok((Run::Handler { file, export, language }, folder))
        }
        Run::Command(words) if words.first().is_none_or(String::is_empty) => {
            Err("the command of a function names no program".to_owned())
        }
        Run::Command(words) if words.iter().any(|word| word.contains('\0')) => {
            Err("the command of a function holds a zero byte".to_owned())
        }
        Run::Command(words) => {
            let folder = path::absolute(".").map_err(|error| format!("the server has no folder: {error}"))?;
            Ok((Run::Command(words), folder))
        }
    }
}

fn event(invocation: &Invocation, until: Instant) -> Event {
    let now = machine_time();
    let left = until.saturating_duration_since(Instant::now());
    let (root, parent) = (hex(), hex());
    let trace_id = format!("Root=1-{:08x}-{root:.24};Parent={parent:.16};Sampled=0", now.as_secs());
    Event {
        id: SystemRandom.uuid_v4(),
        arn: invocation.arn.clone(),
        deadline_ms: u64::try_from((now + left).as_millis()).unwrap_or(u64::MAX),
        trace_id,
        body: invocation.event.clone(),
    }
}

fn hex() -> String {
    SystemRandom.uuid_v4().replace('-', "")
}

/// The time since 1970 on the clock that the program itself reads.
#[expect(clippy::disallowed_methods, reason = "a program compares its deadline with the machine's clock")]
fn machine_time() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// What came back, as JSON. The text quotes nothing of it.
fn parsed(body: &[u8]) -> Result<serde_json::Value, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Failure::Unreadable { reason: format!("the reply is no JSON (line {line}, column {column})") }
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
