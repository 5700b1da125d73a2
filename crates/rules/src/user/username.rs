//! What the name that a new user types, or an administrator gives, means in a pool.

use super::formats::{is_email, is_phone_number};
use crate::{
    Result, fault,
    ids::{Sub, Username},
    pool::Pool,
};
use spec::cognito_idp::{AliasAttributeType, UsernameAttributeType, shapes};

/// The name of a new user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewName {
    /// The user name to store.
    pub username: Username,
    /// The attribute that the typed name is, where addresses are the names.
    pub attribute: Option<(&'static str, String)>,
}

/// Reads the name of a new user: where e-mail addresses or phone numbers are the names, the typed one becomes
/// the attribute and `sub` the user name.
pub fn new_name(pool: &Pool, typed: &str, sub: &Sub) -> Result<NewName> {
    if !pool.has_username_attributes() {
        check_no_alias(pool, typed)?;
        // Unverified: whether the service keeps the typed case where case does not count.
        return Ok(NewName { username: typed.into(), attribute: None });
    }
    let email = pool.has_username_attribute(UsernameAttributeType::Email);
    let phone_number = pool.has_username_attribute(UsernameAttributeType::PhoneNumber);
    let attribute = match typed {
        typed if email && is_email(typed) => "email",
        typed if phone_number && is_phone_number(typed) => "phone_number",
        _ => {
            return Err(fault::username_should_be(match (email, phone_number) {
                (true, false) => "an email",
                // Unverified: the text for phone numbers alone.
                (false, _) => "a phone number",
                (true, true) => "either an email or a phone number",
            }));
        }
    };
    Ok(NewName { username: sub.as_str().into(), attribute: Some((attribute, typed.to_owned())) })
}

/// Whether a user may have this name: no operation that names a user takes another.
pub fn is_name(name: &str) -> bool {
    spec::validate::check(&shapes::USERNAME_TYPE, &name.into()).is_ok()
}

/// A name of one's own must not look like an address that is somebody's further sign-in name; this holds for
/// user names and for preferred user names.
pub(super) fn check_no_alias(pool: &Pool, name: &str) -> Result<()> {
    if pool.has_alias(AliasAttributeType::Email) && is_email(name) {
        return Err(fault::username_looks_like("email"));
    }
    if pool.has_alias(AliasAttributeType::PhoneNumber) && is_phone_number(name) {
        return Err(fault::username_looks_like("phone_number"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::samples;

    #[test]
    fn names_that_operations_take() {
        let (longest, longer) = ("ä".repeat(128), "ä".repeat(129));
        for (name, expected) in [
            ("jane", true),
            ("jané+1@example.com", true),
            (&longest, true),
            (&longer, false),
            ("", false),
            ("sp ace", false),
            ("a\nb", false),
            ("a\0b", false),
        ] {
            assert_eq!(is_name(name), expected, "{name:?}");
        }
    }

    #[test]
    fn names_by_the_pools_configuration() {
        let own = |name: &str| Ok(NewName { username: name.into(), attribute: None });
        let attribute = |attribute, value: &str| {
            Ok(NewName { username: "the-sub".into(), attribute: Some((attribute, value.into())) })
        };
        let not = |text: &'static str| Err(text);
        let either = "Username should be either an email or a phone number.";
        let email_alias =
            "Username cannot be of email format, since user pool is configured for email alias.";
        let phone_alias = "Username cannot be of phone number format, since user pool is configured for phone number alias.";
        for (aliases, names, typed, expected) in [
            (&[][..], &[][..], "jane", own("jane")),
            (&[], &[], "jane@example.com", own("jane@example.com")),
            (&["email"], &[], "jane", own("jane")),
            (&["email"], &[], "jane@example.com", not(email_alias)),
            (&["email"], &[], "+15555559934", own("+15555559934")),
            (&["phone_number"], &[], "+15555559934", not(phone_alias)),
            (&["preferred_username"], &[], "jane@example.com", own("jane@example.com")),
            (&[], &["email"], "jane@example.com", attribute("email", "jane@example.com")),
            (&[], &["email"], "jane", not("Username should be an email.")),
            (&[], &["email"], "+15555559934", not("Username should be an email.")),
            (&[], &["phone_number"], "+15555559934", attribute("phone_number", "+15555559934")),
            (&[], &["phone_number"], "jane@example.com", not("Username should be a phone number.")),
            (&[], &["phone_number", "email"], "jane@example.com", attribute("email", "jane@example.com")),
            (&[], &["phone_number", "email"], "+15555559934", attribute("phone_number", "+15555559934")),
            (&[], &["phone_number", "email"], "jane", not(either)),
        ] {
            let pool = samples::pool(aliases, names);
            let found = new_name(&pool, typed, &"the-sub".into());
            match (&found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(*found, expected, "{typed}"),
                (Err(fault), Err(text)) => assert_eq!(fault.message, text, "{typed}"),
                (found, expected) => panic!("{typed}: {found:?}, not {expected:?}"),
            }
        }
    }
}
