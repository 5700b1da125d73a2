//! How soon a server answers on a store that is there, and how much memory it takes.

use crate::{
    api::PASSWORD,
    connection::Connection,
    load::Requests,
    process::{Place, Server},
    results::median,
    stage::Stage,
};
use anyhow::{Result, bail};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How many connections sign in at once.
pub const CONNECTIONS: usize = 64;

/// Starts the server so often, and answers the median from start to first answer in milliseconds, and the median of
/// its memory at rest in bytes.
pub async fn start(place: &Place, times: usize) -> Result<(f64, f64)> {
    let (mut milliseconds, mut memory) = (Vec::new(), Vec::new());
    for _ in 0..times {
        let (server, took) = Server::start(place).await?;
        milliseconds.push(took.as_secs_f64() * 1e3);
        server.wait_until_idle()?;
        memory.push(server.memory()? as f64);
        server.stop()?;
    }
    Ok((median(&milliseconds), median(&memory)))
}

/// The most memory, in bytes, while [`CONNECTIONS`] connections sign in by password, and how many sign-ins were
/// answered and how many refused.
pub async fn sign_ins(stage: &Stage, duration: Duration) -> Result<(u64, [u64; 2])> {
    let requests: Requests =
        stage.names.iter().map(|name| stage.api.password_sign_in(name, PASSWORD)).collect();
    stage.server.forget_peak()?;
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..CONNECTIONS {
        let mut connection = Connection::open(stage.server.address).await?;
        let requests = Arc::clone(&requests);
        tasks.spawn(async move {
            let mut counts = [0, 0];
            while start.elapsed() < duration {
                let answer = connection.send(&requests[number % requests.len()]).await?;
                match answer.status {
                    200 => counts[0] += 1,
                    400 | 429 => counts[1] += 1,
                    status => bail!("{status} {}", String::from_utf8_lossy(&answer.body)),
                }
                if answer.status != 200 {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
            Ok(counts)
        });
    }
    let mut sum = [0, 0];
    while let Some(done) = tasks.join_next().await {
        let counts = done??;
        sum = [sum[0] + counts[0], sum[1] + counts[1]];
    }
    Ok((stage.server.memory_peak()?, sum))
}
