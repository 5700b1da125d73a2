//! A custom sender's code as its function opens it: by the AWS Encryption SDK, with KMS.

use crate::{kms::kms, lab::Lab};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hkdf::{HKDF_SHA384, Salt},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

/// A message, opened.
pub struct Opened {
    /// The ARN of the key that wrapped its data key.
    pub key: String,
    /// The pairs that are bound to it.
    pub context: Map<String, Value>,
    wrapped: Vec<u8>,
    message_id: Vec<u8>,
    nonce: [u8; 12],
    sealed: Vec<u8>,
}

impl Opened {
    /// What stands in a message in clear.
    pub fn read(code: &Value) -> Opened {
        let message = STANDARD.decode(code.as_str().unwrap()).unwrap();
        let mut rest = Rest(&message);
        assert_eq!(rest.take(4), [1, 0x80, 0x03, 0x78]);
        let message_id = rest.take(16).to_vec();
        let mut pairs = Rest(rest.part());
        let count = pairs.short();
        let context = (0..count).map(|_| (pairs.text(), json!(pairs.text()))).collect();
        assert_eq!((rest.short(), rest.part()), (1, &b"aws-kms"[..]));
        let (key, wrapped) = (rest.text(), rest.part().to_vec());
        rest.take(1 + 4 + 1 + 4 + 12 + 16);
        assert_eq!(rest.take(8), [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1]);
        let nonce = rest.take(12).try_into().unwrap();
        let length = u32::from_be_bytes(rest.take(4).try_into().unwrap());
        let sealed = rest.take(length as usize + 16).to_vec();
        Opened { key, context, wrapped, message_id, nonce, sealed }
    }

    /// The text, whose data key this server's KMS unwraps.
    pub async fn text(mut self, lab: &Lab) -> String {
        let input = json!({"CiphertextBlob": STANDARD.encode(&self.wrapped), "KeyId": self.key,
            "EncryptionContext": self.context});
        let data_key = kms(lab, "Decrypt", input).await.ok()["Plaintext"].clone();
        let data_key = STANDARD.decode(data_key.as_str().unwrap()).unwrap();
        let info = [&[0x03, 0x78][..], &self.message_id];
        let mut key = [0; 32];
        let secret = Salt::new(HKDF_SHA384, &[]).extract(&data_key);
        secret.expand(&info, &AES_256_GCM).unwrap().fill(&mut key).unwrap();
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
        let length = (self.sealed.len() - 16) as u64;
        let mut bound = self.message_id;
        bound.extend_from_slice(b"AWSKMSEncryptionClient Final Frame");
        bound.extend_from_slice(&1_u32.to_be_bytes());
        bound.extend_from_slice(&length.to_be_bytes());
        let nonce = Nonce::assume_unique_for_key(self.nonce);
        let text = key.open_in_place(nonce, Aad::from(&bound), &mut self.sealed).unwrap();
        String::from_utf8(text.to_vec()).unwrap()
    }
}

/// What was not read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    fn short(&mut self) -> u16 {
        u16::from_be_bytes(self.take(2).try_into().unwrap())
    }

    fn part(&mut self) -> &'a [u8] {
        let length = self.short();
        self.take(length.into())
    }

    fn text(&mut self) -> String {
        String::from_utf8(self.part().to_vec()).unwrap()
    }
}
