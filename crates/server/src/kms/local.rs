//! The keys that this server keeps itself.

use crate::secrets::vault::Vault;
use rules::{Random, Sealed, messages::encryption_sdk::EncryptionContext, sealing::SealingKey};
use serde_json::json;
use zeroize::Zeroizing;

/// What a wrapped key begins with: the form that it has.
const FORM: u8 = 1;
const ACCOUNT_DIGITS: usize = 12;

/// A key, by its ARN.
pub(super) struct LocalKey<'a> {
    arn: &'a str,
    sealing: SealingKey,
}

impl<'a> LocalKey<'a> {
    /// The key of an ARN; none if it is no key's.
    pub(super) fn of(vault: &Vault, arn: &'a str) -> Option<LocalKey<'a>> {
        id_of(arn)?;
        let sealing = SealingKey::new(&vault.derive(&format!("kms-key:{arn}")));
        Some(LocalKey { arn, sealing })
    }

    /// The key that wrapped something, as that says itself.
    pub(super) fn of_wrapped(vault: &Vault, wrapped: &'a [u8]) -> Option<LocalKey<'a>> {
        LocalKey::of(vault, parts(wrapped)?.0)
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
        let length = u16::try_from(self.arn.len()).expect("an ARN that a request brings is short");
        let mut out = vec![FORM];
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(self.arn.as_bytes());
        out.extend_from_slice(&sealed);
        out
    }

    /// Opens what this key wrapped for the same context.
    pub(super) fn unwrap(&self, context: &EncryptionContext, wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (arn, sealed) = parts(wrapped)?;
        (arn == self.arn).then_some(())?;
        self.sealing.try_open(&self.bound_to(context), &Sealed(sealed.to_vec()))
    }

    /// JSON keeps names and values apart, and the map has one order.
    fn bound_to(&self, context: &EncryptionContext) -> String {
        json!([self.arn, context]).to_string()
    }
}

fn parts(wrapped: &[u8]) -> Option<(&str, &[u8])> {
    let ([FORM, high, low], rest) = wrapped.split_first_chunk()? else { return None };
    let (arn, sealed) = rest.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))?;
    Some((std::str::from_utf8(arn).ok()?, sealed))
}

/// The account and the id of a key or an alias, from its ARN.
pub(super) fn id_of(arn: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "kms", region, account_id, resource] = parts[..] else { return None };
    let id = resource.strip_prefix("key/").or_else(|| resource.strip_prefix("alias/"))?;
    let is_word = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_/".contains(&b))
    };
    let is_account = account_id.len() == ACCOUNT_DIGITS && account_id.bytes().all(|b| b.is_ascii_digit());
    (is_account && [partition, region, id].into_iter().all(is_word)).then_some((account_id, id))
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

    #[test]
    fn keys_have_arns() {
        for (arn, expected) in [
            (ARN, Some(("123456789012", "a"))),
            ("arn:aws-cn:kms:cn-north-1:123456789012:alias/a/b", Some(("123456789012", "a/b"))),
            ("arn:aws:kms:us-east-1:123456789012:key/", None),
            ("arn:aws:kms:us-east-1:12345678901:key/a", None),
            ("arn:aws:kms::123456789012:key/a", None),
            ("arn:aws:kms:us-east-1:123456789012:other/a", None),
            ("arn:aws:lambda:us-east-1:123456789012:key/a", None),
            ("arn:aws:kms:us-east-1:123456789012:key/a:b", None),
            ("alias/a", None),
            ("", None),
        ] {
            assert_eq!(id_of(arn), expected, "{arn}");
        }
    }
}
