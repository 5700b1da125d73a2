//! What clients are asked to do: the options of both ceremonies, in JSON (WebAuthn §5.4, §5.5).

use super::cose_key::Algorithm;
use crate::{Millis, Random};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use spec::cognito_idp::UserVerificationType;

/// How long a client waits for a registration. D
pub const CREATION_TIMEOUT_MS: Millis = 60_000;
/// How long a client waits for a proof. D
pub const REQUEST_TIMEOUT_MS: Millis = 180_000;

const CHALLENGE_BYTES: usize = 32;

/// A new challenge, as options and client data have it.
pub fn challenge(random: &mut dyn Random) -> String {
    let mut bytes = [0; CHALLENGE_BYTES];
    random.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A credential id as options, lists and clients have it.
pub fn encoded_id(credential_id: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(credential_id)
}

/// The credential id that a client names; none if it names none.
pub fn decoded_id(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Whom a new passkey is for.
#[derive(Clone, Copy, Debug)]
pub struct NewPasskey<'a> {
    /// The challenge.
    pub challenge: &'a str,
    /// The relying party.
    pub relying_party_id: &'a str,
    /// The user's sub, whose bytes are the user handle: it tells a finder of the authenticator nothing.
    pub sub: &'a str,
    /// What the authenticator shows of the user.
    pub username: &'a str,
    /// The credentials that the user has already.
    pub credential_ids: &'a [Vec<u8>],
    /// Whether the user must be verified.
    pub user_verification: UserVerificationType,
}

/// The options of a registration, the members of AWS's sample. EdDSA is ours to add, and comes last.
pub fn creation_options(new: &NewPasskey<'_>) -> Value {
    let algorithms: Vec<Value> = Algorithm::ALL
        .iter()
        .map(|algorithm| json!({"type": "public-key", "alg": algorithm.number()}))
        .collect();
    json!({
        "rp": {"id": new.relying_party_id, "name": new.relying_party_id},
        "user": {
            "id": URL_SAFE_NO_PAD.encode(new.sub),
            "name": new.username,
            "displayName": new.username,
        },
        "challenge": new.challenge,
        "pubKeyCredParams": algorithms,
        "timeout": CREATION_TIMEOUT_MS,
        // C: Amplify for Swift needs the member, empty or not.
        "excludeCredentials": descriptors(new.credential_ids),
        "authenticatorSelection": {
            "requireResidentKey": true,
            "residentKey": "required",
            "userVerification": new.user_verification.as_str(),
        },
    })
}

/// The options of a proof, a text of JSON.
pub fn request_options(
    challenge: &str,
    relying_party_id: &str,
    credential_ids: &[Vec<u8>],
    user_verification: UserVerificationType,
) -> String {
    json!({
        "challenge": challenge,
        "timeout": REQUEST_TIMEOUT_MS,
        "rpId": relying_party_id,
        "allowCredentials": descriptors(credential_ids),
        "userVerification": user_verification.as_str(),
    })
    .to_string()
}

fn descriptors(credential_ids: &[Vec<u8>]) -> Vec<Value> {
    credential_ids.iter().map(|id| json!({"id": encoded_id(id), "type": "public-key"})).collect()
}
