//! Who asks: a typed proof that an operation takes as an argument, so that it cannot be listed without its check.

pub use crate::operator::Operator;

use crate::{
    app::App,
    keys::{PoolKeys, TokenUse},
    trail::{self, Actor},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rules::{
    Fault, Result, fault,
    pool::{Client, Pool},
    tokens::{AccessClaims, Grant},
    user::{Membership, User},
};
use serde::{Deserialize, de::DeserializeOwned};
use spec::Code;
use std::sync::Arc;
use store::grants::UserWithGroups;

/// The scope that every operation with an access token asks for.
const USER_ADMIN_SCOPE: &str = "aws.cognito.signin.user.admin";
/// The longest access token that is looked at, in characters.
const TOKEN_CHARACTERS_MAX: usize = 32 * 1024;

/// A user who holds a good access token.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The pool.
    pub pool: Arc<Pool>,
    /// The client that the token was issued to.
    pub client: Arc<Client>,
    /// The user as the store had it a moment ago.
    pub user: User,
    /// The groups that the user is in.
    pub groups: Vec<Membership>,
    /// The grant behind the token; none where the client does not revoke tokens.
    pub grant: Option<Grant>,
    /// What the token says.
    pub claims: AccessClaims,
}

#[derive(Deserialize)]
struct Header {
    kid: String,
    alg: String,
}

/// Checks an access token: signature, use, expiry, scope, revocation, and the user behind it.
pub async fn signed_in(app: &App, token: &str) -> Result<SignedIn> {
    let (claims, pool) = verified_claims(app, token).await?;
    if claims.exp.saturating_mul(1_000) <= app.now() {
        return Err(fault::access_token_expired());
    }
    if !claims.scope.split(' ').any(|scope| scope == USER_ADMIN_SCOPE) {
        return Err(fault::access_token_scopes());
    }
    // The client may have been deleted since; its tokens end with it.
    let client = app
        .client(&claims.client_id)
        .await
        .map_err(|fault| unless_failed(fault, fault::access_token_revoked))?;
    if client.pool_id != pool.id {
        return Err(fault::access_token_invalid());
    }
    let (grant, user) = facts(app, &claims, &pool.id).await?;
    let (user, groups) = user.ok_or_else(fault::user_does_not_exist)?;
    trail::user(&user);
    trail::note(|facts| {
        facts.client_id = Some(client.id.clone());
        facts.actor = Actor::User(user.sub.clone());
    });
    rules::tokens::check_access(&claims, grant.as_ref(), &user, client.revokes_tokens())?;
    app.rate_limits.check_user(&pool.id, &user.sub)?;
    Ok(SignedIn { pool, client, user, groups, grant, claims })
}

/// Reads grant and user in one statement where the token names its grant.
async fn facts(
    app: &App,
    claims: &AccessClaims,
    pool_id: &str,
) -> Result<(Option<Grant>, Option<UserWithGroups>)> {
    let sub = claims.sub.clone();
    let pool_id = pool_id.to_owned();
    let Some(origin) = claims.origin_jti.clone() else {
        return Ok((
            None,
            app.db.look_up(move |tx| store::users::find_with_groups(tx, &pool_id, &sub)).await?,
        ));
    };
    let found = app.db.look_up(move |tx| store::grants::find_with_user(tx, &origin)).await?;
    match found {
        Some((grant, user)) if grant.sub == sub && grant.pool_id == pool_id => Ok((Some(grant), user)),
        // A grant goes with its user or client, or by revocation; who asks is told which, if the user is gone.
        _ => {
            let user = app.db.look_up(move |tx| store::users::find(tx, &pool_id, &sub)).await?;
            if user.is_none() {
                Err(fault::user_does_not_exist())
            } else {
                Err(fault::access_token_revoked())
            }
        }
    }
}

/// The claims of an access token whose signature is good; nothing else of it is checked.
pub async fn verified_claims(app: &App, token: &str) -> Result<(AccessClaims, Arc<Pool>)> {
    if token.len() > TOKEN_CHARACTERS_MAX {
        return Err(fault::access_token_invalid());
    }
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { return Err(fault::access_token_invalid()) };
    let header: Header = part(header)?;
    let claims: AccessClaims = part(payload)?;
    let pool_id = claims.iss.rsplit('/').next().unwrap_or_default().to_owned();
    if header.alg != "RS256" || claims.iss != app.config.issuer_of(&pool_id) {
        return Err(fault::access_token_invalid());
    }
    let pool = app.pool(&pool_id).await.map_err(|fault| unless_failed(fault, fault::access_token_invalid))?;
    let keys = app.keys.of(app, &pool_id).await?;
    check_signature(&keys, &header, token, signature)?;
    if claims.token_use != TokenUse::Access.as_str() {
        return Err(fault::access_token_invalid());
    }
    Ok((claims, pool))
}

/// What is said of a token whose pool or client was not found. A store that does not answer says nothing of it: clients
/// forget tokens that are called revoked.
fn unless_failed(found: Fault, refusal: fn() -> Fault) -> Fault {
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
