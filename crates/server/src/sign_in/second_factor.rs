//! Answers to the questions that a Session stands for: second factors, setting one up, and a new password.

use super::{
    Context, challenge,
    conclusion::Conclusion,
    origin::Origin,
    run::{Attempt, CheckAnswerer, Guesses},
    session::{self, SessionKey},
};
use crate::{app::App, users::passwords};
use rules::{
    Millis, Result, fault,
    pool::password_policy::check_password,
    sign_in::{Challenge, Input, SignIn, Waiting, totp},
    user::{MfaFactor, Totp, User, attributes},
};
use spec::cognito_idp::{AttributeType, ChallengeNameType};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// What the client sent, not yet compared.
pub enum Submitted {
    /// A code that came by SMS or e-mail, for this challenge.
    Code(ChallengeNameType, MfaFactor, Zeroizing<String>),
    /// A code of an authenticator app.
    SoftwareToken(Zeroizing<String>),
    /// Which factor comes next.
    Choice(MfaFactor),
    /// A factor is set up, or an address shall be one.
    SetupDone {
        /// The address.
        email: Option<String>,
    },
}

impl Submitted {
    /// The machine's input: codes are compared here, in constant time.
    fn compare(&self, app: &App, sign_in: &SignIn, user: &User, now: Millis) -> Result<Input> {
        Ok(match self {
            Submitted::Code(name, factor, digits) => {
                let Waiting::Answer(question @ Challenge::Code { code: expected, .. }) = &sign_in.waiting
                else {
                    return Err(fault::session_invalid());
                };
                // A code of one challenge answers no other, though both be sent by SMS.
                if question.name() != *name {
                    return Err(fault::session_invalid().because("the Session waits for another challenge"));
                }
                let hash = challenge::code_hash(&app.vault, sign_in, digits);
                Input::Code { factor: *factor, matches: hash.as_slice().ct_eq(expected).into() }
            }
            Submitted::SoftwareToken(digits) => {
                let Some(totp) = &user.mfa.totp else { return Err(fault::session_invalid()) };
                let secret = app.vault.open(&Totp::context(&user.pool_id, &user.sub), &totp.secret)?;
                Input::SoftwareToken(totp::check(&secret, digits, now, totp.last_step))
            }
            Submitted::Choice(factor) => Input::Choice(*factor),
            Submitted::SetupDone { email } => Input::SetupDone { email: email.clone() },
        })
    }

    fn guesses(&self) -> Guesses {
        match self {
            Submitted::Code(..) | Submitted::SoftwareToken(_) => Guesses::SecondFactors,
            Submitted::Choice(_) | Submitted::SetupDone { .. } => Guesses::BehindSecondFactors,
        }
    }
}

/// Answers SMS_MFA, EMAIL_OTP, SOFTWARE_TOKEN_MFA, SELECT_MFA_TYPE and MFA_SETUP.
pub async fn answer(
    app: &App,
    context: Context,
    key: SessionKey,
    submitted: Submitted,
    check_answerer: CheckAnswerer,
) -> Result<Conclusion> {
    Attempt {
        context,
        origin: Origin::Session { key, check_answerer: Some(check_answerer) },
        guesses: submitted.guesses(),
        passkey: None,
        device: None,
        compare: Box::new(move |app, sign_in, user, now| submitted.compare(app, sign_in, user, now)),
    }
    .run(app)
    .await
}

/// Answers NEW_PASSWORD_REQUIRED: the password is hashed between reading and writing.
pub async fn new_password(
    app: &App,
    context: Context,
    key: SessionKey,
    password: Zeroizing<String>,
    given: &[AttributeType],
    check_answerer: CheckAnswerer,
) -> Result<Conclusion> {
    let user = waiting_user(app, &context, key.clone()).await?;
    check_answerer(app, &context, &user)?;
    let policy = context.pool.password_policy();
    check_password(&policy, &password).map_err(fault::changed_password)?;
    let attributes = attributes::completed(&context.pool, &context.client, given, &user)?;
    if policy.history_size > 0 {
        let hashes = user.password.iter().flat_map(|p| p.history.iter().cloned()).collect();
        if passwords::is_any_of(app, password.clone(), hashes).await? {
            return Err(fault::password_in_history());
        }
    }
    let password = passwords::make(app, &context.pool, &user, password, false).await?;
    Attempt {
        context,
        origin: Origin::Session { key, check_answerer: Some(check_answerer) },
        guesses: Guesses::None,
        passkey: None,
        device: None,
        compare: Box::new(move |_, _, _, _| {
            Ok(Input::NewPassword { password: Box::new(password.clone()), attributes: attributes.clone() })
        }),
    }
    .run(app)
    .await
}

/// The user whose session waits for a new password.
async fn waiting_user(app: &App, context: &Context, key: SessionKey) -> Result<User> {
    let (client_id, side) = (context.client.id.clone(), context.side);
    app.db
        .look_up(move |tx| {
            let sign_in = session::find(tx, &key, &client_id, side)?;
            if sign_in.waiting != Waiting::Answer(Challenge::NewPasswordRequired) {
                return Err(fault::session_invalid());
            }
            store::users::find(tx, &sign_in.pool_id, &sign_in.sub)?.ok_or_else(fault::session_invalid)
        })
        .await
}
