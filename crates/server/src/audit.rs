//! The audit trail: what administrators and users did goes into a bounded queue and from there, in groups, into the
//! store. So a sign-in costs no second transaction; and a process that is killed loses what came in its last moment.
//! What the queue cannot take is counted, never silently dropped.

use crate::{
    app::App,
    http::call_facts::{Actor, CallFacts},
    secrets::random::SystemRandom,
};
use rules::{Random as _, Result};
use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use store::events::Event;
use tokio::sync::Notify;

/// How many events may wait. The store may be away for a while without loss.
const WAITING_MAX: usize = 20_000;
/// How many events one transaction takes.
const GROUP_MAX: usize = 1_024;
/// How long events gather before they are stored, and how long a store that failed is left alone.
const GATHER: Duration = Duration::from_millis(250);
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How much of what a client calls itself is kept, in characters.
const USER_AGENT_CHARACTERS_MAX: usize = 200;
/// How many events one transaction removes when they have grown old.
const PURGED_MAX: i64 = 5_000;

/// The queue.
#[derive(Default)]
pub struct Audit {
    waiting: Mutex<VecDeque<Waiting>>,
    arrived: Notify,
    dropped: AtomicU64,
}

struct Waiting {
    event: Event,
    typed_name: Option<String>,
}

/// What the door knows of a call that is to be recorded.
pub struct Record<'a> {
    /// The call's name in answers and logs.
    pub request_id: &'a str,
    /// What was called.
    pub operation: &'a str,
    /// The name of the error; none if it went well.
    pub error: Option<&'a str>,
    /// Why it was refused.
    pub reason: Option<String>,
    /// Where it came from.
    pub address: Option<std::net::IpAddr>,
    /// What the client calls itself.
    pub user_agent: Option<&'a str>,
}

/// Whether a call belongs into the trail: whatever changes something or proves somebody, and every attempt at
/// anything without the right to it. The question that begins SRP proves nothing and is left out, so that a flood
/// of such questions writes nothing.
fn is_recorded(record: &Record<'_>, facts: &CallFacts) -> bool {
    let name = record.operation;
    let reads =
        ["Get", "List", "Describe", "AdminGet", "AdminList"].iter().any(|start| name.starts_with(start))
            && !matches!(
                name,
                "GetTokensFromRefreshToken"
                    | "GetUserAttributeVerificationCode"
                    | "GetId"
                    | "GetOpenIdToken"
                    | "GetCredentialsForIdentity"
                    | "GetOpenIdTokenForDeveloperIdentity"
            );
    match record.error {
        // Work that was refused because there was too much of it must not make more.
        Some("TooManyRequestsException" | "ThrottlingException") => false,
        Some("AccessDeniedException" | "InvalidSignatureException" | "UnrecognizedClientException") => true,
        Some(_) => !reads,
        None => !reads && facts.challenge.as_deref() != Some("PASSWORD_VERIFIER"),
    }
}

impl Audit {
    /// Records a call if it belongs into the trail.
    pub fn record(&self, now: i64, record: Record<'_>, facts: CallFacts) {
        if !is_recorded(&record, &facts) {
            return;
        }
        let is_operator = matches!(facts.actor, Actor::Operator(_));
        let (actor_kind, actor) = facts.actor.parts();
        let outcome = record.error.map(str::to_owned).or(facts.challenge);
        let event = Event {
            id: SystemRandom.uuid_v7(now),
            at: now,
            request_id: record.request_id.to_owned(),
            operation: record.operation.to_owned(),
            outcome: outcome.unwrap_or_else(|| "Success".to_owned()),
            reason: record.reason,
            pool_id: facts.pool_id,
            client_id: facts.client_id,
            // An operator may name users who are gone; what others typed may be anything, even a password.
            username: facts.username.or_else(|| facts.typed_name.clone().filter(|_| is_operator)),
            sub: facts.sub,
            actor_kind: actor_kind.to_owned(),
            actor: actor.map(clean),
            address: record.address.map(|address| address.to_string()),
            user_agent: record.user_agent.map(|text| clean(text.to_owned())),
        };
        self.push(Waiting { event, typed_name: facts.typed_name });
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn group(&self) -> Group<'_> {
        let mut waiting = self.waiting();
        let count = waiting.len().min(GROUP_MAX);
        Group { audit: self, entries: waiting.drain(..count).collect() }
    }

    fn push(&self, entry: Waiting) {
        let mut waiting = self.waiting();
        if waiting.len() >= WAITING_MAX {
            drop(waiting);
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.push_back(entry);
        drop(waiting);
        self.arrived.notify_one();
    }

    /// How many events wait to be stored.
    pub fn waiting_count(&self) -> usize {
        self.waiting().len()
    }

    /// How many events the queue could not take since the start.
    pub fn dropped_count(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// A text without what could break a line, of bounded length.
fn clean(text: String) -> String {
    text.chars().filter(|c| !c.is_control()).take(USER_AGENT_CHARACTERS_MAX).collect()
}

/// Stores what comes in, for ever.
pub async fn run(app: App) {
    loop {
        app.audit.arrived.notified().await;
        tokio::time::sleep(GATHER).await;
        if let Err(fault) = flush(&app).await {
            tracing::error!(%fault, cause = ?fault.cause, "events could not be stored; they are tried again");
            tokio::time::sleep(AFTER_FAILURE).await;
            app.audit.arrived.notify_one();
        }
    }
}

/// Stores everything that waits. What is not stored waits on.
pub async fn flush(app: &App) -> Result<()> {
    loop {
        let mut group = app.audit.group();
        if group.entries.is_empty() {
            return Ok(());
        }
        store_group(app, &mut group.entries).await?;
        group.entries.clear();
    }
}

/// Events that are being stored. Those that are left when it is dropped wait again: the store failed, or the server
/// ends meanwhile.
struct Group<'a> {
    audit: &'a Audit,
    entries: Vec<Waiting>,
}

impl Drop for Group<'_> {
    fn drop(&mut self) {
        let mut waiting = self.audit.waiting();
        for entry in self.entries.drain(..).rev() {
            waiting.push_front(entry);
        }
    }
}

async fn store_group(app: &App, group: &mut [Waiting]) -> Result<()> {
    find_users(app, group).await?;
    let events: Vec<Event> = group.iter().map(|entry| entry.event.clone()).collect();
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
        event.username = Some(username);
    }
    Ok(())
}

async fn pool_of(app: &App, event: &Event) -> Option<String> {
    match (&event.pool_id, &event.client_id) {
        (Some(pool_id), _) => Some(pool_id.clone()),
        (None, Some(client_id)) => Some(app.client(client_id).await.ok()?.pool_id.clone()),
        (None, None) => None,
    }
}

/// Removes events that are older than the settings say.
pub async fn purge(app: &App) -> Result<u64> {
    let before = app.now() - i64::from(app.config.audit_days) * 24 * 3_600 * 1_000;
    let mut removed = 0;
    loop {
        let count = app.db.write(move |tx| store::events::purge(tx, before, PURGED_MAX)).await?;
        removed += count;
        if count == 0 {
            return Ok(removed);
        }
    }
}
