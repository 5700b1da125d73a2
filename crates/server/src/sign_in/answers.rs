//! Answers to the questions that a Session stands for: a new password, second factors, and setting one up.

use super::{
    attempts, challenge,
    conclusion::{self, Conclusion},
    session::{self, SessionKey},
};
use crate::cognito_idp::sign_in::{Answer, Context, Parameters};
use crate::{app::App, callers::client_secret, secrets::vault::Vault, users::passwords};
use rules::{
    Fault, Result, fault,
    pool::password_policy::check_password,
    sign_in::{Challenge, Facts, Input, SignIn, totp},
    user::{MfaFactor, Totp, User, attributes, formats},
};
use spec::{
    Code,
    cognito_idp::{AttributeType, ChallengeNameType},
};
use std::collections::BTreeMap;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The prefix of attributes among the answers to NEW_PASSWORD_REQUIRED.
const ATTRIBUTE_PREFIX: &str = "userAttributes.";

/// Checks USERNAME and SECRET_HASH of an answer against the user of its session.
fn check_caller(app: &App, context: &Context, parameters: &Parameters, user: &User) -> Result<()> {
    let username = parameters.required("USERNAME")?;
    session::check_username(context, user, username)?;
    let mut names = user.sign_in_names(&context.pool);
    names.extend([username.to_owned(), user.username.clone(), user.sub.clone()]);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    client_secret::check_hash(app, &context.client, parameters.get("SECRET_HASH"), &names)
}

/// SMS_MFA, EMAIL_OTP, SOFTWARE_TOKEN_MFA, SELECT_MFA_TYPE and MFA_SETUP, each in one transaction.
pub async fn second_factor(
    app: &App,
    context: Context,
    name: ChallengeNameType,
    session: Option<&str>,
    parameters: &Parameters,
) -> Result<Answer> {
    let ticket = session::open(app, session)?;
    let submitted = Submitted::read(name, parameters)?;
    let now = app.now();
    let parameters = Parameters(parameters.0.clone());
    let (task_app, task_context) = (app.clone(), context.clone());
    let written = app
        .db
        .write(move |tx| {
            let (app, context) = (&task_app, &task_context);
            let sign_in = session::find(tx, &ticket, &context.client.id, Some(context.side))?;
            let found = store::users::find_with_groups(tx, &sign_in.pool_id, &sign_in.sub)?;
            let (user, groups) = found.ok_or_else(fault::session_invalid)?;
            check_caller(app, context, &parameters, &user)?;
            let counter = attempts::second_factors(&app.vault, &sign_in.pool_id, &sign_in.sub);
            rules::sign_in::lockout::check(attempts::failures(tx, &counter)?, now)?;
            let input = submitted.compare(&app.vault, &sign_in, &user, now)?;
            let facts = Facts { pool: &context.pool, client: &context.client, now };
            let outcome = match sign_in.advance(&facts, user.clone(), input) {
                Ok(outcome) => outcome,
                // A wrong code does not use the session up, but it counts; the refusal is committed with the count.
                Err(refusal)
                    if matches!(refusal.code, Code::CodeMismatchException | Code::ExpiredCodeException) =>
                {
                    return Ok(Err(attempts::fail(tx, &counter, now, refusal)?));
                }
                Err(refusal) => return Err(refusal),
            };
            session::spend(tx, &ticket)?;
            if submitted.is_code() {
                attempts::pass(tx, &counter, now)?;
            }
            conclusion::write(tx, app, context, &user, &groups, outcome, now).map(Ok)
        })
        .await?;
    Conclusion::answer(written?, app, &context).await
}

/// What the client sent, not yet compared.
enum Submitted {
    Code(MfaFactor, Zeroizing<String>),
    SoftwareToken(Zeroizing<String>),
    Choice(String),
    SetupDone { email: Option<String> },
}

impl Submitted {
    fn read(name: ChallengeNameType, parameters: &Parameters) -> Result<Submitted> {
        let code = |parameter| Ok::<_, Fault>(Zeroizing::new(parameters.required(parameter)?.to_owned()));
        Ok(match name {
            ChallengeNameType::SmsMfa => Submitted::Code(MfaFactor::Sms, code("SMS_MFA_CODE")?),
            ChallengeNameType::EmailOtp => Submitted::Code(MfaFactor::Email, code("EMAIL_OTP_CODE")?),
            ChallengeNameType::SoftwareTokenMfa => Submitted::SoftwareToken(code("SOFTWARE_TOKEN_MFA_CODE")?),
            ChallengeNameType::SelectMfaType => Submitted::Choice(parameters.required("ANSWER")?.to_owned()),
            // Amplify sends EMAIL, the guide shows email.
            _ => Submitted::SetupDone {
                email: parameters.get("EMAIL").or(parameters.get("email")).map(str::to_owned),
            },
        })
    }

    fn is_code(&self) -> bool {
        matches!(self, Submitted::Code(..) | Submitted::SoftwareToken(_))
    }

    /// The machine's input: codes are compared here, in constant time.
    fn compare(&self, vault: &Vault, sign_in: &SignIn, user: &User, now: i64) -> Result<Input> {
        Ok(match self {
            Submitted::Code(factor, digits) => {
                let expected = match &sign_in.waiting_for {
                    Some(Challenge::Code { code, .. }) => code.as_slice(),
                    _ => &[],
                };
                let hash = challenge::code_hash(vault, sign_in, digits);
                Input::Code { factor: *factor, matches: hash.as_slice().ct_eq(expected).into() }
            }
            Submitted::SoftwareToken(digits) => {
                let Some(totp) = &user.mfa.totp else { return Err(fault::session_invalid()) };
                let secret = vault.open(&Totp::context(&user.pool_id, &user.sub), &totp.secret)?;
                Input::SoftwareToken(totp::check(&secret, digits, now, totp.last_step))
            }
            Submitted::Choice(answer) => {
                Input::Choice(MfaFactor::from_wire(answer).ok_or_else(|| fault::choice_invalid(answer))?)
            }
            Submitted::SetupDone { email } => {
                if let Some(email) = email
                    && !formats::is_email(email)
                {
                    return Err(fault::email_format());
                }
                Input::SetupDone { email: email.clone() }
            }
        })
    }
}

/// NEW_PASSWORD_REQUIRED: the password is hashed between reading and writing.
pub async fn new_password(
    app: &App,
    context: Context,
    session: Option<&str>,
    parameters: &Parameters,
) -> Result<Answer> {
    let ticket = session::open(app, session)?;
    let (user, ticket) = waiting_user(app, &context, ticket).await?;
    check_caller(app, &context, parameters, &user)?;
    let password = Zeroizing::new(parameters.required("NEW_PASSWORD")?.to_owned());
    let policy = context.pool.password_policy();
    check_password(&policy, &password).map_err(fault::changed_password)?;
    let attributes = submitted_attributes(&context, parameters, &user)?;
    if policy.history_size > 0 {
        let hashes = user.password.iter().flat_map(|p| p.history.iter().cloned()).collect();
        if passwords::is_any_of(app, password.clone(), hashes).await? {
            return Err(fault::password_in_history());
        }
    }
    let password = passwords::make(app, &context.pool, &user, password, false).await?;
    let now = app.now();
    let (task_app, task_context) = (app.clone(), context.clone());
    let conclusion = app
        .db
        .write(move |tx| {
            let (app, context) = (&task_app, &task_context);
            let sign_in = session::find(tx, &ticket, &context.client.id, Some(context.side))?;
            session::spend(tx, &ticket)?;
            let found = store::users::find_with_groups(tx, &sign_in.pool_id, &sign_in.sub)?;
            let (present, groups) = found.ok_or_else(fault::session_invalid)?;
            // An administrator who meanwhile set another password has ended this sign-in.
            if !present.has_same_password(&user) {
                return Err(fault::session_invalid());
            }
            let input =
                Input::NewPassword { password: Box::new(password.clone()), attributes: attributes.clone() };
            let facts = Facts { pool: &context.pool, client: &context.client, now };
            let outcome = sign_in.advance(&facts, present.clone(), input)?;
            conclusion::write(tx, app, context, &present, &groups, outcome, now)
        })
        .await?;
    Conclusion::answer(conclusion, app, &context).await
}

/// The user whose session waits for a new password.
async fn waiting_user(app: &App, context: &Context, ticket: SessionKey) -> Result<(User, SessionKey)> {
    let (client_id, side, key) = (context.client.id.clone(), context.side, ticket.clone());
    let user = app
        .db
        .look_up(move |tx| {
            let sign_in = session::find(tx, &key, &client_id, Some(side))?;
            if sign_in.waiting_for != Some(Challenge::NewPasswordRequired) {
                return Err(fault::session_invalid());
            }
            store::users::find(tx, &sign_in.pool_id, &sign_in.sub)?.ok_or_else(fault::session_invalid)
        })
        .await?;
    Ok((user, ticket))
}

/// The `userAttributes.…` of the answer, as far as the client may write them, and none that is required missing.
fn submitted_attributes(
    context: &Context,
    parameters: &Parameters,
    user: &User,
) -> Result<BTreeMap<String, String>> {
    let list: Vec<AttributeType> = parameters
        .0
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(ATTRIBUTE_PREFIX)?, value)))
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| AttributeType { name: name.to_owned(), value: Some(value.clone()) })
        .collect();
    let changes = attributes::check_completion(&context.pool, &context.client, &list)?;
    let given: BTreeMap<String, String> =
        changes.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    match attributes::missing_required(&context.pool, &user.attributes)
        .find(|name| !given.contains_key(*name))
    {
        Some(name) => Err(fault::attribute_missing(name)),
        None => Ok(given),
    }
}
