//! Counters of requests in fixed space, which can take back what they counted.

use crate::clock::Clock;
use governor::{
    Quota, RateLimiter,
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed, StateStore},
};
use rules::{HOUR, Millis};
use std::{
    convert::Infallible,
    hash::{BuildHasher as _, Hash, RandomState},
    num::NonZeroU32,
    sync::{Arc, Mutex},
    time::Duration,
};

/// How many places a row of a table has.
pub const PLACES: usize = 1 << 15;
/// The longest step of the clock that counts. All limits are fresh after less.
const STEP_MS_MAX: Millis = HOUR;

/// What was counted, until it is given back.
#[derive(Default)]
pub struct Counted<'a>([Option<(&'a Counter, u64)>; 2]);

impl Counted<'_> {
    /// Makes it as if the request had not been counted.
    pub fn give_back(self) {
        for (counter, key) in self.0.into_iter().flatten() {
            counter.give_back(key);
        }
    }
}

/// So many a second for each place.
pub struct Counter {
    limiter: RateLimiter<u64, Places, Elapsed, NoOpMiddleware<Duration>>,
    places: Places,
    /// How long one request is counted.
    each: Nanos,
}

impl Counter {
    /// Counts in one place.
    pub fn new(rate: NonZeroU32, burst: NonZeroU32, elapsed: &Elapsed) -> Counter {
        Counter::with_places(1, rate, burst, elapsed)
    }

    fn with_places(places: usize, rate: NonZeroU32, burst: NonZeroU32, elapsed: &Elapsed) -> Counter {
        let quota = Quota::per_second(rate).allow_burst(burst);
        let places = Places::new(places);
        Counter {
            limiter: RateLimiter::new(quota, places.clone(), elapsed.clone()),
            places,
            each: quota.replenish_interval().into(),
        }
    }

    /// Counts one more, if there is room.
    pub fn count(&self) -> Option<Counted<'_>> {
        self.admits(0).then_some(Counted([Some((self, 0)), None]))
    }

    fn admits(&self, key: u64) -> bool {
        self.limiter.check_key(&key).is_ok()
    }

    fn give_back(&self, key: u64) {
        // What is kept is when everything counted will be forgotten.
        let earlier = |forgotten: Option<Nanos>| {
            Ok::<_, Infallible>(((), forgotten.unwrap_or_default().saturating_sub(self.each)))
        };
        let Ok(()) = self.places.measure_and_replace(&key, earlier);
    }
}

/// What is counted by key, in fixed space.
pub struct Table([Row; 2]);

struct Row {
    hashes: RandomState,
    counter: Counter,
}

impl Table {
    /// So many a second for each key.
    pub fn new(rate: NonZeroU32, burst: NonZeroU32, elapsed: &Elapsed) -> Table {
        Table(std::array::from_fn(|_| Row {
            hashes: RandomState::new(),
            counter: Counter::with_places(PLACES, rate, burst, elapsed),
        }))
    }

    /// Counts one more, in both rows whatever the first one says, if one of them has room.
    pub fn count(&self, key: &impl Hash) -> Option<Counted<'_>> {
        let counted = [&self.0[0], &self.0[1]].map(|Row { hashes, counter }| {
            let key = hashes.hash_one(key);
            counter.admits(key).then_some((counter, key))
        });
        counted.iter().any(Option::is_some).then_some(Counted(counted))
    }

    /// The place of a key in the first row.
    #[cfg(test)]
    pub fn place(&self, key: &impl Hash) -> u64 {
        self.0[0].hashes.hash_one(key) % PLACES as u64
    }
}

#[derive(Clone)]
struct Places(Arc<[InMemoryState]>);

impl Places {
    fn new(count: usize) -> Places {
        Places(std::iter::repeat_with(InMemoryState::default).take(count).collect())
    }
}

impl StateStore for Places {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, key: &u64, f: F) -> std::result::Result<T, E>
    where
        F: Fn(Option<Nanos>) -> std::result::Result<(T, Nanos), E>,
    {
        // The remainder is an index, whatever the key is.
        let place = &self.0[usize::try_from(key % self.0.len() as u64).unwrap_or_default()];
        place.measure_and_replace(&NotKeyed::NonKey, f)
    }
}

/// The time that passed, by the server's clock. Where that is set back it stands for a moment: otherwise everybody
/// would be refused until it has caught up.
#[derive(Clone)]
pub struct Elapsed {
    clock: Clock,
    /// When it was last looked at, and what had passed by then, in milliseconds.
    seen: Arc<Mutex<(Millis, u64)>>,
}

impl Elapsed {
    /// Nothing has passed yet.
    pub fn new(clock: Clock) -> Elapsed {
        let now = clock.now();
        Elapsed { clock, seen: Arc::new(Mutex::new((now, 0))) }
    }
}

impl governor::clock::Clock for Elapsed {
    type Instant = Duration;

    fn now(&self) -> Duration {
        let mut seen = self.seen.lock().unwrap_or_else(|e| e.into_inner());
        let (before, elapsed) = *seen;
        let now = self.clock.now();
        let step = now.saturating_sub(before).clamp(0, STEP_MS_MAX);
        *seen = (now, elapsed.saturating_add(step.unsigned_abs()));
        Duration::from_millis(seen.1)
    }
}
