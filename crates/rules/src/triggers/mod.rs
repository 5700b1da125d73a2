//! The Lambda functions that a pool names, and when each runs.

use crate::pool::Pool;

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

/// Whether the pool names the three functions that custom challenges take.
pub fn has_custom_challenges(pool: &Pool) -> bool {
    [Trigger::DefineAuthChallenge, Trigger::CreateAuthChallenge, Trigger::VerifyAuthChallengeResponse]
        .into_iter()
        .all(|trigger| trigger.is_configured(pool))
}
