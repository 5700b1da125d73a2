//! The names of KMS keys, and how what they wrap names its key.

/// What a wrapped key begins with: the form that it has.
const FORM: u8 = 1;
const ACCOUNT_DIGITS: usize = 12;

/// What a key sealed, with the key's ARN before it.
pub fn join(arn: &str, sealed: &[u8]) -> Vec<u8> {
    let length = u16::try_from(arn.len()).expect("an ARN that a request brings is short");
    let mut out = vec![FORM];
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(arn.as_bytes());
    out.extend_from_slice(sealed);
    out
}

/// The ARN of the key that wrapped something, as that says itself, and what it sealed.
pub fn parts(wrapped: &[u8]) -> Option<(&str, &[u8])> {
    let ([FORM, high, low], rest) = wrapped.split_first_chunk()? else { return None };
    let (arn, sealed) = rest.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))?;
    Some((std::str::from_utf8(arn).ok()?, sealed))
}

/// The account and the id of a key or an alias, from its ARN.
pub fn id_of(arn: &str) -> Option<(&str, &str)> {
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

    const ARN: &str = "arn:aws:kms:us-east-1:123456789012:key/a";

    #[test]
    fn what_is_wrapped_names_its_key() {
        assert_eq!(parts(&join(ARN, b"sealed")), Some((ARN, &b"sealed"[..])));
        for other in [&b""[..], b"\x01", b"\x01\0\x09short", b"\x02\0\x01ab", b"\x01\0\x01\xff"] {
            assert_eq!(parts(other), None, "{other:?}");
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
