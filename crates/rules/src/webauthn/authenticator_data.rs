//! The authenticator data: what the authenticator itself says (WebAuthn §6.1). They have exactly the parts that their
//! flags announce.

use super::{Expected, Refusal, cbor};
use aws_lc_rs::digest::{SHA256, digest};
use subtle::ConstantTimeEq as _;

/// Authenticator data take no more.
pub const AUTHENTICATOR_DATA_BYTES_MAX: usize = 8_192;
/// WebAuthn §7.1
pub const CREDENTIAL_ID_BYTES_MAX: usize = 1_023;

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const HAS_CREDENTIAL: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;

/// What the authenticator says.
pub struct AuthenticatorData<'a> {
    relying_party_hash: &'a [u8],
    flags: u8,
    /// How often it has signed; 0 where it does not count.
    pub sign_count: u32,
    /// The new credential.
    pub attested: Option<AttestedCredential<'a>>,
}

/// A new credential.
pub struct AttestedCredential<'a> {
    /// The model of the authenticator.
    pub aaguid: [u8; 16],
    /// What the authenticator calls it.
    pub credential_id: &'a [u8],
    /// Its public key, a COSE_Key.
    pub public_key: &'a [u8],
}

impl<'a> AuthenticatorData<'a> {
    /// Takes them apart.
    pub fn read(bytes: &'a [u8]) -> Result<AuthenticatorData<'a>, Refusal> {
        let wrong = Refusal::AuthenticatorData;
        if bytes.len() > AUTHENTICATOR_DATA_BYTES_MAX {
            return Err(wrong);
        }
        let (relying_party_hash, rest) = bytes.split_at_checked(32).ok_or(wrong)?;
        let (&flags, rest) = rest.split_first().ok_or(wrong)?;
        let (sign_count, mut rest) = rest.split_first_chunk::<4>().ok_or(wrong)?;
        let mut attested = None;
        if flags & HAS_CREDENTIAL != 0 {
            let (credential, after) = AttestedCredential::read(rest)?;
            attested = Some(credential);
            rest = after;
        }
        if flags & HAS_EXTENSIONS != 0 {
            let (extensions, length) = cbor::read_first(rest).map_err(|_| wrong)?;
            extensions.into_map().ok_or(wrong)?;
            rest = rest.get(length..).ok_or(wrong)?;
        }
        if !rest.is_empty() {
            return Err(wrong);
        }
        let sign_count = u32::from_be_bytes(*sign_count);
        Ok(AuthenticatorData { relying_party_hash, flags, sign_count, attested })
    }

    /// Checks what both ceremonies have in common.
    pub fn check(&self, expected: &Expected<'_>) -> Result<(), Refusal> {
        let hash = digest(&SHA256, expected.relying_party_id.as_bytes());
        if !bool::from(self.relying_party_hash.ct_eq(hash.as_ref())) {
            return Err(Refusal::RelyingParty);
        }
        if self.flags & USER_PRESENT == 0 {
            return Err(Refusal::UserPresence);
        }
        if expected.user_verification && !self.user_verified() {
            return Err(Refusal::UserVerification);
        }
        if self.backed_up() && !self.backup_eligible() {
            return Err(Refusal::BackupState);
        }
        Ok(())
    }

    /// Whether the user was verified.
    pub fn user_verified(&self) -> bool {
        self.flags & USER_VERIFIED != 0
    }

    /// Whether the credential can be copied to other devices.
    pub fn backup_eligible(&self) -> bool {
        self.flags & BACKUP_ELIGIBLE != 0
    }

    /// Whether the credential has been copied.
    pub fn backed_up(&self) -> bool {
        self.flags & BACKED_UP != 0
    }
}

impl<'a> AttestedCredential<'a> {
    /// The credential that these bytes begin with, and what comes behind it (WebAuthn §6.5.1).
    fn read(bytes: &'a [u8]) -> Result<(AttestedCredential<'a>, &'a [u8]), Refusal> {
        let wrong = Refusal::AuthenticatorData;
        let (&aaguid, rest) = bytes.split_first_chunk::<16>().ok_or(wrong)?;
        let (&length, rest) = rest.split_first_chunk::<2>().ok_or(wrong)?;
        let length = usize::from(u16::from_be_bytes(length));
        if length == 0 || length > CREDENTIAL_ID_BYTES_MAX {
            return Err(Refusal::CredentialIdLength);
        }
        let (credential_id, rest) = rest.split_at_checked(length).ok_or(wrong)?;
        let (_, length) = cbor::read_first(rest).map_err(|_| wrong)?;
        let (public_key, rest) = rest.split_at_checked(length).ok_or(wrong)?;
        Ok((AttestedCredential { aaguid, credential_id, public_key }, rest))
    }
}
