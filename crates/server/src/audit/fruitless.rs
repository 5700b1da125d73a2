//! What whoever is no operator asks without effect: refusals, and what is answered as if a name that nobody has were
//! somebody's. The first calls of a network are events of their own; what comes beyond these within a window is counted
//! and becomes one event for each network, operation and outcome. So what strangers can make the
//! server write is bounded, however many they are and however much they ask.

use super::queue::Waiting;
use crate::http::admission::network;
use rules::{Millis, Random, calendar};
use std::{
    collections::{HashMap, hash_map::Entry},
    net::IpAddr,
};
use store::events::Event;

/// How long calls are counted before their sums are stored.
const WINDOW_MS: Millis = 10 * 60 * 1_000;
/// How many such calls of one network are events of their own in a window.
const WHOLE_PER_NETWORK_MAX: u32 = 50;
/// How many such calls of all networks are events of their own in a window.
const WHOLE_MAX: u32 = 2_000;
/// How many sums of one network each a window has; of what is beyond there is one for each operation and outcome.
const SUMS_MAX: usize = 500;

/// What has been asked without effect in the window under way. What was refused for want of the right to it has numbers
/// of its own, so that no flood of other calls hides who tries keys.
#[derive(Default)]
pub(super) struct Fruitless {
    began: Millis,
    with_right: Counts,
    without_right: Counts,
}

#[derive(Default)]
struct Counts {
    whole: u32,
    whole_of: HashMap<Option<IpAddr>, u32>,
    sums: HashMap<Key, Sum>,
}

/// Whose call it was.
#[derive(Clone, Copy)]
pub(super) struct Asker {
    pub(super) address: Option<IpAddr>,
    pub(super) is_without_right: bool,
}

/// What is counted together.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    origin: Origin,
    operation: &'static str,
    outcome: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Origin {
    /// One network, or calls of which none is known.
    Network(Option<IpAddr>),
    /// What is beyond the greatest number of sums.
    Several,
}

struct Sum {
    first: Event,
    count: u32,
}

impl Fruitless {
    /// Counts a call; answers its event if it is to be an event of its own.
    pub(super) fn take(
        &mut self,
        now: Millis,
        asker: Asker,
        operation: &'static str,
        entry: Waiting,
    ) -> Option<Waiting> {
        if self.with_right.is_empty() && self.without_right.is_empty() {
            self.began = now;
        }
        let counts = if asker.is_without_right { &mut self.without_right } else { &mut self.with_right };
        counts.take(asker.address.map(network), operation, entry)
    }

    /// Begins anew if the window is over; answers its sums.
    pub(super) fn end_window(&mut self, now: Millis, random: &mut impl Random) -> Vec<Waiting> {
        // A clock that was set back ends it too.
        if (self.began..self.began + WINDOW_MS).contains(&now) {
            return Vec::new();
        }
        let sums = self.sum_up(now, random);
        *self = Fruitless { began: now, ..Fruitless::default() };
        sums
    }

    /// The sums so far, which then begin anew.
    pub(super) fn sum_up(&mut self, now: Millis, random: &mut impl Random) -> Vec<Waiting> {
        let sums = self.without_right.sums.drain().chain(self.with_right.sums.drain());
        sums.map(|(key, sum)| event(now, random, key.origin, sum)).collect()
    }
}

impl Counts {
    fn is_empty(&self) -> bool {
        self.whole == 0 && self.sums.is_empty()
    }

    fn take(&mut self, network: Option<IpAddr>, operation: &'static str, entry: Waiting) -> Option<Waiting> {
        let of_network = self.whole_of.get(&network).copied().unwrap_or_default();
        if self.whole < WHOLE_MAX && of_network < WHOLE_PER_NETWORK_MAX {
            self.whole += 1;
            self.whole_of.insert(network, of_network + 1);
            return Some(entry);
        }
        let outcome = entry.event.outcome.clone();
        let mut key = Key { origin: Origin::Network(network), operation, outcome };
        if !self.sums.contains_key(&key) && self.sums.len() >= SUMS_MAX {
            key.origin = Origin::Several;
        }
        match self.sums.entry(key) {
            Entry::Occupied(mut sum) => sum.get_mut().count = sum.get().count.saturating_add(1),
            Entry::Vacant(place) => {
                place.insert(Sum { first: entry.event, count: 1 });
            }
        }
        None
    }
}

/// The sum as an event. It says what all of its calls have in common.
fn event(now: Millis, random: &mut impl Random, origin: Origin, Sum { first, count }: Sum) -> Waiting {
    let since = calendar::iso_8601(first.at);
    let (address, whose) = match origin {
        Origin::Network(network) => (network.map(|network| network.to_string()), ""),
        Origin::Several => (None, " of several networks"),
    };
    let event = Event {
        id: random.uuid_v7(now),
        at: now,
        reason: Some(format!("the calls{whose} since {since} that were too many for events of their own")),
        pool_id: None,
        client_id: None,
        username: None,
        sub: None,
        actor_kind: "anyone".to_owned(),
        actor: None,
        address,
        user_agent: None,
        times: i64::from(count),
        ..first
    };
    Waiting { event, typed_name: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::random::SystemRandom;

    fn refused(at: Millis, outcome: &str) -> Waiting {
        let event = Event {
            id: String::new(),
            at,
            request_id: String::new(),
            operation: "InitiateAuth".to_owned(),
            outcome: outcome.to_owned(),
            reason: None,
            pool_id: None,
            client_id: None,
            sub: None,
            username: Some("jane".to_owned()),
            actor_kind: "anyone".to_owned(),
            actor: None,
            address: None,
            user_agent: None,
            times: 1,
        };
        Waiting { event, typed_name: None }
    }

    fn asker(number: u32, is_without_right: bool) -> Asker {
        Asker { address: Some(IpAddr::from(number.to_be_bytes())), is_without_right }
    }

    #[test]
    fn of_many_refusals_of_a_network_the_first_are_whole_and_the_rest_is_a_sum() {
        let mut fruitless = Fruitless::default();
        assert!(fruitless.end_window(WINDOW_MS, &mut SystemRandom).is_empty());
        let mut take = |number, outcome| {
            fruitless
                .take(WINDOW_MS, asker(number, false), "InitiateAuth", refused(WINDOW_MS, outcome))
                .is_some()
        };
        let whole = (0..1_000).filter(|_| take(1, "NotAuthorizedException")).count();
        assert_eq!(whole, WHOLE_PER_NETWORK_MAX as usize);
        assert!(!take(1, "UserNotFoundException"));
        assert!(take(2, "NotAuthorizedException"), "another network has its own");
        assert!(fruitless.end_window(2 * WINDOW_MS - 1, &mut SystemRandom).is_empty());
        let mut sums = fruitless.end_window(2 * WINDOW_MS, &mut SystemRandom);
        sums.sort_by_key(|sum| -sum.event.times);
        let times: Vec<i64> = sums.iter().map(|sum| sum.event.times).collect();
        assert_eq!(times, [950, 1]);
        assert_eq!(sums[0].event.address.as_deref(), Some("0.0.0.1"));
        assert_eq!((sums[0].event.at, &sums[0].event.username), (2 * WINDOW_MS, &None));
        let again = fruitless.take(2 * WINDOW_MS, asker(1, false), "InitiateAuth", refused(0, "x"));
        assert!(again.is_some(), "a new window");
    }

    #[test]
    fn however_many_networks_ask_a_window_has_a_bounded_number_of_events() {
        let mut fruitless = Fruitless::default();
        let mut whole = 0;
        for number in 0..100_000 {
            whole += u32::from(fruitless.take(0, asker(number, false), "SignUp", refused(0, "x")).is_some());
        }
        let counts = &fruitless.with_right;
        assert_eq!((whole, counts.whole_of.len()), (WHOLE_MAX, WHOLE_MAX as usize));
        let sums = fruitless.sum_up(1, &mut SystemRandom);
        assert_eq!(sums.len(), SUMS_MAX + 1);
        let counted: i64 = sums.iter().map(|sum| sum.event.times).sum();
        assert_eq!(counted + i64::from(whole), 100_000);
        assert_eq!(sums.iter().filter(|sum| sum.event.address.is_none()).count(), 1);
        assert!(fruitless.sum_up(2, &mut SystemRandom).is_empty());
    }

    /// Beyond all numbers it is still told what was tried, and who tries keys is told apart from everybody else.
    #[test]
    fn a_flood_hides_neither_what_was_tried_nor_who_had_no_right() {
        let mut fruitless = Fruitless::default();
        for number in 0..100_000 {
            fruitless.take(0, asker(number, false), "SignUp", refused(0, "UsernameExistsException"));
        }
        for outcome in ["NotAuthorizedException", "NotAuthorizedException", "UserNotFoundException"] {
            assert!(fruitless.take(0, asker(1, false), "InitiateAuth", refused(0, outcome)).is_none());
        }
        for number in 0..60 {
            let refused = refused(0, "InvalidSignatureException");
            let is_whole = fruitless.take(0, asker(7, true), "InitiateAuth", refused).is_some();
            assert_eq!(is_whole, number < WHOLE_PER_NETWORK_MAX);
        }
        let sums = fruitless.sum_up(1, &mut SystemRandom);
        let told = |outcome: &str| {
            let found: Vec<_> = sums.iter().filter(|sum| sum.event.outcome == outcome).collect();
            assert_eq!(found.len(), 1, "{outcome}");
            (found[0].event.address.clone(), found[0].event.times)
        };
        assert_eq!(told("NotAuthorizedException"), (None, 2));
        assert_eq!(told("UserNotFoundException"), (None, 1));
        assert_eq!(told("InvalidSignatureException"), (Some("0.0.0.7".to_owned()), 10));
    }
}
