//! The keys that this server keeps itself.

use crate::secrets::vault::Vault;
use rules::{
    Random, Sealed, callers::wrapped, messages::encryption_sdk::EncryptionContext, sealing::SealingKey,
};
use serde_json::json;
use zeroize::Zeroizing;

/// A key, by its ARN.
pub(super) struct LocalKey<'a> {
    arn: &'a str,
    sealing: SealingKey,
}

impl<'a> LocalKey<'a> {
    /// The key of an ARN; none if it is no key's.
    pub(super) fn of(vault: &Vault, arn: &'a str) -> Option<LocalKey<'a>> {
        wrapped::id_of(arn)?;
        let sealing = SealingKey::new(&vault.derive(&format!("kms-key:{arn}")));
        Some(LocalKey { arn, sealing })
    }

    /// The key that wrapped something, as that says itself.
    pub(super) fn of_wrapped(vault: &Vault, wrapped: &'a [u8]) -> Option<LocalKey<'a>> {
        LocalKey::of(vault, wrapped::parts(wrapped)?.0)
    }

    pub(super) fn arn(&self) -> &'a str {
        self.arn
    }

    /// Wraps a secret for a context.
    pub(super) fn wrap(
        &self,
        random: &mut dyn Random,
        context: &EncryptionContext,
        secret: &[u8],
    ) -> Vec<u8> {
        let Sealed(sealed) = self.sealing.seal(random, &self.bound_to(context), secret);
        wrapped::join(self.arn, &sealed)
    }

    /// Opens what this key wrapped for the same context.
    pub(super) fn unwrap(&self, context: &EncryptionContext, wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (arn, sealed) = wrapped::parts(wrapped)?;
        (arn == self.arn).then_some(())?;
        self.sealing.try_open(&self.bound_to(context), &Sealed(sealed.to_vec()))
    }

    /// JSON keeps names and values apart, and the map has one order.
    fn bound_to(&self, context: &EncryptionContext) -> String {
        json!([self.arn, context]).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::random::SystemRandom;

    const ARN: &str = "arn:aws:kms:us-east-1:123456789012:key/a";

    fn context(pairs: &[(&str, &str)]) -> EncryptionContext {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn only_the_same_key_and_context_open_what_was_not_changed() {
        let vault = Vault::new(SystemRandom, &[7; 32], &[1; 32]);
        let key = LocalKey::of(&vault, ARN).unwrap();
        let pairs = context(&[("a", "b"), ("c", "d")]);
        let wrapped = key.wrap(&mut SystemRandom, &pairs, &[5; 32]);
        let of_wrapped = LocalKey::of_wrapped(&vault, &wrapped).unwrap();
        assert_eq!(of_wrapped.arn(), ARN);
        assert_eq!(**of_wrapped.unwrap(&pairs, &wrapped).unwrap(), [5; 32]);
        // Whichever master key seals the store.
        let after = Vault::new(SystemRandom, &[8; 32], &[1; 32]);
        assert!(LocalKey::of(&after, ARN).unwrap().unwrap(&pairs, &wrapped).is_some());
        for other in [&[][..], &[("a", "b")], &[("a", "b"), ("c", "e")], &[("a", "b\",\"c\":\"d")]] {
            assert!(key.unwrap(&context(other), &wrapped).is_none(), "{other:?}");
        }
        let foreign = Vault::new(SystemRandom, &[7; 32], &[2; 32]);
        assert!(LocalKey::of(&foreign, ARN).unwrap().unwrap(&pairs, &wrapped).is_none());
        let other = "arn:aws:kms:us-east-1:123456789012:key/b";
        assert!(LocalKey::of(&vault, other).unwrap().unwrap(&pairs, &wrapped).is_none());
        for at in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[at] ^= 1;
            let key = LocalKey::of_wrapped(&vault, &changed);
            assert!(key.and_then(|key| key.unwrap(&pairs, &changed)).is_none(), "{at}");
            let cut = &wrapped[..at];
            assert!(
                LocalKey::of_wrapped(&vault, cut).and_then(|key| key.unwrap(&pairs, cut)).is_none(),
                "{at}"
            );
        }
    }
}
