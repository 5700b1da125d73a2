//! `triggerSource`: for what a function runs, as its event says it.

use super::Trigger;

/// Every source, by its trigger.
macro_rules! sources {
    ($($(#[$doc:meta])* $source:ident = $name:literal of $trigger:ident,)*) => {
        /// For what a function runs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Source {
            $($(#[$doc])* $source,)*
        }

        impl Source {
            /// All of them.
            pub const ALL: &[Source] = &[$(Source::$source),*];

            /// The name in events.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Source::$source => $name,)*
                }
            }

            /// The trigger whose function it is.
            pub const fn trigger(self) -> Trigger {
                match self {
                    $(Source::$source => Trigger::$trigger,)*
                }
            }
        }
    };
}

sources! {
    /// SignUp.
    PreSignUp = "PreSignUp_SignUp" of PreSignUp,
    /// AdminCreateUser.
    PreSignUpByOperator = "PreSignUp_AdminCreateUser" of PreSignUp,
    /// The first sign-in by another provider.
    PreSignUpExternal = "PreSignUp_ExternalProvider" of PreSignUp,
    /// A user was confirmed.
    PostConfirmation = "PostConfirmation_ConfirmSignUp" of PostConfirmation,
    /// A forgotten password was replaced.
    PostReset = "PostConfirmation_ConfirmForgotPassword" of PostConfirmation,
    /// A sign-in begins.
    PreAuthentication = "PreAuthentication_Authentication" of PreAuthentication,
    /// Everything was proved.
    PostAuthentication = "PostAuthentication_Authentication" of PostAuthentication,
    /// What comes next.
    DefineAuthChallenge = "DefineAuthChallenge_Authentication" of DefineAuthChallenge,
    /// A question is made.
    CreateAuthChallenge = "CreateAuthChallenge_Authentication" of CreateAuthChallenge,
    /// An answer is judged.
    VerifyAuthChallengeResponse = "VerifyAuthChallengeResponse_Authentication" of VerifyAuthChallengeResponse,
    /// Tokens of the sign-in pages.
    TokensOfPages = "TokenGeneration_HostedAuth" of PreTokenGeneration,
    /// Tokens of a sign-in.
    Tokens = "TokenGeneration_Authentication" of PreTokenGeneration,
    /// Tokens of a sign-in that replaced a temporary password.
    TokensOfNewPassword = "TokenGeneration_NewPasswordChallenge" of PreTokenGeneration,
    /// Tokens of a sign-in with a device.
    TokensOfDevice = "TokenGeneration_AuthenticateDevice" of PreTokenGeneration,
    /// New tokens for a refresh token.
    TokensOfRefresh = "TokenGeneration_RefreshTokens" of PreTokenGeneration,
    /// An access token of a client that acts for itself.
    TokensOfClient = "TokenGeneration_ClientCredentials" of PreTokenGeneration,
    /// A name that nobody has signs in with a password.
    Migration = "UserMigration_Authentication" of UserMigration,
    /// A name that nobody has forgot its password.
    MigrationOfReset = "UserMigration_ForgotPassword" of UserMigration,
    /// The message of a sign-up.
    MessageOfSignUp = "CustomMessage_SignUp" of CustomMessage,
    /// An invitation.
    MessageOfInvitation = "CustomMessage_AdminCreateUser" of CustomMessage,
    /// The message of a sign-up, again.
    MessageOfResend = "CustomMessage_ResendCode" of CustomMessage,
    /// The message of a reset.
    MessageOfReset = "CustomMessage_ForgotPassword" of CustomMessage,
    /// The message about a changed address.
    MessageOfUpdate = "CustomMessage_UpdateUserAttribute" of CustomMessage,
    /// The message about an address, asked for.
    MessageOfVerification = "CustomMessage_VerifyUserAttribute" of CustomMessage,
    /// The message of a second factor.
    MessageOfSignIn = "CustomMessage_Authentication" of CustomMessage,
    /// Sends the e-mail of a sign-up.
    EmailOfSignUp = "CustomEmailSender_SignUp" of CustomEmailSender,
    /// Sends an invitation.
    EmailOfInvitation = "CustomEmailSender_AdminCreateUser" of CustomEmailSender,
    /// Sends the e-mail of a sign-up again.
    EmailOfResend = "CustomEmailSender_ResendCode" of CustomEmailSender,
    /// Sends the e-mail of a reset.
    EmailOfReset = "CustomEmailSender_ForgotPassword" of CustomEmailSender,
    /// Sends the e-mail about a changed address.
    EmailOfUpdate = "CustomEmailSender_UpdateUserAttribute" of CustomEmailSender,
    /// Sends the e-mail about an address, asked for.
    EmailOfVerification = "CustomEmailSender_VerifyUserAttribute" of CustomEmailSender,
    /// Sends the e-mail of a second factor.
    EmailOfSignIn = "CustomEmailSender_Authentication" of CustomEmailSender,
    /// Sends a warning.
    EmailOfTakeOver = "CustomEmailSender_AccountTakeOverNotification" of CustomEmailSender,
    /// Sends the SMS of a sign-up.
    SmsOfSignUp = "CustomSMSSender_SignUp" of CustomSmsSender,
    /// Sends an invitation.
    SmsOfInvitation = "CustomSMSSender_AdminCreateUser" of CustomSmsSender,
    /// Sends the SMS of a sign-up again.
    SmsOfResend = "CustomSMSSender_ResendCode" of CustomSmsSender,
    /// Sends the SMS of a reset.
    SmsOfReset = "CustomSMSSender_ForgotPassword" of CustomSmsSender,
    /// Sends the SMS about a changed number.
    SmsOfUpdate = "CustomSMSSender_UpdateUserAttribute" of CustomSmsSender,
    /// Sends the SMS about a number, asked for.
    SmsOfVerification = "CustomSMSSender_VerifyUserAttribute" of CustomSmsSender,
    /// Sends the SMS of a second factor.
    SmsOfSignIn = "CustomSMSSender_Authentication" of CustomSmsSender,
    /// Another provider's user comes in.
    InboundFederation = "InboundFederation_ExternalProvider" of InboundFederation,
}

impl Source {
    /// The source with this name.
    pub fn from_wire(name: &str) -> Option<Source> {
        Source::ALL.iter().copied().find(|source| source.as_str() == name)
    }
}
