//! Load: clients that each wait for an answer before they ask again, over connections that stay open.

use crate::{connection::Connection, process::Server};
use anyhow::{Result, bail};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// How many clients ask at once: enough that two processors never wait for one.
pub const CLIENTS: usize = 16;

/// Requests, made in advance.
pub type Requests = Arc<[Vec<u8>]>;

/// What a piece of load cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// How many requests were answered with success.
    pub count: u64,
    /// The processor time of the server.
    pub cpu_seconds: f64,
    /// The processor time of PostgreSQL.
    pub database_cpu_seconds: f64,
    pub wall_seconds: f64,
}

impl Cost {
    /// How many requests a second of the server's processor time answered.
    pub fn per_cpu_second(&self) -> f64 {
        self.count as f64 / self.cpu_seconds
    }

    pub fn per_wall_second(&self) -> f64 {
        self.count as f64 / self.wall_seconds
    }
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, other: Cost) {
        self.count += other.count;
        self.cpu_seconds += other.cpu_seconds;
        self.database_cpu_seconds += other.database_cpu_seconds;
        self.wall_seconds += other.wall_seconds;
    }
}

/// When a piece of load is over.
#[derive(Clone, Copy)]
pub enum Until {
    /// Each request was sent once.
    Once,
    /// The requests were sent again and again for this long.
    Elapsed(Duration),
}

/// Sends the requests again and again from `clients` clients. Fails if one is refused.
pub async fn repeat(
    server: &Server,
    clients: usize,
    requests: &Requests,
    duration: Duration,
) -> Result<Cost> {
    Ok(run(server, clients, requests, Until::Elapsed(duration), false).await?.0)
}

/// Sends each request once; the answers' bodies stand in the same order.
pub async fn each(server: &Server, requests: &Requests) -> Result<(Cost, Vec<Vec<u8>>)> {
    let (cost, mut answers) = run(server, CLIENTS, requests, Until::Once, true).await?;
    answers.sort_unstable_by_key(|(number, _)| *number);
    Ok((cost, answers.into_iter().map(|(_, body)| body).collect()))
}

async fn run(
    server: &Server,
    clients: usize,
    requests: &Requests,
    until: Until,
    keep: bool,
) -> Result<(Cost, Vec<(usize, Vec<u8>)>)> {
    let mut connections = Vec::new();
    for _ in 0..clients {
        connections.push(Connection::open(server.address).await?);
    }
    let next = Arc::new(AtomicUsize::new(0));
    let (cpu, database_cpu) = (server.cpu_seconds()?, server.database_cpu_seconds()?);
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for connection in connections {
        tasks.spawn(client(connection, requests.clone(), next.clone(), start, until, keep));
    }
    let (mut count, mut answers) = (0, Vec::new());
    while let Some(done) = tasks.join_next().await {
        let (answered, kept) = done??;
        count += answered;
        answers.extend(kept);
    }
    let wall_seconds = start.elapsed().as_secs_f64();
    let cost = Cost {
        count,
        cpu_seconds: server.cpu_seconds()? - cpu,
        database_cpu_seconds: server.database_cpu_seconds()? - database_cpu,
        wall_seconds,
    };
    Ok((cost, answers))
}

async fn client(
    mut connection: Connection,
    requests: Requests,
    next: Arc<AtomicUsize>,
    start: Instant,
    until: Until,
    keep: bool,
) -> Result<(u64, Vec<(usize, Vec<u8>)>)> {
    let (mut count, mut kept) = (0, Vec::new());
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let is_over = match until {
            Until::Once => number >= requests.len(),
            Until::Elapsed(duration) => start.elapsed() >= duration,
        };
        if is_over {
            return Ok((count, kept));
        }
        let answer = connection.send(&requests[number % requests.len()]).await?;
        if answer.status != 200 {
            bail!("refused: {} {}", answer.status, String::from_utf8_lossy(answer.body));
        }
        count += 1;
        if keep {
            kept.push((number, answer.body.to_vec()));
        }
    }
}
