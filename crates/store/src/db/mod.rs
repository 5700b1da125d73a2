//! One door to the database, two engines behind it: SQLite inside the process, or PostgreSQL for several nodes.
//!
//! A transaction is a synchronous closure, so awaiting a mail server or a Lambda inside one does not compile.
//! It may run more than once (PostgreSQL asks for that when transactions collide), so it must change nothing
//! but the database. What holds on both engines:
//!
//! - A write is serializable, everything or nothing, and answered only once it is committed.
//! - After a failed statement a transaction is over: further statements answer [`Error::Aborted`] and nothing is
//!   kept, even if the closure answers `Ok`. Collisions are counted (`ON CONFLICT DO NOTHING`), never caught.
//! - A read cannot write. On SQLite its statements see one snapshot; on PostgreSQL each sees its own, so a
//!   decision that needs two facts to agree belongs into a write.
//!
//! The SQL is one text: `$1` markers; INTEGER, TEXT and BLOB columns; `LIKE` with its `ESCAPE`; no deferred
//! constraints; aggregates of integers wrapped in `CAST(… AS BIGINT)`. Values belong into parameters and never
//! into the text, because each text is prepared once and kept.

pub mod backup;
mod erased;
mod error;
mod joined;
mod migrate;
mod postgres;
mod postgres_address;
mod queue;
mod sqlite;
mod value;

#[cfg(test)]
mod tests;

use rules::Millis;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

pub use error::{Error, PostgresError, SqliteError};
pub use postgres_address::is_postgres_near;
pub use value::{Param, Row};

/// Makes a folder, and those above it, where they are missing, for this user alone.
pub fn make_private_folder(path: &Path) -> std::io::Result<()> {
    let mut folder = std::fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(path)
}

/// The database. Clones share it.
#[derive(Clone)]
pub enum Db {
    /// A file of this process's own.
    Sqlite(sqlite::Sqlite),
    /// A server that several nodes share.
    Postgres(postgres::Postgres),
    /// A transaction of one of the others, made by [`Db::in_one_transaction`].
    Joined(joined::Joined),
}

impl Db {
    /// Opens `cognate.db` in the directory `path`, both made if missing and readable by this user alone.
    pub async fn open_sqlite(path: &Path) -> Result<Db, Error> {
        let path = path.to_owned();
        blocking(move || sqlite::Sqlite::open(&path)).await.map(Db::Sqlite)
    }

    /// Opens an empty database that vanishes with its last clone.
    pub async fn open_memory() -> Result<Db, Error> {
        blocking(sqlite::Sqlite::open_temporary).await.map(Db::Sqlite)
    }

    /// Opens a pool of connections to `postgres://user:password@host/database?sslmode=…` and makes the first
    /// one, so that a wrong address is found here.
    ///
    /// `sslmode` is `disable`, `prefer` (the default on this machine), `require` (encrypted, the server unproved) or
    /// `verify-full` (the default for other machines: the server's certificate checked against `sslrootcert=FILE` or
    /// the system's roots).
    pub async fn open_postgres(url: &str) -> Result<Db, Error> {
        postgres::Postgres::open(url).await.map(Db::Postgres)
    }

    /// Brings the schema to this binary's version, calls `progress` before each migration it applies, and
    /// answers how many these were. A database that is newer than the binary is refused untouched.
    pub async fn migrate(&self, now_ms: Millis, progress: impl Fn(u32, &str)) -> Result<u32, Error> {
        migrate::run(self, migrate::MIGRATIONS, now_ms, progress).await
    }

    /// How many migrations this program would apply; none where it did already. A database that is newer is an
    /// error.
    pub async fn missing_migrations(&self) -> Result<usize, Error> {
        migrate::missing(self, migrate::MIGRATIONS).await
    }

    /// Runs a closure that reads. It sees every write acknowledged before.
    #[tracing::instrument(level = "debug", name = "store.read", skip_all)]
    pub async fn read<T, E>(
        &self,
        f: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (work, answer) = erased::split(f);
        let ended = match self {
            Db::Sqlite(sqlite) => sqlite.read(work).await,
            Db::Postgres(postgres) => postgres.read(work).await,
            Db::Joined(joined) => joined.read(work).await,
        };
        answer.after(ended)
    }

    /// Runs a closure that reads a few rows by their keys, on the caller's own thread: handing such a read to another
    /// thread costs more than it does. It may run several times, once more for each of its statements. Each statement
    /// sees its own snapshot. Whatever may read more belongs into [`Db::read`].
    #[tracing::instrument(level = "debug", name = "store.look_up", skip_all)]
    pub async fn look_up<T, E>(
        &self,
        f: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (work, answer) = erased::split(f);
        let ended = match self {
            Db::Sqlite(sqlite) => sqlite.look_up(work).await,
            Db::Postgres(postgres) => postgres.look_up(work).await,
            Db::Joined(joined) => joined.read(work).await,
        };
        answer.after(ended)
    }

    /// Runs a closure that writes; an `Err` or a panic undoes what it wrote.
    ///
    /// Dropping the future does not undo a write that has been accepted.
    #[tracing::instrument(level = "debug", name = "store.write", skip_all)]
    pub async fn write<T, E>(
        &self,
        f: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (work, answer) = erased::split(f);
        let ended = match self {
            Db::Sqlite(sqlite) => sqlite.write(work).await,
            Db::Postgres(postgres) => postgres.write(work).await,
            Db::Joined(joined) => joined.write(work).await,
        };
        answer.after(ended)
    }

    /// Runs `work` with a database whose reads and writes are all one transaction of this one: everything is
    /// kept if `work` and all its writes answer `Ok`, else nothing.
    ///
    /// Meanwhile SQLite takes no other write, so `work` must not write to this database but only to the one that
    /// it is given. It runs once: [`Error::Conflict`] asks the caller to try again.
    pub async fn in_one_transaction<T, E, F>(&self, work: impl FnOnce(Db) -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        E: From<Error>,
    {
        joined::run(self, work).await
    }

    /// How many reads and writes wait for their turn. On PostgreSQL they wait for a connection, all alike, and are
    /// counted as writes.
    pub fn waiting(&self) -> (usize, usize) {
        match self {
            Db::Sqlite(sqlite) => sqlite.waiting(),
            Db::Postgres(postgres) => (0, postgres.waiting()),
            Db::Joined(_) => (0, 0),
        }
    }

    /// Accepts nothing more, finishes what was accepted, and folds SQLite's log into its file.
    pub async fn close(&self) {
        match self {
            Db::Sqlite(sqlite) => sqlite.close().await,
            Db::Postgres(postgres) => postgres.close().await,
            Db::Joined(_) => {}
        }
    }
}

/// A transaction under way, lent to a closure.
pub struct Tx<'a> {
    engine: Engine<'a>,
    failed: bool,
    statements: usize,
    /// Whether it failed because SQLite would have had to wait.
    was_busy: bool,
}

enum Engine<'a> {
    Sqlite(&'a rusqlite::Connection),
    Postgres(&'a mut postgres::Session),
    Replay(&'a mut postgres::Replay),
}

impl<'a> Tx<'a> {
    fn new(engine: Engine<'a>) -> Tx<'a> {
        Tx { engine, failed: false, statements: 0, was_busy: false }
    }

    /// How many statements it was given: what strangers can time.
    pub fn statements(&self) -> usize {
        self.statements
    }

    /// Runs a statement and answers its rows.
    pub fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, Error> {
        self.statement(params, |engine| match engine {
            Engine::Sqlite(connection) => sqlite::query(connection, sql, params),
            Engine::Postgres(session) => session.query(sql, params),
            Engine::Replay(replay) => replay.query(sql, params),
        })
    }

    /// Runs a statement that answers at most one row; a second one is an error.
    pub fn query_one(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Option<Row>, Error> {
        let mut rows = self.query(sql, params)?;
        if rows.len() > 1 {
            self.failed = true;
            return Err(Error::ManyRows);
        }
        Ok(rows.pop())
    }

    /// Runs an INSERT, UPDATE or DELETE without RETURNING and answers how many rows it touched.
    pub fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, Error> {
        self.statement(params, |engine| match engine {
            Engine::Sqlite(connection) => sqlite::execute(connection, sql, params),
            Engine::Postgres(session) => session.execute(sql, params),
            Engine::Replay(replay) => replay.other(),
        })
    }

    /// Runs several statements without parameters, for migrations.
    fn batch(&mut self, sql: &str) -> Result<(), Error> {
        self.statement(&[], |engine| match engine {
            Engine::Sqlite(connection) => Ok(connection.execute_batch(sql)?),
            Engine::Postgres(session) => session.batch(sql),
            Engine::Replay(replay) => replay.other(),
        })
    }

    fn statement<R>(
        &mut self,
        params: &[Param<'_>],
        run: impl FnOnce(&mut Engine<'a>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        self.statements += 1;
        // PostgreSQL refuses everything after a failed statement; SQLite is held to the same.
        if self.failed {
            return Err(Error::Aborted);
        }
        let result = value::check_texts(params).and_then(|()| run(&mut self.engine));
        self.failed = result.is_err();
        self.was_busy = result.as_ref().is_err_and(Error::is_busy);
        result
    }
}

/// Runs a caller's closure so that a panic or an overlooked failure becomes an error, which undoes its writes.
fn run_closure<T, E: From<Error>>(f: &impl Fn(&mut Tx<'_>) -> Result<T, E>, tx: &mut Tx<'_>) -> Result<T, E> {
    // Whatever the panic left half done in the transaction is rolled back, and the closure is `Fn`.
    let result = catch_unwind(AssertUnwindSafe(|| f(tx))).unwrap_or_else(|_| Err(Error::Panicked.into()));
    match result {
        Ok(_) if tx.failed => Err(Error::Aborted.into()),
        result => result,
    }
}

async fn blocking<T: Send + 'static>(
    f: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(f).await.unwrap_or(Err(Error::Panicked))
}
