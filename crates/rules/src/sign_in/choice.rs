//! Choice-based sign-in (USER_AUTH): which ways a user can sign in, and what follows the choice of one.

use super::{
    Challenge, Facts, Outcome, SignIn,
    checks::factor_attribute,
    mfa::{self, NextFactor},
};
use crate::{
    Result, fault,
    pool::Pool,
    user::{MfaFactor, User},
};
use serde::{Deserialize, Serialize};
use spec::cognito_idp::{AuthFactorType, ChallengeNameType, UserStatusType};

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FirstFactor {
    /// A code by e-mail.
    EmailOtp,
    /// A code by SMS.
    SmsOtp,
    /// The password by SRP.
    PasswordSrp,
    /// The password in clear.
    Password,
    /// A passkey.
    WebAuthn,
}

impl FirstFactor {
    /// In the order in which lists show them. The guide's sample begins with codes, a capture has PASSWORD_SRP before
    /// PASSWORD. Unverified: the place of WEB_AUTHN.
    pub const ALL: [FirstFactor; 5] = [
        FirstFactor::EmailOtp,
        FirstFactor::SmsOtp,
        FirstFactor::PasswordSrp,
        FirstFactor::Password,
        FirstFactor::WebAuthn,
    ];

    /// The challenge that asks for it.
    pub const fn challenge_name(self) -> ChallengeNameType {
        match self {
            FirstFactor::EmailOtp => ChallengeNameType::EmailOtp,
            FirstFactor::SmsOtp => ChallengeNameType::SmsOtp,
            FirstFactor::PasswordSrp => ChallengeNameType::PasswordSrp,
            FirstFactor::Password => ChallengeNameType::Password,
            FirstFactor::WebAuthn => ChallengeNameType::WebAuthn,
        }
    }

    /// The way that PREFERRED_CHALLENGE or ANSWER names.
    pub fn from_wire(name: &str) -> Option<FirstFactor> {
        FirstFactor::ALL.into_iter().find(|factor| factor.challenge_name().as_str() == name)
    }

    /// What the pool calls it in AllowedFirstAuthFactors.
    const fn setting(self) -> AuthFactorType {
        match self {
            FirstFactor::EmailOtp => AuthFactorType::EmailOtp,
            FirstFactor::SmsOtp => AuthFactorType::SmsOtp,
            FirstFactor::PasswordSrp | FirstFactor::Password => AuthFactorType::Password,
            FirstFactor::WebAuthn => AuthFactorType::WebAuthn,
        }
    }

    /// By which factor's address its code goes.
    pub const fn code_factor(self) -> Option<MfaFactor> {
        match self {
            FirstFactor::EmailOtp => Some(MfaFactor::Email),
            FirstFactor::SmsOtp => Some(MfaFactor::Sms),
            FirstFactor::PasswordSrp | FirstFactor::Password | FirstFactor::WebAuthn => None,
        }
    }
}

/// The ways that the pool allows. D: the password alone where nothing is said.
pub fn allowed(pool: &Pool) -> Vec<FirstFactor> {
    let factors = pool.first_factors();
    FirstFactor::ALL.into_iter().filter(|factor| factors.contains(&factor.setting())).collect()
}

/// The ways that the pool allows and this user has.
pub fn available(pool: &Pool, user: &User, has_passkey: bool) -> Vec<FirstFactor> {
    if !is_native(user) {
        return Vec::new();
    }
    let owes_password = user.status == UserStatusType::ForceChangePassword;
    // D: codes are not for users with a second factor, nor is a passkey, unless it counts as both.
    let has_second = mfa::decide(pool, user) != NextFactor::None;
    let is_available = |factor: &FirstFactor| match factor {
        FirstFactor::PasswordSrp | FirstFactor::Password => user.password.is_some(),
        FirstFactor::EmailOtp | FirstFactor::SmsOtp => {
            !owes_password && !has_second && factor.code_factor().is_some_and(|f| may_receive(user, f))
        }
        FirstFactor::WebAuthn => {
            let is_confirmed = user.status != UserStatusType::Unconfirmed;
            has_passkey && is_confirmed && !owes_password && (!has_second || passkey_is_both(pool, user))
        }
    };
    allowed(pool).into_iter().filter(is_available).collect()
}

/// What GetUserAuthFactors lists: the factors that the pool allows and this user has set up, whichever of them a sign-in
/// would take. The order is of a sample; D: SOFTWARE_TOKEN is one too, but never the first.
pub fn configured(pool: &Pool, user: &User, has_passkey: bool) -> Vec<AuthFactorType> {
    let allows = |factor| pool.first_factors().contains(&factor);
    let passkey_counts = allows(AuthFactorType::WebAuthn);
    [
        (AuthFactorType::Password, allows(AuthFactorType::Password) && user.password.is_some()),
        (AuthFactorType::EmailOtp, allows(AuthFactorType::EmailOtp) && user.attribute("email").is_some()),
        (AuthFactorType::SmsOtp, allows(AuthFactorType::SmsOtp) && user.attribute("phone_number").is_some()),
        (AuthFactorType::WebAuthn, passkey_counts && has_passkey),
        (AuthFactorType::SoftwareToken, user.mfa.totp.as_ref().is_some_and(|totp| totp.verified)),
    ]
    .into_iter()
    .filter(|(_, is_there)| *is_there)
    .map(|(factor, _)| factor)
    .collect()
}

/// Whether the user signs in here and not at another provider.
pub fn is_native(user: &User) -> bool {
    matches!(
        user.status,
        UserStatusType::Confirmed
            | UserStatusType::Unconfirmed
            | UserStatusType::ForceChangePassword
            | UserStatusType::ResetRequired
    )
}

/// Whether a code may go to the user's address as the only proof: it is verified, or no address of the user is as yet.
/// Otherwise whoever registers somebody's address beside an own one could sign in by the own one later.
fn may_receive(user: &User, factor: MfaFactor) -> bool {
    let attribute = factor_attribute(factor);
    let none_verified = !user.is_verified("email") && !user.is_verified("phone_number");
    user.attribute(attribute).is_some() && (user.is_verified(attribute) || none_verified)
}

/// Whether a passkey that verifies its user counts as a second factor too: the pool and the user say so, and the user has
/// another one beside it. D
pub fn passkey_is_both(pool: &Pool, user: &User) -> bool {
    pool.takes_passkeys_for_both() && user.mfa.web_authn && !mfa::active(user).is_empty()
}

impl SignIn {
    /// Takes what the user, or nobody, has chosen: asks for it, or where it is none of the choices for one of them.
    pub(super) fn choose(
        self,
        facts: &Facts<'_>,
        user: User,
        chosen: Option<FirstFactor>,
    ) -> Result<Outcome> {
        let factors = self.choices(facts, &user)?;
        let challenge = match chosen.filter(|chosen| factors.contains(chosen)) {
            Some(FirstFactor::EmailOtp) => self.chosen_code(&user, MfaFactor::Email)?,
            Some(FirstFactor::SmsOtp) => self.chosen_code(&user, MfaFactor::Sms)?,
            Some(FirstFactor::PasswordSrp) => Challenge::PasswordVerifier,
            Some(FirstFactor::WebAuthn) => Challenge::Passkey { challenge: String::new() },
            // A password comes with its choice.
            Some(FirstFactor::Password) => Challenge::Select { factors },
            None if self.has_credit() => self.for_target(facts, &user)?.ok_or_else(fault::session_invalid)?,
            None => Challenge::Select { factors },
        };
        Ok(Outcome { step: self.ask(challenge), user })
    }

    /// A code to the user's address, or to nobody's.
    fn chosen_code(&self, user: &User, factor: MfaFactor) -> Result<Challenge> {
        let to = match &self.nobody {
            Some(_) => invented_address(user, factor),
            None => user.attribute(factor_attribute(factor)).ok_or_else(fault::session_invalid)?.to_owned(),
        };
        Ok(Challenge::Code { factor, code: Vec::new(), to, registers: false, chosen: true })
    }

    /// The ways from here. D: who is nobody is shown what the pool allows.
    ///
    /// # Errors
    /// NotAuthorizedException where there is none.
    pub(super) fn choices(&self, facts: &Facts<'_>, user: &User) -> Result<Vec<FirstFactor>> {
        let factors = match &self.nobody {
            Some(_) => allowed(facts.pool),
            None => available(facts.pool, user, facts.has_passkey),
        };
        let factors = self.toward_target(facts, user, factors)?;
        if factors.is_empty() && !self.has_credit() {
            return Err(fault::incorrect_username_or_password().because("the user has no way to sign in"));
        }
        Ok(factors)
    }
}

/// What is shown of the address of nobody: the typed name, if it can be one. V: the destination is masked from the name.
fn invented_address(user: &User, factor: MfaFactor) -> String {
    let name = user.username.as_str();
    let digits: String = name.bytes().map(|byte| char::from(b'0' + byte % 10)).collect();
    match factor {
        MfaFactor::Email if name.contains('@') => name.to_owned(),
        MfaFactor::Email => format!("{name}@{name}"),
        MfaFactor::Sms | MfaFactor::SoftwareToken if name.starts_with('+') => name.to_owned(),
        MfaFactor::Sms | MfaFactor::SoftwareToken => {
            format!("+1{:0>10}", &digits[digits.len().saturating_sub(10)..])
        }
    }
}
