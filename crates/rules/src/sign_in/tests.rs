//! Paths through the machine, by table and by random walk.

use super::*;
use crate::random::{Random, Seeded};
use crate::user::{UserMfa, samples};
use mfa::is_offered;
use spec::cognito_idp::{EmailMfaConfigType, SmsMfaConfigType, UserPoolMfaType};

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
        Ok(Step::Done) => "tokens".into(),
        Ok(Step::Ask(sign_in)) => match sign_in.waiting {
            Waiting::Answer(challenge) => challenge.name().as_str().to_owned(),
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
    assert!(matches!(done.step, Step::Done));
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
    assert!(matches!(go(proved, Input::SetupDone { email: None }).unwrap().step, Step::Done));
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

/// Draws answers at random, right and wrong, fitting and not: whatever the path, tokens come only after a
/// password, a permanent one, and a second factor wherever the pool demands it or the user has one.
#[test]
fn no_path_reaches_tokens_without_its_factors() {
    let mut random = Seeded(7);
    let (mut tokens, mut refusals) = (0, 0);
    for _ in 0..20_000 {
        let (pool, user) = (random_pool(&mut random), random_user(&mut random));
        let client = samples::client(&[], &[]);
        let facts = Facts { pool: &pool, client: &client, now: NOW };
        let mut state = (SignIn::new(&client, &user.sub, Side::User), user.clone());
        let mut proved = Vec::new();
        for _ in 0..8 {
            let (input, proof) = random_input(&mut random);
            let (sign_in, present) = state.clone();
            match sign_in.advance(&facts, present, input) {
                Ok(outcome) => {
                    proved.extend(proof);
                    state.1 = outcome.user;
                    match outcome.step {
                        Step::Ask(sign_in) => state.0 = *sign_in,
                        Step::Done => {
                            check_proofs(&pool, &user, &proved);
                            tokens += 1;
                            break;
                        }
                    }
                }
                Err(_) => refusals += 1,
            }
        }
    }
    assert!(tokens > 500 && refusals > 10_000, "{tokens} {refusals}");
}

fn check_proofs(pool: &Pool, user: &User, proved: &[Factor]) {
    assert!(user.enabled && proved.contains(&Factor::Password), "{proved:?}");
    assert!(matches!(user.status, UserStatusType::Confirmed | UserStatusType::ForceChangePassword));
    if user.status == UserStatusType::ForceChangePassword {
        assert!(proved.contains(&Factor::NewPassword), "{proved:?}");
    }
    let second = proved.iter().any(|f| matches!(f, Factor::Mfa(_)));
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
    pool(mfa, &offered)
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

fn random_input(random: &mut Seeded) -> (Input, Option<Factor>) {
    let factor = [MfaFactor::Sms, MfaFactor::SoftwareToken, MfaFactor::Email][random.below(3)];
    let right = random.below(2) == 1;
    match random.below(8) {
        0 => (Input::Password, Some(Factor::Password)),
        1 => {
            let attributes = BTreeMap::new();
            let password = Box::new(password(false, NOW));
            (Input::NewPassword { password, attributes }, Some(Factor::NewPassword))
        }
        2 => (Input::Code { factor, matches: right }, right.then_some(Factor::Mfa(factor))),
        3 => {
            let result = if right { Ok(7) } else { Err(totp::Refusal::Mismatch) };
            (Input::SoftwareToken(result), right.then_some(Factor::Mfa(MfaFactor::SoftwareToken)))
        }
        4 => (Input::Choice(factor), None),
        5 => (Input::SetupStarted(Sealed(vec![3])), None),
        6 => {
            let proof = Factor::Mfa(MfaFactor::SoftwareToken);
            (Input::SetupProved { step: 3, device_name: None }, Some(proof))
        }
        _ => (Input::SetupDone { email: right.then(|| "n@e.w".to_owned()) }, None),
    }
}
