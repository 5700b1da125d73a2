//! One process: its start, its group, and its end. What leaves the group, by a session of its own, is not killed with
//! it; and files that the server itself was started with, beside the first three, are open in programs too.

use super::{
    Lambda, Spec, environment, link::Link, output, output::Log, pipes::Pipes, runtime_api, versions::Version,
};
use crate::config::functions::{Language, Run};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    process::Stdio,
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    sync::oneshot,
    task::JoinSet,
    time::Instant,
};
use zeroize::Zeroizing;

const LOADER_OF_NODE: &str = include_str!("loader.mjs");
const LOADER_OF_PYTHON: &str = include_str!("loader.py");

/// How long the rest of what a process printed is read after its end.
const DRAIN_MAX: Duration = Duration::from_millis(200);

/// A running process, which ends when this is dropped.
pub(super) struct Process {
    pub arn: String,
    pub version: Version,
    pub started: Instant,
    pub link: Arc<Link>,
    pub log: Arc<Log>,
    pub pipes: Pipes,
    /// Its drop says that the process is to end.
    _keep: oneshot::Sender<()>,
}

impl Process {
    /// Starts one, whose end is seen to by a task of `ends`.
    pub(super) async fn start(
        spec: &Spec,
        arn: &str,
        version: Version,
        log_stream: String,
        ends: impl FnOnce(Supervisor),
    ) -> io::Result<Process> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let SocketAddr::V4(own) = listener.local_addr()? else {
            return Err(io::Error::other("the socket has no address of IPv4"));
        };
        let function = environment::function_name(arn).to_owned();
        let lambda = Lambda { function, log_stream, runtime_api: own.to_string() };
        let child = command(spec, &lambda).spawn()?;
        let own_secret = spec.environment.get(environment::SECRET_ACCESS_KEY);
        let secret = spec.access_key.as_ref().map(|(_, secret)| secret.clone());
        let secret = secret.or_else(|| own_secret.cloned().map(Zeroizing::new));
        let log = Arc::new(Log::new(&lambda.function, secret.filter(|_| !spec.has_invented_key)));
        let link = Arc::new(Link::default());
        let (keep, kept) = oneshot::channel();
        let (group, pipes) = (Group(child.id()), Pipes::of(&child));
        let start_max = spec.start_max;
        ends(Supervisor {
            child,
            group,
            listener,
            own,
            link: link.clone(),
            log: log.clone(),
            kept,
            start_max,
        });
        Ok(Process { arn: arn.to_owned(), version, started: Instant::now(), link, log, pipes, _keep: keep })
    }
}

fn command(spec: &Spec, lambda: &Lambda) -> Command {
    let mut command = match &spec.run {
        Run::Handler { file, export, language: Language::Node } => {
            let mut command = Command::new("node");
            command.args(["--input-type=module", "--eval", LOADER_OF_NODE, "--"]).arg(file).arg(export);
            command.current_dir(&spec.folder);
            command
        }
        Run::Handler { file, export, language: Language::Python } => {
            let mut command = Command::new("python3");
            command.args(["-c", LOADER_OF_PYTHON]).arg(file).arg(export).current_dir(&spec.folder);
            command
        }
        Run::Command(words) => {
            let mut words = words.iter();
            let mut command = Command::new(words.next().map(String::as_str).unwrap_or_default());
            command.args(words);
            command
        }
    };
    command
        .env_clear()
        .envs(environment::variables(spec, lambda))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    command
}

/// The process and all that it started and that stayed in its group.
struct Group(Option<u32>);

impl Group {
    fn kill(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self.0.take().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed())) {
            // A group that has ended already is no mistake.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sees to the end of a process. When it is dropped, the process is killed.
pub(super) struct Supervisor {
    group: Group,
    child: Child,
    listener: TcpListener,
    own: SocketAddrV4,
    link: Arc<Link>,
    log: Arc<Log>,
    kept: oneshot::Receiver<()>,
    start_max: Duration,
}

impl Supervisor {
    /// Serves the process until it has ended, by itself or because it must.
    pub(super) async fn run(mut self) {
        let mut readers = JoinSet::new();
        if let Some(stdout) = self.child.stdout.take() {
            readers.spawn(output::read(self.log.clone(), "stdout", stdout));
        }
        if let Some(stderr) = self.child.stderr.take() {
            readers.spawn(output::read(self.log.clone(), "stderr", stderr));
        }
        let mut served = JoinSet::new();
        let id = self.child.id().unwrap_or_default();
        served.spawn(runtime_api::serve(self.listener, self.own, id, self.link.clone()));
        tokio::select! {
            _ = self.child.wait() => {}
            _ = &mut self.kept => {}
            () = start_takes_too_long(&self.link, self.start_max) => {
                self.log.note("it asked for no event in time, and was ended");
            }
        }
        self.group.kill();
        // It has ended, or has no group.
        let _ = self.child.start_kill();
        let status = self.child.wait().await.ok();
        // One that left the group may hold the other end for as long as it likes.
        let _ = tokio::time::timeout(DRAIN_MAX, async { while readers.join_next().await.is_some() {} }).await;
        self.log.end();
        self.link.exited(status);
    }
}

async fn start_takes_too_long(link: &Link, start_max: Duration) {
    tokio::time::sleep(start_max).await;
    if link.is_up() {
        std::future::pending::<()>().await;
    }
}
