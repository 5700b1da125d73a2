//! Credentials as clients write them in JSON: RegistrationResponseJSON and AuthenticationResponseJSON (WebAuthn §5.1).
//! What they repeat of the signed parts, such as `publicKey`, is not read.

use super::{
    Refusal,
    attestation::{ATTESTATION_OBJECT_BYTES_MAX, SIGNATURE_BYTES_MAX},
    authenticator_data::{AUTHENTICATOR_DATA_BYTES_MAX, CREDENTIAL_ID_BYTES_MAX},
    client_data::{self, CLIENT_DATA_BYTES_MAX},
};
use base64::{
    Engine as _,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::Value;

/// Ways to reach an authenticator that are kept, and how long the name of one may be.
const TRANSPORTS_MAX: usize = 8;
const TRANSPORT_CHARACTERS_MAX: usize = 32;
/// WebAuthn §5.4.3
const USER_HANDLE_BYTES_MAX: usize = 64;

/// Base64url is without padding; clients that pad say the same bytes.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A new credential.
pub struct Registration {
    /// Its id, as the client says.
    pub id: Vec<u8>,
    /// The client data.
    pub client_data: Vec<u8>,
    /// The attestation object.
    pub attestation_object: Vec<u8>,
    /// `platform` or `cross-platform`.
    pub attachment: Option<String>,
    /// How the authenticator may be reached.
    pub transports: Vec<String>,
}

/// A proof that somebody holds a credential.
pub struct Assertion {
    /// The credential's id.
    pub id: Vec<u8>,
    /// The client data.
    pub client_data: Vec<u8>,
    /// What the authenticator says.
    pub authenticator_data: Vec<u8>,
    /// The authenticator's signature.
    pub signature: Vec<u8>,
    /// The user whom the credential was made for.
    pub user_handle: Option<Vec<u8>>,
}

impl Registration {
    /// Reads one.
    pub fn read(credential: &Value) -> Result<Registration, Refusal> {
        let id = id(credential)?;
        let response = &credential["response"];
        Ok(Registration {
            id,
            client_data: bytes(&response["clientDataJSON"], CLIENT_DATA_BYTES_MAX)?,
            attestation_object: bytes(&response["attestationObject"], ATTESTATION_OBJECT_BYTES_MAX)?,
            attachment: attachment(&credential["authenticatorAttachment"]),
            transports: transports(&response["transports"])?,
        })
    }
}

impl Assertion {
    /// Reads one.
    pub fn read(credential: &Value) -> Result<Assertion, Refusal> {
        let id = id(credential)?;
        let response = &credential["response"];
        let handle = &response["userHandle"];
        Ok(Assertion {
            id,
            client_data: bytes(&response["clientDataJSON"], CLIENT_DATA_BYTES_MAX)?,
            authenticator_data: bytes(&response["authenticatorData"], AUTHENTICATOR_DATA_BYTES_MAX)?,
            signature: bytes(&response["signature"], SIGNATURE_BYTES_MAX)?,
            user_handle: if handle.is_null() { None } else { Some(bytes(handle, USER_HANDLE_BYTES_MAX)?) },
        })
    }
}

/// The credential's id.
pub fn id(credential: &Value) -> Result<Vec<u8>, Refusal> {
    let id = bytes(&credential["id"], CREDENTIAL_ID_BYTES_MAX)?;
    let raw = bytes(&credential["rawId"], CREDENTIAL_ID_BYTES_MAX)?;
    if credential["type"].as_str() != Some("public-key") {
        return Err(Refusal::CredentialType);
    }
    if id.is_empty() {
        return Err(Refusal::CredentialIdLength);
    }
    if id == raw { Ok(id) } else { Err(Refusal::Ids) }
}

/// The challenge that a credential was made for, before anything of it is believed.
pub fn challenge(credential: &Value) -> Option<String> {
    let client_data = bytes(&credential["response"]["clientDataJSON"], CLIENT_DATA_BYTES_MAX).ok()?;
    client_data::challenge(&client_data)
}

fn bytes(value: &Value, bytes_max: usize) -> Result<Vec<u8>, Refusal> {
    // Base64 takes four characters for three bytes, and up to two for padding.
    let text = value.as_str().filter(|text| text.len() <= bytes_max.div_ceil(3) * 4);
    let bytes = text.and_then(|text| BASE64URL.decode(text).ok());
    bytes.filter(|bytes| bytes.len() <= bytes_max).ok_or(Refusal::Credential)
}

/// WebAuthn §5.1.3: a value that is not known is as good as none.
fn attachment(value: &Value) -> Option<String> {
    value.as_str().filter(|text| matches!(*text, "platform" | "cross-platform")).map(str::to_owned)
}

/// Names that are not known are kept, as WebAuthn §5.8.4 wants it.
fn transports(value: &Value) -> Result<Vec<String>, Refusal> {
    if value.is_null() {
        return Ok(Vec::new());
    }
    let names: Option<Vec<String>> = value
        .as_array()
        .filter(|names| names.len() <= TRANSPORTS_MAX)
        .and_then(|names| names.iter().map(|name| name.as_str().map(str::to_owned)).collect());
    let is_name = |name: &String| {
        name.len() <= TRANSPORT_CHARACTERS_MAX && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    names.filter(|names| names.iter().all(is_name)).ok_or(Refusal::Credential)
}
