//! A second factor that is set up during a sign-in.

use super::{
    Challenge, Facts, Input, Outcome, SignIn,
    mfa::{self, NextFactor},
};
use crate::{
    Result, fault,
    pool::Pool,
    user::{MfaFactor, Totp, User, attributes},
};
use spec::cognito_idp::AttributeType;

impl SignIn {
    /// Setting up a factor runs over several requests, each with a session of its own.
    pub(super) fn set_up(
        mut self,
        facts: &Facts<'_>,
        factors: Vec<MfaFactor>,
        totp: Option<Totp>,
        mut user: User,
        input: Input,
    ) -> Result<Outcome> {
        let again = |factors, totp| Challenge::MfaSetup { factors, totp };
        match &totp {
            // What was set up here must still be what the user has.
            Some(proved) if proved.verified => check_is_users(&user, proved)?,
            _ => check_sets_up(facts.pool, &user)?,
        }
        match (totp, input) {
            (None | Some(Totp { verified: false, .. }), Input::SetupStarted(secret))
                if factors.contains(&MfaFactor::SoftwareToken) =>
            {
                let totp = Totp { secret, verified: false, last_step: None, device_name: None };
                Ok(Outcome { step: self.ask(again(factors, Some(totp))), user })
            }
            (Some(totp), Input::SetupProved { step, device_name }) if !totp.verified => {
                let totp = Totp { verified: true, last_step: Some(step), device_name, ..totp };
                // Proving it activates it, even if the client never answers MFA_SETUP. Seen in captures.
                user.mfa.totp = Some(totp.clone());
                user.mfa.software_token = true;
                user.mfa.preferred = user.mfa.preferred.or(Some(MfaFactor::SoftwareToken));
                Ok(Outcome { step: self.ask(again(factors, Some(totp))), user })
            }
            (Some(totp), Input::SetupDone { email: None }) if totp.verified => {
                self.take(MfaFactor::SoftwareToken);
                self.next(facts, user)
            }
            (None | Some(Totp { verified: false, .. }), Input::SetupDone { email: Some(to) })
                if factors.contains(&MfaFactor::Email) =>
            {
                check_may_register(facts, &to)?;
                let factor = MfaFactor::Email;
                let code = Challenge::Code { factor, code: Vec::new(), to, registers: true, chosen: false };
                Ok(Outcome { step: self.ask(code), user })
            }
            _ => Err(fault::session_invalid()),
        }
    }
}

/// Setting up is for who has no factor: otherwise a session that was kept would replace the one that the user has
/// set up since.
pub(super) fn check_sets_up(pool: &Pool, user: &User) -> Result<()> {
    match mfa::decide(pool, user) {
        NextFactor::SetUp(_) => Ok(()),
        _ => Err(fault::session_invalid().because("the user has a factor by now")),
    }
}

fn check_is_users(user: &User, totp: &Totp) -> Result<()> {
    match &user.mfa.totp {
        Some(present) if present.secret == totp.secret => Ok(()),
        _ => Err(fault::session_invalid().because("the user has another authenticator app by now")),
    }
}

/// An address that is registered during a sign-in is an attribute that the client writes for its user.
fn check_may_register(facts: &Facts<'_>, email: &str) -> Result<()> {
    let address = AttributeType { name: "email".to_owned(), value: Some(email.to_owned()) };
    attributes::check_completion(facts.pool, facts.client, &[address]).map(drop)
}
