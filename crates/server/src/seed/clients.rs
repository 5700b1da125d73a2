//! App clients as the seed has them.

use super::{Mistake, Sower, entry::Place, file, request, undated};
use crate::cognito_idp::{client_secrets, clients};
use rules::{
    ids::PoolId,
    pool::{Client, client_settings},
};
use serde_json::{Value, json};
use spec::cognito_idp::{CreateUserPoolClientRequest, Operation, UpdateUserPoolClientRequest};

impl Sower {
    /// Makes the client, or changes it to what the file says.
    pub(super) async fn client(&self, pool_id: &PoolId, wanted: &file::Client) -> Result<(), Mistake> {
        let place = &wanted.place;
        let mut input = wanted.members.clone();
        input["UserPoolId"] = json!(pool_id);
        let id = wanted.id.clone();
        let found = self.app.db.read(move |tx| store::clients::find(tx, &id)).await?;
        let create = Operation::CreateUserPoolClient.spec();
        let Some(client) = found else {
            let id = wanted.id.clone();
            self.ask(place, create, input, async |app, _, input| clients::create_as(app, id, input).await)
                .await?;
            return Ok(());
        };
        if client.pool_id != *pool_id {
            return Err(place.mistake(format!("{} is a client of {} already", client.id, client.pool_id)));
        }
        let asked: CreateUserPoolClientRequest = request(place, create, input.clone())?;
        self.secret(place, &client, &asked).await?;
        self.client_settings(place, &client, input).await
    }

    /// Gives the client the secret of the file, as its only one.
    async fn secret(
        &self,
        place: &Place,
        client: &Client,
        asked: &CreateUserPoolClientRequest,
    ) -> Result<(), Mistake> {
        let wanted = client_settings::wanted_secret(asked).map_err(|fault| place.fault(fault))?;
        if (wanted == client_settings::Secret::None) != client.secrets.is_empty() {
            return Err(place.mistake("a client has a secret from its beginning on or never"));
        }
        let Some(secret) = &asked.client_secret else { return Ok(()) };
        let values = client_secrets::values(&self.app, client).map_err(|fault| place.fault(fault))?;
        if values.iter().any(|(_, value)| value.as_str() == secret) {
            return Ok(());
        }
        let named = |secret_id: &str| json!({"UserPoolId": client.pool_id, "ClientId": client.id, "ClientSecretId": secret_id});
        let (add, delete) =
            (Operation::AddUserPoolClientSecret.spec(), Operation::DeleteUserPoolClientSecret.spec());
        let mut older = values.iter().map(|(id, _)| id.as_str());
        let kept = older.next_back();
        for id in older {
            self.ask(place, delete, named(id), client_secrets::delete_user_pool_client_secret).await?;
        }
        let input = json!({"UserPoolId": client.pool_id, "ClientId": client.id, "ClientSecret": secret});
        self.ask(place, add, input, client_secrets::add_user_pool_client_secret).await?;
        if let Some(id) = kept {
            self.ask(place, delete, named(id), client_secrets::delete_user_pool_client_secret).await?;
        }
        Ok(())
    }

    async fn client_settings(&self, place: &Place, client: &Client, mut input: Value) -> Result<(), Mistake> {
        if let Value::Object(members) = &mut input {
            members.remove("GenerateSecret");
            members.remove("ClientSecret");
            members.insert("ClientId".to_owned(), json!(client.id));
        }
        let change = Operation::UpdateUserPoolClient.spec();
        let asked: UpdateUserPoolClientRequest = request(place, change, input.clone())?;
        let pool = self.app.pool(&client.pool_id).await.map_err(|fault| place.fault(fault))?;
        let decided = client_settings::update(&pool, client, asked, self.app.now())
            .map_err(|fault| place.fault(fault))?;
        if undated(&decided) != undated(client) {
            self.ask(place, change, input, clients::update_user_pool_client).await?;
        }
        Ok(())
    }
}
