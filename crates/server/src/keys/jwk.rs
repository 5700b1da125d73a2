//! Public keys as JSON web keys (RFC 7517): published, and read again to verify by.

use super::ring::TokenUse;
use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rsa::KeyPair,
    signature::{KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rules::{Fault, Result};
use serde_json::{Value, json};

/// A public key, parsed once.
#[derive(Debug)]
pub struct VerifyingKey {
    /// What tokens it may verify.
    pub token_use: TokenUse,
    key: ParsedPublicKey,
}

impl VerifyingKey {
    /// Whether the signature over `message` is this key's.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }
}

/// The public half of a key pair, under its name.
pub fn of(kid: &str, pair: &KeyPair) -> Value {
    let modulus = pair.public_key().modulus().big_endian_without_leading_zero();
    let exponent = pair.public_key().exponent().big_endian_without_leading_zero();
    json!({
        "alg": "RS256",
        "e": URL_SAFE_NO_PAD.encode(exponent),
        "kid": kid,
        "kty": "RSA",
        "n": URL_SAFE_NO_PAD.encode(modulus),
        "use": "sig",
    })
}

/// Reads a published key.
///
/// # Errors
/// An internal fault if it is damaged.
pub fn verifying_key(jwk: &Value, token_use: &str) -> Result<VerifyingKey> {
    let part = |name: &str| {
        let text = jwk[name].as_str().unwrap_or_default();
        URL_SAFE_NO_PAD.decode(text).map_err(|_| Fault::internal("a public key is damaged"))
    };
    let (n, e) = (part("n")?, part("e")?);
    let components = aws_lc_rs::rsa::PublicKeyComponents { n, e };
    let der = AsDer::<PublicKeyX509Der<'_>>::as_der(&components)
        .map_err(|_| Fault::internal("a public key cannot be parsed"))?;
    let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der.as_ref())
        .map_err(|_| Fault::internal("a public key cannot be parsed"))?;
    let token_use = if token_use == "id" { TokenUse::Id } else { TokenUse::Access };
    Ok(VerifyingKey { token_use, key })
}
