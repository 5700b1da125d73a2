//! Whether a pool tracks sessions, and what its clients do with them.

use super::{client_rows, pools};
use crate::{app::App, callers::Operator};
use rules::{
    Result,
    ids::ClientId,
    pool::{Client, session_config},
};
use spec::cognito_idp::{
    GetUserPoolClientSessionConfigurationRequest, GetUserPoolClientSessionConfigurationResponse,
    GetUserPoolSessionConfigurationRequest, GetUserPoolSessionConfigurationResponse,
    SetUserPoolClientSessionConfigurationRequest, SetUserPoolClientSessionConfigurationResponse,
    SetUserPoolSessionConfigurationRequest, SetUserPoolSessionConfigurationResponse,
};

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetUserPoolSessionConfiguration.html>
pub async fn set_user_pool_session_configuration(
    app: &App,
    _caller: &Operator,
    input: SetUserPoolSessionConfigurationRequest,
) -> Result<SetUserPoolSessionConfigurationResponse> {
    let (id, now) = (input.user_pool_id.clone(), app.now());
    let pool = pools::change(app, &id, move |pool| session_config::set(pool, &input, now)).await?;
    let answer = session_config::describe(&pool);
    Ok(SetUserPoolSessionConfigurationResponse {
        user_pool_id: answer.user_pool_id,
        user_session_tracking: answer.user_session_tracking,
        token_session: answer.token_session,
    })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUserPoolSessionConfiguration.html>
pub async fn get_user_pool_session_configuration(
    app: &App,
    _caller: &Operator,
    input: GetUserPoolSessionConfigurationRequest,
) -> Result<GetUserPoolSessionConfigurationResponse> {
    let pool = app.db.read(move |tx| pools::get(tx, &input.user_pool_id)).await?;
    Ok(session_config::describe(&pool))
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetUserPoolClientSessionConfiguration.html>
pub async fn set_user_pool_client_session_configuration(
    app: &App,
    _caller: &Operator,
    input: SetUserPoolClientSessionConfigurationRequest,
) -> Result<SetUserPoolClientSessionConfigurationResponse> {
    let (id, now) = (ClientId::from(input.client_id.as_str()), app.now());
    let client = app
        .db
        .write(move |tx| -> Result<Client> {
            let pool = pools::get(tx, &input.user_pool_id)?;
            let client = client_rows::get_of_known_pool(tx, &pool.id, &id)?;
            client_rows::put(tx, session_config::set_client(&pool, &client, &input, now)?)
        })
        .await?;
    app.forget_client(&client.id);
    let answer = session_config::describe_client(&client);
    Ok(SetUserPoolClientSessionConfigurationResponse {
        user_pool_id: answer.user_pool_id,
        client_id: answer.client_id,
        sso_session: answer.sso_session,
    })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUserPoolClientSessionConfiguration.html>
pub async fn get_user_pool_client_session_configuration(
    app: &App,
    _caller: &Operator,
    input: GetUserPoolClientSessionConfigurationRequest,
) -> Result<GetUserPoolClientSessionConfigurationResponse> {
    let (pool_id, id) = (input.user_pool_id.into(), ClientId::from(input.client_id.as_str()));
    let client = app.db.read(move |tx| client_rows::get(tx, &pool_id, &id)).await?;
    Ok(session_config::describe_client(&client))
}
