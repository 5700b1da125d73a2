//! The queue of events that wait to be stored. What goes in is cut and cleaned first: it holds a bounded number of
//! bounded events, and nothing that a database refuses.

use super::{
    CUT_OFF, Record,
    fruitless::{Asker, Fruitless},
    is_recorded,
};
use crate::http::call_facts::{Actor, CallFacts};
use rules::{Millis, Random};
use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};
use store::events::Event;
use tokio::sync::Notify;

/// How many events may wait. The store may be away for a while without loss.
const WAITING_MAX: usize = 20_000;
/// How many events one transaction takes.
const GROUP_MAX: usize = 1_024;
/// How much of what a client calls itself is kept, in characters.
const USER_AGENT_CHARACTERS_MAX: usize = 200;
/// How long a name is that may mean a user, in characters: a user name has up to 128, an address up to 254.
const TYPED_NAME_CHARACTERS_MAX: usize = 256;
/// How much of a reason is kept, in characters.
const EVENT_REASON_CHARACTERS_MAX: usize = 500;

/// The queue.
#[derive(Default)]
pub struct Audit {
    waiting: Mutex<VecDeque<Waiting>>,
    fruitless: Mutex<Fruitless>,
    pub(super) arrived: Notify,
    dropped: AtomicU64,
    stripped: AtomicU64,
}

/// An event that waits.
#[derive(Clone)]
pub(super) struct Waiting {
    pub(super) event: Event,
    /// The name by which the user is still to be found.
    pub(super) typed_name: Option<String>,
}

impl Audit {
    /// Records a call if it belongs into the trail.
    pub fn record(&self, now: Millis, random: &mut impl Random, record: Record<'_>, facts: CallFacts) {
        if !is_recorded(&record, &facts) {
            return;
        }
        let is_stranger = !matches!(facts.actor, Actor::Operator(_));
        let is_summed = is_stranger && record.error.map_or(facts.is_without_effect, |error| error != CUT_OFF);
        let asker = Asker { address: record.address, is_without_right: facts.is_without_right };
        let operation = record.asked.name();
        let entry = waiting(now, random, record, facts);
        if !is_summed {
            return self.push(entry);
        }
        let mut fruitless = self.fruitless();
        let ended = fruitless.end_window(now, random);
        let whole = fruitless.take(now, asker, operation, entry);
        drop(fruitless);
        ended.into_iter().chain(whole).for_each(|entry| self.push(entry));
    }

    /// Queues the sums whose window is over by now.
    pub(super) fn end_window(&self, now: Millis, random: &mut impl Random) {
        let ended = self.fruitless().end_window(now, random);
        ended.into_iter().for_each(|entry| self.push(entry));
    }

    /// Queues all sums as they are.
    pub(super) fn sum_up(&self, now: Millis, random: &mut impl Random) {
        let sums = self.fruitless().sum_up(now, random);
        sums.into_iter().for_each(|entry| self.push(entry));
    }

    fn fruitless(&self) -> MutexGuard<'_, Fruitless> {
        self.fruitless.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Takes events to store them.
    pub(super) fn group(&self) -> Group<'_> {
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

    /// How many events were stored without a part that the store refused.
    pub fn stripped_count(&self) -> u64 {
        self.stripped.load(Ordering::Relaxed)
    }

    /// Counts an event that is stored without a part.
    pub(super) fn stripped(&self) {
        self.stripped.fetch_add(1, Ordering::Relaxed);
    }
}

/// Events that are being stored. Those that are left when it is dropped wait again: the store failed, or the server
/// ends meanwhile.
pub(super) struct Group<'a> {
    audit: &'a Audit,
    pub(super) entries: VecDeque<Waiting>,
}

impl Drop for Group<'_> {
    fn drop(&mut self) {
        let mut waiting = self.audit.waiting();
        for entry in self.entries.drain(..).rev() {
            waiting.push_front(entry);
        }
    }
}

fn waiting(now: Millis, random: &mut impl Random, record: Record<'_>, facts: CallFacts) -> Waiting {
    // An operator may name users who are gone; what others typed may be anything, even a password.
    let is_operator = matches!(facts.actor, Actor::Operator(_)) && record.asked.is_named_by_operator();
    let kept_name = facts.typed_name.as_deref().filter(|_| is_operator);
    let username = facts.username.as_deref().or(kept_name);
    let username = username.map(|name| clean(name, TYPED_NAME_CHARACTERS_MAX));
    let (actor_kind, actor) = facts.actor.parts();
    let outcome = record.error.map(str::to_owned).or(facts.challenge);
    let functions = facts.functions.iter().map(ToString::to_string);
    let reasons: Vec<String> = record.reason.into_iter().chain(functions).collect();
    let event = Event {
        id: random.uuid_v7(now),
        at: now,
        request_id: record.request_id.to_owned(),
        operation: record.asked.name().to_owned(),
        outcome: outcome.unwrap_or_else(|| "Success".to_owned()),
        reason: (!reasons.is_empty()).then(|| clean(&reasons.join("; "), EVENT_REASON_CHARACTERS_MAX)),
        pool_id: facts.pool_id,
        client_id: facts.client_id,
        username,
        sub: facts.sub,
        actor_kind: actor_kind.to_owned(),
        actor: actor.map(|text| clean(&text, USER_AGENT_CHARACTERS_MAX)),
        address: record.address.map(|address| address.to_string()),
        user_agent: record.user_agent.map(|text| clean(text, USER_AGENT_CHARACTERS_MAX)),
        times: 1,
    };
    let typed_name = facts.typed_name.filter(|name| event.sub.is_none() && may_mean_somebody(name));
    Waiting { event, typed_name }
}

/// A text without what could break a line, of bounded length.
fn clean(text: &str, characters_max: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(characters_max).collect()
}

/// A name that is cut could be somebody else's, so it is looked for whole or not at all.
fn may_mean_somebody(name: &str) -> bool {
    name.chars().nth(TYPED_NAME_CHARACTERS_MAX).is_none() && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_and_cleaned() {
        assert_eq!(clean("a\0b\r\nc\u{1b}[2K\u{9b}d", 7), "abc[2Kd");
        assert_eq!(clean(&"ä".repeat(1_000), 3), "äää");
        for (name, expected) in [
            ("jane".to_owned(), true),
            ("j".repeat(TYPED_NAME_CHARACTERS_MAX), true),
            ("j".repeat(TYPED_NAME_CHARACTERS_MAX + 1), false),
            ("jane\0".to_owned(), false),
        ] {
            assert_eq!(may_mean_somebody(&name), expected, "{}", name.len());
        }
    }
}
