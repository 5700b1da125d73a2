//! Whether pools track sessions, and what clients do with them, as the seed has it.

use super::{Mistake, Sower, file, request, undated};
use crate::cognito_idp::session_config as operations;
use rules::{fault, ids::PoolId, pool::session_config};
use serde_json::json;
use spec::cognito_idp::Operation;

impl Sower {
    /// Sets the pool's configuration, if the file has one and the pool another.
    pub(super) async fn pool_sessions(&self, wanted: &file::Pool) -> Result<(), Mistake> {
        let (place, id) = (&wanted.place, wanted.id.clone());
        let Some(mut input) = wanted.sessions.clone() else { return Ok(()) };
        input["UserPoolId"] = json!(id);
        let set = Operation::SetUserPoolSessionConfiguration.spec();
        let asked = request(place, set, input.clone())?;
        let found = self.app.db.read(move |tx| store::pools::find(tx, &id)).await?;
        let pool = found.ok_or_else(|| place.fault(fault::unknown_pool(&wanted.id)))?;
        let decided = session_config::set(&pool, &asked, self.app.now());
        if undated(&decided.map_err(|fault| place.fault(fault))?) != undated(&pool) {
            self.ask(place, set, input, operations::set_user_pool_session_configuration).await?;
        }
        Ok(())
    }

    /// The same of a client.
    pub(super) async fn client_sessions(
        &self,
        pool_id: &PoolId,
        wanted: &file::Client,
    ) -> Result<(), Mistake> {
        let (place, id) = (&wanted.place, wanted.id.clone());
        let Some(mut input) = wanted.sessions.clone() else { return Ok(()) };
        input["UserPoolId"] = json!(pool_id);
        input["ClientId"] = json!(id);
        let set = Operation::SetUserPoolClientSessionConfiguration.spec();
        let asked = request(place, set, input.clone())?;
        let pool = self.app.pool(pool_id).await.map_err(|fault| place.fault(fault))?;
        let found = self.app.db.read(move |tx| store::clients::find(tx, &id)).await?;
        let client = found.ok_or_else(|| place.fault(fault::unknown_client(&wanted.id)))?;
        let decided = session_config::set_client(&pool, &client, &asked, self.app.now());
        if undated(&decided.map_err(|fault| place.fault(fault))?) != undated(&client) {
            self.ask(place, set, input, operations::set_user_pool_client_session_configuration).await?;
        }
        Ok(())
    }
}
