//! What becomes of a stranger's request for a code: for whom one is sent, and where it is only said so.

use super::recipients::{self, Recipient};
use crate::{
    Fault, Result, fault,
    pool::{Client, Pool},
    user::User,
};
use spec::cognito_idp::UserStatusType;

/// What a stranger may ask a code for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requested {
    /// To confirm a sign-up.
    SignUp,
    /// To set a new password.
    PasswordReset,
}

/// The answer to such a request.
#[derive(Debug)]
pub enum Answer {
    /// A code goes there.
    Send(Recipient),
    /// It is said that one goes there.
    Pretend(Recipient),
    /// It is refused.
    Refuse(Fault),
}

impl Answer {
    /// Where the code goes, or seems to.
    pub fn recipient(&self) -> Option<&Recipient> {
        match self {
            Answer::Send(recipient) | Answer::Pretend(recipient) => Some(recipient),
            Answer::Refuse(_) => None,
        }
    }
}

/// Decides by what is known of the typed name. `simulated` is what a name that nobody has is answered, where the client
/// hides who exists.
pub fn answer(
    requested: Requested,
    pool: &Pool,
    client: &Client,
    user: Option<&User>,
    typed_name: &str,
    simulated: Option<&Recipient>,
) -> Answer {
    let unknown = || Answer::Refuse(fault::username_client_combination_not_found());
    let pretend = || simulated.map_or_else(unknown, |simulated| Answer::Pretend(simulated.clone()));
    let Some(user) = user else { return pretend() };
    match real_recipient(requested, pool, user) {
        Ok(recipient) => Answer::Send(recipient),
        Err(refusal) if client.hides_users() && !may_be_told(requested, pool, user, typed_name, &refusal) => {
            pretend()
        }
        Err(refusal) => Answer::Refuse(refusal),
    }
}

/// Where the user's code really goes.
fn real_recipient(requested: Requested, pool: &Pool, user: &User) -> Result<Recipient> {
    if !user.enabled {
        return Err(fault::user_is_disabled());
    }
    match requested {
        Requested::SignUp if user.status != UserStatusType::Unconfirmed => Err(fault::already_confirmed()),
        Requested::SignUp => recipients::sign_up(pool, user).ok_or_else(fault::cannot_resend_codes),
        Requested::PasswordReset => reset_recipient(pool, user),
    }
}

/// Where the code of a reset goes.
///
/// # Errors
/// As [`check_resettable`], and InvalidParameterException when no address qualifies.
pub fn reset_recipient(pool: &Pool, user: &User) -> Result<Recipient> {
    check_resettable(user)?;
    recipients::recovery(pool, user)
}

/// Whose password can be reset: users who have proved themselves once. Unverified: the answer for the others
/// but FORCE_CHANGE_PASSWORD.
///
/// # Errors
/// InvalidParameterException for who has no verified address yet, NotAuthorizedException for an invited user.
pub fn check_resettable(user: &User) -> Result<()> {
    match user.status {
        UserStatusType::Confirmed | UserStatusType::ResetRequired | UserStatusType::Compromised => Ok(()),
        UserStatusType::Unconfirmed => Err(fault::no_verified_channel()),
        _ => Err(fault::password_cannot_be_reset()),
    }
}

/// Whether a refusal may be told to anybody in spite of PreventUserExistenceErrors.
fn may_be_told(requested: Requested, pool: &Pool, user: &User, typed_name: &str, refusal: &Fault) -> bool {
    match requested {
        Requested::SignUp => {
            user.enabled
                && user.status != UserStatusType::Unconfirmed
                && is_told_by_sign_up(pool, user, typed_name)
        }
        // Only an administrator may reset, whoever it is.
        Requested::PasswordReset => refusal.message == fault::contact_administrator().message,
    }
}

/// Whether SignUp tells anybody that this name is taken: it does of user names, and of the addresses that are names.
/// Of an alias or a sub it says nothing.
pub fn is_told_by_sign_up(pool: &Pool, user: &User, typed_name: &str) -> bool {
    let typed = pool.fold_name(typed_name);
    // The first of the names is the user name, which is the sub where addresses are the names.
    let names = user.sign_in_names(pool);
    let told = if pool.has_username_attributes() { &names[1..] } else { &names[..1] };
    told.contains(&typed)
}
