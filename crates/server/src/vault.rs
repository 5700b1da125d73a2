//! The master key: it seals what the store must not read, and the keys derived from it hash and sign
//! what leaves the server's hands.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, Prk, Salt},
    hmac, rand,
};
use rules::{Fault, Random, Result, Sealed};
use std::fmt;
use zeroize::Zeroizing;

/// How long a master key is, in bytes.
pub const MASTER_KEY_BYTES: usize = 32;

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&mut self, bytes: &mut [u8]) {
        // The generator fails only if the kernel has none; without it nothing safe can be done.
        rand::fill(bytes).expect("the operating system's random generator works");
    }
}

/// Seals, opens, and derives. Its Debug shows nothing.
pub struct Vault {
    aead: LessSafeKey,
    prk: Prk,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// A vault under this master key.
    pub fn new(master_key: &[u8; MASTER_KEY_BYTES]) -> Vault {
        let prk = Salt::new(HKDF_SHA256, b"cognate").extract(master_key);
        let key = derive(&prk, "seal");
        let aead = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*key).expect("the key has 32 bytes"));
        Vault { aead, prk }
    }

    /// Encrypts and authenticates. Only the same `context` opens it again, so that a sealed value cannot be
    /// moved to another user, client or purpose.
    pub fn seal(&self, context: &str, secret: &[u8]) -> Sealed {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom.fill(&mut nonce);
        let mut out = nonce.to_vec();
        let mut body = Zeroizing::new(secret.to_vec());
        let tag = self
            .aead
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut body)
            .expect("AES-GCM seals any length that fits into memory");
        out.extend_from_slice(&body);
        out.extend_from_slice(tag.as_ref());
        Sealed(out)
    }

    /// Opens what was sealed for `context`; none if it was not, or was changed.
    pub fn try_open(&self, context: &str, sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, body) = sealed.0.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = self.aead.open_in_place(nonce, Aad::from(context), &mut body).ok()?.len();
        body.truncate(length);
        Some(body)
    }

    /// Opens what the store keeps; a failure means a wrong master key or a damaged store.
    pub fn open(&self, context: &str, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>> {
        self.try_open(context, sealed).ok_or_else(|| {
            Fault::internal("a stored secret cannot be opened: is the master key the right one?")
        })
    }

    /// A key for one purpose.
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        derive(&self.prk, purpose)
    }

    /// HMAC-SHA-256 under a key of its own for each purpose: how codes and ticket keys are kept.
    pub fn mac(&self, purpose: &str, parts: &[&str]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*self.derive(purpose));
        let mut context = hmac::Context::with_key(&key);
        for part in parts {
            // The length before each part keeps ("ab", "c") and ("a", "bc") apart.
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        context.sign().as_ref().try_into().expect("SHA-256 has 32 bytes")
    }
}

fn derive(prk: &Prk, purpose: &str) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    let info = [purpose.as_bytes()];
    prk.expand(&info, HKDF_SHA256).and_then(|okm| okm.fill(&mut *key)).expect("HKDF-SHA-256 gives 32 bytes");
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_context_and_key_open() {
        let vault = Vault::new(&[7; 32]);
        let sealed = vault.seal("a", b"secret");
        assert_eq!(**vault.try_open("a", &sealed).unwrap(), *b"secret");
        assert!(vault.try_open("b", &sealed).is_none());
        assert!(Vault::new(&[8; 32]).try_open("a", &sealed).is_none());
        for i in 0..sealed.0.len() {
            let mut changed = sealed.clone();
            changed.0[i] ^= 1;
            assert!(vault.try_open("a", &changed).is_none());
        }
        assert!(vault.try_open("a", &Sealed(vec![1; 5])).is_none());
        assert_ne!(vault.seal("a", b"secret"), sealed);
    }

    #[test]
    fn macs_keep_parts_and_purposes_apart() {
        let vault = Vault::new(&[7; 32]);
        assert_ne!(vault.mac("p", &["ab", "c"]), vault.mac("p", &["a", "bc"]));
        assert_ne!(vault.mac("p", &["ab"]), vault.mac("q", &["ab"]));
        assert_eq!(vault.mac("p", &["ab"]), vault.mac("p", &["ab"]));
    }
}
