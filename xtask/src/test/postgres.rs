//! A PostgreSQL of the tests' own: a fresh cluster on a free port of the loopback address, thrown away at the end.

use super::{
    children::{Running, output, run},
    server::{steady_port, tail},
    tools::{find_program, install_packages},
};
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal};
use std::{
    fs::{self, File},
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

pub struct Postgres {
    binaries: PathBuf,
    folder: PathBuf,
    port: u16,
    durability: Durability,
    user: Option<OtherUser>,
    // Dropped before the folder is removed.
    server: Option<Running>,
}

/// What a commit survives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The end of PostgreSQL, however it ends.
    Kept,
    /// Nothing, which is faster.
    None,
}

/// PostgreSQL refuses to run as root; then it runs as this user.
#[derive(Clone, Copy)]
struct OtherUser {
    uid: u32,
    gid: u32,
}

impl Postgres {
    /// Starts a cluster under `target`, or in the system's temporary folder where its user cannot enter `target`.
    pub fn start(target: &Path, durability: Durability) -> Result<Postgres> {
        let binaries = match find_binaries() {
            Some(found) => found,
            None => {
                install_packages(&["postgresql"])?;
                find_binaries().context("the package postgresql brought no initdb")?
            }
        };
        let user = OtherUser::needed()?;
        let folder = make_folder(target, user)?;
        let port = steady_port()?;
        let mut postgres = Postgres { binaries, folder, port, durability, user, server: None };
        postgres.make_cluster()?;
        postgres.launch()?;
        println!("PostgreSQL listens on 127.0.0.1:{port}, data in {}", postgres.folder.display());
        Ok(postgres)
    }

    /// The URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://cognate@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database and returns its URL.
    pub fn create_database(&self, name: &str) -> Result<String> {
        let mut command = Command::new(self.binaries.join("createdb"));
        command.args([
            "--host",
            "127.0.0.1",
            "--username",
            "cognate",
            "--port",
            &self.port.to_string(),
            name,
        ]);
        run(&mut command)?;
        Ok(self.url(name))
    }

    /// Stops it as `pg_ctl stop` does: SIGINT is its mode fast, SIGQUIT is immediate, which is like a crash.
    pub fn stop(&mut self, signal: Signal) -> Result<()> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        server.signal(signal)?;
        let ended = server.wait_until(Instant::now() + Duration::from_secs(30))?;
        ended.map(drop).context("PostgreSQL did not stop")
    }

    /// Stops it in its tracks, or lets it go on: it is there and says nothing.
    pub fn freeze(&self, frozen: bool) -> Result<()> {
        let main = self.server.as_ref().context("PostgreSQL does not run")?.pid();
        let signal = if frozen { Signal::STOP } else { Signal::CONT };
        let number = main.as_raw_nonzero();
        let children = fs::read_to_string(format!("/proc/{number}/task/{number}/children"))?;
        let children =
            children.split_whitespace().filter_map(|pid| pid.parse().ok()).filter_map(Pid::from_raw);
        for pid in std::iter::once(main).chain(children) {
            rustix::process::kill_process(pid, signal)?;
        }
        Ok(())
    }

    fn make_cluster(&self) -> Result<()> {
        let data = self.folder.join("data");
        let mut initdb = as_user(self.binaries.join("initdb"), self.user, &self.folder);
        initdb.args(["--username", "cognate", "--auth", "trust", "--encoding", "UTF8", "--locale", "C"]);
        initdb.args(["--no-sync", "--pgdata"]).arg(&data);
        initdb.stdout(File::create(self.folder.join("initdb.log"))?);
        run(&mut initdb)?;
        fs::write(data.join("pg_hba.conf"), "host all all 127.0.0.1/32 trust\n")?;
        Ok(())
    }

    /// Starts it, also after a stop.
    pub fn launch(&mut self) -> Result<()> {
        let (data, log) = (self.folder.join("data"), self.folder.join("log"));
        let mut server = as_user(self.binaries.join("postgres"), self.user, &self.folder);
        server.arg("-D").arg(&data).args(["-p", &self.port.to_string()]);
        let durability: &[&str] = match self.durability {
            Durability::Kept => &["fsync=on", "synchronous_commit=on", "full_page_writes=on"],
            Durability::None => &["fsync=off", "synchronous_commit=off", "full_page_writes=off"],
        };
        let settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=400"];
        for setting in settings.iter().chain(durability) {
            server.args(["-c", setting]);
        }
        let file = File::options().create(true).append(true).open(&log)?;
        server.stdout(file.try_clone()?).stderr(file);
        // SIGQUIT stops it at once, without waiting for clients; the data is thrown away.
        let server = self.server.insert(Running::start(&mut server, Signal::QUIT)?);
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if server.wait_until(Instant::now())?.is_some() || Instant::now() > deadline {
                bail!("PostgreSQL did not start:\n{}", tail(&log, 20));
            }
            let mut ready = Command::new(self.binaries.join("pg_isready"));
            ready.args(["--quiet", "--host", "127.0.0.1", "--port", &self.port.to_string()]);
            if ready.status()?.success() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.server = None;
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl OtherUser {
    /// The user that PostgreSQL's package makes, or else nobody; none when this program does not run as root.
    fn needed() -> Result<Option<OtherUser>> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        for name in ["postgres", "nobody"] {
            let id = |which| output(Command::new("id").args([which, name])).and_then(|id| id.parse().ok());
            if let (Some(uid), Some(gid)) = (id("-u"), id("-g")) {
                return Ok(Some(OtherUser { uid, gid }));
            }
        }
        bail!("PostgreSQL does not run as root, and there is no other user: neither postgres nor nobody")
    }
}

/// A command of PostgreSQL's, run as `user`, in a folder which that user can enter.
fn as_user(program: PathBuf, user: Option<OtherUser>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    // Settings of the caller's own PostgreSQL do not concern this one.
    for name in ["PGDATA", "PGHOST", "PGPORT", "PGUSER", "PGOPTIONS"] {
        command.env_remove(name);
    }
    if let Some(OtherUser { uid, gid }) = user {
        command.uid(uid).gid(gid);
    }
    command
}

/// Makes an empty folder that `user` owns and can enter.
fn make_folder(target: &Path, user: Option<OtherUser>) -> Result<PathBuf> {
    for parent in [target.join("test-postgres"), std::env::temp_dir().join("cognate-test-postgres")] {
        fs::create_dir_all(&parent)?;
        remove_abandoned(&parent);
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = parent.join(format!("{}-{number}", std::process::id()));
        fs::create_dir(&folder)?;
        let Some(OtherUser { uid, gid }) = user else { return Ok(folder) };
        chown(&folder, Some(uid), Some(gid))?;
        let mut test = Command::new("test");
        test.arg("-w").arg(&folder).uid(uid).gid(gid);
        if test.status().is_ok_and(|status| status.success()) {
            return Ok(folder);
        }
        fs::remove_dir(&folder)?;
    }
    bail!("PostgreSQL's user can write neither below {} nor in the temporary folder", target.display())
}

/// Removes what runs left behind that were killed; each folder's name begins with the process that made it.
fn remove_abandoned(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let maker = name.split('-').next().and_then(|pid| pid.parse().ok()).and_then(Pid::from_raw);
        let is_abandoned = maker.is_some_and(|pid| rustix::process::test_kill_process(pid).is_err());
        if is_abandoned {
            let postmaster = fs::read_to_string(entry.path().join("data/postmaster.pid")).unwrap_or_default();
            if let Some(pid) =
                postmaster.lines().next().and_then(|pid| pid.parse().ok()).and_then(Pid::from_raw)
                && is_postgres(pid)
            {
                let _ = rustix::process::kill_process(pid, Signal::QUIT);
                std::thread::sleep(Duration::from_secs(1));
            }
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether a process is a PostgreSQL still: its number may have been given to another since.
fn is_postgres(pid: Pid) -> bool {
    fs::read_to_string(format!("/proc/{}/comm", pid.as_raw_nonzero()))
        .is_ok_and(|name| name.trim() == "postgres")
}

/// The folder of PostgreSQL's programs: the newest of Debian's, which are not in PATH, or the one in PATH.
fn find_binaries() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, folder)| folder.join("initdb").is_file() && folder.join("postgres").is_file())
        .collect();
    versions.sort();
    let in_path = || find_program("initdb")?.canonicalize().ok()?.parent().map(Path::to_owned);
    versions.pop().map(|(_, folder)| folder).or_else(in_path)
}
