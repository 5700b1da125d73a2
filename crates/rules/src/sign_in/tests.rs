//! Paths through the machine, by table and by random walk.

mod choices;
mod walk;

use super::*;
use crate::{
    DAY, Result, Sealed,
    triggers::challenges::Next,
    user::{Password, Totp, UserMfa, samples},
};
use spec::cognito_idp::{EmailMfaConfigType, SmsMfaConfigType, UserPoolMfaType, UserStatusType};
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

fn facts<'a>(pool: &'a Pool, client: &'a Client) -> Facts<'a> {
    Facts { pool, client, device: None, has_passkey: false, now: NOW }
}

fn begin(pool: &Pool, user: &User) -> Result<Outcome> {
    let client = samples::client(&[], &[]);
    SignIn::new(&client, &user.sub, Side::User).advance(&facts(pool, &client), user.clone(), Input::Password)
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
    let on = UserMfa {
        sms: true,
        email: true,
        software_token: true,
        preferred: None,
        totp: totp(true),
        web_authn: false,
    };
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
        sign_in.advance(&facts(&pool, &client), user, input)
    };
    let done = answer(&[("name", "Jane")]).unwrap();
    assert_eq!(done.user.status, UserStatusType::Confirmed);
    assert_eq!(done.user.attribute("name"), Some("Jane"));
    assert!(matches!(done.step, Step::Done(_)));
    assert_eq!(answer(&[("email", "x@y.z")]).unwrap_err().message, "Cannot modify an already provided email");
}

#[test]
fn setting_up_an_app_activates_it() {
    let pool = pool(UserPoolMfaType::On, &[MfaFactor::SoftwareToken]);
    let client = samples::client(&[], &[]);
    let facts = facts(&pool, &client);
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
    assert!(matches!(go(proved, Input::SetupDone { email: None }).unwrap().step, Step::Done(_)));
}

/// What was proved is worth nothing once the password is another, or the user may not sign in by it.
#[test]
fn a_sign_in_ends_with_its_password() {
    let pool = pool(UserPoolMfaType::On, &[MfaFactor::Sms]);
    let client = samples::client(&[], &[]);
    let facts = facts(&pool, &client);
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

fn question() -> CustomQuestion {
    CustomQuestion { public: BTreeMap::new(), private: Sealed(vec![4]), metadata: Some("riddle".to_owned()) }
}

/// A custom sign-in of this user with a pool whose functions are named.
fn custom_sign_in(pool: &Pool, user: &User, inputs: Vec<Input>) -> Result<Outcome> {
    let client = samples::client(&[], &[]);
    let facts = facts(pool, &client);
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
