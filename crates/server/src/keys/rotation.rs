//! New signing keys in the place of old ones: by command, or when a key has served its time.
//!
//! The old key stays published until the last token it signed has expired, so that nobody is signed out. The new
//! one may be published some time before it signs, for verifiers that keep the published keys for long.

use super::ring::TokenUse;
use crate::app::App;
use rules::{DAY, HOUR, Millis, Result, fault, ids::PoolId};
use store::keys::SigningKey;

/// How long the longest ID or access token is good, and an hour for clocks that are off.
const PUBLISHED_AFTER_MS: Millis = DAY + HOUR;
/// How long before it signs a key is published that comes by schedule.
const PUBLISHED_BEFORE_MS: Millis = DAY;

/// What becomes of the keys that signed until now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Old {
    /// Published until their tokens have expired.
    Published,
    /// Removed at once, because somebody else may have them: every token they signed ends now.
    Removed,
}

/// Gives a pool new keys that sign from `ahead_ms` on.
///
/// # Errors
/// ResourceNotFoundException for an unknown pool.
pub async fn rotate(app: &App, pool_id: &PoolId, ahead_ms: Millis, old: Old) -> Result<()> {
    replace(app, pool_id, ahead_ms, old, None).await
}

/// Does nothing if the newest key is not `expected` any more: then another node was faster.
async fn replace(
    app: &App,
    pool_id: &PoolId,
    ahead_ms: Millis,
    old: Old,
    expected: Option<String>,
) -> Result<()> {
    let mut keys = Vec::new();
    for token_use in [TokenUse::Id, TokenUse::Access] {
        keys.push(app.new_key(pool_id, token_use).await?);
    }
    let signs_from = app.now() + ahead_ms;
    let id = pool_id.clone();
    app.db
        .write(move |tx| {
            store::pools::find(tx, &id)?.ok_or_else(|| fault::unknown_pool(&id))?;
            let present = store::keys::list(tx, &id)?;
            if expected.is_some() && present.first().map(|key| &key.kid) != expected.as_ref() {
                return Ok(());
            }
            match old {
                Old::Published => store::keys::retire(tx, &id, signs_from)?,
                Old::Removed => store::keys::delete_all(tx, &id)?,
            }
            for key in &keys {
                store::keys::insert(tx, &SigningKey { signs_from, ..key.clone() })?;
            }
            Ok::<_, rules::Fault>(())
        })
        .await?;
    app.keys.forget(pool_id);
    Ok(())
}

/// The ids of all pools.
pub async fn pool_ids(app: &App) -> Result<Vec<PoolId>> {
    let mut ids: Vec<PoolId> = Vec::new();
    store::pools::for_each(&app.db, |pool| ids.push(pool.id)).await?;
    Ok(ids)
}

/// Removes the keys whose last tokens have expired, and replaces those that have served as long as the settings say.
pub async fn tend(app: &App) -> Result<u64> {
    let before = app.now() - PUBLISHED_AFTER_MS;
    let removed = app.db.write(move |tx| store::keys::purge(tx, before)).await?;
    let Some(days) = app.config.signing_key_days else { return Ok(removed) };
    // One pool whose keys cannot be replaced, as when it is deleted meanwhile, holds up no other one.
    let mut failure = Ok(());
    for pool_id in pool_ids(app).await? {
        if let Err(fault) = tend_pool(app, &pool_id, days).await {
            tracing::error!(%fault, cause = ?fault.cause, pool = pool_id.as_str(), "signing keys could not be replaced");
            failure = failure.and(Err(fault));
        }
    }
    failure.map(|()| removed)
}

async fn tend_pool(app: &App, pool_id: &PoolId, days: u32) -> Result<()> {
    let id = pool_id.clone();
    let newest = app.db.read(move |tx| store::keys::list(tx, &id)).await?.into_iter().next();
    let due = app.now() + PUBLISHED_BEFORE_MS - i64::from(days) * DAY;
    if let Some(newest) = newest.filter(|key| key.signs_from <= due) {
        replace(app, pool_id, PUBLISHED_BEFORE_MS, Old::Published, Some(newest.kid)).await?;
        tracing::info!(pool = pool_id.as_str(), "new signing keys sign from tomorrow on");
    }
    Ok(())
}
