//! The machine: what is checked when an answer comes in, and what follows.

use super::{
    Awaited, Challenge, Factor, Facts, Flow, Input, Outcome, SignIn, Step, Waiting,
    checks::{
        check_address, check_enabled, check_may_prove, check_status, check_temporary_age, mfa_challenge,
        password_mark, take_code, take_new_password, totp_fault,
    },
    choice::{self, FirstFactor},
    device,
    mfa::{self, NextFactor},
};
use crate::{
    Result, fault,
    user::{MfaFactor, User},
};
use spec::cognito_idp::UserStatusType;

/// The choice of a code to this factor's address.
const fn chosen_by(factor: MfaFactor) -> FirstFactor {
    match factor {
        MfaFactor::Email => FirstFactor::EmailOtp,
        MfaFactor::Sms | MfaFactor::SoftwareToken => FirstFactor::SmsOtp,
    }
}

impl SignIn {
    /// Checks what came back against what was asked, and decides what follows.
    ///
    /// # Errors
    /// The refusal to answer with. Nothing is stored then but what counts failures.
    pub fn advance(mut self, facts: &Facts<'_>, user: User, input: Input) -> Result<Outcome> {
        check_enabled(&user)?;
        let waiting = std::mem::replace(&mut self.waiting, Waiting::Start);
        self.check_credit(&user)?;
        if waiting != Waiting::Start {
            self.check_still_good(&user)?;
        }
        match (waiting, input) {
            (Waiting::Start, input) => self.start(facts, user, input),
            (Waiting::Answer(challenge), input) => self.answer(facts, user, challenge, input),
            (Waiting::Reply(awaited), Input::Reply(reply)) => self.take_reply(facts, user, awaited, reply),
            _ => Err(fault::session_invalid()),
        }
    }

    /// The first proof or, where functions or the user lead, the first question.
    fn start(self, facts: &Facts<'_>, user: User, input: Input) -> Result<Outcome> {
        if !self.passed.is_empty() {
            return Err(fault::session_invalid());
        }
        match (self.flow, input) {
            (Flow::Password, Input::Password) => self.take_password(facts, user),
            (Flow::Custom, Input::Begin) => {
                check_status(&user)?;
                self.next(facts, user)
            }
            (Flow::Choice, Input::Choose(preferred)) => {
                self.check_target(facts, &user)?;
                self.choose(facts, user, preferred)
            }
            (Flow::Choice, Input::Password) => {
                self.check_target(facts, &user)?;
                self.take_chosen_password(facts, user)
            }
            _ => Err(fault::session_invalid()),
        }
    }

    fn answer(
        mut self,
        facts: &Facts<'_>,
        mut user: User,
        challenge: Challenge,
        input: Input,
    ) -> Result<Outcome> {
        match (challenge, input) {
            (Challenge::Select { factors }, Input::Choose(Some(chosen))) if factors.contains(&chosen) => {
                self.choose(facts, user, Some(chosen))
            }
            (Challenge::Select { factors }, Input::Password) if factors.contains(&FirstFactor::Password) => {
                self.take_chosen_password(facts, user)
            }
            (Challenge::PasswordVerifier, Input::Password) if self.flow == Flow::Choice => {
                self.take_chosen_password(facts, user)
            }
            (Challenge::PasswordVerifier, Input::Password) => {
                self.note("PASSWORD_VERIFIER", true, None);
                self.take_password(facts, user)
            }
            (Challenge::Custom(question), Input::Answer(answer)) => {
                Ok(Outcome { step: self.invoke(Awaited::Verify { question, answer }), user })
            }
            (Challenge::SelectMfa { factors }, Input::Choice(factor)) if factors.contains(&factor) => {
                Ok(Outcome { step: self.ask(mfa_challenge(factor, &user)?), user })
            }
            (Challenge::MfaSetup { factors, totp }, input) => self.set_up(facts, factors, totp, user, input),
            (Challenge::DeviceSrp, Input::DeviceBegins) => {
                facts.device.ok_or_else(fault::device_does_not_exist)?;
                self.note("DEVICE_SRP_AUTH", true, None);
                Ok(Outcome { step: self.ask(Challenge::DevicePasswordVerifier), user })
            }
            (challenge, input) => {
                self.prove(facts, &mut user, challenge, input)?;
                self.next(facts, user)
            }
        }
    }

    /// Takes a proof.
    fn prove(
        &mut self,
        facts: &Facts<'_>,
        user: &mut User,
        challenge: Challenge,
        input: Input,
    ) -> Result<()> {
        match (challenge, input) {
            (Challenge::NewPasswordRequired, Input::NewPassword { password, attributes }) => {
                take_new_password(user, *password, attributes)?;
                self.passed.push(Factor::NewPassword);
                self.password = self.password.is_some().then(|| password_mark(user)).flatten();
            }
            // A code to nobody is never right.
            (Challenge::Code { .. }, Input::Code { .. }) if self.nobody.is_some() => {
                return Err(fault::challenge_code_mismatch());
            }
            (
                Challenge::Code { factor, to, registers, chosen, .. },
                Input::Code { factor: answered, matches },
            ) if factor == answered => {
                check_address(facts.pool, user, factor, &to, registers)?;
                if !matches {
                    return Err(fault::challenge_code_mismatch());
                }
                if chosen {
                    self.take_chosen_code(facts, user, factor)?;
                } else {
                    self.take(factor);
                }
                take_code(user, factor, &to, registers);
            }
            (Challenge::Passkey { .. }, Input::Passkey { user_verified, roaming }) => {
                self.check_chosen(facts, user, FirstFactor::WebAuthn)?;
                self.passed.push(Factor::Passkey { user_verified, roaming });
            }
            (Challenge::SoftwareToken, Input::SoftwareToken(result)) => {
                let step = result.map_err(totp_fault)?;
                let totp = user.mfa.totp.as_mut().ok_or_else(fault::challenge_code_mismatch)?;
                totp.last_step = Some(step);
                self.take(MfaFactor::SoftwareToken);
            }
            (Challenge::DevicePasswordVerifier, Input::DeviceProved) => {
                facts.device.ok_or_else(fault::device_does_not_exist)?;
                self.note("DEVICE_PASSWORD_VERIFIER", true, None);
                self.passed.push(Factor::Device);
            }
            // The Session of a sign-up that is not confirmed proves nothing.
            (Challenge::SignedUp, Input::SignedUp) => {
                let signed_up = self.passed.iter().find_map(|factor| match factor {
                    Factor::SignUp(factor) => Some(*factor),
                    _ => None,
                });
                check_status(user)?;
                self.check_chosen(facts, user, chosen_by(signed_up.ok_or_else(fault::session_invalid)?))?;
            }
            _ => return Err(fault::session_invalid()),
        }
        Ok(())
    }

    fn take_password(mut self, facts: &Facts<'_>, user: User) -> Result<Outcome> {
        check_status(&user)?;
        self.passed.push(Factor::Password);
        self.password = password_mark(&user);
        self.next(facts, user)
    }

    fn take_chosen_password(self, facts: &Facts<'_>, user: User) -> Result<Outcome> {
        self.check_chosen(facts, &user, FirstFactor::Password)?;
        self.take_password(facts, user)
    }

    /// A choice counts where it is one still: the pool or the user may have changed since.
    fn check_chosen(&self, facts: &Facts<'_>, user: &User, chosen: FirstFactor) -> Result<()> {
        if self.nobody.is_none() && self.choices(facts, user)?.contains(&chosen) {
            return Ok(());
        }
        Err(fault::incorrect_username_or_password().because("the choice is none of the user's by now"))
    }

    /// A chosen code confirms who signed up. D. It comes before the code proves its address: what it proves must not be
    /// what makes it a choice.
    fn take_chosen_code(&mut self, facts: &Facts<'_>, user: &mut User, factor: MfaFactor) -> Result<()> {
        self.check_chosen(facts, user, chosen_by(factor))?;
        if user.status == UserStatusType::Unconfirmed {
            user.status = UserStatusType::Confirmed;
            // Whoever signed up with the address of somebody else knows this password.
            user.password = None;
        }
        self.passed.push(Factor::Code(factor));
        Ok(())
    }

    pub(super) fn take(&mut self, factor: MfaFactor) {
        self.passed.push(Factor::Mfa(factor));
        self.note(factor.as_str(), true, None);
    }

    /// What follows after what has been proved; the only place that lets a sign-in end.
    pub(super) fn next(self, facts: &Facts<'_>, user: User) -> Result<Outcome> {
        let is_led_without_password = self.flow == Flow::Custom && !self.passed.contains(&Factor::Password);
        if !is_led_without_password && let Some(challenge) = self.outstanding(facts, &user)? {
            return Ok(Outcome { step: self.ask(challenge), user });
        }
        if self.flow == Flow::Custom && !self.passed.contains(&Factor::Custom) {
            return Ok(Outcome { step: self.invoke(Awaited::Define), user });
        }
        // Unverified: that a custom sign-in without a password ends so for a user with a temporary one.
        if self.owes_new_password(&user) {
            return Ok(Outcome { step: self.ask(Challenge::NewPasswordRequired), user });
        }
        if let Some(challenge) = self.device_challenge(facts) {
            return Ok(Outcome { step: self.ask(challenge), user });
        }
        self.finish(facts, user)
    }

    /// What a first factor alone does not suffice for. D: in custom sign-ins that begin with a password too, before their
    /// functions are asked again.
    fn outstanding(&self, facts: &Facts<'_>, user: &User) -> Result<Option<Challenge>> {
        if self.owes_new_password(user) {
            check_temporary_age(facts, user)?;
            return Ok(Some(Challenge::NewPasswordRequired));
        }
        // A code that a wished level asked for is none of the factors that the user has turned on.
        let has_second = self
            .passed
            .iter()
            .any(|f| matches!(f, Factor::Mfa(factor) if mfa::rests_on(facts.pool, user, *factor)));
        if !has_second
            && !self.passkey_suffices(facts, user)
            && !self.credit_suffices()
            && let Some(challenge) = self.second_factor(facts, user)?
        {
            return Ok(Some(challenge));
        }
        self.for_target(facts, user)
    }

    /// Whether a passkey was both factors. D
    fn passkey_suffices(&self, facts: &Facts<'_>, user: &User) -> bool {
        let verified = |f: &Factor| matches!(f, Factor::Passkey { user_verified: true, .. });
        self.passed.iter().any(verified) && choice::passkey_is_both(facts.pool, user)
    }

    fn second_factor(&self, facts: &Facts<'_>, user: &User) -> Result<Option<Challenge>> {
        let next = mfa::decide(facts.pool, user);
        if next == NextFactor::None || self.device_replaces_second_factor(facts) {
            return Ok(None);
        }
        if device::replaces_second_factor(facts.pool)
            && let Some(challenge) = self.device_challenge(facts)
        {
            return Ok(Some(challenge));
        }
        Ok(match self.second_toward_target(facts, user, next) {
            NextFactor::None => None,
            NextFactor::Challenge(factor) => Some(mfa_challenge(factor, user)?),
            NextFactor::Select(factors) => Some(Challenge::SelectMfa { factors }),
            NextFactor::SetUp(factors) => Some(Challenge::MfaSetup { factors, totp: None }),
        })
    }

    fn owes_new_password(&self, user: &User) -> bool {
        user.status == UserStatusType::ForceChangePassword && !self.passed.contains(&Factor::NewPassword)
    }

    /// Between two steps the password may be replaced or reset; what was proved by the old one is worth nothing then.
    fn check_still_good(&self, user: &User) -> Result<()> {
        if self.passed.contains(&Factor::Password) {
            check_status(user)?;
        }
        check_may_prove(user, self.flow)?;
        if self.passed.contains(&Factor::Password) && self.password != password_mark(user) {
            return Err(fault::session_invalid().because("the password was changed since"));
        }
        Ok(())
    }

    pub(super) fn ask(mut self, challenge: Challenge) -> Step {
        self.waiting = Waiting::Answer(challenge);
        Step::Ask(Box::new(self))
    }
}
