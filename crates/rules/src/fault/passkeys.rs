//! Passkeys: their registration, and what a pool must say of them. No text of these errors is known.

use super::{Fault, invalid_parameter};
use crate::webauthn::Refusal;
use spec::Code;

/// A pool whose users do not sign in by passkeys. Unverified: text.
pub fn passkeys_not_enabled() -> Fault {
    Fault::new(Code::WebAuthnNotEnabledException, "Passkeys are not enabled for the user pool.")
}

/// A pool without a relying party. Unverified: text.
pub fn relying_party_missing() -> Fault {
    Fault::new(
        Code::WebAuthnConfigurationMissingException,
        "The user pool has no relying party ID for passkeys.",
    )
    .because("the user pool has no RelyingPartyId: set it by SetUserPoolMfaConfig, in WebAuthnConfiguration")
}

/// SetUserPoolMfaConfig with a relying party that is no domain. Unverified: whether and how the service refuses it.
pub fn relying_party_id_invalid() -> Fault {
    invalid_parameter("Invalid RelyingPartyId: it must be a domain name in lower case.")
}

/// A registration that was not started, is too old, or was completed. Unverified: text.
pub fn passkey_challenge_not_found() -> Fault {
    Fault::new(
        Code::WebAuthnChallengeNotFoundException,
        "The challenge of the passkey registration was not found or has expired.",
    )
}

/// A registration that another app client started. Unverified: text.
pub fn passkey_client_mismatch() -> Fault {
    Fault::new(
        Code::WebAuthnClientMismatchException,
        "The access token was issued to another app client than the one that started the registration.",
    )
}

/// A passkey of another relying party than the pool's. Unverified: text.
pub fn passkey_relying_party_mismatch() -> Fault {
    Fault::new(
        Code::WebAuthnRelyingPartyMismatchException,
        "The passkey is for another relying party than the user pool's.",
    )
}

/// A user has as many passkeys as one may have. Unverified: text.
pub fn too_many_passkeys() -> Fault {
    Fault::new(Code::LimitExceededException, "The maximum number of passkeys for the user is reached.")
}

/// A passkey that somebody in the pool has registered already, whoever it is. Unverified: name and text.
pub fn passkey_exists() -> Fault {
    invalid_parameter("The passkey is already registered.")
}

/// DeleteWebAuthnCredential of what the user does not have. Unverified: text.
pub fn unknown_passkey() -> Fault {
    Fault::new(Code::ResourceNotFoundException, "The passkey was not found.")
}

/// A registration that failed a check. Unverified: texts, and which check has which error where no name says so.
pub fn passkey_refused(refusal: Refusal) -> Fault {
    let fault = match refusal {
        Refusal::Challenge => passkey_challenge_not_found(),
        Refusal::RelyingParty => passkey_relying_party_mismatch(),
        Refusal::Origin | Refusal::CrossOrigin => Fault::new(
            Code::WebAuthnOriginNotAllowedException,
            "The origin of the passkey registration is not allowed for the relying party.",
        ),
        Refusal::PublicKey
        | Refusal::UserPresence
        | Refusal::UserVerification
        | Refusal::AttestationFormat
        | Refusal::AttestationAlgorithm
        | Refusal::AttestationCertificate
        | Refusal::AttestationModel => Fault::new(
            Code::WebAuthnCredentialNotSupportedException,
            "The passkey or its authenticator is not supported.",
        ),
        Refusal::Credential
        | Refusal::CredentialType
        | Refusal::Ids
        | Refusal::ClientData
        | Refusal::Ceremony
        | Refusal::AttestationObject
        | Refusal::AuthenticatorData
        | Refusal::BackupState
        | Refusal::BackupEligibility
        | Refusal::NoCredentialData
        | Refusal::CredentialDataInProof
        | Refusal::CredentialIdLength
        | Refusal::CredentialId
        | Refusal::AttestationStatement
        | Refusal::AttestationSignature
        | Refusal::UserHandle
        | Refusal::Signature
        | Refusal::SignCount => invalid_parameter("Invalid passkey credential."),
    };
    fault.because(refusal.reason())
}
