//! Pools whose functions cannot be run, because no entry of the settings fits them.

use super::functions::Functions;
use rules::ids::PoolId;
use spec::cognito_idp::LambdaConfigType;
use std::collections::BTreeSet;
use store::{Db, Error};

/// How many pools are read at once.
const PAGE_POOLS: i64 = 100;

/// These pools, each with the functions' ARNs.
///
/// # Errors
/// If the store fails.
pub async fn find(db: &Db, functions: &Functions) -> Result<Vec<(PoolId, String)>, Error> {
    let mut found = Vec::new();
    let mut after = PoolId::default();
    loop {
        let page = db.read(move |tx| store::pools::list(tx, &after, PAGE_POOLS)).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = last.id.clone();
        for pool in page {
            let named = pool.detail.lambda_config.as_ref().map(arns).unwrap_or_default();
            let unserved = named.into_iter().filter(|arn| !functions.serves(arn, &pool.id));
            found.extend(unserved.map(|arn| (pool.id.clone(), arn.to_owned())));
        }
    }
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
