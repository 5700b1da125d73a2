//! `cognate keys`: rotation of signing keys, and the change of the master key while servers run.

use super::{master_key, open_store, random, record, say};
use crate::{
    app::App,
    clock::Clock,
    config::Config,
    keys::{
        ring::KeyRing,
        rotation::{self, Old},
    },
    secrets::master_keys,
};
use anyhow::{Context as _, Result, anyhow, bail};
use clap::{Args, Subcommand};
use rules::ids::PoolId;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

#[derive(Subcommand)]
pub enum Command {
    /// List the keys that sign tokens
    List(Pools),
    /// Let new keys sign tokens; the old ones stay published until their last tokens have expired
    Rotate(Rotate),
    /// Change the master key and seal every stored secret anew, while servers run
    Rekey(Rekey),
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct Pools {
    /// Of this pool
    #[arg(long, value_name = "POOL")]
    pool: Option<String>,
    /// Of all pools
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
pub struct Rotate {
    #[command(flatten)]
    pools: Pools,
    /// Publish the new keys this many hours before they sign, for verifiers that keep published keys for long
    #[arg(long, value_name = "HOURS", default_value_t = 0)]
    ahead_hours: u32,
    /// Remove the old keys at once, because somebody else may have them; all tokens they signed end
    #[arg(long, conflicts_with = "ahead_hours")]
    remove_old: bool,
}

#[derive(Args)]
pub struct Rekey {
    /// A file with the new key, 32 bytes in base64; made if it does not exist [default: master.key.new in the data folder]
    #[arg(long, value_name = "FILE")]
    new_key: Option<PathBuf>,
    /// How long running servers have to see the new key before secrets are sealed under it
    #[arg(long, value_name = "SECONDS", default_value_t = 5, hide = true)]
    settle_seconds: u64,
}

pub async fn run(config: Config, command: Command) -> Result<()> {
    match command {
        Command::Rekey(rekey) => change_master_key(config, rekey).await,
        Command::List(pools) => {
            let app = open(config).await?;
            list(&app, &pools).await?;
            app.db.close().await;
            Ok(())
        }
        Command::Rotate(rotate) => {
            let app = open(config).await?;
            let old = if rotate.remove_old { Old::Removed } else { Old::Published };
            for pool_id in chosen(&app, &rotate.pools).await? {
                let ahead_ms = i64::from(rotate.ahead_hours) * rules::HOUR;
                rotation::rotate(&app, &pool_id, ahead_ms, old).await.map_err(|fault| anyhow!(fault))?;
                record(&app.db, "RotateSigningKeys", Some(pool_id.clone())).await?;
                say(&format!("{pool_id} has new signing keys."));
            }
            app.db.close().await;
            Ok(())
        }
    }
}

async fn open(config: Config) -> Result<App> {
    let db = open_store(&config).await?;
    let vault = master_key::open_vault(&db, &config).await?;
    App::new(config, db, Clock::System, vault, KeyRing::new()).map_err(|fault| anyhow!(fault))
}

async fn chosen(app: &App, pools: &Pools) -> Result<Vec<PoolId>> {
    match &pools.pool {
        Some(pool_id) => Ok(vec![pool_id.as_str().into()]),
        None => Ok(rotation::pool_ids(app).await?),
    }
}

async fn list(app: &App, pools: &Pools) -> Result<()> {
    let now = app.now();
    for pool_id in chosen(app, pools).await? {
        let id = pool_id.clone();
        let keys = app.db.read(move |tx| store::keys::list(tx, &id)).await?;
        if keys.is_empty() {
            bail!("there is no pool {pool_id}");
        }
        for key in keys {
            let state = match key.retired_at {
                _ if key.signs_from > now => "published, signs later",
                Some(at) if at <= now => "published, signs no more",
                _ => "signs",
            };
            let since = rules::calendar::iso_8601(key.signs_from);
            say(&format!("{pool_id}  {:6}  {}  {since}  {state}", key.token_use, key.kid));
        }
    }
    Ok(())
}

async fn change_master_key(config: Config, rekey: Rekey) -> Result<()> {
    let db = open_store(&config).await?;
    let (old, place) = master_key::find(&config)?;
    let old = old.with_context(|| format!("there is no master key in {place}"))?;
    let new_file = rekey.new_key.unwrap_or_else(|| config.data_dir.join("master.key.new"));
    let new = match master_key::read(&new_file)? {
        Some(key) => key,
        None => master_key::make(&new_file).with_context(|| format!("cannot make {}", new_file.display()))?,
    };
    if new == old {
        bail!("the key in {} is the present one", new_file.display());
    }
    if !master_keys::announce(&db, random(), &old, &new, Clock::System.now()).await? {
        bail!(
            "the key in {place} is not the one that this store's secrets are sealed with, \
             or another change of the master key has not ended"
        );
    }
    say("The new key is announced; running servers take it up.");
    tokio::time::sleep(Duration::from_secs(rekey.settle_seconds)).await;
    let vault = master_keys::open(&db, random(), &new, Clock::System.now()).await?;
    let vault = Arc::new(vault.context("the store does not accept the new key")?);
    let walked = master_keys::reseal(&db, &vault, |table, count| {
        say(&format!("  {table}: {count} secrets sealed anew so far"));
    })
    .await?;
    if walked.damaged > 0 {
        bail!("{} secrets can be opened with neither key; the old key stays good", walked.damaged);
    }
    let kept = match &place {
        master_key::Place::File(path) => Some(put_in_place(path, &old, &new_file)?),
        master_key::Place::Environment | master_key::Place::Named(_) => None,
    };
    master_keys::finish(&db, crate::secrets::vault::KeyId::of(&old)).await?;
    record(&db, "ChangeMasterKey", None).await?;
    db.close().await;
    match kept {
        Some(kept) => {
            say(&format!("Done: {place} holds the new key."));
            say(&format!("Backups made before need the old one, which is in {}.", kept.display()));
        }
        None => say(&format!("Done: put the key in {} into {place}.", new_file.display())),
    }
    say("Servers that run go on; give every one the new key before it starts the next time.");
    Ok(())
}

fn put_in_place(path: &Path, old: &master_keys::Secret, new_file: &Path) -> Result<PathBuf> {
    master_key::replace(path, old, new_file)
        .with_context(|| format!("cannot put the new key into {}", path.display()))
}
