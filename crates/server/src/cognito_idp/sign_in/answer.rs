//! The answer to a sign-in request, in the form that all four operations share.

use super::challenge_parameters;
use crate::{
    app::App,
    sign_in::{Context, conclusion::Conclusion, srp},
    tokens::issue::{self, Issued},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rules::{Fault, Result, sign_in::Waiting};
use spec::cognito_idp::{
    AdminInitiateAuthResponse, AdminRespondToAuthChallengeResponse, AuthenticationResultType,
    ChallengeNameType, InitiateAuthResponse, RespondToAuthChallengeResponse,
};
use std::collections::BTreeMap;

/// Tokens, or a question.
#[derive(Default)]
pub struct Answer {
    challenge_name: Option<ChallengeNameType>,
    session: Option<String>,
    parameters: BTreeMap<String, String>,
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
            Conclusion::Granted { user, groups, grant, customization } => {
                let Context { pool, client, .. } = context;
                let (user, grant, customization) = (*user, *grant, customization.as_deref());
                let issued =
                    Issued { pool, client, user, groups, grant, customization, with_refresh_token: true };
                Ok(Answer::tokens(issue::issue(app, issued).await?))
            }
            Conclusion::Asked { user, sign_in, session } => {
                let Waiting::Answer(question) = &sign_in.waiting else {
                    return Err(Fault::internal("a sign-in under way waits for nothing"));
                };
                Ok(Answer {
                    challenge_name: Some(question.name()),
                    session: Some(session),
                    parameters: challenge_parameters::of(app, context, &user, &sign_in, question)?,
                    result: None,
                })
            }
        }
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
                    available_challenges: None,
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
