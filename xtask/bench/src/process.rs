//! The server as a process of its own: started, watched from outside, and ended.

use crate::{
    api::{HEALTH_READY, get},
    connection::Connection,
};
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command},
    time::{Duration, Instant},
};
use tokio::time::timeout;

const START_PATIENCE: Duration = Duration::from_secs(60);
const ANSWER_PATIENCE: Duration = Duration::from_secs(5);
/// A server that used less than this in a quarter of a second has nothing left to do.
const IDLE_CPU_SECONDS: f64 = 0.011;
/// The kernel counts a process's time in hundredths of a second, whatever its own ticks are.
const TICKS_PER_SECOND: f64 = 100.0;

pub struct Server {
    pub address: SocketAddr,
    child: Child,
    postmaster: Option<u32>,
}

/// Where a server keeps its data.
#[derive(Clone)]
pub struct Place {
    pub program: PathBuf,
    pub data_dir: PathBuf,
    /// PostgreSQL, or none for SQLite in the data folder.
    pub database_url: Option<String>,
    /// PostgreSQL's first process, whose children's time is counted too.
    pub postmaster: Option<u32>,
}

impl Server {
    /// Starts the server and waits for its first answer; says how long that took.
    pub async fn start(place: &Place) -> Result<(Server, Duration)> {
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
        let mut server = Server { address, child, postmaster: place.postmaster };
        while !matches!(timeout(ANSWER_PATIENCE, is_ready(address)).await, Ok(Ok(true))) {
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
        Ok(Times::of(self.child.id())?.own)
    }

    /// The processor time that PostgreSQL has used.
    pub fn database_cpu_seconds(&self) -> Result<f64> {
        let Some(postmaster) = self.postmaster else { return Ok(0.0) };
        let times = Times::of(postmaster)?;
        let mut sum = times.own + times.of_ended_children;
        for entry in fs::read_dir("/proc")?.flatten() {
            let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
            // Processes come and go while they are looked through.
            if let Some(Ok(times)) = pid.map(Times::of)
                && times.parent == postmaster
            {
                sum += times.own;
            }
        }
        Ok(sum)
    }

    /// The memory that is in use now, in bytes.
    pub fn memory(&self) -> Result<u64> {
        self.status("VmRSS:")
    }

    /// The most memory that was in use at once since the start or the last [`Server::forget_peak`], in bytes.
    pub fn memory_peak(&self) -> Result<u64> {
        self.status("VmHWM:")
    }

    pub fn forget_peak(&self) -> Result<()> {
        Ok(fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5")?)
    }

    fn status(&self, name: &str) -> Result<u64> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)).context("no such line")?;
        let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib * 1024)
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

/// The process that started another.
pub fn parent_of(pid: u32) -> Result<u32> {
    Ok(Times::of(pid)?.parent)
}

/// What the kernel counts for a process, in seconds.
struct Times {
    parent: u32,
    own: f64,
    of_ended_children: f64,
}

impl Times {
    fn of(pid: u32) -> Result<Times> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The second field is the program's name in brackets, which may hold anything.
        let (_, rest) = text.rsplit_once(')').context("a process without a name")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let seconds = |at: usize| -> Result<f64> {
            let field = fields.get(at).context("a process without times")?;
            Ok(field.parse::<u64>()? as f64 / TICKS_PER_SECOND)
        };
        Ok(Times {
            parent: fields.get(1).context("a process without a parent")?.parse()?,
            own: seconds(11)? + seconds(12)?,
            of_ended_children: seconds(13)? + seconds(14)?,
        })
    }
}

async fn is_ready(address: SocketAddr) -> Result<bool> {
    Ok(Connection::open(address).await?.send(&get(HEALTH_READY)).await?.status == 200)
}

/// Makes an empty folder.
pub fn make_empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(fs::create_dir_all(folder)?)
}
