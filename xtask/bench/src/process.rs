//! The server as a process of its own: started, watched from outside, and ended.

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command},
    time::{Duration, Instant},
};

const START_PATIENCE: Duration = Duration::from_secs(60);
/// A server that used less than this in a quarter of a second has nothing left to do.
const IDLE_CPU_SECONDS: f64 = 0.011;
/// The kernel counts a process's time in hundredths of a second, whatever its own ticks are.
const TICKS_PER_SECOND: f64 = 100.0;

pub struct Server {
    pub address: SocketAddr,
    child: Child,
}

/// Where a server keeps its data.
#[derive(Clone)]
pub struct Place {
    pub program: PathBuf,
    pub data_dir: PathBuf,
    /// PostgreSQL, or none for SQLite in the data folder.
    pub database_url: Option<String>,
}

impl Server {
    /// Starts the server and waits for its first answer; says how long that took.
    pub fn start(place: &Place) -> Result<(Server, Duration)> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let log = File::create(place.data_dir.join("log"))?;
        let mut command = Command::new(&place.program);
        command.args(["serve", "--listen", &address.to_string(), "--data-dir"]).arg(&place.data_dir);
        if let Some(url) = &place.database_url {
            command.args(["--database-url", url]);
        }
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("COGNATE_") {
                command.env_remove(name);
            }
        }
        command.stdout(log.try_clone()?).stderr(log);
        let start = Instant::now();
        let child = command.spawn().with_context(|| format!("cannot start {}", place.program.display()))?;
        let mut server = Server { address, child };
        while !is_ready(address) {
            if let Some(status) = server.child.try_wait()? {
                bail!("the server ended: {status}; see {}", place.data_dir.join("log").display());
            }
            if start.elapsed() > START_PATIENCE {
                bail!("the server does not answer");
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        Ok((server, start.elapsed()))
    }

    /// Waits until what the server does on its own, such as making keys ahead, is done.
    pub fn wait_until_idle(&self) -> Result<()> {
        for _ in 0..80 {
            let before = self.cpu_seconds()?;
            std::thread::sleep(Duration::from_millis(250));
            if self.cpu_seconds()? - before < IDLE_CPU_SECONDS {
                return Ok(());
            }
        }
        bail!("the server does not come to rest")
    }

    /// The processor time that the server has used, its threads that have ended included.
    pub fn cpu_seconds(&self) -> Result<f64> {
        cpu_seconds(self.child.id())
    }

    /// Ends the server as an operator would.
    pub fn stop(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let status = self.child.wait()?;
        if !status.success() {
            bail!("the server ended: {status}");
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// The processor time of a process, from its line of numbers: the 14th and the 15th, counted from 1.
pub fn cpu_seconds(pid: u32) -> Result<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second one is the program's name in brackets, which may hold anything.
    let (_, rest) = text.rsplit_once(')').context("a process without a name")?;
    let mut numbers = rest.split_whitespace().skip(11).map(str::parse::<u64>);
    let user = numbers.next().context("no user time")??;
    let system = numbers.next().context("no system time")??;
    Ok((user + system) as f64 / TICKS_PER_SECOND)
}

fn is_ready(address: SocketAddr) -> bool {
    let ask = || -> Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(
            b"GET /_cognate/health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.starts_with("HTTP/1.1 200 "))
    };
    ask().unwrap_or(false)
}

/// Makes an empty folder.
pub fn make_empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(fs::create_dir_all(folder)?)
}
