//! To which of a user's addresses a code goes.

use super::{Medium, delivery_details};
use crate::{
    Result, fault,
    pool::Pool,
    sign_in::mfa,
    user::{
        User,
        formats::{is_email, is_phone_number},
    },
};
use spec::cognito_idp::{CodeDeliveryDetailsType, RecoveryOptionNameType};

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// How it travels.
    pub medium: Medium,
    /// The e-mail address or phone number.
    pub to: String,
}

impl Recipient {
    /// What the wire tells of a delivery to it.
    pub fn details(&self) -> CodeDeliveryDetailsType {
        delivery_details(self.medium, &self.to)
    }
}

/// The mailbox or phone behind an address, by which limits count: in small letters, and of an e-mail address without
/// what follows a plus sign in front of the @, because many providers deliver all of these to one person.
pub fn mailbox(address: &str) -> String {
    let address = address.to_lowercase();
    match address.rsplit_once('@') {
        Some((local, domain)) => {
            let local = local.split_once('+').map_or(local, |(name, _)| name);
            format!("{local}@{domain}")
        }
        None => address,
    }
}

/// The user's address for a medium, verified or not.
pub fn address(user: &User, medium: Medium) -> Option<Recipient> {
    let to = user.attribute(medium.attribute()).filter(|value| !value.is_empty())?;
    Some(Recipient { medium, to: to.to_owned() })
}

/// Where the code of a sign-up goes: of the attributes that the pool verifies by itself the phone number first,
/// and nowhere when the user has neither or both are verified.
pub fn sign_up(pool: &Pool, user: &User) -> Option<Recipient> {
    [Medium::Sms, Medium::Email]
        .into_iter()
        .filter(|medium| pool.auto_verifies(medium.verified_attribute()))
        .filter(|medium| !user.is_verified(medium.attribute()))
        .find_map(|medium| address(user, medium))
}

/// Where the code of a password reset goes, by AccountRecoverySetting; without that setting a verified phone
/// number comes before a verified e-mail address.
///
/// # Errors
/// NotAuthorizedException when only an administrator may reset; InvalidParameterException when no address
/// qualifies.
pub fn recovery(pool: &Pool, user: &User) -> Result<Recipient> {
    recovery_media(pool)?
        .into_iter()
        .filter(|medium| qualifies(pool, user, *medium))
        .find_map(|medium| address(user, medium))
        .ok_or_else(fault::no_verified_channel)
}

/// Whether a reset code that went out by this medium may still be redeemed: what let it go there still holds, though
/// another address may come first by now.
pub fn may_recover_by(pool: &Pool, user: &User, medium: Medium) -> bool {
    recovery_media(pool).is_ok_and(|media| media.contains(&medium)) && qualifies(pool, user, medium)
}

fn qualifies(pool: &Pool, user: &User, medium: Medium) -> bool {
    user.is_verified(medium.attribute()) && !is_second_factor(pool, user, medium)
}

/// Where a reset code pretends to go that is not sent, so that an unknown name looks like a known one. `seed` belongs
/// to the name, so that the same name gets the same answer each time.
///
/// # Errors
/// NotAuthorizedException when only an administrator may reset.
pub fn simulated_recovery(pool: &Pool, name: &str, seed: &[u8; 32]) -> Result<Recipient> {
    Ok(simulated(pool, name, recovery_media(pool)?, seed))
}

/// The same for the code of a sign-up.
///
/// # Errors
/// InvalidParameterException when the pool sends none to anybody.
pub fn simulated_sign_up(pool: &Pool, name: &str, seed: &[u8; 32]) -> Result<Recipient> {
    let mut media = vec![Medium::Sms, Medium::Email];
    media.retain(|medium| pool.auto_verifies(medium.verified_attribute()));
    if media.is_empty() {
        return Err(fault::cannot_resend_codes());
    }
    Ok(simulated(pool, name, media, seed))
}

/// The media that a reset code may take, best first.
fn recovery_media(pool: &Pool) -> Result<Vec<Medium>> {
    let setting = pool.detail.account_recovery_setting.as_ref();
    let mut mechanisms = setting.and_then(|s| s.recovery_mechanisms.clone()).unwrap_or_default();
    if mechanisms.is_empty() {
        return Ok(vec![Medium::Sms, Medium::Email]);
    }
    mechanisms.sort_by_key(|mechanism| mechanism.priority);
    let media: Vec<Medium> = mechanisms
        .iter()
        .filter_map(|mechanism| match mechanism.name {
            RecoveryOptionNameType::VerifiedEmail => Some(Medium::Email),
            RecoveryOptionNameType::VerifiedPhoneNumber => Some(Medium::Sms),
            RecoveryOptionNameType::AdminOnly => None,
        })
        .collect();
    if media.is_empty() { Err(fault::contact_administrator()) } else { Ok(media) }
}

/// Whether the medium carries the user's second factor: who holds the phone alone must not be able to reset the
/// password and pass the second factor too. That is so where the factor was turned on, and also where sign-in would
/// fall back on the address at hand. The rule belongs to AccountRecoverySetting; pools without it keep the older
/// behavior.
fn is_second_factor(pool: &Pool, user: &User, medium: Medium) -> bool {
    pool.detail.account_recovery_setting.is_some() && mfa::rests_on(pool, user, medium.factor())
}

/// Whether the pool can send by a medium. Real users may have addresses that it sends nothing to; most have none.
fn can_send(pool: &Pool, medium: Medium) -> bool {
    match medium {
        Medium::Email => true,
        Medium::Sms => pool.detail.sms_configuration.is_some() || pool.mfa.sms.is_some(),
    }
}

/// Of several media that the pool's users may have, a name that is an address gets its own; each other name gets one, as
/// each user has one.
fn simulated(pool: &Pool, name: &str, mut media: Vec<Medium>, seed: &[u8; 32]) -> Recipient {
    let is_possible = |medium: &Medium| can_send(pool, *medium);
    let is_likely = |medium: &Medium| pool.auto_verifies(medium.verified_attribute());
    let looks_like = |medium: &Medium| match medium {
        Medium::Email => is_email(name),
        Medium::Sms => is_phone_number(name),
    };
    let criteria: [&dyn Fn(&Medium) -> bool; 3] = [&is_possible, &is_likely, &looks_like];
    for criterion in criteria {
        if media.iter().any(criterion) {
            media.retain(criterion);
        }
    }
    let medium = media.get(usize::from(seed[6]) % media.len().max(1)).copied().unwrap_or(Medium::Email);
    if looks_like(&medium) {
        return Recipient { medium, to: name.to_owned() };
    }
    let letter = |byte: u8| char::from(b'a' + byte % 26);
    let to = match medium {
        Medium::Email => format!("{}@{}", letter(seed[0]), letter(seed[1])),
        Medium::Sms => {
            let last: String = seed[2..6].iter().map(|byte| char::from(b'0' + byte % 10)).collect();
            format!("+1555555{last}")
        }
    };
    Recipient { medium, to }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use spec::{Code, cognito_idp::UserStatusType};

    const EMAIL: &str = "jane@example.com";
    const PHONE: &str = "+15555559934";

    fn pool(detail: Value) -> Pool {
        let mfa = json!({ "software_token": false });
        serde_json::from_value(json!({ "id": "us-east-1_x", "detail": detail, "mfa": mfa })).unwrap()
    }

    /// A user who has the named attributes; a name with an exclamation mark is verified.
    fn user(attributes: &str) -> User {
        let mut user = User {
            pool_id: "us-east-1_x".into(),
            sub: "sub".into(),
            username: "jane".into(),
            status: UserStatusType::Confirmed,
            enabled: true,
            created_at: 0,
            updated_at: 0,
            sign_outs: 0,
            attributes: Default::default(),
            pending: Default::default(),
            password: None,
            mfa: Default::default(),
            named_by: None,
            version: 1,
        };
        for word in attributes.split_whitespace() {
            let name = word.trim_end_matches('!');
            let value = if name == "email" { EMAIL } else { PHONE };
            user.attributes.insert(name.to_owned(), value.to_owned());
            user.set_verified(name, word.ends_with('!'));
        }
        user
    }

    #[test]
    fn sign_up_prefers_the_phone() {
        let both = json!({ "AutoVerifiedAttributes": ["email", "phone_number"] });
        for (detail, attributes, expected) in [
            (both.clone(), "email phone_number", Some(PHONE)),
            (both.clone(), "email", Some(EMAIL)),
            (both.clone(), "email phone_number!", Some(EMAIL)),
            (both.clone(), "email! phone_number!", None),
            (both, "", None),
            (json!({ "AutoVerifiedAttributes": ["email"] }), "email phone_number", Some(EMAIL)),
            (json!({ "AutoVerifiedAttributes": ["email"] }), "phone_number", None),
            (json!({}), "email phone_number", None),
        ] {
            let found = sign_up(&pool(detail.clone()), &user(attributes));
            assert_eq!(found.map(|r| r.to).as_deref(), expected, "{detail} {attributes}");
        }
    }

    #[test]
    fn recovery_follows_the_setting() {
        let by = |names: &[&str]| {
            let mechanisms: Vec<Value> =
                names.iter().enumerate().map(|(i, n)| json!({ "Priority": i + 1, "Name": n })).collect();
            json!({ "AccountRecoverySetting": { "RecoveryMechanisms": mechanisms }, "MfaConfiguration": "OPTIONAL" })
        };
        let none = Err(Code::InvalidParameterException);
        for (detail, attributes, second_factors, expected) in [
            (json!({}), "email! phone_number!", "", Ok(PHONE)),
            (json!({}), "email! phone_number", "", Ok(EMAIL)),
            (json!({}), "email phone_number", "", none),
            (json!({ "MfaConfiguration": "ON" }), "email! phone_number!", "sms", Ok(PHONE)),
            (by(&["verified_email", "verified_phone_number"]), "email! phone_number!", "", Ok(EMAIL)),
            (by(&["verified_phone_number", "verified_email"]), "email! phone_number!", "", Ok(PHONE)),
            (by(&["verified_phone_number", "verified_email"]), "email! phone_number!", "sms", Ok(EMAIL)),
            (by(&["verified_phone_number", "verified_email"]), "email! phone_number!", "sms email", none),
            (by(&["verified_email"]), "email phone_number!", "", none),
            (by(&["admin_only"]), "email!", "", Err(Code::NotAuthorizedException)),
        ] {
            let mut user = user(attributes);
            user.mfa.sms = second_factors.contains("sms");
            user.mfa.email = second_factors.contains("email");
            let found = recovery(&pool(detail.clone()), &user).map(|r| r.to).map_err(|fault| fault.code);
            assert_eq!(found.as_deref().map_err(|code| *code), expected, "{detail} {attributes}");
        }
    }

    /// Whoever signs in by the address at hand must not reset the password by it.
    #[test]
    fn a_required_factor_is_no_way_to_recover() {
        let by = |names: &[&str]| {
            let mechanisms: Vec<Value> =
                names.iter().enumerate().map(|(i, n)| json!({ "Priority": i + 1, "Name": n })).collect();
            json!({ "AccountRecoverySetting": { "RecoveryMechanisms": mechanisms }, "MfaConfiguration": "ON" })
        };
        let both = by(&["verified_email", "verified_phone_number"]);
        for (detail, offered, expected) in [
            (both.clone(), "email", Ok(PHONE)),
            (both.clone(), "sms", Ok(EMAIL)),
            // Of several that are offered, sign-in takes SMS.
            (both, "sms email", Ok(EMAIL)),
            (by(&["verified_email"]), "email", Err(Code::InvalidParameterException)),
            (by(&["verified_phone_number"]), "sms", Err(Code::InvalidParameterException)),
        ] {
            let mut pool = pool(detail.clone());
            pool.mfa.sms = offered.contains("sms").then(Default::default);
            pool.mfa.email = offered.contains("email").then(Default::default);
            let found =
                recovery(&pool, &user("email! phone_number!")).map(|r| r.to).map_err(|fault| fault.code);
            assert_eq!(found.as_deref().map_err(|code| *code), expected, "{detail} {offered}");
        }
    }

    #[test]
    fn variants_of_an_address_are_one_mailbox() {
        for (address, expected) in [
            ("Jane@Example.com", "jane@example.com"),
            ("jane+1@example.com", "jane@example.com"),
            ("jane+a+b@example.com", "jane@example.com"),
            ("+@example.com", "@example.com"),
            ("a@b+c@example.com", "a@b@example.com"),
            (PHONE, PHONE),
        ] {
            assert_eq!(mailbox(address), expected, "{address}");
        }
    }

    #[test]
    fn a_simulated_delivery_looks_like_one_of_the_pools() {
        let (sms, email) = ([0; 32], [1; 32]);
        let by_email = json!({ "AccountRecoverySetting": { "RecoveryMechanisms": [
            { "Priority": 1, "Name": "verified_email" }
        ] } });
        let by_phone = json!({ "AccountRecoverySetting": { "RecoveryMechanisms": [
            { "Priority": 1, "Name": "verified_phone_number" }
        ] } });
        let with_sms = |auto_verified: &[&str]| {
            json!({ "SmsConfiguration": { "SnsCallerArn": "arn:aws:iam::123456789012:role/sns" },
                "AutoVerifiedAttributes": auto_verified })
        };
        for (detail, name, seed, expected) in [
            (with_sms(&[]), "jane", sms, "+*******0000"),
            (with_sms(&[]), "jane", email, "b***@b***"),
            (with_sms(&["email"]), "jane", sms, "a***@a***"),
            (with_sms(&["email"]), "+15555550100", sms, "a***@a***"),
            (with_sms(&["phone_number"]), "Jane@Example.com", email, "+*******1111"),
            (with_sms(&[]), "Jane@Example.com", email, "j***@e***"),
            (with_sms(&[]), "Jane@Example.com", sms, "j***@e***"),
            (with_sms(&[]), "+15555550100", email, "+*******0100"),
            // No phone number, although it begins like one.
            (with_sms(&[]), "+Jane", sms, "+*******0000"),
            (json!({}), "jane", sms, "a***@a***"),
            (json!({}), "+15555550100", sms, "a***@a***"),
            (by_phone, "jane", email, "+*******1111"),
            (by_email, "+15555550100", sms, "a***@a***"),
        ] {
            let details = simulated_recovery(&pool(detail.clone()), name, &seed).unwrap().details();
            assert_eq!(details.destination.as_deref(), Some(expected), "{detail} {name}");
        }
    }
}
