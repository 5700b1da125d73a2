//! Remembered devices that prove themselves at a sign-in.

use super::{UNKNOWN, admin, always, own, tracking};
use crate::{
    lab::{Answer, Lab},
    scene::{PASSWORD, Scene, claims, merged, timestamp, totp_code},
    srp_client::{DeviceClient, SrpClient},
};
use serde_json::{Value, json};

const INCORRECT: (&str, &str) = ("NotAuthorizedException", "Incorrect username or password.");
const SESSION: (&str, &str) = ("NotAuthorizedException", "Invalid session for the user.");
const USED: (&str, &str) =
    ("NotAuthorizedException", "Invalid session for the user, session can only be used once.");

fn replaces_second_factor() -> Value {
    json!({"DeviceConfiguration": {"ChallengeRequiredOnNewDevice": true}})
}

/// A device of the user that was confirmed.
pub async fn remembered(scene: &Scene, tokens: &Value) -> DeviceClient {
    let device = DeviceClient::new(&tokens["NewDeviceMetadata"]);
    let request = json!({"DeviceKey": device.key, "DeviceSecretVerifierConfig": device.verifier_config()});
    own(scene, "ConfirmDevice", tokens, request).await.ok();
    device
}

/// USER_PASSWORD_AUTH that names a device.
async fn with_password(scene: &Scene, name: &str, key: &str) -> Answer {
    let parameters = json!({"USERNAME": name, "PASSWORD": PASSWORD, "DEVICE_KEY": key});
    scene.initiate("USER_PASSWORD_AUTH", parameters).await
}

/// USER_SRP_AUTH that names a device with its proof.
async fn with_srp(scene: &Scene, name: &str, key: Option<&str>) -> (Value, Answer) {
    let client = SrpClient::new();
    let first =
        scene.initiate("USER_SRP_AUTH", json!({"USERNAME": name, "SRP_A": client.srp_a()})).await.ok();
    let parameters = &first["ChallengeParameters"];
    let mut answer = client.answer(&scene.pool, parameters, PASSWORD, &timestamp(&scene.lab));
    if let Some(key) = key {
        answer["DEVICE_KEY"] = key.into();
    }
    (answer.clone(), scene.respond("PASSWORD_VERIFIER", &Value::Null, answer).await)
}

async fn device_srp(scene: &Scene, name: &str, session: &Value, key: &str, client: &SrpClient) -> Answer {
    let responses = json!({"USERNAME": name, "DEVICE_KEY": key, "SRP_A": client.srp_a()});
    scene.respond("DEVICE_SRP_AUTH", session, responses).await
}

/// The answer to DEVICE_PASSWORD_VERIFIER.
fn proof(scene: &Scene, question: &Value, client: &SrpClient, device: &DeviceClient) -> Value {
    let parameters = &question["ChallengeParameters"];
    let stamp = timestamp(&scene.lab);
    let owner = [device.group_key.as_str(), device.key.as_str()];
    json!({
        "USERNAME": parameters["USERNAME"],
        "DEVICE_KEY": device.key,
        "PASSWORD_CLAIM_SECRET_BLOCK": parameters["SECRET_BLOCK"],
        "PASSWORD_CLAIM_SIGNATURE": client.signature(owner, parameters, &device.password, &stamp),
        "TIMESTAMP": stamp,
    })
}

/// Both halves of the device's proof, with Sessions or, as pycognito does it, without.
pub async fn proved(scene: &Scene, asked: &Value, device: &DeviceClient, with_session: bool) -> Answer {
    let client = SrpClient::new();
    let session = |answer: &Value| if with_session { answer["Session"].clone() } else { Value::Null };
    let question = device_srp(scene, "jane", &session(asked), &device.key, &client).await.ok();
    assert_eq!(question["ChallengeName"], "DEVICE_PASSWORD_VERIFIER");
    let answer = proof(scene, &question, &client, device);
    scene.respond("DEVICE_PASSWORD_VERIFIER", &session(&question), answer).await
}

async fn a_remembered_device_proves_itself(lab: Lab) {
    let scene = tracking(&lab).await;
    let device = remembered(&scene, &scene.tokens("jane").await).await;
    lab.advance(60);
    for with_session in [true, false] {
        for by_srp in [true, false] {
            let asked = if by_srp {
                with_srp(&scene, "jane", Some(&device.key)).await.1.ok()
            } else {
                with_password(&scene, "jane", &device.key).await.ok()
            };
            assert_eq!(asked["ChallengeName"], "DEVICE_SRP_AUTH");
            let done = proved(&scene, &asked, &device, with_session).await.ok();
            let tokens = &done["AuthenticationResult"];
            assert!(tokens.get("NewDeviceMetadata").is_none(), "the device is known");
            assert_eq!(claims(&tokens["AccessToken"])["device_key"], device.key);
            let refresh = json!({"REFRESH_TOKEN": tokens["RefreshToken"], "DEVICE_KEY": device.key});
            scene.initiate("REFRESH_TOKEN_AUTH", refresh).await.ok();
        }
    }
    let shown = admin(&scene, "AdminGetDevice", "jane", json!({"DeviceKey": device.key})).await.ok();
    let last = shown["Device"]["DeviceLastAuthenticatedDate"].as_f64().unwrap();
    assert!(last - shown["Device"]["DeviceCreateDate"].as_f64().unwrap() > 59.0);
}

async fn a_device_is_named_at_the_first_call_too(lab: Lab) {
    let scene = tracking(&lab).await;
    let device = remembered(&scene, &scene.tokens("jane").await).await;
    for (key, expected) in [(device.key.as_str(), true), (super::NO_KEY, false), (&"k".repeat(4_000), false)]
    {
        let client = SrpClient::new();
        let begin = json!({"USERNAME": "jane", "SRP_A": client.srp_a(), "DEVICE_KEY": key});
        let first = scene.initiate("USER_SRP_AUTH", begin).await.ok();
        let answer =
            client.answer(&scene.pool, &first["ChallengeParameters"], PASSWORD, &timestamp(&scene.lab));
        let next = scene.respond("PASSWORD_VERIFIER", &Value::Null, answer).await.ok();
        assert_eq!(next["ChallengeName"] == "DEVICE_SRP_AUTH", expected, "{next}");
    }
}

async fn it_takes_the_place_of_a_second_factor_where_the_pool_says_so(lab: Lab) {
    for replaces in [true, false] {
        let configuration = if replaces { replaces_second_factor() } else { always() };
        let scene = Scene::with(&lab, configuration, json!({})).await;
        scene.user("jane", json!([])).await;
        let device = remembered(&scene, &scene.tokens("jane").await).await;
        let totp = json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
        scene.admin("SetUserPoolMfaConfig", totp).await;
        let token = with_tokens_for_setup(&scene).await;
        lab.advance(31);
        let asked = with_password(&scene, "jane", &device.key).await.ok();
        let other = scene.sign_in("jane", PASSWORD).await.ok();
        assert_eq!(other["ChallengeName"], "SOFTWARE_TOKEN_MFA", "another device proves the factor");
        if replaces {
            assert_eq!(asked["ChallengeName"], "DEVICE_SRP_AUTH");
        } else {
            assert_eq!(asked["ChallengeName"], "SOFTWARE_TOKEN_MFA");
            let answer = json!({"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": totp_code(&lab, &token, 0)});
            let asked = scene.respond("SOFTWARE_TOKEN_MFA", &asked["Session"], answer).await.ok();
            assert_eq!(asked["ChallengeName"], "DEVICE_SRP_AUTH", "both are asked");
            proved(&scene, &asked, &device, true).await.ok();
            continue;
        }
        proved(&scene, &asked, &device, true).await.ok();
        // One that is not remembered any more takes nobody's place.
        let status = json!({"DeviceKey": device.key, "DeviceRememberedStatus": "not_remembered"});
        admin(&scene, "AdminUpdateDeviceStatus", "jane", status).await.ok();
        let asked = with_password(&scene, "jane", &device.key).await.ok();
        assert_eq!(asked["ChallengeName"], "SOFTWARE_TOKEN_MFA");
    }
}

/// Sets an authenticator app up during the sign-in that asks for it; answers its secret.
async fn with_tokens_for_setup(scene: &Scene) -> String {
    let asked = scene.sign_in("jane", PASSWORD).await.ok();
    assert_eq!(asked["ChallengeName"], "MFA_SETUP");
    let given = scene.lab.call("AssociateSoftwareToken", json!({"Session": asked["Session"]})).await.ok();
    let secret = given["SecretCode"].as_str().unwrap().to_owned();
    let code = totp_code(&scene.lab, &secret, 0);
    let request = json!({"Session": given["Session"], "UserCode": code});
    let verified = scene.lab.call("VerifySoftwareToken", request).await.ok();
    scene.respond("MFA_SETUP", &verified["Session"], json!({"USERNAME": "jane"})).await.ok();
    secret
}

async fn an_unknown_device_is_refused_and_the_block_stays_good(lab: Lab) {
    let scene = tracking(&lab).await;
    scene.user("june", json!([])).await;
    let junes = remembered(&scene, &scene.tokens("june").await).await;
    for key in [super::NO_KEY, &junes.key] {
        let (mut answer, refused) = with_srp(&scene, "jane", Some(key)).await;
        refused.refused(UNKNOWN.0, UNKNOWN.1);
        // What identity-js does: the same answer, without the key.
        answer["DEVICE_KEY"] = Value::Null;
        scene.respond("PASSWORD_VERIFIER", &Value::Null, answer).await.ok();
        with_password(&scene, "jane", key).await.refused(UNKNOWN.0, UNKNOWN.1);
        let parameters = json!({"USERNAME": "jane", "PASSWORD": "Wrong-Horse9", "DEVICE_KEY": key});
        scene.initiate("USER_PASSWORD_AUTH", parameters).await.refused(INCORRECT.0, INCORRECT.1);
    }
}

async fn a_proof_is_bound_to_its_sign_in(lab: Lab) {
    let scene = tracking(&lab).await;
    let device = remembered(&scene, &scene.tokens("jane").await).await;
    let other = remembered(&scene, &scene.tokens("jane").await).await;
    let ask = async || with_password(&scene, "jane", &device.key).await.ok();
    let (first, second) = (ask().await, ask().await);
    let client = SrpClient::new();
    // Two sign-ins wait: without a Session nobody can tell which is meant.
    device_srp(&scene, "jane", &Value::Null, &device.key, &client).await.refused(SESSION.0, SESSION.1);
    device_srp(&scene, "jane", &first["Session"], &other.key, &client).await.refused(UNKNOWN.0, UNKNOWN.1);
    device_srp(&scene, "joe", &Value::Null, &device.key, &client).await.refused(SESSION.0, SESSION.1);
    let one = device_srp(&scene, "jane", &first["Session"], &device.key, &client).await.ok();
    device_srp(&scene, "jane", &first["Session"], &device.key, &client).await.refused(USED.0, USED.1);
    // Now only the second waits, and it is meant.
    let two = device_srp(&scene, "jane", &Value::Null, &device.key, &client).await.ok();
    let answer = proof(&scene, &one, &client, &device);
    let respond = async |session: &Value, answer: &Value| {
        scene.respond("DEVICE_PASSWORD_VERIFIER", session, answer.clone()).await
    };
    respond(&two["Session"], &answer).await.refused(SESSION.0, SESSION.1);
    respond(&second["Session"], &answer).await.refused(SESSION.0, SESSION.1);
    // A proof under another group key, of another device, or with a changed block.
    let mut strange = DeviceClient { group_key: other.group_key.clone(), ..clone(&device) };
    respond(&one["Session"], &proof(&scene, &one, &client, &strange)).await.refused(INCORRECT.0, INCORRECT.1);
    strange = DeviceClient { password: other.password.clone(), ..clone(&device) };
    respond(&one["Session"], &proof(&scene, &one, &client, &strange)).await.refused(INCORRECT.0, INCORRECT.1);
    let renamed = merged(answer.clone(), json!({"DEVICE_KEY": other.key}));
    respond(&one["Session"], &renamed).await.refused(UNKNOWN.0, UNKNOWN.1);
    for block in ["", "AAAA", "no base64"] {
        let changed = merged(answer.clone(), json!({"PASSWORD_CLAIM_SECRET_BLOCK": block}));
        let refused = respond(&one["Session"], &changed).await.error();
        assert!(["NotAuthorizedException", "InvalidParameterException"].contains(&refused.0.as_str()));
    }
    // A block of the user's own SRP is none of a device's, and the other way round.
    let users = SrpClient::new();
    let srp = scene.initiate("USER_SRP_AUTH", json!({"USERNAME": "jane", "SRP_A": users.srp_a()})).await.ok();
    let crossed = merged(
        answer.clone(),
        json!({"PASSWORD_CLAIM_SECRET_BLOCK": srp["ChallengeParameters"]["SECRET_BLOCK"]}),
    );
    respond(&one["Session"], &crossed).await.refused(INCORRECT.0, INCORRECT.1);
    scene.respond("PASSWORD_VERIFIER", &Value::Null, answer.clone()).await.refused(INCORRECT.0, INCORRECT.1);
    respond(&one["Session"], &answer).await.ok();
    respond(&one["Session"], &answer).await.refused(USED.0, USED.1);
}

fn clone(device: &DeviceClient) -> DeviceClient {
    let metadata = json!({"DeviceKey": device.key, "DeviceGroupKey": device.group_key});
    DeviceClient {
        password: device.password.clone(),
        salt: device.salt.clone(),
        ..DeviceClient::new(&metadata)
    }
}

async fn a_device_that_is_forgotten_on_the_way_proves_nothing(lab: Lab) {
    let scene = tracking(&lab).await;
    let device = remembered(&scene, &scene.tokens("jane").await).await;
    let asked = with_password(&scene, "jane", &device.key).await.ok();
    let client = SrpClient::new();
    let question = device_srp(&scene, "jane", &asked["Session"], &device.key, &client).await.ok();
    admin(&scene, "AdminForgetDevice", "jane", json!({"DeviceKey": device.key})).await.ok();
    let answer = proof(&scene, &question, &client, &device);
    let refused = scene.respond("DEVICE_PASSWORD_VERIFIER", &question["Session"], answer).await;
    refused.refused(UNKNOWN.0, UNKNOWN.1);
    with_password(&scene, "jane", &device.key).await.refused(UNKNOWN.0, UNKNOWN.1);
}

async fn a_password_that_changes_on_the_way_ends_it(lab: Lab) {
    let scene = tracking(&lab).await;
    let device = remembered(&scene, &scene.tokens("jane").await).await;
    let asked = with_password(&scene, "jane", &device.key).await.ok();
    let new = json!({"Username": "jane", "Password": "Other-Horse9", "Permanent": true});
    scene.admin("AdminSetUserPassword", new).await;
    let client = SrpClient::new();
    device_srp(&scene, "jane", &asked["Session"], &device.key, &client).await.refused(SESSION.0, SESSION.1);
}

/// A device that is not remembered any more when it proves itself takes nobody's place.
async fn case_36_a_device_that_is_no_more_remembered_replaces_nothing(lab: Lab) {
    let scene = Scene::with(&lab, replaces_second_factor(), json!({})).await;
    scene.user("jane", json!([])).await;
    let device = remembered(&scene, &scene.tokens("jane").await).await;
    let totp = json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    scene.admin("SetUserPoolMfaConfig", totp).await;
    let secret = with_tokens_for_setup(&scene).await;
    let status = |status: &str| json!({"DeviceKey": device.key, "DeviceRememberedStatus": status});
    for late in [false, true] {
        admin(&scene, "AdminUpdateDeviceStatus", "jane", status("remembered")).await.ok();
        let asked = with_password(&scene, "jane", &device.key).await.ok();
        assert_eq!(asked["ChallengeName"], "DEVICE_SRP_AUTH");
        if !late {
            admin(&scene, "AdminUpdateDeviceStatus", "jane", status("not_remembered")).await.ok();
        }
        let client = SrpClient::new();
        let question = device_srp(&scene, "jane", &asked["Session"], &device.key, &client).await.ok();
        admin(&scene, "AdminUpdateDeviceStatus", "jane", status("not_remembered")).await.ok();
        let answer = proof(&scene, &question, &client, &device);
        let next = scene.respond("DEVICE_PASSWORD_VERIFIER", &question["Session"], answer).await.ok();
        assert_eq!(next["ChallengeName"], "SOFTWARE_TOKEN_MFA", "{next}");
    }
    let asked = scene.sign_in("jane", PASSWORD).await.ok();
    let answer = json!({"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": totp_code(&lab, &secret, 1)});
    scene.respond("SOFTWARE_TOKEN_MFA", &asked["Session"], answer).await.ok();
}

/// Wrong proofs of a device are counted with the wrong codes of the second factors that it replaces.
async fn case_34_wrong_proofs_of_a_device_lock(lab: Lab) {
    let scene = tracking(&lab).await;
    let device = remembered(&scene, &scene.tokens("jane").await).await;
    let guess = DeviceClient { password: "guess".to_owned(), ..clone(&device) };
    for _ in 0..5 {
        let asked = with_password(&scene, "jane", &device.key).await.ok();
        proved(&scene, &asked, &guess, true).await.refused(INCORRECT.0, INCORRECT.1);
    }
    let asked = with_password(&scene, "jane", &device.key).await.ok();
    for device in [&guess, &device] {
        let asked = if std::ptr::eq(device, &guess) {
            with_password(&scene, "jane", &device.key).await.ok()
        } else {
            asked.clone()
        };
        let client = SrpClient::new();
        let question = device_srp(&scene, "jane", &asked["Session"], &device.key, &client).await;
        let refused = if question.status == 200 {
            let question = question.ok();
            let answer = proof(&scene, &question, &client, device);
            scene.respond("DEVICE_PASSWORD_VERIFIER", &question["Session"], answer).await
        } else {
            question
        };
        refused.refused("NotAuthorizedException", "Password attempts exceeded");
    }
    lab.advance(3_600);
    let asked = with_password(&scene, "jane", &device.key).await.ok();
    proved(&scene, &asked, &device, true).await.ok();
}

/// Values out of range get a question and no proof; a time that is far off is no proof either.
async fn case_43_a_device_is_held_to_the_rules_of_srp(lab: Lab) {
    let scene = tracking(&lab).await;
    let device = remembered(&scene, &scene.tokens("jane").await).await;
    for a in ["0", "00", "x", ""] {
        let asked = with_password(&scene, "jane", &device.key).await.ok();
        let responses = json!({"USERNAME": "jane", "DEVICE_KEY": device.key, "SRP_A": a});
        let question = scene.respond("DEVICE_SRP_AUTH", &asked["Session"], responses).await;
        if question.status == 200 {
            let question = question.ok();
            let answer = proof(&scene, &question, &SrpClient::new(), &device);
            let refused = scene.respond("DEVICE_PASSWORD_VERIFIER", &question["Session"], answer).await;
            refused.refused(INCORRECT.0, INCORRECT.1);
        }
        lab.advance(3_600);
    }
    for seconds in [-3_600, 3_600] {
        let asked = with_password(&scene, "jane", &device.key).await.ok();
        let client = SrpClient::new();
        let question = device_srp(&scene, "jane", &asked["Session"], &device.key, &client).await.ok();
        let off = Scene { lab: lab.another_off_by(seconds * 1_000).await, ..scene.clone() };
        let answer = proof(&off, &question, &client, &device);
        let refused = scene.respond("DEVICE_PASSWORD_VERIFIER", &question["Session"], answer).await;
        refused.refused(INCORRECT.0, INCORRECT.1);
    }
}

/// Sign-ins that a stranger begins hide none that waits for its device.
async fn strangers_do_not_hide_the_sign_in_that_waits(lab: Lab) {
    let pool = merged(
        always(),
        json!({"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}}}),
    );
    let flows = json!({"ExplicitAuthFlows": ["ALLOW_USER_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]});
    let scene = Scene::with(&lab, pool, flows).await;
    let attributes =
        json!([{"Name": "email", "Value": "jane@example.com"}, {"Name": "email_verified", "Value": "true"}]);
    scene.user("jane", attributes).await;
    let device = remembered(&scene, &scene.tokens("jane").await).await;
    let asked = with_password(&scene, "jane", &device.key).await.ok();
    lab.advance(1);
    for _ in 0..101 {
        let parameters = json!({"USERNAME": "jane", "PREFERRED_CHALLENGE": "EMAIL_OTP"});
        scene.initiate("USER_AUTH", parameters).await.ok();
    }
    proved(&scene, &asked, &device, false).await.ok();
}

both_engines!(
    a_remembered_device_proves_itself,
    a_device_is_named_at_the_first_call_too,
    it_takes_the_place_of_a_second_factor_where_the_pool_says_so,
    an_unknown_device_is_refused_and_the_block_stays_good,
    a_proof_is_bound_to_its_sign_in,
    a_device_that_is_forgotten_on_the_way_proves_nothing,
    a_password_that_changes_on_the_way_ends_it,
    case_36_a_device_that_is_no_more_remembered_replaces_nothing,
    case_34_wrong_proofs_of_a_device_lock,
    case_43_a_device_is_held_to_the_rules_of_srp,
    strangers_do_not_hide_the_sign_in_that_waits
);
