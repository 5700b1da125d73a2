//! Stores what waits, and removes what is old. What the store refuses of one event holds up no other one.

use super::queue::{Group, Waiting};
use crate::app::App;
use rules::{DAY, Fault, Result, ids::PoolId};
use std::time::Duration;
use store::events::Event;

/// How long events gather before they are stored, and how long a store that failed is left alone.
const GATHER: Duration = Duration::from_millis(250);
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How often sums are looked at when nothing comes.
const LOOK: Duration = Duration::from_secs(60);
/// How many events one transaction removes when they have grown old.
const PURGED_MAX: i64 = 5_000;

/// Stores what comes in, for ever.
pub async fn run(app: App) {
    loop {
        tokio::select! {
            () = app.audit.arrived.notified() => tokio::time::sleep(GATHER).await,
            () = tokio::time::sleep(LOOK) => {}
        }
        app.audit.end_window(app.now(), &mut app.random());
        if let Err(fault) = store_waiting(&app).await {
            tracing::error!(%fault, cause = ?fault.cause, "events could not be stored; they are tried again");
            tokio::time::sleep(AFTER_FAILURE).await;
            app.audit.arrived.notify_one();
        }
    }
}

/// Stores everything that waits, and the sums so far. What is not stored waits on.
pub async fn flush(app: &App) -> Result<()> {
    app.audit.sum_up(app.now(), &mut app.random());
    store_waiting(app).await
}

async fn store_waiting(app: &App) -> Result<()> {
    loop {
        let mut group = app.audit.group();
        if group.entries.is_empty() {
            return Ok(());
        }
        match store(app, group.entries.make_contiguous()).await {
            Ok(()) => group.entries.clear(),
            Err(fault) => one_by_one(app, &mut group, &fault).await?,
        }
    }
}

/// Stores a group that failed event by event. What cannot be stored because the store fails waits on.
async fn one_by_one(app: &App, group: &mut Group<'_>, fault: &Fault) -> Result<()> {
    tracing::warn!(%fault, cause = ?fault.cause, "events could not be stored together; each is tried alone");
    while let Some(entry) = group.entries.front_mut() {
        store_one(app, entry).await?;
        group.entries.pop_front();
    }
    Ok(())
}

/// Stores an event, if need be without what the store refuses: its user, or else every text from outside.
async fn store_one(app: &App, entry: &mut Waiting) -> Result<()> {
    if store(app, std::slice::from_mut(entry)).await.is_ok() {
        return Ok(());
    }
    // A store that was away for a moment has refused nothing.
    app.db.read(store::settings::probe).await?;
    if store(app, std::slice::from_mut(entry)).await.is_ok() {
        return Ok(());
    }
    entry.typed_name = None;
    if let Err(fault) = store(app, std::slice::from_mut(entry)).await {
        insert(app, vec![bare(&entry.event)]).await?;
        let request_id = &entry.event.request_id;
        tracing::error!(request_id, cause = ?fault.cause, "an event was stored without its texts");
    }
    app.audit.stripped();
    Ok(())
}

/// The event without any text that comes from outside.
fn bare(event: &Event) -> Event {
    Event {
        reason: Some("the store refused the rest of this event".to_owned()),
        pool_id: None,
        client_id: None,
        sub: None,
        username: None,
        actor: None,
        user_agent: None,
        ..event.clone()
    }
}

async fn store(app: &App, group: &mut [Waiting]) -> Result<()> {
    find_users(app, group).await?;
    insert(app, group.iter().map(|entry| entry.event.clone()).collect()).await
}

async fn insert(app: &App, events: Vec<Event>) -> Result<()> {
    app.db.write(move |tx| store::events::insert(tx, &events)).await?;
    Ok(())
}

/// Finds whom the typed names mean.
async fn find_users(app: &App, group: &mut [Waiting]) -> Result<()> {
    let mut names = Vec::new();
    for (index, Waiting { event, typed_name }) in group.iter_mut().enumerate() {
        event.pool_id = pool_of(app, event).await;
        let (Some(pool_id), Some(name), None) = (event.pool_id.clone(), typed_name, &event.sub) else {
            continue;
        };
        // The pool may be gone by now.
        if let Ok(pool) = app.pool(&pool_id).await {
            names.push((index, pool_id, pool.fold_name(name)));
        }
    }
    if names.is_empty() {
        return Ok(());
    }
    let found = app
        .db
        .read(move |tx| {
            let mut found = Vec::new();
            for (index, pool_id, name) in &names {
                if let Some(user) = store::users::find_name(tx, pool_id, name)? {
                    found.push((*index, user));
                }
            }
            Ok::<_, store::Error>(found)
        })
        .await?;
    for (index, (sub, username)) in found {
        let Some(Waiting { event, .. }) = group.get_mut(index) else { continue };
        event.sub = Some(sub);
        event.username = Some(username.into());
    }
    Ok(())
}

async fn pool_of(app: &App, event: &Event) -> Option<PoolId> {
    match (&event.pool_id, &event.client_id) {
        (Some(pool_id), _) => Some(pool_id.clone()),
        (None, Some(client_id)) => Some(app.client(client_id).await.ok()?.pool_id.clone()),
        (None, None) => None,
    }
}

/// Removes events that are older than the settings say.
pub async fn purge(app: &App) -> Result<u64> {
    let before = app.now() - i64::from(app.config.audit_days) * DAY;
    let mut removed = 0;
    loop {
        let count = app.db.write(move |tx| store::events::purge(tx, before, PURGED_MAX)).await?;
        removed += count;
        if count == 0 {
            return Ok(removed);
        }
    }
}
