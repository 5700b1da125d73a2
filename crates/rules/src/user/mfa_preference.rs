//! What users and administrators may say about second factors.

use super::{MfaFactor, User};
use crate::{
    Result, fault,
    pool::Pool,
    sign_in::mfa::{active, is_offered, is_possible},
};

/// A wish about one factor; what is none stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// On or off.
    pub enabled: Option<bool>,
    /// Preferred or not.
    pub preferred: Option<bool>,
}

/// Applies wishes to a user's factors, and whether a passkey counts as one.
///
/// # Errors
/// InvalidParameterException when a factor is turned on that the user or the pool does not have, or two are
/// preferred.
pub fn apply(
    pool: &Pool,
    user: &mut User,
    wishes: &[(MfaFactor, Wish)],
    web_authn: Option<bool>,
) -> Result<()> {
    if wishes.iter().filter(|(_, wish)| wish.preferred == Some(true)).count() > 1 {
        return Err(fault::two_preferred_factors());
    }
    for (factor, wish) in wishes {
        apply_one(pool, user, *factor, *wish)?;
    }
    if let Some(counts) = web_authn {
        // D: the pool must take passkeys so, and another factor keeps the user from being shut out.
        let is_possible = pool.takes_passkeys_for_both() && !active(user).is_empty();
        if counts && !is_possible {
            return Err(fault::no_delivery_config("WEB_AUTHN_MFA"));
        }
        user.mfa.web_authn = counts;
    }
    Ok(())
}

fn apply_one(pool: &Pool, user: &mut User, factor: MfaFactor, wish: Wish) -> Result<()> {
    if let Some(enabled) = wish.enabled {
        if enabled && !(is_offered(pool, factor) && is_possible(user, factor)) {
            return Err(fault::no_delivery_config(factor.as_str()));
        }
        *flag(user, factor) = enabled;
        if !enabled && user.mfa.preferred == Some(factor) {
            user.mfa.preferred = None;
        }
    }
    match wish.preferred {
        Some(true) if !*flag(user, factor) => return Err(fault::no_delivery_config(factor.as_str())),
        Some(true) => user.mfa.preferred = Some(factor),
        Some(false) if user.mfa.preferred == Some(factor) => user.mfa.preferred = None,
        _ => {}
    }
    Ok(())
}

fn flag(user: &mut User, factor: MfaFactor) -> &mut bool {
    match factor {
        MfaFactor::Sms => &mut user.mfa.sms,
        MfaFactor::SoftwareToken => &mut user.mfa.software_token,
        MfaFactor::Email => &mut user.mfa.email,
    }
}
