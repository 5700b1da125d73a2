//! Who asks: a typed proof that an operation takes as an argument, so that it cannot be listed without its check.

use crate::{
    app::App,
    http::call_facts::{self, Actor},
    tokens::{ended_grants, verify},
    users::devices,
};
use rules::{
    Result, fault,
    ids::PoolId,
    pool::{Client, Pool},
    tokens::{AccessClaims, Grant},
    user::{Membership, User},
};
use std::sync::Arc;
use store::grants::UserWithGroups;

/// The scope that every operation with an access token asks for.
const USER_ADMIN_SCOPE: &str = "aws.cognito.signin.user.admin";

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

/// Checks an access token: signature, use, expiry, scope, revocation, and the user behind it.
pub async fn signed_in(app: &App, token: &str) -> Result<SignedIn> {
    let (claims, pool) = verify::access_claims(app, token).await?;
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
        .map_err(|fault| verify::unless_failed(fault, fault::access_token_revoked))?;
    if client.pool_id != pool.id {
        return Err(fault::access_token_invalid());
    }
    let (grant, user) = facts(app, &claims, &pool.id).await?;
    let (user, groups) = user.ok_or_else(fault::user_does_not_exist)?;
    call_facts::user(&user);
    call_facts::note(|facts| {
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
    pool_id: &PoolId,
) -> Result<(Option<Grant>, Option<UserWithGroups>)> {
    let sub = claims.sub.clone();
    let pool_id = pool_id.clone();
    let Some(origin) = claims.origin_jti.clone() else {
        let event = claims.event_id.as_ref().map(|event_id| ended_grants::ended_id(app, event_id));
        let device = claims.device_key.as_ref().map(|key| devices::forgotten_id(app, &pool_id, &sub, key));
        let (user, has_ended) = app
            .db
            .look_up(move |tx| {
                let user = store::users::find_with_groups(tx, &pool_id, &sub)?;
                let mut has_ended = false;
                for id in [event, device].iter().flatten() {
                    has_ended |= store::tickets::is_spent(tx, id)?;
                }
                Ok::<_, rules::Fault>((user, has_ended))
            })
            .await?;
        return if has_ended { Err(fault::access_token_revoked()) } else { Ok((None, user)) };
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
