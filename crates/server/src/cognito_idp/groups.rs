//! Groups of a pool.

use super::paging::Page;
use crate::{app::App, callers::Operator};
use rules::{Result, fault};
use spec::{
    Timestamp,
    cognito_idp::{
        CreateGroupRequest, CreateGroupResponse, DeleteGroupRequest, GetGroupRequest, GetGroupResponse,
        GroupType, ListGroupsRequest, ListGroupsResponse, UpdateGroupRequest, UpdateGroupResponse,
    },
};
use store::groups::{self, Group};

/// D
const GROUPS_PER_POOL_MAX: i64 = 10_000;

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateGroup.html>
pub async fn create_group(
    app: &App,
    _caller: &Operator,
    input: CreateGroupRequest,
) -> Result<CreateGroupResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    let now = app.now();
    let group = Group {
        pool_id: pool.id.clone(),
        name: input.group_name,
        description: input.description,
        role_arn: input.role_arn,
        precedence: input.precedence.map(i64::from),
        created_at: now,
        updated_at: now,
    };
    let answer = to_wire(group.clone());
    app.db
        .write(move |tx| {
            if groups::count(tx, &group.pool_id)? >= GROUPS_PER_POOL_MAX {
                return Err(fault::too_many_groups());
            }
            if groups::insert(tx, &group)? { Ok(()) } else { Err(fault::group_exists()) }
        })
        .await?;
    Ok(CreateGroupResponse { group: Some(answer) })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetGroup.html>
pub async fn get_group(app: &App, _caller: &Operator, input: GetGroupRequest) -> Result<GetGroupResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    let group = app.db.read(move |tx| groups::find(tx, &pool.id, &input.group_name)).await?;
    let group = group.ok_or_else(fault::unknown_group)?;
    Ok(GetGroupResponse { group: Some(to_wire(group)) })
}

/// Members that are absent stay as they are: Terraform sends only those that changed.
///
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateGroup.html>
pub async fn update_group(
    app: &App,
    _caller: &Operator,
    input: UpdateGroupRequest,
) -> Result<UpdateGroupResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    let now = app.now();
    let group = app
        .db
        .write(move |tx| {
            let mut group =
                groups::find(tx, &pool.id, &input.group_name)?.ok_or_else(fault::unknown_group)?;
            group.description = input.description.clone().or(group.description);
            group.role_arn = input.role_arn.clone().or(group.role_arn);
            group.precedence = input.precedence.map(i64::from).or(group.precedence);
            group.updated_at = now;
            groups::update(tx, &group)?;
            Ok::<_, rules::Fault>(group)
        })
        .await?;
    Ok(UpdateGroupResponse { group: Some(to_wire(group)) })
}

/// A group goes with its memberships.
///
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteGroup.html>
pub async fn delete_group(app: &App, _caller: &Operator, input: DeleteGroupRequest) -> Result<()> {
    let pool = app.pool(&input.user_pool_id).await?;
    let found = app.db.write(move |tx| groups::delete(tx, &pool.id, &input.group_name)).await?;
    if found { Ok(()) } else { Err(fault::unknown_group()) }
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListGroups.html>
pub async fn list_groups(
    app: &App,
    _caller: &Operator,
    input: ListGroupsRequest,
) -> Result<ListGroupsResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    let page = Page::asked(app, "ListGroups", &[&pool.id], input.limit, input.next_token.as_deref())?;
    let asked = page.clone();
    let found = app
        .db
        .read(move |tx| {
            groups::list(tx, &pool.id, asked.after.as_deref().unwrap_or_default(), asked.reading_length())
        })
        .await?;
    let (groups, next_token) = page.cut(app, found, |group| group.name.clone())?;
    Ok(ListGroupsResponse { groups: Some(groups.into_iter().map(to_wire).collect()), next_token })
}

/// A group as the wire has it.
pub(super) fn to_wire(group: Group) -> GroupType {
    GroupType {
        group_name: Some(group.name),
        user_pool_id: Some(group.pool_id.into()),
        description: group.description,
        role_arn: group.role_arn,
        precedence: group.precedence.and_then(|p| i32::try_from(p).ok()),
        last_modified_date: Some(Timestamp::from_millis(group.updated_at)),
        creation_date: Some(Timestamp::from_millis(group.created_at)),
    }
}
