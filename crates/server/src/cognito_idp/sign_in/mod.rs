//! Sign-in on the wire: InitiateAuth and RespondToAuthChallenge with their administrators' twins. The engine is
//! [`crate::sign_in`]; here its answers become parameters, and SECRET_HASH is checked.

pub mod answer;
mod challenge_parameters;
mod responses;

use super::refresh;
use crate::{
    app::App,
    callers::{CallOrigin, Operator, client_secret},
    sign_in::{
        Context,
        conclusion::Conclusion,
        custom::{self, Begun},
        password, srp,
    },
};
use answer::Answer;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rules::{
    Result, fault,
    ids::{ClientId, PoolId},
    pool::Client,
    sign_in::{Side, custom::SRP_A, first_factor::check_flow, srp::PublicValue},
};
use spec::cognito_idp::{
    AdminInitiateAuthRequest, AdminInitiateAuthResponse, AdminRespondToAuthChallengeRequest,
    AdminRespondToAuthChallengeResponse, AuthFlowType, ChallengeNameType, InitiateAuthRequest,
    InitiateAuthResponse, RespondToAuthChallengeRequest, RespondToAuthChallengeResponse,
};
use std::{collections::BTreeMap, sync::Arc};

/// AuthParameters or ChallengeResponses.
#[derive(Clone)]
pub struct Parameters(BTreeMap<String, String>);

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
pub async fn initiate_auth(
    app: &App,
    origin: Arc<CallOrigin>,
    input: InitiateAuthRequest,
) -> Result<InitiateAuthResponse> {
    let (client, pool) = app.client_and_pool(&input.client_id).await?;
    let context = Context {
        validation_data: input.client_metadata.map(Arc::new),
        ..Context::new(pool, client, Side::User, origin)
    };
    Ok(start(app, context, input.auth_flow, input.auth_parameters).await?.into())
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminInitiateAuth.html>
pub async fn admin_initiate_auth(
    app: &App,
    _caller: &Operator,
    origin: Arc<CallOrigin>,
    input: AdminInitiateAuthRequest,
) -> Result<AdminInitiateAuthResponse> {
    let context = Context {
        validation_data: input.client_metadata.map(Arc::new),
        ..operator_context(app, &input.user_pool_id.into(), &input.client_id.into(), origin).await?
    };
    Ok(start(app, context, input.auth_flow, input.auth_parameters).await?.into())
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RespondToAuthChallenge.html>
pub async fn respond_to_auth_challenge(
    app: &App,
    origin: Arc<CallOrigin>,
    input: RespondToAuthChallengeRequest,
) -> Result<RespondToAuthChallengeResponse> {
    let (client, pool) = app.client_and_pool(&input.client_id).await?;
    let context = Context {
        client_metadata: input.client_metadata.map(Arc::new),
        ..Context::new(pool, client, Side::User, origin)
    };
    Ok(respond(app, context, input.challenge_name, input.session, input.challenge_responses).await?.into())
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminRespondToAuthChallenge.html>
pub async fn admin_respond_to_auth_challenge(
    app: &App,
    _caller: &Operator,
    origin: Arc<CallOrigin>,
    input: AdminRespondToAuthChallengeRequest,
) -> Result<AdminRespondToAuthChallengeResponse> {
    let context = Context {
        client_metadata: input.client_metadata.map(Arc::new),
        ..operator_context(app, &input.user_pool_id.into(), &input.client_id.into(), origin).await?
    };
    Ok(respond(app, context, input.challenge_name, input.session, input.challenge_responses).await?.into())
}

async fn operator_context(
    app: &App,
    pool_id: &PoolId,
    client_id: &ClientId,
    origin: Arc<CallOrigin>,
) -> Result<Context> {
    let pool = app.pool(pool_id).await?;
    let client = app.client(client_id).await?;
    if client.pool_id != pool.id {
        return Err(fault::unknown_client(client_id));
    }
    Ok(Context::new(pool, client, Side::Operator, origin))
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
            let username = named(app, &context.client, &parameters)?;
            let a = PublicValue::parse(parameters.required("SRP_A")?).map_err(|_| fault::srp_a_invalid())?;
            Ok(Answer::from(srp::begin(app, &context, username, a).await?))
        }
        AuthFlowType::UserPasswordAuth
        | AuthFlowType::AdminUserPasswordAuth
        | AuthFlowType::AdminNoSrpAuth => {
            let username = named(app, &context.client, &parameters)?;
            let password = parameters.required("PASSWORD")?;
            let conclusion = password::sign_in(app, context.clone(), username, password).await?;
            Answer::of(app, &context, conclusion).await
        }
        AuthFlowType::CustomAuth => {
            let username = named(app, &context.client, &parameters)?;
            let begins_with_srp = parameters.get("CHALLENGE_NAME") == Some(SRP_A);
            let a = begins_with_srp.then(|| parameters.required("SRP_A")).transpose()?;
            let a = a.map(PublicValue::parse).transpose().map_err(|_| fault::srp_a_invalid())?;
            match custom::begin(app, context.clone(), username, a).await? {
                Begun::Concluded(conclusion) => Answer::of(app, &context, conclusion).await,
                Begun::Srp(question, session) => Ok(Answer::from(question).with_session(session)),
            }
        }
        AuthFlowType::UserAuth => Err(fault::not_built("USER_AUTH")),
    }
}

/// USERNAME, after SECRET_HASH has been checked over it.
fn named<'a>(app: &App, client: &Client, parameters: &'a Parameters) -> Result<&'a str> {
    let username = parameters.required("USERNAME")?;
    client_secret::check_hash(app, client, parameters.get("SECRET_HASH"), &[username])?;
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
    let session = session.as_deref();
    let conclusion = match challenge {
        ChallengeNameType::PasswordVerifier => prove(app, context.clone(), &parameters, session).await?,
        ChallengeNameType::CustomChallenge => {
            responses::custom_challenge(app, context.clone(), session, &parameters).await?
        }
        ChallengeNameType::NewPasswordRequired => {
            responses::new_password(app, context.clone(), session, &parameters).await?
        }
        ChallengeNameType::SmsMfa
        | ChallengeNameType::EmailOtp
        | ChallengeNameType::SoftwareTokenMfa
        | ChallengeNameType::SelectMfaType
        | ChallengeNameType::MfaSetup => {
            responses::second_factor(app, context.clone(), challenge, session, &parameters).await?
        }
        // No Session waits for one of these.
        ChallengeNameType::SelectChallenge
        | ChallengeNameType::DeviceSrpAuth
        | ChallengeNameType::DevicePasswordVerifier
        | ChallengeNameType::AdminNoSrpAuth
        | ChallengeNameType::SmsOtp
        | ChallengeNameType::Password
        | ChallengeNameType::WebAuthn
        | ChallengeNameType::PasswordSrp => return Err(fault::not_built(challenge.as_str())),
    };
    Answer::of(app, &context, conclusion).await
}

/// PASSWORD_VERIFIER; some clients send no Session, so the block alone carries the state. Within a custom sign-in both
/// belong together.
async fn prove(
    app: &App,
    context: Context,
    parameters: &Parameters,
    session: Option<&str>,
) -> Result<Conclusion> {
    let proof = srp::Proof {
        username: parameters.required("USERNAME")?.to_owned(),
        signature: parameters.required("PASSWORD_CLAIM_SIGNATURE")?.to_owned(),
        timestamp: parameters.required("TIMESTAMP")?.to_owned(),
    };
    let block = parameters.required("PASSWORD_CLAIM_SECRET_BLOCK")?;
    // Amplify decodes tolerantly and so may send the URL-safe alphabet. What is no base64 opens as no block.
    let block = STANDARD.decode(block.replace('-', "+").replace('_', "/")).unwrap_or_default();
    let returned = srp::recall(app, &context, block, session).await?;
    let mut names = returned.names(&context);
    names.push(proof.username.clone());
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    client_secret::check_hash(app, &context.client, parameters.get("SECRET_HASH"), &names)?;
    // Pools without device tracking do not look at a device key; no pool knows any device yet.
    if parameters.get("DEVICE_KEY").is_some() && context.pool.detail.device_configuration.is_some() {
        return Err(fault::device_does_not_exist());
    }
    returned.conclude(app, context, proof).await
}
