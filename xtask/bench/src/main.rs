//! `cargo xtask bench`: what the release server costs, measured from outside, beside the limits of its arithmetic.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the figures are for the person who runs this")]

mod api;
mod connection;
mod enumeration;
mod footprint;
mod growth;
mod limits;
mod load;
mod overload;
mod owners;
mod page;
mod plot;
mod population;
mod process;
mod program;
mod results;
mod scenarios;
mod srp;
mod stage;

use anyhow::Result;
use clap::Parser;
use std::path::{Path, PathBuf};

/// The folder of the workspace.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("the crate lies two folders below the workspace").to_owned()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args = program::Args::parse();
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    // What is running is dropped, and the server ends with it.
    let outcome = tokio::select! {
        outcome = program::run(&args) => return outcome,
        _ = terminate.recv() => "ended from outside",
        _ = tokio::signal::ctrl_c() => "interrupted",
    };
    // A store that is being written is not waited for.
    eprintln!("{outcome}");
    std::process::exit(1)
}
