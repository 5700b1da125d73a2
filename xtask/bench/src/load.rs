//! Load: clients that each wait for an answer before they ask again, over connections that stay open.

use crate::{
    connection::{Connection, Request},
    process::Server,
};
use anyhow::{Result, bail};
use hyper::body::Bytes;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{task::JoinSet, time::sleep};

/// How many clients ask at once: enough that two processors never wait for one.
pub const CLIENTS: usize = 16;

/// How many of them ask for what hashes a password: enough to keep the workers busy, and few enough to be let in.
pub const HASHING_CLIENTS: usize = 4;
/// How long a client that was refused waits before it asks again.
const PAUSE: Duration = Duration::from_millis(20);

/// Requests, made in advance.
pub type Requests = Arc<[Request]>;

/// What a piece of load cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// How many requests were answered with success.
    pub count: u64,
    /// How often a client was told to come again.
    pub refused: u64,
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
        self.refused += other.refused;
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

/// Sends the requests again and again from `clients` clients.
pub async fn repeat(
    server: &Server,
    clients: usize,
    requests: &Requests,
    duration: Duration,
) -> Result<Cost> {
    Ok(run(server, clients, requests, Until::Elapsed(duration), false).await?.0)
}

/// Sends each request once; the answers' bodies stand in the same order.
pub async fn each(server: &Server, clients: usize, requests: &Requests) -> Result<(Cost, Vec<Bytes>)> {
    let (cost, mut answers) = run(server, clients, requests, Until::Once, true).await?;
    answers.sort_unstable_by_key(|(number, _)| *number);
    Ok((cost, answers.into_iter().map(|(_, body)| body).collect()))
}

async fn run(
    server: &Server,
    clients: usize,
    requests: &Requests,
    until: Until,
    keep: bool,
) -> Result<(Cost, Vec<(usize, Bytes)>)> {
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
    let (mut counts, mut answers) = (Counts::default(), Vec::new());
    while let Some(done) = tasks.join_next().await {
        let (counted, kept) = done??;
        counts.answered += counted.answered;
        counts.refused += counted.refused;
        answers.extend(kept);
    }
    let wall_seconds = start.elapsed().as_secs_f64();
    let cost = Cost {
        count: counts.answered,
        refused: counts.refused,
        cpu_seconds: server.cpu_seconds()? - cpu,
        database_cpu_seconds: server.database_cpu_seconds()? - database_cpu,
        wall_seconds,
    };
    Ok((cost, answers))
}

#[derive(Default)]
struct Counts {
    answered: u64,
    refused: u64,
}

/// One client. Whatever is neither answered nor refused for a moment is an error.
async fn client(
    mut connection: Connection,
    requests: Requests,
    next: Arc<AtomicUsize>,
    start: Instant,
    until: Until,
    keep: bool,
) -> Result<(Counts, Vec<(usize, Bytes)>)> {
    let (mut counts, mut kept) = (Counts::default(), Vec::new());
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let is_over = match until {
            Until::Once => number >= requests.len(),
            Until::Elapsed(duration) => start.elapsed() >= duration,
        };
        if is_over {
            return Ok((counts, kept));
        }
        loop {
            let answer = connection.send(&requests[number % requests.len()]).await?;
            if answer.status == 200 {
                counts.answered += 1;
                if keep {
                    kept.push((number, answer.body));
                }
                break;
            }
            if !answer.is_too_many() {
                bail!("{} {}", answer.status, String::from_utf8_lossy(&answer.body));
            }
            counts.refused += 1;
            sleep(PAUSE).await;
        }
    }
}
