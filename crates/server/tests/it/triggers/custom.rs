//! CUSTOM_AUTH: sign-ins that functions lead.

use super::stand_in::{Reply, StandIn};
use crate::{
    devices::prove,
    lab::{Answer, Lab},
    rate_limits::call_from,
    scene::{PASSWORD, Scene, all_flows, claims, merged, secret_hash, timestamp},
    srp_client::SrpClient,
};
use cognate::{
    app::App,
    users::{
        code_limits::{self, Limit},
        codes::CodeOwner,
    },
};
use rules::sign_in::custom::ROUNDS_MAX;
use serde_json::{Value, json};
use store::Tx;

const WRONG: (&str, &str) = ("NotAuthorizedException", "Incorrect username or password.");
const CHALLENGES: [&str; 3] = ["DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse"];

/// Two riddles, of which three wrong answers are one too many; with SRP the password comes first.
fn riddles(event: &Value) -> Reply {
    let rounds = event["request"]["session"].as_array().cloned().unwrap_or_default();
    let custom = |right: bool| {
        rounds
            .iter()
            .filter(|r| r["challengeName"] == "CUSTOM_CHALLENGE" && r["challengeResult"] == right)
            .count()
    };
    match event["triggerSource"].as_str().unwrap() {
        "DefineAuthChallenge_Authentication" => {
            if rounds.len() == 1 && rounds[0]["challengeName"] == "SRP_A" {
                return Reply::With(
                    json!({"challengeName": "PASSWORD_VERIFIER", "issueTokens": false, "failAuthentication": false}),
                );
            }
            Reply::With(json!({
                "challengeName": "CUSTOM_CHALLENGE", "issueTokens": custom(true) >= 2, "failAuthentication": custom(false) >= 3,
            }))
        }
        "CreateAuthChallenge_Authentication" => Reply::With(json!({
            "publicChallengeParameters": {"riddle": format!("riddle {}", custom(true) + 1), "USERNAME": "evil"},
            "privateChallengeParameters": {"answer": "forty-two-in-private"},
            "challengeMetadata": format!("RIDDLE_{}", custom(true) + 1),
        })),
        "VerifyAuthChallengeResponse_Authentication" => {
            let right = &event["request"]["privateChallengeParameters"]["answer"];
            Reply::With(json!({"answerCorrect": *right == event["request"]["challengeAnswer"]}))
        }
        _ => Reply::Unchanged,
    }
}

async fn riddle_scene(lab: &Lab, members: (Value, Value)) -> (Scene, StandIn) {
    StandIn::scene(lab, &CHALLENGES, members, riddles).await
}

fn none() -> (Value, Value) {
    (json!({}), json!({}))
}

/// A pool where case does not count.
fn folds() -> Value {
    json!({"UsernameConfiguration": {"CaseSensitive": false}})
}

fn hides() -> Value {
    json!({"PreventUserExistenceErrors": "ENABLED"})
}

async fn begin(scene: &Scene, name: &str) -> Answer {
    scene.initiate("CUSTOM_AUTH", json!({"USERNAME": name})).await
}

async fn answer(scene: &Scene, session: &Value, name: &str, text: &str) -> Answer {
    scene.respond("CUSTOM_CHALLENGE", session, json!({"USERNAME": name, "ANSWER": text})).await
}

const RIGHT: &str = "forty-two-in-private";

async fn rounds_follow_one_another_until_the_function_is_content(lab: Lab) {
    let (scene, functions) = riddle_scene(&lab, (folds(), json!({}))).await;
    scene.user("Jane", json!([{"Name": "email", "Value": "jane@example.com"}])).await;
    let first = begin(&scene, "jane").await.ok();
    assert_eq!(first["ChallengeName"], "CUSTOM_CHALLENGE");
    assert_eq!(first["ChallengeParameters"], json!({"riddle": "riddle 1", "USERNAME": "jane"}));
    let define = &functions.events()[0];
    assert_eq!(define["request"]["session"], json!([]));
    assert_eq!(define["request"]["userAttributes"]["email"], "jane@example.com");
    assert_eq!(define["userName"], "Jane");
    assert_eq!(define["request"].get("userNotFound"), None);
    let again = answer(&scene, &first["Session"], "jane", "no").await.ok();
    assert_eq!(
        again["ChallengeParameters"]["riddle"], "riddle 1",
        "a wrong answer is the function's to judge"
    );
    let second = answer(&scene, &again["Session"], "jane", RIGHT).await.ok();
    assert_eq!(second["ChallengeParameters"]["riddle"], "riddle 2");
    let done = answer(&scene, &second["Session"], "jane", RIGHT).await.ok();
    let token = claims(&done["AuthenticationResult"]["IdToken"]);
    assert_eq!(token["cognito:username"], "Jane");
    assert!(done["AuthenticationResult"]["RefreshToken"].is_string());
    let events = functions.events();
    let last = events.iter().rfind(|e| e["triggerSource"] == "DefineAuthChallenge_Authentication").unwrap();
    let round = |right, n| json!({"challengeName": "CUSTOM_CHALLENGE", "challengeResult": right, "challengeMetadata": format!("RIDDLE_{n}")});
    assert_eq!(last["request"]["session"], json!([round(false, 1), round(true, 1), round(true, 2)]));
    let verify =
        events.iter().find(|e| e["triggerSource"] == "VerifyAuthChallengeResponse_Authentication").unwrap();
    assert_eq!(verify["request"]["challengeAnswer"], "no");
    // Tokens that came so are like all others.
    let access = &done["AuthenticationResult"]["AccessToken"];
    lab.call("GetUser", json!({"AccessToken": access})).await.ok();
}

async fn a_function_may_end_it_at_any_time(lab: Lab) {
    let (scene, _) = riddle_scene(&lab, none()).await;
    scene.user("jane", json!([])).await;
    let mut asked = begin(&scene, "jane").await.ok();
    for _ in 0..2 {
        asked = answer(&scene, &asked["Session"], "jane", "no").await.ok();
    }
    answer(&scene, &asked["Session"], "jane", "no").await.refused(WRONG.0, WRONG.1);
    answer(&scene, &asked["Session"], "jane", RIGHT)
        .await
        .refused("NotAuthorizedException", "Invalid session for the user, session can only be used once.");
    // Custom challenges are outside of the lock: the password is as good as before.
    scene.tokens("jane").await;
}

async fn rounds_end_whatever_a_function_says(lab: Lab) {
    let endless = |event: &Value| match event["triggerSource"].as_str().unwrap() {
        "DefineAuthChallenge_Authentication" => Reply::With(json!({"challengeName": "CUSTOM_CHALLENGE"})),
        "CreateAuthChallenge_Authentication" => Reply::With(json!({"publicChallengeParameters": {"n": "1"}})),
        _ => Reply::With(json!({"answerCorrect": false})),
    };
    let (scene, _) = StandIn::scene(&lab, &CHALLENGES, none(), endless).await;
    scene.user("jane", json!([])).await;
    let mut asked = begin(&scene, "jane").await.ok();
    for _ in 1..ROUNDS_MAX {
        asked = answer(&scene, &asked["Session"], "jane", "x").await.ok();
    }
    answer(&scene, &asked["Session"], "jane", "x").await.refused(WRONG.0, WRONG.1);
}

/// What a function keeps from the client leaves the server to functions alone, and lies sealed in the store.
async fn private_parameters_stay_private(lab: Lab) {
    let (scene, _) = riddle_scene(&lab, none()).await;
    scene.user("jane", json!([])).await;
    let first = begin(&scene, "jane").await;
    let second = answer(&scene, &first.ok()["Session"], "jane", "no").await;
    for shown in [&first, &second] {
        assert!(!shown.text.contains("in-private"), "{}", shown.text);
    }
    let tickets = lab.app.db.read(|tx| tx.query("SELECT document FROM tickets", &[]));
    let stored: Vec<String> = tickets.await.unwrap().iter().map(|row| row.text(0).unwrap()).collect();
    assert!(stored.iter().any(|document| document.contains("RIDDLE_1")), "{stored:?}");
    let encoded = data_encoding::BASE64.encode(RIGHT.as_bytes());
    assert!(stored.iter().all(|document| !document.contains(RIGHT) && !document.contains(&encoded)));
}

/// A function that quotes an answer tells it to the caller, as at Cognito, and to nobody who reads the trail.
async fn an_error_is_told_as_it_was_said_and_kept_without_secrets(lab: Lab) {
    let play = |event: &Value| match event["triggerSource"].as_str() {
        Some("VerifyAuthChallengeResponse_Authentication") => {
            Reply::Error("typed-by-jane is not forty-two-in-private")
        }
        _ => riddles(event),
    };
    let (scene, _) = StandIn::scene(&lab, &CHALLENGES, none(), play).await;
    scene.user("jane", json!([])).await;
    let first = begin(&scene, "jane").await.ok();
    let text = "VerifyAuthChallengeResponse failed with error typed-by-jane is not forty-two-in-private.";
    let refused = answer(&scene, &first["Session"], "jane", "typed-by-jane").await;
    refused.refused("UserLambdaValidationException", text);
    cognate::audit::flush(&scene.lab.app).await.unwrap();
    let wanted = store::events::Wanted { pool_id: None, user: None, since: None, until: None };
    let page = lab.app.db.read(move |tx| store::events::list(tx, &wanted, "", 2_000)).await.unwrap();
    let reasons: Vec<String> = page.events.into_iter().filter_map(|event| event.reason).collect();
    assert!(
        reasons.iter().any(|reason| reason.contains("the function refused: *** is not ***")),
        "{reasons:?}"
    );
    assert!(!reasons.concat().contains("typed-by-jane") && !reasons.concat().contains(RIGHT), "{reasons:?}");
}

async fn nobody_is_asked_the_same_and_never_let_in(lab: Lab) {
    let (scene, functions) = riddle_scene(&lab, (folds(), hides())).await;
    scene.user("jane", json!([])).await;
    let known = begin(&scene, "jane").await.ok();
    assert_eq!(functions.events()[0]["request"]["userNotFound"], false);
    let mut asked = begin(&scene, "Nobody").await.ok();
    let told = functions.events();
    assert!(told.iter().all(|event| event["request"]["userNotFound"] == true), "{told:?}");
    assert!(told.iter().all(|event| event["request"]["userAttributes"] == json!({})));
    assert!(told.iter().all(|event| event["userName"] == "Nobody"), "as it was typed");
    let shape = |answer: &Value| {
        let parameters = merged(answer["ChallengeParameters"].clone(), json!({"USERNAME": ""}));
        let length = answer["Session"].as_str().unwrap().len();
        (answer["ChallengeName"].clone(), parameters, length)
    };
    assert_eq!(shape(&known), shape(&asked));
    assert_eq!(asked["ChallengeParameters"]["USERNAME"], "nobody");
    asked = answer(&scene, &asked["Session"], "nobody", RIGHT).await.ok();
    answer(&scene, &asked["Session"], "NOBODY", RIGHT).await.refused(WRONG.0, WRONG.1);
    // Whoever may not sign in is nobody too.
    for (operation, name) in [("AdminDisableUser", "off"), ("AdminResetUserPassword", "reset")] {
        let address = format!("{name}@example.com");
        scene
            .user(
                name,
                json!([{"Name": "email", "Value": address}, {"Name": "email_verified", "Value": "true"}]),
            )
            .await;
        scene.admin(operation, json!({"Username": name})).await;
        functions.events();
        begin(&scene, name).await.ok();
        assert_eq!(functions.events()[0]["request"]["userNotFound"], true, "{operation}");
    }
    // What somebody typed where a name belongs lies sealed.
    let tickets = lab.app.db.read(|tx| tx.query("SELECT document FROM tickets", &[]));
    let stored: Vec<String> = tickets.await.unwrap().iter().map(|row| row.text(0).unwrap()).collect();
    assert!(
        stored.iter().all(|document| !document.to_lowercase().contains("nobody\":\"nobody")),
        "{stored:?}"
    );
}

/// D: the lock after wrong passwords does not reach sign-ins without a password, nor is a password that must be reset
/// gone round by them.
async fn locks_and_resets(lab: Lab) {
    let (scene, _) = riddle_scene(&lab, none()).await;
    scene
        .user(
            "jane",
            json!([{"Name": "email", "Value": "j@example.com"}, {"Name": "email_verified", "Value": "true"}]),
        )
        .await;
    for _ in 0..6 {
        scene.sign_in("jane", "Wrong-Horse-9").await.error();
    }
    scene.sign_in("jane", PASSWORD).await.refused("NotAuthorizedException", "Password attempts exceeded");
    begin(&scene, "jane").await.ok();
    let client = SrpClient::new();
    let parameters = json!({"USERNAME": "jane", "SRP_A": client.srp_a(), "CHALLENGE_NAME": "SRP_A"});
    scene
        .initiate("CUSTOM_AUTH", parameters)
        .await
        .refused("NotAuthorizedException", "Password attempts exceeded");
    let asked = begin(&scene, "jane").await.ok();
    scene.admin("AdminResetUserPassword", json!({"Username": "jane"})).await;
    let text = "Password reset required for the user";
    answer(&scene, &asked["Session"], "jane", RIGHT).await.refused("PasswordResetRequiredException", text);
    begin(&scene, "jane").await.refused("PasswordResetRequiredException", text);
}

async fn where_errors_may_tell_they_do(lab: Lab) {
    let (scene, functions) = riddle_scene(&lab, none()).await;
    begin(&scene, "nobody").await.refused("UserNotFoundException", "User does not exist.");
    scene.user("jane", json!([])).await;
    scene.admin("AdminDisableUser", json!({"Username": "jane"})).await;
    begin(&scene, "jane").await.refused("NotAuthorizedException", "User is disabled.");
    assert!(functions.sources().is_empty());
    let plain = Scene::new(&lab).await;
    plain.user("jane", json!([])).await;
    begin(&plain, "jane").await.refused(
        "InvalidParameterException",
        "Custom auth lambda trigger is not configured for the user pool.",
    );
}

/// A block is as long for nobody as for a user, and carries the functions' rounds for both.
async fn a_secret_block_is_as_long_for_nobody(lab: Lab) {
    for pool in [folds(), json!({"UsernameAttributes": ["email"]})] {
        let (scene, _) = riddle_scene(&lab, (pool.clone(), hides())).await;
        for name in ["jane@example.com", "jo@example.com"] {
            scene.user(name, json!([])).await;
            let nobody = name.replace('j', "x");
            let mut lengths = Vec::new();
            for name in [name, &nobody] {
                let (first, _) = srp(&scene, name, PASSWORD).await;
                lengths.push(first["ChallengeParameters"]["SECRET_BLOCK"].as_str().unwrap().len());
            }
            assert_eq!(lengths[0], lengths[1], "{name} in {pool}");
        }
    }
}

/// The password by SRP comes first, and what follows a password: a second factor, before the functions are asked again.
async fn srp_is_a_round_of_a_custom_sign_in(lab: Lab) {
    let (scene, functions) = riddle_scene(&lab, none()).await;
    scene.user("jane", json!([])).await;
    let (first, proof) = srp(&scene, "jane", PASSWORD).await;
    assert!(first["Session"].is_string());
    let without = scene.respond("PASSWORD_VERIFIER", &Value::Null, proof.clone()).await;
    without.refused("InvalidParameterException", "Missing required parameter Session");
    let asked = scene.respond("PASSWORD_VERIFIER", &first["Session"], proof.clone()).await.ok();
    assert_eq!(asked["ChallengeName"], "CUSTOM_CHALLENGE");
    let define =
        functions.events().into_iter().rfind(|e| e["triggerSource"] == "DefineAuthChallenge_Authentication");
    let names: Vec<Value> = define.unwrap()["request"]["session"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["challengeName"].clone())
        .collect();
    assert_eq!(names, ["SRP_A", "PASSWORD_VERIFIER"]);
    scene
        .respond("PASSWORD_VERIFIER", &first["Session"], proof)
        .await
        .refused("NotAuthorizedException", "Invalid session for the user, session can only be used once.");
    let asked = answer(&scene, &asked["Session"], "jane", RIGHT).await.ok();
    let done = answer(&scene, &asked["Session"], "jane", RIGHT).await.ok();
    assert!(done["AuthenticationResult"]["IdToken"].is_string());
    // A wrong password is refused and counted, and no function hears of it.
    let (first, proof) = srp(&scene, "jane", "Wrong-Horse-9").await;
    functions.events();
    scene.respond("PASSWORD_VERIFIER", &first["Session"], proof).await.refused(WRONG.0, WRONG.1);
    assert!(functions.sources().is_empty());
}

async fn srp(scene: &Scene, name: &str, password: &str) -> (Value, Value) {
    let client = SrpClient::new();
    let parameters = json!({"USERNAME": name, "SRP_A": client.srp_a(), "CHALLENGE_NAME": "SRP_A"});
    let first = scene.initiate("CUSTOM_AUTH", parameters).await.ok();
    assert_eq!(first["ChallengeName"], "PASSWORD_VERIFIER");
    let proof = client.answer(&scene.pool, &first["ChallengeParameters"], password, &timestamp(&scene.lab));
    (first, proof)
}

/// Attack cases 36 and 37: with a password proved, the second factor is asked and cannot be stepped over.
async fn case_36_a_second_factor_follows_the_password(lab: Lab) {
    let members = json!({"AutoVerifiedAttributes": ["phone_number"], "MfaConfiguration": "ON",
        "SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}});
    let (scene, functions) = riddle_scene(&lab, (members, json!({}))).await;
    scene.user("jane", json!([{"Name": "phone_number", "Value": "+15555550100"}])).await;
    let (first, proof) = srp(&scene, "jane", PASSWORD).await;
    let asked = scene.respond("PASSWORD_VERIFIER", &first["Session"], proof).await.ok();
    assert_eq!(asked["ChallengeName"], "SMS_MFA");
    for other in ["CUSTOM_CHALLENGE", "SOFTWARE_TOKEN_MFA"] {
        let responses = json!({"USERNAME": "jane", "ANSWER": RIGHT, "SOFTWARE_TOKEN_MFA_CODE": "123456"});
        scene.respond(other, &asked["Session"], responses).await.error();
    }
    let code = scene.lab.code_for("+15555550100").await;
    let responses = json!({"USERNAME": "jane", "SMS_MFA_CODE": code});
    let asked = scene.respond("SMS_MFA", &asked["Session"], responses).await.ok();
    assert_eq!(asked["ChallengeName"], "CUSTOM_CHALLENGE");
    let events = functions.events();
    let define = events.iter().rfind(|e| e["triggerSource"] == "DefineAuthChallenge_Authentication").unwrap();
    assert_eq!(define["request"]["session"][2]["challengeName"], "SMS_MFA");
}

/// Attack cases 36, 39 and 48: what one sign-in was given serves no other client, user, side, round or flow.
async fn case_39_a_round_is_good_in_its_place_alone(lab: Lab) {
    let (scene, _) = riddle_scene(&lab, none()).await;
    scene.user("jane", json!([])).await;
    scene.user("mary", json!([])).await;
    let other = scene.new_client(json!({})).await["ClientId"].as_str().unwrap().to_owned();
    let asked = begin(&scene, "jane").await.ok();
    let session = &asked["Session"];
    let invalid = ("NotAuthorizedException", "Invalid session for the user.");
    answer(&scene, session, "mary", RIGHT).await.refused(invalid.0, invalid.1);
    let elsewhere = Scene { client: other, ..scene.clone() };
    answer(&elsewhere, session, "jane", RIGHT).await.refused(invalid.0, invalid.1);
    let request = json!({"UserPoolId": scene.pool, "ClientId": scene.client, "ChallengeName": "CUSTOM_CHALLENGE",
        "Session": session, "ChallengeResponses": {"USERNAME": "jane", "ANSWER": RIGHT}});
    scene.lab.admin("AdminRespondToAuthChallenge", request).await.refused(invalid.0, invalid.1);
    let password = json!({"USERNAME": "jane", "NEW_PASSWORD": "Another-Horse9"});
    scene.respond("NEW_PASSWORD_REQUIRED", session, password).await.error();
    let code = json!({"USERNAME": "jane", "SMS_MFA_CODE": "123456"});
    scene.respond("SMS_MFA", session, code).await.error();
    // A block of plain SRP is no round of a custom sign-in, and the other way round.
    let client = SrpClient::new();
    let plain =
        scene.initiate("USER_SRP_AUTH", json!({"USERNAME": "jane", "SRP_A": client.srp_a()})).await.ok();
    let proof = client.answer(&scene.pool, &plain["ChallengeParameters"], PASSWORD, &timestamp(&lab));
    let done = scene.respond("PASSWORD_VERIFIER", session, proof).await.ok();
    assert!(done["AuthenticationResult"].is_object(), "a Session beside a plain proof means nothing");
    let (_, proof) = srp(&scene, "jane", PASSWORD).await;
    scene.respond("PASSWORD_VERIFIER", session, proof).await.refused(invalid.0, invalid.1);
    // All of that has not used it up; of many at once one is taken.
    let mut answers = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (scene, session) = (scene.clone(), session.clone());
        answers.spawn(async move { answer(&scene, &session, "jane", RIGHT).await.status == 200 });
    }
    assert_eq!(answers.join_all().await.into_iter().filter(|taken| *taken).count(), 1);
}

/// Attack case 40: who is disabled or deleted between two rounds gets no tokens.
async fn case_40_a_user_who_goes_meanwhile(lab: Lab) {
    let (scene, _) = riddle_scene(&lab, none()).await;
    for (operation, name) in [("AdminDisableUser", "jane"), ("AdminDeleteUser", "mary")] {
        scene.user(name, json!([])).await;
        let asked = begin(&scene, name).await.ok();
        let asked = answer(&scene, &asked["Session"], name, RIGHT).await.ok();
        scene.lab.admin(operation, json!({"UserPoolId": scene.pool, "Username": name})).await;
        let refused = answer(&scene, &asked["Session"], name, RIGHT).await.error();
        assert_eq!(refused.0, "NotAuthorizedException", "{operation}: {}", refused.1);
    }
}

async fn sessions_end_in_time(lab: Lab) {
    let (scene, _) = riddle_scene(&lab, none()).await;
    scene.user("jane", json!([])).await;
    let asked = begin(&scene, "jane").await.ok();
    lab.advance(3 * 60);
    answer(&scene, &asked["Session"], "jane", RIGHT)
        .await
        .refused("NotAuthorizedException", "Invalid session for the user, session is expired.");
}

async fn administrators_and_secrets(lab: Lab) {
    let (scene, functions) = riddle_scene(&lab, (json!({}), json!({"GenerateSecret": true}))).await;
    scene.user("jane", json!([])).await;
    let described = scene.admin("DescribeUserPoolClient", json!({"ClientId": scene.client})).await;
    let secret = described["UserPoolClient"]["ClientSecret"].as_str().unwrap().to_owned();
    let hash = secret_hash(&secret, "jane", &scene.client);
    begin(&scene, "jane").await.error();
    let ids = json!({"UserPoolId": scene.pool, "ClientId": scene.client});
    let request = merged(
        ids.clone(),
        json!({"AuthFlow": "CUSTOM_AUTH", "ClientMetadata": {"way": "begin"},
        "AuthParameters": {"USERNAME": "jane", "SECRET_HASH": hash}}),
    );
    let mut asked = scene.lab.admin("AdminInitiateAuth", request).await.ok();
    let told = functions.events();
    assert!(
        told.iter().all(|event| event["request"].get("clientMetadata").is_none()),
        "D: it goes elsewhere"
    );
    for _ in 0..2 {
        let request = merged(
            ids.clone(),
            json!({"ChallengeName": "CUSTOM_CHALLENGE", "Session": asked["Session"],
            "ClientMetadata": {"way": "on"}, "ChallengeResponses": {"USERNAME": "jane", "SECRET_HASH": hash, "ANSWER": RIGHT}}),
        );
        asked = scene.lab.admin("AdminRespondToAuthChallenge", request).await.ok();
    }
    assert!(asked["AuthenticationResult"].is_object());
    let told = functions.events();
    assert!(told.iter().all(|event| event["request"]["clientMetadata"] == json!({"way": "on"})), "{told:?}");
}

/// Where no proxy is named, a local address may be one, and speak for everybody.
async fn an_address_that_may_be_a_proxys_begins_as_many_as_come(lab: Lab) {
    let (scene, _) = riddle_scene(&lab, none()).await;
    scene.user("jane", json!([])).await;
    for (peer, is_counted) in [("127.0.0.1", false), ("10.0.0.1", false), ("192.0.2.1", true)] {
        let owner = CodeOwner::network(&scene.pool.as_str().into(), peer.parse().unwrap());
        let use_up = move |app: &App, tx: &mut Tx<'_>| {
            while code_limits::count(app, tx, Limit::UnprovedSignIns, &owner, app.now())?.is_ok() {}
            Ok(())
        };
        scene.lab.app.write(use_up).await.unwrap();
        let input = json!({"ClientId": scene.client, "AuthFlow": "CUSTOM_AUTH", "AuthParameters": {"USERNAME": "jane"}});
        let answer = call_from(&scene.lab, peer, &[], "InitiateAuth", input).await;
        assert_eq!(answer.status == 400, is_counted, "{peer}: {}", answer.text);
    }
}

/// D: after the functions have let tokens be issued, one last question is the device's.
async fn a_remembered_device_is_asked_last(lab: Lab) {
    let triggers = [CHALLENGES.as_slice(), &["PreTokenGeneration"]].concat();
    let tracking = json!({"DeviceConfiguration": {"ChallengeRequiredOnNewDevice": true}});
    let (scene, functions) = StandIn::scene(&lab, &triggers, (tracking, json!({})), riddles).await;
    scene.user("jane", json!([])).await;
    let device = prove::remembered(&scene, &scene.tokens("jane").await).await;
    let unknown = json!({"USERNAME": "jane", "DEVICE_KEY": "us-east-1_00000000-0000-4000-8000-000000000000"});
    scene
        .initiate("CUSTOM_AUTH", unknown)
        .await
        .refused("ResourceNotFoundException", "Device does not exist.");
    let with = |key: &str| json!({"USERNAME": "jane", "ANSWER": RIGHT, "DEVICE_KEY": key});
    let mut asked = begin(&scene, "jane").await.ok();
    // C: Amplify names the device with an answer, and answers again without one that is refused.
    let other = with("us-east-1_00000000-0000-4000-8000-000000000000");
    scene
        .respond("CUSTOM_CHALLENGE", &asked["Session"], other)
        .await
        .refused("ResourceNotFoundException", "Device does not exist.");
    for _ in 0..2 {
        asked = scene.respond("CUSTOM_CHALLENGE", &asked["Session"], with(&device.key)).await.ok();
    }
    assert_eq!(asked["ChallengeName"], "DEVICE_SRP_AUTH");
    let named = json!({"USERNAME": "jane", "DEVICE_KEY": device.key});
    let mut asked = scene.initiate("CUSTOM_AUTH", named).await.ok();
    for _ in 0..2 {
        assert_eq!(asked["ChallengeName"], "CUSTOM_CHALLENGE");
        asked = answer(&scene, &asked["Session"], "jane", RIGHT).await.ok();
    }
    assert_eq!(asked["ChallengeName"], "DEVICE_SRP_AUTH");
    let done = prove::proved(&scene, &asked, &device, true).await.ok();
    assert!(done["AuthenticationResult"]["AccessToken"].is_string());
    assert_eq!(functions.sources().last().unwrap(), "TokenGeneration_AuthenticateDevice");
}

async fn a_client_without_the_flow_is_refused(lab: Lab) {
    let mut flows = all_flows();
    flows.as_array_mut().unwrap().retain(|flow| flow != "ALLOW_CUSTOM_AUTH");
    let (scene, _) = riddle_scene(&lab, (json!({}), json!({"ExplicitAuthFlows": flows}))).await;
    scene.user("jane", json!([])).await;
    begin(&scene, "jane")
        .await
        .refused("InvalidParameterException", "CUSTOM_AUTH is not enabled for the client.");
}

both_engines!(
    rounds_follow_one_another_until_the_function_is_content,
    a_function_may_end_it_at_any_time,
    rounds_end_whatever_a_function_says,
    private_parameters_stay_private,
    an_error_is_told_as_it_was_said_and_kept_without_secrets,
    nobody_is_asked_the_same_and_never_let_in,
    where_errors_may_tell_they_do,
    locks_and_resets,
    a_secret_block_is_as_long_for_nobody,
    srp_is_a_round_of_a_custom_sign_in,
    case_36_a_second_factor_follows_the_password,
    case_39_a_round_is_good_in_its_place_alone,
    case_40_a_user_who_goes_meanwhile,
    sessions_end_in_time,
    administrators_and_secrets,
    an_address_that_may_be_a_proxys_begins_as_many_as_come,
    a_remembered_device_is_asked_last,
    a_client_without_the_flow_is_refused,
);
