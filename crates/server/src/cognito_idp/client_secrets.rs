//! The secrets of confidential clients: two at the most, so that one can be replaced while the other works.

use super::client_rows;
use crate::{app::App, callers::Operator};
use rules::{
    Fault, Result, fault,
    ids::{self, ClientId, PoolId},
    pool::{
        Client, ClientSecret,
        client_settings::{Secret, wanted_secret},
    },
};
use spec::{
    Timestamp,
    cognito_idp::{
        AddUserPoolClientSecretRequest, AddUserPoolClientSecretResponse, ClientSecretDescriptorType,
        CreateUserPoolClientRequest, DeleteUserPoolClientSecretRequest, DeleteUserPoolClientSecretResponse,
        ListUserPoolClientSecretsRequest, ListUserPoolClientSecretsResponse,
    },
};
use zeroize::Zeroizing;

/// How many secrets a client may have.
const SECRETS_MAX: usize = 2;

/// The secret of a new client, if it gets one.
pub(super) fn first(
    app: &App,
    client_id: &ClientId,
    input: &CreateUserPoolClientRequest,
) -> Result<Option<ClientSecret>> {
    Ok(match wanted_secret(input)? {
        Secret::None => None,
        Secret::Generated => Some(seal(app, client_id, &generate(app))),
        Secret::Given => input.client_secret.as_ref().map(|secret| seal(app, client_id, secret)),
    })
}

/// The secret that DescribeUserPoolClient shows.
pub(super) fn oldest(app: &App, client: &Client) -> Result<Option<String>> {
    client.secrets.first().map(|secret| open(app, client, secret)).transpose()
}

/// All secrets with their ids, the oldest first.
pub(crate) fn values(app: &App, client: &Client) -> Result<Vec<(String, Zeroizing<String>)>> {
    let value = |secret: &ClientSecret| Ok((secret.id.clone(), Zeroizing::new(open(app, client, secret)?)));
    client.secrets.iter().map(value).collect()
}

fn open(app: &App, client: &Client, secret: &ClientSecret) -> Result<String> {
    let bytes = app.vault.open(&Client::secret_context(&client.id), &secret.value)?;
    String::from_utf8(bytes.to_vec()).map_err(|_| Fault::internal("a client secret is no text"))
}

fn generate(app: &App) -> Zeroizing<String> {
    Zeroizing::new(ids::client_secret(&mut app.random()))
}

fn seal(app: &App, client_id: &ClientId, secret: &str) -> ClientSecret {
    let now = app.now();
    ClientSecret {
        id: secret_id(client_id, now / 1_000),
        value: app.vault.seal(&Client::secret_context(client_id), secret.as_bytes()),
        created_at: now,
    }
}

fn secret_id(client_id: &ClientId, seconds: i64) -> String {
    format!("{client_id}--{seconds}")
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AddUserPoolClientSecret.html>
pub async fn add_user_pool_client_secret(
    app: &App,
    _caller: &Operator,
    input: AddUserPoolClientSecretRequest,
) -> Result<AddUserPoolClientSecretResponse> {
    let generated = input.client_secret.is_none().then(|| generate(app));
    let given = Zeroizing::new(input.client_secret.unwrap_or_default());
    let (pool_id, client_id) = (PoolId::from(input.user_pool_id), ClientId::from(input.client_id));
    let secret = seal(app, &client_id, generated.as_ref().unwrap_or(&given));
    let changed = client_id.clone();
    let added = app
        .db
        .write(move |tx| -> Result<ClientSecret> {
            let mut client = client_rows::get(tx, &pool_id, &client_id)?;
            if client.secrets.is_empty() {
                return Err(fault::client_has_no_secret(&client_id));
            }
            if client.secrets.len() >= SECRETS_MAX {
                return Err(fault::third_client_secret());
            }
            let mut secret = secret.clone();
            let mut seconds = secret.created_at / 1_000;
            // Of two secrets made in one second, the later gets the next second's name.
            while client.secrets.iter().any(|other| other.id == secret.id) {
                seconds += 1;
                secret.id = secret_id(&client_id, seconds);
            }
            client.secrets.push(secret.clone());
            client_rows::put(tx, client)?;
            Ok(secret)
        })
        .await?;
    app.forget_client(&changed);
    let client_secret_value = generated.map(|secret| secret.to_string());
    Ok(AddUserPoolClientSecretResponse {
        client_secret_descriptor: Some(ClientSecretDescriptorType {
            client_secret_value,
            ..descriptor(&added)
        }),
    })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUserPoolClientSecrets.html>
pub async fn list_user_pool_client_secrets(
    app: &App,
    _caller: &Operator,
    input: ListUserPoolClientSecretsRequest,
) -> Result<ListUserPoolClientSecretsResponse> {
    // All secrets fit into one page, so no token was ever given out.
    if input.next_token.is_some() {
        return Err(fault::page_token_invalid());
    }
    let (pool_id, id) = (input.user_pool_id.into(), input.client_id.into());
    let client = app.db.read(move |tx| client_rows::get(tx, &pool_id, &id)).await?;
    Ok(ListUserPoolClientSecretsResponse {
        client_secrets: Some(client.secrets.iter().map(descriptor).collect()),
        ..ListUserPoolClientSecretsResponse::default()
    })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteUserPoolClientSecret.html>
pub async fn delete_user_pool_client_secret(
    app: &App,
    _caller: &Operator,
    input: DeleteUserPoolClientSecretRequest,
) -> Result<DeleteUserPoolClientSecretResponse> {
    let (pool_id, id) = (PoolId::from(input.user_pool_id), ClientId::from(input.client_id));
    let changed = id.clone();
    app.db
        .write(move |tx| -> Result<()> {
            let mut client = client_rows::get(tx, &pool_id, &id)?;
            let before = client.secrets.len();
            client.secrets.retain(|secret| secret.id != input.client_secret_id);
            if client.secrets.len() == before {
                return Err(fault::unknown_client_secret(&input.client_secret_id));
            }
            if client.secrets.is_empty() {
                return Err(fault::last_client_secret());
            }
            client_rows::put(tx, client)?;
            Ok(())
        })
        .await?;
    app.forget_client(&changed);
    Ok(DeleteUserPoolClientSecretResponse {})
}

/// A secret without its value.
fn descriptor(secret: &ClientSecret) -> ClientSecretDescriptorType {
    ClientSecretDescriptorType {
        client_secret_id: Some(secret.id.clone()),
        client_secret_value: None,
        client_secret_create_date: Some(Timestamp::from_millis(secret.created_at)),
    }
}
