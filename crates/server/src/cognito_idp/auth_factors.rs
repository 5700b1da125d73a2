//! How a user can sign in.

use crate::{
    app::App,
    callers::{Operator, SignedIn},
    sign_in::facts,
    users::changes,
};
use rules::{Result, pool::Pool, sign_in::choice, user::User, webauthn::settings};
use spec::cognito_idp::{
    AdminGetUserAuthFactorsRequest, AdminGetUserAuthFactorsResponse, AuthFactorType,
    GetUserAuthFactorsRequest, GetUserAuthFactorsResponse,
};
use store::Tx;

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUserAuthFactors.html>
pub async fn get_user_auth_factors(
    app: &App,
    caller: SignedIn,
    _input: GetUserAuthFactorsRequest,
) -> Result<GetUserAuthFactorsResponse> {
    let SignedIn { pool, user, .. } = caller;
    let asked = user.clone();
    let configured = app.db.look_up(move |tx| configured(tx, &pool, &asked)).await?;
    let settings = user.mfa.setting_list();
    Ok(GetUserAuthFactorsResponse {
        preferred_mfa_setting: user.mfa.preferred.map(|factor| factor.as_str().to_owned()),
        user_mfa_setting_list: (!settings.is_empty()).then_some(settings),
        configured_user_auth_factors: Some(configured),
        username: user.username.into(),
    })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminGetUserAuthFactors.html>
pub async fn admin_get_user_auth_factors(
    app: &App,
    _caller: &Operator,
    input: AdminGetUserAuthFactorsRequest,
) -> Result<AdminGetUserAuthFactorsResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    let (user, configured) = app
        .db
        .look_up(move |tx| {
            let user = changes::find(tx, &pool, &input.username)?;
            let configured = configured(tx, &pool, &user)?;
            Ok::<_, rules::Fault>((user, configured))
        })
        .await?;
    let settings = user.mfa.setting_list();
    Ok(AdminGetUserAuthFactorsResponse {
        preferred_mfa_setting: user.mfa.preferred.map(|factor| factor.as_str().to_owned()),
        user_mfa_setting_list: (!settings.is_empty()).then_some(settings),
        configured_user_auth_factors: Some(configured),
        username: user.username.into(),
    })
}

fn configured(tx: &mut Tx<'_>, pool: &Pool, user: &User) -> Result<Vec<AuthFactorType>> {
    let has_passkey = match settings::relying_party_id(pool) {
        Some(relying_party) => facts::is_owner(tx, relying_party, &user.pool_id, &user.sub)?,
        None => false,
    };
    Ok(choice::configured(pool, user, has_passkey))
}
