//! How many requests a second are let in: from one address, about one user, and of one of Cognito's categories.
//!
//! What is counted lies in tables of fixed size, so that no number of addresses or names makes them grow. A key has a
//! place in each of two rows, found by two secret hashes, and is refused only where both are used up: a stranger who
//! shares one place with a flood is not refused for it, and nobody can choose names to share a place with.

use crate::{clock::Clock, config::Rates, metrics::Metrics, trail};
use governor::{
    Quota, RateLimiter,
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed, StateStore},
};
use rules::{
    Result, fault,
    quotas::{Category, PER_POOL_AND_OPERATION},
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    hash::{BuildHasher as _, Hash, RandomState},
    net::IpAddr,
    num::NonZeroU32,
    sync::{Arc, Mutex},
    time::Duration,
};

/// How many places a row of a table has.
pub const PLACES: usize = 1 << 15;
/// How many seconds' worth of requests one address or user may send at once.
pub const BURST_SECONDS: u32 = 2;
/// The longest step of the clock that counts. All limits are fresh after less.
const STEP_MS_MAX: i64 = 3_600_000;

/// The limits of the settings and what was counted.
pub struct RateLimits {
    addresses: Option<Table>,
    /// Whether local and private addresses are counted as well.
    counts_local: bool,
    users: Option<Table>,
    /// One operation on one pool.
    pools: Option<Table>,
    categories: BTreeMap<Category, Counter<NotKeyed, InMemoryState>>,
    metrics: Arc<Metrics>,
}

type Counter<K, S> = RateLimiter<K, S, Elapsed, NoOpMiddleware<Duration>>;

impl RateLimits {
    /// The limits of the settings, with nothing counted.
    pub fn new(rates: &Rates, clock: Clock, metrics: Arc<Metrics>) -> RateLimits {
        let elapsed = Elapsed::new(clock);
        let table = |rate: NonZeroU32, burst: u32| Table::new(quota(rate, burst), &elapsed);
        let per_pool = NonZeroU32::new(PER_POOL_AND_OPERATION).filter(|_| rates.per_pool);
        RateLimits {
            addresses: rates.per_address.map(|rate| table(rate, BURST_SECONDS)),
            counts_local: rates.counts_local,
            users: rates.per_user.map(|rate| table(rate, BURST_SECONDS)),
            pools: per_pool.map(|rate| table(rate, 1)),
            categories: rates
                .categories
                .iter()
                .map(|(category, rate)| {
                    let state = InMemoryState::default();
                    (*category, RateLimiter::new(quota(*rate, 1), state, elapsed.clone()))
                })
                .collect(),
            metrics,
        }
    }

    /// Counts a request from an address; a test without a socket has none.
    ///
    /// # Errors
    /// TooManyRequestsException.
    pub fn check_address(&self, address: Option<IpAddr>) -> Result<()> {
        let (Some(table), Some(address)) = (&self.addresses, address) else { return Ok(()) };
        if !self.counts_local && is_local(address) || table.admits(&network(address)) {
            return Ok(());
        }
        self.refuse("address")
    }

    /// Counts a request about a user, by whatever name the caller knows it. The pool's client will do for the pool.
    ///
    /// # Errors
    /// TooManyRequestsException.
    pub fn check_user(&self, pool: &str, name: &str) -> Result<()> {
        match &self.users {
            Some(table) if !table.admits(&(pool, name.to_lowercase())) => self.refuse("user"),
            _ => Ok(()),
        }
    }

    /// Counts a request whose checked input is known: about whom it names, for its pool, and in its category. What one
    /// user's or pool's limit refuses uses up nothing of what all share.
    ///
    /// # Errors
    /// TooManyRequestsException.
    pub fn check_input(&self, operation: &'static str, category: Category, input: &Value) -> Result<()> {
        let text = |name: &str| input[name].as_str();
        let pool = text("UserPoolId").or_else(|| text("ResourceArn"));
        if let (Some(pool), Some(name)) = (pool.or_else(|| text("ClientId")), trail::typed_name(input)) {
            self.check_user(pool, name)?;
        }
        if let (Some(table), Some(pool), true) = (&self.pools, pool, category.is_also_per_pool())
            && !table.admits(&(pool, operation))
        {
            return self.refuse("pool");
        }
        self.check_category(category)
    }

    /// Counts a request in its category.
    ///
    /// # Errors
    /// TooManyRequestsException.
    pub fn check_category(&self, category: Category) -> Result<()> {
        let Some(counter) = self.categories.get(&category) else { return Ok(()) };
        if counter.check().is_ok() {
            return Ok(());
        }
        match category.overflow().filter(|overflow| self.categories.contains_key(overflow)) {
            Some(overflow) => self.check_category(overflow),
            None => self.refuse(category.name()),
        }
    }

    fn refuse(&self, limit: &'static str) -> Result<()> {
        self.metrics.limited(limit);
        Err(fault::too_many_requests().because(format!("the rate limit: {limit}")))
    }
}

/// So many a second, and so many seconds' worth at once.
fn quota(rate: NonZeroU32, burst_seconds: u32) -> Quota {
    let burst = rate.saturating_mul(NonZeroU32::MIN.saturating_add(burst_seconds.saturating_sub(1)));
    Quota::per_second(rate).allow_burst(burst)
}

/// A household or machine: an IPv4 address, or the half of an IPv6 address that is handed out as one.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

/// Whether an address is of this machine or network: where no proxy is known, one is likely behind it.
pub fn is_local(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

/// What is counted by key, in fixed space.
struct Table([Row; 2]);

struct Row {
    hashes: RandomState,
    counter: Counter<u64, Places>,
}

impl Table {
    fn new(quota: Quota, elapsed: &Elapsed) -> Table {
        Table(std::array::from_fn(|_| Row {
            hashes: RandomState::new(),
            counter: RateLimiter::new(quota, Places::new(), elapsed.clone()),
        }))
    }

    /// Counts, in both rows whatever the first one says.
    fn admits(&self, key: &impl Hash) -> bool {
        let [first, second] =
            [&self.0[0], &self.0[1]].map(|row| row.counter.check_key(&row.hashes.hash_one(key)).is_ok());
        first || second
    }
}

struct Places(Box<[InMemoryState]>);

impl Places {
    fn new() -> Places {
        Places(std::iter::repeat_with(InMemoryState::default).take(PLACES).collect())
    }
}

impl StateStore for Places {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, key: &u64, f: F) -> std::result::Result<T, E>
    where
        F: Fn(Option<Nanos>) -> std::result::Result<(T, Nanos), E>,
    {
        // The remainder is an index, whatever the key is.
        let place = &self.0[usize::try_from(key % PLACES as u64).unwrap_or_default()];
        place.measure_and_replace(&NotKeyed::NonKey, f)
    }
}

/// The time that passed, by the server's clock. Where that is set back it stands for a moment: otherwise everybody
/// would be refused until it has caught up.
#[derive(Clone)]
struct Elapsed {
    clock: Clock,
    /// When it was last looked at, and what had passed by then, in milliseconds.
    seen: Arc<Mutex<(i64, u64)>>,
}

impl Elapsed {
    fn new(clock: Clock) -> Elapsed {
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

#[cfg(test)]
mod tests;
