//! Passkeys: what is asked of an authenticator, and whether what it answers is good. A verifier of the ceremonies of
//! WebAuthn Level 3, §7.1 (registration) and §7.2 (authentication), for the attestation formats `none` and `packed`
//! and the algorithms ES256, RS256 and EdDSA. It keeps no challenges and finds no passkeys.

mod attestation;
mod authenticator_data;
mod cbor;
mod certificate;
mod client_data;
mod cose_key;
mod credential;
pub mod options;
pub mod origin;
mod refusal;
pub mod settings;

#[cfg(test)]
mod tests;

pub use origin::Origins;
pub use refusal::Refusal;

use crate::{
    Millis,
    ids::{PoolId, Sub},
    user::passkey::{Passkey, PasskeyDetail},
};
use attestation::AttestationObject;
use authenticator_data::AuthenticatorData;
use aws_lc_rs::digest::{SHA256, digest};
use client_data::Ceremony;
use cose_key::CoseKey;
use credential::{Assertion, Registration};
use serde_json::Value;
use spec::Blob;

/// How many passkeys a user may have. D
pub const PASSKEYS_PER_USER_MAX: i64 = 20;

/// What a ceremony must have been about.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The challenge that the options named, as it stood there.
    pub challenge: &'a str,
    /// The relying party that the options named.
    pub relying_party_id: &'a str,
    /// From where the ceremony may have been.
    pub origins: Origins<'a>,
    /// Whether the authenticator must have verified the user, and not only seen somebody.
    pub user_verification: bool,
}

/// A new credential whose ceremony was good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// What the authenticator calls it.
    pub credential_id: Vec<u8>,
    /// The public key, a COSE_Key.
    pub public_key: Vec<u8>,
    /// How often the authenticator says to have signed.
    pub sign_count: u32,
    /// Whether the user was verified.
    pub user_verified: bool,
    /// Whether it can be copied to other devices.
    pub backup_eligible: bool,
    /// Whether it has been.
    pub backed_up: bool,
    /// `platform` or `cross-platform`, where the client said so.
    pub attachment: Option<String>,
    /// How the client says that the authenticator may be reached.
    pub transports: Vec<String>,
}

/// What an authenticator said when it proved that it holds a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authenticated {
    /// How often it says to have signed, to be kept in place of the passkey's.
    pub sign_count: i64,
    /// Whether the user was verified.
    pub user_verified: bool,
    /// Whether the passkey has been copied to other devices.
    pub backed_up: bool,
}

/// Checks a new credential, the RegistrationResponseJSON of a client (§7.1). That no user of the pool has it is the
/// caller's to check.
///
/// # Errors
/// The first check that failed.
pub fn register(expected: &Expected<'_>, credential: &Value) -> Result<Registered, Refusal> {
    let registration = Registration::read(credential)?;
    client_data::check(&registration.client_data, Ceremony::Create, expected)?;
    let client_data_hash = digest(&SHA256, &registration.client_data);
    let object = AttestationObject::read(&registration.attestation_object)?;
    let data = AuthenticatorData::read(object.authenticator_data)?;
    data.check(expected)?;
    let attested = data.attested.as_ref().ok_or(Refusal::NoCredentialData)?;
    let key = CoseKey::read(attested.public_key)?;
    if attested.credential_id != registration.id {
        return Err(Refusal::CredentialId);
    }
    object.check(attested, &key, client_data_hash.as_ref())?;
    Ok(Registered {
        credential_id: registration.id,
        public_key: attested.public_key.to_vec(),
        sign_count: data.sign_count,
        user_verified: data.user_verified(),
        backup_eligible: data.backup_eligible(),
        backed_up: data.backed_up(),
        attachment: registration.attachment,
        transports: registration.transports,
    })
}

/// The credential id that a client names, by which its passkey is found.
///
/// # Errors
/// A refusal of what is no credential.
pub fn credential_id(credential: &Value) -> Result<Vec<u8>, Refusal> {
    credential::id(credential)
}

/// The challenge that a credential was made for, by which its ceremony is found, before anything of it is believed.
pub fn challenge(credential: &Value) -> Option<String> {
    credential::challenge(credential)
}

/// Checks the proof that a client holds a passkey, its AuthenticationResponseJSON (§7.2). That the passkey is the
/// user's who signs in is the caller's to check, where that user is known from elsewhere.
///
/// # Errors
/// The first check that failed.
pub fn authenticate(
    expected: &Expected<'_>,
    passkey: &Passkey,
    credential: &Value,
) -> Result<Authenticated, Refusal> {
    let assertion = Assertion::read(credential)?;
    if assertion.id != passkey.credential_id {
        return Err(Refusal::CredentialId);
    }
    if assertion.user_handle.is_some_and(|handle| handle != passkey.sub.as_bytes()) {
        return Err(Refusal::UserHandle);
    }
    client_data::check(&assertion.client_data, Ceremony::Get, expected)?;
    let data = AuthenticatorData::read(&assertion.authenticator_data)?;
    if passkey.detail.relying_party_id != expected.relying_party_id {
        return Err(Refusal::RelyingParty);
    }
    data.check(expected)?;
    if data.attested.is_some() {
        return Err(Refusal::CredentialDataInProof);
    }
    if data.backup_eligible() != passkey.detail.backup_eligible {
        return Err(Refusal::BackupEligibility);
    }
    let client_data_hash = digest(&SHA256, &assertion.client_data);
    let signed = [assertion.authenticator_data.as_slice(), client_data_hash.as_ref()].concat();
    let key = CoseKey::read(&passkey.detail.public_key.0)?;
    if !key.has_signed(&signed, &assertion.signature) {
        return Err(Refusal::Signature);
    }
    let sign_count = i64::from(data.sign_count);
    if (sign_count != 0 || passkey.sign_count != 0) && sign_count <= passkey.sign_count {
        return Err(Refusal::SignCount);
    }
    Ok(Authenticated { sign_count, user_verified: data.user_verified(), backed_up: data.backed_up() })
}

impl Registered {
    /// The passkey of a user. Its name says what kind of authenticator has it. Unverified: how the service names them;
    /// `Roaming passkey` is in a sample.
    pub fn into_passkey(self, pool_id: &PoolId, sub: &Sub, relying_party_id: &str, now: Millis) -> Passkey {
        let name = match self.attachment.as_deref() {
            Some("platform") => "Platform passkey",
            Some("cross-platform") => "Roaming passkey",
            _ => "Passkey",
        };
        Passkey {
            pool_id: pool_id.clone(),
            sub: sub.clone(),
            credential_id: self.credential_id,
            created_at: now,
            sign_count: i64::from(self.sign_count),
            detail: PasskeyDetail {
                public_key: Blob(self.public_key),
                relying_party_id: relying_party_id.to_owned(),
                name: name.to_owned(),
                attachment: self.attachment,
                transports: self.transports,
                backup_eligible: self.backup_eligible,
                user_verified: self.user_verified,
            },
        }
    }
}
