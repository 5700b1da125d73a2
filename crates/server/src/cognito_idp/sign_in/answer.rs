//! The answer to a sign-in request, in the form that all four operations share.

use super::challenge_parameters;
use crate::{
    app::App,
    sign_in::{Context, conclusion::Conclusion, device, passkey, srp},
    tokens::issue::{self, Issued},
    users::devices,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rules::{
    Fault, Result,
    sign_in::{Challenge, Waiting},
};
use spec::cognito_idp::{
    AdminInitiateAuthResponse, AdminRespondToAuthChallengeResponse, AuthenticationResultType,
    ChallengeNameType, InitiateAuthResponse, NewDeviceMetadataType, RespondToAuthChallengeResponse,
};
use std::collections::BTreeMap;

/// Tokens, or a question.
#[derive(Default)]
pub struct Answer {
    challenge_name: Option<ChallengeNameType>,
    session: Option<String>,
    parameters: BTreeMap<String, String>,
    available: Option<Vec<ChallengeNameType>>,
    result: Option<AuthenticationResultType>,
}

impl Answer {
    /// The same with a Session.
    #[must_use]
    pub fn with_session(self, session: String) -> Answer {
        Answer { session: Some(session), ..self }
    }

    /// An answer that ends a sign-in.
    pub fn tokens(result: AuthenticationResultType) -> Answer {
        Answer { result: Some(result), ..Answer::default() }
    }

    /// What was written, on the wire; tokens are signed here, after everything is stored.
    pub async fn of(app: &App, context: &Context, conclusion: Conclusion) -> Result<Answer> {
        match conclusion {
            Conclusion::Granted { user, groups, grant, customization, is_new_device } => {
                let Context { pool, client, .. } = context;
                let (user, grant, customization) = (*user, *grant, customization.as_deref());
                let new_device = grant.device_key.clone().filter(|_| is_new_device).map(|key| {
                    let group_key = devices::group_key(app, &pool.id, &user.sub, &key);
                    NewDeviceMetadataType { device_key: Some(key), device_group_key: Some(group_key) }
                });
                let issued =
                    Issued { pool, client, user, groups, grant, customization, with_refresh_token: true };
                let result = issue::issue(app, issued).await?;
                Ok(Answer::tokens(AuthenticationResultType { new_device_metadata: new_device, ..result }))
            }
            Conclusion::Asked { user, sign_in, session } => {
                let Waiting::Answer(question) = &sign_in.waiting else {
                    return Err(Fault::internal("a sign-in under way waits for nothing"));
                };
                let mut parameters = challenge_parameters::of(app, context, &user, &sign_in, question)?;
                if let Challenge::Passkey { challenge } = question {
                    let options = passkey::request_options(app, context, &sign_in, &user, challenge).await?;
                    parameters.insert("CREDENTIAL_REQUEST_OPTIONS".to_owned(), options);
                }
                let challenge_name = Some(question.name());
                let (session, available) = (Some(session), available(question));
                Ok(Answer { challenge_name, session, parameters, available, result: None })
            }
        }
    }
}

impl Answer {
    /// DEVICE_PASSWORD_VERIFIER.
    pub fn of_device(context: &Context, question: device::Question) -> Answer {
        let username = context.pool.fold_name(&question.user.username);
        Answer {
            challenge_name: Some(ChallengeNameType::DevicePasswordVerifier),
            session: Some(question.session),
            parameters: BTreeMap::from([
                ("SALT".to_owned(), question.salt),
                ("SRP_B".to_owned(), question.big_b.to_hex()),
                ("SECRET_BLOCK".to_owned(), STANDARD.encode(question.secret_block)),
                ("DEVICE_KEY".to_owned(), question.key),
                ("USERNAME".to_owned(), username),
            ]),
            ..Answer::default()
        }
    }
}

/// AvailableChallenges: what there is to choose from, or the challenge itself that was chosen. V
fn available(question: &Challenge) -> Option<Vec<ChallengeNameType>> {
    match question {
        Challenge::Select { factors } => Some(factors.iter().map(|f| f.challenge_name()).collect()),
        Challenge::Code { chosen: true, .. } | Challenge::Passkey { .. } => Some(vec![question.name()]),
        _ => None,
    }
}

impl From<srp::Question> for Answer {
    fn from(question: srp::Question) -> Answer {
        Answer {
            challenge_name: Some(ChallengeNameType::PasswordVerifier),
            parameters: BTreeMap::from([
                ("SALT".to_owned(), question.salt),
                ("SECRET_BLOCK".to_owned(), STANDARD.encode(question.secret_block)),
                ("SRP_B".to_owned(), question.big_b.to_hex()),
                ("USERNAME".to_owned(), question.user_id.clone()),
                ("USER_ID_FOR_SRP".to_owned(), question.user_id),
            ]),
            ..Answer::default()
        }
    }
}

/// The four responses have the same members.
macro_rules! responses {
    ($($response:ident),*) => {
        $(impl From<Answer> for $response {
            fn from(answer: Answer) -> $response {
                $response {
                    challenge_name: answer.challenge_name,
                    session: answer.session,
                    challenge_parameters: Some(answer.parameters),
                    authentication_result: answer.result,
                    available_challenges: answer.available,
                }
            }
        })*
    };
}

responses!(
    InitiateAuthResponse,
    AdminInitiateAuthResponse,
    RespondToAuthChallengeResponse,
    AdminRespondToAuthChallengeResponse
);
