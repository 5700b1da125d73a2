//! The formats of identifiers.

use crate::Random;

const LETTERS_AND_DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const LOWER_AND_DIGITS: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// A new pool id: region, underscore, nine letters and digits.
pub fn pool_id(region: &str, random: &mut dyn Random) -> String {
    format!("{region}_{}", random.string(9, LETTERS_AND_DIGITS))
}

/// A new client id: 26 lower-case letters and digits.
pub fn client_id(random: &mut dyn Random) -> String {
    random.string(26, LOWER_AND_DIGITS)
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

/// The time in a UUID of version 7, milliseconds since 1970.
pub fn uuid_v7_millis(uuid: &str) -> Option<i64> {
    let hex: String = uuid.chars().filter(|c| *c != '-').take(13).collect();
    if hex.len() != 13 || !hex.ends_with('7') {
        return None;
    }
    i64::from_str_radix(&hex[..12], 16).ok()
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
