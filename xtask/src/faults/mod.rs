//! `cargo xtask faults`: what breaks in operation is broken on purpose while clients work, and then everything that
//! was acknowledged must be there, nothing half-made, nothing spent twice.

mod api;
mod check;
mod crash;
mod crew;
mod database;
mod disk;
mod findings;
mod mail;
mod nodes;
mod parallel;
mod people;
mod random;
mod settle;
mod stage;
mod writer;

use crate::test::{
    children::{self, run},
    tools::Tools,
};
use anyhow::{Result, bail};
use clap::ValueEnum;
use std::{fmt, path::Path, time::Instant};

/// What is broken.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// The server is killed at random moments, on SQLite.
    KillSqlite,
    /// The server and PostgreSQL are killed at random moments.
    KillPostgres,
    /// The disk is full for a while.
    Disk,
    /// PostgreSQL restarts, is away, and is silent.
    Database,
    /// The mail server takes connections and says nothing.
    Mail,
    /// Two servers on one PostgreSQL serve every sign-in alternately.
    Nodes,
    /// What may be used once is used by many at once.
    Parallel,
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_possible_value().map_or(Ok(()), |value| f.write_str(value.get_name()))
    }
}

/// How much is done.
#[derive(Clone, Copy)]
pub enum Size {
    /// As part of `cargo xtask test`.
    Short,
    /// The whole, with another number of kills if one is given.
    Full { kills: Option<usize> },
}

impl Size {
    fn kills(self, short: usize, full: usize) -> usize {
        match self {
            Size::Full { kills: Some(kills) } => kills,
            _ => self.times(short, full),
        }
    }

    fn times(self, short: usize, full: usize) -> usize {
        match self {
            Size::Short => short,
            Size::Full { .. } => full,
        }
    }
}

/// A seed by chance.
pub fn new_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(1, |now| now.as_nanos() as u64 % 1_000_000_000)
}

/// Runs all scenarios, or one.
pub fn run_faults(root: &Path, only: Option<Scenario>, size: Size, seed: Option<u64>) -> Result<()> {
    children::end_with_this_program()?;
    let tools = Tools::at(root);
    run(tools.cargo().args(["build", "--locked", "--package", "cognate"]))?;
    let seed = seed.unwrap_or_else(new_seed);
    let mut failed = Vec::new();
    for scenario in Scenario::value_variants() {
        if only.is_some_and(|one| one != *scenario) {
            continue;
        }
        println!("\n=== {scenario}");
        let start = Instant::now();
        let result = run_scenario(&tools, *scenario, size, seed);
        if let Err(error) = &result {
            println!("{error:#}");
            failed.push(scenario.to_string());
        }
        let verdict = if result.is_ok() { "ok" } else { "FAILED" };
        println!("--- {scenario}: {verdict} ({:.1} s)", start.elapsed().as_secs_f64());
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

/// Runs one scenario with a server that has been built.
pub fn run_scenario(tools: &Tools, scenario: Scenario, size: Size, seed: u64) -> Result<()> {
    println!("cargo xtask faults --only {scenario} --seed {seed}");
    match scenario {
        Scenario::KillSqlite => crash::on_sqlite(tools, size, seed),
        Scenario::KillPostgres => crash::on_postgres(tools, size, seed),
        Scenario::Disk => disk::on_sqlite(tools, size, seed),
        Scenario::Database => database::away(tools, size, seed),
        Scenario::Mail => mail::silent(tools, size),
        Scenario::Nodes => nodes::two(tools, size, seed),
        Scenario::Parallel => parallel::at_once(tools, size),
    }
}
