//! The project's own tools: `cargo xtask <command>`.
#![allow(clippy::print_stdout, reason = "the tools speak to the person who runs them")]

mod bench;
mod codegen;
mod faults;
mod fuzz;
mod http;
mod models;
mod secrets;
mod test;
mod tidy;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};

#[derive(Parser)]
enum Args {
    #[command(flatten)]
    Command(Command),
}

#[derive(Subcommand)]
enum Command {
    /// Take the service models from the pinned botocore into models/.
    Models,
    /// Generate crates/spec/src/generated from models/.
    Codegen {
        /// Change nothing; fail if a file is stale.
        #[arg(long)]
        check: bool,
    },
    /// Install what the tests need and run every test there is.
    Test {
        /// Run one part only.
        #[arg(long)]
        only: Option<test::Part>,
    },
    /// Kill the server, fill its disk, take its database and mail server away, and look for what is lost.
    Faults {
        /// Run one scenario only.
        #[arg(long)]
        only: Option<faults::Scenario>,
        /// How often to kill, instead of 200 times on SQLite and 50 on PostgreSQL.
        #[arg(long)]
        kills: Option<usize>,
        /// Do as little as `cargo xtask test` does.
        #[arg(long, conflicts_with = "kills")]
        short: bool,
        /// The seed that an earlier run printed.
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Throw invented inputs at everything that reads bytes from strangers.
    Fuzz {
        /// One target of fuzz/; otherwise each in turn.
        target: Option<String>,
        /// How long each runs.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Measure the release server beside the limits of its arithmetic; `--help` says how to measure less.
    #[command(disable_help_flag = true)]
    Bench {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Check the house rules that rustfmt and clippy do not know.
    Tidy,
}

/// The folder of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_owned()
}

fn main() -> Result<()> {
    let Args::Command(command) = Args::parse();
    match command {
        Command::Models => models::run(&root(), &root().join("target/models")),
        Command::Codegen { check } => codegen::run(&root(), check),
        Command::Test { only } => test::run_tests(&root(), only),
        Command::Faults { only, kills, short, seed } => {
            let size = if short { faults::Size::Short } else { faults::Size::Full { kills } };
            faults::run_faults(&root(), only, size, seed)
        }
        Command::Fuzz { target, seconds } => fuzz::run_fuzz(&root(), target.as_deref(), seconds),
        Command::Bench { arguments } => bench::run_bench(&root(), &arguments),
        Command::Tidy => tidy::run(&root()),
    }
}
