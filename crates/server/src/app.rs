//! What every request shares: the store, the clock, the vault, the workers, and configuration read a moment ago.

use crate::{
    audit::Audit,
    cache::Cache,
    callers::access_keys::AccessKey,
    clock::Clock,
    config::Config,
    http::{admission::RateLimits, body::LongBodies, health::Readiness},
    keys::ring::{KeyRing, PoolKeys, TokenUse},
    kms::data_keys::DataKeys,
    metrics::Metrics,
    secrets::{random::SystemRandom, vault::Vault},
    triggers::functions::Functions,
    work::{
        hashing,
        pool::{self, Workers},
    },
};
use rules::{
    Fault, Millis, Result, fault,
    ids::PoolId,
    pool::{Client, Pool},
};
use std::{
    ops::Deref,
    sync::{Arc, atomic::AtomicBool},
};
use store::{Db, Tx, keys::SigningKey};

/// The server's shared state. Clones share it.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// The parts of [`App`].
pub struct Inner {
    /// The settings that were read at start.
    pub config: Config,
    /// The store.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// The master key.
    pub vault: Arc<Vault>,
    /// The processor's queue.
    pub workers: Workers,
    /// Key pairs that sign tokens.
    pub keys: Arc<KeyRing>,
    /// Events that wait to be stored.
    pub audit: Arc<Audit>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The functions that pools name.
    pub functions: Arc<Functions>,
    /// Who makes the keys of custom senders' codes.
    pub data_keys: Arc<DataKeys>,
    /// Whether no more messages may wait for delivery.
    pub outbox_is_full: Arc<AtomicBool>,
    /// How many requests are let in.
    pub rate_limits: Arc<RateLimits>,
    /// Room for long bodies.
    pub long_bodies: LongBodies,
    /// Whether the server can serve.
    pub readiness: Readiness,
    pools: Cache<Pool>,
    clients: Cache<Client>,
    /// Access keys, as they were at most a second ago.
    pub(crate) access_keys: Cache<AccessKey>,
}

impl Deref for App {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl App {
    /// Puts the parts together.
    pub fn new(config: Config, db: Db, clock: Clock, vault: Vault, keys: KeyRing) -> Result<App> {
        let hash_ms = hashing::hash_ms(config.hashing, &mut SystemRandom)?;
        let workers =
            Workers::new(pool::processors(), hash_ms, hashing::give_memory_back).map_err(Fault::internal)?;
        let metrics = Arc::<Metrics>::default();
        let connections_max = config.limits.connections_per_address_max;
        let rate_limits = RateLimits::new(&config.rates, connections_max, clock.clone(), metrics.clone());
        let functions = Functions::new(&config, SystemRandom).map_err(Fault::internal)?;
        let vault = Arc::new(vault);
        let data_keys = DataKeys::new(config.kms.as_ref(), vault.clone()).map_err(Fault::internal)?;
        let long_bodies = LongBodies::new(&config.trusted_proxies);
        Ok(App(Arc::new(Inner {
            config,
            db,
            clock,
            vault,
            workers,
            keys: Arc::new(keys),
            audit: Arc::default(),
            metrics,
            outbox_is_full: Arc::default(),
            functions: Arc::new(functions),
            data_keys: Arc::new(data_keys),
            rate_limits: Arc::new(rate_limits),
            long_bodies,
            readiness: Readiness::default(),
            pools: Cache::default(),
            clients: Cache::default(),
            access_keys: Cache::default(),
        })))
    }

    /// The same server on another store: a transaction of this one's. It remembers nothing of what was read.
    pub fn on(&self, db: Db) -> App {
        App(Arc::new(Inner {
            config: self.config.clone(),
            db,
            clock: self.clock.clone(),
            vault: self.vault.clone(),
            workers: self.workers.clone(),
            keys: self.keys.clone(),
            audit: self.audit.clone(),
            metrics: self.metrics.clone(),
            functions: self.functions.clone(),
            data_keys: self.data_keys.clone(),
            outbox_is_full: self.outbox_is_full.clone(),
            rate_limits: self.rate_limits.clone(),
            long_bodies: self.long_bodies.clone(),
            readiness: Readiness::default(),
            pools: Cache::default(),
            clients: Cache::default(),
            access_keys: Cache::default(),
        }))
    }

    /// Milliseconds since 1970.
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Runs a closure in one transaction that writes, and hands it this server; an `Err` undoes what it wrote. It may
    /// run again, so it changes nothing but the database and draws nothing at random.
    pub async fn write<T: Send + 'static>(
        &self,
        f: impl Fn(&App, &mut Tx<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        let app = self.clone();
        self.db.write(move |tx| f(&app, tx)).await
    }

    /// The random source to hand to the rules: `&mut app.random()`.
    pub fn random(&self) -> SystemRandom {
        SystemRandom
    }

    /// The pool, as it was at most a second ago.
    ///
    /// # Errors
    /// ResourceNotFoundException if there is none.
    pub async fn pool(&self, id: &str) -> Result<Arc<Pool>> {
        let known = self.pools.get(id, self.now());
        self.metrics.configuration_cache.count(known.is_some());
        if let Some(pool) = known {
            return Ok(pool);
        }
        let key = id.to_owned();
        let found = self.db.look_up(move |tx| store::pools::find(tx, &key)).await?;
        let pool = Arc::new(found.ok_or_else(|| fault::unknown_pool(id))?);
        self.pools.put(id, pool.clone(), self.now());
        Ok(pool)
    }

    /// The client, as it was at most a second ago.
    ///
    /// # Errors
    /// ResourceNotFoundException if there is none.
    pub async fn client(&self, id: &str) -> Result<Arc<Client>> {
        let known = self.clients.get(id, self.now());
        self.metrics.configuration_cache.count(known.is_some());
        if let Some(client) = known {
            return Ok(client);
        }
        let key = id.to_owned();
        let found = self.db.look_up(move |tx| store::clients::find(tx, &key)).await?;
        let client = Arc::new(found.ok_or_else(|| fault::unknown_client(id))?);
        self.clients.put(id, client.clone(), self.now());
        Ok(client)
    }

    /// The keys of a pool, as they were at most a second ago.
    ///
    /// # Errors
    /// ResourceNotFoundException if there is no such pool.
    pub async fn pool_keys(&self, pool_id: &PoolId) -> Result<Arc<PoolKeys>> {
        self.keys.of(&self.db, &self.vault, self.now(), pool_id).await
    }

    /// A new key pair for a pool.
    pub async fn new_key(&self, pool_id: &PoolId, token_use: TokenUse) -> Result<SigningKey> {
        self.keys.make(&self.workers, &self.vault, self.random(), self.now(), pool_id, token_use).await
    }

    /// The client with its pool.
    ///
    /// # Errors
    /// ResourceNotFoundException if there is none.
    pub async fn client_and_pool(&self, client_id: &str) -> Result<(Arc<Client>, Arc<Pool>)> {
        let client = self.client(client_id).await?;
        let pool = self.pool(&client.pool_id).await?;
        Ok((client, pool))
    }

    /// Drops what is remembered of a pool, after it was changed or deleted.
    pub fn forget_pool(&self, id: &str) {
        self.pools.forget(id);
        self.clients.clear();
    }

    /// Drops what is remembered of a client, after it was changed or deleted.
    pub fn forget_client(&self, id: &str) {
        self.clients.forget(id);
    }

    /// Drops everything that is remembered.
    pub fn forget_everything(&self) {
        self.pools.clear();
        self.clients.clear();
        self.keys.forget_everything();
    }
}
