//! Tokens on the wire: claims from the rules, signatures from the key ring, refresh tokens from the master key.

use super::refresh_token;
use crate::{app::App, cognito_idp::sign_in::Context, keys::ring::TokenUse, secrets::random::SystemRandom};
use rules::{
    Fault, Random, Result, ids,
    tokens::{Grant, TokenContext, claims},
    user::{Membership, User, attributes},
};
use spec::cognito_idp::AuthenticationResultType;

/// What tokens are issued for.
pub struct Issued<'a> {
    /// Pool and client.
    pub context: &'a Context,
    /// The user.
    pub user: User,
    /// The user's groups, the lowest precedence first.
    pub groups: Vec<Membership>,
    /// The grant.
    pub grant: Grant,
    /// Whether the answer holds a refresh token.
    pub with_refresh_token: bool,
}

/// Signs an ID and an access token, when it is the call's turn.
pub async fn issue(app: &App, issued: Issued<'_>) -> Result<AuthenticationResultType> {
    let Issued { context, user, groups, grant, with_refresh_token } = issued;
    let keys = app.keys.of(app, &context.pool.id).await?;
    let issuer = app.config.issuer_of(&context.pool.id);
    let now = app.now();
    let token_context = TokenContext {
        issuer: &issuer,
        client: &context.client,
        user: &user,
        groups: &groups,
        grant: &grant,
        now,
    };
    let readable = attributes::readable(&context.client);
    let access_token_id = ids::access_token_id(&mut SystemRandom, now, grant.sign_outs);
    let access_claims = claims::access_claims(&token_context, &access_token_id);
    let id_claims = claims::id_claims(&token_context, &SystemRandom.uuid_v4(), readable);
    let (id_signer, access_signer) = (keys.signer(TokenUse::Id), keys.signer(TokenUse::Access));
    let signed = app
        .workers
        .run_here(|| Ok::<_, Fault>((id_signer.sign(&id_claims)?, access_signer.sign(&access_claims)?)))
        .await??;
    let refresh_token = if with_refresh_token { Some(refresh_token::of(&app.vault, &grant)?) } else { None };
    Ok(AuthenticationResultType {
        id_token: Some(signed.0),
        access_token: Some(signed.1),
        expires_in: i32::try_from(context.client.token_validity().access_seconds).ok(),
        token_type: Some("Bearer".to_owned()),
        refresh_token,
        new_device_metadata: None,
    })
}
