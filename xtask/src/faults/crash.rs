//! Eight clients write while the server, or PostgreSQL under it, is killed at random moments.

use super::{Size, check::Extent, crew::Crew, random::Random, stage::Stage};
use crate::test::{
    postgres::{Durability, Postgres},
    tools::Tools,
};
use anyhow::Result;
use rustix::process::Signal;
use std::time::Duration;

/// Of the kills on PostgreSQL, one in so many hits PostgreSQL itself.
const DATABASE_ONE_IN: usize = 5;

/// Kills on SQLite.
pub fn on_sqlite(tools: &Tools, size: Size, seed: u64) -> Result<()> {
    let mut stage = Stage::new(tools, "kill-sqlite", None)?;
    rounds(&mut stage, size.kills(25, 200), seed, |stage, random, _| kill_server(stage, random))?;
    stage.end()
}

/// Kills on PostgreSQL, of the server and of PostgreSQL.
pub fn on_postgres(tools: &Tools, size: Size, seed: u64) -> Result<()> {
    let mut postgres = Postgres::start(tools.target(), Durability::Kept)?;
    let url = postgres.create_database("faults")?;
    let mut stage = Stage::new(tools, "kill-postgres", Some(&url))?;
    rounds(&mut stage, size.kills(10, 50), seed, |stage, random, round| {
        if round % DATABASE_ONE_IN != 0 {
            return kill_server(stage, random);
        }
        std::thread::sleep(moment(random));
        postgres.stop(Signal::QUIT)?;
        postgres.launch()
    })?;
    stage.end()
}

/// A while from 50 to 500 ms.
fn moment(random: &mut Random) -> Duration {
    Duration::from_millis(50 + random.below(450))
}

fn kill_server(stage: &mut Stage, random: &mut Random) -> Result<()> {
    std::thread::sleep(moment(random));
    stage.kill()?;
    // The recovery is as good a moment as any.
    if random.once_in(5) {
        stage.start_and_kill(Duration::from_millis(random.below(150)))?;
    }
    stage.start()
}

fn rounds(
    stage: &mut Stage,
    count: usize,
    seed: u64,
    mut fault: impl FnMut(&mut Stage, &mut Random, usize) -> Result<()>,
) -> Result<()> {
    let mut random = Random::new(seed);
    stage.start()?;
    let mut crew = Crew::new(&[stage.port], seed)?;
    for round in 1..=count {
        crew.write_during(|| fault(stage, &mut random, round))?;
        stage.wait_until_ready()?;
        crew.check(Extent::Touched);
        if round % 10 == 0 || round == count {
            println!("round {round} of {count}: {}", crew.counts());
        }
    }
    crew.finish()
}
