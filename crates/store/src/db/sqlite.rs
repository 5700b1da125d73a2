//! SQLite: one writer thread that commits waiting transactions in groups, and a few reader threads beside it.

mod lookups;
mod worker;

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OpenFlags};
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::value::Value;
use super::{Error, Param, Row, Tx};
use lookups::Lookups;
use worker::{Call, Job, Work};

/// One for each processor within these bounds: more would take turns, each with pages of its own.
const READERS_MIN: usize = 2;
const READERS_MAX: usize = 4;
/// The pages that the readers keep, all together: where there are a million users, the inner pages of what they list.
const READERS_CACHE_KIB: usize = 32 * 1024;
/// Room for most inner pages of a million users.
const LOOKUP_CACHE_KIB: usize = 5 * 1024;
/// What a group of transactions touches.
const WRITER_CACHE_KIB: usize = 4 * 1024;
const QUEUE_CAPACITY: usize = 4096;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// More than the program has statements, so that none is prepared twice.
const STATEMENTS_KEPT: usize = 512;

/// The handle to the threads that own the connections.
#[derive(Clone)]
pub struct Sqlite {
    shared: Arc<Shared>,
}

struct Shared {
    reads: Arc<Work>,
    writes: Arc<Work>,
    lookups: Lookups,
    threads: tokio::sync::Mutex<Threads>,
}

#[derive(Default)]
struct Threads {
    readers: Vec<JoinHandle<()>>,
    writer: Option<JoinHandle<()>>,
}

/// What a commit must survive.
#[derive(Clone, Copy)]
enum Durability {
    PowerLoss,
    Nothing,
}

impl Sqlite {
    pub(super) fn open(directory: &Path) -> Result<Sqlite, Error> {
        make_private(directory).map_err(|error| Error::Open(format!("{}: {error}", directory.display())))?;
        Sqlite::start(directory, Durability::PowerLoss, None, QUEUE_CAPACITY)
    }

    pub(super) fn open_temporary() -> Result<Sqlite, Error> {
        Sqlite::open_temporary_with(QUEUE_CAPACITY)
    }

    /// A file and not SQLite's memory, which cannot be read beside a write.
    pub(super) fn open_temporary_with(capacity: usize) -> Result<Sqlite, Error> {
        let failed = |error| Error::Open(format!("a temporary directory: {error}"));
        let mut builder = tempfile::Builder::new();
        builder.prefix("cognate-");
        // It may outlive the process, if that is killed.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let place = Arc::new(builder.tempdir().map_err(failed)?);
        make_private(place.path()).map_err(failed)?;
        Sqlite::start(place.path(), Durability::Nothing, Some(&place), capacity)
    }

    fn start(
        directory: &Path,
        durability: Durability,
        place: Option<&Arc<TempDir>>,
        capacity: usize,
    ) -> Result<Sqlite, Error> {
        let path = directory.join("cognate.db");
        let (reads, writes) = (Arc::new(Work::new(capacity)), Arc::new(Work::new(capacity)));
        let writer = open_connection(&path, durability)?;
        let processors = thread::available_parallelism().map_or(READERS_MIN, usize::from);
        let lookups = Lookups::open(&path, durability, processors, place.cloned())?;
        let shared = Arc::new(Shared { reads, writes, lookups, threads: tokio::sync::Mutex::default() });
        // From here on a failure drops `shared`, which ends the threads already started.
        let mut threads = Threads::default();
        let (work, kept) = (Arc::clone(&shared.writes), place.cloned());
        threads.writer = Some(spawn("store-writer", move || worker::write(writer, &work, kept))?);
        let readers = processors.clamp(READERS_MIN, READERS_MAX);
        for _ in 0..readers {
            let reader = open_reader(&path, durability, READERS_CACHE_KIB / readers)?;
            let (work, kept) = (Arc::clone(&shared.reads), place.cloned());
            threads.readers.push(spawn("store-reader", move || worker::read(reader, &work, kept))?);
        }
        if let Ok(mut slot) = shared.threads.try_lock() {
            *slot = threads;
        }
        Ok(Sqlite { shared })
    }

    pub(super) async fn read<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        submit(&self.shared.reads, f).await
    }

    pub(super) async fn look_up<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        match self.shared.lookups.run(&f) {
            Some(result) => result,
            None => submit(&self.shared.reads, f).await,
        }
    }

    pub(super) async fn write<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        submit(&self.shared.writes, f).await
    }

    pub(super) fn waiting(&self) -> (usize, usize) {
        (self.shared.reads.waiting(), self.shared.writes.waiting())
    }

    /// The readers go first, because the writer's last checkpoint waits for them.
    pub(super) async fn close(&self) {
        let mut threads = self.shared.threads.lock().await;
        let Threads { readers, writer } = std::mem::take(&mut *threads);
        self.shared.lookups.close();
        self.shared.reads.close();
        self.shared.writes.close();
        let joined = tokio::task::spawn_blocking(move || {
            readers.into_iter().chain(writer).map(JoinHandle::join).filter(Result::is_err).count()
        });
        if !matches!(joined.await, Ok(0)) {
            tracing::error!("a thread of the store ended in a panic");
        }
    }
}

impl Drop for Shared {
    /// The threads finish what was accepted and end by themselves. They are not waited for: the last handle may
    /// be dropped on one of them.
    fn drop(&mut self) {
        self.reads.close();
        self.writes.close();
    }
}

async fn submit<T, E, F>(work: &Work, f: F) -> Result<T, E>
where
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let job: Box<dyn Job> = Box::new(Call::new(f, reply));
    work.push(job)?;
    // A job is answered or its thread died of a panic outside the closure, in a destructor.
    answer.await.unwrap_or_else(|_| Err(Error::Panicked.into()))
}

fn spawn(name: &str, f: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(f);
    thread.map_err(|error| Error::Open(format!("no thread for the store: {error}")))
}

/// Makes the folder and the store's file in it, where they are missing, for this user alone. SQLite gives the files
/// beside the store its mode.
fn make_private(directory: &Path) -> std::io::Result<()> {
    super::make_private_folder(directory)?;
    let mut file = OpenOptions::new();
    file.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    file.open(directory.join("cognate.db")).map(drop)
}

fn open_connection(path: &Path, durability: Durability) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let synchronous = match durability {
        Durability::PowerLoss => "FULL",
        Durability::Nothing => "OFF",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", 20_000)?;
    set_cache_size(&connection, WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // What is deleted is overwritten where that costs no further writing: backups copy free space too.
    connection.pragma_update(None, "secure_delete", "FAST")?;
    // LIKE minds the case and "x" is never a text, as on PostgreSQL.
    connection.pragma_update(None, "case_sensitive_like", true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    // Else SQLite plans a statement anew whenever it is given other parameters, which costs more than running it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// A connection that only reads.
fn open_reader(path: &Path, durability: Durability, cache_kib: usize) -> Result<Connection, Error> {
    let connection = open_connection(path, durability)?;
    connection.pragma_update(None, "query_only", true)?;
    set_cache_size(&connection, cache_kib)?;
    Ok(connection)
}

/// SQLite takes a number below zero for KiB, and one above for pages.
fn set_cache_size(connection: &Connection, kib: usize) -> rusqlite::Result<()> {
    connection.pragma_update(None, "cache_size", -(kib as i64))
}

pub(super) fn query(connection: &Connection, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, Error> {
    let mut statement = bound(connection, sql, params)?;
    let columns = statement.column_count();
    let mut rows = statement.raw_query();
    let mut answer = Vec::new();
    while let Some(row) = rows.next()? {
        let values = (0..columns).map(|index| value(index, row.get_ref(index)?));
        answer.push(Row { values: values.collect::<Result<_, _>>()? });
    }
    Ok(answer)
}

pub(super) fn execute(connection: &Connection, sql: &str, params: &[Param<'_>]) -> Result<u64, Error> {
    let mut statement = bound(connection, sql, params)?;
    Ok(statement.raw_execute()? as u64)
}

/// SQLite takes `$2` for a name and counts names as they appear; `?2` is the second parameter wherever it stands.
fn bound<'a>(
    connection: &'a Connection,
    sql: &str,
    params: &[Param<'_>],
) -> Result<CachedStatement<'a>, Error> {
    let mut statement = connection.prepare_cached(&sql.replace('$', "?"))?;
    let expected = statement.parameter_count();
    if expected != params.len() {
        return Err(Error::Parameters { expected, given: params.len() });
    }
    for (index, param) in (1..).zip(params) {
        statement.raw_bind_parameter(index, param)?;
    }
    Ok(statement)
}

fn value(index: usize, value: ValueRef<'_>) -> Result<Value, Error> {
    let unknown = |found| Error::Column { index, wanted: "an integer, a UTF-8 text or a blob", found };
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(int) => Ok(Value::Int(int)),
        ValueRef::Blob(bytes) => Ok(Value::Blob(bytes.to_vec())),
        ValueRef::Real(_) => Err(unknown("a floating-point number")),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Value::Text(text.to_owned())),
            Err(_) => Err(unknown("a text that is not UTF-8")),
        },
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Param::Null => ValueRef::Null,
            Param::Int(int) => ValueRef::Integer(*int),
            Param::Text(text) => ValueRef::Text(text.as_bytes()),
            Param::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
