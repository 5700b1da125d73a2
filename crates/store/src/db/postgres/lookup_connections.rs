//! The connections that lookups share. A question does not wait for the answers to those before it: what comes
//! together is sent together, and a few of PostgreSQL's processes stay awake instead of many waking in turn.

use std::sync::{Arc, Mutex, MutexGuard};

use deadpool_postgres::{HookError, Object, Pool, PoolError, TimeoutType};

use super::{
    Error,
    pools::{self, LOOKUP_CONNECTIONS},
};

/// A further one is opened where this many lookups are under way on each.
const SHARERS: usize = 4;
/// No more lookups than this are under way on one.
pub const SHARERS_MAX: usize = 16;

/// A connection that several lookups use at once.
type Client = Arc<Object>;

/// The connections, which are opened when they are needed and given up when they cannot be trusted.
pub struct LookupConnections {
    /// Holds no more than there are slots, and lets nobody wait.
    pool: Pool,
    slots: Mutex<[Option<Client>; LOOKUP_CONNECTIONS]>,
}

impl LookupConnections {
    /// `pool` has room for [`LOOKUP_CONNECTIONS`] and refuses at once beyond it.
    pub fn new(pool: Pool) -> LookupConnections {
        LookupConnections { pool, slots: Mutex::default() }
    }

    /// Lends the one with the fewest lookups under way; none where all have enough of them, or no further one is let in.
    pub async fn lend(&self) -> Result<Option<Lent<'_>>, Error> {
        if let Some(lent) = self.least_busy(SHARERS) {
            return Ok(Some(lent));
        }
        match self.pool.get().await {
            Ok(connection) => Ok(Some(self.put(Arc::new(connection)))),
            Err(error) => match self.least_busy(SHARERS_MAX) {
                None if is_final(&error) => Err(pools::error(error)),
                lent => Ok(lent),
            },
        }
    }

    /// The least busy one, if fewer lookups than `limit` are under way on it.
    fn least_busy(&self, limit: usize) -> Option<Lent<'_>> {
        let mut slots = self.slots();
        for slot in slots.iter_mut() {
            slot.take_if(|client| client.is_closed());
        }
        // The slot's own one is not a lookup.
        let under_way = |client: &&Client| Arc::strong_count(client) - 1;
        let client =
            slots.iter().flatten().min_by_key(under_way).filter(|client| under_way(client) < limit)?;
        Some(self.lent(client.clone()))
    }

    fn put(&self, client: Client) -> Lent<'_> {
        if let Some(slot) = self.slots().iter_mut().find(|slot| slot.is_none()) {
            *slot = Some(client.clone());
        }
        self.lent(client)
    }

    fn lent(&self, client: Client) -> Lent<'_> {
        Lent { connections: self, client: Some(client), is_trusted: false }
    }

    /// Opens no further ones, and gives up those that are there.
    pub fn close(&self) {
        self.pool.close();
        *self.slots() = Default::default();
    }

    fn slots(&self) -> MutexGuard<'_, [Option<Client>; LOOKUP_CONNECTIONS]> {
        self.slots.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// Whether the ordinary way would only take as long again to fail.
fn is_final(error: &PoolError) -> bool {
    matches!(
        error,
        PoolError::Timeout(TimeoutType::Create)
            | PoolError::PostCreateHook(HookError::Message(_))
            | PoolError::Closed
    )
}

/// A connection that is given up unless it is given back: who is dropped while a statement runs leaves none to the next
/// that is still at work.
pub struct Lent<'a> {
    connections: &'a LookupConnections,
    client: Option<Client>,
    is_trusted: bool,
}

impl Lent<'_> {
    pub fn client(&self) -> Result<&Object, Error> {
        self.client.as_deref().ok_or(Error::Closed)
    }

    pub fn give_back(mut self) {
        self.is_trusted = true;
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        if !self.is_trusted {
            let mut slots = self.connections.slots();
            for slot in slots.iter_mut() {
                slot.take_if(|kept| Arc::ptr_eq(kept, &client));
            }
        }
        // What is in no slot anymore is closed by the last who used it.
        drop(Arc::into_inner(client).map(Object::take));
    }
}
