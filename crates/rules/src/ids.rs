//! Identifiers and their formats.

use crate::{Millis, Random};
use serde::{Deserialize, Serialize};
use std::{fmt, ops::Deref};
use uuid::Uuid;

pub(crate) const LETTERS_AND_DIGITS: &[u8] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const LOWER_AND_DIGITS: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Writes a text of one kind, which no other kind can stand in for. It is stored and shown as the text itself.
macro_rules! text {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }
    };
}

text!(
    /// The id of a user pool.
    PoolId
);
text!(
    /// The id of an app client.
    ClientId
);
text!(
    /// The immutable id of a user.
    Sub
);
text!(
    /// The user name under which a user is stored, not one of the other names that may mean the user.
    Username
);

/// A new pool id: region, underscore, nine letters and digits.
pub fn pool_id(region: &str, random: &mut dyn Random) -> PoolId {
    format!("{region}_{}", random.string(9, LETTERS_AND_DIGITS)).into()
}

/// A new client id: 26 lower-case letters and digits.
pub fn client_id(random: &mut dyn Random) -> ClientId {
    random.string(26, LOWER_AND_DIGITS).into()
}

/// A new sub: a UUID of version 4.
pub fn sub(random: &mut dyn Random) -> Sub {
    random.uuid_v4().into()
}

/// Whether the text has the form of a sub.
pub fn is_sub(text: &str) -> bool {
    Uuid::try_parse(text).is_ok_and(|uuid| *text == *uuid.to_string())
}

/// A new client secret: 51 lower-case letters and digits.
pub fn client_secret(random: &mut dyn Random) -> String {
    random.string(51, LOWER_AND_DIGITS)
}

/// A new access key id: AKIA and sixteen upper-case letters and digits, of which none look alike.
pub fn access_key_id(random: &mut dyn Random) -> String {
    format!("AKIA{}", random.string(16, BASE32))
}

/// A new secret access key: 40 characters of base64's alphabet, as AWS's are.
pub fn secret_access_key(random: &mut dyn Random) -> String {
    random.string(40, BASE64)
}

/// Whether the text has the form of an access key id of ours.
pub fn is_access_key_id(text: &str) -> bool {
    text.len() == 20
        && text.strip_prefix("AKIA").is_some_and(|rest| rest.bytes().all(|b| BASE32.contains(&b)))
}

/// The pool's name in the arithmetic of SRP: what stands behind the first underscore of its id.
pub fn srp_pool_name(pool_id: &str) -> &str {
    pool_id.split_once('_').map_or(pool_id, |(_, name)| name)
}

/// Whether the text has the form of a pool id.
pub fn is_pool_id(text: &str) -> bool {
    text.len() <= 55
        && text.split_once('_').is_some_and(|(region, name)| {
            !region.is_empty()
                && !name.is_empty()
                && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && name.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

/// Whether the text has the form of a client id: the model's `[\w+]+`, 128 characters at the most.
pub fn is_client_id(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'+')
}

/// The id of an access token: a UUID of version 7 that tells, to whoever knows how, how often its user had been
/// signed out everywhere. Tokens of clients that do not revoke tokens name no grant that would tell it.
pub fn access_token_id(random: &mut dyn Random, now: Millis, sign_outs: i64) -> String {
    let uuid = random.uuid_v7(now);
    let Ok(mut bytes) = Uuid::try_parse(&uuid).map(Uuid::into_bytes) else { return uuid };
    let mark = sign_outs_mask(&bytes) ^ low_bits(sign_outs);
    bytes[14..].copy_from_slice(&mark.to_be_bytes());
    Uuid::from_bytes(bytes).to_string()
}

/// Whether the access token with this id was issued after so many sign-outs; 65,536 more look the same.
pub fn is_of_sign_outs(access_token_id: &str, sign_outs: i64) -> bool {
    Uuid::try_parse(access_token_id).is_ok_and(|uuid| {
        let bytes = uuid.into_bytes();
        u16::from_be_bytes([bytes[14], bytes[15]]) ^ sign_outs_mask(&bytes) == low_bits(sign_outs)
    })
}

/// The two bytes before the mark, which are random: with them the mark looks random too.
fn sign_outs_mask(uuid: &[u8; 16]) -> u16 {
    u16::from_be_bytes([uuid[12], uuid[13]])
}

fn low_bits(sign_outs: i64) -> u16 {
    (sign_outs & 0xffff) as u16
}

/// The ARN of a pool.
pub fn pool_arn(region: &str, account_id: &str, pool_id: &str) -> String {
    format!("arn:aws:cognito-idp:{region}:{account_id}:userpool/{pool_id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pool_ids() {
        for (text, expected) in [
            ("us-east-1_AbCdEfGhI", true),
            ("us-east-1_", false),
            ("_abc", false),
            ("us-east-1", false),
            ("us-east-1_a/b", false),
            ("a_b_c", false),
        ] {
            assert_eq!(is_pool_id(text), expected, "{text}");
        }
        for (text, expected) in
            [("web", true), ("a_b+c", true), ("", false), ("my-client", false), ("é", false)]
        {
            assert_eq!(is_client_id(text), expected, "{text}");
        }
        assert_eq!(srp_pool_name("us-east-1_AbC"), "AbC");
    }

    #[test]
    fn access_tokens_know_the_sign_outs_before_them() {
        for sign_outs in [0, 1, 7, 65_535, 65_536, i64::MAX] {
            let id = access_token_id(&mut crate::random::Seeded(3), 1_767_225_600_000, sign_outs);
            assert_eq!((id.len(), &id[..15]), (36, "019b76da-a800-7"), "{id}");
            assert!(is_of_sign_outs(&id, sign_outs), "{id}");
            assert!(!is_of_sign_outs(&id, sign_outs.wrapping_add(1)), "{id}");
        }
        for id in ["", "x", "é".repeat(18).as_str(), "00000000-0000-7000-8000-00000000000"] {
            assert!(!is_of_sign_outs(id, 0), "{id}");
        }
    }

    #[test]
    fn access_keys() {
        let random = &mut crate::random::Seeded(1);
        assert!(is_access_key_id(&access_key_id(random)));
        assert_eq!(secret_access_key(random).len(), 40);
        for text in [
            "",
            "AKIA",
            "AKIAIOSFODNN7EXAMPL",
            "akiaiosfodnn7example",
            "AKIAIOSFODNN7EXAMPL1",
            "ASIAIOSFODNN7EXAMPLE",
        ] {
            assert!(!is_access_key_id(text), "{text}");
        }
    }
}
