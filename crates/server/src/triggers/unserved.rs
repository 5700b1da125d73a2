//! Functions that cannot be run: no entry of the settings fits them, or their handler is not there.

use super::functions::Functions;
use crate::config::{
    Config,
    functions::{Program, Run, Way},
};
use rules::ids::PoolId;
use spec::cognito_idp::LambdaConfigType;
use std::{collections::BTreeSet, path::Path};
use store::{Db, Error};

/// The ARNs of entries whose handler is no file, and the file.
pub fn missing_handlers(config: &Config) -> impl Iterator<Item = (&str, &Path)> {
    config.functions.iter().filter_map(|function| match &function.way {
        Way::Program(Program { run: Run::Handler { file, .. }, .. }) if !file.is_file() => {
            Some((function.arn.as_str(), file.as_path()))
        }
        _ => None,
    })
}

/// Pools whose functions no entry fits, each with the functions' ARNs.
///
/// # Errors
/// If the store fails.
pub async fn find(db: &Db, functions: &Functions) -> Result<Vec<(PoolId, String)>, Error> {
    let mut found = Vec::new();
    store::pools::for_each(db, |pool| {
        let named = pool.detail.lambda_config.as_ref().map(arns).unwrap_or_default();
        let unserved = named.into_iter().filter(|arn| !functions.serves(arn, &pool.id));
        found.extend(unserved.map(|arn| (pool.id.clone(), arn.to_owned())));
    })
    .await?;
    Ok(found)
}

/// All functions that a pool names.
fn arns(config: &LambdaConfigType) -> BTreeSet<&str> {
    let plain = [
        &config.pre_sign_up,
        &config.custom_message,
        &config.post_confirmation,
        &config.pre_authentication,
        &config.post_authentication,
        &config.define_auth_challenge,
        &config.create_auth_challenge,
        &config.verify_auth_challenge_response,
        &config.pre_token_generation,
        &config.user_migration,
    ];
    let versioned = [
        config.pre_token_generation_config.as_ref().map(|of| of.lambda_arn.as_str()),
        config.custom_sms_sender.as_ref().map(|of| of.lambda_arn.as_str()),
        config.custom_email_sender.as_ref().map(|of| of.lambda_arn.as_str()),
        config.inbound_federation.as_ref().map(|of| of.lambda_arn.as_str()),
    ];
    plain.into_iter().map(Option::as_deref).chain(versioned).flatten().collect()
}
