//! The pools that connections to PostgreSQL come from.

use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime,
};
use tokio::time::timeout;
use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Error;

/// How many connections lookups share at most, with those that were given up and are still in use.
pub const LOOKUP_CONNECTIONS: usize = 4;
/// How many closures run at once, each on a connection of its own.
pub const CONNECTIONS_MAX: usize = 12;
/// For a free connection, for a new one, and for each of the steps between.
const POOL_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection only reads unless a transaction says otherwise, as SQLite's readers do.
const PREPARE_SESSION: &str = "SET statement_timeout = 10000; SET default_transaction_read_only = on";

/// Where the server is, and how it is spoken to.
type Server = (Config, MakeRustlsConnect);

/// The pool for closures: who finds all connections in use waits for one.
pub fn patient(server: Server) -> Result<Pool, Error> {
    new(server, CONNECTIONS_MAX, POOL_TIMEOUT)
}

/// The pool for lookups: who finds all connections in use is told so at once.
pub fn of_lookups(server: Server) -> Result<Pool, Error> {
    new(server, LOOKUP_CONNECTIONS, Duration::ZERO)
}

fn new((config, tls): Server, max_size: usize, patience: Duration) -> Result<Pool, Error> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(config, tls, recycling);
    let pool = Pool::builder(manager)
        .max_size(max_size)
        .wait_timeout(Some(patience))
        .create_timeout(Some(POOL_TIMEOUT))
        .recycle_timeout(Some(POOL_TIMEOUT))
        .runtime(Runtime::Tokio1)
        .post_create(Hook::async_fn(|client, _| Box::pin(prepare(client))));
    pool.build().map_err(|error| Error::Pool(error.to_string()))
}

/// The pool's own time-outs do not include this.
async fn prepare(client: &mut ClientWrapper) -> Result<(), HookError> {
    match timeout(POOL_TIMEOUT, client.batch_execute(PREPARE_SESSION)).await {
        Ok(prepared) => prepared.map_err(HookError::Backend),
        Err(_) => Err(HookError::message("it does not answer")),
    }
}

pub fn error(error: PoolError) -> Error {
    match error {
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => error.into(),
        PoolError::Closed => Error::Closed,
        PoolError::Timeout(_) => Error::Pool("none came free in time".to_owned()),
        other => Error::Pool(other.to_string()),
    }
}
