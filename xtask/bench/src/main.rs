//! `cargo xtask bench`: what the release server costs, measured from outside, beside the limits of its arithmetic.
#![allow(clippy::print_stdout, reason = "the figures are for the person who runs this")]

mod api;
mod connection;
mod limits;
mod load;
mod process;
mod results;
mod scenarios;
mod srp;
mod stage;

use anyhow::{Context, Result};
use api::Api;
use clap::Parser;
use limits::Arithmetic;
use process::{Place, Server};
use scenarios::{Plan, Scenario};
use stage::Stage;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

#[derive(Parser)]
struct Args {
    /// Short rounds: figures within a minute or two, less exact.
    #[arg(long)]
    quick: bool,
    /// What to measure; everything if none is named.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Scenario>,
    /// Where the store lies; both engines if none is named.
    #[arg(long, value_delimiter = ',')]
    engine: Vec<Engine>,
    /// A PostgreSQL on which databases may be made.
    #[arg(long)]
    postgres_url: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Engine {
    Sqlite,
    Postgres,
}

/// The folder of the workspace.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("the crate lies two folders below the workspace").to_owned()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args = Args::parse();
    let plan = match args.quick {
        true => Plan { rounds: 3, round: Duration::from_millis(1500), limit: Duration::from_millis(100) },
        false => Plan { rounds: 7, round: Duration::from_secs(3), limit: Duration::from_millis(200) },
    };
    let names = if args.quick { 100 } else { 500 };
    let mut arithmetic = Arithmetic::new()?;
    let mut stage = start(names).await?;
    for scenario in scenarios_of(&args.only) {
        let figure = scenarios::measure(scenario, &mut stage, &mut arithmetic, plan).await;
        println!("{}", figure.with_context(|| format!("{scenario:?}"))?.line());
    }
    stage.server.stop()
}

fn scenarios_of(only: &[Scenario]) -> Vec<Scenario> {
    let all = <Scenario as clap::ValueEnum>::value_variants();
    all.iter().copied().filter(|scenario| only.is_empty() || only.contains(scenario)).collect()
}

async fn start(users: usize) -> Result<Stage> {
    let data_dir = root().join("target/bench/data");
    process::make_empty(&data_dir)?;
    let program = root().join("target/release/cognate");
    let (server, took) = Server::start(&Place { program, data_dir, database_url: None })?;
    println!("started in {:.1} ms", took.as_secs_f64() * 1e3);
    let mut api = Api::with_new_pool(server.address).await?;
    let names: Vec<String> = (0..users).map(|number| format!("user-{number}")).collect();
    for name in &names {
        api.make_user(name).await?;
    }
    Ok(Stage::new(server, api, names))
}
