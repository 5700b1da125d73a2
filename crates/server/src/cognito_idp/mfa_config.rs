//! Which second factors a pool offers.

use super::pools;
use crate::{app::App, callers::Operator};
use rules::{Result, pool::mfa_config};
use spec::cognito_idp::{
    GetUserPoolMfaConfigRequest, GetUserPoolMfaConfigResponse, SetUserPoolMfaConfigRequest,
    SetUserPoolMfaConfigResponse,
};

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetUserPoolMfaConfig.html>
pub async fn set_user_pool_mfa_config(
    app: &App,
    _caller: &Operator,
    input: SetUserPoolMfaConfigRequest,
) -> Result<SetUserPoolMfaConfigResponse> {
    let (id, now) = (input.user_pool_id.clone(), app.now());
    let pool = pools::change(app, &id, move |pool| mfa_config::set(pool, input.clone(), now)).await?;
    let answer = mfa_config::describe(&pool);
    Ok(SetUserPoolMfaConfigResponse {
        sms_mfa_configuration: answer.sms_mfa_configuration,
        software_token_mfa_configuration: answer.software_token_mfa_configuration,
        email_mfa_configuration: answer.email_mfa_configuration,
        mfa_configuration: answer.mfa_configuration,
        web_authn_configuration: answer.web_authn_configuration,
    })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUserPoolMfaConfig.html>
pub async fn get_user_pool_mfa_config(
    app: &App,
    _caller: &Operator,
    input: GetUserPoolMfaConfigRequest,
) -> Result<GetUserPoolMfaConfigResponse> {
    let pool = app.db.read(move |tx| pools::get(tx, &input.user_pool_id)).await?;
    Ok(mfa_config::describe(&pool))
}
