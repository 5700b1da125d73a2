//! Sign-in: InitiateAuth and RespondToAuthChallenge with their administrators' twins.
//!
//! What is decided is in `rules::sign_in`; here facts are read, secrets compared, and the outcome written.

use super::refresh;
use crate::{
    app::App,
    callers::{Operator, client_secret},
    sign_in::{answers, password, srp},
};
use rules::{
    Result, fault,
    pool::{Client, Pool},
    sign_in::{Side, first_factor::check_flow},
};
use spec::cognito_idp::{
    AdminInitiateAuthRequest, AdminInitiateAuthResponse, AdminRespondToAuthChallengeRequest,
    AdminRespondToAuthChallengeResponse, AuthFlowType, AuthenticationResultType, ChallengeNameType,
    InitiateAuthRequest, InitiateAuthResponse, RespondToAuthChallengeRequest, RespondToAuthChallengeResponse,
};
use std::{collections::BTreeMap, sync::Arc};

/// The answer to a sign-in request, in the form that all four operations share.
#[derive(Default)]
pub struct Answer {
    pub(crate) challenge_name: Option<ChallengeNameType>,
    pub(crate) session: Option<String>,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) result: Option<AuthenticationResultType>,
}

/// What a step of a sign-in is about.
#[derive(Clone)]
pub struct Context {
    /// The pool.
    pub pool: Arc<Pool>,
    /// The client.
    pub client: Arc<Client>,
    /// Whose operation it is.
    pub side: Side,
}

/// AuthParameters or ChallengeResponses.
pub struct Parameters(pub(crate) BTreeMap<String, String>);

impl Parameters {
    /// A parameter; an empty one counts as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A parameter that must be there.
    pub fn required(&self, name: &str) -> Result<&str> {
        self.get(name).ok_or_else(|| fault::missing_parameter(name))
    }
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html>
pub async fn initiate_auth(app: &App, input: InitiateAuthRequest) -> Result<InitiateAuthResponse> {
    let (client, pool) = app.client_and_pool(&input.client_id).await?;
    let context = Context { pool, client, side: Side::User };
    let answer = start(app, context, input.auth_flow, input.auth_parameters).await?;
    Ok(InitiateAuthResponse {
        challenge_name: answer.challenge_name,
        session: answer.session,
        challenge_parameters: Some(answer.parameters),
        authentication_result: answer.result,
        available_challenges: None,
    })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminInitiateAuth.html>
pub async fn admin_initiate_auth(
    app: &App,
    _caller: &Operator,
    input: AdminInitiateAuthRequest,
) -> Result<AdminInitiateAuthResponse> {
    let context = operator_context(app, &input.user_pool_id, &input.client_id).await?;
    let answer = start(app, context, input.auth_flow, input.auth_parameters).await?;
    Ok(AdminInitiateAuthResponse {
        challenge_name: answer.challenge_name,
        session: answer.session,
        challenge_parameters: Some(answer.parameters),
        authentication_result: answer.result,
        available_challenges: None,
    })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RespondToAuthChallenge.html>
pub async fn respond_to_auth_challenge(
    app: &App,
    input: RespondToAuthChallengeRequest,
) -> Result<RespondToAuthChallengeResponse> {
    let (client, pool) = app.client_and_pool(&input.client_id).await?;
    let context = Context { pool, client, side: Side::User };
    let answer =
        respond(app, context, input.challenge_name, input.session, input.challenge_responses).await?;
    Ok(RespondToAuthChallengeResponse {
        challenge_name: answer.challenge_name,
        session: answer.session,
        challenge_parameters: Some(answer.parameters),
        authentication_result: answer.result,
        available_challenges: None,
    })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminRespondToAuthChallenge.html>
pub async fn admin_respond_to_auth_challenge(
    app: &App,
    _caller: &Operator,
    input: AdminRespondToAuthChallengeRequest,
) -> Result<AdminRespondToAuthChallengeResponse> {
    let context = operator_context(app, &input.user_pool_id, &input.client_id).await?;
    let answer =
        respond(app, context, input.challenge_name, input.session, input.challenge_responses).await?;
    Ok(AdminRespondToAuthChallengeResponse {
        challenge_name: answer.challenge_name,
        session: answer.session,
        challenge_parameters: Some(answer.parameters),
        authentication_result: answer.result,
        available_challenges: None,
    })
}

async fn operator_context(app: &App, pool_id: &str, client_id: &str) -> Result<Context> {
    let pool = app.pool(pool_id).await?;
    let client = app.client(client_id).await?;
    if client.pool_id != pool.id {
        return Err(fault::unknown_client(client_id));
    }
    Ok(Context { pool, client, side: Side::Operator })
}

async fn start(
    app: &App,
    context: Context,
    flow: AuthFlowType,
    parameters: Option<BTreeMap<String, String>>,
) -> Result<Answer> {
    let parameters = Parameters(parameters.unwrap_or_default());
    check_flow(&context.client, flow, context.side)?;
    match flow {
        AuthFlowType::RefreshToken | AuthFlowType::RefreshTokenAuth => {
            refresh::initiate(app, context, &parameters).await
        }
        AuthFlowType::UserSrpAuth => {
            let username = named(app, &context, &parameters)?;
            srp::initiate(app, context, username, parameters.required("SRP_A")?).await
        }
        AuthFlowType::UserPasswordAuth
        | AuthFlowType::AdminUserPasswordAuth
        | AuthFlowType::AdminNoSrpAuth => {
            let username = named(app, &context, &parameters)?;
            password::password(app, context, username, parameters.required("PASSWORD")?).await
        }
        AuthFlowType::CustomAuth => {
            named(app, &context, &parameters)?;
            let configured = context.pool.detail.lambda_config.as_ref().is_some_and(|l| {
                l.define_auth_challenge.is_some()
                    && l.create_auth_challenge.is_some()
                    && l.verify_auth_challenge_response.is_some()
            });
            if configured {
                Err(fault::not_built("CUSTOM_AUTH"))
            } else {
                Err(fault::custom_auth_not_configured())
            }
        }
        AuthFlowType::UserAuth => Err(fault::not_built("USER_AUTH")),
    }
}

/// USERNAME, after SECRET_HASH has been checked over it.
fn named<'a>(app: &App, context: &Context, parameters: &'a Parameters) -> Result<&'a str> {
    let username = parameters.required("USERNAME")?;
    client_secret::check_hash(app, &context.client, parameters.get("SECRET_HASH"), &[username])?;
    Ok(username)
}

async fn respond(
    app: &App,
    context: Context,
    challenge: ChallengeNameType,
    session: Option<String>,
    responses: Option<BTreeMap<String, String>>,
) -> Result<Answer> {
    let parameters = Parameters(responses.unwrap_or_default());
    match challenge {
        ChallengeNameType::PasswordVerifier => srp::respond(app, context, &parameters).await,
        ChallengeNameType::NewPasswordRequired => {
            answers::new_password(app, context, session.as_deref(), &parameters).await
        }
        ChallengeNameType::SmsMfa
        | ChallengeNameType::EmailOtp
        | ChallengeNameType::SoftwareTokenMfa
        | ChallengeNameType::SelectMfaType
        | ChallengeNameType::MfaSetup => {
            answers::second_factor(app, context, challenge, session.as_deref(), &parameters).await
        }
        // Sessions that wait for one of these are never given out.
        ChallengeNameType::CustomChallenge
        | ChallengeNameType::SelectChallenge
        | ChallengeNameType::DeviceSrpAuth
        | ChallengeNameType::DevicePasswordVerifier
        | ChallengeNameType::AdminNoSrpAuth
        | ChallengeNameType::SmsOtp
        | ChallengeNameType::Password
        | ChallengeNameType::WebAuthn
        | ChallengeNameType::PasswordSrp => Err(fault::not_built(challenge.as_str())),
    }
}
