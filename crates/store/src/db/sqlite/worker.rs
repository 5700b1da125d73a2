//! The threads that own SQLite's connections: what a job is, how a read runs, how writes are grouped.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rusqlite::Connection;
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::super::queue::Queue;
use super::super::{Engine, Error, Tx, run_closure};

/// How many writes one commit may carry, so that the first of them does not wait for ever.
const GROUP_MAX: usize = 256;

/// The queue of a kind of thread.
pub(super) type Work = Queue<Box<dyn Job>>;

/// A caller's closure without its types.
pub(super) trait Job: Send {
    /// Runs the closure and says whether what it wrote may stay.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Tells the caller how the closure ended, or `error` if its transaction failed.
    fn answer(self: Box<Self>, error: Option<Error>);
}

/// The one kind of job there is.
pub(super) struct Call<T, E, F> {
    f: F,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Call<T, E, F> {
    pub(super) fn new(f: F, reply: oneshot::Sender<Result<T, E>>) -> Call<T, E, F> {
        Call { f, result: None, reply }
    }
}

impl<T, E, F> Job for Call<T, E, F>
where
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<Error> + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        let result = run_closure(&self.f, &mut Tx::new(Engine::Sqlite(connection)));
        let kept = result.is_ok();
        self.result = Some(result);
        kept
    }

    fn answer(self: Box<Self>, error: Option<Error>) {
        let result = match (self.result, error) {
            // A closure that refused keeps its own refusal: its caller expects nothing to be written.
            (Some(Err(refusal)), _) => Err(refusal),
            (_, Some(error)) => Err(error.into()),
            (Some(result), None) => result,
            (None, None) => Err(Error::Panicked.into()),
        };
        // A caller that has gone away is not an error.
        let _ = self.reply.send(result);
    }
}

/// The life of a reader thread. `_place` keeps a temporary database until its last connection is gone.
pub(super) fn read(connection: Connection, work: &Work, _place: Option<Arc<TempDir>>) {
    while let Some(mut job) = work.wait() {
        guard(&connection, || {
            let error = read_one(&connection, &mut *job).err();
            job.answer(error);
        });
    }
}

fn read_one(connection: &Connection, job: &mut dyn Job) -> Result<(), Error> {
    statement(connection, "BEGIN DEFERRED")?;
    job.run(connection);
    statement(connection, "ROLLBACK")
}

/// The life of the writer thread.
pub(super) fn write(connection: Connection, work: &Work, _place: Option<Arc<TempDir>>) {
    while let Some(first) = work.wait() {
        guard(&connection, || write_group(&connection, first, work));
    }
    // An open reader of another process may hold the checkpoint back; the log is then folded in later.
    if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
        tracing::warn!(%error, "the last checkpoint did not finish");
    }
}

/// Runs the first job and those that arrive meanwhile in one transaction, and answers them after its commit.
fn write_group(connection: &Connection, first: Box<dyn Job>, work: &Work) {
    let mut group = Vec::with_capacity(16);
    let outcome = fill_group(connection, first, work, &mut group);
    if outcome.is_err() && !connection.is_autocommit() {
        // If even this fails the next BEGIN fails too, and its caller learns of it.
        let _ = statement(connection, "ROLLBACK");
    }
    let error = outcome.err();
    for job in group {
        job.answer(error.clone());
    }
}

fn fill_group(
    connection: &Connection,
    first: Box<dyn Job>,
    work: &Work,
    group: &mut Vec<Box<dyn Job>>,
) -> Result<(), Error> {
    let mut next = Some(first);
    let begun = statement(connection, "BEGIN IMMEDIATE");
    while let Some(job) = next {
        group.push(job);
        // A failure spares the jobs that were not taken yet.
        begun.clone()?;
        let job = group.last_mut().ok_or(Error::Closed)?;
        run_in_savepoint(connection, &mut **job)?;
        next = if group.len() < GROUP_MAX { work.take() } else { None };
    }
    statement(connection, "COMMIT")
}

/// Gives a job its own everything or nothing within the group.
fn run_in_savepoint(connection: &Connection, job: &mut dyn Job) -> Result<(), Error> {
    statement(connection, "SAVEPOINT job")?;
    let kept = job.run(connection);
    // A full disk makes SQLite roll back the whole transaction by itself, neighbors included.
    if connection.is_autocommit() {
        return Err(Error::Undone);
    }
    if !kept {
        statement(connection, "ROLLBACK TO job")?;
    }
    statement(connection, "RELEASE job")
}

fn statement(connection: &Connection, sql: &str) -> Result<(), Error> {
    connection.prepare_cached(sql)?.raw_execute()?;
    Ok(())
}

/// Keeps a thread alive when a caller's value panics while it is dropped.
fn guard(connection: &Connection, f: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(f)).is_err() {
        tracing::error!("a transaction panicked outside its closure");
    }
    if !connection.is_autocommit() {
        let _ = statement(connection, "ROLLBACK");
    }
}
