//! Paths through the machine, by table and by random walk.

use super::*;
use crate::{
    DAY, Sealed,
    random::{Random, Seeded},
    triggers::{Trigger, challenges::Next},
    user::{Password, Totp, UserMfa, samples},
};
use mfa::is_offered;
use spec::cognito_idp::{EmailMfaConfigType, LambdaConfigType, SmsMfaConfigType, UserPoolMfaType};
use std::collections::BTreeMap;

const NOW: Millis = 1_800_000_000_000;

fn pool(mfa: UserPoolMfaType, offered: &[MfaFactor]) -> Pool {
    let mut pool = samples::pool(&[], &[]);
    pool.detail.mfa_configuration = Some(mfa);
    pool.mfa.software_token = offered.contains(&MfaFactor::SoftwareToken);
    pool.mfa.sms = offered.contains(&MfaFactor::Sms).then(SmsMfaConfigType::default);
    pool.mfa.email = offered.contains(&MfaFactor::Email).then(EmailMfaConfigType::default);
    pool
}

fn password(temporary: bool, set_at: Millis) -> Password {
    Password {
        hash: "h".into(),
        srp_salt: "s".into(),
        srp_verifier: Sealed(vec![1]),
        set_at,
        temporary,
        history: Vec::new(),
    }
}

fn totp(verified: bool) -> Option<Totp> {
    Some(Totp { secret: Sealed(vec![2]), verified, last_step: None, device_name: None })
}

fn user(attributes: &[(&str, &str)], mfa: UserMfa) -> User {
    User { password: Some(password(false, NOW)), mfa, ..samples::user(attributes) }
}

fn begin(pool: &Pool, user: &User) -> Result<Outcome> {
    let client = samples::client(&[], &[]);
    SignIn::new(&client, &user.sub, Side::User).advance(
        &Facts { pool, client: &client, now: NOW },
        user.clone(),
        Input::Password,
    )
}

/// The name of the question that follows the right password, `tokens`, or the refusal.
fn after_password(pool: &Pool, user: &User) -> String {
    describe(begin(pool, user).map(|o| o.step))
}

fn describe(result: Result<Step>) -> String {
    match result {
        Ok(Step::Done(_)) => "tokens".into(),
        Ok(Step::Ask(sign_in) | Step::Invoke(sign_in)) => match sign_in.waiting {
            Waiting::Answer(challenge) => challenge.name().as_str().to_owned(),
            Waiting::Reply(awaited) => awaited.trigger().as_str().to_owned(),
            Waiting::Start => "nothing".into(),
        },
        Err(fault) => fault.message.into_owned(),
    }
}

#[test]
fn the_status_decides_first() {
    let pool = pool(UserPoolMfaType::Off, &[]);
    for (status, expected) in [
        (UserStatusType::Confirmed, "tokens"),
        (UserStatusType::Unconfirmed, "User is not confirmed."),
        (UserStatusType::ResetRequired, "Password reset required for the user"),
        (UserStatusType::ForceChangePassword, "NEW_PASSWORD_REQUIRED"),
        (UserStatusType::Archived, "Incorrect username or password."),
        (UserStatusType::ExternalProvider, "Incorrect username or password."),
    ] {
        let user = User { status, ..user(&[], UserMfa::default()) };
        assert_eq!(after_password(&pool, &user), expected, "{status:?}");
        let disabled = User { enabled: false, ..user };
        assert_eq!(after_password(&pool, &disabled), "User is disabled.", "{status:?}");
    }
}

#[test]
fn a_temporary_password_ages() {
    let pool = pool(UserPoolMfaType::Off, &[]);
    for (age_days, expected) in [
        (6, "NEW_PASSWORD_REQUIRED"),
        (7, "Temporary password has expired and must be reset by an administrator."),
    ] {
        let user = User {
            status: UserStatusType::ForceChangePassword,
            password: Some(password(true, NOW - age_days * DAY)),
            ..user(&[], UserMfa::default())
        };
        assert_eq!(after_password(&pool, &user), expected, "{age_days} days");
    }
}

#[test]
fn the_second_factor_is_chosen() {
    use MfaFactor::{Email, Sms, SoftwareToken};
    let all = [Sms, SoftwareToken, Email];
    let both = [("email", "a@b.c"), ("phone_number", "+1")];
    let on = UserMfa { sms: true, email: true, software_token: true, preferred: None, totp: totp(true) };
    let preferred = |factor| UserMfa { preferred: Some(factor), ..on.clone() };
    let sms_only = UserMfa { sms: true, ..UserMfa::default() };
    let unproved = UserMfa { software_token: true, totp: totp(false), ..UserMfa::default() };
    type Row<'a> = (UserPoolMfaType, &'a [MfaFactor], &'a [(&'a str, &'a str)], UserMfa, &'a str);
    let rows: [Row<'_>; 12] = [
        (UserPoolMfaType::Off, &all, &both, on.clone(), "tokens"),
        (UserPoolMfaType::Optional, &all, &both, UserMfa::default(), "tokens"),
        (UserPoolMfaType::Optional, &all, &both, on.clone(), "SELECT_MFA_TYPE"),
        (UserPoolMfaType::Optional, &all, &both, preferred(Email), "EMAIL_OTP"),
        (UserPoolMfaType::Optional, &all, &both, preferred(SoftwareToken), "SOFTWARE_TOKEN_MFA"),
        (UserPoolMfaType::Optional, &[Sms], &both, preferred(Email), "SMS_MFA"),
        (UserPoolMfaType::Optional, &all, &both, sms_only.clone(), "SMS_MFA"),
        (UserPoolMfaType::Optional, &all, &[], sms_only, "tokens"),
        (UserPoolMfaType::Optional, &all, &both, unproved, "tokens"),
        (UserPoolMfaType::On, &all, &both, UserMfa::default(), "SMS_MFA"),
        (UserPoolMfaType::On, &[SoftwareToken, Email], &both, UserMfa::default(), "EMAIL_OTP"),
        (UserPoolMfaType::On, &[SoftwareToken], &both, UserMfa::default(), "MFA_SETUP"),
    ];
    for (i, (mfa, offered, attributes, factors, expected)) in rows.into_iter().enumerate() {
        assert_eq!(after_password(&pool(mfa, offered), &user(attributes, factors)), expected, "row {i}");
    }
}

#[test]
fn a_new_password_cannot_change_what_is_there() {
    let pool = pool(UserPoolMfaType::Off, &[]);
    let user = User {
        status: UserStatusType::ForceChangePassword,
        ..user(&[("email", "a@b.c")], UserMfa::default())
    };
    let answer = |attributes: &[(&str, &str)]| {
        let client = samples::client(&[], &[]);
        let Ok(Outcome { step: Step::Ask(sign_in), user }) = begin(&pool, &user) else {
            panic!("no question")
        };
        let attributes = attributes.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let input = Input::NewPassword { password: Box::new(password(false, NOW)), attributes };
        sign_in.advance(&Facts { pool: &pool, client: &client, now: NOW }, user, input)
    };
    let done = answer(&[("name", "Jane")]).unwrap();
    assert_eq!(done.user.status, UserStatusType::Confirmed);
    assert_eq!(done.user.attribute("name"), Some("Jane"));
    assert!(matches!(done.step, Step::Done(None)));
    assert_eq!(answer(&[("email", "x@y.z")]).unwrap_err().message, "Cannot modify an already provided email");
}

#[test]
fn setting_up_an_app_activates_it() {
    let pool = pool(UserPoolMfaType::On, &[MfaFactor::SoftwareToken]);
    let client = samples::client(&[], &[]);
    let facts = Facts { pool: &pool, client: &client, now: NOW };
    let go = |outcome: Outcome, input| {
        let Step::Ask(sign_in) = outcome.step else { panic!("no question") };
        sign_in.advance(&facts, outcome.user, input)
    };
    let asked = begin(&pool, &user(&[], UserMfa::default())).unwrap();
    assert!(go(asked.clone(), Input::SetupDone { email: None }).is_err(), "nothing is set up yet");
    let started = go(asked, Input::SetupStarted(Sealed(vec![9]))).unwrap();
    assert!(go(started.clone(), Input::SetupDone { email: None }).is_err(), "nothing is proved yet");
    let proved = go(started, Input::SetupProved { step: 5, device_name: None }).unwrap();
    assert_eq!(after_password(&pool, &proved.user), "SOFTWARE_TOKEN_MFA");
    assert!(matches!(go(proved, Input::SetupDone { email: None }).unwrap().step, Step::Done(None)));
}

/// What was proved is worth nothing once the password is another, or the user may not sign in by it.
#[test]
fn a_sign_in_ends_with_its_password() {
    let pool = pool(UserPoolMfaType::On, &[MfaFactor::Sms]);
    let client = samples::client(&[], &[]);
    let facts = Facts { pool: &pool, client: &client, now: NOW };
    let jane = user(&[("phone_number", "+1")], UserMfa::default());
    let replaced = Password { srp_salt: "other".into(), ..password(false, NOW) };
    for (change, expected) in [
        (jane.clone(), "tokens"),
        (User { password: Some(replaced), ..jane.clone() }, "Invalid session for the user."),
        (User { password: None, ..jane.clone() }, "Invalid session for the user."),
        (
            User { status: UserStatusType::ResetRequired, ..jane.clone() },
            "Password reset required for the user",
        ),
        (User { enabled: false, ..jane.clone() }, "User is disabled."),
        (user(&[("phone_number", "+2")], UserMfa::default()), "Invalid session for the user."),
    ] {
        let Ok(Outcome { step: Step::Ask(sign_in), .. }) = begin(&pool, &jane) else { panic!("no question") };
        let input = Input::Code { factor: MfaFactor::Sms, matches: true };
        assert_eq!(describe(sign_in.advance(&facts, change, input).map(|o| o.step)), expected);
    }
}

/// What was proved or decided on a path.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Proof {
    Factor(Factor),
    Issued,
    Accepted,
    TokensSaid,
}

/// A sign-in that a server of before has stored.
#[test]
fn sign_ins_of_before_are_read() {
    let stored = r#"{"pool_id":"us-east-1_a","client_id":"c","sub":"s","side":"User","passed":["Password"],
        "password":"salt","waiting_for":{"Code":{"factor":"Sms","code":[1],"to":"+1","registers":false}}}"#;
    let sign_in: SignIn = serde_json::from_str(stored).unwrap();
    assert_eq!((sign_in.flow, sign_in.nobody.is_none(), sign_in.rounds.len()), (Flow::Password, true, 0));
    assert!(matches!(sign_in.waiting, Waiting::Answer(Challenge::Code { .. })));
    let written: serde_json::Value = serde_json::to_value(&sign_in).unwrap();
    assert_eq!(written.get("rounds"), None);
}

/// Draws answers and replies at random, right and wrong, fitting and not: whatever the path, tokens come only after a
/// password, a permanent one, and a second factor wherever the pool demands it or the user has one; where functions lead
/// the sign-in, after they said so; never for nobody; and with each function of the pool asked.
#[test]
fn no_path_reaches_tokens_without_its_factors() {
    let mut random = Seeded(7);
    let (mut tokens, mut custom, mut refusals) = (0, 0, 0);
    for _ in 0..60_000 {
        let (pool, user) = (random_pool(&mut random), random_user(&mut random));
        let client = samples::client(&[], &[]);
        let facts = Facts { pool: &pool, client: &client, now: NOW };
        let begun = random_beginning(&mut random, &client, &user);
        let mut state = (begun.clone(), user.clone());
        let mut proved = Vec::new();
        for _ in 0..12 {
            let (input, proof) = random_input(&mut random);
            let (sign_in, mut present) = state.clone();
            // Now and then something happens to the user between two steps.
            let changed = random.below(20) == 0;
            if changed {
                change(&mut random, &mut present);
            }
            match sign_in.advance(&facts, present, input) {
                Ok(outcome) => {
                    let is_void =
                        !outcome.user.enabled || outcome.user.status == UserStatusType::ResetRequired;
                    assert!(!is_void, "a sign-in goes on for {:?}", outcome.user);
                    proved.extend(proof);
                    state.1 = outcome.user;
                    match outcome.step {
                        Step::Ask(sign_in) | Step::Invoke(sign_in) => state.0 = *sign_in,
                        Step::Done(_) => {
                            check_proofs(&pool, &user, &begun, &proved);
                            tokens += 1;
                            custom += usize::from(begun.flow == Flow::Custom);
                            break;
                        }
                    }
                }
                Err(_) => refusals += 1,
            }
        }
    }
    assert!(tokens > 800 && custom > 100 && refusals > 10_000, "{tokens} {custom} {refusals}");
}

fn change(random: &mut Seeded, user: &mut User) {
    match random.below(3) {
        0 => user.enabled = false,
        1 => user.status = UserStatusType::ResetRequired,
        _ => user.password = Some(Password { srp_salt: "other".into(), ..password(false, NOW) }),
    }
}

fn random_beginning(random: &mut Seeded, client: &Client, user: &User) -> SignIn {
    let mut sign_in = SignIn::new(client, &user.sub, Side::User);
    if random.below(2) == 1 {
        sign_in.flow = Flow::Custom;
        sign_in.nobody = (random.below(4) == 0).then(|| Sealed(vec![5]));
        if random.below(2) == 1 {
            sign_in.note(custom::SRP_A, true, None);
        }
    }
    sign_in
}

fn check_proofs(pool: &Pool, user: &User, begun: &SignIn, proved: &[Proof]) {
    let has = |proof| proved.contains(&proof);
    let has_password = has(Proof::Factor(Factor::Password));
    assert!(user.enabled && begun.nobody.is_none(), "{proved:?}");
    assert!(if begun.flow == Flow::Custom { has(Proof::Issued) } else { has_password }, "{proved:?}");
    assert_ne!(user.status, UserStatusType::Unconfirmed);
    assert_ne!(user.status, UserStatusType::ResetRequired);
    if user.status == UserStatusType::ForceChangePassword {
        assert!(has(Proof::Factor(Factor::NewPassword)), "{proved:?}");
    }
    for (trigger, proof) in
        [(Trigger::PostAuthentication, Proof::Accepted), (Trigger::PreTokenGeneration, Proof::TokensSaid)]
    {
        assert_eq!(trigger.is_configured(pool), has(proof), "{proved:?}");
    }
    if !has_password {
        return;
    }
    let second = proved.iter().any(|proof| matches!(proof, Proof::Factor(Factor::Mfa(_))));
    let offered = |f: &MfaFactor| is_offered(pool, *f);
    let active = mfa::active(user).iter().any(offered);
    match pool.mfa_configuration() {
        UserPoolMfaType::Off => {}
        UserPoolMfaType::On => assert!(second, "{proved:?}"),
        UserPoolMfaType::Optional => assert!(second || !active, "{proved:?}"),
    }
}

fn random_pool(random: &mut Seeded) -> Pool {
    let mfa = [UserPoolMfaType::Off, UserPoolMfaType::Optional, UserPoolMfaType::On][random.below(3)];
    let all = [MfaFactor::Sms, MfaFactor::SoftwareToken, MfaFactor::Email];
    let offered: Vec<MfaFactor> = all.into_iter().filter(|_| random.below(2) == 1).collect();
    let mut pool = pool(mfa, &offered);
    let mut coin = || (random.below(2) == 1).then(|| "arn".to_owned());
    pool.detail.lambda_config = Some(LambdaConfigType {
        post_authentication: coin(),
        pre_token_generation: coin(),
        define_auth_challenge: Some("arn".to_owned()),
        ..LambdaConfigType::default()
    });
    pool
}

fn random_user(random: &mut Seeded) -> User {
    let mut coin = || random.below(2) == 1;
    let mut attributes = Vec::new();
    if coin() {
        attributes.push(("email", "a@b.c"));
    }
    if coin() {
        attributes.push(("phone_number", "+1"));
    }
    let mfa = UserMfa {
        sms: coin(),
        email: coin(),
        software_token: coin(),
        preferred: None,
        totp: if coin() { totp(coin()) } else { None },
    };
    let statuses = [
        UserStatusType::Confirmed,
        UserStatusType::ForceChangePassword,
        UserStatusType::Unconfirmed,
        UserStatusType::ResetRequired,
    ];
    let enabled = coin() || coin();
    let status = statuses[random.below(4)];
    User { status, enabled, ..user(&attributes, mfa) }
}

fn random_input(random: &mut Seeded) -> (Input, Option<Proof>) {
    let factor = [MfaFactor::Sms, MfaFactor::SoftwareToken, MfaFactor::Email][random.below(3)];
    let right = random.below(2) == 1;
    let proof = |factor| Some(Proof::Factor(factor));
    match random.below(16) {
        0 => (Input::Password, proof(Factor::Password)),
        1 => {
            let attributes = BTreeMap::new();
            let password = Box::new(password(false, NOW));
            (Input::NewPassword { password, attributes }, proof(Factor::NewPassword))
        }
        2 => (Input::Code { factor, matches: right }, right.then_some(Proof::Factor(Factor::Mfa(factor)))),
        3 => {
            let result = if right { Ok(7) } else { Err(totp::Refusal::Mismatch) };
            (Input::SoftwareToken(result), proof(Factor::Mfa(MfaFactor::SoftwareToken)).filter(|_| right))
        }
        4 => (Input::Choice(factor), None),
        5 => (Input::SetupStarted(Sealed(vec![3])), None),
        6 => {
            let proof = proof(Factor::Mfa(MfaFactor::SoftwareToken));
            (Input::SetupProved { step: 3, device_name: None }, proof)
        }
        7 => (Input::SetupDone { email: right.then(|| "n@e.w".to_owned()) }, None),
        8 => (Input::Begin, None),
        9 => (Input::Answer(CustomAnswer("x".to_owned().into())), None),
        _ => random_reply(random, right),
    }
}

fn random_reply(random: &mut Seeded, right: bool) -> (Input, Option<Proof>) {
    let (reply, proof) = match random.below(8) {
        0 => (Reply::Next(Next::Fail), None),
        1 => (Reply::Next(Next::Custom), None),
        2 => (Reply::Next(Next::PasswordVerifier), None),
        3 => (Reply::Next(Next::IssueTokens), Some(Proof::Issued)),
        4 => (Reply::Question(question()), None),
        5 => (Reply::Verdict(right), None),
        6 => (Reply::Accepted, Some(Proof::Accepted)),
        _ => (Reply::Tokens(Box::default()), Some(Proof::TokensSaid)),
    };
    (Input::Reply(reply), proof)
}

fn question() -> CustomQuestion {
    CustomQuestion { public: BTreeMap::new(), private: Sealed(vec![4]), metadata: Some("riddle".to_owned()) }
}

/// A custom sign-in of this user with a pool whose functions are named.
fn custom_sign_in(pool: &Pool, user: &User, inputs: Vec<Input>) -> Result<Outcome> {
    let client = samples::client(&[], &[]);
    let facts = Facts { pool, client: &client, now: NOW };
    let begun = SignIn { flow: Flow::Custom, ..SignIn::new(&client, &user.sub, Side::User) };
    let mut outcome = begun.advance(&facts, user.clone(), Input::Begin)?;
    for input in inputs {
        let (Step::Ask(sign_in) | Step::Invoke(sign_in)) = outcome.step else { panic!("it is over") };
        outcome = sign_in.advance(&facts, outcome.user, input)?;
    }
    Ok(outcome)
}

fn reply(reply: Reply) -> Input {
    Input::Reply(reply)
}

#[test]
fn functions_lead_a_custom_sign_in() {
    let pool = pool(UserPoolMfaType::On, &[MfaFactor::Sms]);
    let jane = user(&[("phone_number", "+1")], UserMfa::default());
    let round = |verdict| {
        vec![
            reply(Reply::Next(Next::Custom)),
            reply(Reply::Question(question())),
            Input::Answer(CustomAnswer("x".to_owned().into())),
            reply(Reply::Verdict(verdict)),
        ]
    };
    let asked = |inputs: Vec<Input>| describe(custom_sign_in(&pool, &jane, inputs).map(|o| o.step));
    assert_eq!(asked(vec![]), "DefineAuthChallenge");
    assert_eq!(asked(round(true)[..1].to_vec()), "CreateAuthChallenge");
    assert_eq!(asked(round(true)[..2].to_vec()), "CUSTOM_CHALLENGE");
    assert_eq!(asked(round(true)[..3].to_vec()), "VerifyAuthChallengeResponse");
    assert_eq!(asked(round(true)), "DefineAuthChallenge");
    // D: a second factor follows a password, and here was none.
    let issue = reply(Reply::Next(Next::IssueTokens));
    assert_eq!(asked([round(false), vec![issue.clone()]].concat()), "tokens");
    assert_eq!(asked(vec![reply(Reply::Next(Next::Fail))]), "Incorrect username or password.");
    assert_eq!(asked(vec![reply(Reply::Next(Next::PasswordVerifier))]), "Unrecognizable lambda output");
    let many =
        |count| (0..count).flat_map(|_| round(false)).chain([reply(Reply::Next(Next::Custom))]).collect();
    assert_eq!(asked(many(custom::ROUNDS_MAX - 1)), "CreateAuthChallenge");
    assert_eq!(asked(many(custom::ROUNDS_MAX)), "Incorrect username or password.");
    let outcome = custom_sign_in(&pool, &jane, [round(false), round(true)].concat()).unwrap();
    let Step::Invoke(sign_in) = outcome.step else { panic!("no function") };
    let told: Vec<(bool, Option<&str>)> =
        sign_in.rounds.iter().map(|r| (r.challenge_result, r.challenge_metadata.as_deref())).collect();
    assert_eq!(told, [(false, Some("riddle")), (true, Some("riddle"))]);
}

#[test]
fn who_has_a_temporary_password_replaces_it_in_custom_sign_ins_too() {
    let pool = pool(UserPoolMfaType::Off, &[]);
    let invited = User { status: UserStatusType::ForceChangePassword, ..user(&[], UserMfa::default()) };
    let issue = vec![reply(Reply::Next(Next::IssueTokens))];
    let asked = custom_sign_in(&pool, &invited, issue).map(|o| o.step);
    assert_eq!(describe(asked), "NEW_PASSWORD_REQUIRED");
}
