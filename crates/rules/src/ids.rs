//! The formats of identifiers.

use crate::Random;

const LETTERS_AND_DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
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
        assert_eq!(srp_pool_name("us-east-1_AbC"), "AbC");
    }
}
