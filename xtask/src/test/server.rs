//! A running Cognate for the client programs, the README and the faults.

use super::children::Running;
use crate::http;
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal};
use std::{
    fs::{self, File},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU16, Ordering},
    time::{Duration, Instant},
};

pub struct Server {
    port: u16,
    process: Running,
    log: PathBuf,
}

impl Server {
    /// Starts a command that serves on `port`, its output going to the end of `log`, and waits until it is ready.
    pub fn start(command: &mut Command, port: u16, log: &Path, patience: Duration) -> Result<Server> {
        let mut server = Server::launch(command, port, log)?;
        server.wait_until_ready(Instant::now() + patience)?;
        Ok(server)
    }

    /// Starts it without waiting.
    pub fn launch(command: &mut Command, port: u16, log: &Path) -> Result<Server> {
        let file = File::options().create(true).append(true).open(log)?;
        command.stdout(file.try_clone()?).stderr(file);
        // The caller's own configuration does not concern this server.
        for (name, _) in std::env::vars_os() {
            let is_ours = name.to_string_lossy().starts_with("COGNATE_");
            let is_given = command.get_envs().any(|(given, _)| given == name);
            if is_ours && !is_given {
                command.env_remove(name);
            }
        }
        Ok(Server { port, process: Running::start(command, Signal::TERM)?, log: log.to_owned() })
    }

    /// Ends it at once, as `kill -9` does.
    pub fn kill(mut self) -> Result<()> {
        self.process.kill()
    }

    pub fn pid(&self) -> Pid {
        self.process.pid()
    }

    /// The URL that the clients are given.
    pub fn endpoint(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Fails if the server has ended or has logged a panic.
    pub fn check_health(&mut self) -> Result<()> {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        if let Some(line) = text.lines().find(|line| line.contains("panicked at")) {
            bail!("the server panicked: {line} (its output is in {})", self.log.display());
        }
        if let Some(status) = self.process.wait_until(Instant::now())? {
            bail!("the server ended: {status}\n{}", tail(&self.log, 20));
        }
        Ok(())
    }

    pub fn wait_until_ready(&mut self, deadline: Instant) -> Result<()> {
        let url = format!("http://127.0.0.1:{}/_cognate/health/ready", self.port);
        let agent = http::agent(Duration::from_secs(5));
        while Instant::now() < deadline {
            if let Some(status) = self.process.wait_until(Instant::now())? {
                bail!("the server did not start: {status}\n{}", tail(&self.log, 20));
            }
            if agent.get(&url).call().is_ok_and(|answer| answer.status() == 200) {
                // Node resolves localhost to this one first.
                TcpStream::connect((Ipv6Addr::LOCALHOST, self.port))
                    .with_context(|| format!("the server does not listen on [::1]:{}", self.port))?;
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("the server did not become ready\n{}", tail(&self.log, 20))
    }
}

/// A port that nothing listens on now.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// A port that nothing listens on now, and that the system does not give to outgoing connections: it stays free while
/// its server is away.
pub fn steady_port() -> Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = std::process::id() as u16 % 10_000;
    for _ in 0..10_000 {
        let port = 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        let is_free = |ip: IpAddr| TcpListener::bind((ip, port)).is_ok();
        if is_free(Ipv4Addr::LOCALHOST.into()) && is_free(Ipv6Addr::LOCALHOST.into()) {
            return Ok(port);
        }
    }
    bail!("no port from 20000 to 29999 is free")
}

/// The last lines of a file.
pub fn tail(file: &Path, count: usize) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
