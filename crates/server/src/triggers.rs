//! Lambda triggers. They are not built: an operation whose trigger is configured is refused before it changes
//! anything, because skipping a company's own check would be worse than failing.

use rules::{Fault, Result, messages::Medium, pool::Pool};
use spec::Code;

/// A Lambda called in a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Before a user is made.
    PreSignUp,
    /// After a user or a reset is confirmed.
    PostConfirmation,
    /// Before a proof is looked at.
    PreAuthentication,
    /// After a sign-in.
    PostAuthentication,
    /// Which challenge comes next.
    DefineAuthChallenge,
    /// What the challenge is.
    CreateAuthChallenge,
    /// Whether the answer is right.
    VerifyAuthChallengeResponse,
    /// What tokens say.
    PreTokenGeneration,
    /// A user who may be known elsewhere.
    UserMigration,
    /// What a message says.
    CustomMessage,
    /// Sends e-mails instead of the server.
    CustomEmailSender,
    /// Sends SMS instead of the server.
    CustomSmsSender,
    /// What another provider says of its user.
    InboundFederation,
}

impl Trigger {
    /// The name in error texts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Trigger::PreSignUp => "PreSignUp",
            Trigger::PostConfirmation => "PostConfirmation",
            Trigger::PreAuthentication => "PreAuthentication",
            Trigger::PostAuthentication => "PostAuthentication",
            Trigger::DefineAuthChallenge => "DefineAuthChallenge",
            Trigger::CreateAuthChallenge => "CreateAuthChallenge",
            Trigger::VerifyAuthChallengeResponse => "VerifyAuthChallengeResponse",
            Trigger::PreTokenGeneration => "PreTokenGeneration",
            Trigger::UserMigration => "UserMigration",
            Trigger::CustomMessage => "CustomMessage",
            Trigger::CustomEmailSender => "CustomEmailSender",
            Trigger::CustomSmsSender => "CustomSMSSender",
            Trigger::InboundFederation => "InboundFederation",
        }
    }

    /// Whether the pool names a function for it.
    pub fn is_configured(self, pool: &Pool) -> bool {
        let Some(config) = &pool.detail.lambda_config else { return false };
        match self {
            Trigger::PreSignUp => config.pre_sign_up.is_some(),
            Trigger::PostConfirmation => config.post_confirmation.is_some(),
            Trigger::PreAuthentication => config.pre_authentication.is_some(),
            Trigger::PostAuthentication => config.post_authentication.is_some(),
            Trigger::DefineAuthChallenge => config.define_auth_challenge.is_some(),
            Trigger::CreateAuthChallenge => config.create_auth_challenge.is_some(),
            Trigger::VerifyAuthChallengeResponse => config.verify_auth_challenge_response.is_some(),
            Trigger::PreTokenGeneration => {
                config.pre_token_generation.is_some() || config.pre_token_generation_config.is_some()
            }
            Trigger::UserMigration => config.user_migration.is_some(),
            Trigger::CustomMessage => config.custom_message.is_some(),
            Trigger::CustomEmailSender => config.custom_email_sender.is_some(),
            Trigger::CustomSmsSender => config.custom_sms_sender.is_some(),
            Trigger::InboundFederation => config.inbound_federation.is_some(),
        }
    }
}

/// Refuses where this trigger would run.
///
/// # Errors
/// UnexpectedLambdaException when the pool names a function for it.
pub fn refuse_configured(pool: &Pool, trigger: Trigger) -> Result<()> {
    if !trigger.is_configured(pool) {
        return Ok(());
    }
    let text = format!(
        "{} invocation failed due to error Lambda triggers are not supported by this version of Cognate.",
        trigger.as_str()
    );
    Err(Fault::new(Code::UnexpectedLambdaException, text))
}

/// Refuses where a message would be written or sent by a function.
///
/// # Errors
/// UnexpectedLambdaException when the pool names a function for such messages.
pub fn refuse_message(pool: &Pool, medium: Medium) -> Result<()> {
    refuse_configured(pool, Trigger::CustomMessage)?;
    match medium {
        Medium::Email => refuse_configured(pool, Trigger::CustomEmailSender),
        Medium::Sms => refuse_configured(pool, Trigger::CustomSmsSender),
    }
}
