//! `cargo xtask bench`: builds the server and the program that measures it, as they are released, and runs the latter.

use crate::test::{
    children::{end_with_this_program, run},
    postgres::{Durability, Postgres},
};
use anyhow::Result;
use std::{path::Path, process::Command};

/// Hands the arguments on; unless they ask for SQLite only, with a PostgreSQL to measure on.
pub fn run_bench(root: &Path, arguments: &[String]) -> Result<()> {
    end_with_this_program()?;
    // One after the other: together, the features that the one asks for would be compiled into the other.
    for package in ["cognate", "cognate-bench"] {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        run(cargo.current_dir(root).args(["build", "--locked", "--release", "--package", package]))?;
    }
    let target = root.join("target");
    let mut bench = Command::new(target.join("release/cognate-bench"));
    bench.args(arguments);
    let is_asked = |word: &str| arguments.iter().any(|argument| argument.contains(word));
    let postgres = match is_asked("sqlite") && !is_asked("postgres") || is_asked("help") {
        true => None,
        false => Some(Postgres::start(&target, Durability::Kept)?),
    };
    if let Some(postgres) = &postgres {
        bench.args(["--postgres-url", &postgres.url("postgres")]);
    }
    run(&mut bench)
}
