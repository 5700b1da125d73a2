//! The programs started here. None of them outlives this program, whether it ends well, fails or is interrupted.

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::{
    io::Read as _,
    process::{Child, Command, ExitStatus},
    sync::Mutex,
    time::{Duration, Instant},
};

/// The running children with the signal that ends each.
static RUNNING: Mutex<Vec<(Pid, Signal)>> = Mutex::new(Vec::new());

/// From now on, an interrupted run ends its children before itself.
pub fn end_with_this_program() -> Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            // Held to the end, so that no further child is started.
            let running = RUNNING.lock().expect("no thread panics with it");
            for (pid, ending) in running.iter() {
                let _ = kill_process(*pid, *ending);
            }
            // PostgreSQL needs a moment to end its own children.
            std::thread::sleep(Duration::from_secs(1));
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}

/// A child that is ended when this value goes away.
pub struct Running {
    child: Child,
    ending: Signal,
}

impl Running {
    pub fn start(command: &mut Command, ending: Signal) -> Result<Running> {
        // Held while starting, so that no interruption comes between start and registration.
        let mut running = RUNNING.lock().expect("no thread panics with it");
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn().with_context(|| format!("cannot start {program}"))?;
        running.push((Pid::from_child(&child), ending));
        Ok(Running { child, ending })
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Sends a signal other than the one that ends it in order.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        kill_process(self.pid(), signal).context("the signal cannot be sent")
    }

    /// Ends it at once, as `kill -9` does.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// How it ended, if it did by `deadline`.
    pub fn wait_until(&mut self, deadline: Instant) -> Result<Option<ExitStatus>> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(Some(status));
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let pid = Pid::from_child(&self.child);
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            let _ = kill_process(pid, self.ending);
            if !matches!(self.wait_until(Instant::now() + Duration::from_secs(10)), Ok(Some(_))) {
                let _ = self.child.kill();
                let _ = self.child.wait();
            }
        }
        RUNNING.lock().expect("no thread panics with it").retain(|(running, _)| *running != pid);
    }
}

/// Runs a command to its end, its output going where this program's goes.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    println!("$ {shown}");
    let mut running = Running::start(command, Signal::TERM)?;
    let status = running.child.wait()?;
    if !status.success() {
        bail!("{shown}: {status}");
    }
    Ok(())
}

/// Runs a command to its end; what it prints is kept at the end of `kept`, because others run beside it.
pub fn run_kept(mut command: Command, kept: &mut String) -> Result<()> {
    let shown = shown(&command);
    kept.push_str(&format!("$ {shown}\n"));
    let (mut reader, writer) = std::io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut running = Running::start(&mut command, Signal::TERM)?;
    // It holds the writing end.
    drop(command);
    let mut printed = Vec::new();
    reader.read_to_end(&mut printed)?;
    kept.push_str(&String::from_utf8_lossy(&printed));
    let status = running.child.wait()?;
    if !status.success() {
        bail!("{shown}: {status}");
    }
    Ok(())
}

/// Runs a short command and returns what it printed, if it can be run and succeeds.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
