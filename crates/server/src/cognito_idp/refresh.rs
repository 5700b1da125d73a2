//! New tokens for a refresh token: InitiateAuth with REFRESH_TOKEN_AUTH, and GetTokensFromRefreshToken.

use super::sign_in::{Parameters, answer::Answer};
use crate::{
    app::App,
    callers::{CallOrigin, client_secret},
    http::call_facts,
    sign_in::Context,
    tokens::{
        ended_grants,
        issue::{self, Issued},
        refresh_token::{self, Presented},
        sessions,
    },
    triggers::ask,
};
use rules::{
    Fault, Millis, Result, fault,
    sign_in::{Side, first_factor::check_refreshes},
    tokens::{
        Grant,
        customization::Customization,
        refresh::{self, Refresh},
    },
    triggers::Source,
    user::{Membership, User},
};
use spec::cognito_idp::{
    AuthenticationResultType, GetTokensFromRefreshTokenRequest, GetTokensFromRefreshTokenResponse,
};
use std::sync::Arc;

/// REFRESH_TOKEN and REFRESH_TOKEN_AUTH.
pub async fn initiate(app: &App, context: Context, parameters: &Parameters) -> Result<Answer> {
    let token = parameters.required("REFRESH_TOKEN")?;
    let device_key = parameters.get("DEVICE_KEY").map(str::to_owned);
    let found = find(app, token, device_key).await?;
    // No USERNAME is sent, so the hash is made over the user's own name or sub.
    if !context.client.secrets.is_empty() {
        let hash =
            parameters.get("SECRET_HASH").ok_or_else(|| fault::secret_hash_missing(&context.client.id))?;
        let names: Vec<&str> =
            found.user.iter().flat_map(|(user, _)| [user.username.as_str(), user.sub.as_str()]).collect();
        if !client_secret::is_hash_of(app, &context.client, hash, &names)? {
            return Err(fault::secret_hash_wrong_on_refresh(&context.client.id));
        }
    }
    Ok(Answer::tokens(refreshed(app, &context, found).await?))
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetTokensFromRefreshToken.html>
pub async fn get_tokens_from_refresh_token(
    app: &App,
    origin: Arc<CallOrigin>,
    input: GetTokensFromRefreshTokenRequest,
) -> Result<GetTokensFromRefreshTokenResponse> {
    let (client, pool) = app.client_and_pool(&input.client_id).await?;
    client_secret::check_plain(app, &client, input.client_secret.as_deref())?;
    check_refreshes(&client)?;
    let context = Context {
        client_metadata: input.client_metadata.map(Arc::new),
        ..Context::new(pool, client, Side::User, origin)
    };
    let device_key = input.device_key.filter(|key| !key.is_empty());
    let found = find(app, &input.refresh_token, device_key).await?;
    let result = refreshed(app, &context, found).await?;
    Ok(GetTokensFromRefreshTokenResponse { authentication_result: Some(result) })
}

/// A genuine refresh token with all that belongs to it.
struct Found {
    presented: Presented,
    /// The device that the client says it is.
    device_key: Option<String>,
    grant: Grant,
    user: Option<(User, Vec<Membership>)>,
}

async fn find(app: &App, token: &str, device_key: Option<String>) -> Result<Found> {
    let presented = refresh_token::read(token)?;
    let id = presented.grant_id.clone();
    let found = app.db.look_up(move |tx| store::grants::find_for_tokens(tx, &id)).await?;
    let (grant, user) = found.ok_or_else(fault::refresh_token_invalid)?;
    if !refresh_token::is_genuine(&app.vault, &grant, token, presented.generation) {
        return Err(fault::refresh_token_invalid());
    }
    if let Some((user, _)) = &user {
        call_facts::user(user);
        app.rate_limits.check_user(&user.pool_id, &user.sub)?;
    }
    Ok(Found { presented, device_key, grant, user })
}

async fn refreshed(app: &App, context: &Context, found: Found) -> Result<AuthenticationResultType> {
    let (mut found, mut decision) = judged(app, context, found).await?;
    let customization = customization(app, context, &found).await?;
    if customization.is_some() {
        // Seconds may have passed: who was disabled, deleted or signed out meanwhile gets no tokens.
        let again = found.grant.id.clone();
        let read = app.db.look_up(move |tx| store::grants::find_for_tokens(tx, &again)).await?;
        let (grant, user) = read.ok_or_else(fault::refresh_token_invalid)?;
        (found, decision) = judged(app, context, Found { grant, user, ..found }).await?;
    }
    let Found { presented, device_key, mut grant, user } = found;
    let (user, groups) = user.ok_or_else(fault::refresh_token_invalid)?;
    match decision {
        Refresh::Keep | Refresh::Repeat | Refresh::Reuse => {
            sessions::note_use(app, &context.origin, &context.pool, &grant).await?;
        }
        Refresh::Rotate { previous_until } => {
            grant = rotate(app, context, grant, presented.generation, device_key, previous_until).await?;
        }
    }
    let with_refresh_token = decision != Refresh::Keep;
    let Context { pool, client, .. } = context;
    let customization = customization.as_ref();
    issue::issue(app, Issued { pool, client, user, groups, grant, customization, with_refresh_token }).await
}

/// Looks at what was found; the grant of a token that was used before ends.
async fn judged(app: &App, context: &Context, found: Found) -> Result<(Found, Refresh)> {
    let (now, user) = (app.now(), found.user.as_ref().map(|(user, _)| user));
    let presented = refresh::Presented {
        generation: found.presented.generation,
        device_key: found.device_key.as_deref(),
    };
    match refresh::check(&found.grant, presented, (&context.pool, &context.client), user, now)? {
        Refresh::Reuse => Err(end(app, found.grant, now).await?),
        decision => Ok((found, decision)),
    }
}

/// What the function changes in the new tokens. It is asked before a token is rotated, so that its refusal costs none.
async fn customization(app: &App, context: &Context, found: &Found) -> Result<Option<Customization>> {
    let (user, groups) = found.user.as_ref().ok_or_else(fault::refresh_token_invalid)?;
    let (about, scopes) = (context.about(&user.username), &found.grant.facts.scopes);
    let metadata = context.client_metadata.as_deref();
    ask::tokens(app, about, Source::TokensOfRefresh, (user, groups), scopes, metadata).await
}

/// Moves the grant on, or finds that a parallel request did; without a grace period that is a reuse.
async fn rotate(
    app: &App,
    context: &Context,
    grant: Grant,
    generation: i64,
    device_key: Option<String>,
    previous_until: Millis,
) -> Result<Grant> {
    let now = app.now();
    let used = sessions::use_of(&context.origin, &context.pool, &grant, now);
    let (key, pool, client) = (grant.id, context.pool.clone(), context.client.clone());
    let rotated = app
        .write(move |app, tx| {
            let won = store::grants::rotate(tx, &key, generation, previous_until, used.as_ref())?;
            let found = store::grants::find_for_tokens(tx, &key)?;
            let (grant, user) = found.ok_or_else(fault::refresh_token_invalid)?;
            let user = user.map(|(user, _)| user);
            let judged = if won { grant.generation } else { generation };
            let presented = refresh::Presented { generation: judged, device_key: device_key.as_deref() };
            match refresh::check(&grant, presented, (&pool, &client), user.as_ref(), now)? {
                Refresh::Keep | Refresh::Repeat | Refresh::Rotate { .. } => Ok(Some(grant)),
                // Found out and ended in one transaction: a crash between the two would leave the grant alive.
                Refresh::Reuse => {
                    ended_grants::end(app, tx, &grant, now)?;
                    Ok(None)
                }
            }
        })
        .await?;
    rotated.ok_or_else(fault::refresh_token_reused)
}

async fn end(app: &App, grant: Grant, now: Millis) -> Result<Fault> {
    app.write(move |app, tx| ended_grants::end(app, tx, &grant, now)).await?;
    Ok(fault::refresh_token_reused())
}
