//! A code for a custom sender, encrypted as the AWS Encryption SDK does: message format version 1 with the algorithm
//! suite 0x0378 (AES-256-GCM, HKDF-SHA-384, ECDSA over P-384), which is what Cognito sends.
//!
//! Who makes and wraps the data key is the server's to know. D: AWS Encryption SDK developer guide, "Message format
//! reference"; a message of Cognito's was read byte by byte.

use crate::Random;
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    error::Unspecified,
    hkdf::{HKDF_SHA384, Salt},
    rand::SystemRandom,
    signature::{ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

const VERSION: u8 = 1;
/// A message that customers encrypt.
const TYPE: u8 = 0x80;
const SUITE: [u8; 2] = [0x03, 0x78];
const MESSAGE_ID_BYTES: usize = 16;
const FRAMED: u8 = 2;
/// The frame length that the SDK writes, and so the longest text that is one frame.
const FRAME_BYTES_MAX: u32 = 4096;
const FINAL_FRAME: [u8; 4] = [0xff; 4];
const FINAL_FRAME_CONTENT: &[u8] = b"AWSKMSEncryptionClient Final Frame";
/// The pair of the encryption context that holds the key which the message is signed with.
const PUBLIC_KEY: &str = "aws-crypto-public-key";

/// What stays with the encrypted text in clear and is bound to it: pairs in the order of their names.
pub type EncryptionContext = BTreeMap<String, String>;

/// The key pair of one message.
pub struct MessageKey(EcdsaKeyPair);

/// The data key as it travels: only who keeps the key it is wrapped by can open it.
pub struct WrappedDataKey<'a> {
    /// The ARN of that key.
    pub key_arn: &'a str,
    /// The wrapped data key.
    pub blob: &'a [u8],
}

impl MessageKey {
    /// A new key pair.
    ///
    /// # Errors
    /// If the system has no randomness.
    pub fn generate() -> Result<MessageKey, Unspecified> {
        EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).map(MessageKey)
    }

    /// The context with the public half in it. The data key must be wrapped with this context.
    pub fn bind(&self, mut context: EncryptionContext) -> EncryptionContext {
        context.insert(PUBLIC_KEY.to_owned(), STANDARD.encode(self.compressed()));
        context
    }

    /// The public point as SEC 1 §2.3.3 compresses it.
    fn compressed(&self) -> Vec<u8> {
        let point = self.0.public_key().as_ref();
        let x_end = 1 + (point.len() - 1) / 2;
        let parity = point.last().map_or(0, |last| last & 1);
        let mut out = vec![2 + parity];
        out.extend_from_slice(&point[1..x_end]);
        out
    }

    /// Encrypts a text of at most 4096 bytes.
    ///
    /// # Errors
    /// If it is longer, or something else than the text is longer than the format can say.
    pub fn encrypt(
        &self,
        random: &mut dyn Random,
        context: &EncryptionContext,
        data_key: &[u8],
        wrapped: &WrappedDataKey<'_>,
        text: &[u8],
    ) -> Result<Vec<u8>, Unspecified> {
        let mut message_id = [0; MESSAGE_ID_BYTES];
        random.fill(&mut message_id);
        let key = content_key(data_key, &message_id)?;
        let mut message = header(&message_id, context, wrapped)?;
        let tag = seal(&key, 0, &message, &mut [])?;
        message.extend_from_slice(&nonce(0));
        message.extend_from_slice(&tag);
        frame(&mut message, &key, &message_id, text)?;
        let signature = self.0.sign(&SystemRandom::new(), &message)?;
        let length = u16::try_from(signature.as_ref().len()).map_err(|_| Unspecified)?;
        message.extend_from_slice(&length.to_be_bytes());
        message.extend_from_slice(signature.as_ref());
        Ok(message)
    }
}

/// The key that a message is encrypted with, which is another for each.
fn content_key(data_key: &[u8], message_id: &[u8]) -> Result<LessSafeKey, Unspecified> {
    let info = [&SUITE[..], message_id];
    let secret = Salt::new(HKDF_SHA384, &[]).extract(data_key);
    let mut key = Zeroizing::new([0; 32]);
    secret.expand(&info, &AES_256_GCM)?.fill(&mut *key)?;
    Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*key)?))
}

fn header(
    message_id: &[u8],
    context: &EncryptionContext,
    wrapped: &WrappedDataKey<'_>,
) -> Result<Vec<u8>, Unspecified> {
    let mut pairs = short(context.len())?.to_vec();
    for (name, value) in context {
        prefixed(&mut pairs, name.as_bytes())?;
        prefixed(&mut pairs, value.as_bytes())?;
    }
    let mut out = vec![VERSION, TYPE];
    out.extend_from_slice(&SUITE);
    out.extend_from_slice(message_id);
    prefixed(&mut out, &pairs)?;
    out.extend_from_slice(&short(1)?);
    for part in [b"aws-kms", wrapped.key_arn.as_bytes(), wrapped.blob] {
        prefixed(&mut out, part)?;
    }
    out.extend_from_slice(&[FRAMED, 0, 0, 0, 0, NONCE_LEN as u8]);
    out.extend_from_slice(&FRAME_BYTES_MAX.to_be_bytes());
    Ok(out)
}

/// The one frame of a message, which is its last.
fn frame(out: &mut Vec<u8>, key: &LessSafeKey, message_id: &[u8], text: &[u8]) -> Result<(), Unspecified> {
    const SEQUENCE: u32 = 1;
    let length =
        u32::try_from(text.len()).ok().filter(|length| *length <= FRAME_BYTES_MAX).ok_or(Unspecified)?;
    let mut aad = message_id.to_vec();
    aad.extend_from_slice(FINAL_FRAME_CONTENT);
    aad.extend_from_slice(&SEQUENCE.to_be_bytes());
    aad.extend_from_slice(&u64::from(length).to_be_bytes());
    let mut content = Zeroizing::new(text.to_vec());
    let tag = seal(key, SEQUENCE, &aad, &mut content)?;
    out.extend_from_slice(&FINAL_FRAME);
    out.extend_from_slice(&SEQUENCE.to_be_bytes());
    out.extend_from_slice(&nonce(SEQUENCE));
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&content);
    out.extend_from_slice(&tag);
    Ok(())
}

/// The header has number 0, and frames count from 1: under a key that seals one message no nonce comes twice.
fn nonce(number: u32) -> [u8; NONCE_LEN] {
    let mut nonce = [0; NONCE_LEN];
    nonce[NONCE_LEN - 4..].copy_from_slice(&number.to_be_bytes());
    nonce
}

fn seal(key: &LessSafeKey, number: u32, aad: &[u8], content: &mut [u8]) -> Result<Vec<u8>, Unspecified> {
    let nonce = Nonce::assume_unique_for_key(nonce(number));
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), content)?;
    Ok(tag.as_ref().to_vec())
}

fn short(length: usize) -> Result<[u8; 2], Unspecified> {
    u16::try_from(length).map(u16::to_be_bytes).map_err(|_| Unspecified)
}

fn prefixed(out: &mut Vec<u8>, part: &[u8]) -> Result<(), Unspecified> {
    out.extend_from_slice(&short(part.len())?);
    out.extend_from_slice(part);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seeded;
    use aws_lc_rs::signature::{ECDSA_P384_SHA384_ASN1, UnparsedPublicKey};

    const ARN: &str = "arn:aws:kms:us-east-1:123456789012:key/a";

    fn encrypted(text: &[u8]) -> (MessageKey, EncryptionContext, Result<Vec<u8>, Unspecified>) {
        let key = MessageKey::generate().unwrap();
        let context = key.bind(EncryptionContext::from([("userpool-id".into(), "us-east-1_A".into())]));
        let wrapped = WrappedDataKey { key_arn: ARN, blob: &[9; 184] };
        let message = key.encrypt(&mut Seeded(1), &context, &[7; 32], &wrapped, text);
        (key, context, message)
    }

    #[test]
    fn a_message_has_the_sdks_layout() {
        let (key, context, message) = encrypted(b"secret");
        let message = message.unwrap();
        assert!(STANDARD.encode(&message).starts_with("AYADe"));
        assert_eq!(context.keys().collect::<Vec<_>>(), ["aws-crypto-public-key", "userpool-id"]);
        assert_eq!(STANDARD.decode(&context["aws-crypto-public-key"]).unwrap().len(), 49);
        let pairs = 2 + context.iter().map(|(name, value)| 4 + name.len() + value.len()).sum::<usize>();
        let header = 4 + 16 + 2 + pairs + 2 + (2 + 7) + (2 + ARN.len()) + (2 + 184) + 1 + 4 + 1 + 4;
        let body = 4 + 4 + 12 + 4 + 6 + 16;
        let signed = header + 28 + body;
        let (signed, footer) = message.split_at(signed);
        assert_eq!(usize::from(u16::from_be_bytes([footer[0], footer[1]])), footer.len() - 2);
        UnparsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, key.0.public_key())
            .verify(signed, &footer[2..])
            .unwrap();
        assert_eq!(signed[header - 5..header], [12, 0, 0, 16, 0]);
        assert!(!signed.windows(6).any(|bytes| bytes == b"secret"));
    }

    #[test]
    fn what_the_format_cannot_say_is_refused() {
        assert!(encrypted(&[0; 4096]).2.is_ok());
        assert!(encrypted(&[0; 4097]).2.is_err());
        let key = MessageKey::generate().unwrap();
        let context = EncryptionContext::from([("a".into(), "b".repeat(70_000))]);
        let wrapped = WrappedDataKey { key_arn: ARN, blob: &[9; 184] };
        assert!(key.encrypt(&mut Seeded(1), &context, &[7; 32], &wrapped, b"1").is_err());
    }
}
