//! The client programs of clients/ against a running server, once on SQLite and once on PostgreSQL.

use super::{
    Report, Tally,
    children::{Running, run},
    functions::{self, Functions},
    postgres::Postgres,
    server::{Server, free_port},
    tools::{Tools, find_chromium},
};
use anyhow::{Context, Result};
use rustix::process::Signal;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    time::{Duration, Instant},
};

/// The longest that one program may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// The example that encrypts a code as custom senders get it.
const SENDER_CODE: &str = "custom_sender_code";

/// Builds the server and runs the client programs on both engines.
pub fn steps(report: &mut Report, tools: &Tools, postgres: Option<&Postgres>) {
    let build = || {
        let all = ["build", "--locked", "--package", "cognate", "--bin", "cognate", "--example", SENDER_CODE];
        run(tools.cargo().args(all))
    };
    let built = report.prepare("Server", build);
    let built = built.and(report.prepare("Function in Rust", || functions::build_rust_handler(tools)));
    // An older build must not be tested in its place.
    let check_built = || built.context("these need the server and its function in Rust");
    let folder = tools.target().join("clients");
    let on_sqlite = |kept: &mut String| {
        check_built()?;
        let storage = |name: &str| -> Result<Vec<String>> {
            let data = folder.join("data").join(name);
            if data.exists() {
                fs::remove_dir_all(&data)?;
            }
            Ok(vec!["--data-dir".to_owned(), data.display().to_string()])
        };
        run_programs(tools, &folder.join("sqlite"), storage, kept)
    };
    let on_postgres = |kept: &mut String| {
        check_built()?;
        let postgres = postgres.context("these need PostgreSQL")?;
        let storage = |name: &str| -> Result<Vec<String>> {
            Ok(vec!["--database-url".to_owned(), postgres.create_database(&format!("clients_{name}"))?])
        };
        run_programs(tools, &folder.join("postgres"), storage, kept)
    };
    report.side_by_side(vec![
        ("Clients on SQLite".to_owned(), Box::new(on_sqlite)),
        ("Clients on PostgreSQL".to_owned(), Box::new(on_postgres)),
    ]);
}

/// Starts a server of each issuer form and runs all programs against them; `storage` gives the arguments that say
/// where a server keeps its data. What the programs report is kept.
fn run_programs(
    tools: &Tools,
    logs: &Path,
    storage: impl Fn(&str) -> Result<Vec<String>>,
    kept: &mut String,
) -> Result<Tally> {
    if logs.exists() {
        fs::remove_dir_all(logs)?;
    }
    fs::create_dir_all(logs)?;
    let functions = Functions::write_settings(tools, logs)?;
    let start = |issuer: &str| -> Result<Server> {
        let port = free_port()?;
        let mut command = Command::new(server_program(tools));
        command.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--issuer", issuer]);
        command.args(["--public-url", &format!("http://localhost:{port}")]).args(storage(issuer)?);
        command.arg("--config").arg(functions.settings());
        command.current_dir(logs).env("RUST_BACKTRACE", "1");
        Server::start(&mut command, port, &logs.join(format!("server-{issuer}.log")), Duration::from_secs(60))
    };
    let mut servers = [start("own")?, start("aws")?];
    let [own, aws] = servers.each_ref().map(Server::endpoint);
    let queue = Mutex::new(find_programs(tools.root())?);
    let sum = Mutex::new((Tally::default(), String::new()));
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let Some(program) = queue.lock().expect("no thread panics with it").pop() else { break };
                    let mut command = interpreter(tools, &program);
                    command.env("COGNATE_TEST_ENDPOINT", &own).env("COGNATE_TEST_AWS_ISSUER_ENDPOINT", &aws);
                    command.env("COGNATE_TEST_PROGRAM", server_program(tools));
                    functions.tell(&mut command);
                    let sender_code = tools.target().join("debug/examples").join(SENDER_CODE);
                    command.env("COGNATE_TEST_CUSTOM_SENDER_CODE", sender_code);
                    command.env("COGNATE_TEST_CHROMIUM", find_chromium().unwrap_or_default());
                    let name = program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                    let (tally, report) = run_program(&mut command, &name, &logs.join(format!("{name}.log")));
                    let mut sum = sum.lock().expect("no thread panics with it");
                    sum.0 += tally;
                    sum.1.push_str(&report);
                }
            });
        }
    });
    let (mut sum, reports) = sum.into_inner().expect("no thread panicked with it");
    kept.push_str(&reports);
    for server in &mut servers {
        if let Err(error) = server.check_health() {
            kept.push_str(&format!("{error:#}\n"));
            sum.failed += 1;
        }
    }
    kept.push_str(&format!("{sum}\n"));
    Ok(sum)
}

pub fn server_program(tools: &Tools) -> PathBuf {
    tools.target().join("debug/cognate")
}

/// The programs, which are the files of clients/ whose names begin with `walk_`.
fn find_programs(root: &Path) -> Result<Vec<PathBuf>> {
    let mut programs = Vec::new();
    for folder in ["clients/python", "clients/node"] {
        for entry in fs::read_dir(root.join(folder))? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with("walk_") {
                programs.push(entry.path());
            }
        }
    }
    programs.sort();
    Ok(programs)
}

fn interpreter(tools: &Tools, program: &Path) -> Command {
    let is_python = program.extension().is_some_and(|ending| ending == "py");
    let mut command = if is_python { Command::new(tools.python()) } else { Command::new("node") };
    // Nothing of the caller's AWS or proxy setup may reach the programs: they speak to this machine alone.
    for (name, _) in std::env::vars_os() {
        let upper = name.to_string_lossy().to_uppercase();
        if upper.starts_with("AWS_") || upper.ends_with("_PROXY") {
            command.env_remove(name);
        }
    }
    command.env("PYTHONDONTWRITEBYTECODE", "1").arg(program);
    command
}

/// Runs one program; answers its verdict too, and its failed steps with what they said.
fn run_program(command: &mut Command, name: &str, log: &Path) -> (Tally, String) {
    let start = Instant::now();
    let ended = run_logged(command, log, start + PATIENCE);
    let text = fs::read_to_string(log).unwrap_or_default();
    let mut tally = read_steps(&text);
    let mut complaints = failed_steps(&text);
    let problem = match &ended {
        Err(error) => Some(format!("{error:#}")),
        Ok(None) => Some(format!("did not end within {} s", PATIENCE.as_secs())),
        Ok(Some(_)) if !is_complete(&text, tally) => Some("stopped before its end".to_owned()),
        Ok(Some(false)) if tally.failed == 0 => Some("failed without a failed step".to_owned()),
        Ok(Some(_)) => None,
    };
    if let Some(problem) = problem {
        tally.failed += 1;
        complaints = format!("{text}\n{problem}");
    }
    let verdict = if tally.failed == 0 { "ok" } else { "FAILED" };
    let seconds = start.elapsed().as_secs_f64();
    (tally, format!("{verdict} {name}: {tally} ({seconds:.1} s)\n{complaints}"))
}

/// Whether the program succeeded; none if it did not end in time.
fn run_logged(command: &mut Command, log: &Path, deadline: Instant) -> Result<Option<bool>> {
    let file = File::create(log)?;
    command.stdout(file.try_clone()?).stderr(file);
    let status = Running::start(command, Signal::TERM)?.wait_until(deadline)?;
    Ok(status.map(|status| status.success()))
}

/// Counts the `ok` and `not ok` lines of the Test Anything Protocol.
fn read_steps(text: &str) -> Tally {
    let count = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
    Tally { passed: count("ok "), failed: count("not ok ") }
}

/// Whether the program printed its plan, `1..N`, and as many steps.
fn is_complete(text: &str, tally: Tally) -> bool {
    let steps = tally.passed + tally.failed;
    steps > 0 && text.lines().any(|line| line == format!("1..{steps}"))
}

/// The `not ok` lines, each with the comment lines after it.
fn failed_steps(text: &str) -> String {
    let mut shown = String::new();
    let mut is_failed = false;
    for line in text.lines() {
        is_failed = line.starts_with("not ok ") || (is_failed && line.starts_with('#'));
        if is_failed {
            shown += &format!("  {line}\n");
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_counted() {
        let text = "warning\nok 1 - a\nnot ok 2 - b\n# why\nok 3 - c\n1..3\n";
        let tally = read_steps(text);
        assert_eq!((tally.passed, tally.failed), (2, 1));
        assert!(is_complete(text, tally));
        assert_eq!(failed_steps(text), "  not ok 2 - b\n  # why\n");
        assert!(!is_complete("ok 1 - a\n1..2\n", read_steps("ok 1 - a\n1..2\n")));
        assert!(!is_complete("", Tally::default()));
    }
}
