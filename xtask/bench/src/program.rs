//! What is measured in which order, as the command line asks for it.

use crate::{
    enumeration, footprint, growth,
    limits::Arithmetic,
    overload, page,
    population::{self, Population},
    process::Place,
    results::{Figure, Footprint, Growth, Machine, Results, Run},
    root,
    scenarios::{self, Plan, Scenario},
    stage::Stage,
};
use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

#[derive(Parser)]
pub struct Args {
    /// Few turns: figures within a minute or two, less exact.
    #[arg(long)]
    quick: bool,
    /// What to measure, everything if nothing is named: calls (refresh, refresh-operation, srp, passkey, device, password, sign-up,
    /// admin-create-user, get-user, list-by-email, list-by-page), growth (from the first number of users to the last),
    /// footprint, enumeration, overload.
    #[arg(long, value_delimiter = ',', value_parser = What::parse)]
    only: Vec<What>,
    /// Where the store lies; both engines if none is named.
    #[arg(long, value_delimiter = ',')]
    engine: Vec<Engine>,
    /// How many users there are; 1,000, 100,000 and 1,000,000 if nothing is said, with --quick only 1,000.
    #[arg(long, value_delimiter = ',')]
    users: Vec<usize>,
    /// A PostgreSQL on which databases may be made.
    #[arg(long)]
    postgres_url: Option<String>,
    /// Measure refreshes and SRP beside the server that is this program, an earlier build, and nothing else.
    #[arg(long)]
    beside: Option<PathBuf>,
    /// Write the figures into docs/performance.md and its plot.
    #[arg(long)]
    publish: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Engine {
    Sqlite,
    Postgres,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Calls(Scenario),
    Growth,
    Footprint,
    Enumeration,
    Overload,
}

impl What {
    fn parse(text: &str) -> Result<What, String> {
        match text {
            "growth" => Ok(What::Growth),
            "footprint" => Ok(What::Footprint),
            "enumeration" => Ok(What::Enumeration),
            "overload" => Ok(What::Overload),
            _ => Scenario::from_str(text, true).map(What::Calls),
        }
    }
}

impl Args {
    fn asks(&self, what: What) -> bool {
        self.only.is_empty() || self.only.contains(&what)
    }

    fn asks_only(&self, what: What) -> bool {
        self.only == [what]
    }
}

/// How thoroughly to measure.
struct Effort {
    plan: Plan,
    users: Vec<usize>,
    /// How many users the API makes, which can sign in by SRP.
    made: usize,
    starts: usize,
    signing_in: Duration,
    samples: usize,
    overload: Duration,
}

impl Effort {
    fn of(args: &Args) -> Effort {
        let millis = Duration::from_millis;
        let mut effort = match args.quick {
            true => Effort {
                plan: Plan { turns: 8, turn: millis(500), limit: millis(50) },
                users: vec![1000],
                made: 100,
                starts: 5,
                signing_in: millis(3000),
                samples: 400,
                overload: millis(6000),
            },
            false => Effort {
                plan: Plan { turns: 32, turn: millis(500), limit: millis(75) },
                users: vec![1000, 100_000, 1_000_000],
                made: 500,
                starts: 15,
                signing_in: millis(10_000),
                samples: 4000,
                overload: millis(20_000),
            },
        };
        if !args.users.is_empty() {
            effort.users.clone_from(&args.users);
        }
        effort
    }
}

/// Measures what is asked for, and prints each figure when it is there.
pub async fn run(args: &Args) -> Result<()> {
    let effort = Effort::of(args);
    let mut results = Results { machine: Machine::here(), runs: Vec::new() };
    let mut arithmetic = Arithmetic::new()?;
    for engine in [Engine::Sqlite, Engine::Postgres] {
        if !args.engine.is_empty() && !args.engine.contains(&engine) {
            continue;
        }
        if let Some(earlier) = &args.beside {
            compare(args, &effort, engine, earlier).await?;
            continue;
        }
        for (number, users) in effort.users.iter().enumerate() {
            println!("\n{engine:?}, {users} users");
            let run = match args.asks_only(What::Growth) {
                true => Run { users: *users, ..Run::default() },
                false => {
                    let (place, population) = prepare(args, &effort, engine, *users, "data").await?;
                    let run =
                        measure(args, &effort, &mut arithmetic, &place, population, number == 0).await?;
                    discard(args, &place).await?;
                    run
                }
            };
            results.runs.push(Run { engine: format!("{engine:?}"), ..run });
        }
        if let ([few, .., many], true, Some(run)) =
            (&effort.users[..], args.asks(What::Growth), results.runs.last_mut())
        {
            run.growths = grow(args, &effort, engine, [*few, *many]).await?;
        }
    }
    if args.beside.is_some() {
        return Ok(());
    }
    let file = root().join("target/bench/results.json");
    fs::write(&file, serde_json::to_string_pretty(&results)?)?;
    println!("\nthe figures are in {}", file.display());
    if args.publish { page::publish(results) } else { Ok(()) }
}

/// This build beside an earlier one.
async fn compare(args: &Args, effort: &Effort, engine: Engine, earlier: &Path) -> Result<()> {
    let users = effort.users[0];
    println!("\n{engine:?}, {users} users: this build beside {}", earlier.display());
    let (before, population) = prepare_with(earlier, args, effort, engine, users, "before").await?;
    let stage = Stage::open(&before, population).await?;
    let (after, population) = prepare(args, effort, engine, users, "after").await?;
    let mut stages = [stage, Stage::open(&after, population).await?];
    for scenario in growth::HOT {
        let growth = growth::measure(scenario, &mut stages, effort.plan, growth::HOT_REACH).await;
        println!("{}", growth.with_context(|| scenario.title())?.line(["before", "now"]));
    }
    for stage in stages {
        stage.server.stop()?;
    }
    discard(args, &before).await?;
    discard(args, &after).await
}

/// Few users beside many.
async fn grow(args: &Args, effort: &Effort, engine: Engine, users: [usize; 2]) -> Result<Vec<Growth>> {
    println!("\n{engine:?}, {} users beside {}", users[1], users[0]);
    let (few, population) = prepare(args, effort, engine, users[0], "few").await?;
    let stage = Stage::open(&few, population).await?;
    let (many, population) = prepare(args, effort, engine, users[1], "many").await?;
    let mut stages = [stage, Stage::open(&many, population).await?];
    let mut growths = Vec::new();
    for scenario in growth::SCENARIOS {
        let growth = growth::measure(scenario, &mut stages, effort.plan, growth::REACH).await;
        let growth = growth.with_context(|| scenario.title())?;
        println!("{}", growth.line(["with few users", "with many"]));
        growths.push(growth);
    }
    for stage in stages {
        stage.server.stop()?;
    }
    discard(args, &few).await?;
    discard(args, &many).await?;
    Ok(growths)
}

async fn discard(args: &Args, place: &Place) -> Result<()> {
    match &args.postgres_url {
        Some(server) => population::discard(server, place).await,
        None => Ok(()),
    }
}

async fn prepare(
    args: &Args,
    effort: &Effort,
    engine: Engine,
    users: usize,
    name: &str,
) -> Result<(Place, Population)> {
    prepare_with(&root().join("target/release/cognate"), args, effort, engine, users, name).await
}

async fn prepare_with(
    program: &Path,
    args: &Args,
    effort: &Effort,
    engine: Engine,
    users: usize,
    name: &str,
) -> Result<(Place, Population)> {
    let bench = root().join("target/bench");
    // Each build has kept stores of its own, because an earlier one does not read those of a later.
    let stores = if name == "before" { "stores-before" } else { "stores" };
    let made = effort.made.min(users);
    let run_dir = bench.join(name);
    match engine {
        Engine::Sqlite => population::sqlite(program, &bench.join(stores), &run_dir, users, made).await,
        Engine::Postgres => {
            let server = args.postgres_url.as_deref().context("--postgres-url is not given")?;
            population::postgres(program, server, &run_dir, name, users, made).await
        }
    }
}

/// Everything on one store. Enumeration and overload do not depend on how many users there are, so that they are
/// measured on the `first` store only.
async fn measure(
    args: &Args,
    effort: &Effort,
    arithmetic: &mut Arithmetic,
    place: &Place,
    population: Population,
    first: bool,
) -> Result<Run> {
    let users = population.users;
    let started = match args.asks(What::Footprint) {
        true => Some(footprint::start(place, effort.starts).await?),
        false => None,
    };
    let mut stage = Stage::open(place, population).await?;
    let mut run = Run { users, ..Run::default() };
    for scenario in Scenario::value_variants() {
        if args.asks(What::Calls(*scenario)) {
            let figure = scenarios::measure(*scenario, &mut stage, arithmetic, effort.plan).await;
            let figure: Figure = figure.with_context(|| scenario.title())?;
            println!("{}", figure.line());
            run.figures.push(figure);
        }
    }
    if let Some((start_milliseconds, memory_idle)) = started {
        let memory_used = stage.server.memory()?;
        let (memory_signing_in, sign_ins) = footprint::sign_ins(&stage, effort.signing_in).await?;
        let footprint =
            Footprint { start_milliseconds, memory_idle, memory_used, memory_signing_in, sign_ins };
        println!("{}", footprint.line());
        run.footprint = Some(footprint);
    }
    if first && args.asks(What::Overload) {
        let overload = overload::measure(&stage, effort.overload).await?;
        println!("{}", overload.line());
        run.overload = Some(overload);
    }
    // The last, because it moves the clock.
    if first && args.asks(What::Enumeration) {
        run.comparisons = enumeration::compare(&mut stage, effort.samples).await?;
        run.comparisons.iter().for_each(|comparison| println!("{}", comparison.line()));
    }
    stage.server.stop()?;
    Ok(run)
}
