//! The operations of KMS on keys that this server keeps.

use super::local::LocalKey;
use crate::{app::App, callers::Operator};
use rules::{Random as _, Result, callers::wrapped::id_of, fault};
use spec::{
    Blob,
    kms::{
        CustomerMasterKeySpec, DataKeySpec, DecryptRequest, DecryptResponse, DescribeKeyRequest,
        DescribeKeyResponse, EncryptionAlgorithmSpec, GenerateDataKeyRequest, GenerateDataKeyResponse,
        KeyManagerType, KeyMetadata, KeySpec, KeyState, KeyUsageType, OriginType, RecipientInfo,
    },
};
use zeroize::Zeroizing;

const SYMMETRIC: EncryptionAlgorithmSpec = EncryptionAlgorithmSpec::SymmetricDefault;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html>
pub async fn decrypt(app: &App, _caller: &Operator, input: DecryptRequest) -> Result<DecryptResponse> {
    check_recipient(input.recipient.as_ref())?;
    let Some(Blob(wrapped)) = input.ciphertext_blob else {
        return Err(fault::kms_parameter("CiphertextBlob is missing."));
    };
    let key = LocalKey::of_wrapped(&app.vault, &wrapped).ok_or_else(fault::invalid_ciphertext)?;
    match &input.key_id {
        Some(named) if id_of(named).is_none() => return Err(fault::unknown_kms_key(named)),
        Some(named) if named != key.arn() => return Err(fault::invalid_ciphertext()),
        // Where it is not named, the caller's policy allows this one.
        Some(_) | None => {}
    }
    if input.encryption_algorithm.is_some_and(|algorithm| algorithm != SYMMETRIC) {
        return Err(fault::kms_algorithm(key.arn()));
    }
    let context = input.encryption_context.unwrap_or_default();
    let secret = key.unwrap(&context, &wrapped).ok_or_else(fault::invalid_ciphertext)?;
    check_dry_run(input.dry_run)?;
    Ok(DecryptResponse {
        key_id: Some(key.arn().to_owned()),
        plaintext: Some(Blob(secret.to_vec())),
        encryption_algorithm: Some(SYMMETRIC),
        ..DecryptResponse::default()
    })
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html>
pub async fn generate_data_key(
    app: &App,
    _caller: &Operator,
    input: GenerateDataKeyRequest,
) -> Result<GenerateDataKeyResponse> {
    check_recipient(input.recipient.as_ref())?;
    let key = LocalKey::of(&app.vault, &input.key_id).ok_or_else(|| fault::unknown_kms_key(&input.key_id))?;
    let length = match (input.key_spec, input.number_of_bytes) {
        (Some(DataKeySpec::Aes256), None) => 32,
        (Some(DataKeySpec::Aes128), None) => 16,
        (None, Some(number)) => usize::try_from(number).unwrap_or_default(),
        _ => return Err(fault::kms_parameter("Please specify either number of bytes or key spec.")),
    };
    check_dry_run(input.dry_run)?;
    let mut secret = Zeroizing::new(vec![0; length]);
    app.random().fill(&mut secret);
    let context = input.encryption_context.unwrap_or_default();
    Ok(GenerateDataKeyResponse {
        key_id: Some(key.arn().to_owned()),
        ciphertext_blob: Some(Blob(key.wrap(&mut app.random(), &context, &secret))),
        plaintext: Some(Blob(secret.to_vec())),
        ..GenerateDataKeyResponse::default()
    })
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html>
pub async fn describe_key(
    _app: &App,
    _caller: &Operator,
    input: DescribeKeyRequest,
) -> Result<DescribeKeyResponse> {
    let (account_id, id) = id_of(&input.key_id).ok_or_else(|| fault::unknown_kms_key(&input.key_id))?;
    let metadata = KeyMetadata {
        aws_account_id: Some(account_id.to_owned()),
        key_id: id.to_owned(),
        arn: Some(input.key_id.clone()),
        enabled: Some(true),
        description: Some(String::new()),
        key_usage: Some(KeyUsageType::EncryptDecrypt),
        key_state: Some(KeyState::Enabled),
        origin: Some(OriginType::AwsKms),
        key_manager: Some(KeyManagerType::Customer),
        customer_master_key_spec: Some(CustomerMasterKeySpec::SymmetricDefault),
        key_spec: Some(KeySpec::SymmetricDefault),
        encryption_algorithms: Some(vec![SYMMETRIC]),
        multi_region: Some(false),
        ..KeyMetadata::default()
    };
    Ok(DescribeKeyResponse { key_metadata: Some(metadata) })
}

/// An enclave of Nitro would get the key encrypted for itself.
fn check_recipient(recipient: Option<&RecipientInfo>) -> Result<()> {
    match recipient {
        Some(_) => Err(fault::kms_parameter("Recipient is not supported by this version of Cognate.")),
        None => Ok(()),
    }
}

fn check_dry_run(dry_run: Option<bool>) -> Result<()> {
    if dry_run == Some(true) { Err(fault::dry_run()) } else { Ok(()) }
}
