//! Choice-based sign-in and step-up, by table.

use super::*;
use assurance::{Credit, Method, Target, wished_levels};
use choice::{FirstFactor, allowed, available};
use spec::cognito_idp::{
    AcrLevelConfigType, AuthFactorType, SignInPolicyType, UserPoolPolicyType, WebAuthnConfigurationType,
    WebAuthnFactorConfigurationType,
};

const ALL: [AuthFactorType; 4] =
    [AuthFactorType::Password, AuthFactorType::EmailOtp, AuthFactorType::SmsOtp, AuthFactorType::WebAuthn];

fn choice_pool(mfa: UserPoolMfaType, first: &[AuthFactorType]) -> Pool {
    let mut pool = pool(mfa, &[MfaFactor::SoftwareToken]);
    pool.detail.policies = Some(UserPoolPolicyType {
        sign_in_policy: Some(SignInPolicyType { allowed_first_auth_factors: Some(first.to_vec()) }),
        ..UserPoolPolicyType::default()
    });
    pool
}

fn names(factors: &[FirstFactor]) -> String {
    factors.iter().map(|factor| factor.challenge_name().as_str()).collect::<Vec<_>>().join(" ")
}

fn app_user() -> UserMfa {
    UserMfa { software_token: true, totp: totp(true), ..UserMfa::default() }
}

#[test]
fn what_a_user_can_choose() {
    let off = || choice_pool(UserPoolMfaType::Off, &ALL);
    let optional = || choice_pool(UserPoolMfaType::Optional, &ALL);
    let mut both = optional();
    both.mfa.web_authn = Some(WebAuthnConfigurationType {
        factor_configuration: Some(WebAuthnFactorConfigurationType::MultiFactorWithUserVerification),
        ..WebAuthnConfigurationType::default()
    });
    let addresses = [("email", "a@b.c"), ("phone_number", "+1")];
    let jane = || user(&addresses, UserMfa::default());
    let one_verified = user(&[&addresses[..], &[("email_verified", "true")]].concat(), UserMfa::default());
    let with_app = || User { mfa: app_user(), ..jane() };
    let wants_both = User { mfa: UserMfa { web_authn: true, ..app_user() }, ..jane() };
    let no_password = User { password: None, ..jane() };
    let invited = User { status: UserStatusType::ForceChangePassword, ..jane() };
    for (i, (pool, user, has_passkey, expected)) in [
        (off(), jane(), true, "EMAIL_OTP SMS_OTP PASSWORD_SRP PASSWORD WEB_AUTHN"),
        (off(), jane(), false, "EMAIL_OTP SMS_OTP PASSWORD_SRP PASSWORD"),
        (off(), one_verified, false, "EMAIL_OTP PASSWORD_SRP PASSWORD"),
        (off(), no_password, false, "EMAIL_OTP SMS_OTP"),
        (off(), user(&[], UserMfa::default()), false, "PASSWORD_SRP PASSWORD"),
        // V: a user who must change the password may prove nothing else.
        (off(), invited, true, "PASSWORD_SRP PASSWORD"),
        (optional(), jane(), true, "EMAIL_OTP SMS_OTP PASSWORD_SRP PASSWORD WEB_AUTHN"),
        (optional(), with_app(), true, "PASSWORD_SRP PASSWORD"),
        (both.clone(), with_app(), true, "PASSWORD_SRP PASSWORD"),
        (both, wants_both, true, "PASSWORD_SRP PASSWORD WEB_AUTHN"),
        (choice_pool(UserPoolMfaType::Off, &[AuthFactorType::EmailOtp]), jane(), true, "EMAIL_OTP"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(names(&available(&pool, &user, has_passkey)), expected, "row {i}");
    }
    let mut silent = off();
    silent.detail.policies = None;
    assert_eq!(names(&allowed(&silent)), "PASSWORD_SRP PASSWORD");
}

/// Begins with this choice and wish, and answers the question's name or the refusal.
fn begun(pool: &Pool, user: &User, sign_in: impl FnOnce(&mut SignIn), input: Input) -> Result<Outcome> {
    let client = samples::client(&[], &[]);
    let mut begun = SignIn { flow: Flow::Choice, ..SignIn::new(&client, &user.sub, Side::User) };
    sign_in(&mut begun);
    begun.advance(&facts(pool, &client), user.clone(), input)
}

#[test]
fn who_is_nobody_chooses_and_is_refused() {
    let pool = choice_pool(UserPoolMfaType::Off, &ALL);
    let nobody = User::nobody(&pool.id, "s".into(), "joe");
    let ask = |input| begun(&pool, &nobody, |sign_in| sign_in.nobody = Some(Sealed(vec![1])), input);
    let Step::Ask(sign_in) = ask(Input::Choose(None)).unwrap().step else { panic!("no question") };
    let Waiting::Answer(Challenge::Select { factors }) = sign_in.waiting else { panic!("no choice") };
    assert_eq!(names(&factors), names(&allowed(&pool)));
    let client = samples::client(&[], &[]);
    for chosen in FirstFactor::ALL {
        let outcome = ask(Input::Choose(Some(chosen))).unwrap();
        let Step::Ask(sign_in) = outcome.step else { panic!("no question") };
        for input in [
            Input::Password,
            Input::Code { factor: MfaFactor::Email, matches: true },
            Input::Code { factor: MfaFactor::Sms, matches: true },
            Input::Passkey { user_verified: true, roaming: false },
        ] {
            assert!(sign_in.clone().advance(&facts(&pool, &client), nobody.clone(), input).is_err());
        }
    }
}

#[test]
fn a_code_confirms_who_signed_up_and_ends_the_unproved_password() {
    let pool = choice_pool(UserPoolMfaType::Off, &ALL);
    let new = User { status: UserStatusType::Unconfirmed, ..user(&[("email", "a@b.c")], UserMfa::default()) };
    let asked = begun(&pool, &new, |_| {}, Input::Choose(Some(FirstFactor::EmailOtp))).unwrap();
    let Step::Ask(sign_in) = asked.step else { panic!("no question") };
    let client = samples::client(&[], &[]);
    let answer = Input::Code { factor: MfaFactor::Email, matches: true };
    let done = sign_in.advance(&facts(&pool, &client), asked.user, answer).unwrap();
    assert!(matches!(done.step, Step::Done(_)));
    assert_eq!(done.user.status, UserStatusType::Confirmed);
    assert!(done.user.is_verified("email") && done.user.password.is_none());
    let refused = begun(&pool, &new, |_| {}, Input::Password).map(|o| o.step);
    assert_eq!(describe(refused), "User is not confirmed.");
}

#[test]
fn a_level_that_is_wished_for_is_reached_or_refused() {
    use Method::{Email, Password, PlatformPasskey};
    let pool = choice_pool(UserPoolMfaType::Optional, &ALL);
    let plain = user(&[("email", "a@b.c"), ("email_verified", "true")], UserMfa::default());
    let owner = User {
        mfa: UserMfa { totp: totp(true), ..UserMfa::default() },
        ..user(&[("email", "a@b.c"), ("email_verified", "true")], UserMfa::default())
    };
    let credit = |methods: &[Method]| {
        Some(Credit {
            grant_id: None,
            event_id: None,
            device_key: None,
            sign_outs: 0,
            authenticated_at: NOW,
            methods: methods.to_vec(),
        })
    };
    let lacking = "The user has no authentication factors that satisfy the requested TARGET_ACR_VALUES.";
    let reached = "The access token already satisfies the requested TARGET_ACR_VALUES.";
    for (i, (user, wished, credit, input, expected)) in [
        (&plain, vec![1], None, Input::Password, "tokens"),
        (&plain, vec![3], None, Input::Password, "EMAIL_OTP"),
        (&plain, vec![2], None, Input::Choose(None), "SELECT_CHALLENGE"),
        (&plain, vec![4], None, Input::Password, lacking),
        (&plain, vec![4, 3], None, Input::Password, "EMAIL_OTP"),
        (&owner, vec![4], None, Input::Password, "SOFTWARE_TOKEN_MFA"),
        (&owner, vec![4], credit(&[Password]), Input::Choose(None), "SOFTWARE_TOKEN_MFA"),
        (&owner, vec![3], credit(&[Password]), Input::Choose(None), "SELECT_MFA_TYPE"),
        (&plain, vec![3], credit(&[Password]), Input::Choose(None), "EMAIL_OTP"),
        (&plain, vec![3], credit(&[Email]), Input::Choose(None), "SELECT_CHALLENGE"),
        (&plain, vec![1], credit(&[Password]), Input::Choose(None), reached),
        (&plain, vec![3], credit(&[PlatformPasskey]), Input::Choose(None), reached),
        (&plain, vec![2], credit(&[Password, Email]), Input::Choose(None), reached),
    ]
    .into_iter()
    .enumerate()
    {
        let target = Some(Target { wished, credit });
        let step = begun(&pool, user, |sign_in| sign_in.target = target, input).map(|o| o.step);
        assert_eq!(describe(step), expected, "row {i}");
    }
}

#[test]
fn levels_have_the_names_of_the_pool() {
    let mut pool = choice_pool(UserPoolMfaType::Off, &ALL);
    let renamed = AcrLevelConfigType { acr_value: "urn:mine:2".to_owned() };
    pool.detail.acr_configuration = Some([("Level2".to_owned(), renamed)].into());
    assert_eq!(wished_levels(&pool, "urn:cognito:loa:4 urn:mine:2 x urn:mine:2").unwrap(), [4, 2]);
    for unknown in ["", " ", "urn:cognito:loa:2", "URN:MINE:2"] {
        assert!(wished_levels(&pool, unknown).is_err(), "{unknown}");
    }
}

#[test]
fn what_was_done_before_counts_until_the_user_changes() {
    let jane = user(&[], UserMfa::default());
    let credit = Credit {
        grant_id: None,
        event_id: None,
        device_key: None,
        sign_outs: 0,
        authenticated_at: NOW,
        methods: vec![Method::Password],
    };
    assert!(credit.is_good(&jane));
    assert!(!credit.is_good(&User { sign_outs: 1, ..jane.clone() }));
    let renewed = User { password: Some(password(false, NOW + 1)), ..jane.clone() };
    assert!(!credit.is_good(&renewed));
    assert!(Credit { methods: vec![Method::Email], ..credit }.is_good(&renewed));
}
