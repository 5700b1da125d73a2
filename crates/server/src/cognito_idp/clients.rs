//! App clients: creating, describing, changing, deleting and listing them.

use super::{client_rows, client_secrets, paging::Page, pools};
use crate::{app::App, callers::Operator, development::custom_ids};
use rules::{
    Result, fault,
    ids::{self, ClientId},
    pool::{Client, client_settings},
};
use spec::cognito_idp::{
    ClientTypeType, CreateUserPoolClientRequest, CreateUserPoolClientResponse, DeleteUserPoolClientRequest,
    DescribeUserPoolClientRequest, DescribeUserPoolClientResponse, ListUserPoolClientsRequest,
    ListUserPoolClientsResponse, UpdateUserPoolClientRequest, UpdateUserPoolClientResponse,
    UserPoolClientDescription, UserPoolClientType,
};

/// What of a client's configuration is kept and described while its effect is not built, or only partly; for
/// docs/compatibility.md.
pub const LATER: &[(&str, &str)] = &[
    (
        "AllowedOAuthFlows, AllowedOAuthScopes, AllowedOAuthFlowsUserPoolClient",
        "checked, kept and described; the OAuth endpoints are not built. Scopes of resource servers are refused, \
         because there are none yet",
    ),
    ("AnalyticsConfiguration", "kept and described; no events are sent"),
    ("CallbackURLs, LogoutURLs, DefaultRedirectURI", "checked, kept and described for the OAuth endpoints"),
    (
        "EnablePropagateAdditionalUserContextData",
        "checked, kept and described; threat protection, which would look at the data, is not built",
    ),
    (
        "ExplicitAuthFlows",
        "ALLOW_CLIENT_TOKEN_AUTH, ALLOW_TOKEN_EXCHANGE_IMPERSONATION and \
         ALLOW_TOKEN_EXCHANGE_DELEGATION are kept and described; their flows are not built and are refused",
    ),
    ("PublishSecretsInAWSSecretsManager", "false; true is refused, because secrets are kept here alone"),
    ("SupportedIdentityProviders", "COGNITO; others are refused, because no provider can be created yet"),
];

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html>
pub async fn create_user_pool_client(
    app: &App,
    _caller: &Operator,
    input: CreateUserPoolClientRequest,
) -> Result<CreateUserPoolClientResponse> {
    let id = match custom_ids::of_client(app, &input.client_name)? {
        Some(id) => id,
        None => ids::client_id(&mut app.random()),
    };
    create_as(app, id, input).await
}

/// CreateUserPoolClient with an id that was chosen.
///
/// # Errors
/// InvalidParameterException if another client has it, and those of CreateUserPoolClient.
pub(crate) async fn create_as(
    app: &App,
    id: ClientId,
    input: CreateUserPoolClientRequest,
) -> Result<CreateUserPoolClientResponse> {
    let now = app.now();
    let secret = client_secrets::first(app, &id, &input)?;
    let client = app
        .db
        .write(move |tx| -> Result<Client> {
            let pool = pools::get(tx, &input.user_pool_id)?;
            let mut client = client_settings::create(&pool, input.clone(), id.clone(), now)?;
            client.secrets.extend(secret.clone());
            if store::clients::count(tx, &pool.id)? >= client_settings::CLIENTS_MAX {
                return Err(fault::too_many_clients(client_settings::CLIENTS_MAX));
            }
            if store::clients::insert(tx, &client)? {
                Ok(client)
            } else {
                Err(fault::invalid_parameter(format!("There is an app client with the id {id} already.")))
            }
        })
        .await?;
    Ok(CreateUserPoolClientResponse { user_pool_client: Some(described(app, client)?) })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DescribeUserPoolClient.html>
pub async fn describe_user_pool_client(
    app: &App,
    _caller: &Operator,
    input: DescribeUserPoolClientRequest,
) -> Result<DescribeUserPoolClientResponse> {
    let (pool_id, id) = (input.user_pool_id.into(), input.client_id.into());
    let client = app.db.read(move |tx| client_rows::get(tx, &pool_id, &id)).await?;
    Ok(DescribeUserPoolClientResponse { user_pool_client: Some(described(app, client)?) })
}

/// What is kept, and of the secrets the older one.
fn described(app: &App, client: Client) -> Result<UserPoolClientType> {
    // Unverified: which of two secrets is shown. The older one does not change under whoever keeps it.
    let client_secret = client_secrets::oldest(app, &client)?;
    Ok(UserPoolClientType { client_secret, client_type: Some(ClientTypeType::Regular), ..client.detail })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPoolClient.html>
pub async fn update_user_pool_client(
    app: &App,
    _caller: &Operator,
    input: UpdateUserPoolClientRequest,
) -> Result<UpdateUserPoolClientResponse> {
    let (pool_id, id, now) =
        (input.user_pool_id.clone(), ClientId::from(input.client_id.as_str()), app.now());
    let client = app
        .db
        .write(move |tx| -> Result<Client> {
            let pool = pools::get(tx, &pool_id)?;
            let client = client_rows::get_of_known_pool(tx, &pool.id, &id)?;
            client_rows::put(tx, client_settings::update(&pool, &client, input.clone(), now)?)
        })
        .await?;
    app.forget_client(&client.id);
    Ok(UpdateUserPoolClientResponse { user_pool_client: Some(described(app, client)?) })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteUserPoolClient.html>
pub async fn delete_user_pool_client(
    app: &App,
    _caller: &Operator,
    input: DeleteUserPoolClientRequest,
) -> Result<()> {
    let (pool_id, id) = (input.user_pool_id.into(), ClientId::from(input.client_id.as_str()));
    app.db
        .write(move |tx| -> Result<()> {
            let client = client_rows::get(tx, &pool_id, &id)?;
            store::clients::delete(tx, &client.pool_id, &client.id)?;
            Ok(())
        })
        .await?;
    app.forget_client(&input.client_id);
    Ok(())
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUserPoolClients.html>
pub async fn list_user_pool_clients(
    app: &App,
    _caller: &Operator,
    input: ListUserPoolClientsRequest,
) -> Result<ListUserPoolClientsResponse> {
    let kind = input.client_type.map_or("", ClientTypeType::as_str);
    let scope = [input.user_pool_id.as_str(), kind];
    let token = input.next_token.as_deref();
    let page = Page::asked(app, "ListUserPoolClients", &scope, input.max_results, token)?;
    let (after, length) = (page.after.clone().unwrap_or_default(), page.reading_length());
    let mut clients = app
        .db
        .read(move |tx| -> Result<Vec<Client>> {
            let pool = pools::get(tx, &input.user_pool_id)?;
            Ok(store::clients::list(tx, &pool.id, &after, length)?)
        })
        .await?;
    if input.client_type == Some(ClientTypeType::Dcr) {
        // No client can register itself yet.
        clients.clear();
    }
    let (clients, next_token) = page.cut(app, clients, |client| client.id.to_string())?;
    let user_pool_clients = clients
        .into_iter()
        .map(|client| UserPoolClientDescription {
            client_id: Some(client.id.into()),
            user_pool_id: Some(client.pool_id.into()),
            client_name: client.detail.client_name,
        })
        .collect();
    Ok(ListUserPoolClientsResponse { user_pool_clients: Some(user_pool_clients), next_token })
}
