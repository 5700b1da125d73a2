//! The models' names as Rust writes them.

/// Splits `SMSMfaSettings` into SMS, Mfa, Settings, and `ALLOW_USER_AUTH` or `aws:kms` at their marks.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = vec![String::new()];
    for (i, &c) in letters.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = i.checked_sub(1).map(|j| letters[j]);
        let after = letters.get(i + 1);
        let starts = c.is_ascii_uppercase()
            && before.is_some_and(|b| {
                b.is_ascii_lowercase()
                    || b.is_ascii_digit()
                    || (b.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase))
            });
        if starts {
            words.push(String::new());
        }
        words.last_mut().expect("never empty").push(c);
    }
    words.retain(|w| !w.is_empty());
    words
}

/// A Rust field name.
pub fn snake(name: &str) -> String {
    let joined = words(name).join("_").to_lowercase();
    if matches!(joined.as_str(), "type" | "ref" | "match" | "use") { format!("r#{joined}") } else { joined }
}

/// A Rust constant's name.
pub fn screaming(name: &str) -> String {
    words(name).join("_").to_uppercase()
}

/// A Rust variant name: `USER_SRP_AUTH` becomes UserSrpAuth, `NotAuthorizedException` stays.
pub fn camel(value: &str) -> String {
    let name: String = words(value)
        .iter()
        .map(|word| {
            let (first, rest) = word.split_at(1);
            format!("{}{}", first.to_uppercase(), rest.to_lowercase())
        })
        .collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(snake("SMSMfaSettings"), "sms_mfa_settings");
        assert_eq!(snake("UserMFASettingList"), "user_mfa_setting_list");
        assert_eq!(snake("Type"), "r#type");
        assert_eq!(camel("USER_SRP_AUTH"), "UserSrpAuth");
        assert_eq!(screaming("UserPoolIdType"), "USER_POOL_ID_TYPE");
    }
}
