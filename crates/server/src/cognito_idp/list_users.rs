//! The users of a pool, searched and in pages.

use super::paging::Page;
use crate::{app::App, callers::Operator};
use rules::{Fault, Result, fault, pool::user_filter};
use spec::cognito_idp::{ListUsersRequest, ListUsersResponse};
use store::user_search::{self, Position};

/// An attribute that is asked for and that a user does not have is left out. The documentation announces an
/// error, which would make the answer depend on whoever happens to be on the page.
///
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html>
pub async fn list_users(app: &App, _caller: &Operator, input: ListUsersRequest) -> Result<ListUsersResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    let text = input.filter.unwrap_or_default();
    let filter = user_filter::parse(&text)?;
    let attributes = input.attributes_to_get.filter(|names| !names.is_empty());
    let names = attributes.as_deref().unwrap_or_default();
    if names.iter().any(|name| name != "sub" && pool.schema_attribute(name).is_none()) {
        return Err(fault::attributes_to_get_unknown());
    }
    // The word refuses tokens from when lists had another order.
    let mut scope = vec!["by number", pool.id.as_str(), &text];
    scope.extend(names.iter().map(String::as_str));
    let page = Page::asked(app, "ListUsers", &scope, input.limit, input.pagination_token.as_deref())?;
    let after: Option<Position> =
        page.after.as_deref().map(serde_json::from_str).transpose().map_err(Fault::internal)?;
    let (pool_id, length) = (pool.id.clone(), page.reading_length());
    let found =
        app.db.read(move |tx| user_search::list(tx, &pool_id, &filter, after.as_ref(), length)).await?;
    let (found, pagination_token) =
        page.cut(app, found, |(_, position)| serde_json::to_string(position).unwrap_or_default())?;
    let is_wanted = |name: &str| attributes.as_ref().is_none_or(|names| names.iter().any(|n| n == name));
    Ok(ListUsersResponse {
        users: Some(found.iter().map(|(user, _)| user.to_wire(is_wanted)).collect()),
        pagination_token,
    })
}
