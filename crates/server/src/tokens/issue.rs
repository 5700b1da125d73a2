//! ID and access tokens: claims from the rules, signatures from the key ring.

use super::refresh_token;
use crate::{app::App, keys::ring::TokenUse};
use rules::{
    Fault, Random, Result, ids,
    pool::{Client, Pool},
    tokens::{Grant, TokenContext, claims, customization::Customization},
    user::{Membership, User, attributes},
};
use spec::cognito_idp::AuthenticationResultType;

/// What tokens are issued for.
pub struct Issued<'a> {
    /// The pool.
    pub pool: &'a Pool,
    /// The client.
    pub client: &'a Client,
    /// The user.
    pub user: User,
    /// The user's groups, the lowest precedence first.
    pub groups: Vec<Membership>,
    /// The grant.
    pub grant: Grant,
    /// What a function changes in the tokens.
    pub customization: Option<&'a Customization>,
    /// Whether the answer holds a refresh token.
    pub with_refresh_token: bool,
}

/// Signs an ID and an access token, when it is the call's turn.
pub async fn issue(app: &App, issued: Issued<'_>) -> Result<AuthenticationResultType> {
    let Issued { pool, client, user, groups, grant, customization, with_refresh_token } = issued;
    let keys = app.pool_keys(&pool.id).await?;
    let issuer = app.config.issuer_of(&pool.id);
    let now = app.now();
    let token_context = TokenContext {
        issuer: &issuer,
        client,
        user: &user,
        groups: &groups,
        grant: &grant,
        customization,
        now,
    };
    let readable = attributes::readable(client);
    let access_token_id = ids::access_token_id(&mut app.random(), now, grant.sign_outs);
    let access_claims = claims::access_claims(&token_context, &access_token_id);
    let id_claims = claims::id_claims(&token_context, &app.random().uuid_v4(), readable);
    let (id_signer, access_signer) = (keys.signer(TokenUse::Id), keys.signer(TokenUse::Access));
    let signed = app
        .workers
        .run_here(|| Ok::<_, Fault>((id_signer.sign(&id_claims)?, access_signer.sign(&access_claims)?)))
        .await??;
    let refresh_token = if with_refresh_token { Some(refresh_token::of(&app.vault, &grant)?) } else { None };
    Ok(AuthenticationResultType {
        id_token: Some(signed.0),
        access_token: Some(signed.1),
        expires_in: i32::try_from(client.token_validity().access_seconds).ok(),
        token_type: Some("Bearer".to_owned()),
        refresh_token,
        new_device_metadata: None,
    })
}
