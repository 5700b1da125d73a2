//! Who is in which group.

use super::{groups::to_wire, paging::Page};
use crate::{app::App, callers::Operator, users::changes};
use rules::{Fault, Result, fault, ids::PoolId};
use spec::cognito_idp::{
    AdminAddUserToGroupRequest, AdminListGroupsForUserRequest, AdminListGroupsForUserResponse,
    AdminRemoveUserFromGroupRequest, ListUsersInGroupRequest, ListUsersInGroupResponse,
};
use store::{Tx, groups};

/// D
const GROUPS_PER_USER_MAX: i64 = 100;

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminAddUserToGroup.html>
pub async fn admin_add_user_to_group(
    app: &App,
    _caller: &Operator,
    input: AdminAddUserToGroupRequest,
) -> Result<()> {
    let pool = app.pool(&input.user_pool_id).await?;
    app.db
        .write(move |tx| {
            let user = changes::find(tx, &pool, &input.username)?;
            check_group(tx, &pool.id, &input.group_name)?;
            if groups::is_member(tx, &pool.id, &input.group_name, &user.sub)? {
                return Ok(());
            }
            if groups::count_of_user(tx, &pool.id, &user.sub)? >= GROUPS_PER_USER_MAX {
                return Err(fault::too_many_groups_of_user());
            }
            groups::add_member(tx, &pool.id, &input.group_name, &user.sub)?;
            Ok(())
        })
        .await
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminRemoveUserFromGroup.html>
pub async fn admin_remove_user_from_group(
    app: &App,
    _caller: &Operator,
    input: AdminRemoveUserFromGroupRequest,
) -> Result<()> {
    let pool = app.pool(&input.user_pool_id).await?;
    app.db
        .write(move |tx| {
            let user = changes::find(tx, &pool, &input.username)?;
            check_group(tx, &pool.id, &input.group_name)?;
            groups::remove_member(tx, &pool.id, &input.group_name, &user.sub)?;
            Ok::<_, Fault>(())
        })
        .await
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminListGroupsForUser.html>
pub async fn admin_list_groups_for_user(
    app: &App,
    _caller: &Operator,
    input: AdminListGroupsForUserRequest,
) -> Result<AdminListGroupsForUserResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    let scope = [pool.id.as_str(), &pool.fold_name(&input.username)];
    let page = Page::asked(app, "AdminListGroupsForUser", &scope, input.limit, input.next_token.as_deref())?;
    let (asked, pool) = (page.clone(), pool.clone());
    let found = app
        .db
        .read(move |tx| {
            let user = changes::find(tx, &pool, &input.username)?;
            let after = asked.after.as_deref().unwrap_or_default();
            Ok::<_, Fault>(groups::list_of_user(tx, &pool.id, &user.sub, after, asked.reading_length())?)
        })
        .await?;
    let (groups, next_token) = page.cut(app, found, |group| group.name.clone())?;
    Ok(AdminListGroupsForUserResponse { groups: Some(groups.into_iter().map(to_wire).collect()), next_token })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsersInGroup.html>
pub async fn list_users_in_group(
    app: &App,
    _caller: &Operator,
    input: ListUsersInGroupRequest,
) -> Result<ListUsersInGroupResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    let scope = [pool.id.as_str(), &input.group_name];
    let page = Page::asked(app, "ListUsersInGroup", &scope, input.limit, input.next_token.as_deref())?;
    let asked = page.clone();
    let found = app
        .db
        .read(move |tx| {
            check_group(tx, &pool.id, &input.group_name)?;
            let after = asked.after.as_deref().unwrap_or_default();
            Ok::<_, Fault>(groups::list_members(
                tx,
                &pool.id,
                &input.group_name,
                after,
                asked.reading_length(),
            )?)
        })
        .await?;
    let (users, next_token) = page.cut(app, found, |user| user.sub.to_string())?;
    Ok(ListUsersInGroupResponse {
        users: Some(users.iter().map(|user| user.to_wire(|_| true)).collect()),
        next_token,
    })
}

fn check_group(tx: &mut Tx<'_>, pool_id: &PoolId, name: &str) -> Result<()> {
    groups::find(tx, pool_id, name)?.map(drop).ok_or_else(fault::unknown_group)
}
