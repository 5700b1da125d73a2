//! `cognate backup` and `cognate restore`, for SQLite; PostgreSQL has tools of its own.

use super::{master_key, open_store, random, record, say};
use crate::{config::Config, secrets::master_keys};
use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use std::{cell::Cell, path::PathBuf};
use store::db::backup;

#[derive(Args)]
pub struct Backup {
    /// The new file
    file: PathBuf,
}

#[derive(Args)]
pub struct Restore {
    /// A file that `cognate backup` made
    file: PathBuf,
    /// Put it in the place of a store that is not empty; that store is kept beside it
    #[arg(long)]
    force: bool,
}

/// Copies the store while servers run.
pub async fn back_up(config: Config, command: Backup) -> Result<()> {
    check_engine(&config, "pg_dump")?;
    // What is copied has this version's schema, so that it can be put back by this version.
    let db = open_store(&config).await?;
    let (from, to) = (config.data_dir.clone(), command.file.clone());
    tokio::task::spawn_blocking(move || {
        let told = Cell::new(0);
        backup::backup(&from, &to, |done, all| {
            let percent = (done * 100).checked_div(all).unwrap_or(100);
            if percent >= told.get() + 10 {
                say(&format!("  {percent} %"));
                told.set(percent);
            }
        })
    })
    .await?
    .with_context(|| format!("cannot back up into {}", command.file.display()))?;
    record(&db, "Backup", None).await?;
    db.close().await;
    say(&format!("{} holds the whole store.", command.file.display()));
    say("Its secrets are sealed: keep the master key too, and in another place.");
    Ok(())
}

/// Puts a copy back.
pub async fn restore(config: Config, command: Restore) -> Result<()> {
    check_engine(&config, "pg_restore")?;
    let (from, to, force) = (command.file.clone(), config.data_dir.clone(), command.force);
    let replaced = tokio::task::spawn_blocking(move || backup::restore(&from, &to, force))
        .await?
        .map_err(|error| match error.to_string().contains("is not empty") {
            true => anyhow!("{error}: --force puts the backup in its place"),
            false => anyhow!(error),
        })
        .with_context(|| format!("cannot restore {}", command.file.display()))?;
    let db = open_store(&config).await?;
    record(&db, "Restore", None).await?;
    let (key, place) = master_key::find(&config)?;
    let is_right = match &key {
        Some(key) => master_keys::open(&db, random(), key, 0).await?.is_some(),
        None => false,
    };
    db.close().await;
    say(&format!("{} holds the backup.", config.data_dir.display()));
    if let Some(replaced) = replaced {
        say(&format!("The store that was there is kept as {}.", replaced.display()));
    }
    if !is_right {
        say(&format!("Now put the master key that the backup was made under into {place}."));
    }
    Ok(())
}

fn check_engine(config: &Config, tool: &str) -> Result<()> {
    if config.ephemeral {
        bail!("there is no store to copy: --ephemeral keeps nothing");
    }
    if config.database_url.is_some() {
        bail!("the store is in PostgreSQL: use its own {tool}, and keep the master key too");
    }
    Ok(())
}
