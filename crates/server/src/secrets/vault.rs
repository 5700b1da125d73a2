//! The vault: it seals what the store must not read, and the keys derived from it hash and sign what leaves the
//! server's hands.
//!
//! Two secrets stand behind it. The *master key* seals what is stored and can be changed, so the vault may hold
//! several and every sealed value names its key. The *root secret* is random, never changes, is itself stored sealed
//! ([`crate::master_keys`]), and is what everything else is derived from: so codes, sessions and refresh tokens
//! outlive a change of the master key.

pub use rules::sealing::{KeyId, MASTER_KEY_BYTES, SealingKey};

use super::random::SystemRandom;
use aws_lc_rs::{
    hkdf::{HKDF_SHA256, Prk, Salt},
    hmac,
};
use rules::{Fault, Result, Sealed, sealing::derive};
use std::{
    fmt,
    sync::{Arc, RwLock},
};
use zeroize::Zeroizing;

/// The sealing keys that are known, the one that seals first.
struct Ring {
    sealing: SealingKey,
    others: Vec<SealingKey>,
}

/// Seals, opens, and derives. Its Debug shows the name of the sealing key and no more.
pub struct Vault {
    ring: RwLock<Arc<Ring>>,
    root: Prk,
    client_key: SealingKey,
    /// For nonces alone. A transaction that runs again seals again, under another: that is as it must be.
    random: SystemRandom,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({})", self.sealing_id())
    }
}

impl Vault {
    /// A vault that seals under this master key and derives from this root secret.
    pub fn new(
        random: SystemRandom,
        master_key: &[u8; MASTER_KEY_BYTES],
        root_secret: &[u8; MASTER_KEY_BYTES],
    ) -> Vault {
        let root = Salt::new(HKDF_SHA256, b"cognate-root").extract(root_secret);
        let client_key = SealingKey::for_clients(root_secret);
        let ring = Ring { sealing: SealingKey::new(master_key), others: Vec::new() };
        Vault { ring: RwLock::new(Arc::new(ring)), root, client_key, random }
    }

    fn ring(&self) -> Arc<Ring> {
        self.ring.read().unwrap_or_else(|e| e.into_inner()).clone()
    }

    /// The name of the key that seals now.
    pub fn sealing_id(&self) -> KeyId {
        self.ring().sealing.id
    }

    /// The key with this name, if it is known.
    pub fn key(&self, id: KeyId) -> Option<SealingKey> {
        let ring = self.ring();
        std::iter::once(&ring.sealing).chain(&ring.others).find(|key| key.id == id).cloned()
    }

    /// The names of all known keys.
    pub fn key_ids(&self) -> Vec<KeyId> {
        let ring = self.ring();
        std::iter::once(&ring.sealing).chain(&ring.others).map(|key| key.id).collect()
    }

    /// Learns further keys, and seals with `sealing` from now on if it is known.
    pub fn learn(&self, keys: Vec<SealingKey>, sealing: KeyId) {
        let mut ring = self.ring.write().unwrap_or_else(|e| e.into_inner());
        let mut known: Vec<SealingKey> =
            std::iter::once(&ring.sealing).chain(&ring.others).cloned().collect();
        known.extend(keys.into_iter().filter(|key| !ring.others.iter().any(|k| k.id == key.id)));
        let at = known.iter().position(|key| key.id == sealing).unwrap_or_default();
        let sealing = known.swap_remove(at);
        known.retain(|key| key.id != sealing.id);
        *ring = Arc::new(Ring { sealing, others: known });
    }

    /// Encrypts and authenticates for the store. Only the same `context` opens it again, so that a sealed value
    /// cannot be moved to another user, client or purpose.
    pub fn seal(&self, context: &str, secret: &[u8]) -> Sealed {
        self.ring().sealing.seal(&mut { self.random }, context, secret)
    }

    /// The key for what a client carries and brings back within minutes: a change of the master key does not
    /// touch it.
    pub fn client_key(&self) -> &SealingKey {
        &self.client_key
    }

    /// Seals what a client carries.
    pub fn seal_for_client(&self, context: &str, secret: &[u8]) -> Sealed {
        self.client_key.seal(&mut { self.random }, context, secret)
    }

    /// Opens what a client brings back; none if it was not sealed for `context`, or was changed.
    pub fn open_from_client(&self, context: &str, sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
        self.client_key.try_open(context, sealed)
    }

    /// Opens what was sealed for `context`; none if it was not, or was changed.
    pub fn try_open(&self, context: &str, sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
        let ring = self.ring();
        ring.sealing
            .try_open(context, sealed)
            .or_else(|| ring.others.iter().find_map(|key| key.try_open(context, sealed)))
    }

    /// Opens what the store keeps; a failure means a wrong master key or a damaged store.
    pub fn open(&self, context: &str, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>> {
        self.try_open(context, sealed).ok_or_else(|| {
            Fault::internal("a stored secret cannot be opened: is the master key the right one?")
        })
    }

    /// Seals a stored value again if another key than the present one sealed it; answers whether it did.
    pub fn reseal(&self, context: &str, sealed: &mut Sealed) -> Result<bool> {
        if KeyId::of_sealed(sealed) == Some(self.sealing_id()) {
            return Ok(false);
        }
        *sealed = self.seal(context, &self.open(context, sealed)?);
        Ok(true)
    }

    /// A key for one purpose.
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        derive(&self.root, purpose)
    }

    /// HMAC-SHA-256 under a key of its own for each purpose: how codes and ticket keys are kept.
    pub fn mac(&self, purpose: &str, parts: &[&str]) -> [u8; 32] {
        let [mac] = self.macs(purpose, [parts]);
        mac
    }

    /// Several of one purpose.
    pub fn macs<const N: usize>(&self, purpose: &str, texts: [&[&str]; N]) -> [[u8; 32]; N] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*self.derive(purpose));
        texts.map(|parts| {
            let mut context = hmac::Context::with_key(&key);
            for part in parts {
                // The length before each part keeps ("ab", "c") and ("a", "bc") apart.
                context.update(&(part.len() as u64).to_be_bytes());
                context.update(part.as_bytes());
            }
            context.sign().as_ref().try_into().expect("SHA-256 has 32 bytes")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_context_and_key_open() {
        let vault = Vault::new(SystemRandom, &[7; 32], &[1; 32]);
        let sealed = vault.seal("a", b"secret");
        assert_eq!(**vault.try_open("a", &sealed).unwrap(), *b"secret");
        assert!(vault.try_open("b", &sealed).is_none());
        assert!(Vault::new(SystemRandom, &[8; 32], &[1; 32]).try_open("a", &sealed).is_none());
        assert_ne!(vault.seal("a", b"secret"), sealed);
        assert!(vault.open_from_client("a", &sealed).is_none());
        assert!(vault.try_open("a", &vault.seal_for_client("a", b"secret")).is_none());
    }

    #[test]
    fn macs_keep_parts_and_purposes_apart() {
        let vault = Vault::new(SystemRandom, &[7; 32], &[1; 32]);
        assert_ne!(vault.mac("p", &["ab", "c"]), vault.mac("p", &["a", "bc"]));
        assert_ne!(vault.mac("p", &["ab"]), vault.mac("q", &["ab"]));
        assert_eq!(vault.mac("p", &["ab"]), vault.mac("p", &["ab"]));
    }

    #[test]
    fn a_new_key_seals_and_the_old_one_still_opens() {
        let (vault, next) = (Vault::new(SystemRandom, &[7; 32], &[1; 32]), SealingKey::new(&[8; 32]));
        let (mut sealed, carried, mac) =
            (vault.seal("a", b"s"), vault.seal_for_client("a", b"l"), vault.mac("p", &["x"]));
        vault.learn(vec![next.clone(), next.clone()], next.id);
        vault.learn(vec![next.clone()], next.id);
        assert_eq!(vault.key_ids(), [next.id, KeyId::of(&[7; 32])]);
        assert_eq!(**vault.open("a", &sealed).unwrap(), *b"s");
        assert!(vault.reseal("a", &mut sealed).unwrap());
        assert!(!vault.reseal("a", &mut sealed).unwrap());

        let after = Vault::new(SystemRandom, &[8; 32], &[1; 32]);
        assert_eq!(**after.open("a", &sealed).unwrap(), *b"s");
        assert_eq!(**after.open_from_client("a", &carried).unwrap(), *b"l");
        assert_eq!(after.mac("p", &["x"]), mac);
        assert_eq!(format!("{after:?}"), format!("Vault({})", next.id));
        // A key that nobody told of changes nothing.
        after.learn(Vec::new(), KeyId::of(&[9; 32]));
        assert_eq!(after.sealing_id(), next.id);
    }
}
