//! The seed: a file that names pools, clients, groups and users which are there before the first answer.
//!
//! It is applied through the operations of the API, under their rules, in one transaction. What the file names is
//! afterwards as the file says, and what it does not name is left alone, so applying it again changes nothing.

mod clients;
mod entry;
mod file;
mod pools;
mod sessions;
mod users;

pub use entry::Mistake;

use crate::{app::App, callers::Operator};
use entry::Place;
use rules::Fault;
use serde::de::DeserializeOwned;
use serde_json::Value;
use spec::{Code, DecodeError, json, shape::OperationSpec};
use std::{
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

/// How often a seed is tried that collides with the writes of another node.
const TRIES_MAX: usize = 5;

/// Applies the seed of the settings, if there is one; answers how many things it changed.
///
/// # Errors
/// What is wrong with the file, and where. Nothing is changed then.
pub async fn apply(app: &App) -> Result<usize, Mistake> {
    let Some(path) = &app.config.seed else { return Ok(0) };
    apply_file(app, path, false).await
}

/// Empties the store and applies the seed, all or nothing.
///
/// # Errors
/// What is wrong with the file, and where.
pub async fn apply_afresh(app: &App) -> Result<usize, Mistake> {
    match &app.config.seed {
        Some(path) => apply_file(app, path, true).await,
        None => {
            app.db.write(store::wipe::everything).await.map_err(|error| Mistake::of(Fault::from(error)))?;
            Ok(0)
        }
    }
}

async fn apply_file(app: &App, path: &Path, afresh: bool) -> Result<usize, Mistake> {
    let pools = file::read(path)?;
    let mut tries = 0;
    loop {
        tries += 1;
        let result = app.db.in_one_transaction(|db| apply_pools(app.on(db), &pools, afresh)).await;
        match result {
            Err(mistake) if mistake.is_collision() && tries < TRIES_MAX => continue,
            result => return result,
        }
    }
}

async fn apply_pools(app: App, pools: &[file::Pool], afresh: bool) -> Result<usize, Mistake> {
    if afresh {
        app.db.write(store::wipe::everything).await.map_err(|error| Mistake::of(Fault::from(error)))?;
    }
    let sower = Sower { operator: Operator::server(&app.config), app, changes: AtomicUsize::new(0) };
    for pool in pools {
        sower.pool(pool).await?;
        sower.pool_sessions(pool).await?;
        for client in &pool.clients {
            sower.client(&pool.id, client).await?;
            sower.client_sessions(&pool.id, client).await?;
        }
        for group in &pool.groups {
            sower.group(&pool.id, group).await?;
        }
        for user in &pool.users {
            sower.user(&pool.id, user).await?;
        }
    }
    Ok(sower.changes.into_inner())
}

/// Who calls the operations.
struct Sower {
    app: App,
    operator: Operator,
    changes: AtomicUsize,
}

impl Sower {
    /// Calls an operation that changes something, with a request that is checked as one from outside.
    async fn ask<I: DeserializeOwned, O>(
        &self,
        place: &Place,
        operation: &OperationSpec,
        input: Value,
        f: impl AsyncFnOnce(&App, &Operator, I) -> rules::Result<O>,
    ) -> Result<O, Mistake> {
        let request = request(place, operation, input)?;
        let output =
            Box::pin(f(&self.app, &self.operator, request)).await.map_err(|fault| place.fault(fault))?;
        self.changes.fetch_add(1, Ordering::Relaxed);
        Ok(output)
    }
}

/// A request of an operation, checked against its shape.
fn request<I: DeserializeOwned>(
    place: &Place,
    operation: &OperationSpec,
    input: Value,
) -> Result<I, Mistake> {
    let shape = operation.input.ok_or_else(|| place.mistake("an operation without input"))?;
    let checked = json::decode(shape, input.to_string().as_bytes()).map_err(|error| match error {
        DecodeError::Malformed(text) | DecodeError::Invalid(text) => place.mistake(text),
    })?;
    // serde's text could repeat a password.
    serde_json::from_value(checked).map_err(|_| place.mistake("this does not fit"))
}

/// A pool or client as it is compared: without the date of its last change.
fn undated(document: &impl serde::Serialize) -> Value {
    let mut value = serde_json::to_value(document).unwrap_or_default();
    if let Some(detail) = value["detail"].as_object_mut() {
        detail.remove("LastModifiedDate");
    }
    value
}

/// Whether a fault says that something does not exist.
fn is_unknown(fault: &Fault) -> bool {
    matches!(fault.code, Code::ResourceNotFoundException | Code::UserNotFoundException)
}
