//! An administrator's changes of a user's attributes.

use super::user_attributes::send_codes;
use crate::users::changes;
use crate::{app::App, callers::Operator};
use rules::{
    Result,
    user::attributes::{self, Writer},
};
use spec::cognito_idp::{
    AdminDeleteUserAttributesRequest, AdminDeleteUserAttributesResponse, AdminUpdateUserAttributesRequest,
    AdminUpdateUserAttributesResponse,
};

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminUpdateUserAttributes.html>
pub async fn admin_update_user_attributes(
    app: &App,
    _caller: &Operator,
    input: AdminUpdateUserAttributesRequest,
) -> Result<AdminUpdateUserAttributesResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    let changes = attributes::check_update(&pool, Writer::Operator, &input.user_attributes)?;
    update(app, &input.user_pool_id, input.username, changes).await?;
    Ok(AdminUpdateUserAttributesResponse {})
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteUserAttributes.html>
pub async fn admin_delete_user_attributes(
    app: &App,
    _caller: &Operator,
    input: AdminDeleteUserAttributesRequest,
) -> Result<AdminDeleteUserAttributesResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    let changes = attributes::check_deletion(&pool, Writer::Operator, &input.user_attribute_names)?;
    update(app, &input.user_pool_id, input.username, changes).await?;
    Ok(AdminDeleteUserAttributesResponse {})
}

/// Applies the changes and sends the codes that they entail, in one transaction.
async fn update(app: &App, pool_id: &str, typed: String, changes: attributes::Changes) -> Result<()> {
    let pool = app.pool(pool_id).await?;
    let now = app.now();
    app.write(move |app, tx| {
        let before = changes::find(tx, &pool, &typed)?;
        let mut user = before.clone();
        let media = attributes::apply(&pool, &mut user, &changes);
        user.updated_at = now;
        changes::save(tx, &pool, &before, &user)?;
        send_codes(app, tx, &pool, &user, &media, now).map(drop)
    })
    .await
}
