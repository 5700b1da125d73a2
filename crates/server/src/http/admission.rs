//! How many requests a second are let in: from one address, about one user, and of one of Cognito's categories.
//!
//! What is counted lies in tables of fixed size, so that no number of addresses or names makes them grow. A key has a
//! place in each of two rows, found by two secret hashes, and is refused only where both are used up: a stranger who
//! shares one place with a flood is not refused for it, and nobody can choose names to share a place with.

mod counters;

pub use counters::Counted;

use crate::{clock::Clock, config::Rates, metrics::Metrics};
use counters::{Counter, Elapsed, Table};
use rules::{
    Fault, Result,
    endpoints::Endpoint,
    fault,
    quotas::{Category, PER_POOL_AND_OPERATION},
};
use serde_json::Value;
use std::{collections::BTreeMap, net::IpAddr, num::NonZeroU32, sync::Arc};

/// How many seconds' worth of requests one address or user may send at once.
pub const BURST_SECONDS: u32 = 2;

/// The limits of the settings and what was counted.
pub struct RateLimits {
    addresses: Option<Table>,
    /// Signatures that did not prove good, or have not yet, by address.
    signatures: Option<Table>,
    /// Whether local and private addresses are counted as well.
    counts_local: bool,
    users: Option<Table>,
    /// One operation on one pool.
    pools: Option<Table>,
    categories: BTreeMap<Category, Counter>,
    metrics: Arc<Metrics>,
}

impl RateLimits {
    /// The limits of the settings, with nothing counted. An address may show as many signatures at once as it has
    /// connections, so that good ones never refuse each other.
    pub fn new(rates: &Rates, connections_max: usize, clock: Clock, metrics: Arc<Metrics>) -> RateLimits {
        let elapsed = Elapsed::new(clock);
        let seconds = |rate: NonZeroU32| rate.saturating_add(rate.get().saturating_mul(BURST_SECONDS - 1));
        let connections = u32::try_from(connections_max).ok().and_then(NonZeroU32::new);
        let at_once = |rate: NonZeroU32| seconds(rate).max(connections.unwrap_or(rate));
        let per_pool = NonZeroU32::new(PER_POOL_AND_OPERATION).filter(|_| rates.per_pool);
        let counter = |rate: &NonZeroU32| Counter::new(*rate, *rate, &elapsed);
        RateLimits {
            addresses: rates.per_address.map(|rate| Table::new(rate, seconds(rate), &elapsed)),
            signatures: rates.per_address.map(|rate| Table::new(rate, at_once(rate), &elapsed)),
            counts_local: rates.counts_local,
            users: rates.per_user.map(|rate| Table::new(rate, seconds(rate), &elapsed)),
            pools: per_pool.map(|rate| Table::new(rate, rate, &elapsed)),
            categories: rates.categories.iter().map(|(category, rate)| (*category, counter(rate))).collect(),
            metrics,
        }
    }

    /// Counts a request from an address; a test without a socket has none.
    ///
    /// # Errors
    /// TooManyRequestsException.
    pub fn check_address(&self, address: Option<IpAddr>) -> Result<()> {
        self.count_address(self.addresses.as_ref(), address, "address").map(drop)
    }

    /// Counts a signature from an address, to be given back when it has proved good: a back end behind one address
    /// signs for many users.
    ///
    /// # Errors
    /// TooManyRequestsException.
    pub fn check_signature(&self, address: Option<IpAddr>) -> Result<Counted<'_>> {
        self.count_address(self.signatures.as_ref(), address, "signature")
    }

    /// The address, if what comes from it is counted: where no proxy is known, a local one may speak for everybody.
    pub fn counted(&self, address: Option<IpAddr>) -> Option<IpAddr> {
        address.filter(|address| self.counts_local || !is_local(*address))
    }

    fn count_address<'a>(
        &self,
        table: Option<&'a Table>,
        address: Option<IpAddr>,
        limit: &'static str,
    ) -> Result<Counted<'a>> {
        let (Some(table), Some(address)) = (table, self.counted(address)) else {
            return Ok(Counted::default());
        };
        table.count(&network(address)).ok_or_else(|| self.refusal(limit))
    }

    /// Counts a request about a user, by whatever name the caller knows it. The pool's client will do for the pool.
    ///
    /// # Errors
    /// TooManyRequestsException.
    pub fn check_user(&self, pool: &str, name: &str) -> Result<()> {
        match &self.users {
            Some(table) if table.count(&(pool, name.to_lowercase())).is_none() => Err(self.refusal("user")),
            _ => Ok(()),
        }
    }

    /// Counts a request whose checked input is known: about whom it names, for its pool, and in its category. What one
    /// user's or pool's limit refuses uses up nothing of what all share; what is refused later gives its part back.
    ///
    /// # Errors
    /// TooManyRequestsException.
    pub fn check_input(&self, endpoint: Endpoint, input: &Value) -> Result<Counted<'_>> {
        let text = |name: &str| input[name].as_str();
        let pool = text("UserPoolId").or_else(|| text("ResourceArn"));
        if let (Some(pool), Some(name)) = (pool.or_else(|| text("ClientId")), endpoint.typed_name(input)) {
            self.check_user(pool, name)?;
        }
        let Some(category) = endpoint.quota(input) else { return Ok(Counted::default()) };
        if let (Some(table), Some(pool), true) = (&self.pools, pool, category.is_also_per_pool())
            && table.count(&(pool, endpoint.name())).is_none()
        {
            return Err(self.refusal("pool"));
        }
        self.check_category(category)
    }

    /// Counts a request in its category.
    ///
    /// # Errors
    /// TooManyRequestsException.
    pub fn check_category(&self, category: Category) -> Result<Counted<'_>> {
        let Some(counter) = self.categories.get(&category) else { return Ok(Counted::default()) };
        if let Some(counted) = counter.count() {
            return Ok(counted);
        }
        match category.overflow().filter(|overflow| self.categories.contains_key(overflow)) {
            Some(overflow) => self.check_category(overflow),
            None => Err(self.refusal(category.name())),
        }
    }

    fn refusal(&self, limit: &'static str) -> Fault {
        self.metrics.limited(limit);
        fault::too_many_requests().because(format!("the rate limit: {limit}"))
    }
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

#[cfg(test)]
mod tests;
