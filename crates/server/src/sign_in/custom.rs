//! CUSTOM_AUTH: the pool's functions lead the sign-in.

use super::{
    Context,
    conclusion::{Conclusion, Pending},
    device,
    functions::{self, Led},
    origin::{NamedDevice, Origin},
    password::{self, Lock},
    run::{Attempt, CheckAnswerer, Guesses},
    session::{self, SessionKey},
    srp, strangers,
};
use crate::app::App;
use rules::{
    Fault, Result, fault,
    sign_in::{
        Challenge, CustomAnswer, Facts, Flow, Input, SignIn, Step, Waiting, check_enabled, check_status,
        custom::SRP_A, srp::PublicValue,
    },
    triggers::{challenges::Round, has_custom_challenges},
    user::User,
};
use std::sync::Arc;
use zeroize::Zeroizing;

/// What follows the first call.
pub enum Begun {
    /// A question of a function's, or tokens.
    Concluded(Conclusion),
    /// The password by SRP, with the Session that its proof comes with.
    Srp(srp::Question, String),
}

/// Begins a custom sign-in, with SRP where the client sends its public value.
///
/// # Errors
/// InvalidParameterException where the pool does not name the functions; as [`password::begin`]; and as the functions
/// and the machine.
pub async fn begin(
    app: &App,
    context: Context,
    typed_name: &str,
    a: Option<PublicValue>,
    device: Option<&str>,
) -> Result<Begun> {
    if !has_custom_challenges(&context.pool) {
        return Err(fault::custom_auth_not_configured());
    }
    // D: custom challenges are outside of the lock after wrong passwords; the password is not.
    let lock = if a.is_some() { Lock::Refuses } else { Lock::Ignored };
    let candidate = password::look_up(app, &context, typed_name, lock).await?;
    let user = candidate.user.as_ref().filter(|user| !context.client.hides_users() || may_sign_in(user));
    password::enter(app, &context, typed_name, user).await?;
    strangers::count(app, &context).await?;
    let device = device::named(app, &context, user, device).await?;
    let (mut sign_in, stands_for) = begun(app, &context, user, typed_name, a.is_some());
    sign_in.device = device;
    let (pool, client) = (&*context.pool, &*context.client);
    // A device is asked for its proof after the functions' questions.
    let facts = Facts { pool, client, device: None, has_passkey: false, now: app.now() };
    let outcome = sign_in.advance(&facts, stands_for, Input::Begin)?;
    let Step::Invoke(sign_in) = outcome.step else {
        return Err(Fault::internal("a custom sign-in begins without its functions"));
    };
    let pending = Pending { sign_in, user: outcome.user, groups: Vec::new(), device: None };
    let Led { sign_in, reply, step } = functions::lead(app, &context, pending).await?;
    match (step, a) {
        (Step::Ask(asked), Some(a)) if asked.waiting == Waiting::Answer(Challenge::PasswordVerifier) => {
            let (session, key) = session::new(app, &context);
            let begun = srp::Within { sign_in: asked, session: key };
            let question = srp::question(
                app,
                &context,
                user,
                typed_name,
                srp::Asked { a, device: None, within: Some(begun) },
            )
            .await?;
            Ok(Begun::Srp(question, session))
        }
        _ => Attempt::end(app, context, sign_in, reply).await.map(Begun::Concluded),
    }
}

/// Where the client must not learn who exists, whoever may not sign in is like a name that no user has.
fn may_sign_in(user: &User) -> bool {
    check_enabled(user).and_then(|()| check_status(user)).is_ok()
}

/// The sign-in, and its user or who stands for it.
fn begun(
    app: &App,
    context: &Context,
    user: Option<&User>,
    typed_name: &str,
    with_srp: bool,
) -> (SignIn, User) {
    let (user, nobody) = strangers::user_or_nobody(app, context, user, typed_name);
    let first = Round { challenge_name: SRP_A.to_owned(), challenge_result: true, challenge_metadata: None };
    let sign_in = SignIn {
        nobody,
        flow: Flow::Custom,
        rounds: with_srp.then_some(first).into_iter().collect(),
        ..SignIn::new(&context.client, &user.sub, context.side)
    };
    (sign_in, user)
}

/// Answers CUSTOM_CHALLENGE.
///
/// # Errors
/// As the functions and the machine. The Session is spent whatever they say.
pub async fn answer(
    app: &App,
    context: Context,
    key: SessionKey,
    answer: Zeroizing<String>,
    device: Option<&str>,
    check_answerer: CheckAnswerer,
) -> Result<Conclusion> {
    let device = device.map(NamedDevice::now);
    let answer = Arc::new(CustomAnswer(answer));
    Attempt {
        context,
        origin: Origin::Session { key, check_answerer: Some(check_answerer) },
        guesses: Guesses::None,
        passkey: None,
        device,
        compare: Box::new(move |_, _, _, _| Ok(Input::Answer(answer.as_ref().clone()))),
    }
    .run(app)
    .await
}
