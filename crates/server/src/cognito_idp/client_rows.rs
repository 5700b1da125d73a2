//! Clients in the store, read and changed in one transaction.

use super::pools;
use rules::{
    Result, fault,
    ids::{ClientId, PoolId},
    pool::Client,
};
use store::Tx;

/// Stores a client that was read in the same transaction.
pub(super) fn put(tx: &mut Tx<'_>, client: Client) -> Result<Client> {
    if store::clients::update(tx, &client)? { Ok(client) } else { Err(fault::concurrent_modification()) }
}

/// The client of this pool, read in this transaction. An unknown pool is named before an unknown client.
pub(super) fn get(tx: &mut Tx<'_>, pool_id: &PoolId, id: &ClientId) -> Result<Client> {
    match get_of_known_pool(tx, pool_id, id) {
        Ok(client) => Ok(client),
        Err(unknown) => {
            pools::get(tx, pool_id)?;
            Err(unknown)
        }
    }
}

/// A client of another pool does not exist here.
pub(super) fn get_of_known_pool(tx: &mut Tx<'_>, pool_id: &PoolId, id: &ClientId) -> Result<Client> {
    let client = store::clients::find(tx, id)?.filter(|client| client.pool_id == *pool_id);
    client.ok_or_else(|| fault::unknown_client(id))
}
