//! The ids that emulators let callers choose, in development mode: a tag names the id of a pool, a prefix of the name
//! the id of a client, which has no tags.
//!
//! LocalStack has `_custom_id_`, MiniStack `ms-custom-id`, Floci `floci:override-id`. Tag and name stay as they were
//! given: what Terraform set it must read again, or it would set it at every run.

use crate::app::App;
use rules::{
    Result,
    endpoints::Endpoint,
    fault,
    ids::{self, ClientId, PoolId},
};
use serde_json::Value;
use spec::{DecodeError, cognito_idp::Operation, json, shape::Shape};
use std::{collections::BTreeMap, mem};

const TAGS: [&str; 3] = ["_custom_id_", "ms-custom-id", "floci:override-id"];
const CLIENT_NAME: &str = "ClientName";
const NAME_PREFIXES: [&str; 2] = ["_custom_id_:", "ms-custom-id:"];

/// The id that the tags of a new pool ask for.
///
/// # Errors
/// InvalidParameterException if it is no pool id, or if two tags differ.
pub fn of_pool(app: &App, tags: Option<&BTreeMap<String, String>>) -> Result<Option<PoolId>> {
    if !app.config.development {
        return Ok(None);
    }
    let mut asked = TAGS.iter().filter_map(|tag| tags?.get(*tag));
    let Some(id) = asked.next() else { return Ok(None) };
    if asked.any(|other| other != id) {
        return Err(fault::invalid_parameter("Two tags ask for different user pool ids."));
    }
    check_pool_id(id)?;
    Ok(Some(id.as_str().into()))
}

/// The id that the name of a new client asks for.
///
/// # Errors
/// InvalidParameterException if it is no client id.
pub fn of_client(app: &App, name: &str) -> Result<Option<ClientId>> {
    let asked = NAME_PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix));
    let Some(id) = asked.filter(|_| app.config.development) else { return Ok(None) };
    check_client_id(id)?;
    Ok(Some(id.into()))
}

/// Decodes a request. Where it names a client, the model's pattern allows no colon in the name.
///
/// # Errors
/// Those of [`json::decode`].
pub fn decode(
    app: &App,
    endpoint: Endpoint,
    shape: &Shape,
    body: &[u8],
) -> std::result::Result<Value, DecodeError> {
    let names_client = matches!(
        endpoint,
        Endpoint::UserPools(Operation::CreateUserPoolClient | Operation::UpdateUserPoolClient)
    );
    let given = (app.config.development && names_client).then(|| with_allowed_name(body)).flatten();
    let Some((mut request, name)) = given else { return json::decode(shape, body) };
    request = json::decode(shape, request.to_string().as_bytes())?;
    request[CLIENT_NAME] = Value::String(name);
    Ok(request)
}

/// The request with another mark behind the prefix, and the name as it was given; none where it has no prefix.
fn with_allowed_name(body: &[u8]) -> Option<(Value, String)> {
    let mut request: Value = serde_json::from_slice(body).ok()?;
    let Some(Value::String(name)) = request.get_mut(CLIENT_NAME) else { return None };
    NAME_PREFIXES.iter().find(|prefix| name.starts_with(**prefix))?;
    let allowed = name.replacen(':', "=", 1);
    let given = mem::replace(name, allowed);
    Some((request, given))
}

/// Refuses what no operation would take for a pool id.
pub fn check_pool_id(id: &str) -> Result<()> {
    if ids::is_pool_id(id) {
        return Ok(());
    }
    Err(fault::invalid_parameter(format!(
        "{id} is no user pool id: a region, an underscore, and letters and digits, as in us-east-1_local."
    )))
}

/// Refuses what no operation would take for a client id.
pub fn check_client_id(id: &str) -> Result<()> {
    if ids::is_client_id(id) {
        return Ok(());
    }
    Err(fault::invalid_parameter(format!("{id} is no client id: up to 128 letters, digits, _ and +.")))
}
