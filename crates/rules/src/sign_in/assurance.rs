//! How strongly a user has signed in: methods (`amr`), the level that they reach (`acr`), and sign-ins that must reach one.
//! D: Cognito's levels are fixed, their names are the pool's.

use super::{
    Challenge, Factor, Facts, SignIn,
    checks::{factor_attribute, mfa_challenge},
    choice::{FirstFactor, allowed, available},
    mfa::{self, NextFactor},
};
use crate::{
    Millis, Result, fault,
    pool::Pool,
    user::{MfaFactor, User},
};
use serde::{Deserialize, Serialize};
use spec::cognito_idp::UserStatusType;

/// A way in which a user was authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Method {
    /// The password.
    #[serde(rename = "pwd")]
    Password,
    /// A code of an authenticator app.
    #[serde(rename = "otp")]
    Totp,
    /// A code by SMS.
    #[serde(rename = "sms")]
    Sms,
    /// A code by e-mail.
    #[serde(rename = "email_otp")]
    Email,
    /// A passkey of the device that signed in.
    #[serde(rename = "swk")]
    PlatformPasskey,
    /// A passkey of a device of its own.
    #[serde(rename = "hwk")]
    RoamingPasskey,
}

impl Method {
    pub(super) const ALL: [Method; 6] = [
        Method::Password,
        Method::Totp,
        Method::Sms,
        Method::Email,
        Method::PlatformPasskey,
        Method::RoamingPasskey,
    ];

    /// Its value in `amr`. D
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Password => "pwd",
            Method::Totp => "otp",
            Method::Sms => "sms",
            Method::Email => "email_otp",
            Method::PlatformPasskey => "swk",
            Method::RoamingPasskey => "hwk",
        }
    }

    /// The method of a value in `amr`; none for what sums methods up.
    pub fn from_claim(value: &str) -> Option<Method> {
        Method::ALL.into_iter().find(|method| method.as_str() == value)
    }

    fn of(factor: Factor) -> Option<Method> {
        Some(match factor {
            Factor::Password => Method::Password,
            Factor::Mfa(factor) | Factor::Code(factor) | Factor::SignUp(factor) => Method::of_code(factor),
            Factor::Passkey { roaming: false, .. } => Method::PlatformPasskey,
            Factor::Passkey { roaming: true, .. } => Method::RoamingPasskey,
            Factor::NewPassword | Factor::Custom | Factor::Device => return None,
        })
    }

    const fn of_code(factor: MfaFactor) -> Method {
        match factor {
            MfaFactor::Sms => Method::Sms,
            MfaFactor::Email => Method::Email,
            MfaFactor::SoftwareToken => Method::Totp,
        }
    }

    const fn of_choice(factor: FirstFactor) -> Method {
        match factor {
            FirstFactor::EmailOtp => Method::Email,
            FirstFactor::SmsOtp => Method::Sms,
            FirstFactor::PasswordSrp | FirstFactor::Password => Method::Password,
            FirstFactor::WebAuthn => Method::PlatformPasskey,
        }
    }
}

/// The level that these methods reach, 1 to 4; 0 for none. D: the table of the guide.
pub fn level(methods: &[Method]) -> u8 {
    let has = |method: Method| methods.contains(&method);
    let has_code = has(Method::Sms) || has(Method::Email);
    let has_passkey = has(Method::PlatformPasskey) || has(Method::RoamingPasskey);
    match (has(Method::Password), has(Method::Totp)) {
        (true, true) => 4,
        _ if has_passkey => 3,
        (true, _) if has_code => 3,
        _ if has_code => 2,
        (true, _) => 1,
        _ => 0,
    }
}

/// What `amr` lists: the methods, and `mfa` where there are two or more. D
pub fn amr(methods: &[Method]) -> Vec<String> {
    let mut values: Vec<String> = methods.iter().map(|method| method.as_str().to_owned()).collect();
    if methods.len() > 1 {
        values.push("mfa".to_owned());
    }
    values
}

/// The level that a sign-in must reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// 1 to 4, the one that was wished for first.
    pub wished: Vec<u8>,
    /// What the user has done before, by the access token that came along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<Credit>,
}

/// What counts of an earlier sign-in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Credit {
    /// Its grant, where the client revokes tokens.
    pub grant_id: Option<String>,
    /// Its event, by which the end of any other is remembered.
    pub event_id: Option<String>,
    /// Its device, whose end is its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_key: Option<String>,
    /// How often the user had been signed out everywhere by then.
    pub sign_outs: i64,
    /// When it was.
    pub authenticated_at: Millis,
    /// Its methods.
    pub methods: Vec<Method>,
}

impl Credit {
    /// Whether it still counts: a password that was set since or must be reset, or a sign-out, ends it.
    pub fn is_good(&self, user: &User) -> bool {
        let is_older = user.password.as_ref().is_none_or(|p| p.set_at <= self.authenticated_at);
        let password_counts = is_older && user.status != UserStatusType::ResetRequired;
        self.sign_outs == user.sign_outs && (password_counts || !self.methods.contains(&Method::Password))
    }
}

/// Reads TARGET_ACR_VALUES: the levels that it names by the pool's names, in its order.
///
/// # Errors
/// InvalidParameterException where it names none.
pub fn wished_levels(pool: &Pool, values: &str) -> Result<Vec<u8>> {
    let mut levels: Vec<u8> = Vec::new();
    for value in values.split(' ') {
        let found = (1..=4).find(|level| pool.acr_name(*level) == value);
        levels.extend(found.filter(|level| !levels.contains(level)));
    }
    if levels.is_empty() { Err(fault::acr_values_unknown()) } else { Ok(levels) }
}

impl SignIn {
    /// What has been done so far, with what counts of an earlier sign-in.
    pub fn methods(&self) -> Vec<Method> {
        let credit = self.target.iter().filter_map(|target| target.credit.as_ref());
        let credited = credit.flat_map(|credit| credit.methods.iter().copied());
        let passed = self.passed.iter().filter_map(|factor| Method::of(*factor));
        let mut methods: Vec<Method> = Vec::new();
        for method in credited.chain(passed) {
            if !methods.contains(&method) {
                methods.push(method);
            }
        }
        methods
    }

    /// The level to reach: the first wished for that the user can. None where no level was wished for.
    ///
    /// # Errors
    /// InvalidParameterException where the user can reach none of them.
    fn goal(&self, facts: &Facts<'_>, user: &User) -> Result<Option<u8>> {
        let Some(target) = &self.target else { return Ok(None) };
        if self.nobody.is_some() {
            return Ok(target.wished.first().copied());
        }
        let (done, owned) = (self.methods(), owned(facts, user));
        let can =
            |goal: &u8| owned.iter().any(|one| leads(*goal, &done, *one, &owned)) || level(&done) >= *goal;
        target.wished.iter().copied().find(can).map(Some).ok_or_else(fault::acr_values_unreachable)
    }

    /// Refuses a wish that the user cannot fulfil, or that is fulfilled already.
    pub(super) fn check_target(&self, facts: &Facts<'_>, user: &User) -> Result<()> {
        match self.goal(facts, user)? {
            Some(goal) if level(&self.methods()) >= goal => Err(fault::acr_values_reached()),
            _ => Ok(()),
        }
    }

    /// The choices that lead to the wished level.
    pub(super) fn toward_target(
        &self,
        facts: &Facts<'_>,
        user: &User,
        factors: Vec<FirstFactor>,
    ) -> Result<Vec<FirstFactor>> {
        let Some(goal) = self.goal(facts, user)? else { return Ok(factors) };
        if self.nobody.is_some() {
            return Ok(factors);
        }
        let (done, owned) = (self.methods(), owned(facts, user));
        let leads = |f: &FirstFactor| leads(goal, &done, Method::of_choice(*f), &owned);
        Ok(factors.into_iter().filter(leads).collect())
    }

    /// Checks that what an earlier sign-in lets count is good still.
    pub(super) fn check_credit(&self, user: &User) -> Result<()> {
        let credit = self.target.as_ref().and_then(|target| target.credit.as_ref());
        if credit.is_some_and(|credit| !credit.is_good(user)) {
            return Err(fault::session_invalid().because("what was done before counts no more"));
        }
        Ok(())
    }

    /// Whether an earlier sign-in counts.
    pub fn has_credit(&self) -> bool {
        self.target.as_ref().is_some_and(|target| target.credit.is_some())
    }

    /// Whether the earlier sign-in had a second factor beside its first.
    pub(super) fn credit_suffices(&self) -> bool {
        let credit = self.target.as_ref().and_then(|target| target.credit.as_ref());
        credit.is_some_and(|credit| level(&credit.methods) >= 3 && credit.methods.contains(&Method::Password))
    }

    /// What is still lacking of the wished level: a second factor, or where none of them suffices a further choice.
    pub(super) fn for_target(&self, facts: &Facts<'_>, user: &User) -> Result<Option<Challenge>> {
        let Some(goal) = self.goal(facts, user)? else { return Ok(None) };
        if level(&self.methods()) >= goal {
            return Ok(None);
        }
        let seconds = self.leading(goal, second_factors(facts.pool, user));
        let preferred = user.mfa.preferred.filter(|factor| seconds.contains(factor));
        Ok(Some(match (preferred, &seconds[..]) {
            (Some(factor), _) => mfa_challenge(factor, user)?,
            (None, [only]) => mfa_challenge(*only, user)?,
            (None, []) => Challenge::Select { factors: self.choices(facts, user)? },
            (None, _) => Challenge::SelectMfa { factors: seconds },
        }))
    }

    /// Of the second factors that a sign-in must have anyway, those that lead to the wished level, where there are such.
    /// D: the wish may choose among them, and never spares one.
    pub(super) fn second_toward_target(
        &self,
        facts: &Facts<'_>,
        user: &User,
        next: NextFactor,
    ) -> NextFactor {
        let is_asked = matches!(next, NextFactor::Challenge(_) | NextFactor::Select(_));
        let (Ok(Some(goal)), true) = (self.goal(facts, user), is_asked) else { return next };
        let active = mfa::active(user).into_iter().filter(|factor| mfa::is_offered(facts.pool, *factor));
        match (&next, &self.leading(goal, active.collect())[..]) {
            (_, []) => next,
            (NextFactor::Challenge(factor), leading) if leading.contains(factor) => next,
            (_, [only]) => NextFactor::Challenge(*only),
            (_, several) => NextFactor::Select(several.to_vec()),
        }
    }

    /// Those of the factors that reach the level together with what was done.
    fn leading(&self, goal: u8, mut factors: Vec<MfaFactor>) -> Vec<MfaFactor> {
        let done = self.methods();
        factors.retain(|factor| level(&[&done[..], &[Method::of_code(*factor)]].concat()) >= goal);
        factors
    }

    /// What the tokens say of the sign-in: the level's name where one was wished for, and the methods.
    ///
    /// # Errors
    /// InvalidParameterException where no wished level is reached. D: all or nothing.
    pub(super) fn assurance(&self, pool: &Pool) -> Result<(Option<String>, Vec<Method>)> {
        let methods = self.methods();
        let Some(target) = &self.target else { return Ok((None, methods)) };
        let reached = level(&methods);
        if target.wished.iter().all(|wished| reached < *wished) {
            return Err(fault::acr_values_unreachable());
        }
        Ok((Some(pool.acr_name(reached).to_owned()), methods))
    }
}

/// The methods that the user has at hand.
fn owned(facts: &Facts<'_>, user: &User) -> Vec<Method> {
    let first = available(facts.pool, user, facts.has_passkey).into_iter().map(Method::of_choice);
    first.chain(second_factors(facts.pool, user).into_iter().map(Method::of_code)).collect()
}

/// The second factors that a step up may ask for. D: what the user has already; none is set up for it.
fn second_factors(pool: &Pool, user: &User) -> Vec<MfaFactor> {
    let is_allowed = |factor| allowed(pool).iter().any(|first| first.code_factor() == Some(factor));
    let has = |factor: &MfaFactor| match factor {
        MfaFactor::SoftwareToken => mfa::is_offered(pool, *factor) && mfa::is_possible(user, *factor),
        MfaFactor::Sms | MfaFactor::Email => {
            (mfa::is_offered(pool, *factor) || is_allowed(*factor))
                && mfa::is_possible(user, *factor)
                && user.is_verified(factor_attribute(*factor))
        }
    };
    [MfaFactor::SoftwareToken, MfaFactor::Email, MfaFactor::Sms].into_iter().filter(has).collect()
}

/// Whether this method, new beside those that were done, reaches the level or does so with one more that is at hand.
fn leads(goal: u8, done: &[Method], method: Method, owned: &[Method]) -> bool {
    let with = |more: &[Method]| level(&[done, &[method], more].concat()) >= goal;
    !done.contains(&method) && (with(&[]) || owned.iter().any(|next| with(&[*next])))
}

#[cfg(test)]
mod tests {
    use super::{Method::*, *};

    #[test]
    fn the_levels_are_the_guides() {
        for (methods, expected) in [
            (&[][..], 0),
            (&[Password], 1),
            (&[Sms], 2),
            (&[Email], 2),
            (&[Totp], 0),
            (&[PlatformPasskey], 3),
            (&[RoamingPasskey], 3),
            (&[Password, Sms], 3),
            (&[Email, Password], 3),
            (&[Password, Totp], 4),
            (&[Password, Totp, Sms, PlatformPasskey], 4),
            (&[Email, Totp], 2),
        ] {
            assert_eq!(level(methods), expected, "{methods:?}");
        }
        assert_eq!(amr(&[Password]), ["pwd"]);
        assert_eq!(amr(&[Password, Totp]), ["pwd", "otp", "mfa"]);
    }
}
