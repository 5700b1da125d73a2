//! The tags of pools, which are named by their ARN.

use super::pools;
use crate::{app::App, callers::Operator};
use rules::{Result, fault, ids, pool::tags};
use spec::cognito_idp::{
    ListTagsForResourceRequest, ListTagsForResourceResponse, TagResourceRequest, TagResourceResponse,
    UntagResourceRequest, UntagResourceResponse,
};

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_TagResource.html>
pub async fn tag_resource(
    app: &App,
    _caller: &Operator,
    input: TagResourceRequest,
) -> Result<TagResourceResponse> {
    let id = pool_id(app, &input.resource_arn)?;
    pools::change(app, &id, move |pool| {
        let mut pool = pool.clone();
        let all = pool.detail.user_pool_tags.get_or_insert_default();
        all.extend(input.tags.clone());
        tags::check(all).map_err(fault::invalid_parameter)?;
        Ok(pool)
    })
    .await?;
    Ok(TagResourceResponse {})
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UntagResource.html>
pub async fn untag_resource(
    app: &App,
    _caller: &Operator,
    input: UntagResourceRequest,
) -> Result<UntagResourceResponse> {
    let id = pool_id(app, &input.resource_arn)?;
    pools::change(app, &id, move |pool| {
        let mut pool = pool.clone();
        pool.detail.user_pool_tags.get_or_insert_default().retain(|key, _| !input.tag_keys.contains(key));
        Ok(pool)
    })
    .await?;
    Ok(UntagResourceResponse {})
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListTagsForResource.html>
pub async fn list_tags_for_resource(
    app: &App,
    _caller: &Operator,
    input: ListTagsForResourceRequest,
) -> Result<ListTagsForResourceResponse> {
    let id = pool_id(app, &input.resource_arn)?;
    let pool = app.db.read(move |tx| pools::get(tx, &id)).await?;
    Ok(ListTagsForResourceResponse { tags: Some(pool.detail.user_pool_tags.unwrap_or_default()) })
}

/// The pool that an ARN names. One of another region or account is unknown here.
fn pool_id(app: &App, arn: &str) -> Result<String> {
    let Some((_, id)) = arn.split_once(":userpool/") else {
        // Unverified: text.
        return Err(fault::invalid_parameter(format!("{arn} is not the ARN of a user pool.")));
    };
    if ids::pool_arn(&app.config.region, &app.config.account_id, id) != arn {
        return Err(fault::unknown_pool(id));
    }
    Ok(id.to_owned())
}
