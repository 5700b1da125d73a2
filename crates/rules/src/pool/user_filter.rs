//! The filter language of ListUsers: `attribute = "value"` or `attribute ^= "beginning"`.

use crate::{Result, fault};
use spec::cognito_idp::UserStatusType;

/// The longest filter, in characters.
const FILTER_CHARACTERS_MAX: usize = 256;
/// The attributes of a user's own that can be searched, which compare without case.
const ATTRIBUTES: [&str; 6] =
    ["email", "phone_number", "name", "given_name", "family_name", "preferred_username"];

/// Every status, in the order of their names.
const STATUSES: [UserStatusType; 8] = [
    UserStatusType::Archived,
    UserStatusType::Compromised,
    UserStatusType::Confirmed,
    UserStatusType::ExternalProvider,
    UserStatusType::ForceChangePassword,
    UserStatusType::ResetRequired,
    UserStatusType::Unconfirmed,
    UserStatusType::Unknown,
];

/// Which users are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserFilter {
    /// All of the pool.
    All,
    /// Those whose attribute, or user name, compares with the value.
    Attribute {
        /// One of the searchable attributes, or `username`, which compares with case.
        name: &'static str,
        /// What it is compared with.
        value: Comparison,
    },
    /// Those whose sub compares with the value.
    Sub(Comparison),
    /// Those in one of these states, in the order of their names.
    Statuses(Vec<UserStatusType>),
    /// Those who may sign in, those who may not, both or neither, in the order of the words.
    Enabled(Vec<bool>),
}

/// How a value is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// It is this.
    Is(String),
    /// It begins with this.
    BeginsWith(String),
}

impl Comparison {
    fn holds_for(&self, text: &str) -> bool {
        match self {
            Comparison::Is(value) => text == value,
            Comparison::BeginsWith(value) => text.starts_with(value),
        }
    }

    fn lower(self) -> Comparison {
        match self {
            Comparison::Is(value) => Comparison::Is(value.to_lowercase()),
            Comparison::BeginsWith(value) => Comparison::BeginsWith(value.to_lowercase()),
        }
    }
}

/// Reads a filter; a blank one means all users.
pub fn parse(filter: &str) -> Result<UserFilter> {
    let filter = filter.trim();
    if filter.is_empty() {
        return Ok(UserFilter::All);
    }
    let (name, comparison) = split(filter).ok_or_else(fault::filter_unreadable)?;
    if let Some(known) = ATTRIBUTES.into_iter().find(|known| *known == name) {
        return Ok(UserFilter::Attribute { name: known, value: comparison.lower() });
    }
    match name {
        "username" => Ok(UserFilter::Attribute { name: "username", value: comparison }),
        "sub" => Ok(UserFilter::Sub(comparison.lower())),
        "cognito:user_status" => {
            let comparison = comparison.lower();
            let fits = |status: &UserStatusType| comparison.holds_for(&status.as_str().to_lowercase());
            Ok(UserFilter::Statuses(STATUSES.into_iter().filter(fits).collect()))
        }
        "status" => Ok(UserFilter::Enabled(
            [("Disabled", false), ("Enabled", true)]
                .into_iter()
                .filter(|(word, _)| comparison.holds_for(word))
                .map(|(_, enabled)| enabled)
                .collect(),
        )),
        name => Err(fault::filter_attribute(name)),
    }
}

/// The attribute's name and what it is compared with.
fn split(filter: &str) -> Option<(&str, Comparison)> {
    if filter.chars().count() > FILTER_CHARACTERS_MAX {
        return None;
    }
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '-');
    let (name, rest) = filter.split_at(filter.find(|c| !is_name(c))?);
    let rest = rest.trim_start();
    let (is_prefix, rest) = match rest.strip_prefix("^=") {
        Some(rest) => (true, rest),
        None => (false, rest.strip_prefix('=')?),
    };
    let value = unquote(rest.trim_start())?;
    if name.is_empty() {
        return None;
    }
    Some((name, if is_prefix { Comparison::BeginsWith(value) } else { Comparison::Is(value) }))
}

/// What stands between two quotation marks that begin and end the text. A backslash before a quotation mark or
/// another backslash takes its meaning away.
fn unquote(text: &str) -> Option<String> {
    let mut characters = text.strip_prefix('"')?.chars();
    let mut value = String::new();
    loop {
        match characters.next()? {
            '"' => return characters.as_str().is_empty().then_some(value),
            '\\' => match characters.clone().next()? {
                escaped @ ('"' | '\\') => {
                    characters.next();
                    value.push(escaped);
                }
                _ => value.push('\\'),
            },
            other => value.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Random as _, Seeded};

    fn is(name: &'static str, value: &str) -> Option<UserFilter> {
        Some(UserFilter::Attribute { name, value: Comparison::Is(value.into()) })
    }

    fn begins(name: &'static str, value: &str) -> Option<UserFilter> {
        Some(UserFilter::Attribute { name, value: Comparison::BeginsWith(value.into()) })
    }

    #[test]
    fn filters() {
        use UserStatusType::{Compromised, Confirmed};
        for (filter, expected) in [
            ("", Some(UserFilter::All)),
            ("  ", Some(UserFilter::All)),
            (r#"family_name = "Reddy""#, is("family_name", "reddy")),
            (r#"username^="testuser""#, begins("username", "testuser")),
            (r#"  email  ^=  "J"  "#, begins("email", "j")),
            (r#"username="Jane""#, is("username", "Jane")),
            (r#"name = """#, is("name", "")),
            (r#"name ^= """#, begins("name", "")),
            (r#"name = "say \"hi\"""#, is("name", r#"say "hi""#)),
            (r#"name = "back\\""#, is("name", r"back\")),
            (r#"name = "a\b""#, is("name", r"a\b")),
            (r#"name = "a = \"b\" or 1=1 --""#, is("name", r#"a = "b" or 1=1 --"#)),
            (r#"name = "'; DROP TABLE users; --""#, is("name", "'; drop table users; --")),
            (r#"name = "%_*""#, is("name", "%_*")),
            (r#"sub = "ABC""#, Some(UserFilter::Sub(Comparison::Is("abc".into())))),
            (r#"cognito:user_status = "confirmed""#, Some(UserFilter::Statuses(vec![Confirmed]))),
            (r#"cognito:user_status ^= "CO""#, Some(UserFilter::Statuses(vec![Compromised, Confirmed]))),
            (r#"cognito:user_status = "nope""#, Some(UserFilter::Statuses(vec![]))),
            (r#"status = "Enabled""#, Some(UserFilter::Enabled(vec![true]))),
            (r#"status = "enabled""#, Some(UserFilter::Enabled(vec![]))),
            (r#"status ^= """#, Some(UserFilter::Enabled(vec![false, true]))),
            ("name", None),
            ("name =", None),
            ("name = jane", None),
            ("name = 'jane'", None),
            (r#"name = "jane"#, None),
            (r#"name = "jane\""#, None),
            (r#"name = "jane" and email = "x""#, None),
            (r#"name == "jane""#, None),
            (r#"name != "jane""#, None),
            (r#"= "jane""#, None),
            (r#""jane""#, None),
            ("^=", None),
            ("\"", None),
            ("\\", None),
        ] {
            match (parse(filter), expected) {
                (Ok(found), Some(expected)) => assert_eq!(found, expected, "{filter}"),
                (Err(fault), None) => assert_eq!(fault.message, "Error while parsing filter", "{filter}"),
                (found, expected) => panic!("{filter}: {found:?}, not {expected:?}"),
            }
        }
    }

    #[test]
    fn other_attributes_are_not_searched() {
        for name in ["custom:foo", "Email", "nickname", "password", "email_verified"] {
            let fault = parse(&format!("{name} = \"x\"")).unwrap_err();
            assert_eq!(fault.message, format!("Invalid search attribute: {name}"));
        }
    }

    #[test]
    fn lengths() {
        let filter = |length: usize| format!("name=\"{}\"", "ä".repeat(length - 7));
        assert!(parse(&filter(256)).is_ok());
        assert!(parse(&filter(257)).is_err());
        assert!(parse(&"\\".repeat(1_000_000)).is_err());
        assert!(parse(&format!("name=\"{}", "\\\"".repeat(120))).is_err());
        assert_eq!(
            parse(&format!("name=\"{}\"", "\\\"".repeat(120))).unwrap(),
            is("name", &"\"".repeat(120)).unwrap()
        );
    }

    /// Whatever is quoted comes back, and nothing that is thrown at the parser breaks it.
    #[test]
    fn random_texts() {
        const PIECES: [&str; 12] =
            ["name", " ", "=", "^=", "\"", "\\", "\\\"", "ä", "\0", ":", "\u{10ffff}", "'"];
        let mut random = Seeded(11);
        for _ in 0..20_000 {
            let length = random.below(12);
            let text: String = (0..length).map(|_| PIECES[random.below(PIECES.len())]).collect();
            let _ = parse(&text);
            let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
            assert_eq!(parse(&format!("username = \"{escaped}\"")).unwrap(), is("username", &text).unwrap());
        }
    }
}
