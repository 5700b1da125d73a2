//! What a pool demands of a password, and temporary passwords that meet any such demand.

use zeroize::Zeroizing;

use crate::random::Random;

/// The longest password, in characters.
pub const PASSWORD_CHARACTERS_MAX: usize = 256;

/// A temporary password is at least this long; the policy may ask for more.
const TEMPORARY_CHARACTERS_MIN: usize = 12;

// Without 0, O, 1, l and I, as people type a temporary password from a message, and without the symbols that
// HTML, a URL or the alphabet of short messages (3GPP TS 23.038) would alter.
const UPPERCASE: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
const LOWERCASE: &[u8] = b"abcdefghijkmnopqrstuvwxyz";
const NUMBERS: &[u8] = b"23456789";
const SYMBOLS: &[u8] = b"!#$%*+-.=?@_";

/// The password policy of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// In characters, 6 to 99.
    pub minimum_length: usize,
    pub require_uppercase: bool,
    pub require_lowercase: bool,
    pub require_numbers: bool,
    pub require_symbols: bool,
    /// How many earlier passwords may not come back, 0 to 24. [`check_password`] does not look at it: only
    /// the keeper of their hashes can compare.
    pub history_size: usize,
}

impl Default for Policy {
    /// The policy of a pool that was made without one.
    fn default() -> Self {
        Self {
            minimum_length: 8,
            require_uppercase: true,
            require_lowercase: true,
            require_numbers: true,
            require_symbols: true,
            history_size: 0,
        }
    }
}

/// Checks a new password. The error is the first broken rule in AWS's words, the text that follows
/// `Password did not conform with policy: `.
pub fn check_password(policy: &Policy, password: &str) -> Result<(), &'static str> {
    let length = password.chars().count();
    let has = |is_kind: fn(&u8) -> bool| password.bytes().any(|byte| is_kind(&byte));
    // The order lowercase, uppercase, numeric was seen from the live service in test suites of two client
    // applications (all digits: "lowercase"; all lowercase: "uppercase"; letters only: "numeric").
    // Unverified: that symbols come last, and the text for a password above the maximum.
    let rules = [
        (length < policy.minimum_length, "Password not long enough"),
        (length > PASSWORD_CHARACTERS_MAX, "Password too long"),
        (policy.require_lowercase && !has(u8::is_ascii_lowercase), "Password must have lowercase characters"),
        (policy.require_uppercase && !has(u8::is_ascii_uppercase), "Password must have uppercase characters"),
        (policy.require_numbers && !has(u8::is_ascii_digit), "Password must have numeric characters"),
        (policy.require_symbols && !has_symbol(password), "Password must have symbol characters"),
    ];
    match rules.into_iter().find(|(is_broken, _)| *is_broken) {
        Some((_, rule)) => Err(rule),
        None => Ok(()),
    }
}

/// AWS's list of symbols is the whole punctuation of ASCII, and a space that is neither first nor last.
fn has_symbol(password: &str) -> bool {
    password.bytes().any(|byte| byte.is_ascii_punctuation()) || password.trim_matches(' ').contains(' ')
}

/// A password with all four kinds of characters, which therefore satisfies every policy: 12 characters, or
/// as many as `policy` asks for.
pub fn generate_temporary(policy: &Policy, random: &mut dyn Random) -> Zeroizing<String> {
    let kinds = [UPPERCASE, LOWERCASE, NUMBERS, SYMBOLS];
    let all = kinds.concat();
    let length = policy.minimum_length.clamp(TEMPORARY_CHARACTERS_MIN, PASSWORD_CHARACTERS_MAX);
    let mut characters = Zeroizing::new(Vec::with_capacity(length));
    for kind in kinds {
        characters.push(char::from(kind[random.below(kind.len())]));
    }
    while characters.len() < length {
        characters.push(char::from(all[random.below(all.len())]));
    }
    // Fisher and Yates' shuffle, so that the place of a character does not tell its kind.
    for last in (1..length).rev() {
        characters.swap(last, random.below(last + 1));
    }
    // Reserved whole: growing would leave a copy behind that is not wiped.
    let mut password = Zeroizing::new(String::with_capacity(length));
    password.extend(characters.iter());
    password
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seeded;

    const LENGTH: Result<(), &str> = Err("Password not long enough");
    const UPPER: Result<(), &str> = Err("Password must have uppercase characters");
    const LOWER: Result<(), &str> = Err("Password must have lowercase characters");
    const NUMBER: Result<(), &str> = Err("Password must have numeric characters");
    const SYMBOL: Result<(), &str> = Err("Password must have symbol characters");

    /// A policy of at least six characters that asks for the kinds named by u, l, n and s.
    fn asking(kinds: &str) -> Policy {
        Policy {
            minimum_length: 6,
            require_uppercase: kinds.contains('u'),
            require_lowercase: kinds.contains('l'),
            require_numbers: kinds.contains('n'),
            require_symbols: kinds.contains('s'),
            history_size: 0,
        }
    }

    #[test]
    fn names_the_first_broken_rule() {
        for (kinds, password, expected) in [
            ("", "aaaaaa", Ok(())),
            ("", "aaaaa", LENGTH),
            ("", "ääääää", Ok(())),
            ("", "äääää", LENGTH),
            ("ulns", "", LENGTH),
            ("ulns", "aaaaa", LENGTH),
            ("ulns", "11111111", LOWER),
            ("ulns", "aaaaaaaa", UPPER),
            ("ulns", "aaaaAAAA", NUMBER),
            ("ulns", "aaaAAA11", SYMBOL),
            ("ulns", "aaAA11!!", Ok(())),
            ("u", "aaaaaa", UPPER),
            ("u", "äÄaaaa", UPPER),
            ("l", "AAAAAAä", LOWER),
            ("n", "aaaaa٣", NUMBER),
            ("n", "aaaaa3", Ok(())),
            ("s", "aaaaa§", SYMBOL),
        ] {
            assert_eq!(check_password(&asking(kinds), password), expected, "{kinds:?} {password:?}");
        }
    }

    #[test]
    fn counts_awss_symbols() {
        let listed = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+-";
        assert_eq!(listed.len(), 32);
        for symbol in listed.chars() {
            assert_eq!(check_password(&asking("s"), &format!("aaaaa{symbol}")), Ok(()), "{symbol:?}");
        }
        for (password, expected) in [
            ("aaa aaa", Ok(())),
            (" aaaaaa", SYMBOL),
            ("aaaaaa ", SYMBOL),
            ("  aaaaaa  ", SYMBOL),
            (" aaa aaa ", Ok(())),
            ("aaa\taaa", SYMBOL),
            ("aaa\u{a0}aaa", SYMBOL),
        ] {
            assert_eq!(check_password(&asking("s"), password), expected, "{password:?}");
        }
    }

    #[test]
    fn bounds_the_length() {
        let policy = Policy { minimum_length: 99, ..asking("") };
        assert_eq!(check_password(&policy, &"a".repeat(98)), LENGTH);
        assert_eq!(check_password(&policy, &"a".repeat(99)), Ok(()));
        assert_eq!(check_password(&policy, &"a".repeat(256)), Ok(()));
        assert_eq!(check_password(&policy, &"a".repeat(257)), Err("Password too long"));
    }

    #[test]
    fn makes_temporary_passwords_for_any_policy() {
        let mut random = Seeded(3);
        for minimum_length in 6..=99 {
            let policy = Policy { minimum_length, ..Policy::default() };
            let password = generate_temporary(&policy, &mut random);
            assert_eq!(check_password(&policy, &password), Ok(()), "{password:?}");
            assert_eq!(password.len(), minimum_length.max(12));
            assert_ne!(password, generate_temporary(&policy, &mut random));
        }
    }

    #[test]
    fn puts_each_kind_anywhere() {
        let mut random = Seeded(4);
        let mut first_is_uppercase = 0;
        for _ in 0..200 {
            let password = generate_temporary(&Policy::default(), &mut random);
            first_is_uppercase += usize::from(password.as_bytes()[0].is_ascii_uppercase());
        }
        assert!((20..=160).contains(&first_is_uppercase), "{first_is_uppercase} of 200");
    }
}
