//! Passwords that an administrator sets or takes away.

use crate::{
    app::App,
    callers::{CallOrigin, Operator},
    triggers::About,
    users::{
        changes,
        codes::{self, CodePurpose},
        drafts::{Addressed, Draft},
        passwords,
    },
};
use rules::{
    Result, fault,
    messages::{Occasion, requests},
    pool::password_policy,
    user::{Password, User},
};
use spec::cognito_idp::{
    AdminResetUserPasswordRequest, AdminResetUserPasswordResponse, AdminSetUserPasswordRequest,
    AdminSetUserPasswordResponse, UserStatusType,
};
use std::sync::Arc;
use zeroize::Zeroizing;

/// A permanent password confirms the user; a temporary one must be changed at the next sign-in.
///
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminSetUserPassword.html>
pub async fn admin_set_user_password(
    app: &App,
    _caller: &Operator,
    input: AdminSetUserPasswordRequest,
) -> Result<AdminSetUserPasswordResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    let password = Zeroizing::new(input.password);
    let temporary = input.permanent != Some(true);
    let policy = pool.password_policy();
    password_policy::check_password(&policy, &password).map_err(fault::changed_password)?;
    let (reading, typed) = (pool.clone(), input.username);
    let read = app.db.look_up(move |tx| changes::find(tx, &reading, &typed)).await?;
    check_history(app, &read, &password, policy.history_size).await?;
    let kept = passwords::make(app, &pool, &read, password, temporary).await?;
    let now = app.now();
    app.db
        .write(move |tx| {
            let before = changes::find(tx, &pool, &read.sub)?;
            // What was made looks back on the password that was read.
            if !before.has_same_password(&read) {
                return Err(changes::changed_meanwhile());
            }
            let mut user = User { password: Some(kept.clone()), updated_at: now, ..before.clone() };
            user.status =
                if temporary { UserStatusType::ForceChangePassword } else { UserStatusType::Confirmed };
            changes::save(tx, &pool, &before, &user)
        })
        .await?;
    Ok(AdminSetUserPasswordResponse {})
}

/// Refuses a password that the user had, as far as the pool's policy looks back.
pub(super) async fn check_history(
    app: &App,
    user: &User,
    password: &Zeroizing<String>,
    history_size: usize,
) -> Result<()> {
    let Some(Password { hash, history, .. }) = &user.password else { return Ok(()) };
    if history_size == 0 {
        return Ok(());
    }
    let earlier = std::iter::once(hash).chain(history).take(history_size).cloned().collect();
    if passwords::is_any_of(app, password.clone(), earlier).await? {
        return Err(fault::password_in_history());
    }
    Ok(())
}

/// Sends a code by which the user sets a new password; until then nobody signs in by the old one.
///
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminResetUserPassword.html>
pub async fn admin_reset_user_password(
    app: &App,
    _caller: &Operator,
    origin: Arc<CallOrigin>,
    input: AdminResetUserPasswordRequest,
) -> Result<AdminResetUserPasswordResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    let now = app.now();
    let (reading, typed) = (pool.clone(), input.username);
    let read = app.db.read(move |tx| changes::find(tx, &reading, &typed)).await?;
    let recipient = requests::reset_recipient(&pool, &read)?;
    let addressed = Addressed {
        about: About { pool: &pool, client_id: None, username: &read.username, origin: &origin },
        occasion: Occasion::Reset,
        user: &read,
        client_metadata: input.client_metadata.as_ref(),
    };
    let draft = Draft::of(app, addressed, recipient).await?;
    app.write(move |app, tx| {
        let before = changes::find(tx, &pool, &read.sub)?;
        if requests::reset_recipient(&pool, &before)? != draft.recipient {
            return Err(changes::changed_meanwhile());
        }
        let user = User { status: UserStatusType::ResetRequired, updated_at: now, ..before.clone() };
        changes::save(tx, &pool, &before, &user)?;
        codes::send(app, tx, &pool, &user, CodePurpose::PasswordReset, &draft, now).map(drop)
    })
    .await?;
    Ok(AdminResetUserPasswordResponse {})
}
