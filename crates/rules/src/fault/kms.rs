//! Keys that custom senders' codes are encrypted under.

use super::Fault;
use spec::Code;

/// No key is named so. P
pub fn unknown_kms_key(key_id: &str) -> Fault {
    Fault::new(Code::NotFoundException, format!("Invalid keyId '{key_id}'"))
}

/// What is to be decrypted was encrypted under another key or for another context, or was changed. P: without a text.
pub fn invalid_ciphertext() -> Fault {
    Fault::new(Code::InvalidCiphertextException, "")
}

/// A key that encrypts symmetrically is asked for another algorithm. Unverified
pub fn kms_algorithm(key_arn: &str) -> Fault {
    Fault::new(Code::InvalidKeyUsageException, format!("{key_arn} encrypts by SYMMETRIC_DEFAULT only."))
}

/// A request that nothing was done for, as it asks. P
pub fn dry_run() -> Fault {
    Fault::new(
        Code::DryRunOperationException,
        "The request would have succeeded, but the DryRun option is set.",
    )
}

/// A parameter of KMS that is out of its range. Unverified
pub fn kms_parameter(text: impl Into<String>) -> Fault {
    Fault::new(Code::ValidationException, text.into())
}
