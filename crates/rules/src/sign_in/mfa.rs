//! Which second factor follows the first.

use crate::{
    pool::Pool,
    user::{MfaFactor, User},
};
use spec::cognito_idp::UserPoolMfaType;

/// What follows the first factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextFactor {
    /// Nothing: tokens.
    None,
    /// This factor.
    Challenge(MfaFactor),
    /// One of these, the user says which.
    Select(Vec<MfaFactor>),
    /// One of these must be set up first.
    SetUp(Vec<MfaFactor>),
}

const ALL: [MfaFactor; 3] = [MfaFactor::Sms, MfaFactor::SoftwareToken, MfaFactor::Email];

/// Whether the pool offers this factor.
pub fn is_offered(pool: &Pool, factor: MfaFactor) -> bool {
    match factor {
        MfaFactor::Sms => pool.mfa.sms.is_some() || pool.detail.sms_configuration.is_some(),
        MfaFactor::SoftwareToken => pool.mfa.software_token,
        MfaFactor::Email => pool.mfa.email.is_some(),
    }
}

/// Whether the user has what this factor needs.
pub fn is_possible(user: &User, factor: MfaFactor) -> bool {
    match factor {
        MfaFactor::Sms => user.attribute("phone_number").is_some(),
        MfaFactor::SoftwareToken => user.mfa.totp.as_ref().is_some_and(|t| t.verified),
        MfaFactor::Email => user.attribute("email").is_some(),
    }
}

/// The factors that the user has turned on, in the order in which lists show them.
pub fn active(user: &User) -> Vec<MfaFactor> {
    let on = |factor: &MfaFactor| {
        is_possible(user, *factor)
            && match factor {
                MfaFactor::Sms => user.mfa.sms,
                MfaFactor::SoftwareToken => user.mfa.software_token,
                MfaFactor::Email => user.mfa.email,
            }
    };
    ALL.into_iter().filter(on).collect()
}

/// Whether the user's sign-in takes this factor, or would where it takes one: it was turned on, or it is the address at
/// hand that sign-in falls back on where a factor is required.
pub fn rests_on(pool: &Pool, user: &User, factor: MfaFactor) -> bool {
    if pool.mfa_configuration() == UserPoolMfaType::Off {
        return false;
    }
    active(user).contains(&factor)
        || match decide(pool, user) {
            NextFactor::Challenge(next) => next == factor,
            NextFactor::Select(factors) => factors.contains(&factor),
            NextFactor::None | NextFactor::SetUp(_) => false,
        }
}

/// Decides by the pool's setting and the user's factors.
pub fn decide(pool: &Pool, user: &User) -> NextFactor {
    let mfa = pool.mfa_configuration();
    if mfa == UserPoolMfaType::Off {
        return NextFactor::None;
    }
    let active: Vec<MfaFactor> = active(user).into_iter().filter(|f| is_offered(pool, *f)).collect();
    if let Some(preferred) = user.mfa.preferred.filter(|f| active.contains(f)) {
        return NextFactor::Challenge(preferred);
    }
    match active[..] {
        [] if mfa == UserPoolMfaType::Optional => NextFactor::None,
        [] => required(pool, user),
        [only] => NextFactor::Challenge(only),
        _ => NextFactor::Select(active),
    }
}

/// A required factor that the user has not turned on: an address at hand is used, otherwise one is set up.
fn required(pool: &Pool, user: &User) -> NextFactor {
    let offered: Vec<MfaFactor> = ALL.into_iter().filter(|f| is_offered(pool, *f)).collect();
    match offered.iter().find(|f| is_possible(user, **f)) {
        Some(factor) => NextFactor::Challenge(*factor),
        None => NextFactor::SetUp(offered),
    }
}
