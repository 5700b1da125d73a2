//! Three times the load that the machine can carry: what is still answered, how quickly the rest is refused, and
//! whether the server stays small and healthy.

use crate::{
    api::{HEALTH_LIVE, PASSWORD, get},
    connection::Connection,
    load::{self, CLIENTS, HASHING_CLIENTS, Requests},
    results::{Overload, percentile},
    stage::Stage,
};
use anyhow::{Context, Result, bail};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::time::{interval, sleep, sleep_until};

/// How much more is asked for than can be done.
const FACTOR: f64 = 3.0;
/// More connections than this are not opened; a request that finds none free waits for one.
const CONNECTIONS_MAX: usize = 1000;
const HEALTH_PERIOD: Duration = Duration::from_millis(50);

/// What became of the requests: seconds from the moment at which each was due.
#[derive(Default)]
struct Tally {
    answered: Vec<f64>,
    refused: Vec<f64>,
    others: Vec<String>,
}

/// Measures how many password sign-ins the machine carries, then asks for three times as many for `duration`.
pub async fn measure(stage: &Stage, duration: Duration) -> Result<Overload> {
    let requests: Requests =
        stage.names.iter().map(|name| stage.api.password_sign_in(name, PASSWORD)).collect();
    load::repeat(&stage.server, HASHING_CLIENTS, &requests, duration / 10).await?;
    let before = load::repeat(&stage.server, HASHING_CLIENTS, &requests, duration / 4).await?;
    stage.server.forget_peak()?;
    let health = tokio::spawn(watch_health(stage.server.address, duration));
    let rate = before.per_wall_second() * FACTOR;
    let tally = open_loop(stage.server.address, &requests, rate, duration).await?;
    let health = health.await??;
    let memory_peak = stage.server.memory_peak()?;
    let after = load::repeat(&stage.server, HASHING_CLIENTS, &requests, duration / 4).await?;
    if let Some(other) = tally.others.first() {
        bail!("neither answered nor refused, {} times: {other}", tally.others.len());
    }
    let capacity = (before.per_wall_second() + after.per_wall_second()) / 2.0;
    let goodput = tally.answered.len() as f64 / duration.as_secs_f64();
    let milliseconds = |times: &[f64], share| percentile(times, share) * 1e3;
    Ok(Overload {
        capacity,
        offered: rate,
        goodput,
        share: goodput / capacity,
        answered_p50_ms: milliseconds(&tally.answered, 0.5),
        refused: tally.refused.len(),
        refused_p50_ms: milliseconds(&tally.refused, 0.5),
        refused_p99_ms: milliseconds(&tally.refused, 0.99),
        memory_peak,
        health_answers: health.len(),
        health_p99_ms: milliseconds(&health, 0.99),
    })
}

/// Sends a request whenever one is due, whether or not earlier ones were answered.
async fn open_loop(address: SocketAddr, requests: &Requests, rate: f64, duration: Duration) -> Result<Tally> {
    let (tally, free) = (Arc::new(Mutex::new(Tally::default())), Arc::new(Mutex::new(Vec::new())));
    for _ in 0..CLIENTS {
        let connection = Connection::open(address).await?;
        free.lock().expect("no task panics with it").push(connection);
    }
    let mut open = CLIENTS;
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..(rate * duration.as_secs_f64()) as usize {
        let due = start + Duration::from_secs_f64(number as f64 / rate);
        sleep_until(due.into()).await;
        let connection = loop {
            let idle = free.lock().expect("no task panics with it").pop();
            match idle {
                Some(connection) => break connection,
                None if open < CONNECTIONS_MAX => {
                    open += 1;
                    break Connection::open(address).await?;
                }
                None => sleep(Duration::from_millis(1)).await,
            }
        };
        let (requests, tally, free) = (requests.clone(), tally.clone(), free.clone());
        tasks.spawn(async move {
            let mut connection = connection;
            let outcome = connection
                .send(&requests[number % requests.len()])
                .await
                .map(|answer| (answer.status, answer.is_too_many()));
            let took = due.elapsed().as_secs_f64();
            let mut tally = tally.lock().expect("no task panics with it");
            match outcome {
                Ok((200, _)) if start.elapsed() <= duration => tally.answered.push(took),
                Ok((200, _)) => {}
                Ok((_, true)) => tally.refused.push(took),
                Ok((status, _)) => tally.others.push(status.to_string()),
                Err(error) => tally.others.push(format!("{error:#}")),
            }
            free.lock().expect("no task panics with it").push(connection);
        });
    }
    while let Some(done) = tasks.join_next().await {
        done?;
    }
    let tally = Arc::into_inner(tally).context("a task still runs")?;
    Ok(tally.into_inner().expect("no task panics with it"))
}

/// Asks the server again and again whether it lives; answers the seconds that each answer took.
async fn watch_health(address: SocketAddr, duration: Duration) -> Result<Vec<f64>> {
    let (mut connection, health) = (Connection::open(address).await?, get(HEALTH_LIVE));
    let (start, mut times, mut ticks) = (Instant::now(), Vec::new(), interval(HEALTH_PERIOD));
    while start.elapsed() < duration {
        ticks.tick().await;
        let asked = Instant::now();
        let answer = connection.send(&health).await?;
        if answer.status != 200 {
            bail!("the server says that it is not alive: {}", answer.status);
        }
        times.push(asked.elapsed().as_secs_f64());
    }
    Ok(times)
}
