//! The Lambda functions that a pool names: what each is told, and what its reply may say.

pub mod challenges;
pub mod custom_message;
pub mod custom_sender;
mod envelope;
pub mod inbound_federation;
mod members;
pub mod post_authentication;
pub mod post_confirmation;
pub mod pre_authentication;
pub mod pre_sign_up;
pub mod pre_token_generation;
pub mod samples;
mod source;
pub mod user_migration;

pub use envelope::{Caller, Metadata, attributes_to_be, check_reply, event, sdk_version, user_attributes};
pub use source::Source;

#[cfg(test)]
mod tests;

use crate::pool::Pool;
use spec::cognito_idp::PreTokenGenerationLambdaVersionType;

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

    /// The ARN of the function that the pool names for it.
    pub fn function(self, pool: &Pool) -> Option<&str> {
        let config = pool.detail.lambda_config.as_ref()?;
        let arn = match self {
            Trigger::PreSignUp => &config.pre_sign_up,
            Trigger::PostConfirmation => &config.post_confirmation,
            Trigger::PreAuthentication => &config.pre_authentication,
            Trigger::PostAuthentication => &config.post_authentication,
            Trigger::DefineAuthChallenge => &config.define_auth_challenge,
            Trigger::CreateAuthChallenge => &config.create_auth_challenge,
            Trigger::VerifyAuthChallengeResponse => &config.verify_auth_challenge_response,
            Trigger::UserMigration => &config.user_migration,
            Trigger::CustomMessage => &config.custom_message,
            Trigger::PreTokenGeneration => {
                let versioned = config.pre_token_generation_config.as_ref().map(|c| c.lambda_arn.as_str());
                return versioned.or(config.pre_token_generation.as_deref());
            }
            Trigger::CustomEmailSender => {
                return config.custom_email_sender.as_ref().map(|c| c.lambda_arn.as_str());
            }
            Trigger::CustomSmsSender => {
                return config.custom_sms_sender.as_ref().map(|c| c.lambda_arn.as_str());
            }
            Trigger::InboundFederation => {
                return config.inbound_federation.as_ref().map(|c| c.lambda_arn.as_str());
            }
        };
        arn.as_deref()
    }

    /// Whether the pool names a function for it.
    pub fn is_configured(self, pool: &Pool) -> bool {
        self.function(pool).is_some()
    }
}

/// Which events the pool's PreTokenGeneration takes.
pub fn token_version(pool: &Pool) -> PreTokenGenerationLambdaVersionType {
    let config = pool.detail.lambda_config.as_ref().and_then(|c| c.pre_token_generation_config.as_ref());
    config.map_or(PreTokenGenerationLambdaVersionType::V10, |config| config.lambda_version)
}

/// Whether the pool names the three functions that custom challenges take.
pub fn has_custom_challenges(pool: &Pool) -> bool {
    [Trigger::DefineAuthChallenge, Trigger::CreateAuthChallenge, Trigger::VerifyAuthChallengeResponse]
        .into_iter()
        .all(|trigger| trigger.is_configured(pool))
}
