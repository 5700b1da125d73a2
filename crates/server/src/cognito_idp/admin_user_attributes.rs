//! An administrator's changes of a user's attributes.

use super::user_attributes::{changed, drafts, send_codes};
use crate::{
    app::App,
    callers::{CallOrigin, Operator},
    triggers::About,
    users::{changes, drafts::Addressed},
};
use rules::{
    Result,
    messages::Occasion,
    pool::Pool,
    triggers::Metadata,
    user::attributes::{self, Writer},
};
use spec::cognito_idp::{
    AdminDeleteUserAttributesRequest, AdminDeleteUserAttributesResponse, AdminUpdateUserAttributesRequest,
    AdminUpdateUserAttributesResponse,
};
use std::sync::Arc;

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminUpdateUserAttributes.html>
pub async fn admin_update_user_attributes(
    app: &App,
    _caller: &Operator,
    origin: Arc<CallOrigin>,
    input: AdminUpdateUserAttributesRequest,
) -> Result<AdminUpdateUserAttributesResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    let changes = attributes::check_update(&pool, Writer::Operator, &input.user_attributes)?;
    update(app, pool, input.username, changes, &origin, input.client_metadata.as_ref()).await?;
    Ok(AdminUpdateUserAttributesResponse {})
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteUserAttributes.html>
pub async fn admin_delete_user_attributes(
    app: &App,
    _caller: &Operator,
    origin: Arc<CallOrigin>,
    input: AdminDeleteUserAttributesRequest,
) -> Result<AdminDeleteUserAttributesResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    let changes = attributes::check_deletion(&pool, Writer::Operator, &input.user_attribute_names)?;
    update(app, pool, input.username, changes, &origin, None).await?;
    Ok(AdminDeleteUserAttributesResponse {})
}

/// Applies the changes and sends the codes that they entail, in one transaction.
async fn update(
    app: &App,
    pool: Arc<Pool>,
    typed: String,
    changes: attributes::Changes,
    origin: &CallOrigin,
    client_metadata: Option<&Metadata>,
) -> Result<()> {
    let now = app.now();
    let reading = pool.clone();
    let read = app.db.look_up(move |tx| changes::find(tx, &reading, &typed)).await?;
    let (after, media) = changed(&pool, &read, &changes, Writer::Operator, now)?;
    let about = About { pool: &pool, client_id: None, username: &read.username, origin };
    let addressed = Addressed { about, occasion: Occasion::Update, user: &after, client_metadata };
    let drafts = drafts(app, addressed, &media).await?;
    app.write(move |app, tx| {
        let before = changes::find(tx, &pool, &read.sub)?;
        let (user, media) = changed(&pool, &before, &changes, Writer::Operator, now)?;
        changes::save(tx, &pool, &before, &user)?;
        send_codes(app, tx, &pool, &user, &media, &drafts, now).map(drop)
    })
    .await
}
