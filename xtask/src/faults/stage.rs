//! A server with a store of its own, which can be killed and started again in the same place.

use super::api::Api;
use crate::test::{
    server::{Server, steady_port, tail},
    tools::Tools,
};
use anyhow::{Context, Result, bail};
use rustix::process::Pid;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Stage {
    pub port: u16,
    pub folder: PathBuf,
    binary: PathBuf,
    wrapper: Option<Command>,
    arguments: Vec<String>,
    log: PathBuf,
    server: Option<Server>,
}

impl Stage {
    /// An empty stage in a new folder under `target/faults`, its store in SQLite unless there is a URL.
    pub fn new(tools: &Tools, name: &str, database_url: Option<&str>) -> Result<Stage> {
        let folder = tools.target().join("faults").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Stage::on(tools, &folder, name, database_url)
    }

    /// A stage in a folder that is there; another stage may keep its master key there too.
    pub fn on(tools: &Tools, folder: &Path, name: &str, database_url: Option<&str>) -> Result<Stage> {
        let mut stage = Stage {
            port: steady_port()?,
            folder: folder.to_owned(),
            binary: tools.target().join("debug/cognate"),
            wrapper: None,
            arguments: Vec::new(),
            log: tools.target().join("faults").join(format!("{name}.log")),
            server: None,
        };
        if stage.log.exists() {
            fs::remove_file(&stage.log)?;
        }
        // What hashes cost is not what is tried here.
        stage.add(&["--hash-memory-kib", "7168", "--hash-passes", "1"]);
        stage.add(&["--data-dir", &folder.join("data").display().to_string()]);
        if let Some(url) = database_url {
            stage.add(&["--database-url", url]);
        }
        Ok(stage)
    }

    /// Gives the server further arguments from its next start on.
    pub fn add(&mut self, arguments: &[&str]) {
        self.arguments.extend(arguments.iter().map(|argument| (*argument).to_owned()));
    }

    /// Starts the server by another program, which gets the server's command as its last arguments.
    pub fn wrap(&mut self, wrapper: Command) {
        self.wrapper = Some(wrapper);
    }

    /// Any command of the program, with the settings of this server.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(&self.arguments).args(["--listen", &format!("127.0.0.1:{}", self.port)]);
        command.args(words).current_dir(&self.folder).env("RUST_BACKTRACE", "1");
        command
    }

    pub fn start(&mut self) -> Result<()> {
        let mut command = self.command(&["serve"]);
        if let Some(wrapper) = &self.wrapper {
            let mut wrapped = Command::new(wrapper.get_program());
            wrapped.args(wrapper.get_args()).arg(command.get_program()).args(command.get_args());
            wrapped.current_dir(&self.folder).env("RUST_BACKTRACE", "1");
            command = wrapped;
        }
        let server = Server::start(&mut command, self.port, &self.log, PATIENCE);
        self.server = Some(server.with_context(|| format!("the log is {}", self.log.display()))?);
        Ok(())
    }

    /// Starts the server and kills it after a while, ready or not.
    pub fn start_and_kill(&mut self, after: Duration) -> Result<()> {
        let server = Server::launch(&mut self.command(&["serve"]), self.port, &self.log)?;
        std::thread::sleep(after);
        server.kill()
    }

    pub fn kill(&mut self) -> Result<()> {
        self.server.take().context("no server runs")?.kill()
    }

    pub fn pid(&self) -> Result<Pid> {
        Ok(self.server.as_ref().context("no server runs")?.pid())
    }

    /// The status of a health address.
    pub fn health(&self, which: &str) -> Result<u16> {
        Ok(Api::new(self.port).read(&format!("/_cognate/health/{which}"))?.status)
    }

    /// Waits until a running server says that it is ready; answers how long that took.
    pub fn wait_until_ready(&mut self) -> Result<Duration> {
        let start = Instant::now();
        let server = self.server.as_mut().context("no server runs")?;
        server.wait_until_ready(start + PATIENCE)?;
        Ok(start.elapsed())
    }

    /// What the server has written.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Ends the server in order. Fails if it had ended by itself or has panicked.
    pub fn end(mut self) -> Result<()> {
        if let Some(mut server) = self.server.take() {
            server.check_health()?;
        }
        if self.log().contains("panicked at") {
            bail!("the server panicked\n{}", tail(&self.log, 20));
        }
        Ok(())
    }
}
