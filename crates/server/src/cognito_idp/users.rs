//! A user as an administrator sees and governs them: looked up, confirmed, disabled, deleted.

use crate::{
    app::App,
    callers::{CallOrigin, Operator},
    triggers::{About, ask},
    users::changes,
};
use rules::{Millis, Result, fault, pool::Pool, triggers::Source, user::User};
use spec::{
    Timestamp,
    cognito_idp::{
        AdminConfirmSignUpRequest, AdminConfirmSignUpResponse, AdminDeleteUserRequest,
        AdminDisableUserRequest, AdminDisableUserResponse, AdminEnableUserRequest, AdminEnableUserResponse,
        AdminGetUserRequest, AdminGetUserResponse, UserStatusType,
    },
};
use std::sync::Arc;
use store::Tx;

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminGetUser.html>
pub async fn admin_get_user(
    app: &App,
    _caller: &Operator,
    input: AdminGetUserRequest,
) -> Result<AdminGetUserResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    let user = app.db.look_up(move |tx| changes::find(tx, &pool, &input.username)).await?;
    let factors = user.mfa.setting_list();
    Ok(AdminGetUserResponse {
        user_attributes: Some(user.attribute_list(|_| true)),
        user_create_date: Some(Timestamp::from_millis(user.created_at)),
        user_last_modified_date: Some(Timestamp::from_millis(user.updated_at)),
        enabled: Some(user.enabled),
        user_status: Some(user.status),
        mfa_options: None,
        preferred_mfa_setting: user.mfa.preferred.map(|factor| factor.as_str().to_owned()),
        user_mfa_setting_list: (!factors.is_empty()).then_some(factors),
        username: user.username.into(),
    })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteUser.html>
pub async fn admin_delete_user(app: &App, _caller: &Operator, input: AdminDeleteUserRequest) -> Result<()> {
    let pool = app.pool(&input.user_pool_id).await?;
    app.db
        .write(move |tx| {
            let user = changes::find(tx, &pool, &input.username)?;
            changes::delete(tx, &pool, &user)
        })
        .await
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminEnableUser.html>
pub async fn admin_enable_user(
    app: &App,
    _caller: &Operator,
    input: AdminEnableUserRequest,
) -> Result<AdminEnableUserResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    let now = app.now();
    app.db
        .write(move |tx| {
            change(tx, &pool, &input.username, now, |user| {
                user.enabled = true;
                Ok(())
            })
        })
        .await?;
    Ok(AdminEnableUserResponse {})
}

/// All tokens of the user end, and stay ended when the user is enabled again.
///
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDisableUser.html>
pub async fn admin_disable_user(
    app: &App,
    _caller: &Operator,
    input: AdminDisableUserRequest,
) -> Result<AdminDisableUserResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    let now = app.now();
    app.db
        .write(move |tx| {
            change(tx, &pool, &input.username, now, |user| {
                user.enabled = false;
                user.sign_out();
                Ok(())
            })
        })
        .await?;
    Ok(AdminDisableUserResponse {})
}

/// Confirms a user; no address is verified by it.
///
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminConfirmSignUp.html>
pub async fn admin_confirm_sign_up(
    app: &App,
    _caller: &Operator,
    origin: Arc<CallOrigin>,
    input: AdminConfirmSignUpRequest,
) -> Result<AdminConfirmSignUpResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    let (now, writing) = (app.now(), pool.clone());
    let user = app
        .db
        .write(move |tx| {
            change(tx, &writing, &input.username, now, |user| {
                if user.status != UserStatusType::Unconfirmed {
                    return Err(fault::cannot_be_confirmed(user.status.as_str()));
                }
                user.status = UserStatusType::Confirmed;
                Ok(())
            })
        })
        .await?;
    let about = About { pool: &pool, client_id: None, username: &user.username, origin: &origin };
    let metadata = input.client_metadata.as_ref();
    ask::post_confirmation(app, about, Source::PostConfirmation, &user, metadata).await?;
    Ok(AdminConfirmSignUpResponse {})
}

/// Finds a user, changes it, and stores it.
pub(super) fn change(
    tx: &mut Tx<'_>,
    pool: &Pool,
    typed: &str,
    now: Millis,
    how: impl FnOnce(&mut User) -> Result<()>,
) -> Result<User> {
    let before = changes::find(tx, pool, typed)?;
    let mut user = before.clone();
    how(&mut user)?;
    user.updated_at = now;
    changes::save(tx, pool, &before, &user)?;
    Ok(user)
}
