//! Sign-in on the wire: InitiateAuth and RespondToAuthChallenge with their administrators' twins. The engine is
//! [`crate::sign_in`]; here its answers become parameters, and SECRET_HASH is checked.

pub mod answer;
mod challenge_parameters;
mod choice;
mod responses;

use super::refresh;
use crate::{
    app::App,
    callers::{CallOrigin, Operator, client_secret},
    sign_in::{
        Context,
        conclusion::Conclusion,
        custom::{self, Begun},
        origin::NamedDevice,
        password, srp,
    },
};
use answer::Answer;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rules::{
    Result, fault,
    ids::{ClientId, PoolId},
    pool::Client,
    sign_in::{Side, choice::FirstFactor, custom::SRP_A, first_factor::check_flow, srp::PublicValue},
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
    pub fn required(&self, name: &'static str) -> Result<&str> {
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
    let call = Call { flow: input.auth_flow, session: input.session, parameters: input.auth_parameters };
    Ok(start(app, context, call).await?.into())
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
    let call = Call { flow: input.auth_flow, session: input.session, parameters: input.auth_parameters };
    Ok(start(app, context, call).await?.into())
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

/// What both operations take that begin a sign-in.
struct Call {
    flow: AuthFlowType,
    session: Option<String>,
    parameters: Option<BTreeMap<String, String>>,
}

async fn start(app: &App, context: Context, call: Call) -> Result<Answer> {
    let Call { flow, session, parameters } = call;
    let parameters = Parameters(parameters.unwrap_or_default());
    check_flow(&context.client, flow, context.side)?;
    match flow {
        AuthFlowType::RefreshToken | AuthFlowType::RefreshTokenAuth => {
            refresh::initiate(app, context, &parameters).await
        }
        AuthFlowType::UserSrpAuth => {
            let username = named(app, &context.client, &parameters)?;
            let a = PublicValue::parse(parameters.required("SRP_A")?).map_err(|_| fault::srp_a_invalid())?;
            Ok(Answer::from(srp::begin(app, &context, username, a, parameters.get("DEVICE_KEY")).await?))
        }
        AuthFlowType::UserPasswordAuth
        | AuthFlowType::AdminUserPasswordAuth
        | AuthFlowType::AdminNoSrpAuth => {
            let username = named(app, &context.client, &parameters)?;
            let password = parameters.required("PASSWORD")?;
            // D: administrators' flows know no devices.
            let device = parameters.get("DEVICE_KEY").filter(|_| context.side == Side::User);
            let device = device.map(NamedDevice::now);
            let conclusion = password::sign_in(app, context.clone(), username, password, device).await?;
            Answer::of(app, &context, conclusion).await
        }
        AuthFlowType::CustomAuth => {
            let username = named(app, &context.client, &parameters)?;
            let begins_with_srp = parameters.get("CHALLENGE_NAME") == Some(SRP_A);
            let a = begins_with_srp.then(|| parameters.required("SRP_A")).transpose()?;
            let a = a.map(PublicValue::parse).transpose().map_err(|_| fault::srp_a_invalid())?;
            let device = parameters.get("DEVICE_KEY");
            match custom::begin(app, context.clone(), username, a, device).await? {
                Begun::Concluded(conclusion) => Answer::of(app, &context, conclusion).await,
                Begun::Srp(question, session) => Ok(Answer::from(question).with_session(session)),
            }
        }
        AuthFlowType::UserAuth => choice::start(app, context, session.as_deref(), &parameters).await,
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
        ChallengeNameType::SelectChallenge => {
            return choice::respond(app, context, session, None, &parameters).await;
        }
        ChallengeNameType::Password => {
            return choice::respond(app, context, session, Some(FirstFactor::Password), &parameters).await;
        }
        ChallengeNameType::PasswordSrp => {
            return choice::respond(app, context, session, Some(FirstFactor::PasswordSrp), &parameters).await;
        }
        ChallengeNameType::WebAuthn if parameters.get("CREDENTIAL").is_none() => {
            return choice::respond(app, context, session, Some(FirstFactor::WebAuthn), &parameters).await;
        }
        ChallengeNameType::DeviceSrpAuth => {
            let question = responses::device_srp(app, context.clone(), session, &parameters).await?;
            return Ok(Answer::of_device(&context, question));
        }
        ChallengeNameType::WebAuthn => responses::passkey(app, context.clone(), session, &parameters).await?,
        ChallengeNameType::DevicePasswordVerifier => {
            responses::device_proof(app, context.clone(), session, &parameters).await?
        }
        ChallengeNameType::PasswordVerifier => prove(app, context.clone(), &parameters, session).await?,
        ChallengeNameType::CustomChallenge => {
            responses::custom_challenge(app, context.clone(), session, &parameters).await?
        }
        ChallengeNameType::NewPasswordRequired => {
            responses::new_password(app, context.clone(), session, &parameters).await?
        }
        ChallengeNameType::SmsMfa
        | ChallengeNameType::SmsOtp
        | ChallengeNameType::EmailOtp
        | ChallengeNameType::SoftwareTokenMfa
        | ChallengeNameType::SelectMfaType
        | ChallengeNameType::MfaSetup => {
            responses::second_factor(app, context.clone(), challenge, session, &parameters).await?
        }
        // No Session waits for it.
        ChallengeNameType::AdminNoSrpAuth => return Err(fault::session_invalid()),
    };
    Answer::of(app, &context, conclusion).await
}

/// PASSWORD_CLAIM_SECRET_BLOCK. Amplify decodes tolerantly and so may send the URL-safe alphabet; what is no base64 opens
/// as no block.
fn secret_block(parameters: &Parameters) -> Result<Vec<u8>> {
    let block = parameters.required("PASSWORD_CLAIM_SECRET_BLOCK")?;
    Ok(STANDARD.decode(block.replace('-', "+").replace('_', "/")).unwrap_or_default())
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
        timestamp: parameters.required("TIMESTAMP")?.to_owned(),
        signature: parameters.required("PASSWORD_CLAIM_SIGNATURE")?.to_owned(),
    };
    let block = secret_block(parameters)?;
    let returned = srp::recall(app, &context, block, session).await?;
    let mut names = returned.names(&context);
    names.push(proof.username.clone());
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    client_secret::check_hash(app, &context.client, parameters.get("SECRET_HASH"), &names)?;
    returned.conclude(app, context, proof, parameters.get("DEVICE_KEY")).await
}
