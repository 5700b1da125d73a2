//! PostgreSQL restarts while eight clients work, is away for a while, and stops answering without going away.

use super::{
    Size,
    api::{Api, Outcome},
    check::Extent,
    crew::{Crew, wait_for},
    stage::Stage,
    writer,
};
use crate::test::{
    postgres::{Durability, Postgres},
    tools::Tools,
};
use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use serde_json::json;
use std::time::{Duration, Instant};

/// How soon the server works again once PostgreSQL does.
const RECOVERY: Duration = Duration::from_secs(10);
/// The longest that a call may wait for a database that is not there.
const REFUSED_WITHIN: Duration = Duration::from_secs(6);
/// The longest that a call may wait for one that is there and says nothing: a statement's time-out, one more for the
/// second try, and the time-out of a connection.
const GIVEN_UP_WITHIN: Duration = Duration::from_secs(25);

pub fn away(tools: &Tools, size: Size, seed: u64) -> Result<()> {
    let mut postgres = Postgres::start(tools.target(), Durability::Kept)?;
    let url = postgres.create_database("faults")?;
    let mut stage = Stage::new(tools, "database", Some(&url))?;
    stage.start()?;
    let mut crew = Crew::new(&[stage.port], seed)?;
    for _ in 0..size.times(2, 10) {
        crew.write_during(|| {
            std::thread::sleep(Duration::from_millis(300));
            postgres.stop(Signal::INT)?;
            postgres.launch()
        })?;
        recover(&stage, &mut crew, "restarted")?;
    }
    let seconds = size.times(10, 60);
    crew.write_during(|| {
        postgres.stop(Signal::INT)?;
        let end = Instant::now() + Duration::from_secs(seconds as u64);
        while Instant::now() < end {
            check_away(&stage, REFUSED_WITHIN)?;
        }
        postgres.launch()
    })?;
    recover(&stage, &mut crew, &format!("away for {seconds} s"))?;
    if let Size::Full { .. } = size {
        crew.write_during(|| {
            postgres.freeze(true)?;
            let checked = check_away(&stage, GIVEN_UP_WITHIN);
            postgres.freeze(false)?;
            checked
        })?;
        recover(&stage, &mut crew, "silent")?;
    }
    crew.finish()?;
    stage.end()
}

/// While PostgreSQL is away, every call is answered in time with a clear failure; the process lives and is not ready.
fn check_away(stage: &Stage, within: Duration) -> Result<()> {
    let scene = super::people::Scene { pool: "us-east-1_Unknown00".to_owned(), client: "unknown".to_owned() };
    let user = json!({"UserPoolId": scene.pool, "Username": "nobody"});
    let calls = [
        ("AdminGetUser", user.clone()),
        ("InitiateAuth", writer::sign_in(&scene, "nobody", "Wrong-Horse-1")),
        ("GetTokensFromRefreshToken", writer::refresh(&scene, "a.b.c.d.e")),
        ("AdminUserGlobalSignOut", user),
        ("CreateUserPool", json!({"PoolName": "away"})),
    ];
    std::thread::scope(|scope| -> Result<()> {
        let asked = calls.iter().map(|(operation, input)| {
            scope.spawn(move || {
                let start = Instant::now();
                (*operation, Api::new(stage.port).call(operation, input), start.elapsed())
            })
        });
        let asked: Vec<_> = asked.collect();
        ensure!(stage.health("live")? == 200, "a server without a database must live");
        let start = Instant::now();
        ensure!(stage.health("ready")? == 503, "a server without a database must not be ready");
        ensure!(start.elapsed() < within, "the answer that it is not ready took {:?}", start.elapsed());
        for call in asked {
            let (operation, outcome, took) = call.join().expect("the thread does not panic");
            let is_clear =
                matches!(&outcome, Outcome::Doubt(text) if text.contains("InternalErrorException"));
            ensure!(is_clear, "{operation} without a database: {outcome:?}");
            ensure!(took < within, "{operation} without a database took {took:?}");
        }
        Ok(())
    })
}

fn recover(stage: &Stage, crew: &mut Crew, what: &str) -> Result<()> {
    let took =
        wait_for(RECOVERY, || Ok(stage.health("ready")? == 200)).context("the server does not recover")?;
    crew.check(Extent::Touched);
    println!("PostgreSQL was {what}; the server was ready {took:.1?} after it; {}", crew.counts());
    Ok(())
}
