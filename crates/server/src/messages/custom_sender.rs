//! What a custom sender gets instead of a code: the code, encrypted under the pool's key as the AWS Encryption SDK does.

use crate::{kms::data_keys::DataKeys, secrets::random::SystemRandom};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rules::{
    Fault, Result,
    messages::encryption_sdk::{EncryptionContext, MessageKey, WrappedDataKey},
};

/// A code or a temporary password, encrypted, in base64.
///
/// # Errors
/// An internal failure, if no data key can be made.
pub async fn encrypt_code(
    data_keys: &DataKeys,
    mut random: SystemRandom,
    pool_id: &str,
    key_arn: &str,
    code: &str,
) -> Result<String> {
    let failed = |_| Fault::internal("a code cannot be encrypted");
    let key = MessageKey::generate().map_err(failed)?;
    let context = EncryptionContext::from([("userpool-id".to_owned(), pool_id.to_owned())]);
    let context = key.bind(context);
    let data_key = data_keys.generate(random, key_arn, &context).await?;
    let wrapped = WrappedDataKey { key_arn, blob: &data_key.wrapped };
    let message = key.encrypt(&mut random, &context, &data_key.plaintext, &wrapped, code.as_bytes());
    Ok(STANDARD.encode(message.map_err(failed)?))
}
