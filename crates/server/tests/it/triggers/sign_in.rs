//! The functions of a sign-in: in which order they run, what each is told, and what its refusal leaves.

use super::stand_in::{self, Reply, StandIn};
use crate::{
    lab::Lab,
    scene::{PASSWORD, Scene, claims, merged, timestamp},
    srp_client::SrpClient,
};
use serde_json::{Value, json};

const ALL: [&str; 3] = ["PreAuthentication", "PostAuthentication", "PreTokenGeneration"];
const ORDER: [&str; 3] = [
    "PreAuthentication_Authentication",
    "PostAuthentication_Authentication",
    "TokenGeneration_Authentication",
];

fn none() -> (Value, Value) {
    (json!({}), json!({}))
}

fn mail(name: &str) -> Value {
    json!([{"Name": "email", "Value": format!("{name}@example.com")}, {"Name": "email_verified", "Value": "true"}])
}

async fn functions_run_in_their_order(lab: Lab) {
    let (scene, functions) = StandIn::scene(&lab, &ALL, none(), |_| Reply::Unchanged).await;
    scene.user("jane", mail("jane")).await;
    scene.sign_in("jane", PASSWORD).await.ok();
    assert_eq!(functions.sources(), ORDER);
    // A wrong password is looked at after PreAuthentication, and nothing runs after it.
    scene.sign_in("jane", "Wrong-Horse-9").await.error();
    assert_eq!(functions.sources(), ORDER[..1]);
    let client = SrpClient::new();
    let first =
        scene.initiate("USER_SRP_AUTH", json!({"USERNAME": "jane", "SRP_A": client.srp_a()})).await.ok();
    assert_eq!(functions.sources(), ORDER[..1]);
    let proof = client.answer(&scene.pool, &first["ChallengeParameters"], PASSWORD, &timestamp(&lab));
    let done = scene.respond("PASSWORD_VERIFIER", &Value::Null, proof.clone()).await.ok();
    assert_eq!(functions.sources(), ORDER[1..]);
    scene.respond("PASSWORD_VERIFIER", &Value::Null, proof).await.error();
    assert!(functions.sources().is_empty(), "a proof that was used runs nothing");
    let token = &done["AuthenticationResult"]["RefreshToken"];
    scene.initiate("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": token})).await.ok();
    assert_eq!(functions.sources(), ["TokenGeneration_RefreshTokens"]);
}

async fn functions_are_told_what_was_said(lab: Lab) {
    let folds = json!({"UsernameConfiguration": {"CaseSensitive": false}});
    let (scene, functions) = StandIn::scene(&lab, &ALL, (folds, json!({})), |_| Reply::Unchanged).await;
    let sub = scene.user("Jane", mail("jane")).await;
    let request = |metadata: Value| {
        json!({"ClientId": scene.client, "AuthFlow": "USER_PASSWORD_AUTH", "ClientMetadata": metadata,
            "AuthParameters": {"USERNAME": "jane", "PASSWORD": PASSWORD}})
    };
    let headers = [("user-agent", "aws-sdk-js/3.758.0 ua/2.1")];
    lab_call(&scene, "InitiateAuth", request(json!({"from": "begin"})), &headers).await;
    let told = functions.events();
    let attributes = json!({"sub": sub, "cognito:user_status": "CONFIRMED", "email": "jane@example.com", "email_verified": "true"});
    for event in &told {
        assert_eq!(event["request"]["userAttributes"], attributes);
        assert_eq!(
            event["callerContext"],
            json!({"awsSdkVersion": "aws-sdk-js-3.758.0", "clientId": scene.client})
        );
        assert_eq!((&event["userName"], &event["userPoolId"]), (&json!("Jane"), &json!(scene.pool)));
        assert_eq!((&event["region"], &event["version"]), (&json!("us-east-1"), &json!("1")));
        assert!(!event.to_string().contains(PASSWORD));
    }
    // D: ClientMetadata of the first call is PreAuthentication's validationData, and nobody else's.
    assert_eq!(told[0]["request"]["validationData"], json!({"from": "begin"}));
    assert!(told.iter().all(|event| event["request"].get("clientMetadata").is_none()));
    assert_eq!(told[1]["request"]["newDeviceUsed"], false);
}

async fn lab_call(scene: &Scene, operation: &str, request: Value, headers: &[(&str, &str)]) -> Value {
    scene.lab.call_with(operation, request, headers).await.ok()
}

async fn a_new_password_and_a_second_factor_come_before_the_end(lab: Lab) {
    let members = json!({"AutoVerifiedAttributes": ["phone_number"], "MfaConfiguration": "ON",
        "SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}});
    let (scene, functions) = StandIn::scene(&lab, &ALL, (members, json!({})), |_| Reply::Unchanged).await;
    scene
        .admin(
            "AdminCreateUser",
            json!({"Username": "jane", "TemporaryPassword": PASSWORD, "MessageAction": "SUPPRESS",
                "UserAttributes": [{"Name": "phone_number", "Value": "+15555550100"}]}),
        )
        .await;
    let asked = scene.sign_in("jane", PASSWORD).await.ok();
    assert_eq!(asked["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    let new = json!({"USERNAME": "jane", "NEW_PASSWORD": "Another-Horse9"});
    let asked = scene.respond("NEW_PASSWORD_REQUIRED", &asked["Session"], new).await.ok();
    assert_eq!(asked["ChallengeName"], "SMS_MFA");
    assert_eq!(functions.sources(), ORDER[..1]);
    let code = scene.lab.code_for("+15555550100").await;
    let request = json!({"ClientId": scene.client, "ChallengeName": "SMS_MFA", "Session": asked["Session"],
        "ClientMetadata": {"from": "end"}, "ChallengeResponses": {"USERNAME": "jane", "SMS_MFA_CODE": code}});
    let done = scene.lab.call("RespondToAuthChallenge", request).await.ok();
    assert!(done["AuthenticationResult"].is_object());
    let told = functions.events();
    let sources: Vec<&Value> = told.iter().map(|event| &event["triggerSource"]).collect();
    assert_eq!(sources, ["PostAuthentication_Authentication", "TokenGeneration_NewPasswordChallenge"]);
    assert!(told.iter().all(|event| event["request"]["clientMetadata"] == json!({"from": "end"})));
}

/// Who is refused by PreAuthentication has proved nothing, and nothing is counted.
async fn a_refusal_before_the_proof(lab: Lab) {
    let play = |event: &Value| match event["triggerSource"].as_str() {
        Some("PreAuthentication_Authentication") => Reply::Error("Not at this hour"),
        _ => Reply::Unchanged,
    };
    let (scene, functions) = StandIn::scene(&lab, &ALL, none(), play).await;
    scene.user("jane", mail("jane")).await;
    let text = "PreAuthentication failed with error Not at this hour.";
    for password in [PASSWORD, "Wrong-Horse-9"].repeat(4) {
        scene.sign_in("jane", password).await.refused("UserLambdaValidationException", text);
    }
    scene.srp("jane", PASSWORD).await.refused("UserLambdaValidationException", text);
    functions.events();
    scene.sign_in("nobody", PASSWORD).await.refused("UserNotFoundException", "User does not exist.");
    assert!(functions.sources().is_empty());
}

async fn where_errors_may_not_tell_the_function_is_told_of_nobody(lab: Lab) {
    let hides = json!({"PreventUserExistenceErrors": "ENABLED"});
    let (scene, functions) = StandIn::scene(&lab, &ALL, (json!({}), hides), |_| Reply::Unchanged).await;
    scene
        .sign_in("Nobody", PASSWORD)
        .await
        .refused("NotAuthorizedException", "Incorrect username or password.");
    let told = functions.events();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["request"], json!({"userAttributes": {}, "userNotFound": true}));
    assert_eq!(told[0]["userName"], "Nobody");
}

/// What was single-use is spent when PostAuthentication refuses; no grant is left behind.
async fn a_refusal_at_the_end_gives_no_tokens(lab: Lab) {
    for (refusing, name) in [
        ("PostAuthentication_Authentication", "PostAuthentication"),
        ("TokenGeneration_Authentication", "PreTokenGeneration"),
    ] {
        let play = move |event: &Value| match event["triggerSource"].as_str() {
            Some(source) if source == refusing => Reply::Error("Not you"),
            _ => Reply::Unchanged,
        };
        let (scene, _) = StandIn::scene(&lab, &ALL, none(), play).await;
        scene.user("jane", mail("jane")).await;
        let text = format!("{name} failed with error Not you.");
        scene.sign_in("jane", PASSWORD).await.refused("UserLambdaValidationException", &text);
        let client = SrpClient::new();
        let first =
            scene.initiate("USER_SRP_AUTH", json!({"USERNAME": "jane", "SRP_A": client.srp_a()})).await.ok();
        let proof = client.answer(&scene.pool, &first["ChallengeParameters"], PASSWORD, &timestamp(&lab));
        scene.respond("PASSWORD_VERIFIER", &Value::Null, proof.clone()).await.error();
        scene.respond("PASSWORD_VERIFIER", &Value::Null, proof).await.refused(
            "NotAuthorizedException",
            "Invalid session for the user, session can only be used once.",
        );
        let pool = scene.pool.clone();
        let grants = lab.app.db.read(move |tx| {
            tx.query_one("SELECT COUNT(*) FROM grants WHERE pool_id = $1", &[pool.as_str().into()])
        });
        assert_eq!(grants.await.unwrap().unwrap().int(0).unwrap(), 0, "{name}");
    }
}

/// Attack case 40: who is disabled, deleted, or whose password is replaced while a function runs gets no tokens.
async fn case_40_what_happens_while_a_function_runs(lab: Lab) {
    for (operation, members) in [
        ("AdminDisableUser", json!({})),
        ("AdminDeleteUser", json!({})),
        ("AdminSetUserPassword", json!({"Password": "Another-Horse9", "Permanent": true})),
        ("DeleteUserPoolClient", json!({})),
    ] {
        let (ran, waits) = stand_in::gate();
        let play = move |event: &Value| {
            if event["triggerSource"] == "PostAuthentication_Authentication" {
                waits.hold();
            }
            Reply::Unchanged
        };
        let (scene, _) = StandIn::scene(&lab, &ALL, none(), play).await;
        scene.user("jane", mail("jane")).await;
        let signing_in = tokio::spawn({
            let scene = scene.clone();
            async move { scene.sign_in("jane", PASSWORD).await }
        });
        ran.began().await;
        let mut request = merged(members, json!({"UserPoolId": scene.pool, "Username": "jane"}));
        let mut expected = "NotAuthorizedException";
        if operation == "DeleteUserPoolClient" {
            request = json!({"UserPoolId": scene.pool, "ClientId": scene.client});
            expected = "ResourceNotFoundException";
        }
        lab.admin(operation, request).await.ok();
        ran.go_on();
        let refused = signing_in.await.unwrap().error();
        assert_eq!(refused.0, expected, "{operation}: {}", refused.1);
        let grants = lab.app.db.read(|tx| tx.query_one("SELECT count(*) FROM grants", &[]));
        assert_eq!(grants.await.unwrap().unwrap().int(0).unwrap(), 0, "{operation}");
    }
}

/// What waits for a function holds nothing that others need.
async fn a_hanging_function_delays_nobody_else(lab: Lab) {
    let (scene, _) = StandIn::scene(&lab, &["PreAuthentication"], none(), |_| Reply::Hangs).await;
    scene.user("jane", mail("jane")).await;
    let others = Scene::new(&scene.lab).await;
    others.user("mary", mail("mary")).await;
    let mut hanging = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let scene = scene.clone();
        hanging.spawn(async move { scene.sign_in("jane", PASSWORD).await });
    }
    for _ in 0..40 {
        others.sign_in("mary", PASSWORD).await.ok();
        others.srp("mary", PASSWORD).await.ok();
    }
    assert!(hanging.try_join_next().is_none_or(|answer| answer.unwrap().status != 200));
    hanging.abort_all();
}

/// The trail says which function ran, how long, and what it decided; the wire does not.
async fn the_trail_tells_of_functions(lab: Lab) {
    let play = |event: &Value| match event["triggerSource"].as_str() {
        Some("PreAuthentication_Authentication") if event["userName"] == "evil" => Reply::Error("blocked"),
        _ => Reply::Unchanged,
    };
    let (scene, _) = StandIn::scene(&lab, &ALL, none(), play).await;
    scene.user("jane", mail("jane")).await;
    scene.user("evil", mail("evil")).await;
    scene.sign_in("jane", PASSWORD).await.ok();
    scene.sign_in("evil", PASSWORD).await.error();
    cognate::audit::flush(&scene.lab.app).await.unwrap();
    let wanted = store::events::Wanted { pool_id: None, user: None, since: None, until: None };
    let page = lab.app.db.read(move |tx| store::events::list(tx, &wanted, "", 2_000)).await.unwrap();
    let reasons: Vec<String> = page
        .events
        .iter()
        .filter(|event| event.operation == "InitiateAuth")
        .map(|event| event.reason.clone().unwrap_or_default())
        .collect();
    let good = reasons.iter().find(|reason| reason.contains("TokenGeneration_Authentication ok in")).unwrap();
    assert!(good.contains("PreAuthentication_Authentication ok in"), "{good}");
    assert!(good.contains("ID token +0 -0, access token +0 -0, scopes +0 -0"), "{good}");
    let bad = reasons.iter().find(|reason| reason.contains("blocked")).unwrap();
    assert!(bad.contains("PreAuthentication_Authentication refused in"), "{bad}");
    let metrics = scene.lab.get("/_cognate/metrics").await.text;
    assert!(
        metrics.contains("cognate_functions_total{trigger=\"PreAuthentication\",outcome=\"refused\"} 1"),
        "{metrics}"
    );
}

/// Attack case 40, of a refresh: the user is looked at again after the function.
async fn case_40_what_happens_while_a_refresh_asks(lab: Lab) {
    for operation in ["AdminDisableUser", "AdminDeleteUser", "AdminUserGlobalSignOut"] {
        let (sender, mut began) = tokio::sync::mpsc::unbounded_channel::<()>();
        let ran = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
        let waits = ran.clone();
        let play = move |event: &Value| {
            if event["triggerSource"] == "TokenGeneration_RefreshTokens" {
                let _ = sender.send(());
                tokio::task::block_in_place(|| {
                    tokio::runtime::Handle::current().block_on(waits.acquire()).unwrap().forget();
                });
            }
            Reply::Unchanged
        };
        let (scene, _) = StandIn::scene(&lab, &["PreTokenGeneration"], none(), play).await;
        scene.user("jane", mail("jane")).await;
        let token = scene.tokens("jane").await["RefreshToken"].clone();
        let refreshing = tokio::spawn({
            let scene = scene.clone();
            async move { scene.initiate("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": token})).await }
        });
        began.recv().await.unwrap();
        lab.admin(operation, json!({"UserPoolId": scene.pool, "Username": "jane"})).await;
        ran.add_permits(1);
        let refused = refreshing.await.unwrap().error();
        assert_eq!(refused.0, "NotAuthorizedException", "{operation}: {}", refused.1);
    }
}

async fn what_a_function_may_not_reply(lab: Lab) {
    for (raw, text) in [
        ("{", "Invalid lambda function output : Invalid JSON"),
        ("", "Invalid lambda function output : Invalid JSON"),
        ("null", "Unrecognizable lambda output"),
        ("[]", "Unrecognizable lambda output"),
        ("{\"request\": {}}", "Unrecognizable lambda output"),
    ] {
        let (scene, _) =
            StandIn::scene(&lab, &["PostAuthentication"], none(), move |_| Reply::Raw(raw)).await;
        scene.user("jane", mail("jane")).await;
        scene.sign_in("jane", PASSWORD).await.refused("InvalidLambdaResponseException", text);
    }
}

/// Sign-ins that are led by functions end in tokens of the same kind.
async fn tokens_are_as_without_functions(lab: Lab) {
    let (scene, _) = StandIn::scene(&lab, &ALL, none(), |_| Reply::Unchanged).await;
    scene.user("jane", mail("jane")).await;
    let plain = Scene::new(&lab).await;
    plain.user("jane", mail("jane")).await;
    let names = |token: &Value| {
        let mut names: Vec<String> = claims(token).as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    let (with, without) = (scene.tokens("jane").await, plain.tokens("jane").await);
    for token in ["IdToken", "AccessToken"] {
        assert_eq!(names(&with[token]), names(&without[token]), "{token}");
    }
}

both_engines!(
    functions_run_in_their_order,
    functions_are_told_what_was_said,
    a_new_password_and_a_second_factor_come_before_the_end,
    a_refusal_before_the_proof,
    where_errors_may_not_tell_the_function_is_told_of_nobody,
    a_refusal_at_the_end_gives_no_tokens,
    case_40_what_happens_while_a_function_runs,
    case_40_what_happens_while_a_refresh_asks,
    a_hanging_function_delays_nobody_else,
    the_trail_tells_of_functions,
    what_a_function_may_not_reply,
    tokens_are_as_without_functions,
);
