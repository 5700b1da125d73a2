//! PostgreSQL: a pool of connections, serializable writes that run again when they collide.

mod lookup_connections;
mod lookups;
mod pools;

#[cfg(test)]
pub(super) use lookup_connections::SHARERS_MAX;
pub(super) use lookups::Replay;
#[cfg(test)]
pub(super) use pools::LOOKUP_CONNECTIONS;

use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use deadpool_postgres::{ClientWrapper, Object, Pool};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedRwLockReadGuard, RwLock};
use tokio_postgres::Statement;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::value::Value;
use super::{Engine, Error, Param, PostgresError, Row, Tx, postgres_address, run_closure};
use lookup_connections::LookupConnections;

/// The server gives up after ten seconds. Longer than that the network is dead, and so is the connection, or lookups
/// that share it are this slow.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a migration waits for a lock, as behind `pg_dump`: whoever comes after it waits behind it.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
const VERIFIED_BY_DEFAULT: &str = "a server on another machine must show a certificate for its name by an authority of \
     this system, or of sslrootcert=FILE in the URL; sslmode=require checks no certificate, and sslmode=disable \
     encrypts nothing";
const STATEMENTS_KEPT: usize = 1024;
const BEGIN: &str = "BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE";

const TRIES_MAX: u32 = 12;
const TRIES_WITH_COMPANY: u32 = 4;

/// "cognate" in ASCII, the name of the lock that a migrating node holds.
const MIGRATION_LOCK: &str = "SELECT pg_advisory_lock(27988512718550117)";

/// The handle to the pool.
#[derive(Clone)]
pub struct Postgres {
    shared: Arc<Shared>,
}

struct Shared {
    pool: Pool,
    lookups: LookupConnections,
    /// Held for reading by whatever is under way, for writing by `close`.
    gate: Arc<RwLock<()>>,
    /// What has collided often waits here for its turn, so that this node's transactions stop colliding with
    /// each other.
    lane: Mutex<()>,
    pauses: AtomicU64,
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Read,
    Write,
}

/// How one try ended.
enum Tried<T, E> {
    Done(Result<T, E>),
    /// The server undid everything, and the closure may run again.
    Collided,
    /// The connection was lost before a commit was asked for.
    Lost(Error),
}

impl Postgres {
    pub(super) async fn open(url: &str) -> Result<Postgres, Error> {
        let (config, tls) = postgres_address::parse(url)?;
        let pool = pools::patient((config.clone(), tls.clone()))?;
        let lookups = LookupConnections::new(pools::of_lookups((config, tls))?);
        let gate = Arc::default();
        // Nodes that start together pause differently, because their process ids differ.
        let pauses = AtomicU64::new(u64::from(std::process::id()) << 32);
        let shared = Arc::new(Shared { pool, lookups, gate, lane: Mutex::new(()), pauses });
        match shared.connection().await {
            Ok(connection) => drop(connection),
            Err(error) if postgres_address::is_verified_by_default(url) => {
                return Err(Error::Open(format!("{error} ({VERIFIED_BY_DEFAULT})")));
            }
            Err(error) => return Err(error),
        }
        Ok(Postgres { shared })
    }

    pub(super) async fn read<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.run(Mode::Read, f).await
    }

    pub(super) async fn write<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.run(Mode::Write, f).await
    }

    pub(super) fn waiting(&self) -> usize {
        self.shared.pool.status().waiting
    }

    /// Waits for what is under way before it closes the pool.
    pub(super) async fn close(&self) {
        let _alone = self.shared.gate.write().await;
        self.shared.lookups.close();
        self.shared.pool.close();
    }

    /// Takes the lock that lets one node migrate at a time; it ends with the connection that is answered.
    pub(super) async fn lock_migrations(&self) -> Result<impl Sized + use<>, Error> {
        let client = Object::take(self.shared.connection().await?);
        client.batch_execute("SET statement_timeout = 0").await?;
        client.batch_execute(MIGRATION_LOCK).await?;
        Ok(client)
    }

    async fn run<T, E, F>(&self, mode: Mode, f: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let f = Arc::new(f);
        let mut lane = None;
        let mut lost = None;
        for tries in 0..TRIES_MAX {
            if tries > 0 {
                tokio::time::sleep(self.shared.pause(tries)).await;
            }
            if tries >= TRIES_WITH_COMPANY && lane.is_none() {
                lane = Some(self.shared.lane.lock().await);
            }
            let under_way = Arc::clone(&self.shared.gate).read_owned().await;
            let client = self.shared.connection().await?;
            match attempt(client, mode, Arc::clone(&f), under_way).await? {
                Tried::Done(result) => return result,
                Tried::Collided => lost = None,
                // Once may be a server that restarted; twice is trouble that the caller should hear of.
                Tried::Lost(error) if lost.is_some() => return Err(error.into()),
                Tried::Lost(error) => lost = Some(error),
            }
        }
        Err(Error::Conflict { tries: TRIES_MAX }.into())
    }
}

impl Shared {
    async fn connection(&self) -> Result<Object, Error> {
        self.pool.get().await.map_err(pools::error)
    }

    /// One millisecond, doubled by each try up to 64, give or take a half: a counter, well mixed, is as good as
    /// chance at keeping two transactions from meeting again.
    fn pause(&self, tries: u32) -> Duration {
        let mut mixed =
            self.pauses.fetch_add(1, Ordering::Relaxed).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed ^= mixed >> 27;
        let micros = 1000 << tries.min(6);
        Duration::from_micros(micros / 2 + mixed % micros)
    }
}

/// Runs a closure on a blocking thread, where it may wait for each statement.
async fn attempt<T, E, F>(
    client: Object,
    mode: Mode,
    f: Arc<F>,
    under_way: OwnedRwLockReadGuard<()>,
) -> Result<Tried<T, E>, Error>
where
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    let handle = Handle::current();
    let task = tokio::task::spawn_blocking(move || {
        let _under_way = under_way;
        let mut session = Session { client, handle, failure: None, is_open: false };
        // A panic beside the closure, as when the runtime is shutting down, leaves the connection in doubt.
        match catch_unwind(AssertUnwindSafe(|| session.transact(mode, &*f))) {
            Ok(tried) => {
                session.give_back();
                tried
            }
            Err(_) => {
                drop(Object::take(session.client));
                Tried::Done(Err(Error::Panicked.into()))
            }
        }
    });
    task.await.map_err(|_| Error::Panicked)
}

/// A connection lent to one closure, and the first thing that went wrong on it.
pub(super) struct Session {
    client: Object,
    handle: Handle,
    failure: Option<Error>,
    /// Whether the server has a transaction that must be ended.
    is_open: bool,
}

impl Session {
    fn transact<T, E: From<Error>>(
        &mut self,
        mode: Mode,
        f: &impl Fn(&mut Tx<'_>) -> Result<T, E>,
    ) -> Tried<T, E> {
        let result = match mode {
            Mode::Write => {
                self.is_open = true;
                self.simple(BEGIN).map_err(E::from)
            }
            Mode::Read => Ok(()),
        };
        let result = result.and_then(|()| run_closure(f, &mut Tx::new(Engine::Postgres(self))));
        match &self.failure {
            Some(Error::Postgres(error)) if error.is_conflict() => return Tried::Collided,
            Some(Error::Postgres(error)) if error.is_lost() => {
                return Tried::Lost(Error::Postgres(error.clone()));
            }
            _ => {}
        }
        if mode == Mode::Read || result.is_err() {
            return Tried::Done(result);
        }
        // Whatever the server answers to it, the transaction has ended.
        self.is_open = false;
        match self.simple("COMMIT") {
            Ok(()) => Tried::Done(result),
            Err(Error::Postgres(error)) if error.is_conflict() => Tried::Collided,
            // A connection lost here leaves open whether the commit happened, so nothing is run again.
            Err(error) => Tried::Done(Err(error.into())),
        }
    }

    /// Ends what is open and returns the connection to the pool, or drops it if it cannot be trusted.
    fn give_back(mut self) {
        let broken = match &self.failure {
            Some(Error::Postgres(error)) => error.is_lost(),
            Some(Error::TimedOut) => true,
            _ => false,
        };
        if broken || (self.is_open && self.simple("ROLLBACK").is_err()) {
            drop(Object::take(self.client));
        }
    }

    pub(super) fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, Error> {
        self.note(|session| session.wait(rows(&session.client, sql, params)))
    }

    pub(super) fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, Error> {
        self.note(|session| {
            session.wait(async {
                let statement = prepare(&session.client, sql, params.len()).await?;
                Ok(session.client.execute(&statement, &bound(params)).await?)
            })
        })
    }

    /// A migration takes the time it takes.
    pub(super) fn batch(&mut self, sql: &str) -> Result<(), Error> {
        self.note(|session| {
            let lock_ms = LOCK_TIMEOUT.as_millis();
            let patient =
                format!("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = {lock_ms}; {sql}");
            Ok(session.handle.block_on(session.client.batch_execute(&patient))?)
        })
    }

    fn simple(&mut self, sql: &str) -> Result<(), Error> {
        self.note(|session| session.wait(async { Ok(session.client.batch_execute(sql).await?) }))
    }

    fn wait<R>(&self, work: impl Future<Output = Result<R, Error>>) -> Result<R, Error> {
        self.handle.block_on(in_time(work))
    }

    fn note<R>(&mut self, work: impl FnOnce(&Session) -> Result<R, Error>) -> Result<R, Error> {
        let result = work(self);
        if let Err(error) = &result {
            forget_stale(&self.client, error);
            self.failure.get_or_insert_with(|| error.clone());
        }
        result
    }
}

/// What a statement answers, unless the server or the network takes too long.
async fn in_time<R>(statement: impl Future<Output = Result<R, Error>>) -> Result<R, Error> {
    let answer = tokio::time::timeout(STATEMENT_TIMEOUT, statement).await;
    answer.unwrap_or(Err(Error::TimedOut)).map_err(timed_out)
}

async fn prepare(client: &ClientWrapper, sql: &str, given: usize) -> Result<Statement, Error> {
    if client.statement_cache.size() >= STATEMENTS_KEPT {
        client.statement_cache.clear();
    }
    let statement = client.prepare_cached(sql).await?;
    let expected = statement.params().len();
    if expected == given { Ok(statement) } else { Err(Error::Parameters { expected, given }) }
}

async fn rows(client: &ClientWrapper, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, Error> {
    let statement = prepare(client, sql, params.len()).await?;
    let rows = client.query(&statement, &bound(params)).await?;
    rows.iter().map(row).collect()
}

/// Calls the server's own statement time-out (57014) what it is.
fn timed_out(error: Error) -> Error {
    match error {
        Error::Postgres(PostgresError { code: Some(code), .. }) if code == "57014" => Error::TimedOut,
        error => error,
    }
}

/// Statements that a change of the schema made useless are prepared anew.
fn forget_stale(client: &ClientWrapper, error: &Error) {
    if matches!(error, Error::Postgres(error) if error.is_stale_statement()) {
        client.statement_cache.clear();
    }
}

fn bound<'a>(params: &'a [Param<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|param| param as &(dyn ToSql + Sync)).collect()
}

fn row(row: &tokio_postgres::Row) -> Result<Row, Error> {
    let values = (0..row.len()).map(|index| row.try_get::<_, Value>(index));
    Ok(Row { values: values.collect::<Result<_, _>>()? })
}

impl ToSql for Param<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match (self, ty) {
            (Param::Null, _) => Ok(IsNull::Yes),
            (Param::Int(int), &Type::INT8) => int.to_sql(ty, out),
            (Param::Int(int), &Type::INT4) => i32::try_from(*int)?.to_sql(ty, out),
            (Param::Int(int), &Type::INT2) => i16::try_from(*int)?.to_sql(ty, out),
            (Param::Text(text), &Type::TEXT | &Type::VARCHAR | &Type::UNKNOWN) => text.to_sql(ty, out),
            (Param::Blob(bytes), &Type::BYTEA) => bytes.to_sql(ty, out),
            (param, ty) => Err(format!("{param:?} does not fit the type {ty}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Value, Box<dyn StdError + Sync + Send>> {
        match *ty {
            Type::INT8 => i64::from_sql(ty, raw).map(Value::Int),
            Type::INT4 => i32::from_sql(ty, raw).map(|int| Value::Int(int.into())),
            Type::INT2 => i16::from_sql(ty, raw).map(|int| Value::Int(int.into())),
            Type::BOOL => bool::from_sql(ty, raw).map(|bool| Value::Int(bool.into())),
            Type::TEXT | Type::VARCHAR | Type::NAME | Type::UNKNOWN => {
                String::from_sql(ty, raw).map(Value::Text)
            }
            Type::BYTEA => Ok(Value::Blob(raw.to_vec())),
            _ => Err(format!("the type {ty} is not part of the dialect").into()),
        }
    }

    fn from_sql_null(_: &Type) -> Result<Value, Box<dyn StdError + Sync + Send>> {
        Ok(Value::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
