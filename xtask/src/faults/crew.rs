//! The clients that work while something breaks.

use super::{
    check::Extent,
    findings::{Counts, Findings},
    people::Scene,
    writer::Writer,
};
use anyhow::{Result, bail, ensure};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

const WRITERS: usize = 8;

/// The clients of one run with all they know.
pub struct Crew {
    pub writers: Vec<Writer>,
    pub findings: Arc<Findings>,
}

impl Crew {
    /// Makes the pool, and clients that are spread over servers on these ports, which must run.
    pub fn new(ports: &[u16], seed: u64) -> Result<Crew> {
        let findings = Arc::new(Findings::default());
        let Some(first) = ports.first() else { bail!("there is no server") };
        let scene = Scene::new(*first)?;
        let writers = ports.iter().cycle().take(WRITERS).enumerate();
        let writers = writers.map(|(number, port)| Writer::new(number, *port, &scene, seed, &findings));
        Ok(Crew { writers: writers.collect(), findings })
    }

    /// Everybody writes while `fault` does its worst, and until it is done.
    pub fn write_during<T>(&mut self, fault: impl FnOnce() -> Result<T>) -> Result<T> {
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

    pub fn counts(&self) -> Counts {
        self.findings.counts()
    }

    /// The last look. Fails if anything was wrong, or nothing was done.
    pub fn finish(&mut self) -> Result<()> {
        self.check(Extent::Everything);
        let counts = self.counts();
        let slowest = self.writers.iter().map(|writer| writer.api.slowest).max().unwrap_or_default();
        println!("all of it: {counts}; the slowest answer took {slowest:.1?}");
        ensure!(counts.wrong() == 0, "{counts}");
        ensure!(counts.acknowledged > 0, "nothing was acknowledged");
        Ok(())
    }
}

/// Asks again and again until the answer is yes; answers how long that took.
pub fn wait_for(patience: Duration, mut is_so: impl FnMut() -> Result<bool>) -> Result<Duration> {
    let start = Instant::now();
    loop {
        if is_so()? {
            return Ok(start.elapsed());
        }
        ensure!(start.elapsed() < patience, "not within {patience:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
