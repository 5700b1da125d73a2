//! The job that empties the outbox: leases due messages, tries each, and pauses longer after each failure.

use super::{
    Failure, Outgoing, TRY_TIMEOUT, Transports, custom_sender,
    outbox::{WAITING_MAX, open},
};
use crate::app::App;
use rules::{Millis, Result};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use store::outbox::{self, Entry};
use tokio::{sync::Semaphore, task::JoinSet};

/// How often the outbox is looked at.
const PAUSE: Duration = Duration::from_millis(500);
/// How many messages one node tries at once; more wait for a later look.
const AT_ONCE: usize = 32;
/// How long no other node touches a leased message: longer than a try takes, so that two never send the same one
/// unless a node dies between sending and noting it.
const LEASE_MS: Millis = TRY_TIMEOUT.as_millis() as i64 * 3;
/// The pause after each failed try; after the last one the message is given up. A sign-up's code lives a day.
const PAUSES_SECONDS: [i64; 9] = [5, 15, 60, 300, 900, 1_800, 3_600, 7_200, 14_400];
/// How much of an error is kept, in characters.
const REASON_CHARACTERS_MAX: usize = 300;

/// Sends what is due, again and again, until the future is dropped. A message that hangs holds up no other one. Without
/// any way out, too: of a message that is due all the same it has to be said why it stays.
pub async fn run(app: App, transports: Transports) {
    let transports = Arc::new(transports);
    let free = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    loop {
        while running.try_join_next().is_some() {}
        if let Err(error) = see_whether_full(&app).await {
            tracing::error!(error = ?error, "the outbox cannot be counted");
        }
        match lease(&app, free.available_permits()).await {
            Ok(entries) => {
                for entry in entries {
                    let Ok(permit) = free.clone().acquire_owned().await else { return };
                    let (app, transports) = (app.clone(), transports.clone());
                    running.spawn(async move {
                        attempt(&app, &transports, entry).await;
                        drop(permit);
                    });
                }
            }
            Err(error) => tracing::error!(error = ?error, "the outbox cannot be read"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Sends what is due now and waits for all of it; answers how many messages were tried. For tests and for the
/// command line: [`run`] is what a server uses.
pub async fn round(app: &App, transports: &Arc<Transports>) -> Result<usize> {
    let entries = lease(app, AT_ONCE).await?;
    let count = entries.len();
    let mut running = JoinSet::new();
    for entry in entries {
        let (app, transports) = (app.clone(), transports.clone());
        running.spawn(async move { attempt(&app, &transports, entry).await });
    }
    running.join_all().await;
    Ok(count)
}

/// Notes for those who write messages whether there is room; counting for each message would be too slow.
pub async fn see_whether_full(app: &App) -> Result<()> {
    let is_full = app.db.read(|tx| outbox::has_waiting(tx, WAITING_MAX)).await?;
    if app.outbox_is_full.swap(is_full, Ordering::Relaxed) != is_full {
        tracing::warn!(is_full, "the outbox is full of messages that wait for delivery, or has room again");
    }
    Ok(())
}

async fn lease(app: &App, limit: usize) -> Result<Vec<Entry>> {
    let now = app.now();
    let limit = i64::try_from(limit).unwrap_or(0);
    // Looking costs nothing; taking is a write.
    if limit == 0 || !app.db.read(move |tx| outbox::is_due(tx, now)).await? {
        return Ok(Vec::new());
    }
    Ok(app.db.write(move |tx| outbox::lease(tx, now, now + LEASE_MS, limit)).await?)
}

/// Tries one leased message and notes what became of it.
async fn attempt(app: &App, transports: &Transports, entry: Entry) {
    let result = match outgoing(app, &entry).await {
        Ok(outgoing) => tokio::time::timeout(TRY_TIMEOUT, send(app, transports, &outgoing, entry.tries))
            .await
            .unwrap_or_else(|_| Err(Failure::for_now("timed out"))),
        Err(fault) => Err(Failure::for_now(fault.to_string())),
    };
    let (id, now) = (entry.id.clone(), app.now());
    let noted = match result {
        Ok(()) => app.db.write(move |tx| outbox::delivered(tx, &id, now)).await,
        Err(failure) => {
            let pause = if failure.is_final { None } else { pause_after(entry.tries) };
            // A mail server or webhook may say what the store refuses, and what was not noted would be sent for ever.
            let said = failure.reason.chars().filter(|c| !c.is_control());
            let reason: String = said.take(REASON_CHARACTERS_MAX).collect();
            match pause {
                Some(_) => tracing::warn!(id, reason, tries = entry.tries, "a message was not delivered yet"),
                None => tracing::error!(id, reason, tries = entry.tries, "a message was given up"),
            }
            let next_try_at = pause.map(|seconds| now + seconds * 1_000);
            app.db.write(move |tx| outbox::failed(tx, &id, next_try_at, &reason)).await
        }
    };
    if let Err(error) = noted {
        tracing::error!(id = entry.id, error = ?error, "what became of a message cannot be noted");
    }
}

async fn send(
    app: &App,
    transports: &Transports,
    outgoing: &Outgoing,
    tries: i64,
) -> std::result::Result<(), Failure> {
    match &outgoing.message.sending {
        Some(sending) => custom_sender::send(app, outgoing, sending, tries).await,
        None => transports.send(outgoing).await,
    }
}

async fn outgoing(app: &App, entry: &Entry) -> Result<Outgoing> {
    let pool = app.pool(&entry.pool_id).await?;
    let email = pool.detail.email_configuration.as_ref();
    Ok(Outgoing {
        id: entry.id.clone(),
        pool_id: entry.pool_id.clone(),
        message: open(app, entry)?,
        from: email.and_then(|e| e.from.clone()),
        reply_to: email.and_then(|e| e.reply_to_email_address.clone()),
    })
}

/// The pause in seconds after the try with this number; none when it was the last.
fn pause_after(tries: i64) -> Option<i64> {
    let index = usize::try_from(tries - 1).unwrap_or(0);
    PAUSES_SECONDS.get(index).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let pauses: Vec<Option<i64>> = (1..=10).map(pause_after).collect();
        assert_eq!(pauses.first(), Some(&Some(5)));
        assert!(pauses.windows(2).all(|pair| pair[1].is_none() || pair[1] > pair[0]));
        assert_eq!(pauses.last(), Some(&None));
    }
}
