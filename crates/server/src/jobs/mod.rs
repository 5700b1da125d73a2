//! Work in the background, at bounded rates: spare key pairs, the removal of what has ended, and the delivery
//! of messages, which `messages` owns.

use crate::{
    app::App,
    audit,
    keys::rotation,
    messages::{self, Transports},
    secrets::master_keys,
};
use rules::{DAY, Millis, Result};
use std::time::Duration;
use tokio::task::JoinSet;

/// Pause between two looks at the spare key pairs.
const SPARE_KEYS_PAUSE: Duration = Duration::from_secs(1);
/// Pause between two looks at which master key seals.
const FOLLOW_PAUSE: Duration = Duration::from_secs(1);
/// Pause between two purges.
const PURGE_PAUSE: Duration = Duration::from_secs(3_600);

/// How long an ended grant is kept, so that its tokens are refused as expired rather than unknown.
const GRANTS_KEPT_MS: Millis = 7 * DAY;
/// How long a counter of failures or requests is kept after its last one; the longest that counts is an hour.
const ATTEMPTS_KEPT_MS: Millis = DAY;
/// How long messages are kept that were delivered, given up, or never to be delivered.
const MESSAGES_KEPT_MS: Millis = 7 * DAY;
/// How many of them are kept at most.
const MESSAGES_KEPT_MAX: i64 = 100_000;

/// Starts all background work; it ends when the answered set is dropped.
pub fn spawn(app: &App, transports: Transports) -> JoinSet<()> {
    let mut jobs = JoinSet::new();
    jobs.spawn(make_spare_keys(app.clone()));
    jobs.spawn(purge_hourly(app.clone()));
    jobs.spawn(follow_master_key(app.clone()));
    jobs.spawn(audit::run(app.clone()));
    jobs.spawn(messages::run(app.clone(), transports));
    jobs
}

async fn make_spare_keys(app: App) {
    loop {
        match app.keys.make_spare().await {
            Ok(true) => {}
            Ok(false) => tokio::time::sleep(SPARE_KEYS_PAUSE).await,
            Err(fault) => {
                tracing::error!(%fault, cause = ?fault.cause, "no spare key pair could be made");
                tokio::time::sleep(SPARE_KEYS_PAUSE).await;
            }
        }
    }
}

/// Sees within a second that the master key was changed.
async fn follow_master_key(app: App) {
    loop {
        tokio::time::sleep(FOLLOW_PAUSE).await;
        if let Err(fault) = master_keys::follow(&app.db, &app.vault).await {
            tracing::error!(%fault, cause = ?fault.cause, "the master key cannot be followed");
        }
    }
}

async fn purge_hourly(app: App) {
    loop {
        tokio::time::sleep(PURGE_PAUSE).await;
        match purge(&app).await {
            Ok(rows) => tracing::debug!(rows, "removed what has ended"),
            Err(fault) => {
                tracing::error!(%fault, cause = ?fault.cause, "what has ended could not be removed")
            }
        }
    }
}

/// Removes what has ended; answers how many rows went. Each table is a transaction of its own, so that no
/// write waits for all of them, and one that fails holds up no other.
///
/// # Errors
/// The first failure, when everything was tried.
pub async fn purge(app: &App) -> Result<u64> {
    let (now, db) = (app.now(), &app.db);
    app.keys.forget_stale(now);
    let removed = [
        stored(db.write(move |tx| store::tickets::purge(tx, now)).await),
        stored(db.write(move |tx| store::attempts::purge(tx, now - ATTEMPTS_KEPT_MS)).await),
        stored(db.write(move |tx| store::grants::purge(tx, now - GRANTS_KEPT_MS)).await),
        stored(db.write(move |tx| store::outbox::purge(tx, now - MESSAGES_KEPT_MS, MESSAGES_KEPT_MAX)).await),
        audit::purge(app).await,
        rotation::tend(app).await,
        master_keys::sweep(db, &app.vault, now).await.map(|_| 0),
    ];
    removed.into_iter().sum()
}

fn stored(result: std::result::Result<u64, store::Error>) -> Result<u64> {
    Ok(result?)
}
