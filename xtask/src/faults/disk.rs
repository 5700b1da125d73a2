//! The disk is full while eight clients write, once because the file system has no room and once because the system
//! lets the files grow no further.

use super::{
    Size,
    api::{Api, Outcome},
    check::Extent,
    crew::{Crew, wait_for},
    stage::Stage,
};
use crate::test::{children::output, tools::Tools};
use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;
use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// The store's file system, in megabytes: SQLite's log alone grows to 80.
const ROOM_MB: usize = 256;
/// How long the disk stays full.
const FULL_FOR: Duration = Duration::from_secs(2);
/// How soon the server works again once there is room.
const RECOVERY: Duration = Duration::from_secs(5);

pub fn on_sqlite(tools: &Tools, size: Size, seed: u64) -> Result<()> {
    let times = size.times(2, 10);
    match Namespace::find() {
        Some(namespace) => {
            println!("a file system of {ROOM_MB} MB, filled {times} times");
            without_room(tools, namespace, times, seed)?;
        }
        None => println!("no file system can be mounted here, so only the size of files is limited"),
    }
    println!("files that may not grow, {times} times");
    without_growth(tools, times, seed)
}

/// How to have a file system of one's own, which goes with the process that it is mounted for.
#[derive(Clone, Copy)]
enum Namespace {
    AsRoot,
    AsUser,
}

impl Namespace {
    fn find() -> Option<Namespace> {
        [Namespace::AsRoot, Namespace::AsUser].into_iter().find(|namespace| {
            let mut command = namespace.command();
            command.args(["mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
            output(&mut command).is_some()
        })
    }

    fn command(self) -> Command {
        let mut command = Command::new("unshare");
        command.arg("--mount");
        if let Namespace::AsUser = self {
            command.args(["--user", "--map-root-user"]);
        }
        command
    }
}

fn without_room(tools: &Tools, namespace: Namespace, times: usize, seed: u64) -> Result<()> {
    let mut stage = Stage::new(tools, "disk", None)?;
    let data = stage.folder.join("data");
    fs::create_dir_all(&data)?;
    let script =
        format!("mount -t tmpfs -o size={ROOM_MB}m,mode=700 tmpfs '{}' && exec \"$@\"", data.display());
    let mut wrapper = namespace.command();
    wrapper.args(["sh", "-c", &script, "sh"]);
    stage.wrap(wrapper);
    stage.start()?;
    let mut crew = Crew::new(&[stage.port], seed)?;
    // The mount is seen by the server alone, and by who goes through its eyes.
    let filler = Path::new("/proc").join(stage.pid()?.as_raw_nonzero().to_string()).join("root");
    let filler: PathBuf = filler.join(data.strip_prefix("/")?).join("filler");
    let mut failed = 0;
    for _ in 0..times {
        failed += crew.write_during(|| {
            std::thread::sleep(Duration::from_millis(300));
            fill(&filler)?;
            let before = check_full(&stage, "disk is full; make room")?;
            std::thread::sleep(FULL_FOR);
            let after = check_full(&stage, "disk is full; make room")?;
            fs::remove_file(&filler)?;
            Ok(usize::from(before) + usize::from(after))
        })?;
        check_recovered(&stage, &mut crew)?;
    }
    ensure!(failed > 0, "the disk was never full");
    crew.finish()?;
    stage.end()
}

fn without_growth(tools: &Tools, times: usize, seed: u64) -> Result<()> {
    let mut stage = Stage::new(tools, "disk-growth", None)?;
    let mut wrapper = Command::new("bash");
    // Otherwise the signal that tells of the limit ends the process.
    wrapper.args(["-c", "trap '' XFSZ && exec \"$@\"", "bash"]);
    stage.wrap(wrapper);
    stage.start()?;
    let mut crew = Crew::new(&[stage.port], seed)?;
    for _ in 0..times {
        crew.write_during(|| {
            std::thread::sleep(Duration::from_millis(300));
            let before = limit(stage.pid()?, Some(4096))?;
            let checked = check_full(&stage, "the disk cannot be written");
            std::thread::sleep(FULL_FOR);
            limit(stage.pid()?, before)?;
            ensure!(checked?, "files grew that must not grow");
            Ok(())
        })?;
        check_recovered(&stage, &mut crew)?;
    }
    crew.finish()?;
    stage.end()
}

/// Limits the size of the files that a process writes; answers the limit before.
fn limit(pid: Pid, bytes: Option<u64>) -> Result<Option<u64>> {
    let Rlimit { maximum, .. } = rustix::process::getrlimit(Resource::Fsize);
    let before = prlimit(Some(pid), Resource::Fsize, Rlimit { current: bytes, maximum })?;
    Ok(before.current)
}

/// Writes until there is no room for another byte.
fn fill(path: &Path) -> Result<()> {
    let mut file = File::create(path).with_context(|| path.display().to_string())?;
    for part in [1 << 20, 4096, 1] {
        let zeros = vec![0; part];
        while file.write_all(&zeros).is_ok() {}
    }
    Ok(())
}

/// While the disk is full, a change is answered with a clear failure, unless SQLite's log has room left in it; reading
/// goes on, and the log says what to do. Answers whether the change failed.
fn check_full(stage: &Stage, hint: &str) -> Result<bool> {
    let mut api = Api::new(stage.port);
    let answer = api.call("CreateUserPool", &json!({"PoolName": "no room"}));
    let is_clear = matches!(&answer, Outcome::Doubt(text) if text.contains("500") && text.contains("InternalErrorException"));
    let is_done = matches!(answer, Outcome::Done(_));
    ensure!(is_clear || is_done, "a change on a full disk was answered with {answer:?}");
    api.get("ListUserPools", &json!({"MaxResults": 10})).context("reading must go on")?;
    ensure!(stage.health("live")? == 200, "the server must stay alive");
    ensure!(is_done || stage.log().contains(hint), "the log does not say that the {hint}");
    Ok(is_clear)
}

/// Without a restart the server writes again, and nothing is lost.
fn check_recovered(stage: &Stage, crew: &mut Crew) -> Result<()> {
    let mut api = Api::new(stage.port);
    let took = wait_for(RECOVERY, || {
        Ok(matches!(api.call("CreateUserPool", &json!({"PoolName": "room"})), Outcome::Done(_)))
    });
    println!("writes again after {:?}", took.context("the server does not write again")?);
    crew.check(Extent::Touched);
    Ok(())
}
