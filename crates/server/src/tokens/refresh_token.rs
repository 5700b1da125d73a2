//! Refresh tokens: derived from a grant under the root secret, and read and compared when they come back.

use crate::secrets::vault::Vault;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rules::{Fault, Result, fault, tokens::Grant};
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// The header that Cognito's refresh tokens begin with; clients take them for JWE and only keep them.
const REFRESH_HEADER: &str = r#"{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}"#;

/// The refresh token of a grant's present generation.
///
/// It is derived from the grant's nonce under the root secret, not random: so a client that repeats a rotation
/// gets the same one again, and neither the store nor the root secret alone makes one.
pub fn of(vault: &Vault, grant: &Grant) -> Result<String> {
    let id = id_bytes(&grant.id).ok_or_else(|| Fault::internal("a grant's id is no UUID"))?;
    Ok(assemble(vault, &id, grant.generation, &grant.nonce))
}

/// What a refresh token names, before it is proved.
pub struct Presented {
    /// The grant.
    pub grant_id: String,
    /// Which of the grant's refresh tokens it says to be.
    pub generation: i64,
}

/// Reads the grant out of a refresh token. Nothing is proved by that: see [`is_genuine`].
///
/// # Errors
/// NotAuthorizedException for anything that is no refresh token of ours.
pub fn read(token: &str) -> Result<Presented> {
    let invalid = fault::refresh_token_invalid;
    let name = token.split('.').nth(1).ok_or_else(invalid)?;
    let name = URL_SAFE_NO_PAD.decode(name).map_err(|_| invalid())?;
    let (id, generation) = name.split_first_chunk::<16>().ok_or_else(invalid)?;
    let generation = i64::from_be_bytes(generation.try_into().map_err(|_| invalid())?);
    Ok(Presented { grant_id: Uuid::from_bytes(*id).to_string(), generation })
}

/// Whether the token is this grant's, of the generation that it says.
pub fn is_genuine(vault: &Vault, grant: &Grant, token: &str, generation: i64) -> bool {
    let Some(id) = id_bytes(&grant.id) else { return false };
    assemble(vault, &id, generation, &grant.nonce).as_bytes().ct_eq(token.as_bytes()).into()
}

fn assemble(vault: &Vault, id: &[u8; 16], generation: i64, nonce: &[u8]) -> String {
    let mut name = id.to_vec();
    name.extend_from_slice(&generation.to_be_bytes());
    let name = URL_SAFE_NO_PAD.encode(name);
    let nonce = URL_SAFE_NO_PAD.encode(nonce);
    let halves = [&[&name, &nonce, "1"][..], &[&name, &nonce, "2"][..]];
    let [first, second] = vault.macs("refresh-token", halves);
    let parts = [&first[..12], &second[..], &first[12..28]].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{}.{name}.{}", URL_SAFE_NO_PAD.encode(REFRESH_HEADER), parts.join("."))
}

fn id_bytes(uuid: &str) -> Option<[u8; 16]> {
    Uuid::try_parse(uuid).ok().map(Uuid::into_bytes)
}
