//! The client data: what the browser or app says of the ceremony, which the authenticator signs with the rest
//! (WebAuthn §5.8.1).

use super::{Expected, Refusal};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;

/// Client data take no more.
pub const CLIENT_DATA_BYTES_MAX: usize = 8_192;

/// Which ceremony it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ceremony {
    /// A registration.
    Create,
    /// A proof.
    Get,
}

impl Ceremony {
    const fn as_str(self) -> &'static str {
        match self {
            Ceremony::Create => "webauthn.create",
            Ceremony::Get => "webauthn.get",
        }
    }
}

/// What counts of the client data. Clients may say more; a member that is said twice is refused.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    #[serde(rename = "type")]
    ceremony: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: Option<bool>,
    #[serde(default)]
    top_origin: Option<String>,
}

/// Checks the ceremony, the challenge and the origin.
pub fn check(bytes: &[u8], ceremony: Ceremony, expected: &Expected<'_>) -> Result<(), Refusal> {
    let said = read(bytes).ok_or(Refusal::ClientData)?;
    if said.ceremony != ceremony.as_str() {
        return Err(Refusal::Ceremony);
    }
    if !bool::from(said.challenge.as_bytes().ct_eq(expected.challenge.as_bytes())) {
        return Err(Refusal::Challenge);
    }
    if !expected.origins.allow(&said.origin, expected.relying_party_id) {
        return Err(Refusal::Origin);
    }
    // Pages are not made to be framed, so a ceremony in a frame of another site's page is a trap.
    if said.cross_origin == Some(true) || said.top_origin.is_some() {
        return Err(Refusal::CrossOrigin);
    }
    Ok(())
}

/// The challenge that client data name, whatever else they say.
pub fn challenge(bytes: &[u8]) -> Option<String> {
    Some(read(bytes)?.challenge)
}

fn read(bytes: &[u8]) -> Option<ClientData> {
    if bytes.len() > CLIENT_DATA_BYTES_MAX {
        return None;
    }
    // WebAuthn §7.1: "UTF-8 decode", which takes a byte order mark away.
    let text = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).ok()?;
    serde_json::from_str(text).ok()
}
