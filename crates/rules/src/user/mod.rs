//! A person in a pool: what is remembered of them, and by which names they are found.

pub mod attributes;
pub mod device;
pub mod formats;
pub mod invitation;
pub mod mfa_preference;
pub mod passkey;
pub mod username;

#[cfg(test)]
pub(crate) mod samples;

use crate::{
    Millis, Sealed,
    ids::{PoolId, Sub, Username},
    pool::Pool,
};
use serde::{Deserialize, Serialize};
use spec::cognito_idp::{AliasAttributeType, AttributeType, UserStatusType, UserType, UsernameAttributeType};
use std::{collections::BTreeMap, fmt};

/// A user.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// The pool.
    pub pool_id: PoolId,
    /// The immutable id, which the wire shows as the attribute `sub`.
    pub sub: Sub,
    /// The user name: chosen, or the sub where e-mail addresses or phone numbers are the names.
    pub username: Username,
    /// Where the user stands between sign-up and sign-in.
    pub status: UserStatusType,
    /// Whether sign-in is allowed; independent of the status.
    pub enabled: bool,
    /// When the user was made.
    pub created_at: Millis,
    /// When the user was last changed.
    pub updated_at: Millis,
    /// How often the user was signed out everywhere: tokens of sign-ins before the last time are void.
    pub sign_outs: i64,
    /// Every attribute but `sub`; booleans are `true` and `false`.
    pub attributes: BTreeMap<String, String>,
    /// New values that wait for their code, by attribute (AttributesRequireVerificationBeforeUpdate).
    pub pending: BTreeMap<String, String>,
    /// None until one is set, as for federated or passwordless users.
    pub password: Option<Password>,
    /// The second factors.
    pub mfa: UserMfa,
    /// By which address the user was named when it was made, where addresses are the names.
    pub named_by: Option<String>,
    /// Grows with every change, for compare-and-set.
    pub version: i64,
}

/// A password as it is kept. Debug shows no hash: a weak password could be guessed from it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Password {
    /// Argon2id in PHC form.
    pub hash: String,
    /// The salt of the SRP verifier, hexadecimal.
    pub srp_salt: String,
    /// The SRP verifier, sealed for [`Password::verifier_context`].
    pub srp_verifier: Sealed,
    /// When it was set.
    pub set_at: Millis,
    /// Whether it must be changed at the next sign-in and ages.
    pub temporary: bool,
    /// The hashes of earlier ones, newest first, as far as the pool's policy looks back.
    #[serde(default)]
    pub history: Vec<String>,
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Password")
            .field("set_at", &self.set_at)
            .field("temporary", &self.temporary)
            .finish_non_exhaustive()
    }
}

impl Password {
    /// Whether both are one setting of a password. Its hash may have been made anew and its verifier sealed anew
    /// since, but its salt is drawn when it is set.
    pub fn is_same(&self, other: &Password) -> bool {
        self.srp_salt == other.srp_salt && self.set_at == other.set_at
    }

    /// What a sealed SRP verifier is bound to.
    pub fn verifier_context(pool_id: &PoolId, sub: &Sub) -> String {
        format!("srp-verifier/{pool_id}/{sub}")
    }
}

/// A way to prove a second time who one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MfaFactor {
    /// A code by SMS.
    Sms,
    /// A code of an authenticator app.
    SoftwareToken,
    /// A code by e-mail.
    Email,
}

impl MfaFactor {
    /// The name that lists and challenges use.
    pub const fn as_str(self) -> &'static str {
        match self {
            MfaFactor::Sms => "SMS_MFA",
            MfaFactor::SoftwareToken => "SOFTWARE_TOKEN_MFA",
            MfaFactor::Email => "EMAIL_OTP",
        }
    }

    /// The factor with this name; `EMAIL_MFA` occurs in documentation for EMAIL_OTP.
    pub fn from_wire(name: &str) -> Option<MfaFactor> {
        Some(match name {
            "SMS_MFA" => MfaFactor::Sms,
            "SOFTWARE_TOKEN_MFA" => MfaFactor::SoftwareToken,
            "EMAIL_OTP" | "EMAIL_MFA" => MfaFactor::Email,
            _ => return None,
        })
    }
}

/// The second factors of a user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UserMfa {
    /// Whether SMS codes were turned on.
    #[serde(default)]
    pub sms: bool,
    /// Whether e-mail codes were turned on.
    #[serde(default)]
    pub email: bool,
    /// Whether the verified authenticator app was turned on.
    #[serde(default)]
    pub software_token: bool,
    /// The preferred one of several.
    #[serde(default)]
    pub preferred: Option<MfaFactor>,
    /// The authenticator app.
    #[serde(default)]
    pub totp: Option<Totp>,
    /// Whether a passkey that verifies its user counts as a second factor too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub web_authn: bool,
}

/// An authenticator app.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Totp {
    /// The shared secret, sealed for [`Totp::context`].
    pub secret: Sealed,
    /// Whether the user has proved to hold it.
    pub verified: bool,
    /// The time step of the last code that was accepted: a code is good once.
    pub last_step: Option<i64>,
    /// What the user calls it.
    pub device_name: Option<String>,
}

impl Totp {
    /// What a sealed TOTP secret is bound to.
    pub fn context(pool_id: &PoolId, sub: &Sub) -> String {
        format!("totp/{pool_id}/{sub}")
    }
}

/// A group that a user is in, as far as tokens need it.
#[derive(Clone, Debug, PartialEq)]
pub struct Membership {
    /// The group's name.
    pub group: String,
    /// Its precedence; the lowest number counts most, none least.
    pub precedence: Option<i64>,
    /// The IAM role that its members get.
    pub role_arn: Option<String>,
}

impl UserMfa {
    /// Turns a factor off, also as the preferred one.
    pub fn turn_off(&mut self, factor: MfaFactor) {
        match factor {
            MfaFactor::Sms => self.sms = false,
            MfaFactor::SoftwareToken => self.software_token = false,
            MfaFactor::Email => self.email = false,
        }
        self.preferred = self.preferred.filter(|preferred| *preferred != factor);
    }

    /// The second factors that are on, as the wire lists them.
    pub fn setting_list(&self) -> Vec<String> {
        [
            (self.sms, MfaFactor::Sms),
            (self.email, MfaFactor::Email),
            (self.software_token, MfaFactor::SoftwareToken),
        ]
        .into_iter()
        .filter(|(is_on, _)| *is_on)
        .map(|(_, factor)| factor.as_str().to_owned())
        .collect()
    }
}

impl User {
    /// Stands for the user of a sign-in under a name that no user has: without attributes and password.
    pub fn nobody(pool_id: &PoolId, sub: Sub, name: &str) -> User {
        User {
            pool_id: pool_id.clone(),
            sub,
            username: name.into(),
            status: UserStatusType::Confirmed,
            enabled: true,
            created_at: 0,
            updated_at: 0,
            sign_outs: 0,
            attributes: BTreeMap::new(),
            pending: BTreeMap::new(),
            password: None,
            mfa: UserMfa::default(),
            named_by: None,
            version: 1,
        }
    }

    /// Whether both have one setting of a password, or none.
    pub fn has_same_password(&self, other: &User) -> bool {
        match (&self.password, &other.password) {
            (Some(one), Some(other)) => one.is_same(other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }

    /// An attribute's value; `sub` included.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        if name == "sub" { Some(&self.sub) } else { self.attributes.get(name).map(String::as_str) }
    }

    /// Whether `email` or `phone_number` is verified.
    pub fn is_verified(&self, attribute: &str) -> bool {
        self.attributes.get(&format!("{attribute}_verified")).is_some_and(|v| v == "true")
    }

    /// Marks `email` or `phone_number` verified or not.
    pub fn set_verified(&mut self, attribute: &str, verified: bool) {
        self.attributes.insert(format!("{attribute}_verified"), verified.to_string());
    }

    /// Ends every token of sign-ins before. It is counted, not dated, because nodes may disagree about the time.
    pub fn sign_out(&mut self) {
        self.sign_outs += 1;
    }

    /// The names by which this user signs in, folded as the pool compares them. The first is the user name.
    pub fn sign_in_names(&self, pool: &Pool) -> Vec<String> {
        let mut names = vec![pool.fold_name(&self.username)];
        let mut add = |name: Option<&str>| {
            if let Some(name) =
                name.map(|n| pool.fold_name(n)).filter(|n| !n.is_empty() && !names.contains(n))
            {
                names.push(name);
            }
        };
        // Of two addresses the one that the user was not named by could be a stranger's.
        let is_own = |attribute: &str| match &self.named_by {
            Some(named_by) => named_by == attribute || self.is_verified(attribute),
            None => true,
        };
        if pool.has_username_attribute(UsernameAttributeType::Email) && is_own("email") {
            add(self.attribute("email"));
        }
        if pool.has_username_attribute(UsernameAttributeType::PhoneNumber) && is_own("phone_number") {
            add(self.attribute("phone_number"));
        }
        // An address that nobody has proved to own is no sign-in name: otherwise a stranger could take it.
        if pool.has_alias(AliasAttributeType::Email) && self.is_verified("email") {
            add(self.attribute("email"));
        }
        if pool.has_alias(AliasAttributeType::PhoneNumber) && self.is_verified("phone_number") {
            add(self.attribute("phone_number"));
        }
        if pool.has_alias(AliasAttributeType::PreferredUsername) && self.status != UserStatusType::Unconfirmed
        {
            add(self.attribute("preferred_username"));
        }
        names
    }

    /// The addresses, folded, that would be names of this user if they were verified, where addresses are the names.
    pub fn unproved_names(&self, pool: &Pool) -> Vec<(&'static str, String)> {
        let names = self.sign_in_names(pool);
        let kinds =
            [("email", UsernameAttributeType::Email), ("phone_number", UsernameAttributeType::PhoneNumber)];
        kinds
            .into_iter()
            .filter(|(_, kind)| pool.has_username_attribute(*kind))
            .filter_map(|(attribute, _)| Some((attribute, pool.fold_name(self.attribute(attribute)?))))
            .filter(|(_, name)| !name.is_empty() && !names.contains(name))
            .collect()
    }

    /// Which attribute of the user is this folded sign-in name; none if it is the user name.
    pub fn attribute_of_name(&self, pool: &Pool, name: &str) -> Option<&'static str> {
        if pool.fold_name(&self.username) == name {
            return None;
        }
        ["email", "phone_number", "preferred_username"]
            .into_iter()
            .find(|attribute| self.attribute(attribute).is_some_and(|value| pool.fold_name(value) == name))
    }

    /// The attributes as the wire lists them, `sub` first, only those that `keep` accepts.
    pub fn attribute_list(&self, keep: impl Fn(&str) -> bool) -> Vec<AttributeType> {
        std::iter::once(("sub", self.sub.as_str()))
            .chain(self.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            .filter(|(name, _)| keep(name))
            .map(|(name, value)| AttributeType { name: name.to_owned(), value: Some(value.to_owned()) })
            .collect()
    }

    /// The user as ListUsers and AdminCreateUser show it.
    pub fn to_wire(&self, keep: impl Fn(&str) -> bool) -> UserType {
        UserType {
            username: Some(self.username.to_string()),
            attributes: Some(self.attribute_list(keep)),
            user_create_date: Some(spec::Timestamp::from_millis(self.created_at)),
            user_last_modified_date: Some(spec::Timestamp::from_millis(self.updated_at)),
            enabled: Some(self.enabled),
            user_status: Some(self.status),
            mfa_options: None,
        }
    }
}
