//! Access tokens that come back: whether this server signed them, and what they say.

use crate::{
    app::App,
    keys::ring::{PoolKeys, TokenUse},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rules::{Fault, Result, fault, pool::Pool, tokens::AccessClaims};
use serde::{Deserialize, de::DeserializeOwned};
use spec::Code;
use std::sync::Arc;

/// The longest access token that is looked at, in characters.
const TOKEN_CHARACTERS_MAX: usize = 32 * 1024;

#[derive(Deserialize)]
struct Header {
    kid: String,
    alg: String,
}

/// The claims of an access token whose signature is good; nothing else of it is checked.
pub async fn access_claims(app: &App, token: &str) -> Result<(AccessClaims, Arc<Pool>)> {
    if token.len() > TOKEN_CHARACTERS_MAX {
        return Err(fault::access_token_invalid());
    }
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { return Err(fault::access_token_invalid()) };
    let header: Header = part(header)?;
    let claims: AccessClaims = part(payload)?;
    let pool_id = claims.iss.rsplit('/').next().unwrap_or_default();
    if header.alg != "RS256" || claims.iss != app.config.issuer_of(pool_id) {
        return Err(fault::access_token_invalid());
    }
    let pool = app.pool(pool_id).await.map_err(|fault| unless_failed(fault, fault::access_token_invalid))?;
    let keys = app.pool_keys(&pool.id).await?;
    check_signature(&keys, &header, token, signature)?;
    if claims.token_use != TokenUse::Access.as_str() {
        return Err(fault::access_token_invalid());
    }
    Ok((claims, pool))
}

/// What is said of a token whose pool or client was not found. A store that does not answer says nothing of it: clients
/// forget tokens that are called revoked.
pub fn unless_failed(found: Fault, refusal: fn() -> Fault) -> Fault {
    match found.code {
        Code::InternalErrorException | Code::TooManyRequestsException => found,
        _ => refusal(),
    }
}

fn check_signature(keys: &PoolKeys, header: &Header, token: &str, signature: &str) -> Result<()> {
    let verifier = keys.verifier(&header.kid).ok_or_else(fault::access_token_signature)?;
    // ID tokens are signed by another key, so one can never pass for an access token.
    if verifier.token_use != TokenUse::Access {
        return Err(fault::access_token_invalid());
    }
    let message = &token[..token.len() - signature.len() - 1];
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| fault::access_token_invalid())?;
    if verifier.verify(message.as_bytes(), &signature) {
        Ok(())
    } else {
        Err(fault::access_token_signature())
    }
}

fn part<T: DeserializeOwned>(text: &str) -> Result<T> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| fault::access_token_invalid())?;
    serde_json::from_slice(&bytes).map_err(|_| fault::access_token_invalid())
}
