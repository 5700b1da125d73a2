//! Whether the functions that pools name can be run.

use super::{Finding, Finding::*};
use crate::{
    cli::random,
    config::{
        Config,
        functions::{Function, Program, Run, Way},
    },
    triggers::{functions::Functions, unserved},
};
use rules::callers::{
    policy::{Decision, Policy},
    resources,
};
use serde_json::json;
use spec::Service;
use std::path::Path;
use store::{Db, access_keys::AccessKey};

/// A pool that no policy names.
const NO_POOL: &str = "none";

/// Handlers whose file is not there, or may be written by everybody.
pub(super) fn handlers(config: &Config) -> Vec<Finding> {
    let missing = unserved::missing_handlers(config)
        .map(|(arn, file)| Wrong(format!("the handler of {arn} does not exist: {}", file.display())));
    missing.chain(config.functions.iter().filter_map(open_handler)).collect()
}

fn open_handler(function: &Function) -> Option<Finding> {
    let Way::Program(Program { run: Run::Handler { file, .. }, .. }) = &function.way else { return None };
    let arn = &function.arn;
    let open = [Some(file.as_path()), file.parent()].into_iter().flatten().find(|path| is_open(path))?;
    let place = open.display();
    Some(Doubt(format!("every user of this machine may change the handler of {arn}: chmod o-w {place}")))
}

/// Whether every user of the machine may write there.
fn is_open(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        std::fs::metadata(path).is_ok_and(|found| found.mode() & 0o002 != 0)
    }
    #[cfg(not(unix))]
    false
}

/// Access keys of programs that are none.
pub(super) async fn access_keys(config: &Config, db: &Db) -> Vec<Finding> {
    let mut findings = Vec::new();
    for function in &config.functions {
        let Way::Program(Program { access_key: Some((id, _)), .. }) = &function.way else { continue };
        let wanted = id.clone();
        match db.read(move |tx| store::access_keys::find(tx, &wanted)).await {
            Ok(Some(key)) if key.revoked_at.is_none() => {}
            Ok(_) => findings.push(Wrong(format!(
                "the access key {id} of {} is unknown or was revoked, so the function runs without one: \
                 `cognate access-keys list`",
                function.arn
            ))),
            Err(error) => findings.push(Wrong(format!("the access keys cannot be read: {error}"))),
        }
    }
    findings
}

/// Entries for all pools, where somebody may change some pools only: each pool may name their functions.
pub(super) async fn shared(config: &Config, db: &Db) -> Vec<Finding> {
    let is_for_all = |function: &&Function| function.pools.iter().any(|pool| pool == "*");
    let shared: Vec<&Function> = config.functions.iter().filter(is_for_all).collect();
    if shared.is_empty() {
        return Vec::new();
    }
    let keys = match db.read(store::access_keys::list).await {
        Ok(keys) => keys,
        Err(error) => return vec![Wrong(format!("the access keys cannot be read: {error}"))],
    };
    let Some(key) = keys.iter().find(|key| key.revoked_at.is_none() && changes_some_pools(config, key))
    else {
        return Vec::new();
    };
    let finding = |function: &&Function| {
        let (arn, id) = (&function.arn, &key.id);
        Doubt(format!(
            "the access key {id} may change some pools only, and any pool may name {arn}: set its pools"
        ))
    };
    shared.iter().map(finding).collect()
}

/// Whether the key's policy names a pool that it may change, and leaves others out.
fn changes_some_pools(config: &Config, key: &AccessKey) -> bool {
    let Ok(policy) = Policy::parse(&key.policy) else { return false };
    let may_change = |pool_id: &str| {
        let input = json!({ "UserPoolId": pool_id });
        let (service, operation) = (Service::CognitoIdp, "UpdateUserPool");
        let pool = resources::resource(service, operation, &input, &config.region, &config.account_id);
        policy.decide(&resources::action(service, operation), &pool) == Decision::Allowed
    };
    !may_change(NO_POOL) && policy.pool_ids().iter().any(|pool_id| may_change(pool_id))
}

/// Pools whose functions no entry fits.
pub(super) async fn pools(config: &Config, db: &Db) -> Vec<Finding> {
    let functions = match Functions::new(config, random()) {
        Ok(functions) => functions,
        Err(mistake) => return vec![Wrong(format!("no function can be run: {mistake}"))],
    };
    match unserved::find(db, &functions).await {
        Ok(found) => found
            .into_iter()
            .map(|(pool, arn)| {
                Wrong(format!("pool {pool} names the function {arn}, which no entry of [[functions]] fits"))
            })
            .collect(),
        Err(error) => vec![Wrong(format!("the pools cannot be read: {error}"))],
    }
}
