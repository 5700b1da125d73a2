//! Sign-ins that functions lead, and the functions that stand between the last proof and the tokens.

use super::{Awaited, Challenge, Ending, Factor, Facts, Flow, Outcome, Reply, SignIn, Step, Waiting};
use crate::{
    Fault, Result, fault,
    tokens::customization::Customization,
    triggers::{
        Source, Trigger,
        challenges::{Next, Round},
    },
    user::User,
};

/// How many questions of functions a sign-in may have, whatever they say.
pub const ROUNDS_MAX: usize = 32;

const CUSTOM_CHALLENGE: &str = "CUSTOM_CHALLENGE";

/// The first round of a sign-in that begins with SRP.
pub const SRP_A: &str = "SRP_A";

impl SignIn {
    /// Takes a function's reply.
    pub(super) fn take_reply(
        mut self,
        facts: &Facts<'_>,
        user: User,
        awaited: Awaited,
        reply: Reply,
    ) -> Result<Outcome> {
        let step = match (awaited, reply) {
            (Awaited::Define, Reply::Next(next)) => return self.take_next(facts, user, next),
            (Awaited::Create, Reply::Question(question)) => self.ask(Challenge::Custom(question)),
            (Awaited::Verify { question, .. }, Reply::Verdict(is_right)) => {
                self.note(CUSTOM_CHALLENGE, is_right, question.metadata);
                self.invoke(Awaited::Define)
            }
            (Awaited::PostAuthentication, Reply::Accepted) => self.end_in_tokens(facts)?,
            (Awaited::PreTokenGeneration, Reply::Tokens(customization)) => {
                self.end(facts, Some(customization))?
            }
            _ => return Err(Fault::internal("a reply of another function than was asked")),
        };
        Ok(Outcome { step, user })
    }

    fn take_next(mut self, facts: &Facts<'_>, user: User, next: Next) -> Result<Outcome> {
        let refused = fault::incorrect_username_or_password;
        let step = match next {
            Next::Fail => return Err(refused().because("DefineAuthChallenge ended the sign-in")),
            Next::IssueTokens => {
                self.passed.push(Factor::Custom);
                return self.next(facts, user);
            }
            Next::Custom if self.custom_rounds() >= ROUNDS_MAX => {
                return Err(refused().because("the sign-in has as many rounds as one may have"));
            }
            Next::Custom => self.invoke(Awaited::Create),
            Next::PasswordVerifier if matches!(&self.rounds[..], [only] if only.challenge_name == SRP_A) => {
                self.ask(Challenge::PasswordVerifier)
            }
            Next::PasswordVerifier => {
                let reason =
                    "DefineAuthChallenge asked for PASSWORD_VERIFIER where SRP_A is not the only round";
                return Err(fault::lambda_output_unrecognizable().because(reason));
            }
        };
        Ok(Outcome { step, user })
    }

    fn custom_rounds(&self) -> usize {
        self.rounds.iter().filter(|round| round.challenge_name == CUSTOM_CHALLENGE).count()
    }

    /// Everything is proved. This is the only way to tokens; a sign-in under a name that no user has ends here.
    pub(super) fn finish(self, facts: &Facts<'_>, user: User) -> Result<Outcome> {
        if self.nobody.is_some() {
            return Err(fault::incorrect_username_or_password().because("no user has the name"));
        }
        let step = if Trigger::PostAuthentication.is_configured(facts.pool) {
            self.invoke(Awaited::PostAuthentication)
        } else {
            self.end_in_tokens(facts)?
        };
        Ok(Outcome { step, user })
    }

    fn end_in_tokens(self, facts: &Facts<'_>) -> Result<Step> {
        if Trigger::PreTokenGeneration.is_configured(facts.pool) {
            Ok(self.invoke(Awaited::PreTokenGeneration))
        } else {
            self.end(facts, None)
        }
    }

    fn end(self, facts: &Facts<'_>, customization: Option<Box<Customization>>) -> Result<Step> {
        let (acr, methods) = self.assurance(facts.pool)?;
        Ok(Step::Done(Box::new(Ending { customization, device: self.device, acr, methods })))
    }

    pub(super) fn invoke(mut self, awaited: Awaited) -> Step {
        self.waiting = Waiting::Reply(awaited);
        Step::Invoke(Box::new(self))
    }

    /// Notes a round for the functions that lead the sign-in. Unverified: that a new password is no round.
    pub(super) fn note(&mut self, name: &str, is_right: bool, metadata: Option<String>) {
        if self.flow == Flow::Custom {
            self.rounds.push(Round {
                challenge_name: name.to_owned(),
                challenge_result: is_right,
                challenge_metadata: metadata,
            });
        }
    }

    /// For what the function of the tokens is told that it runs.
    pub fn token_source(&self) -> Source {
        if self.passed.contains(&Factor::NewPassword) {
            Source::TokensOfNewPassword
        } else if self.passed.contains(&Factor::Device) {
            Source::TokensOfDevice
        } else {
            Source::Tokens
        }
    }
}
