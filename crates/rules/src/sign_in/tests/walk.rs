//! Random paths through the machine.

use super::*;
use crate::{
    random::{Random, Seeded},
    triggers::Trigger,
    user::device::DeviceDetail,
};
use assurance::{Credit, level};
use choice::FirstFactor;
use mfa::{NextFactor, is_offered};
use spec::cognito_idp::{
    AuthFactorType, DeviceConfigurationType, LambdaConfigType, SignInPolicyType, UserPoolPolicyType,
    WebAuthnConfigurationType, WebAuthnFactorConfigurationType,
};

/// What was proved or decided on a path.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Proof {
    Factor(Factor),
    Issued,
    Accepted,
    TokensSaid,
}

/// What the code of a sign-up proved before the path begins.
const SIGNED_UP: Factor = Factor::SignUp(MfaFactor::Email);

/// What surrounds a path.
struct Place {
    pool: Pool,
    user: User,
    client: Client,
    device: Option<Device>,
    has_passkey: bool,
}

impl Place {
    fn random(random: &mut Seeded) -> Place {
        let (pool, user) = (random_pool(random), random_user(random));
        let device = (random.below(2) == 1).then(|| device(&user, random.below(3) > 0));
        Place { pool, user, client: samples::client(&[], &[]), device, has_passkey: random.below(2) == 1 }
    }

    fn facts(&self) -> Facts<'_> {
        let Place { pool, client, device, has_passkey, .. } = self;
        Facts { pool, client, device: device.as_ref(), has_passkey: *has_passkey, now: NOW }
    }
}

/// Draws answers and replies at random, right and wrong, fitting and not: whatever the path, tokens come only after
/// what the pool asks for; where functions lead the sign-in, after they said so; where a level was wished for, at that
/// level; never for nobody; and with each function of the pool asked.
#[test]
fn no_path_reaches_tokens_without_its_factors() {
    let mut random = Seeded(7);
    let (mut tokens, mut refusals) = ([0; 3], 0);
    let mut by_method = std::collections::BTreeMap::new();
    for _ in 0..60_000 {
        let place = Place::random(&mut random);
        let begun = random_beginning(&mut random, &place);
        let mut state = (begun.clone(), place.user.clone());
        let mut proved = Vec::new();
        for _ in 0..14 {
            let (sign_in, mut present) = state.clone();
            let (input, proof) = random_input(&mut random, &sign_in);
            // Now and then something happens to the user between two steps.
            if random.below(20) == 0 {
                change(&mut random, &mut present);
            }
            match sign_in.advance(&place.facts(), present, input) {
                Ok(outcome) => {
                    assert!(outcome.user.enabled, "a sign-in goes on for {:?}", outcome.user);
                    proved.extend(proof);
                    state.1 = outcome.user;
                    match outcome.step {
                        Step::Ask(sign_in) | Step::Invoke(sign_in) => state.0 = *sign_in,
                        Step::Done(ending) => {
                            check_proofs(&place, &begun, &proved, &ending, &state.1);
                            tokens[begun.flow as usize] += 1;
                            proved
                                .iter()
                                .for_each(|proof| *by_method.entry(format!("{proof:?}")).or_insert(0) += 1);
                            break;
                        }
                    }
                }
                Err(_) => refusals += 1,
            }
        }
    }
    assert!(tokens.iter().all(|count| *count > 100) && refusals > 10_000, "{tokens:?} {refusals}");
    for proof in ["Device", "Passkey", "SignUp", "Code(Email)", "Code(Sms)", "Mfa(SoftwareToken)"] {
        let count: i32 =
            by_method.iter().filter(|(name, _)| name.contains(proof)).map(|(_, count)| count).sum();
        assert!(count > 10, "{proof}: {by_method:?}");
    }
}

fn device(user: &User, remembered: bool) -> Device {
    let detail = DeviceDetail {
        name: None,
        srp_salt: "s".into(),
        srp_verifier: Sealed(vec![6]),
        remembered,
        modified_at: NOW,
        authenticated_at: NOW,
        last_address: None,
        sdk: String::new(),
    };
    Device { pool_id: user.pool_id.clone(), sub: user.sub.clone(), key: "k".into(), created_at: NOW, detail }
}

fn change(random: &mut Seeded, user: &mut User) {
    match random.below(3) {
        0 => user.enabled = false,
        1 => user.status = UserStatusType::ResetRequired,
        _ => user.password = Some(Password { srp_salt: "other".into(), ..password(false, NOW) }),
    }
}

fn random_beginning(random: &mut Seeded, place: &Place) -> SignIn {
    let mut sign_in = SignIn::new(&place.client, &place.user.sub, Side::User);
    sign_in.flow = [Flow::Password, Flow::Custom, Flow::Choice][random.below(3)];
    sign_in.device = place.device.as_ref().map(|device| device.key.clone());
    if sign_in.flow != Flow::Password {
        sign_in.nobody = (random.below(4) == 0).then(|| Sealed(vec![5]));
    }
    match sign_in.flow {
        Flow::Custom if random.below(2) == 1 => sign_in.note(custom::SRP_A, true, None),
        Flow::Choice if random.below(2) == 1 => {
            let wished = vec![1 + random.below(4) as u8, 1 + random.below(4) as u8];
            let methods: Vec<Method> = Method::ALL.into_iter().filter(|_| random.below(4) == 0).collect();
            let is_credited = place.user.status == UserStatusType::Confirmed && !methods.is_empty();
            let credit = Credit {
                grant_id: None,
                event_id: None,
                device_key: None,
                sign_outs: 0,
                authenticated_at: NOW,
                methods,
            };
            sign_in.target = Some(Target { wished, credit: is_credited.then_some(credit) });
        }
        Flow::Choice if random.below(4) == 0 => {
            sign_in.nobody = None;
            sign_in.waiting = Waiting::Answer(Challenge::SignedUp);
            // Without a proof it is the Session of a sign-up that is not confirmed.
            sign_in.passed = (random.below(2) == 1).then_some(SIGNED_UP).into_iter().collect();
        }
        _ => {}
    }
    sign_in
}

/// The rules of the guide, told anew.
fn check_proofs(place: &Place, begun: &SignIn, proved: &[Proof], ending: &Ending, after: &User) {
    let Place { pool, user, .. } = place;
    let has = |proof| proved.contains(&proof);
    let passed = |wanted: &dyn Fn(Factor) -> bool| {
        proved.iter().any(|proof| matches!(proof, Proof::Factor(factor) if wanted(*factor)))
    };
    let has_password = has(Proof::Factor(Factor::Password));
    let has_code = passed(&|f| matches!(f, Factor::Code(_)));
    let has_passkey = passed(&|f| matches!(f, Factor::Passkey { .. }));
    let has_verified_passkey = passed(&|f| matches!(f, Factor::Passkey { user_verified: true, .. }));
    let credited = begun.target.as_ref().and_then(|target| target.credit.as_ref());
    let credited = credited.map(|credit| credit.methods.clone()).unwrap_or_default();
    let second = passed(&|f| matches!(f, Factor::Mfa(_)));
    assert!(user.enabled && begun.nobody.is_none(), "{proved:?}");
    match begun.flow {
        Flow::Custom => assert!(has(Proof::Issued), "{proved:?}"),
        Flow::Password => assert!(has_password, "{proved:?}"),
        Flow::Choice => {
            let allowed = pool.first_factors();
            let has_signed_up = has(Proof::Factor(SIGNED_UP)) && begun.passed == [SIGNED_UP];
            // D: what an access token lets count needs one new proof at least.
            let steps_up = !credited.is_empty() && second;
            assert!(has_password || has_code || has_passkey || has_signed_up || steps_up, "{proved:?}");
            assert!(!has_passkey || place.has_passkey && allowed.contains(&AuthFactorType::WebAuthn));
            for (factor, setting) in
                [(MfaFactor::Email, AuthFactorType::EmailOtp), (MfaFactor::Sms, AuthFactorType::SmsOtp)]
            {
                assert!(
                    !has(Proof::Factor(Factor::Code(factor))) || allowed.contains(&setting),
                    "{proved:?}"
                );
            }
        }
    }
    if has_password || begun.flow != Flow::Choice {
        assert_ne!(user.status, UserStatusType::Unconfirmed, "{proved:?}");
        assert_ne!(user.status, UserStatusType::ResetRequired, "{proved:?}");
    }
    assert_ne!(after.status, UserStatusType::Unconfirmed, "{proved:?}");
    assert_ne!(after.status, UserStatusType::ForceChangePassword, "{proved:?}");
    // An administrator may have reset the password on the way.
    if user.status == UserStatusType::ForceChangePassword && after.status != UserStatusType::ResetRequired {
        assert!(has(Proof::Factor(Factor::NewPassword)), "{proved:?}");
    }
    for (trigger, proof) in
        [(Trigger::PostAuthentication, Proof::Accepted), (Trigger::PreTokenGeneration, Proof::TokensSaid)]
    {
        assert_eq!(trigger.is_configured(pool), has(proof), "{proved:?}");
    }
    let has_device = has(Proof::Factor(Factor::Device));
    let is_remembered = place.device.as_ref().is_some_and(|device| device.detail.remembered);
    if is_remembered && (has_password || begun.flow == Flow::Custom) {
        assert!(has_device, "{proved:?}");
    }
    if let Some(target) = &begun.target {
        let lowest = target.wished.iter().min().copied().unwrap_or_default();
        assert!(level(&ending.methods) >= lowest && ending.acr.is_some(), "{proved:?}");
    }
    assert_eq!(begun.target.is_some(), ending.acr.is_some());
    if begun.flow == Flow::Custom && !has_password {
        return;
    }
    let replaces = pool.detail.device_configuration.as_ref();
    let replaces = replaces.is_some_and(|c| c.challenge_required_on_new_device == Some(true));
    let is_both = pool.mfa.web_authn.as_ref().and_then(|w| w.factor_configuration)
        == Some(WebAuthnFactorConfigurationType::MultiFactorWithUserVerification);
    let satisfied = second
        || level(&credited) >= 3 && credited.contains(&Method::Password)
        || replaces && has_device && is_remembered && has_password
        || is_both && user.mfa.web_authn && has_verified_passkey;
    let active = mfa::active(user).iter().any(|f| is_offered(pool, *f));
    match pool.mfa_configuration() {
        UserPoolMfaType::Off => {}
        UserPoolMfaType::On => assert!(satisfied, "{proved:?}"),
        UserPoolMfaType::Optional => assert!(satisfied || !active, "{proved:?}"),
    }
    // D: codes alone are not for who has a second factor.
    let alone = has_code && !has_password && begun.target.is_none();
    assert!(!alone || mfa::decide(pool, user) == NextFactor::None, "{proved:?}");
}

fn random_pool(random: &mut Seeded) -> Pool {
    let mfa = [UserPoolMfaType::Off, UserPoolMfaType::Optional, UserPoolMfaType::On][random.below(3)];
    let all = [MfaFactor::Sms, MfaFactor::SoftwareToken, MfaFactor::Email];
    let offered: Vec<MfaFactor> = all.into_iter().filter(|_| random.below(2) == 1).collect();
    let mut pool = pool(mfa, &offered);
    let mut coin = || random.below(2) == 1;
    let mut arn = || coin().then(|| "arn".to_owned());
    pool.detail.lambda_config = Some(LambdaConfigType {
        post_authentication: arn(),
        pre_token_generation: arn(),
        define_auth_challenge: Some("arn".to_owned()),
        ..LambdaConfigType::default()
    });
    pool.detail.device_configuration = coin().then(|| DeviceConfigurationType {
        challenge_required_on_new_device: Some(coin()),
        device_only_remembered_on_user_prompt: None,
    });
    let both = WebAuthnFactorConfigurationType::MultiFactorWithUserVerification;
    pool.mfa.web_authn = coin().then(|| WebAuthnConfigurationType {
        factor_configuration: coin().then_some(both),
        ..WebAuthnConfigurationType::default()
    });
    let factors = [
        AuthFactorType::Password,
        AuthFactorType::EmailOtp,
        AuthFactorType::SmsOtp,
        AuthFactorType::WebAuthn,
    ];
    let allowed = factors.into_iter().filter(|_| coin()).collect();
    pool.detail.policies = Some(UserPoolPolicyType {
        sign_in_policy: Some(SignInPolicyType { allowed_first_auth_factors: Some(allowed) }),
        ..UserPoolPolicyType::default()
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
        web_authn: coin(),
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

/// Which kinds of input fit what the sign-in waits for.
fn fitting(waiting: &Waiting) -> &'static [usize] {
    match waiting {
        Waiting::Start => &[0, 8, 18, 18],
        Waiting::Reply(_) => &[10],
        Waiting::Answer(challenge) => match challenge {
            Challenge::NewPasswordRequired => &[1],
            Challenge::Code { .. } => &[2],
            Challenge::SoftwareToken => &[3],
            Challenge::SelectMfa { .. } => &[4],
            Challenge::Select { .. } => &[0, 18, 18],
            Challenge::Passkey { .. } => &[20],
            Challenge::PasswordVerifier => &[0],
            Challenge::DeviceSrp | Challenge::DevicePasswordVerifier => &[21],
            Challenge::Custom(_) => &[9],
            Challenge::MfaSetup { .. } => &[5, 6, 7],
            Challenge::SignedUp => &[22],
        },
    }
}

fn random_input(random: &mut Seeded, sign_in: &SignIn) -> (Input, Option<Proof>) {
    let factor = [MfaFactor::Sms, MfaFactor::SoftwareToken, MfaFactor::Email][random.below(3)];
    let right = random.below(2) == 1;
    let proof = |factor| Some(Proof::Factor(factor));
    let fitting = fitting(&sign_in.waiting);
    let kind = if random.below(2) == 1 { fitting[random.below(fitting.len())] } else { random.below(23) };
    match kind {
        0 | 16 => (Input::Password, proof(Factor::Password)),
        1 => {
            let attributes = BTreeMap::new();
            let password = Box::new(password(false, NOW));
            (Input::NewPassword { password, attributes }, proof(Factor::NewPassword))
        }
        2 | 17 => {
            let is_chosen = matches!(sign_in.waiting, Waiting::Answer(Challenge::Code { chosen: true, .. }));
            let given = if is_chosen { Factor::Code(factor) } else { Factor::Mfa(factor) };
            (Input::Code { factor, matches: right }, proof(given).filter(|_| right))
        }
        18 | 19 => (Input::Choose((random.below(4) > 0).then(|| FirstFactor::ALL[random.below(5)])), None),
        20 => {
            let passkey = Factor::Passkey { user_verified: right, roaming: factor == MfaFactor::Sms };
            (Input::Passkey { user_verified: right, roaming: factor == MfaFactor::Sms }, proof(passkey))
        }
        22 => (Input::SignedUp, proof(SIGNED_UP)),
        21 if right => (Input::DeviceBegins, None),
        21 => (Input::DeviceProved, proof(Factor::Device)),
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
