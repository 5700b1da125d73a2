//! Attestations: what the authenticator's maker says of a new credential (WebAuthn §6.5, §8). None is asked for, and
//! no maker is trusted more than another: D, Cognito enforces no attestation. So a certificate needs no root here, but a
//! signature that is there must be right.

use super::{
    Refusal,
    authenticator_data::AttestedCredential,
    cbor::{self, Map, Value},
    certificate::Certificate,
    cose_key::{Algorithm, CoseKey},
};

/// An attestation object takes no more: those of TPMs, with their certificates, have some 6,000 bytes.
pub const ATTESTATION_OBJECT_BYTES_MAX: usize = 32_768;
/// Certificates of a chain.
const CERTIFICATES_MAX: usize = 8;
/// A signature takes no more.
pub const SIGNATURE_BYTES_MAX: usize = 1_024;

/// Formats of WebAuthn's registry that are not looked into: an authenticator that sends one although `none` was asked
/// for is registered as one that sends none. What they say is of the maker, and nobody here would act on it.
const UNREAD_FORMATS: [&str; 6] =
    ["android-key", "android-safetynet", "apple", "compound", "fido-u2f", "tpm"];

/// An attestation object in its parts.
#[derive(Debug)]
pub struct AttestationObject<'a> {
    /// What the authenticator says.
    pub authenticator_data: &'a [u8],
    format: &'a str,
    statement: Value<'a>,
}

impl<'a> AttestationObject<'a> {
    /// Takes it apart.
    pub fn read(bytes: &'a [u8]) -> Result<AttestationObject<'a>, Refusal> {
        AttestationObject::try_read(bytes).ok_or(Refusal::AttestationObject)
    }

    fn try_read(bytes: &'a [u8]) -> Option<AttestationObject<'a>> {
        if bytes.len() > ATTESTATION_OBJECT_BYTES_MAX {
            return None;
        }
        let map = cbor::read(bytes).ok()?.into_map()?;
        let object = AttestationObject {
            authenticator_data: map.name("authData")?.bytes()?,
            format: map.name("fmt")?.text()?,
            statement: map.name("attStmt")?.clone(),
        };
        (map.len() == 3).then_some(object)
    }

    /// Checks the statement.
    pub fn check(
        &self,
        attested: &AttestedCredential<'_>,
        key: &CoseKey,
        client_data_hash: &[u8],
    ) -> Result<(), Refusal> {
        let statement = self.statement.clone();
        match self.format {
            // WebAuthn §8.7
            "none" => match statement.into_map() {
                Some(map) if map.len() == 0 => Ok(()),
                _ => Err(Refusal::AttestationStatement),
            },
            "packed" => {
                let signed = [self.authenticator_data, client_data_hash].concat();
                let statement = statement.into_map().ok_or(Refusal::AttestationStatement)?;
                Packed::read(&statement).ok_or(Refusal::AttestationStatement)?.check(attested, key, &signed)
            }
            format if UNREAD_FORMATS.contains(&format) => Ok(()),
            _ => Err(Refusal::AttestationFormat),
        }
    }
}

/// A statement of the format `packed` (WebAuthn §8.2).
struct Packed<'a> {
    algorithm: i64,
    signature: &'a [u8],
    /// The certificate of the key that signed; none: the credential's own key.
    certificate: Option<&'a [u8]>,
}

impl<'a> Packed<'a> {
    fn read(map: &Map<'a>) -> Option<Packed<'a>> {
        let algorithm = map.name("alg")?.integer()?;
        let signature = map.name("sig")?.bytes().filter(|bytes| bytes.len() <= SIGNATURE_BYTES_MAX)?;
        let certificate = match map.name("x5c") {
            Some(chain) => {
                let chain = chain.array().filter(|chain| chain.len() <= CERTIFICATES_MAX)?;
                let chain: Option<Vec<&[u8]>> = chain.iter().map(Value::bytes).collect();
                Some(*chain?.first()?)
            }
            None => None,
        };
        let members = if certificate.is_some() { 3 } else { 2 };
        (map.len() == members).then_some(Packed { algorithm, signature, certificate })
    }

    fn check(&self, attested: &AttestedCredential<'_>, key: &CoseKey, signed: &[u8]) -> Result<(), Refusal> {
        let algorithm = Algorithm::from_number(self.algorithm).ok_or(Refusal::AttestationAlgorithm)?;
        let is_signed = match self.certificate {
            None if algorithm != key.algorithm => return Err(Refusal::AttestationAlgorithm),
            None => key.has_signed(signed, self.signature),
            Some(certificate) => {
                let certificate = Certificate::read(certificate).ok_or(Refusal::AttestationCertificate)?;
                if certificate.aaguid.is_some_and(|aaguid| aaguid != attested.aaguid) {
                    return Err(Refusal::AttestationModel);
                }
                certificate.has_signed(algorithm, signed, self.signature)
            }
        };
        if is_signed { Ok(()) } else { Err(Refusal::AttestationSignature) }
    }
}
