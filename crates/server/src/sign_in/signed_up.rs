//! Who has confirmed a sign-up signs in at once: SignUp gives a Session, ConfirmSignUp another one for it, and InitiateAuth
//! takes that as proof of the address. D

use super::{
    Context,
    session::{self, SessionKey},
};
use crate::app::App;
use rules::{
    DAY, Result, fault,
    messages::Medium,
    sign_in::{Challenge, Factor, Flow, SignIn, Waiting, choice},
    user::{MfaFactor, User},
};
use spec::cognito_idp::ExplicitAuthFlowsType;
use store::Tx;

/// The Session of a sign-up, for clients whose users choose how to sign in. It proves nothing, and nothing is stored.
///
/// # Errors
/// Only failures.
pub fn session(app: &App, context: &Context, user: &User) -> Result<Option<String>> {
    if !context.client.allows(ExplicitAuthFlowsType::AllowUserAuth) {
        return Ok(None);
    }
    // As long as the code, so that who reads the mail late signs in all the same.
    session::carrying(app, &begun(context, user), &user.username, DAY).map(Some)
}

fn begun(context: &Context, user: &User) -> SignIn {
    SignIn {
        flow: Flow::Choice,
        waiting: Waiting::Answer(Challenge::SignedUp),
        ..SignIn::new(&context.client, &user.sub, context.side)
    }
}

/// The Session that ConfirmSignUp is given, if it is.
///
/// # Errors
/// NotAuthorizedException for one that is foreign. With one that has expired the sign-up is confirmed, and no more.
pub fn open(app: &App, context: &Context, session: Option<&str>) -> Result<Option<SessionKey>> {
    if session.is_none() || !context.client.allows(ExplicitAuthFlowsType::AllowUserAuth) {
        return Ok(None);
    }
    match session::open(app, session) {
        Err(refusal) if refusal.message == fault::session_expired().message => Ok(None),
        opened => opened.map(Some),
    }
}

/// Whether this is the sign-in of who has confirmed a sign-up.
pub fn is_confirmed(sign_in: &SignIn) -> bool {
    sign_in.waiting == Waiting::Answer(Challenge::SignedUp)
        && sign_in.passed.iter().any(|factor| matches!(factor, Factor::SignUp(_)))
}

/// Keeps the sign-in of a user who has confirmed the sign-up by a code to this medium, and answers its Session; none where
/// the user could not sign in by such a code. C: Amplify sends no Session of SignUp and takes the one that comes back.
///
/// # Errors
/// NotAuthorizedException for the Session of another user, client or challenge, or one that was used.
pub fn go_on(
    tx: &mut Tx<'_>,
    context: &Context,
    given: Option<&SessionKey>,
    next: &(String, SessionKey),
    user: &User,
    medium: Medium,
) -> Result<Option<String>> {
    if !context.client.allows(ExplicitAuthFlowsType::AllowUserAuth) {
        return Ok(None);
    }
    if let Some(given) = given {
        let sign_in = session::find(tx, given, &context.client.id, context.side)?;
        let is_of_sign_up =
            sign_in.waiting == Waiting::Answer(Challenge::SignedUp) && sign_in.passed.is_empty();
        if sign_in.sub != user.sub || !is_of_sign_up {
            return Err(fault::session_invalid().because("the Session is not of this sign-up"));
        }
        session::spend(tx, given)?;
    }
    let factor = if medium == Medium::Email { MfaFactor::Email } else { MfaFactor::Sms };
    let is_eligible =
        choice::available(&context.pool, user, false).iter().any(|first| first.code_factor() == Some(factor));
    if !is_eligible {
        return Ok(None);
    }
    let proved = SignIn { passed: vec![Factor::SignUp(factor)], ..begun(context, user) };
    let (session, key) = next;
    session::put(tx, key, &proved)?;
    Ok(Some(session.clone()))
}
