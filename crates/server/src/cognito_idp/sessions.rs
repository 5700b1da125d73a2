//! The sessions of a user: listed and revoked, by the user and by administrators.
//!
//! There are token sessions only, none of single sign-on, so RevokeAssociatedSessions finds nothing that is linked.

use super::paging::Page;
use crate::{
    app::App,
    callers::{Operator, SignedIn},
    tokens::ended_grants,
    users::changes,
};
use rules::{
    Fault, Result, fault,
    pool::{Pool, session_config::check_tracks},
    tokens::{Grant, sessions},
    user::User,
};
use spec::cognito_idp::{
    AdminListUserSessionsRequest, AdminListUserSessionsResponse, AdminRevokeUserSessionRequest,
    AdminRevokeUserSessionResponse, ListUserSessionsRequest, ListUserSessionsResponse,
    RevokeUserSessionRequest, RevokeUserSessionResponse, SessionDescriptionType,
};
use std::sync::Arc;
use store::{Tx, sessions::Position};

/// How long a page is. D
const SESSIONS_PER_PAGE_MAX: i64 = 125;

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUserSessions.html>
pub async fn list_user_sessions(
    app: &App,
    caller: SignedIn,
    input: ListUserSessionsRequest,
) -> Result<ListUserSessionsResponse> {
    check_tracks(&caller.pool)?;
    let SignedIn { user, claims, .. } = caller;
    let scope = [user.pool_id.as_str(), &user.sub];
    let token = input.next_token.as_deref();
    let page = Page::of_length(app, "ListUserSessions", &scope, SESSIONS_PER_PAGE_MAX, token)?;
    let (after, length, now) = (position(&page)?, page.reading_length(), app.now());
    let found = app.db.read(move |tx| store::sessions::list(tx, &user, now, &after, length)).await?;
    let (sessions, next_token) = shown(app, &page, found, |grant| sessions::is_current(&claims, grant))?;
    Ok(ListUserSessionsResponse { sessions: Some(sessions), next_token })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminListUserSessions.html>
pub async fn admin_list_user_sessions(
    app: &App,
    _caller: &Operator,
    input: AdminListUserSessionsRequest,
) -> Result<AdminListUserSessionsResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    check_tracks(&pool)?;
    let scope = [pool.id.as_str(), &pool.fold_name(&input.username)];
    let token = input.next_token.as_deref();
    let page = Page::of_length(app, "AdminListUserSessions", &scope, SESSIONS_PER_PAGE_MAX, token)?;
    let (after, length, now) = (position(&page)?, page.reading_length(), app.now());
    let found = app
        .db
        .read(move |tx| {
            let user = changes::find(tx, &pool, &input.username)?;
            Ok::<_, Fault>(store::sessions::list(tx, &user, now, &after, length)?)
        })
        .await?;
    let (sessions, next_token) = shown(app, &page, found, |_| false)?;
    Ok(AdminListUserSessionsResponse { sessions: Some(sessions), next_token })
}

fn position(page: &Page) -> Result<Position> {
    let after = page.after.as_deref().map(serde_json::from_str).transpose().map_err(Fault::internal)?;
    Ok(after.unwrap_or_else(Position::first))
}

fn shown(
    app: &App,
    page: &Page,
    found: Vec<Grant>,
    is_current: impl Fn(&Grant) -> bool,
) -> Result<(Vec<SessionDescriptionType>, Option<String>)> {
    let position = |grant: &Grant| serde_json::to_string(&Position::of(grant)).unwrap_or_default();
    let (grants, next_token) = page.cut(app, found, position)?;
    let sessions = grants.iter().map(|grant| sessions::describe(grant, is_current(grant))).collect();
    Ok((sessions, next_token))
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RevokeUserSession.html>
pub async fn revoke_user_session(
    app: &App,
    caller: SignedIn,
    input: RevokeUserSessionRequest,
) -> Result<RevokeUserSessionResponse> {
    let SignedIn { pool, user, claims, .. } = caller;
    let find_user = move |_: &mut Tx<'_>, _: &Pool| Ok(user.clone());
    let check = move |grant: &Grant| {
        if sessions::is_current(&claims, grant) { Err(fault::session_is_current()) } else { Ok(()) }
    };
    revoke(app, pool, &input.session_id, find_user, check).await?;
    Ok(RevokeUserSessionResponse {})
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminRevokeUserSession.html>
pub async fn admin_revoke_user_session(
    app: &App,
    _caller: &Operator,
    input: AdminRevokeUserSessionRequest,
) -> Result<AdminRevokeUserSessionResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    let find_user = move |tx: &mut Tx<'_>, pool: &Pool| changes::find(tx, pool, &input.username);
    revoke(app, pool, &input.session_id, find_user, |_| Ok(())).await?;
    Ok(AdminRevokeUserSessionResponse {})
}

/// Ends a session of the user with all its tokens. One that has ended is gone, so a second call finds none.
async fn revoke(
    app: &App,
    pool: Arc<Pool>,
    session_id: &str,
    find_user: impl Fn(&mut Tx<'_>, &Pool) -> Result<User> + Send + Sync + 'static,
    check: impl Fn(&Grant) -> Result<()> + Send + Sync + 'static,
) -> Result<()> {
    check_tracks(&pool)?;
    let (id, now) = (sessions::grant_id(session_id), app.now());
    app.write(move |app, tx| {
        let user = find_user(tx, &pool)?;
        let found = id.as_deref().map(|id| store::grants::find(tx, id)).transpose()?.flatten();
        let grant = found.filter(|grant| sessions::is_active(grant, &user, now));
        let grant = grant.ok_or_else(fault::unknown_session)?;
        check(&grant)?;
        ended_grants::end(app, tx, &grant, now)
    })
    .await
}
