//! Connections for reads of a few rows, which run on the caller's own thread: handing them to another one would cost
//! more than they do.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use tempfile::TempDir;

use super::super::{Engine, Error, Tx, run_closure};
use super::{Durability, LOOKUP_CACHE_KIB, open_reader};

/// Connections that nobody uses now; none once they are closed.
pub(super) struct Lookups {
    free: Mutex<Option<Vec<Connection>>>,
    /// Keeps a temporary database until its last connection is gone.
    _place: Option<Arc<TempDir>>,
}

impl Lookups {
    pub(super) fn open(
        path: &Path,
        durability: Durability,
        count: usize,
        place: Option<Arc<TempDir>>,
    ) -> Result<Lookups, Error> {
        let free: Result<Vec<_>, _> = (0..count).map(|_| open(path, durability)).collect();
        Ok(Lookups { free: Mutex::new(Some(free?)), _place: place })
    }

    /// Runs the closure here and now; none if every connection is in use, or if it would have to wait.
    pub(super) fn run<T, E: From<Error>>(
        &self,
        f: &impl Fn(&mut Tx<'_>) -> Result<T, E>,
    ) -> Option<Result<T, E>> {
        let connection = self.free().as_mut()?.pop()?;
        let result = read(&connection, f);
        if let Some(free) = self.free().as_mut() {
            free.push(connection);
        }
        result
    }

    /// Closes what is not in use; what is closes when it comes back.
    pub(super) fn close(&self) {
        *self.free() = None;
    }

    fn free(&self) -> MutexGuard<'_, Option<Vec<Connection>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(path: &Path, durability: Durability) -> Result<Connection, Error> {
    let connection = open_reader(path, durability, LOOKUP_CACHE_KIB)?;
    // Who cannot go on at once goes to a reader thread, which may wait.
    connection.busy_timeout(std::time::Duration::ZERO)?;
    Ok(connection)
}

/// None if the database is busy. Each statement is a transaction by itself.
fn read<T, E: From<Error>>(
    connection: &Connection,
    f: &impl Fn(&mut Tx<'_>) -> Result<T, E>,
) -> Option<Result<T, E>> {
    let mut tx = Tx::new(Engine::Sqlite(connection));
    let result = run_closure(f, &mut tx);
    (!tx.was_busy).then_some(result)
}
