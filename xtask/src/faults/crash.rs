//! Eight clients write while the server, or PostgreSQL under it, is killed at random moments.

use super::{
    Size,
    check::Extent,
    findings::{Counts, Findings},
    people::Scene,
    random::Random,
    stage::Stage,
    writer::Writer,
};
use crate::test::{postgres::Postgres, tools::Tools};
use anyhow::{Result, ensure};
use rustix::process::Signal;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

const WRITERS: usize = 8;
/// Of the kills on PostgreSQL, one in so many hits PostgreSQL itself.
const DATABASE_ONE_IN: usize = 5;

/// The clients of one run with all they know.
pub struct Crew {
    pub writers: Vec<Writer>,
    pub findings: Arc<Findings>,
}

impl Crew {
    /// Makes the pool and the clients. The server must run.
    pub fn new(port: u16, seed: u64) -> Result<Crew> {
        let (scene, findings) = (Scene::new(port)?, Arc::new(Findings::default()));
        let writers = (0..WRITERS).map(|number| Writer::new(number, &scene, seed, &findings)).collect();
        Ok(Crew { writers, findings })
    }

    /// Everybody writes while `fault` does its worst, and until it is done.
    pub fn write_during(&mut self, fault: impl FnOnce() -> Result<()>) -> Result<()> {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for writer in &mut self.writers {
                scope.spawn(|| writer.write_until(&stop));
            }
            let result = fault();
            stop.store(true, Ordering::Relaxed);
            result
        })
    }

    /// Everybody looks. The server must be ready.
    pub fn check(&mut self, extent: Extent) {
        std::thread::scope(|scope| {
            for writer in &mut self.writers {
                scope.spawn(move || writer.check(extent));
            }
        });
    }

    /// The longest that any answer took.
    pub fn slowest(&self) -> Duration {
        self.writers.iter().map(|writer| writer.api.slowest).max().unwrap_or_default()
    }

    pub fn counts(&self) -> Counts {
        self.findings.counts()
    }

    /// Fails if anything was wrong, or nothing was done.
    pub fn verdict(&self) -> Result<()> {
        let counts = self.counts();
        ensure!(counts.wrong() == 0, "{counts}");
        ensure!(counts.acknowledged > 0, "nothing was acknowledged");
        Ok(())
    }
}

/// Kills on SQLite.
pub fn on_sqlite(tools: &Tools, size: Size, seed: u64) -> Result<()> {
    let mut stage = Stage::new(tools, "kill-sqlite", None)?;
    rounds(&mut stage, size.kills(25, 200), seed, |stage, random, _| kill_server(stage, random))?;
    stage.end()
}

/// Kills on PostgreSQL, of the server and of PostgreSQL.
pub fn on_postgres(tools: &Tools, size: Size, seed: u64) -> Result<()> {
    let mut postgres = Postgres::start(tools.target(), crate::test::postgres::Durability::Kept)?;
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
    let mut crew = Crew::new(stage.port, seed)?;
    for round in 1..=count {
        crew.write_during(|| fault(stage, &mut random, round))?;
        stage.wait_until_ready()?;
        crew.check(Extent::Touched);
        if round % 10 == 0 || round == count {
            println!("round {round} of {count}: {}", crew.counts());
        }
    }
    crew.check(Extent::Everything);
    println!("all of it: {}; the slowest answer took {:?}", crew.counts(), crew.slowest());
    crew.verdict()
}
