//! ChallengeResponses: answers to the questions that a Session stands for.

use super::{Parameters, secret_block};
use crate::{
    app::App,
    callers::client_secret,
    sign_in::{
        Context,
        conclusion::Conclusion,
        custom, device, passkey,
        run::CheckAnswerer,
        second_factor::{self, Submitted},
        session,
    },
};
use rules::{
    Fault, Result, fault,
    sign_in::srp::PublicValue,
    user::{MfaFactor, User, formats},
};
use spec::cognito_idp::{AttributeType, ChallengeNameType};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The prefix of attributes among the answers to NEW_PASSWORD_REQUIRED.
const ATTRIBUTE_PREFIX: &str = "userAttributes.";

/// Checks USERNAME and SECRET_HASH of an answer against the user of its session.
pub fn answerer(parameters: &Parameters) -> CheckAnswerer {
    let (named, check) = (parameters.clone(), owner(parameters));
    Arc::new(move |app: &App, context: &Context, user: &User| {
        named.required("USERNAME")?;
        check(app, context, user)
    })
}

/// Checks SECRET_HASH against the user of a sign-up's Session, and USERNAME where it is sent: the Session names the user.
pub fn owner(parameters: &Parameters) -> CheckAnswerer {
    let parameters = parameters.clone();
    Arc::new(move |app: &App, context: &Context, user: &User| {
        let username = parameters.get("USERNAME");
        if let Some(username) = username {
            session::check_username(app, context, user, username)?;
        }
        let mut names = user.sign_in_names(&context.pool);
        names.extend(username.map(str::to_owned));
        names.extend([user.username.to_string(), user.sub.to_string()]);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        client_secret::check_hash(app, &context.client, parameters.get("SECRET_HASH"), &names)
    })
}

/// WEB_AUTHN.
pub async fn passkey(
    app: &App,
    context: Context,
    session: Option<&str>,
    parameters: &Parameters,
) -> Result<Conclusion> {
    let key = session::open(app, session)?;
    let credential = parameters.required("CREDENTIAL")?;
    passkey::answer(app, context, key, credential, answerer(parameters)).await
}

/// DEVICE_SRP_AUTH.
pub async fn device_srp(
    app: &App,
    context: Context,
    session: Option<&str>,
    parameters: &Parameters,
) -> Result<device::Question> {
    let (username, key) = (parameters.required("USERNAME")?, parameters.required("DEVICE_KEY")?.to_owned());
    let a = PublicValue::parse(parameters.required("SRP_A")?).map_err(|_| fault::srp_a_invalid())?;
    device::begin(app, context, session, username, key, a, answerer(parameters)).await
}

/// DEVICE_PASSWORD_VERIFIER.
pub async fn device_proof(
    app: &App,
    context: Context,
    session: Option<&str>,
    parameters: &Parameters,
) -> Result<Conclusion> {
    parameters.required("USERNAME")?;
    let proof = device::Proof {
        key: parameters.required("DEVICE_KEY")?.to_owned(),
        timestamp: parameters.required("TIMESTAMP")?.to_owned(),
        signature: parameters.required("PASSWORD_CLAIM_SIGNATURE")?.to_owned(),
        secret_block: secret_block(parameters)?,
    };
    device::prove(app, context, session, proof, answerer(parameters)).await
}

/// SMS_MFA, SMS_OTP, EMAIL_OTP, SOFTWARE_TOKEN_MFA, SELECT_MFA_TYPE and MFA_SETUP.
pub async fn second_factor(
    app: &App,
    context: Context,
    name: ChallengeNameType,
    session: Option<&str>,
    parameters: &Parameters,
) -> Result<Conclusion> {
    let key = session::open(app, session)?;
    let submitted = submitted(name, parameters)?;
    second_factor::answer(app, context, key, submitted, answerer(parameters)).await
}

fn submitted(name: ChallengeNameType, parameters: &Parameters) -> Result<Submitted> {
    let code = |parameter| Ok::<_, Fault>(Zeroizing::new(parameters.required(parameter)?.to_owned()));
    Ok(match name {
        ChallengeNameType::SmsMfa => Submitted::Code(name, MfaFactor::Sms, code("SMS_MFA_CODE")?),
        ChallengeNameType::SmsOtp => Submitted::Code(name, MfaFactor::Sms, code("SMS_OTP_CODE")?),
        ChallengeNameType::EmailOtp => Submitted::Code(name, MfaFactor::Email, code("EMAIL_OTP_CODE")?),
        ChallengeNameType::SoftwareTokenMfa => Submitted::SoftwareToken(code("SOFTWARE_TOKEN_MFA_CODE")?),
        ChallengeNameType::SelectMfaType => {
            let answer = parameters.required("ANSWER")?;
            Submitted::Choice(MfaFactor::from_wire(answer).ok_or_else(|| fault::choice_invalid(answer))?)
        }
        _ => {
            // Amplify sends EMAIL, the guide shows email.
            let email = parameters.get("EMAIL").or(parameters.get("email"));
            if email.is_some_and(|email| !formats::is_email(email)) {
                return Err(fault::email_format());
            }
            Submitted::SetupDone { email: email.map(str::to_owned) }
        }
    })
}

/// CUSTOM_CHALLENGE.
pub async fn custom_challenge(
    app: &App,
    context: Context,
    session: Option<&str>,
    parameters: &Parameters,
) -> Result<Conclusion> {
    let key = session::open(app, session)?;
    let answer = Zeroizing::new(parameters.required("ANSWER")?.to_owned());
    let device = parameters.get("DEVICE_KEY");
    custom::answer(app, context, key, answer, device, answerer(parameters)).await
}

/// NEW_PASSWORD_REQUIRED.
pub async fn new_password(
    app: &App,
    context: Context,
    session: Option<&str>,
    parameters: &Parameters,
) -> Result<Conclusion> {
    let key = session::open(app, session)?;
    let password = Zeroizing::new(parameters.required("NEW_PASSWORD")?.to_owned());
    let attributes: Vec<AttributeType> = parameters
        .0
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(ATTRIBUTE_PREFIX)?, value)))
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| AttributeType { name: name.to_owned(), value: Some(value.clone()) })
        .collect();
    second_factor::new_password(app, context, key, password, &attributes, answerer(parameters)).await
}
