//! Registering, listing and deleting passkeys.

use crate::{
    lab::{Answer, Lab},
    scene::{Scene, claims, merged},
    soft_authenticator::{Creation, Key, SoftAuthenticator, USER_PRESENT, cbor},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

const RELYING_PARTY: &str = "example.com";
const ORIGIN: &str = "https://login.example.com";
const APP: &str = "android:apk-key-hash:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";

const NOT_ENABLED: (&str, &str) =
    ("WebAuthnNotEnabledException", "Passkeys are not enabled for the user pool.");
const NOT_FOUND: (&str, &str) = (
    "WebAuthnChallengeNotFoundException",
    "The challenge of the passkey registration was not found or has expired.",
);
const OTHER_CLIENT: (&str, &str) = (
    "WebAuthnClientMismatchException",
    "The access token was issued to another app client than the one that started the registration.",
);
const OTHER_PARTY: (&str, &str) = (
    "WebAuthnRelyingPartyMismatchException",
    "The passkey is for another relying party than the user pool's.",
);
const OTHER_ORIGIN: (&str, &str) = (
    "WebAuthnOriginNotAllowedException",
    "The origin of the passkey registration is not allowed for the relying party.",
);
const NOT_SUPPORTED: (&str, &str) =
    ("WebAuthnCredentialNotSupportedException", "The passkey or its authenticator is not supported.");
const INVALID: (&str, &str) = ("InvalidParameterException", "Invalid passkey credential.");
const EXISTS: (&str, &str) = ("InvalidParameterException", "The passkey is already registered.");
const FULL: (&str, &str) =
    ("LimitExceededException", "The maximum number of passkeys for the user is reached.");
const UNKNOWN: (&str, &str) = ("ResourceNotFoundException", "The passkey was not found.");

/// A pool whose users sign in by passwords and passkeys.
pub async fn pool_with_passkeys(lab: &Lab, pool: Value, web_authn: Value) -> Scene {
    let policy =
        json!({"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]}}});
    let scene = Scene::with(lab, merged(policy, pool), json!({})).await;
    set_web_authn(&scene, web_authn).await;
    scene
}

async fn set_web_authn(scene: &Scene, web_authn: Value) {
    scene.admin("SetUserPoolMfaConfig", json!({ "WebAuthnConfiguration": web_authn })).await;
}

async fn plain(lab: &Lab) -> Scene {
    pool_with_passkeys(lab, json!({}), json!({"RelyingPartyId": RELYING_PARTY})).await
}

async fn token(scene: &Scene, name: &str) -> Value {
    scene.tokens(name).await["AccessToken"].clone()
}

async fn start(lab: &Lab, token: &Value) -> Answer {
    lab.call("StartWebAuthnRegistration", json!({ "AccessToken": token })).await
}

/// The options of a registration that begins.
pub async fn started(lab: &Lab, token: &Value) -> Value {
    start(lab, token).await.ok()["CredentialCreationOptions"].clone()
}

async fn complete(lab: &Lab, token: &Value, credential: &Value) -> Answer {
    lab.call("CompleteWebAuthnRegistration", json!({"AccessToken": token, "Credential": credential})).await
}

/// Registers a passkey from begin to end.
pub async fn register(lab: &Lab, token: &Value, authenticator: &mut SoftAuthenticator) {
    let credential = authenticator.create(&started(lab, token).await);
    assert_eq!(complete(lab, token, &credential).await.ok(), json!({}));
}

async fn list(lab: &Lab, members: Value) -> Value {
    lab.call("ListWebAuthnCredentials", members).await.ok()
}

async fn count(lab: &Lab, token: &Value) -> usize {
    list(lab, json!({ "AccessToken": token })).await["Credentials"].as_array().unwrap().len()
}

async fn a_passkey_comes_and_goes(lab: Lab) {
    let scene = plain(&lab).await;
    let sub = scene.user("jane", json!([])).await;
    let token = token(&scene, "jane").await;
    let options = started(&lab, &token).await;
    let challenge = options["challenge"].as_str().unwrap();
    assert_eq!(URL_SAFE_NO_PAD.decode(challenge).unwrap().len(), 32);
    assert_eq!(
        options,
        json!({
            "rp": {"id": RELYING_PARTY, "name": RELYING_PARTY},
            "user": {"id": URL_SAFE_NO_PAD.encode(&sub), "name": "jane", "displayName": "jane"},
            "challenge": challenge,
            "pubKeyCredParams": [
                {"type": "public-key", "alg": -7},
                {"type": "public-key", "alg": -257},
                {"type": "public-key", "alg": -8},
            ],
            "timeout": 60000,
            "excludeCredentials": [],
            "authenticatorSelection": {
                "requireResidentKey": true,
                "residentKey": "required",
                "userVerification": "preferred",
            },
        })
    );
    let mut ids = Vec::new();
    for key in [Key::es256(), Key::rs256(), Key::eddsa()] {
        let mut authenticator = SoftAuthenticator::with_key(key, ORIGIN);
        register(&lab, &token, &mut authenticator).await;
        ids.push(authenticator.id());
        lab.advance(1);
    }
    let listed = list(&lab, json!({"AccessToken": token})).await;
    let described: Vec<Value> = ids
        .iter()
        .zip(listed["Credentials"].as_array().unwrap())
        .map(|(id, listed)| {
            json!({
                "CredentialId": id,
                "FriendlyCredentialName": "Roaming passkey",
                "RelyingPartyId": RELYING_PARTY,
                "AuthenticatorAttachment": "cross-platform",
                "AuthenticatorTransports": ["hybrid", "internal"],
                "CreatedAt": listed["CreatedAt"],
            })
        })
        .collect();
    assert_eq!(listed, json!({ "Credentials": described }));
    let seconds = |passkey: &Value| passkey["CreatedAt"].as_f64().unwrap();
    let now = lab.app.now() as f64 / 1_000.0;
    assert!(described.windows(2).all(|pair| (seconds(&pair[1]) - seconds(&pair[0]) - 1.0).abs() < 0.5));
    assert!((now - seconds(&described[2]) - 1.0).abs() < 0.5);
    let excluded: Vec<Value> = ids.iter().map(|id| json!({"id": id, "type": "public-key"})).collect();
    assert_eq!(started(&lab, &token).await["excludeCredentials"], json!(excluded));

    let delete = async |id: &str| {
        lab.call("DeleteWebAuthnCredential", json!({"AccessToken": token, "CredentialId": id})).await
    };
    assert_eq!(delete(&ids[1]).await.ok(), json!({}));
    delete(&ids[1]).await.refused(UNKNOWN.0, UNKNOWN.1);
    for id in ["", "not base64!", &format!("{}=", ids[0]), &"A".repeat(5_000)] {
        delete(id).await.refused(UNKNOWN.0, UNKNOWN.1);
    }
    let left = list(&lab, json!({"AccessToken": token})).await;
    assert_eq!(left, json!({"Credentials": [described[0], described[2]]}));
}

async fn lists_have_pages(lab: Lab) {
    let scene = plain(&lab).await;
    scene.user("jane", json!([])).await;
    scene.user("mary", json!([])).await;
    let (jane, mary) = (token(&scene, "jane").await, token(&scene, "mary").await);
    let mut ids = Vec::new();
    for number in 0..5 {
        let mut authenticator = SoftAuthenticator::new(ORIGIN);
        register(&lab, &jane, &mut authenticator).await;
        ids.push(json!(authenticator.id()));
        // Some are of one moment.
        lab.advance(number % 2);
    }
    let mut seen = Vec::new();
    let mut request = json!({"AccessToken": jane, "MaxResults": 2});
    loop {
        let page = list(&lab, request.clone()).await;
        let credentials = page["Credentials"].as_array().unwrap();
        assert!(credentials.len() <= 2);
        seen.extend(credentials.iter().map(|c| c["CredentialId"].clone()));
        if page["NextToken"].is_null() {
            break;
        }
        let anothers = json!({"AccessToken": mary, "NextToken": page["NextToken"]});
        assert_eq!(
            lab.call("ListWebAuthnCredentials", anothers).await.error().0,
            "InvalidParameterException"
        );
        request["NextToken"] = page["NextToken"].clone();
    }
    assert_eq!(seen.len(), 5);
    assert!(ids.iter().all(|id| seen.contains(id)));
    let all = list(&lab, json!({"AccessToken": jane, "MaxResults": 0})).await;
    assert_eq!(all["Credentials"].as_array().unwrap().len(), 5);
    for more in [json!({"MaxResults": 21}), json!({"MaxResults": -1}), json!({"NextToken": "forged"})] {
        let request = merged(json!({"AccessToken": jane}), more);
        assert_eq!(lab.call("ListWebAuthnCredentials", request).await.error().0, "InvalidParameterException");
    }
    assert_eq!(count(&lab, &mary).await, 0);
}

async fn the_pool_must_be_for_it(lab: Lab) {
    let without = Scene::new(&lab).await;
    without.user("jane", json!([])).await;
    let jane = token(&without, "jane").await;
    start(&lab, &jane).await.refused(NOT_ENABLED.0, NOT_ENABLED.1);
    complete(&lab, &jane, &json!({})).await.refused(NOT_ENABLED.0, NOT_ENABLED.1);
    set_web_authn(&without, json!({"RelyingPartyId": RELYING_PARTY})).await;
    start(&lab, &jane).await.refused(NOT_ENABLED.0, NOT_ENABLED.1);
    assert_eq!(count(&lab, &jane).await, 0);

    let scene = pool_with_passkeys(&lab, json!({}), json!({"UserVerification": "required"})).await;
    scene.user("jane", json!([])).await;
    let jane = token(&scene, "jane").await;
    let missing =
        ("WebAuthnConfigurationMissingException", "The user pool has no relying party ID for passkeys.");
    start(&lab, &jane).await.refused(missing.0, missing.1);
    for id in ["https://example.com", "Example.com", "example.com:443", "com", "127.0.0.1", "a b"] {
        let request = json!({"UserPoolId": scene.pool, "WebAuthnConfiguration": {"RelyingPartyId": id}});
        lab.admin("SetUserPoolMfaConfig", request).await.refused(
            "InvalidParameterException",
            "Invalid RelyingPartyId: it must be a domain name in lower case.",
        );
    }
    set_web_authn(&scene, json!({"RelyingPartyId": "localhost", "UserVerification": "required"})).await;
    lab.advance(2);
    let options = started(&lab, &jane).await;
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    let mut authenticator = SoftAuthenticator::new("http://localhost:3000");
    authenticator.flags = USER_PRESENT;
    let unverified = authenticator.create(&options);
    complete(&lab, &jane, &unverified).await.refused(NOT_SUPPORTED.0, NOT_SUPPORTED.1);
    let mut authenticator = SoftAuthenticator::new("http://localhost:3000");
    register(&lab, &jane, &mut authenticator).await;
}

async fn names_that_authenticators_show(lab: Lab) {
    let members = json!({"UsernameAttributes": ["email", "phone_number"]});
    let scene = pool_with_passkeys(&lab, members, json!({"RelyingPartyId": RELYING_PARTY})).await;
    let email = json!([{"Name": "email", "Value": "jane@example.com"}]);
    let sub = scene.user("jane@example.com", email).await;
    let user = started(&lab, &token(&scene, "jane@example.com").await).await["user"].clone();
    assert_eq!(
        user,
        json!({"id": URL_SAFE_NO_PAD.encode(&sub), "name": "jane@example.com", "displayName": "jane@example.com"})
    );
}

/// What spoils a good registration.
type Change<'a> = &'a dyn Fn(&mut Creation);

/// Case 42: what is signed must be what was asked, and in vain is in vain.
async fn what_is_not_good_is_refused(lab: Lab) {
    let scene = plain(&lab).await;
    scene.user("jane", json!([])).await;
    let jane = token(&scene, "jane").await;
    let draft = async |change: Change<'_>| {
        let mut draft = SoftAuthenticator::new(ORIGIN).creation(&started(&lab, &jane).await);
        change(&mut draft);
        draft.credential()
    };
    let changes: [(Change<'_>, (&str, &str)); 9] = [
        (&|d| d.client_data["type"] = json!("webauthn.get"), INVALID),
        (&|d| d.client_data["challenge"] = json!("AAAA"), NOT_FOUND),
        (&|d| d.client_data["origin"] = json!("https://example.com.evil.org"), OTHER_ORIGIN),
        (&|d| d.client_data["origin"] = json!(APP), OTHER_ORIGIN),
        (&|d| d.client_data["crossOrigin"] = json!(true), OTHER_ORIGIN),
        (&|d| d.data.relying_party_id = "evil.org".into(), OTHER_PARTY),
        (&|d| d.data.flags &= !USER_PRESENT, NOT_SUPPORTED),
        (&|d| d.data.credential.as_mut().unwrap().1 = cbor::map(&[]), NOT_SUPPORTED),
        (&|d| d.format = "made-up".into(), NOT_SUPPORTED),
    ];
    for (change, refusal) in changes {
        let credential = draft(change).await;
        complete(&lab, &jane, &credential).await.refused(refusal.0, refusal.1);
    }
    let options = started(&lab, &jane).await;
    for credential in [json!({}), json!([]), json!("text"), json!({"response": {"clientDataJSON": "e30"}})] {
        complete(&lab, &jane, &credential).await.refused(INVALID.0, INVALID.1);
    }
    let good = SoftAuthenticator::new(ORIGIN).creation(&options);
    let mut bad = good.clone();
    bad.data.relying_party_id = "evil.org".into();
    complete(&lab, &jane, &bad.credential()).await.refused(OTHER_PARTY.0, OTHER_PARTY.1);
    // A challenge that was answered is used up, also by a wrong answer.
    complete(&lab, &jane, &good.credential()).await.refused(NOT_FOUND.0, NOT_FOUND.1);
    assert_eq!(count(&lab, &jane).await, 0);
}

async fn a_challenge_is_good_once_and_for_a_while(lab: Lab) {
    let scene = plain(&lab).await;
    scene.user("jane", json!([])).await;
    let jane = token(&scene, "jane").await;
    let mut authenticator = SoftAuthenticator::new(ORIGIN);
    let first = authenticator.create(&started(&lab, &jane).await);
    complete(&lab, &jane, &first).await.ok();
    complete(&lab, &jane, &first).await.refused(NOT_FOUND.0, NOT_FOUND.1);
    // A new registration replaces the one before, which leaves it good.
    let mut authenticator = SoftAuthenticator::new(ORIGIN);
    let old = authenticator.create(&started(&lab, &jane).await);
    let new = authenticator.create(&started(&lab, &jane).await);
    complete(&lab, &jane, &old).await.refused(NOT_FOUND.0, NOT_FOUND.1);
    complete(&lab, &jane, &new).await.ok();
    // The one and the other authenticator are known by now.
    for mut known in
        [authenticator, SoftAuthenticator { credential_id: id_of(&first), ..SoftAuthenticator::new(ORIGIN) }]
    {
        let again = known.create(&started(&lab, &jane).await);
        complete(&lab, &jane, &again).await.refused(EXISTS.0, EXISTS.1);
    }
    let options = started(&lab, &jane).await;
    lab.advance(5 * 60 - 1);
    let in_time = SoftAuthenticator::new(ORIGIN).create(&options);
    complete(&lab, &jane, &in_time).await.ok();
    let options = started(&lab, &jane).await;
    lab.advance(5 * 60);
    let late = SoftAuthenticator::new(ORIGIN).create(&options);
    complete(&lab, &jane, &late).await.refused(NOT_FOUND.0, NOT_FOUND.1);
    assert_eq!(count(&lab, &jane).await, 3);
}

fn id_of(credential: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(credential["id"].as_str().unwrap()).unwrap()
}

/// Case 38: a registration belongs to one user, client, pool and relying party, and to tokens that are good.
async fn a_registration_is_bound(lab: Lab) {
    let scene = plain(&lab).await;
    scene.user("jane", json!([])).await;
    scene.user("mary", json!([])).await;
    let (jane, mary) = (token(&scene, "jane").await, token(&scene, "mary").await);
    let mut authenticator = SoftAuthenticator::new(ORIGIN);
    let credential = authenticator.create(&started(&lab, &jane).await);
    complete(&lab, &mary, &credential).await.refused(NOT_FOUND.0, NOT_FOUND.1);
    started(&lab, &mary).await;
    complete(&lab, &mary, &credential).await.refused(NOT_FOUND.0, NOT_FOUND.1);

    let client = scene.new_client(json!({})).await["ClientId"].as_str().unwrap().to_owned();
    let other_client = Scene { client, ..scene.clone() };
    let elsewhere = token(&other_client, "jane").await;
    complete(&lab, &elsewhere, &credential).await.refused(OTHER_CLIENT.0, OTHER_CLIENT.1);
    started(&lab, &elsewhere).await;
    complete(&lab, &elsewhere, &credential).await.refused(OTHER_CLIENT.0, OTHER_CLIENT.1);

    let other_pool = plain(&lab).await;
    other_pool.user("jane", json!([])).await;
    let stranger = token(&other_pool, "jane").await;
    complete(&lab, &stranger, &credential).await.refused(NOT_FOUND.0, NOT_FOUND.1);

    set_web_authn(&scene, json!({"RelyingPartyId": "login.example.com"})).await;
    lab.advance(2);
    complete(&lab, &jane, &credential).await.refused(OTHER_PARTY.0, OTHER_PARTY.1);
    set_web_authn(&scene, json!({"RelyingPartyId": RELYING_PARTY})).await;
    lab.advance(2);

    // A sign-out in between ends it, and so does what is no access token.
    let credential = authenticator.create(&started(&lab, &jane).await);
    let id_token = scene.tokens("jane").await["IdToken"].clone();
    assert_eq!(complete(&lab, &id_token, &credential).await.error().0, "NotAuthorizedException");
    lab.call("GlobalSignOut", json!({"AccessToken": jane})).await.ok();
    complete(&lab, &jane, &credential)
        .await
        .refused("NotAuthorizedException", "Access Token has been revoked");
    let jane = token(&scene, "jane").await;
    complete(&lab, &jane, &credential).await.ok();

    // Nobody lists, deletes or takes the passkey of another user; in another pool it is another one.
    assert_eq!(count(&lab, &mary).await, 0);
    let delete = json!({"AccessToken": mary, "CredentialId": authenticator.id()});
    lab.call("DeleteWebAuthnCredential", delete).await.refused(UNKNOWN.0, UNKNOWN.1);
    let again = authenticator.create(&started(&lab, &mary).await);
    complete(&lab, &mary, &again).await.refused(EXISTS.0, EXISTS.1);
    register(&lab, &stranger, &mut authenticator).await;
    assert_eq!((count(&lab, &jane).await, count(&lab, &stranger).await), (1, 1));

    // A user who comes after has none of them.
    scene.admin("AdminDeleteUser", json!({"Username": "jane"})).await;
    assert_eq!(started_by_deleted(&lab, &jane).await, "NotAuthorizedException");
    scene.user("jane", json!([])).await;
    let jane = token(&scene, "jane").await;
    assert_eq!(count(&lab, &jane).await, 0);
    register(&lab, &jane, &mut authenticator).await;
}

async fn started_by_deleted(lab: &Lab, token: &Value) -> String {
    start(lab, token).await.error().0
}

async fn twenty_and_no_more(lab: Lab) {
    let scene = plain(&lab).await;
    scene.user("jane", json!([])).await;
    let mut tokens = vec![token(&scene, "jane").await];
    for _ in 0..19 {
        register(&lab, &tokens[0], &mut SoftAuthenticator::new(ORIGIN)).await;
    }
    for _ in 0..4 {
        let client = scene.new_client(json!({})).await["ClientId"].as_str().unwrap().to_owned();
        tokens.push(token(&Scene { client, ..scene.clone() }, "jane").await);
    }
    // Five clients register the twentieth at once.
    let mut calls = Vec::new();
    for token in &tokens {
        let credential = SoftAuthenticator::new(ORIGIN).create(&started(&lab, token).await);
        calls.push((lab.clone(), token.clone(), credential));
    }
    let tasks: Vec<_> = calls
        .into_iter()
        .map(|(lab, token, credential)| {
            tokio::spawn(async move { complete(&lab, &token, &credential).await })
        })
        .collect();
    let mut successes = 0;
    for task in tasks {
        let answer = task.await.unwrap();
        if answer.status == 200 {
            successes += 1;
        } else {
            assert!(["LimitExceededException", "TooManyRequestsException"].contains(&&*answer.error().0));
        }
    }
    assert_eq!((successes, count(&lab, &tokens[0]).await), (1, 20));
    start(&lab, &tokens[0]).await.refused(FULL.0, FULL.1);
}

async fn counters_are_compared_and_set(lab: Lab) {
    use store::passkeys::{find, update_sign_count};
    let scene = plain(&lab).await;
    scene.user("jane", json!([])).await;
    let mut authenticator = SoftAuthenticator::new(ORIGIN);
    register(&lab, &token(&scene, "jane").await, &mut authenticator).await;
    let (pool_id, id) = (rules::ids::PoolId::from(scene.pool), authenticator.credential_id);
    lab.app
        .write(move |_, tx| {
            let passkey = find(tx, &pool_id, &id)?.unwrap();
            assert_eq!(passkey.sign_count, 1);
            assert!(update_sign_count(tx, &passkey, 7)?);
            assert!(!update_sign_count(tx, &passkey, 8)?, "somebody has counted on");
            let passkey = find(tx, &pool_id, &id)?.unwrap();
            assert_eq!(passkey.sign_count, 7);
            assert!(find(tx, &"us-east-1_Another12".into(), &id)?.is_none());
            assert!(store::passkeys::delete(tx, &pool_id, &passkey.sub, &id)?);
            assert!(!update_sign_count(tx, &passkey, 8)?, "it is gone");
            Ok(())
        })
        .await
        .unwrap();
}

async fn of_parallel_completions_one_succeeds(lab: Lab) {
    let scene = plain(&lab).await;
    scene.user("jane", json!([])).await;
    let jane = token(&scene, "jane").await;
    let options = started(&lab, &jane).await;
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            // Each another key: one answered challenge makes one passkey.
            let credential = SoftAuthenticator::new(ORIGIN).create(&options);
            let (lab, jane) = (lab.clone(), jane.clone());
            tokio::spawn(async move { complete(&lab, &jane, &credential).await.status == 200 })
        })
        .collect();
    let mut successes = 0;
    for task in tasks {
        successes += usize::from(task.await.unwrap());
    }
    assert_eq!((successes, count(&lab, &jane).await), (1, 1));
    assert_eq!(claims(&jane)["username"], "jane");
}

both_engines!(
    a_passkey_comes_and_goes,
    lists_have_pages,
    the_pool_must_be_for_it,
    names_that_authenticators_show,
    what_is_not_good_is_refused,
    a_challenge_is_good_once_and_for_a_while,
    a_registration_is_bound,
    twenty_and_no_more,
    counters_are_compared_and_set,
    of_parallel_completions_one_succeeds,
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn apps_of_the_settings_register() {
    let lab = Lab::with_settings(|config| config.passkeys.android_origins = vec![APP.to_owned()]).await;
    let scene = plain(&lab).await;
    scene.user("jane", json!([])).await;
    let jane = token(&scene, "jane").await;
    register(&lab, &jane, &mut SoftAuthenticator::new(APP)).await;
    lab.remove().await;
}
