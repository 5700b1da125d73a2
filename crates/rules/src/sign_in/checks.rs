//! What is checked, and what is done to the user, when an answer comes in.

use super::{Challenge, Facts, Flow, setup::check_sets_up, totp};
use crate::{
    DAY, Result, fault,
    pool::Pool,
    user::{MfaFactor, Password, User},
};
use spec::cognito_idp::UserStatusType;
use std::collections::BTreeMap;

/// A disabled user is refused at every step.
pub fn check_enabled(user: &User) -> Result<()> {
    if user.enabled { Ok(()) } else { Err(fault::user_is_disabled()) }
}

/// Who may sign in, whatever was proved. Unverified: that a password which must be reset ends custom sign-ins too.
pub fn check_status(user: &User) -> Result<()> {
    match user.status {
        UserStatusType::Confirmed | UserStatusType::ForceChangePassword => Ok(()),
        UserStatusType::Unconfirmed => Err(fault::user_is_not_confirmed()),
        UserStatusType::ResetRequired => Err(fault::password_reset_required()),
        // The others belong to another provider, or to nobody any more.
        _ => Err(fault::incorrect_username_or_password()),
    }
}

/// Who may go on with a sign-in. In one by choice the password may be owed, or the confirmation that a code is: what they
/// forbid is looked at when the password is proved.
pub(super) fn check_may_prove(user: &User, flow: Flow) -> Result<()> {
    match (flow, user.status) {
        (Flow::Choice, UserStatusType::Unconfirmed | UserStatusType::ResetRequired) => Ok(()),
        _ => check_status(user),
    }
}

pub(super) fn password_mark(user: &User) -> Option<String> {
    user.password.as_ref().map(|password| password.srp_salt.clone())
}

/// A code counts only where it went to an address that is the user's, or becomes it as the first factor.
pub(super) fn check_address(
    pool: &Pool,
    user: &User,
    factor: MfaFactor,
    to: &str,
    registers: bool,
) -> Result<()> {
    if registers {
        return check_sets_up(pool, user);
    }
    match user.attribute(factor_attribute(factor)) {
        Some(present) if present == to => Ok(()),
        _ => Err(fault::session_invalid().because("the address was changed since")),
    }
}

pub(super) fn check_temporary_age(facts: &Facts<'_>, user: &User) -> Result<()> {
    let set_at = user.password.as_ref().map_or(0, |p| p.set_at);
    let ends_at = set_at + facts.pool.temporary_password_days() * DAY;
    if facts.now < ends_at { Ok(()) } else { Err(fault::temporary_password_expired()) }
}

pub(super) fn take_new_password(
    user: &mut User,
    password: Password,
    attributes: BTreeMap<String, String>,
) -> Result<()> {
    // Pasted in public issues: what the user has already cannot be changed in this step.
    if let Some(name) = attributes.keys().find(|name| user.attributes.contains_key(*name)) {
        return Err(fault::cannot_modify_provided(name));
    }
    for address in ["email", "phone_number"].into_iter().filter(|a| attributes.contains_key(*a)) {
        user.set_verified(address, false);
    }
    user.attributes.extend(attributes);
    user.password = Some(password);
    user.status = UserStatusType::Confirmed;
    Ok(())
}

/// A right code proves the address that it went to, as far as it still is the user's.
pub(super) fn take_code(user: &mut User, factor: MfaFactor, to: &str, registers: bool) {
    let attribute = factor_attribute(factor);
    if registers && !user.attributes.contains_key(attribute) {
        user.attributes.insert(attribute.to_owned(), to.to_owned());
        user.mfa.email |= factor == MfaFactor::Email;
        user.mfa.sms |= factor == MfaFactor::Sms;
    }
    if user.attribute(attribute) == Some(to) {
        user.set_verified(attribute, true);
    }
}

/// The attribute that holds a factor's address.
pub const fn factor_attribute(factor: MfaFactor) -> &'static str {
    match factor {
        MfaFactor::Email => "email",
        MfaFactor::Sms | MfaFactor::SoftwareToken => "phone_number",
    }
}

pub(super) fn mfa_challenge(factor: MfaFactor, user: &User) -> Result<Challenge> {
    if factor == MfaFactor::SoftwareToken {
        return Ok(Challenge::SoftwareToken);
    }
    let to = user.attribute(factor_attribute(factor)).ok_or_else(fault::session_invalid)?.to_owned();
    Ok(Challenge::Code { factor, code: Vec::new(), to, registers: false, chosen: false })
}

pub(super) fn totp_fault(refusal: totp::Refusal) -> fault::Fault {
    match refusal {
        totp::Refusal::Mismatch => fault::challenge_code_mismatch(),
        totp::Refusal::AlreadyUsed => fault::totp_used(),
    }
}
