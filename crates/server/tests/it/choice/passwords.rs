//! What there is to choose from, and the password as a choice.

use super::{
    EXPIRED, INCORRECT, SESSION, USED, all, begin, choosing, email, has_tokens, prefer, select, stored,
};
use crate::{
    lab::Lab,
    scene::{PASSWORD, Scene, secret_hash, timestamp},
    srp_client::SrpClient,
};
use serde_json::{Value, json};

async fn a_user_is_shown_what_there_is(lab: Lab) {
    let scene = choosing(&lab, all(), false).await;
    scene.user("jane", email("jane")).await;
    let asked = begin(&scene, "jane", json!({})).await.ok();
    assert_eq!(asked["ChallengeName"], "SELECT_CHALLENGE");
    assert_eq!(asked["AvailableChallenges"], json!(["EMAIL_OTP", "PASSWORD_SRP", "PASSWORD"]));
    assert!(asked["Session"].as_str().unwrap().len() <= 4_096);
    // What the user does not have is answered as if nothing had been preferred.
    let asked = prefer(&scene, "jane", "WEB_AUTHN").await.ok();
    assert_eq!(asked["ChallengeName"], "SELECT_CHALLENGE");
    begin(&scene, "joe", json!({})).await.refused("UserNotFoundException", "User does not exist.");
    let done = select(&scene, "jane", &asked["Session"], "PASSWORD", json!({"PASSWORD": PASSWORD})).await;
    assert!(has_tokens(&done.ok()));
}

async fn the_password_may_come_at_once_or_by_its_own_name(lab: Lab) {
    let scene = choosing(&lab, all(), false).await;
    scene.user("jane", email("jane")).await;
    let at_once = json!({"PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": PASSWORD});
    assert!(has_tokens(&begin(&scene, "jane", at_once).await.ok()));
    let wrong = json!({"PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": "Wrong-Horse9"});
    begin(&scene, "jane", wrong).await.refused(INCORRECT.0, INCORRECT.1);
    prefer(&scene, "jane", "PASSWORD")
        .await
        .refused("InvalidParameterException", "Missing required parameter PASSWORD");
    let asked = begin(&scene, "jane", json!({})).await.ok();
    let answer = json!({"USERNAME": "jane", "PASSWORD": PASSWORD});
    let done = scene.respond("PASSWORD", &asked["Session"], answer.clone()).await.ok();
    assert!(has_tokens(&done));
    scene.respond("PASSWORD", &asked["Session"], answer).await.refused(USED.0, USED.1);
}

async fn wrong_passwords_lock_whatever_the_way(lab: Lab) {
    let scene = choosing(&lab, all(), false).await;
    scene.user("jane", email("jane")).await;
    let asked = begin(&scene, "jane", json!({})).await.ok();
    for _ in 0..5 {
        let wrong = json!({"PASSWORD": "Wrong-Horse9"});
        let refused = select(&scene, "jane", &asked["Session"], "PASSWORD", wrong).await;
        refused.refused(INCORRECT.0, INCORRECT.1);
    }
    let locked = ("NotAuthorizedException", "Password attempts exceeded");
    let right = json!({"PASSWORD": PASSWORD});
    select(&scene, "jane", &asked["Session"], "PASSWORD", right).await.refused(locked.0, locked.1);
    scene.sign_in("jane", PASSWORD).await.refused(locked.0, locked.1);
    prefer(&scene, "jane", "PASSWORD_SRP")
        .await
        .refused("InvalidParameterException", "Missing required parameter SRP_A");
    let srp = json!({"PREFERRED_CHALLENGE": "PASSWORD_SRP", "SRP_A": SrpClient::new().srp_a()});
    begin(&scene, "jane", srp).await.refused(locked.0, locked.1);
    // A code is another proof; guesses at passwords do not shut it out.
    assert_eq!(prefer(&scene, "jane", "EMAIL_OTP").await.ok()["ChallengeName"], "EMAIL_OTP");
}

/// The password by SRP, from the first call or from SELECT_CHALLENGE.
async fn srp(scene: &Scene, name: &str, from_selection: bool, password: &str) -> crate::lab::Answer {
    let client = SrpClient::new();
    let question = if from_selection {
        let asked = begin(scene, name, json!({})).await.ok();
        select(scene, name, &asked["Session"], "PASSWORD_SRP", json!({"SRP_A": client.srp_a()})).await.ok()
    } else {
        let parameters = json!({"PREFERRED_CHALLENGE": "PASSWORD_SRP", "SRP_A": client.srp_a()});
        begin(scene, name, parameters).await.ok()
    };
    assert_eq!(question["ChallengeName"], "PASSWORD_VERIFIER");
    let parameters = &question["ChallengeParameters"];
    let answer = client.answer(&scene.pool, parameters, password, &timestamp(&scene.lab));
    scene.respond("PASSWORD_VERIFIER", &question["Session"], answer).await
}

async fn srp_is_a_choice(lab: Lab) {
    let scene = choosing(&lab, all(), true).await;
    scene.user("jane", email("jane")).await;
    for from_selection in [false, true] {
        assert!(has_tokens(&srp(&scene, "jane", from_selection, PASSWORD).await.ok()));
        srp(&scene, "jane", from_selection, "Wrong-Horse9").await.refused(INCORRECT.0, INCORRECT.1);
        srp(&scene, "joe", from_selection, PASSWORD).await.refused(INCORRECT.0, INCORRECT.1);
    }
}

async fn a_choice_belongs_to_its_user_client_and_step(lab: Lab) {
    let scene = choosing(&lab, all(), false).await;
    let other = choosing(&lab, all(), false).await;
    for name in ["jane", "june"] {
        scene.user(name, email(name)).await;
    }
    other.user("jane", email("jane")).await;
    let asked = begin(&scene, "jane", json!({})).await.ok()["Session"].clone();
    let right = json!({"PASSWORD": PASSWORD});
    select(&scene, "june", &asked, "PASSWORD", right.clone()).await.refused(SESSION.0, SESSION.1);
    select(&other, "jane", &asked, "PASSWORD", right.clone()).await.refused(SESSION.0, SESSION.1);
    let members = json!({"ExplicitAuthFlows": ["ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]});
    let client = scene.new_client(members).await["ClientId"].as_str().unwrap().to_owned();
    let elsewhere = Scene { client, ..scene.clone() };
    select(&elsewhere, "jane", &asked, "PASSWORD", right.clone()).await.refused(SESSION.0, SESSION.1);
    let admin = json!({"ClientId": scene.client, "ChallengeName": "SELECT_CHALLENGE", "Session": asked,
        "ChallengeResponses": {"USERNAME": "jane", "ANSWER": "PASSWORD", "PASSWORD": PASSWORD},
        "UserPoolId": scene.pool});
    lab.admin("AdminRespondToAuthChallenge", admin).await.refused(SESSION.0, SESSION.1);
    for (challenge, responses) in [
        ("EMAIL_OTP", json!({"USERNAME": "jane", "EMAIL_OTP_CODE": "12345678"})),
        ("SMS_OTP", json!({"USERNAME": "jane", "SMS_OTP_CODE": "123456"})),
        ("SOFTWARE_TOKEN_MFA", json!({"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": "123456"})),
        ("NEW_PASSWORD_REQUIRED", json!({"USERNAME": "jane", "NEW_PASSWORD": PASSWORD})),
        ("SELECT_MFA_TYPE", json!({"USERNAME": "jane", "ANSWER": "SMS_MFA"})),
        ("MFA_SETUP", json!({"USERNAME": "jane"})),
        ("WEB_AUTHN", json!({"USERNAME": "jane", "CREDENTIAL": "{}"})),
        ("DEVICE_SRP_AUTH", json!({"USERNAME": "jane", "DEVICE_KEY": "a_b", "SRP_A": "2"})),
    ] {
        let refused = scene.respond(challenge, &asked, responses).await;
        let error = refused.error();
        assert!(error.0 == "NotAuthorizedException", "{challenge}: {error:?}");
    }
    for answer in ["", "WEB_AUTHN", "SMS_OTP", "SOFTWARE_TOKEN_MFA", "x"] {
        let refused = select(&scene, "jane", &asked, answer, json!({})).await.error();
        assert_eq!(refused.0, "InvalidParameterException", "{answer}");
    }
    let garbage = Value::from("x".repeat(40));
    select(&scene, "jane", &garbage, "PASSWORD", right.clone()).await.refused(SESSION.0, SESSION.1);
    assert!(has_tokens(&select(&scene, "jane", &asked, "PASSWORD", right.clone()).await.ok()));
    let late = begin(&scene, "jane", json!({})).await.ok()["Session"].clone();
    lab.advance(181);
    select(&scene, "jane", &late, "PASSWORD", right).await.refused(EXPIRED.0, EXPIRED.1);
}

async fn who_does_not_exist_is_shown_the_pools_choices(lab: Lab) {
    let scene = choosing(&lab, all(), true).await;
    scene.user("jane", email("jane")).await;
    scene.user("gone", email("gone")).await;
    scene.admin("AdminDisableUser", json!({"Username": "gone"})).await;
    let everything = json!(["EMAIL_OTP", "SMS_OTP", "PASSWORD_SRP", "PASSWORD", "WEB_AUTHN"]);
    let known = begin(&scene, "jane", json!({})).await.ok();
    for name in ["joey", "gone"] {
        let asked = begin(&scene, name, json!({})).await.ok();
        assert_eq!(asked["AvailableChallenges"], everything);
        assert_eq!(asked, begin(&scene, name, json!({})).await.ok().tap_session(&asked["Session"]));
        let right = json!({"PASSWORD": PASSWORD});
        select(&scene, name, &asked["Session"], "PASSWORD", right).await.refused(INCORRECT.0, INCORRECT.1);
        // Names of one length have Sessions of one length, but for the choices that are shown.
        let [one, other] = [&asked, &known].map(|answer| answer["Session"].as_str().unwrap().len());
        assert!(one.abs_diff(other) < 80, "{one} {other}");
    }
    let passkey = ["joey", "joey"].map(|name| prefer(&scene, name, "WEB_AUTHN"));
    let [first, second] = passkey;
    let (first, second) = (first.await.ok(), second.await.ok());
    let options = |answer: &Value| -> Value {
        let text = answer["ChallengeParameters"]["CREDENTIAL_REQUEST_OPTIONS"].as_str().unwrap();
        serde_json::from_str(text).unwrap()
    };
    assert_eq!(options(&first)["allowCredentials"], options(&second)["allowCredentials"]);
    assert_ne!(options(&first)["challenge"], options(&second)["challenge"]);
}

trait TapSession {
    fn tap_session(self, session: &Value) -> Value;
}

impl TapSession for Value {
    /// The same answer with another Session.
    fn tap_session(mut self, session: &Value) -> Value {
        self["Session"] = session.clone();
        self
    }
}

async fn nothing_is_stored_for_a_stranger_who_chooses(lab: Lab) {
    let scene = choosing(&lab, all(), true).await;
    scene.user("jane", email("jane")).await;
    let before = stored(&lab).await;
    for name in ["jane", "joe"] {
        let asked = begin(&scene, name, json!({})).await.ok();
        let client = SrpClient::new();
        select(&scene, name, &asked["Session"], "PASSWORD_SRP", json!({"SRP_A": client.srp_a()})).await.ok();
        prefer(&scene, name, "WEB_AUTHN").await.ok();
    }
    assert_eq!(stored(&lab).await, before);
}

async fn clients_and_secrets_are_checked(lab: Lab) {
    let scene = choosing(&lab, all(), false).await;
    scene.user("jane", email("jane")).await;
    let members =
        json!({"GenerateSecret": true, "ExplicitAuthFlows": ["ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]});
    let made = scene.new_client(members).await;
    let (client, secret) =
        (made["ClientId"].as_str().unwrap().to_owned(), made["ClientSecret"].as_str().unwrap().to_owned());
    let closed = Scene { client: client.clone(), ..scene.clone() };
    let refused = begin(&closed, "jane", json!({})).await.error();
    assert_eq!(refused.0, "NotAuthorizedException");
    let hash = secret_hash(&secret, "jane", &client);
    let asked = begin(&closed, "jane", json!({"SECRET_HASH": hash})).await.ok();
    let right = json!({"PASSWORD": PASSWORD});
    let refused = select(&closed, "jane", &asked["Session"], "PASSWORD", right).await.error();
    assert_eq!(refused.0, "NotAuthorizedException");
    let right = json!({"PASSWORD": PASSWORD, "SECRET_HASH": hash});
    assert!(has_tokens(&select(&closed, "jane", &asked["Session"], "PASSWORD", right).await.ok()));
    let members = json!({"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]});
    let client = scene.new_client(members).await["ClientId"].as_str().unwrap().to_owned();
    let without = Scene { client, ..scene.clone() };
    begin(&without, "jane", json!({}))
        .await
        .refused("InvalidParameterException", "USER_AUTH is not enabled for the client.");
}

async fn parallel_answers_have_one_success(lab: Lab) {
    let scene = choosing(&lab, all(), false).await;
    scene.user("jane", email("jane")).await;
    let asked = begin(&scene, "jane", json!({})).await.ok()["Session"].clone();
    let answers = (0..4).map(|_| {
        let (scene, asked) = (scene.clone(), asked.clone());
        tokio::spawn(async move {
            select(&scene, "jane", &asked, "PASSWORD", json!({"PASSWORD": PASSWORD})).await.status == 200
        })
    });
    let mut successes = 0;
    for answer in answers.collect::<Vec<_>>() {
        successes += usize::from(answer.await.unwrap());
    }
    assert_eq!(successes, 1);
}

both_engines!(
    a_user_is_shown_what_there_is,
    the_password_may_come_at_once_or_by_its_own_name,
    wrong_passwords_lock_whatever_the_way,
    srp_is_a_choice,
    a_choice_belongs_to_its_user_client_and_step,
    who_does_not_exist_is_shown_the_pools_choices,
    nothing_is_stored_for_a_stranger_who_chooses,
    clients_and_secrets_are_checked,
    parallel_answers_have_one_success
);
