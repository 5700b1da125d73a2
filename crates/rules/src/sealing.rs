//! How secrets are sealed: AES-256-GCM under a key derived for it, bound to a context. Which keys there are is the
//! server's to know.

use crate::{Random, Sealed};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, Prk, Salt},
};
use std::{fmt, sync::Arc};
use zeroize::Zeroizing;

/// How long a master key or a root secret is, in bytes.
pub const MASTER_KEY_BYTES: usize = 32;
/// How long a key's name is, in bytes.
const KEY_ID_BYTES: usize = 8;

/// The name of a sealing key, which every value that it sealed begins with. It tells nothing of the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; KEY_ID_BYTES]);

impl KeyId {
    /// The name of a master key.
    pub fn of(master_key: &[u8; MASTER_KEY_BYTES]) -> KeyId {
        SealingKey::new(master_key).id
    }

    /// The key that a value is sealed under.
    pub fn of_sealed(sealed: &Sealed) -> Option<KeyId> {
        sealed.0.first_chunk().copied().map(KeyId)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A key that seals. Its Debug shows its name only.
#[derive(Clone)]
pub struct SealingKey {
    /// Its name.
    pub id: KeyId,
    aead: Arc<LessSafeKey>,
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({})", self.id)
    }
}

impl SealingKey {
    /// The key that a master key seals with.
    pub fn new(master_key: &[u8; MASTER_KEY_BYTES]) -> SealingKey {
        SealingKey::from_prk(&Salt::new(HKDF_SHA256, b"cognate").extract(master_key))
    }

    /// The key that seals, under this root secret, what clients carry for a few minutes.
    pub fn for_clients(root_secret: &[u8; MASTER_KEY_BYTES]) -> SealingKey {
        SealingKey::from_prk(&Salt::new(HKDF_SHA256, b"cognate-lent").extract(root_secret))
    }

    fn from_prk(prk: &Prk) -> SealingKey {
        let [a, b, c, d, e, f, g, h, ..] = *derive(prk, "key-id");
        let key = derive(prk, "seal");
        let aead = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*key).expect("the key has 32 bytes"));
        SealingKey { id: KeyId([a, b, c, d, e, f, g, h]), aead: Arc::new(aead) }
    }

    /// Encrypts and authenticates: the key's name, a nonce, the encrypted secret, and the tag.
    pub fn seal(&self, random: &mut dyn Random, context: &str, secret: &[u8]) -> Sealed {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce);
        let mut out = self.id.0.to_vec();
        out.extend_from_slice(&nonce);
        let mut body = Zeroizing::new(secret.to_vec());
        let tag = self
            .aead
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut body)
            .expect("AES-GCM seals any length that fits into memory");
        out.extend_from_slice(&body);
        out.extend_from_slice(tag.as_ref());
        Sealed(out)
    }

    /// Opens what this key sealed for `context`; none if it did not, or if it was changed.
    pub fn try_open(&self, context: &str, sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
        let body = sealed.0.strip_prefix(&self.id.0)?;
        let (nonce, body) = body.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = self.aead.open_in_place(nonce, Aad::from(context), &mut body).ok()?.len();
        body.truncate(length);
        Some(body)
    }
}

/// A key of one purpose.
pub fn derive(prk: &Prk, purpose: &str) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    let info = [purpose.as_bytes()];
    prk.expand(&info, HKDF_SHA256).and_then(|okm| okm.fill(&mut *key)).expect("HKDF-SHA-256 gives 32 bytes");
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seeded;

    #[test]
    fn only_the_same_context_and_key_open_what_was_not_changed() {
        let key = SealingKey::new(&[7; 32]);
        let sealed = key.seal(&mut Seeded(1), "a", b"secret");
        assert_eq!(KeyId::of_sealed(&sealed), Some(KeyId::of(&[7; 32])));
        assert_eq!(**key.try_open("a", &sealed).unwrap(), *b"secret");
        assert!(key.try_open("b", &sealed).is_none());
        assert!(SealingKey::new(&[8; 32]).try_open("a", &sealed).is_none());
        assert!(SealingKey::for_clients(&[7; 32]).try_open("a", &sealed).is_none());
        for i in 0..sealed.0.len() {
            let mut changed = sealed.clone();
            changed.0[i] ^= 1;
            assert!(key.try_open("a", &changed).is_none());
            assert!(key.try_open("a", &Sealed(sealed.0[..i].to_vec())).is_none());
        }
        assert_ne!(key.seal(&mut Seeded(2), "a", b"secret"), sealed);
    }
}
