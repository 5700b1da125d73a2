//! Whether the functions that pools name can be run.

use super::{Finding, Finding::*};
use crate::{
    cli::random,
    config::{
        Config,
        functions::{Program, Way},
    },
    triggers::{functions::Functions, unserved},
};
use store::Db;

/// Handlers whose file is not there.
pub(super) fn handlers(config: &Config) -> Vec<Finding> {
    unserved::missing_handlers(config)
        .map(|(arn, file)| Wrong(format!("the handler of {arn} does not exist: {}", file.display())))
        .collect()
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
