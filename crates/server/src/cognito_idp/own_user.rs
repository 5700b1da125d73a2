//! A signed-in user looks at themselves, and leaves.

use crate::{app::App, callers::SignedIn, users::changes};
use rules::{Result, user::attributes};
use spec::cognito_idp::{DeleteUserRequest, GetUserRequest, GetUserResponse};

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUser.html>
pub async fn get_user(_app: &App, caller: SignedIn, _input: GetUserRequest) -> Result<GetUserResponse> {
    let SignedIn { user, client, .. } = caller;
    let factors = user.mfa.setting_list();
    Ok(GetUserResponse {
        user_attributes: user.attribute_list(attributes::readable(&client)),
        mfa_options: None,
        preferred_mfa_setting: user.mfa.preferred.map(|factor| factor.as_str().to_owned()),
        user_mfa_setting_list: (!factors.is_empty()).then_some(factors),
        username: user.username.into(),
    })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteUser.html>
pub async fn delete_user(app: &App, caller: SignedIn, _input: DeleteUserRequest) -> Result<()> {
    let SignedIn { pool, user, .. } = caller;
    app.db
        .write(move |tx| {
            let user = changes::find(tx, &pool, &user.sub)?;
            changes::delete(tx, &pool, &user)
        })
        .await
}
