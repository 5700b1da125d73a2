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
/// How many sums a window has; what is beyond is one more.
const SUMS_MAX: usize = 500;

/// What has been asked without effect in the window under way.
#[derive(Default)]
pub(super) struct Fruitless {
    began: Millis,
    whole: u32,
    whole_of: HashMap<Option<IpAddr>, u32>,
    sums: HashMap<Key, Sum>,
}

/// What is counted together; nothing for what is beyond the greatest number of sums.
type Key = Option<(Option<IpAddr>, &'static str, String)>;

struct Sum {
    first: Event,
    count: u32,
}

impl Fruitless {
    /// Counts a call; answers its event if it is to be an event of its own.
    pub(super) fn take(
        &mut self,
        now: Millis,
        address: Option<IpAddr>,
        operation: &'static str,
        entry: Waiting,
    ) -> Option<Waiting> {
        let network = address.map(network);
        let of_network = self.whole_of.get(&network).copied().unwrap_or_default();
        if self.whole < WHOLE_MAX && of_network < WHOLE_PER_NETWORK_MAX {
            if self.whole == 0 && self.sums.is_empty() {
                self.began = now;
            }
            self.whole += 1;
            self.whole_of.insert(network, of_network + 1);
            return Some(entry);
        }
        let mut key = Some((network, operation, entry.event.outcome.clone()));
        if !self.sums.contains_key(&key) && self.sums.len() >= SUMS_MAX {
            key = None;
        }
        match self.sums.entry(key) {
            Entry::Occupied(mut sum) => sum.get_mut().count = sum.get().count.saturating_add(1),
            Entry::Vacant(place) => {
                place.insert(Sum { first: entry.event, count: 1 });
            }
        }
        None
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
        self.sums.drain().map(|(key, sum)| event(now, random, key, sum)).collect()
    }
}

/// The sum as an event. It says what all of its calls have in common.
fn event(now: Millis, random: &mut impl Random, key: Key, Sum { first, count }: Sum) -> Waiting {
    let since = calendar::iso_8601(first.at);
    let summed = Event {
        id: random.uuid_v7(now),
        at: now,
        reason: Some(format!("the calls since {since} that were too many for events of their own")),
        username: None,
        sub: None,
        actor_kind: "anyone".to_owned(),
        actor: None,
        user_agent: None,
        times: i64::from(count),
        ..first
    };
    let event = match key {
        Some((network, ..)) => Event {
            address: network.map(|network| network.to_string()),
            pool_id: None,
            client_id: None,
            ..summed
        },
        None => Event {
            operation: "several".to_owned(),
            outcome: "several".to_owned(),
            address: None,
            pool_id: None,
            client_id: None,
            ..summed
        },
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

    fn address(number: u32) -> Option<IpAddr> {
        Some(IpAddr::from(number.to_be_bytes()))
    }

    #[test]
    fn of_many_refusals_of_a_network_the_first_are_whole_and_the_rest_is_a_sum() {
        let mut fruitless = Fruitless::default();
        assert!(fruitless.end_window(WINDOW_MS, &mut SystemRandom).is_empty());
        let mut take = |number, outcome| {
            fruitless.take(WINDOW_MS, address(number), "InitiateAuth", refused(WINDOW_MS, outcome)).is_some()
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
        let again = fruitless.take(2 * WINDOW_MS, address(1), "InitiateAuth", refused(0, "x"));
        assert!(again.is_some(), "a new window");
    }

    #[test]
    fn however_many_networks_ask_a_window_has_a_bounded_number_of_events() {
        let mut fruitless = Fruitless::default();
        let mut whole = 0;
        for number in 0..100_000 {
            whole += u32::from(fruitless.take(0, address(number), "SignUp", refused(0, "x")).is_some());
        }
        assert_eq!((whole, fruitless.whole_of.len()), (WHOLE_MAX, WHOLE_MAX as usize));
        let sums = fruitless.sum_up(1, &mut SystemRandom);
        assert_eq!(sums.len(), SUMS_MAX + 1);
        let counted: i64 = sums.iter().map(|sum| sum.event.times).sum();
        assert_eq!(counted + i64::from(whole), 100_000);
        assert_eq!(sums.iter().filter(|sum| sum.event.operation == "several").count(), 1);
        assert!(fruitless.sum_up(2, &mut SystemRandom).is_empty());
    }
}
