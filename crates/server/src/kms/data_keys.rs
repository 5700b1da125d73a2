//! The data keys that codes for custom senders are encrypted with, by the KMS that the settings name or by this
//! server's own keys.

use super::local::LocalKey;
use crate::{
    config::kms::Kms,
    outbound::{
        Client,
        aws::{self, Api},
    },
    secrets::{random::SystemRandom, vault::Vault},
};
use rules::{Fault, Random as _, Result, messages::encryption_sdk::EncryptionContext};
use serde_json::json;
use spec::{Blob, kms::GenerateDataKeyResponse};
use std::{sync::Arc, time::Duration};
use zeroize::Zeroizing;

/// How long the KMS of the settings may take.
const KMS_TIMEOUT: Duration = Duration::from_secs(5);
const KMS_CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const KMS_ANSWER_BYTES_MAX: usize = 64 * 1024;
const DATA_KEY_BYTES: usize = 32;

const HEADERS: [(&str, &str); 2] =
    [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "TrentService.GenerateDataKey")];

/// Who makes data keys.
pub enum DataKeys {
    /// This server, whose keys are derived from the root secret.
    Here(Arc<Vault>),
    /// The KMS that the settings name.
    There(Api),
}

/// A data key of 256 bits. It has no Debug, because it is a secret.
pub struct DataKey {
    /// The key.
    pub plaintext: Zeroizing<Vec<u8>>,
    /// The ARN of the key that wrapped it. Who was asked by an alias says here whose it is.
    pub key_arn: String,
    /// The key as only that one opens it.
    pub wrapped: Vec<u8>,
}

impl DataKeys {
    /// By the KMS that the settings name, or by this server.
    ///
    /// # Errors
    /// A text for the operator.
    pub fn new(settings: Option<&Kms>, vault: Arc<Vault>) -> std::result::Result<DataKeys, String> {
        let Some(Kms { endpoint, region, credentials }) = settings.cloned() else {
            return Ok(DataKeys::Here(vault));
        };
        let client = Client::new(KMS_CONNECT_TIMEOUT)?;
        Ok(DataKeys::There(Api { client, endpoint, service: "kms", region, credentials }))
    }

    /// A new data key, wrapped by the key with this ARN for this context.
    ///
    /// # Errors
    /// An internal failure, if the ARN is no key's or the KMS of the settings makes none.
    pub async fn generate(
        &self,
        mut random: SystemRandom,
        key_arn: &str,
        context: &EncryptionContext,
    ) -> Result<DataKey> {
        let vault = match self {
            DataKeys::Here(vault) => vault,
            DataKeys::There(api) => return by_kms(api, key_arn, context).await.map_err(Fault::internal),
        };
        let key = LocalKey::of(vault, key_arn)
            .ok_or_else(|| Fault::internal(format!("{key_arn} is not the ARN of a KMS key")))?;
        let mut plaintext = Zeroizing::new(vec![0; DATA_KEY_BYTES]);
        random.fill(&mut plaintext);
        let wrapped = key.wrap(&mut random, context, &plaintext);
        Ok(DataKey { plaintext, key_arn: key.arn().to_owned(), wrapped })
    }
}

async fn by_kms(
    api: &Api,
    key_arn: &str,
    context: &EncryptionContext,
) -> std::result::Result<DataKey, String> {
    let body = json!({"KeyId": key_arn, "KeySpec": "AES_256", "EncryptionContext": context}).to_string();
    let answer = api.post("/", &HEADERS, body.into(), KMS_TIMEOUT).await;
    let answer = answer.map_err(|failure| format!("KMS cannot be asked: {failure}"))?;
    let status = answer.status().as_u16();
    if status != 200 {
        return Err(format!("KMS answered {status}, {}", aws::error_name(answer).await));
    }
    let body = answer.body(KMS_ANSWER_BYTES_MAX).await.map_err(|failure| format!("KMS: {failure}"))?;
    let unreadable = || "KMS answered no data key".to_owned();
    // The error's own text may quote the key.
    let made: GenerateDataKeyResponse = serde_json::from_slice(&body).map_err(|_| unreadable())?;
    let GenerateDataKeyResponse {
        key_id: Some(key_arn),
        plaintext: Some(Blob(plaintext)),
        ciphertext_blob: Some(Blob(wrapped)),
        ..
    } = made
    else {
        return Err(unreadable());
    };
    let plaintext = Zeroizing::new(plaintext);
    if plaintext.len() != DATA_KEY_BYTES || wrapped.is_empty() {
        return Err(unreadable());
    }
    Ok(DataKey { plaintext, key_arn, wrapped })
}
