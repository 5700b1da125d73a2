//! What a user whom an administrator makes starts with: a temporary password or none, and by which media the
//! invitation goes.

use super::User;
use crate::{Result, fault, messages::Medium, pool::Pool};
use spec::cognito_idp::{AuthFactorType, DeliveryMediumType};
use std::collections::BTreeMap;

/// How a new user can sign in for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// By a temporary password, which must then be changed.
    TemporaryPassword,
    /// By a code sent to an address: the user is confirmed from the start.
    Code,
}

/// Decides how a new user with these attributes starts.
///
/// # Errors
/// InvalidParameterException if nobody gave a password, the pool's users sign in by codes, and this one has no
/// address for them.
pub fn start(pool: &Pool, attributes: &BTreeMap<String, String>, has_password: bool) -> Result<Start> {
    let factors = pool
        .detail
        .policies
        .as_ref()
        .and_then(|policies| policies.sign_in_policy.as_ref())
        .and_then(|policy| policy.allowed_first_auth_factors.as_deref())
        .unwrap_or_default();
    let by_code: Vec<&str> = factors
        .iter()
        .filter_map(|factor| match factor {
            AuthFactorType::EmailOtp => Some("email"),
            AuthFactorType::SmsOtp => Some("phone_number"),
            AuthFactorType::Password | AuthFactorType::WebAuthn | AuthFactorType::SoftwareToken => None,
        })
        .collect();
    if has_password || by_code.is_empty() {
        Ok(Start::TemporaryPassword)
    } else if by_code.iter().any(|attribute| attributes.contains_key(*attribute)) {
        Ok(Start::Code)
    } else {
        Err(fault::address_for_codes_missing())
    }
}

/// A verified address must be there. D; the text is unverified.
pub fn check_verified_addresses(attributes: &BTreeMap<String, String>) -> Result<()> {
    for address in ["email", "phone_number"] {
        let is_verified = attributes.get(&format!("{address}_verified")).is_some_and(|value| value == "true");
        if is_verified && !attributes.contains_key(address) {
            return Err(fault::verified_address_missing(address));
        }
    }
    Ok(())
}

/// By which media an invitation goes: those asked for; if none are, the phone number if there is one, else the
/// e-mail address if there is one. The documentation calls SMS the default; that users with only an e-mail address
/// are invited there was seen in public reports.
///
/// # Errors
/// InvalidParameterException if a medium is asked for that the user has no address for.
pub fn media(user: &User, asked: Option<&[DeliveryMediumType]>) -> Result<Vec<Medium>> {
    let has_address = |medium: &Medium| user.attribute(medium.attribute()).is_some();
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else {
        return Ok([Medium::Sms, Medium::Email].into_iter().find(has_address).into_iter().collect());
    };
    let media: Vec<Medium> =
        [Medium::Sms, Medium::Email].into_iter().filter(|m| asked.contains(&m.delivery_medium())).collect();
    match media.iter().find(|medium| !has_address(medium)) {
        Some(medium) => Err(fault::no_address_for_invitation(*medium)),
        None => Ok(media),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::samples;
    use spec::cognito_idp::{SignInPolicyType, UserPoolPolicyType};

    #[test]
    fn how_users_start() {
        use AuthFactorType::{EmailOtp, Password, SmsOtp, WebAuthn};
        let code = Ok(Start::Code);
        let password = Ok(Start::TemporaryPassword);
        for (factors, attributes, has_password, expected) in [
            (vec![], vec![], false, password),
            (vec![Password], vec!["email"], false, password),
            (vec![Password, WebAuthn], vec!["email"], false, password),
            (vec![Password, EmailOtp], vec!["email"], false, code),
            (vec![EmailOtp], vec!["email"], true, password),
            (vec![EmailOtp], vec!["phone_number"], false, Err(())),
            (vec![EmailOtp, SmsOtp], vec!["phone_number"], false, code),
            (vec![Password, SmsOtp], vec![], false, Err(())),
        ] {
            let mut pool = samples::pool(&[], &[]);
            pool.detail.policies = Some(UserPoolPolicyType {
                sign_in_policy: Some(SignInPolicyType { allowed_first_auth_factors: Some(factors.clone()) }),
                ..UserPoolPolicyType::default()
            });
            let values = attributes.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect();
            let found = start(&pool, &values, has_password).map_err(|_| ());
            assert_eq!(found, expected, "{factors:?} {attributes:?} {has_password}");
        }
    }

    #[test]
    fn media_of_invitations() {
        use DeliveryMediumType::{Email, Sms};
        let both = [("email", "a@x.y"), ("phone_number", "+1234567")];
        for (attributes, asked, expected) in [
            (&both[..], None, Ok(vec![Medium::Sms])),
            (&both, Some(vec![]), Ok(vec![Medium::Sms])),
            (&both, Some(vec![Email]), Ok(vec![Medium::Email])),
            (&both, Some(vec![Email, Sms]), Ok(vec![Medium::Sms, Medium::Email])),
            (&both[..1], None, Ok(vec![Medium::Email])),
            (&[], None, Ok(vec![])),
            (&both[..1], Some(vec![Email, Sms]), Err(())),
            (&both[..1], Some(vec![Sms]), Err(())),
            (&[], Some(vec![Email]), Err(())),
        ] {
            let found = media(&samples::user(attributes), asked.as_deref()).map_err(|_| ());
            assert_eq!(found, expected, "{attributes:?} {asked:?}");
        }
    }

    #[test]
    fn verified_addresses_are_there() {
        for (attributes, expected) in [
            (&[("email", "a@x.y"), ("email_verified", "true")][..], true),
            (&[("email_verified", "true")], false),
            (&[("email_verified", "false")], true),
            (&[("email", "a@x.y"), ("phone_number_verified", "true")], false),
        ] {
            let values = samples::user(attributes).attributes;
            assert_eq!(check_verified_addresses(&values).is_ok(), expected, "{attributes:?}");
        }
    }
}
