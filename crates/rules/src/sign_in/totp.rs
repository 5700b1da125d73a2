//! Time-based one-time passwords (RFC 6238) as authenticator apps make them for Cognito: HMAC-SHA-1, six
//! digits, steps of 30 seconds.

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::{Millis, fault, random::Random};

/// The length of a new secret in bytes, which makes Cognito's 52 characters of base32.
pub const SECRET_BYTES: usize = 32;

const STEP_MS: Millis = 30_000;
const CODE_DIGITS: usize = 6;
/// The model lets a name have 131,072 characters, which every reading of the user would bring along. Ours.
const DEVICE_NAME_CHARACTERS_MAX: usize = 2_048;

/// Why a code is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The code belongs to none of the three steps accepted now, or is not six digits.
    Mismatch,
    /// The code is right, but of a step at or before the last one used (RFC 6238 §5.2).
    AlreadyUsed,
}

/// A new secret to share with an authenticator app.
pub fn secret(random: &mut dyn Random) -> Zeroizing<[u8; SECRET_BYTES]> {
    let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
    random.fill(&mut *bytes);
    bytes
}

/// The secret as the API and the QR code carry it: base32 without padding, in upper case.
pub fn secret_code(secret: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(BASE32_NOPAD.encode(secret))
}

/// Checks what a user calls the app.
///
/// # Errors
/// InvalidParameterException.
pub fn check_device_name(name: Option<&str>) -> crate::Result<()> {
    match name {
        Some(name) if name.chars().count() > DEVICE_NAME_CHARACTERS_MAX => {
            Err(fault::invalid_parameter(format!(
                "1 validation error detected: Value at 'friendlyDeviceName' failed to satisfy constraint: \
             Member must have length less than or equal to {DEVICE_NAME_CHARACTERS_MAX}"
            )))
        }
        _ => Ok(()),
    }
}

/// The step that `now_ms`, in milliseconds since 1970, lies in (RFC 6238 §4.2).
pub fn step_at(now_ms: Millis) -> i64 {
    now_ms.div_euclid(STEP_MS)
}

/// The code of one step: six decimal digits (RFC 4226 §5.3).
pub fn code_at(secret: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[tag.len() - 1] & 0x0f);
    let word = u32::from_be_bytes([tag[offset], tag[offset + 1], tag[offset + 2], tag[offset + 3]]);
    format!("{:0CODE_DIGITS$}", (word & 0x7fff_ffff) % 1_000_000)
}

/// Checks a code against the step of `now_ms` (milliseconds since 1970) and its two neighbors, and gives the
/// step that it belongs to. The caller stores it and hands it in as `last_used_step` the next time.
pub fn check(secret: &[u8], code: &str, now_ms: Millis, last_used_step: Option<i64>) -> Result<i64, Refusal> {
    let now = step_at(now_ms);
    // All three are compared whatever matches, so that the time tells nothing. Of steps that share a code by
    // chance the latest counts: the code could otherwise be played again for the later one.
    let mut matching = None;
    for step in now - 1..=now + 1 {
        let is_match: Choice = code_at(secret, step).as_bytes().ct_eq(code.as_bytes());
        if is_match.into() {
            matching = Some(step);
        }
    }
    match (matching, last_used_step) {
        (None, _) => Err(Refusal::Mismatch),
        (Some(step), Some(last)) if step <= last => Err(Refusal::AlreadyUsed),
        (Some(step), _) => Ok(step),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seeded;

    /// The secret of RFC 6238 appendix B for SHA-1.
    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn agrees_with_rfc_6238_appendix_b() {
        // The appendix prints eight digits, of which six are the last six.
        for (seconds, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(code_at(SECRET, step_at(seconds * 1000)), code[2..], "at {seconds} s");
        }
    }

    #[test]
    fn agrees_with_rfc_4226_appendix_d() {
        let codes = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583"];
        for (step, code) in (0..).zip(codes) {
            assert_eq!(code_at(SECRET, step), code);
        }
    }

    #[test]
    fn accepts_one_step_to_either_side() {
        let now_ms = 1_111_111_109_500;
        let now = step_at(now_ms);
        for (distance, accepted) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let step = now + distance;
            let expected = if accepted { Ok(step) } else { Err(Refusal::Mismatch) };
            assert_eq!(check(SECRET, &code_at(SECRET, step), now_ms, None), expected, "{distance} steps");
        }
        // The last millisecond of a step and the first of the next.
        assert_eq!((step_at(29_999), step_at(30_000)), (0, 1));
    }

    #[test]
    fn accepts_a_code_once() {
        let now_ms = 59_000;
        let code = code_at(SECRET, 1);
        assert_eq!(check(SECRET, &code, now_ms, None), Ok(1));
        assert_eq!(check(SECRET, &code, now_ms, Some(0)), Ok(1));
        assert_eq!(check(SECRET, &code, now_ms, Some(1)), Err(Refusal::AlreadyUsed));
        // An earlier step than the last used one is spent as well.
        assert_eq!(check(SECRET, &code, now_ms, Some(2)), Err(Refusal::AlreadyUsed));
        // A wrong code is wrong, whatever was used before.
        assert_eq!(check(SECRET, "000000", now_ms, Some(2)), Err(Refusal::Mismatch));
    }

    #[test]
    fn names_of_apps_end() {
        for (length, is_good) in
            [(0, true), (DEVICE_NAME_CHARACTERS_MAX, true), (DEVICE_NAME_CHARACTERS_MAX + 1, false)]
        {
            assert_eq!(check_device_name(Some(&"é".repeat(length))).is_ok(), is_good, "{length}");
        }
        assert!(check_device_name(None).is_ok());
    }

    #[test]
    fn takes_six_digits_only() {
        let code = code_at(SECRET, 1);
        for wrong in ["", "28708", "2870820", " 287082", "287082 ", "+87082", "２８７０８２", "28708٢"]
        {
            assert_eq!(check(SECRET, wrong, 59_000, None), Err(Refusal::Mismatch), "{wrong:?}");
        }
        assert_eq!(code, "287082");
    }

    #[test]
    fn makes_secrets_of_cognitos_length() {
        let first = secret(&mut Seeded(1));
        let text = secret_code(&*first);
        assert_eq!(text.len(), 52);
        assert!(text.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7')));
        assert_eq!(BASE32_NOPAD.decode(text.as_bytes()).unwrap(), *first);
        assert_ne!(first, secret(&mut Seeded(2)));
        assert_eq!(*secret_code(b"foobar"), "MZXW6YTBOI"); // RFC 4648 §10
    }
}
