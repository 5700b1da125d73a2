//! A secret as programs write it where any bytes must be text.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use zeroize::Zeroizing;

/// What of ASCII is not escaped in addresses, beside letters and digits: by encodeURIComponent, by Python's quote, by
/// that without a safe slash, and in forms.
const KEPT: [&[u8]; 4] = [b"-_.!~*'()", b"-_.~/", b"-_.~", b"-_.*"];

/// Fewer letters may be part of any word.
const LETTERS_MIN: usize = 4;

/// In addresses and forms, in base64 and in hexadecimal digits.
pub(super) fn forms(secret: &str) -> impl Iterator<Item = Zeroizing<String>> {
    let bytes = secret.as_bytes();
    let escaped =
        KEPT.into_iter().flat_map(move |kept| [escaped(bytes, kept, "%20"), escaped(bytes, kept, "+")]);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let whole = [STANDARD.encode(bytes), URL_SAFE.encode(bytes), hex.to_uppercase(), hex];
    let within = (0..3).flat_map(move |before| within_base64(bytes, before));
    escaped.chain(whole).chain(within).map(Zeroizing::new)
}

fn escaped(bytes: &[u8], kept: &[u8], space: &str) -> String {
    let escape = |byte: &u8| match byte {
        b' ' => space.to_owned(),
        byte if byte.is_ascii_alphanumeric() || kept.contains(byte) => char::from(*byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    bytes.iter().map(escape).collect()
}

/// The letters that are the secret's alone in the base64 of a longer text, before which so many bytes stand, counted by
/// threes.
fn within_base64(secret: &[u8], before: usize) -> impl Iterator<Item = String> {
    let bytes = Zeroizing::new([&[0; 2][..before], secret].concat());
    // Six bits are a letter.
    let (first, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    [STANDARD_NO_PAD, URL_SAFE_NO_PAD]
        .map(|alphabet| alphabet.encode(&*bytes)[first..end].to_owned())
        .into_iter()
        .filter(|letters| letters.len() >= LETTERS_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_the_base64_of_any_text_around_it() {
        let secret = "pässword?~>";
        let forms: Vec<_> = forms(secret).collect();
        for before in ["", "a", "ab", "abc", "{\"password\":\""] {
            for after in ["", "\"", "\"}", "xyz"] {
                let text = format!("{before}{secret}{after}");
                for encoded in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                    let found = forms.iter().any(|form| encoded.contains(form.as_str()));
                    assert!(found, "{text}: {encoded}");
                }
            }
        }
    }

    #[test]
    fn addresses_and_digits() {
        let forms: Vec<_> = forms("a b/c'~*ä").collect();
        for expected in [
            "a%20b%2Fc'~*%C3%A4",
            "a%20b/c%27~%2A%C3%A4",
            "a%20b%2Fc%27~%2A%C3%A4",
            "a+b%2Fc%27%7E*%C3%A4",
            "6120622f63277e2ac3a4",
            "6120622F63277E2AC3A4",
        ] {
            assert!(forms.iter().any(|form| form.as_str() == expected), "{expected}: {forms:?}");
        }
    }
}
