//! `cargo xtask test`: installs what the tests need and runs every test there is. What could not run has failed.

pub mod children;
mod clients;
mod functions;
pub mod postgres;
mod readme;
pub mod server;
pub mod tools;

use crate::faults::{Scenario, Size};
use anyhow::{Context, Result};
use children::run;
use clap::ValueEnum;
use postgres::{Durability, Postgres};
use std::{
    collections::VecDeque,
    path::Path,
    process::Command,
    sync::Mutex,
    time::{Duration, Instant},
};
use tools::Tools;

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// Format, lints, licenses, house rules, and the tests under crates/ and xtask/.
    Rust,
    /// The client programs against a running server, on both engines, and the commands of docs/triggers.md.
    Clients,
    /// The commands of the README.
    Readme,
    /// The targets of fuzz/, some seconds each; `cargo xtask fuzz` runs them longer.
    Fuzz,
    /// Kills, a full disk, a database and a mail server that are away; fewer and shorter than `cargo xtask faults`.
    Faults,
}

/// How many tests of one step passed and failed.
#[derive(Clone, Copy, Default)]
struct Tally {
    passed: usize,
    failed: usize,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

struct Step {
    name: String,
    took: Duration,
    tally: Tally,
}

/// A step that runs beside others and keeps what it prints.
type Beside<'a> = Box<dyn FnOnce(&mut String) -> Result<Tally> + Send + 'a>;

/// The steps run so far. A failed step does not keep the later ones from running.
#[derive(Default)]
struct Report {
    steps: Vec<Step>,
}

impl Report {
    /// Runs a step that counts its own tests; one that could not run counts as a failed test.
    fn counted(&mut self, name: &str, body: impl FnOnce() -> Result<Tally>) {
        println!("\n=== {name}");
        let start = Instant::now();
        let tally = body().unwrap_or_else(|error| {
            println!("{error:#}");
            Tally { passed: 0, failed: 1 }
        });
        let took = start.elapsed();
        let verdict = if tally.failed == 0 { "ok" } else { "FAILED" };
        println!("--- {name}: {verdict} ({:.1} s)", took.as_secs_f64());
        self.steps.push(Step { name: name.to_owned(), took, tally });
    }

    /// Runs steps beside each other, as many at once as there are processors. What each prints is shown when it ends.
    fn side_by_side(&mut self, steps: Vec<(String, Beside<'_>)>) {
        let queue = Mutex::new(VecDeque::from(steps));
        let ended = Mutex::new(&mut *self);
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    loop {
                        let next = queue.lock().expect("no thread panics with it").pop_front();
                        let Some((name, body)) = next else { break };
                        let start = Instant::now();
                        let mut kept = String::new();
                        let result = body(&mut kept);
                        let took = start.elapsed();
                        let mut report = ended.lock().expect("no thread panics with it");
                        report.ended(&name, took, result, &kept);
                    }
                });
            }
        });
    }

    /// Prints what a step printed that ran beside others, and its verdict.
    fn ended(&mut self, name: &str, took: Duration, result: Result<Tally>, kept: &str) {
        println!("\n=== {name}\n{}", kept.trim_end());
        let tally = result.unwrap_or_else(|error| {
            println!("{error:#}");
            Tally { passed: 0, failed: 1 }
        });
        let verdict = if tally.failed == 0 { "ok" } else { "FAILED" };
        println!("--- {name}: {verdict} ({:.1} s)", took.as_secs_f64());
        self.steps.push(Step { name: name.to_owned(), took, tally });
    }

    /// Runs a step that is one test.
    fn check(&mut self, name: &str, body: impl FnOnce() -> Result<()>) {
        self.counted(name, || body().map(|()| Tally { passed: 1, failed: 0 }));
    }

    /// Runs a step that the later ones need and hands on what it gives. It counts only when it fails.
    fn prepare<T>(&mut self, name: &str, body: impl FnOnce() -> Result<T>) -> Option<T> {
        let mut made = None;
        self.counted(name, || {
            made = Some(body()?);
            Ok(Tally::default())
        });
        made
    }

    /// Prints a line per step, and the sum of all tests as the last line.
    fn summary(&self) -> Tally {
        let mut sum = Tally::default();
        println!("\n=== Summary");
        for Step { name, took, tally } in &self.steps {
            sum += *tally;
            let verdict = if tally.failed == 0 { "ok    " } else { "FAILED" };
            let counts = if tally.passed + tally.failed > 1 { tally.to_string() } else { String::new() };
            println!("{verdict} {:>7.1} s  {name}  {counts}", took.as_secs_f64());
        }
        println!("{sum}");
        sum
    }
}

/// Runs all tests, or those of one part.
pub fn run_tests(root: &Path, only: Option<Part>) -> Result<()> {
    children::end_with_this_program()?;
    let has = |part| only.is_none_or(|one| one == part);
    let mut report = Report::default();
    let tools = report.prepare("Tools", || Tools::install(root, only));
    let tools = tools.unwrap_or_else(|| Tools::at(root));
    let postgres = if has(Part::Rust) || has(Part::Clients) {
        report.prepare("PostgreSQL", || Postgres::start(tools.target(), Durability::None))
    } else {
        None
    };
    // The network and npm do most of it, so it goes on while cargo builds.
    std::thread::scope(|scope| {
        let installing = has(Part::Clients).then(|| {
            scope.spawn(|| {
                let (start, mut kept) = (Instant::now(), String::new());
                let result = tools.install_clients(&mut kept);
                (start.elapsed(), result.map(|()| Tally::default()), kept)
            })
        });
        if has(Part::Rust) {
            rust(&mut report, &tools, postgres.as_ref());
        }
        if let Some(installing) = installing {
            let (took, result, kept) = installing.join().expect("installing does not panic");
            report.ended("Clients' packages", took, result, &kept);
            clients::steps(&mut report, &tools, postgres.as_ref());
            report.counted("docs/triggers.md", || readme::run_triggers(&tools));
        }
    });
    if has(Part::Fuzz) {
        fuzz(&mut report, &tools);
    }
    if has(Part::Faults) {
        faults(&mut report, &tools);
    }
    if has(Part::Readme) {
        report.counted("README", || readme::run_readme(&tools));
    }
    drop(postgres);
    if report.summary().failed > 0 {
        // The summary has said it all.
        std::process::exit(1);
    }
    Ok(())
}

/// Each target for a few seconds.
fn fuzz(report: &mut Report, tools: &Tools) {
    const SECONDS: u32 = 5;
    let programs = report.prepare("Fuzzers", || crate::fuzz::Programs::build(tools));
    let programs = programs.as_ref();
    let step = |target: String| -> (String, Beside<'_>) {
        let name = format!("Fuzzing: {target}");
        let body = move |kept: &mut String| {
            programs.context("the fuzzers were not built")?.run(&target, SECONDS, kept)?;
            Ok(Tally { passed: 1, failed: 0 })
        };
        (name, Box::new(body))
    };
    report
        .side_by_side(crate::fuzz::targets(tools.root()).unwrap_or_default().into_iter().map(step).collect());
}

/// Each scenario of the faults in its short form.
fn faults(report: &mut Report, tools: &Tools) {
    let build = || run(tools.cargo().args(["build", "--locked", "--package", "cognate"]));
    let built = report.prepare("Server", build);
    for scenario in Scenario::value_variants() {
        report.check(&format!("Faults: {scenario}"), || {
            built.context("these need the server")?;
            crate::faults::run_scenario(tools, *scenario, Size::Short, crate::faults::new_seed())
        });
    }
}

/// Everything that cargo checks.
fn rust(report: &mut Report, tools: &Tools, postgres: Option<&Postgres>) {
    let cargo = |arguments: &str| run(tools.cargo().args(arguments.split(' ')));
    report.check("Format", || cargo("fmt --all --check"));
    report.check("House rules", || crate::tidy::run(tools.root()));
    report.check("Lints", || cargo("clippy --locked --workspace --all-targets -- -D warnings"));
    // Advisories need a database from the network at each run; `cargo deny check advisories` asks for them.
    report.check("Licenses, bans, sources", || cargo("deny --locked check licenses bans sources"));
    report.counted("Rust tests", || {
        let url = postgres.context("the tests need PostgreSQL")?.url("postgres");
        nextest(tools, &url)
    });
    report.counted("Traces", || traces(tools));
    report.check("Documentation tests", || cargo("test --locked --workspace --doc --quiet"));
}

/// What only a build with traces can do.
fn traces(tools: &Tools) -> Result<Tally> {
    let mut command = tools.cargo();
    command.args(["nextest", "run", "--locked", "--package", "cognate", "--features", "telemetry"]);
    command.args(["--test", "it", "traces"]);
    counted(tools, &mut command)
}

fn nextest(tools: &Tools, postgres_url: &str) -> Result<Tally> {
    let mut command = tools.cargo();
    command.args(["nextest", "run", "--locked", "--workspace"]);
    counted(tools, command.env("COGNATE_TEST_POSTGRES_URL", postgres_url))
}

/// Runs nextest and counts its tests.
fn counted(tools: &Tools, command: &mut Command) -> Result<Tally> {
    let results = tools.target().join("nextest/default/junit.xml");
    // The results of an earlier run must not be taken for this one's.
    let _ = std::fs::remove_file(&results);
    let outcome = run(command);
    let Ok(text) = std::fs::read_to_string(&results) else {
        outcome?;
        anyhow::bail!("nextest wrote no results to {}", results.display());
    };
    let mut tally = junit_tally(&text).context("nextest's results are not understood")?;
    if outcome.is_err() && tally.failed == 0 {
        tally.failed = 1;
    }
    Ok(tally)
}

/// Reads the sums from the root element of a JUnit report.
fn junit_tally(text: &str) -> Option<Tally> {
    let root = &text[text.find("<testsuites ")?..];
    let root = &root[..root.find('>')?];
    let count = |name: &str| -> Option<usize> {
        let value = root.split_once(&format!(" {name}=\""))?.1;
        value.split_once('"')?.0.parse().ok()
    };
    let failed = count("failures")? + count("errors")?;
    Some(Tally { passed: count("tests")?.checked_sub(failed)?, failed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn junit_sums_are_read() {
        let text = r#"<?xml version="1.0"?><testsuites name="nextest-run" tests="12" failures="2" errors="1" uuid="x"><testsuite tests="1">"#;
        let tally = junit_tally(text).unwrap();
        assert_eq!((tally.passed, tally.failed), (9, 3));
        assert!(junit_tally("<testsuites >").is_none());
    }
}
