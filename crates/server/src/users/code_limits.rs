//! How often a user may ask for codes, guess at them, and guess at the present password, within an hour.

use super::codes::{CodeOwner, Committed};
use crate::app::App;
use rules::{HOUR, Millis, Result, fault};
use store::{
    Tx,
    attempts::{self, Attempts},
};

/// What a user may do only so often within an hour. The numbers are documented; of the 5 to 20 requests and
/// confirmations of a reset together, by risk, we let 5 and 15 pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Guesses of a sign-up's code.
    ConfirmSignUp,
    /// Guesses of an address's code.
    VerifyUserAttribute,
    /// Guesses of a reset's code.
    ConfirmForgotPassword,
    /// Requests of another sign-up code.
    ResendConfirmationCode,
    /// Requests of an address's code.
    GetUserAttributeVerificationCode,
    /// Changes of one's address that send a code to the new one.
    UpdateUserAttributes,
    /// Requests of a reset's code.
    ForgotPassword,
    /// Guesses of the present password by who holds an access token.
    ChangePassword,
    /// Codes of second factors that are sent.
    SecondFactorMessages,
    /// Wrong guesses at the codes that prove one address, whichever users they are of.
    WrongGuessesAtAddress,
    /// Codes that are a proof of their own and are sent.
    ChosenCodeMessages,
    /// Sign-ins that one network begins and that are stored before anything is proved.
    UnprovedSignIns,
}

impl Limit {
    const fn name_and_hourly(self) -> (&'static str, i64) {
        match self {
            Limit::ConfirmSignUp => ("ConfirmSignUp", 15),
            Limit::VerifyUserAttribute => ("VerifyUserAttribute", 15),
            Limit::ConfirmForgotPassword => ("ConfirmForgotPassword", 15),
            Limit::ResendConfirmationCode => ("ResendConfirmationCode", 5),
            Limit::GetUserAttributeVerificationCode => ("GetUserAttributeVerificationCode", 5),
            // Unverified: the number.
            Limit::UpdateUserAttributes => ("UpdateUserAttributes", 10),
            Limit::ForgotPassword => ("ForgotPassword", 5),
            Limit::ChangePassword => ("ChangePassword", 5),
            Limit::SecondFactorMessages => ("second-factor-messages", 20),
            Limit::WrongGuessesAtAddress => ("WrongGuessesAtAddress", 15),
            Limit::ChosenCodeMessages => ("chosen-code-messages", 20),
            // The name is from the time when custom sign-ins alone were counted.
            Limit::UnprovedSignIns => ("CustomSignIns", 3_000),
        }
    }
}

/// Counts one request or guess.
///
/// # Errors
/// In the verdict: LimitExceededException when the hour's number is used up.
pub fn count(app: &App, tx: &mut Tx<'_>, limit: Limit, owner: &CodeOwner, now: Millis) -> Committed<()> {
    let id = attempts_id(app, limit, owner);
    let Some(counted) = next(attempts::get(tx, &id)?, limit, now) else {
        return Ok(Err(fault::attempt_limit_exceeded()));
    };
    attempts::set(tx, &id, counted)?;
    Ok(Ok(()))
}

/// Whether the hour's number is used up; nothing is counted.
pub fn is_used_up(app: &App, tx: &mut Tx<'_>, limit: Limit, owner: &CodeOwner, now: Millis) -> Result<bool> {
    Ok(next(attempts::get(tx, &attempts_id(app, limit, owner))?, limit, now).is_none())
}

/// Forgets what was counted, after a success.
pub fn forget(app: &App, tx: &mut Tx<'_>, limit: Limit, owner: &CodeOwner) -> Result<()> {
    Ok(attempts::delete(tx, &attempts_id(app, limit, owner))?)
}

/// The counter after one more; none when the limit is reached. The hour begins with the first of a series.
fn next(counted: Attempts, limit: Limit, now: Millis) -> Option<Attempts> {
    if counted.count == 0 || now - counted.first_at >= HOUR {
        return Some(Attempts { count: 1, first_at: now, last_at: now });
    }
    let (_, hourly) = limit.name_and_hourly();
    (counted.count < hourly).then(|| Attempts { count: counted.count + 1, last_at: now, ..counted })
}

fn attempts_id(app: &App, limit: Limit, owner: &CodeOwner) -> [u8; 32] {
    let [pool_id, kind, id] = owner.parts();
    app.vault.mac("attempts", &[limit.name_and_hourly().0, pool_id, kind, id])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_begins_with_its_first_attempt() {
        let mut counted = Attempts::default();
        for now in [1_000, 2_000, 3_000, 4_000, 5_000] {
            counted = next(counted, Limit::ChangePassword, now).unwrap();
        }
        assert_eq!(counted, Attempts { count: 5, first_at: 1_000, last_at: 5_000 });
        assert_eq!(next(counted, Limit::ChangePassword, 1_000 + HOUR - 1), None);
        let fresh = next(counted, Limit::ChangePassword, 1_000 + HOUR).unwrap();
        assert_eq!(fresh, Attempts { count: 1, first_at: 1_000 + HOUR, last_at: 1_000 + HOUR });
    }
}
