//! `cognate access-keys`: who may administer. The store is changed beside a running server, which notices within
//! a second.

use super::{master_key, open_store, random, record, say};
use crate::{callers::access_keys, clock::Clock, config::Config};
use anyhow::{Context as _, Result, bail};
use clap::{ArgGroup, Args, Subcommand};
use rules::{Millis, callers::policy::Policy, ids};
use std::path::PathBuf;
use store::{Db, access_keys::AccessKey};

#[derive(Subcommand)]
pub enum Command {
    /// Make a key and show its secret, once
    Create(Create),
    /// Show all keys with their holders
    List,
    /// End a key
    Revoke {
        /// The key, as AKIA…
        id: String,
    },
}

#[derive(Args)]
#[command(group = ArgGroup::new("rights").required(true).args(["policy", "allow"]))]
pub struct Create {
    /// Whose key it is
    #[arg(long)]
    name: String,
    /// An IAM policy document, as JSON
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// An action that the key may call, such as 'cognito-idp:*' or cognito-idp:AdminGetUser; may be repeated
    #[arg(long, value_name = "ACTION")]
    allow: Vec<String>,
    /// The pool that --allow is about; may be repeated [default: everything]
    #[arg(long, value_name = "POOL-ID", requires = "allow", conflicts_with = "policy")]
    on: Vec<String>,
}

/// Does what the command says.
pub async fn run(config: &Config, command: Command) -> Result<()> {
    let db = open_store(config).await?;
    let done = match command {
        Command::Create(create) => make(config, &db, create).await,
        Command::List => list(&db).await,
        Command::Revoke { id } => revoke(&db, id).await,
    };
    db.close().await;
    done
}

async fn make(config: &Config, db: &Db, create: Create) -> Result<()> {
    let policy = match &create.policy {
        Some(path) => {
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?
        }
        None => Policy::document_allowing(&create.allow, &resources(config, &create.on)?),
    };
    check(config, db, &policy).await?;
    let vault = master_key::open_vault(db, config).await?;
    let key = access_keys::create(db, &vault, &Clock::System, &mut random(), &create.name, &policy).await?;
    record(db, "CreateAccessKey", None).await?;
    say(&format!("aws_access_key_id = {}", key.id));
    say(&format!("aws_secret_access_key = {}", *key.secret));
    say(&format!("region = {}", config.region));
    say("");
    say("The secret is not shown again. The lines above are what ~/.aws/credentials takes.");
    Ok(())
}

/// Refuses actions, resources and pools that there are not: who misspells one would get a key that may do less, or deny less.
async fn check(config: &Config, db: &Db, policy: &str) -> Result<()> {
    let policy = Policy::parse(policy)?;
    policy.check_actions()?;
    policy.check_resources(&config.region, &config.account_id)?;
    for id in policy.pool_ids() {
        let wanted = id.clone();
        let found = db.read(move |tx| store::pools::find(tx, &wanted)).await?;
        if found.is_none() {
            bail!("there is no pool {id}");
        }
    }
    Ok(())
}

fn resources(config: &Config, pool_ids: &[String]) -> Result<Vec<String>> {
    if pool_ids.is_empty() {
        return Ok(vec!["*".to_owned()]);
    }
    let arn = |id: &String| {
        if !ids::is_pool_id(id) {
            bail!("--on takes the id of a pool, such as {}_AbCdEfGhI, not {id}", config.region);
        }
        Ok(ids::pool_arn(&config.region, &config.account_id, id))
    };
    pool_ids.iter().map(arn).collect()
}

async fn list(db: &Db) -> Result<()> {
    let keys: Vec<AccessKey> = db.read(store::access_keys::list).await?;
    if keys.is_empty() {
        say("There are no access keys.");
    }
    for key in keys {
        let time = |at: Millis| rules::calendar::iso_8601(at);
        let state = match (key.revoked_at, key.last_used_at) {
            (Some(at), _) => format!("revoked {}", time(at)),
            (None, Some(at)) => format!("last used {}", time(at)),
            (None, None) => "not used yet".to_owned(),
        };
        say(&format!("{}  {}  made {}, {state}", key.id, key.name, time(key.created_at)));
    }
    Ok(())
}

async fn revoke(db: &Db, id: String) -> Result<()> {
    let now = Clock::System.now();
    let wanted = id.clone();
    if !db.write(move |tx| store::access_keys::revoke(tx, &wanted, now)).await? {
        bail!("{id} is not a key that could be revoked");
    }
    record(db, "RevokeAccessKey", None).await?;
    say(&format!("{id} is revoked; servers that know it forget it within a second."));
    Ok(())
}
