//! A signed-in user sets another password.

use super::user_passwords;
use crate::{
    app::App,
    callers::SignedIn,
    users::{
        changes,
        code_limits::{self, Limit},
        codes::CodeOwner,
        passwords,
    },
};
use rules::{Fault, Result, fault, pool::password_policy, user::User};
use spec::cognito_idp::{ChangePasswordRequest, ChangePasswordResponse, UserStatusType};
use zeroize::Zeroizing;

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ChangePassword.html>
pub async fn change_password(
    app: &App,
    caller: SignedIn,
    input: ChangePasswordRequest,
) -> Result<ChangePasswordResponse> {
    let SignedIn { pool, user: read, .. } = caller;
    check_changeable(&read)?;
    let policy = pool.password_policy();
    let proposed = Zeroizing::new(input.proposed_password);
    password_policy::check_password(&policy, &proposed).map_err(fault::changed_password)?;
    check_previous(app, &read, input.previous_password.map(Zeroizing::new)).await?;
    user_passwords::check_history(app, &read, &proposed, policy.history_size).await?;
    let kept = passwords::make(app, &pool, &read, proposed, false).await?;
    let now = app.now();
    app.write(move |app, tx| {
        let before = changes::find(tx, &pool, &read.sub)?;
        check_changeable(&before)?;
        // Another change came first: the password that was proved is not the present one.
        if !before.has_same_password(&read) {
            return Err(fault::incorrect_username_or_password());
        }
        let user = User { password: Some(kept.clone()), updated_at: now, ..before.clone() };
        changes::save(tx, &pool, &before, &user)?;
        code_limits::forget(app, tx, Limit::ChangePassword, &CodeOwner::user(&user))
    })
    .await?;
    Ok(ChangePasswordResponse {})
}

fn check_changeable(user: &User) -> Result<()> {
    match user.status {
        UserStatusType::ResetRequired => Err(fault::password_reset_required()),
        UserStatusType::ExternalProvider => Err(fault::password_cannot_be_reset()),
        _ => Ok(()),
    }
}

/// Checks the present password. A thief of an access token must not find it by trying, so each try is counted
/// before it is looked at. A user without a password sets the first one.
async fn check_previous(app: &App, user: &User, previous: Option<Zeroizing<String>>) -> Result<()> {
    let Some(present) = &user.password else { return Ok(()) };
    let (owner, now) = (CodeOwner::user(user), app.now());
    app.write(move |app, tx| code_limits::count(app, tx, Limit::ChangePassword, &owner, now)).await??;
    let previous = previous.ok_or_else(fault::incorrect_username_or_password)?;
    if passwords::is_any_of(app, previous, vec![present.hash.clone()]).await? {
        Ok(())
    } else {
        Err::<(), Fault>(fault::incorrect_username_or_password())
    }
}
