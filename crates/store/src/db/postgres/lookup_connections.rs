//! The connections that lookups share. A question does not wait for the answers to those before it: what comes
//! together is sent together, and a few of PostgreSQL's processes stay awake instead of many waking in turn.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use deadpool_postgres::{ClientWrapper, Object};

use super::{Error, Shared};

/// So many that a slow lookup holds up few others.
pub const LOOKUP_CONNECTIONS: usize = 4;

/// A connection that several lookups use at once.
pub type Client = Arc<ClientWrapper>;

/// The connections, which are opened when they are needed and replaced when they cannot be trusted.
#[derive(Default)]
pub struct LookupConnections {
    slots: [Mutex<Option<Client>>; LOOKUP_CONNECTIONS],
    turns: AtomicUsize,
}

impl LookupConnections {
    /// Lends the next one in turn. Where it is not there, one is taken out of the pool.
    pub async fn lend<'a>(&'a self, shared: &Shared) -> Result<Lent<'a>, Error> {
        let slot = &self.slots[self.turns.fetch_add(1, Ordering::Relaxed) % LOOKUP_CONNECTIONS];
        let present = lock(slot).clone().filter(|client| !client.is_closed());
        let client = match present {
            Some(client) => client,
            None => put(slot, shared.connection().await?),
        };
        Ok(Lent { slot, client, is_trusted: false })
    }

    /// Gives all up; who was lent one keeps it to the end.
    pub fn clear(&self) {
        self.slots.iter().for_each(|slot| *lock(slot) = None);
    }
}

/// Of those who found the slot empty together the first fills it; the others' connections go back to the pool.
fn put(slot: &Mutex<Option<Client>>, connection: Object) -> Client {
    let mut slot = lock(slot);
    match &*slot {
        Some(client) if !client.is_closed() => client.clone(),
        _ => slot.insert(Arc::new(Object::take(connection))).clone(),
    }
}

fn lock(slot: &Mutex<Option<Client>>) -> MutexGuard<'_, Option<Client>> {
    slot.lock().unwrap_or_else(|e| e.into_inner())
}

/// A connection that is given up unless it is given back: who is dropped while a statement runs leaves none to the next
/// that is still at work.
pub struct Lent<'a> {
    slot: &'a Mutex<Option<Client>>,
    pub client: Client,
    is_trusted: bool,
}

impl Lent<'_> {
    pub fn give_back(mut self) {
        self.is_trusted = true;
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut slot = lock(self.slot);
        if !self.is_trusted && slot.as_ref().is_some_and(|client| Arc::ptr_eq(client, &self.client)) {
            *slot = None;
        }
    }
}
