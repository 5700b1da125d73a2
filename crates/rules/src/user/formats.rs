//! What an e-mail address and a phone number look like.

/// The longest e-mail address, RFC 5321 §4.5.3.1.3.
const EMAIL_BYTES_MAX: usize = 254;
/// E.164: at most fifteen digits, of which the first is no zero.
const PHONE_DIGITS_MAX: usize = 15;

/// Whether the text is an e-mail address that can be written to. Stricter than RFC 5322 where mail programs
/// disagree: one `@`, ASCII, no quoted local part, no comments, nothing that ends a header.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let is_local = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    text.len() <= EMAIL_BYTES_MAX
        && !local.is_empty()
        && local.bytes().all(is_local)
        && domain.split('.').all(is_label)
}

/// Whether the text is a phone number in the form of E.164.
pub fn is_phone_number(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (2..=PHONE_DIGITS_MAX).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e_mail_addresses() {
        for (text, expected) in [
            ("jane@example.com", true),
            ("jane+tag.x@sub.example.co.uk", true),
            ("o'neil@example.com", true),
            ("jane@localhost", true),
            ("", false),
            ("jane", false),
            ("@example.com", false),
            ("jane@", false),
            ("jane@@example.com", false),
            ("jane@evil.com@example.com", false),
            ("\"jane@evil.com\"@example.com", false),
            ("jane@example.com,eve@evil.com", false),
            ("jane@example.com\r\nBcc: eve@evil.com", false),
            ("jane @example.com", false),
            ("jane@example..com", false),
            ("jane@example.com.", false),
            ("jane@-example.com", false),
            ("<jane@example.com>", false),
            ("jäne@example.com", false),
            ("jane@exam\u{212a}le.com", false),
        ] {
            assert_eq!(is_email(text), expected, "{text:?}");
        }
        assert!(!is_email(&format!("{}@example.com", "a".repeat(300))));
    }

    #[test]
    fn phone_numbers() {
        for (text, expected) in [
            ("+15555559934", true),
            ("+4915112345678", true),
            ("+123456789012345", true),
            ("+1234567890123456", false),
            ("15555559934", false),
            ("+1 555 555 9934", false),
            ("+1-555", false),
            ("+0123456", false),
            ("+", false),
            ("+1", false),
            ("+١٢٣٤٥٦", false),
            ("", false),
        ] {
            assert_eq!(is_phone_number(text), expected, "{text:?}");
        }
    }
}
