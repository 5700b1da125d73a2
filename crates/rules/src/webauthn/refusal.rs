//! Why a ceremony was not good: one variant per check.

use std::fmt;

macro_rules! refusals {
    ($($(#[doc = $doc:literal])+ $name:ident => $text:literal,)+) => {
        /// The check that a credential failed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Refusal {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Refusal {
            /// All of them.
            pub const ALL: &[Refusal] = &[$(Refusal::$name,)+];

            /// What the operator reads.
            pub const fn reason(self) -> &'static str {
                match self {
                    $(Refusal::$name => $text,)+
                }
            }
        }
    };
}

refusals! {
    /// Not a credential as clients write them: a member is missing, too long, or of another form.
    Credential => "the credential has not the form of one",
    /// Its `type` is not `public-key`.
    CredentialType => "the credential is not of the type public-key",
    /// `id` and `rawId` differ.
    Ids => "id and rawId differ",
    /// The client data are no JSON text of the known form.
    ClientData => "the client data cannot be read",
    /// The client data are of the other ceremony.
    Ceremony => "the client data are of another ceremony",
    /// Another challenge was signed.
    Challenge => "the challenge is another one",
    /// The ceremony was on a page or in an app that is not the relying party's.
    Origin => "the origin is not of the relying party",
    /// The ceremony was in a frame of another site's page.
    CrossOrigin => "the ceremony was in another site's page",
    /// The attestation object is not CBOR of the known form.
    AttestationObject => "the attestation object cannot be read",
    /// The authenticator data are too short, or have not the parts that they say.
    AuthenticatorData => "the authenticator data cannot be read",
    /// The authenticator worked for another relying party.
    RelyingParty => "the credential is for another relying party",
    /// Nobody was there.
    UserPresence => "the user was not present",
    /// The user was not verified, but must be.
    UserVerification => "the user was not verified",
    /// Backed up, but not to be backed up.
    BackupState => "the credential is backed up without being eligible for it",
    /// Eligible for backups now and not at the registration, or the other way around.
    BackupEligibility => "the eligibility for backups has changed",
    /// A registration without a credential.
    NoCredentialData => "the authenticator data have no credential",
    /// A proof with a new credential in it.
    CredentialDataInProof => "the authenticator data of a proof have a credential",
    /// The credential id has no byte or too many.
    CredentialIdLength => "the credential id is empty or too long",
    /// The credential id is another one than the client or the passkey says.
    CredentialId => "the credential id is another one",
    /// The public key is no COSE_Key, or of a kind or size that is not supported.
    PublicKey => "the public key is not supported",
    /// The attestation has a format that is not known.
    AttestationFormat => "the attestation format is not supported",
    /// The attestation statement has not the form that its format has.
    AttestationStatement => "the attestation statement has not the form of its format",
    /// The attestation is signed by an algorithm that is not the key's, or that is not supported.
    AttestationAlgorithm => "the attestation's algorithm does not fit",
    /// The attestation certificate is not as WebAuthn §8.2.1 wants it.
    AttestationCertificate => "the attestation certificate is not as it must be",
    /// The attestation certificate is of another model of authenticator.
    AttestationModel => "the attestation certificate is for another model",
    /// The attestation was not signed by the key that it names.
    AttestationSignature => "the attestation's signature does not verify",
    /// The user handle is another user's.
    UserHandle => "the user handle is another user's",
    /// The proof was not signed by the passkey.
    Signature => "the signature does not verify",
    /// The authenticator has signed no oftener than before, so there may be a copy of it.
    SignCount => "the signature counter has not grown",
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for Refusal {}
