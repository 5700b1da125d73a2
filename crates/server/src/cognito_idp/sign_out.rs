//! The end of tokens: sign-out everywhere, and revocation of one refresh token.

use crate::{
    app::App,
    callers::{Operator, SignedIn, client_secret},
    http::call_facts,
    tokens::refresh_token,
    users::changes,
};
use rules::{Result, fault, pool::Pool, tokens::Grant};
use spec::{
    Code,
    cognito_idp::{
        AdminUserGlobalSignOutRequest, AdminUserGlobalSignOutResponse, GlobalSignOutRequest,
        GlobalSignOutResponse, RevokeTokenRequest, RevokeTokenResponse,
    },
};
use std::sync::Arc;

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GlobalSignOut.html>
pub async fn global_sign_out(
    app: &App,
    caller: SignedIn,
    _input: GlobalSignOutRequest,
) -> Result<GlobalSignOutResponse> {
    sign_out_everywhere(app, caller.pool, caller.user.sub.into()).await?;
    Ok(GlobalSignOutResponse {})
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminUserGlobalSignOut.html>
pub async fn admin_user_global_sign_out(
    app: &App,
    _caller: &Operator,
    input: AdminUserGlobalSignOutRequest,
) -> Result<AdminUserGlobalSignOutResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    let name = pool.fold_name(&input.username);
    sign_out_everywhere(app, pool, name).await?;
    Ok(AdminUserGlobalSignOutResponse {})
}

/// Every token of a sign-in before is void. It is one number, not a walk over all grants.
async fn sign_out_everywhere(app: &App, pool: Arc<Pool>, name: String) -> Result<()> {
    app.db
        .write(move |tx| {
            let before = store::users::find(tx, &pool.id, &name)?.ok_or_else(fault::unknown_user)?;
            let mut user = before.clone();
            user.sign_out();
            changes::save(tx, &pool, &before, &user)
        })
        .await
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RevokeToken.html>
pub async fn revoke_token(app: &App, input: RevokeTokenRequest) -> Result<RevokeTokenResponse> {
    let found = app.client_and_pool(&input.client_id).await;
    let (client, _) = found.map_err(|fault| match fault.code {
        // The model of this operation knows no ResourceNotFoundException.
        Code::ResourceNotFoundException => fault::client_may_not_revoke(),
        _ => fault,
    })?;
    client_secret::check_plain(app, &client, input.client_secret.as_deref())?;
    if !client.revokes_tokens() {
        return Err(fault::token_revocation_not_enabled());
    }
    // An access or ID token is a JWS of three parts, a refresh token has five.
    if input.token.split('.').count() == 3 {
        return Err(fault::unsupported_token_type());
    }
    // RFC 7009 §2.2: a token that is unknown needs no revocation, and the answer is the same.
    let Some(grant) = presented_grant(app, &input.token).await? else {
        call_facts::without_effect();
        return Ok(RevokeTokenResponse {});
    };
    if grant.client_id != client.id {
        return Err(fault::token_of_another_client());
    }
    let now = app.now();
    if !app.db.write(move |tx| store::grants::revoke(tx, &grant.id, now)).await? {
        call_facts::without_effect();
    }
    Ok(RevokeTokenResponse {})
}

/// The grant of a genuine refresh token.
async fn presented_grant(app: &App, token: &str) -> Result<Option<Grant>> {
    let Ok(presented) = refresh_token::read(token) else { return Ok(None) };
    let id = presented.grant_id.clone();
    let found = app.db.read(move |tx| store::grants::find(tx, &id)).await?;
    let is_genuine =
        |grant: &Grant| refresh_token::is_genuine(&app.vault, grant, token, presented.generation);
    Ok(found.filter(is_genuine))
}
