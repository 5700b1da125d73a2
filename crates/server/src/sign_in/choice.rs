//! USER_AUTH: the user chooses how to sign in. Until something is proved nothing is stored but what a code needs: the
//! sign-in travels, sealed, in the Session.

use super::{
    Context,
    conclusion::Conclusion,
    device, facts,
    origin::{NamedDevice, Origin, Spends},
    passkey,
    password::{self, Candidate, Lock},
    run::{self, Attempt, CheckAnswerer, Guesses},
    session::{self, SessionKey},
    signed_up, srp, strangers,
};
use crate::app::App;
use rules::{
    Fault, Result, fault,
    sign_in::{
        Challenge, Facts, Flow, Input, SignIn, Step, Waiting,
        assurance::Target,
        check_enabled,
        choice::{FirstFactor, is_native},
        srp::PublicValue,
    },
    user::User,
    webauthn::settings,
};
use zeroize::Zeroizing;

/// The longest name that is looked for, in characters: of a longer one as many. No user has such a one.
const CHOICE_NAME_CHARACTERS_MAX: usize = 256;

/// How the user wants to sign in, with what comes along.
pub struct Choice {
    /// Which way, if it was said.
    pub factor: Option<FirstFactor>,
    /// The password in clear.
    pub password: Option<Zeroizing<String>>,
    /// The public value of SRP.
    pub srp_a: Option<PublicValue>,
    /// The device that the client says it is.
    pub device: Option<String>,
}

/// What follows a choice.
pub enum Chosen {
    /// A question, or tokens.
    Concluded(Conclusion),
    /// The password by SRP, with the Session that its proof comes with.
    Srp(srp::Question, String),
}

/// Begins a sign-in by choice, which must reach a level where one is wished for.
///
/// # Errors
/// As [`password::begin`] and the machine.
pub async fn begin(
    app: &App,
    context: Context,
    typed_name: &str,
    choice: Choice,
    target: Option<Target>,
) -> Result<Chosen> {
    let lock = match choice.factor {
        Some(FirstFactor::Password | FirstFactor::PasswordSrp) => Lock::Refuses,
        _ => Lock::Ignored,
    };
    let typed_name = no_longer_than_names(typed_name);
    let candidate = password::look_up(app, &context, typed_name, lock).await?;
    let user = candidate.user.as_ref().filter(|user| !context.client.hides_users() || may_sign_in(user));
    password::enter(app, &context, typed_name, user).await?;
    let device = device::named(app, &context, user, choice.device.as_deref()).await?;
    let mut begun = Begun::of(app, &context, user, typed_name, target).await?;
    begun.sign_in.device = device;
    let chosen = match begun.choose(&context, choice.factor) {
        // Where errors must not tell who exists, who cannot do what is wished for is like nobody.
        Err(_) if context.client.hides_users() && user.is_some() && !begun.sign_in.has_credit() => {
            begun = Begun::of(app, &context, None, typed_name, begun.sign_in.target.clone()).await?;
            begun.choose(&context, choice.factor)?
        }
        chosen => chosen?,
    };
    follow(app, context, begun, chosen, choice, ChosenIn::Start).await
}

/// Where the choice was made.
enum ChosenIn {
    /// In the first call.
    Start,
    /// Behind this Session.
    Session(SessionKey, CheckAnswerer),
}

/// The typed name as far as a user could have it: the Session carries it.
fn no_longer_than_names(typed_name: &str) -> &str {
    let end =
        typed_name.char_indices().nth(CHOICE_NAME_CHARACTERS_MAX).map_or(typed_name.len(), |(end, _)| end);
    &typed_name[..end]
}

/// Whoever is of another provider, or disabled, has no way to choose.
fn may_sign_in(user: &User) -> bool {
    check_enabled(user).is_ok() && is_native(user)
}

/// A sign-in before its choice, with what the choice depends on.
struct Begun {
    sign_in: SignIn,
    /// The user, or who stands for nobody.
    user: User,
    has_passkey: bool,
    typed_name: String,
    now: rules::Millis,
}

impl Begun {
    async fn of(
        app: &App,
        context: &Context,
        user: Option<&User>,
        typed_name: &str,
        target: Option<Target>,
    ) -> Result<Begun> {
        let (user, nobody) = strangers::user_or_nobody(app, context, user, typed_name);
        let sign_in = SignIn {
            nobody,
            flow: Flow::Choice,
            target,
            ..SignIn::new(&context.client, &user.sub, context.side)
        };
        let (pool, asked) = (context.pool.clone(), sign_in.clone());
        let has_passkey = match settings::is_enabled(&pool) {
            true => app.db.look_up(move |tx| facts::has_passkey(tx, &pool, &asked)).await?,
            false => false,
        };
        Ok(Begun { sign_in, user, has_passkey, typed_name: typed_name.to_owned(), now: app.now() })
    }

    /// The sign-in after the choice.
    fn choose(&self, context: &Context, factor: Option<FirstFactor>) -> Result<Box<SignIn>> {
        let Context { pool, client, .. } = context;
        let facts = Facts { pool, client, device: None, has_passkey: self.has_passkey, now: self.now };
        let outcome = self.sign_in.clone().advance(&facts, self.user.clone(), Input::Choose(factor))?;
        match outcome.step {
            Step::Ask(sign_in) => Ok(sign_in),
            Step::Invoke(_) | Step::Done(_) => Err(Fault::internal("a choice ends a sign-in")),
        }
    }
}

/// Answers SELECT_CHALLENGE, or one of its choices at once.
///
/// # Errors
/// NotAuthorizedException for a Session that waits for another answer; as [`begin`].
pub async fn answer(
    app: &App,
    context: Context,
    key: SessionKey,
    choice: Choice,
    check_answerer: CheckAnswerer,
) -> Result<Chosen> {
    let (mut sign_in, user, has_passkey) = found(app, &context, &key).await?;
    check_answerer(app, &context, &user)?;
    let Waiting::Answer(Challenge::Select { factors }) = &sign_in.waiting else {
        return Err(fault::session_invalid().because("the Session waits for no choice"));
    };
    if !choice.factor.is_some_and(|chosen| factors.contains(&chosen)) {
        return Err(fault::first_factor_invalid());
    }
    let typed_name = user.username.to_string();
    let known = sign_in.nobody.is_none().then_some(&user);
    if let Some(device) = device::named(app, &context, known, choice.device.as_deref()).await? {
        sign_in.device = Some(device);
    }
    let begun = Begun { sign_in, user, has_passkey, typed_name, now: app.now() };
    let chosen = begun.choose(&context, choice.factor)?;
    follow(app, context, begun, chosen, choice, ChosenIn::Session(key, check_answerer)).await
}

/// The sign-in behind a Session, its user or who stands for nobody, and whether there is a passkey.
async fn found(app: &App, context: &Context, key: &SessionKey) -> Result<(SignIn, User, bool)> {
    let (key, pool, client_id, side) =
        (key.clone(), context.pool.clone(), context.client.id.clone(), context.side);
    let server = app.clone();
    app.db
        .look_up(move |tx| {
            let sign_in = session::find(tx, &key, &client_id, side)?;
            let (user, _) = facts::user_of(&server, tx, &sign_in)?;
            let has_passkey = facts::has_passkey(tx, &pool, &sign_in)?;
            Ok::<_, Fault>((sign_in, user, has_passkey))
        })
        .await
}

/// Does what the machine has decided after a choice.
async fn follow(
    app: &App,
    context: Context,
    begun: Begun,
    chosen: Box<SignIn>,
    choice: Choice,
    from: ChosenIn,
) -> Result<Chosen> {
    let is_unproved = chosen.passed.is_empty() && !begun.sign_in.has_credit();
    match (&chosen.waiting, choice.factor) {
        (Waiting::Answer(Challenge::Select { factors }), Some(FirstFactor::Password))
            if factors.contains(&FirstFactor::Password) =>
        {
            let password = choice.password.ok_or_else(|| fault::missing_parameter("PASSWORD"))?;
            by_password(app, context, begun, password, from).await.map(Chosen::Concluded)
        }
        (Waiting::Answer(Challenge::PasswordVerifier), _) => {
            let a = choice.srp_a.ok_or_else(|| fault::missing_parameter("SRP_A"))?;
            by_srp(app, &context, begun, chosen, a, from).await
        }
        (Waiting::Answer(Challenge::Select { .. } | Challenge::Passkey { .. }), _) if is_unproved => {
            let mut chosen = chosen;
            passkey::draw_challenge(app, &mut chosen);
            let session =
                session::carrying(app, &chosen, &begun.typed_name, context.client.session_ttl_ms())?;
            let user = Box::new(begun.user);
            Ok(Chosen::Concluded(Conclusion::Asked { user, sign_in: chosen, session }))
        }
        _ => {
            if is_unproved {
                strangers::count(app, &context).await?;
            }
            let origin = match from {
                ChosenIn::Start => Origin::InMemory { sign_in: Box::new(begun.sign_in) },
                ChosenIn::Session(key, check_answerer) => {
                    Origin::Session { key, check_answerer: Some(check_answerer) }
                }
            };
            let (factor, device) = (choice.factor, choice.device.as_deref().map(NamedDevice::now));
            let compare: run::Compare = Box::new(move |_, _, _, _| Ok(Input::Choose(factor)));
            let attempt = Attempt { context, origin, guesses: Guesses::None, passkey: None, device, compare };
            attempt.run(app).await.map(Chosen::Concluded)
        }
    }
}

impl Begun {
    /// Where wrong passwords of this user, or nobody, are counted.
    async fn candidate(&self, app: &App, context: &Context) -> Result<Candidate> {
        let user = self.sign_in.nobody.is_none().then(|| self.user.clone());
        password::candidate(app, context, user, &self.typed_name).await
    }
}

async fn by_password(
    app: &App,
    context: Context,
    begun: Begun,
    password: Zeroizing<String>,
    from: ChosenIn,
) -> Result<Conclusion> {
    let mut candidate = begun.candidate(app, &context).await?;
    let matches = password::compare(app, &mut candidate, password).await?;
    let spends = match from {
        ChosenIn::Start => Spends::Nothing,
        ChosenIn::Session(key, _) => Spends::Session(key),
    };
    let proved = password::Proved { matches, spends, sign_in: Some(Box::new(begun.sign_in)), device: None };
    password::conclude(app, context, candidate, proved).await
}

/// The block that the proof comes with carries the sign-in, and a Session of its own is its twin. A Session that is stored
/// is used up now: what was proved before it would otherwise count for several proofs.
async fn by_srp(
    app: &App,
    context: &Context,
    begun: Begun,
    chosen: Box<SignIn>,
    a: PublicValue,
    from: ChosenIn,
) -> Result<Chosen> {
    if let ChosenIn::Session(key, _) = from
        && !key.is_sealed()
    {
        app.db.write(move |tx| session::spend(tx, &key)).await?;
    }
    let (session, key) = session::new(app, context);
    let user = chosen.nobody.is_none().then_some(&begun.user);
    let within = srp::Within { sign_in: chosen, session: key };
    let question = srp::question(
        app,
        context,
        user,
        &begun.typed_name,
        srp::Asked { a, device: None, within: Some(within) },
    )
    .await?;
    Ok(Chosen::Srp(question, session))
}

/// Begins the sign-in of whoever has confirmed a sign-up a moment ago, by the Session that ConfirmSignUp gave. D: what
/// comes along is ignored, and no further proof is asked for but what the pool asks beside a code.
///
/// # Errors
/// NotAuthorizedException for a Session that is none of these; as the machine.
pub async fn after_sign_up(
    app: &App,
    context: Context,
    key: SessionKey,
    check_answerer: CheckAnswerer,
) -> Result<Conclusion> {
    let (sign_in, user, _) = found(app, &context, &key).await?;
    check_answerer(app, &context, &user)?;
    // Any other Session is refused by the machine. It may be nobody's, whom no function must take for a user.
    if signed_up::is_confirmed(&sign_in) {
        password::enter(app, &context, &user.username, Some(&user)).await?;
    }
    Attempt {
        context,
        origin: Origin::Session { key, check_answerer: Some(check_answerer) },
        guesses: Guesses::None,
        passkey: None,
        device: None,
        compare: Box::new(|_, _, _, _| Ok(Input::SignedUp)),
    }
    .run(app)
    .await
}
