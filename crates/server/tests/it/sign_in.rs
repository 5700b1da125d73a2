//! Passwords in clear and by SRP, and what refuses them.

use crate::{
    lab::Lab,
    scene::{PASSWORD, Scene, claims, secret_hash, timestamp},
    srp_client::SrpClient,
};
use serde_json::{Value, json};

const WRONG: (&str, &str) = ("NotAuthorizedException", "Incorrect username or password.");

async fn a_password_signs_in(lab: Lab) {
    let scene = Scene::new(&lab).await;
    let sub = scene.user("jane", json!([{"Name": "email", "Value": "jane@example.com"}, {"Name": "email_verified", "Value": "true"}])).await;
    let answer = scene.sign_in("jane", PASSWORD).await.ok();
    assert_eq!(answer["ChallengeParameters"], json!({}));
    let result = &answer["AuthenticationResult"];
    assert_eq!((&result["ExpiresIn"], &result["TokenType"]), (&json!(3600), &json!("Bearer")));
    let (id, access) = (claims(&result["IdToken"]), claims(&result["AccessToken"]));
    let names = |claims: &Value| {
        let mut names: Vec<String> = claims.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(
        names(&id),
        "aud auth_time cognito:username email email_verified event_id exp iat iss jti origin_jti sub token_use"
    );
    assert_eq!(
        names(&access),
        "auth_time client_id event_id exp iat iss jti origin_jti scope sub token_use username"
    );
    assert_eq!(
        (&id["sub"], &id["cognito:username"], &id["email_verified"]),
        (&json!(sub), &json!("jane"), &json!(true))
    );
    assert_eq!(access["scope"], "aws.cognito.signin.user.admin");
    assert_eq!(id["iss"], json!(format!("http://localhost:9229/{}", scene.pool)));
    assert_eq!(id["origin_jti"], access["origin_jti"]);
    assert_ne!(id["jti"], access["jti"]);
    assert_eq!(id["exp"].as_i64().unwrap() - id["iat"].as_i64().unwrap(), 3600);
}

async fn srp_signs_in(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    assert!(scene.srp("jane", PASSWORD).await.ok()["AuthenticationResult"]["IdToken"].is_string());
    scene.srp("jane", "wrong").await.refused(WRONG.0, WRONG.1);
}

async fn a_secret_block_is_spent_once(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let client = SrpClient::new();
    let first =
        scene.initiate("USER_SRP_AUTH", json!({"USERNAME": "jane", "SRP_A": client.srp_a()})).await.ok();
    let answer = client.answer(&scene.pool, &first["ChallengeParameters"], PASSWORD, &timestamp(&lab));
    scene.respond("PASSWORD_VERIFIER", &Value::Null, answer.clone()).await.ok();
    let again = scene.respond("PASSWORD_VERIFIER", &Value::Null, answer).await;
    again.refused("NotAuthorizedException", "Invalid session for the user, session can only be used once.");
}

async fn a_proof_is_for_one_user_client_and_time(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    scene.user("mary", json!([])).await;
    let other = Scene {
        client: scene.new_client(json!({})).await["ClientId"].as_str().unwrap().to_owned(),
        ..scene.clone()
    };
    let client = SrpClient::new();
    let begin = async || {
        scene.initiate("USER_SRP_AUTH", json!({"USERNAME": "jane", "SRP_A": client.srp_a()})).await.ok()["ChallengeParameters"].clone()
    };
    let good = |parameters: &Value| client.answer(&scene.pool, parameters, PASSWORD, &timestamp(&lab));

    let answer = good(&begin().await);
    other.respond("PASSWORD_VERIFIER", &Value::Null, answer.clone()).await.refused(WRONG.0, WRONG.1);
    let mut anothers = answer.clone();
    anothers["USERNAME"] = json!("mary");
    scene.respond("PASSWORD_VERIFIER", &Value::Null, anothers).await.refused(WRONG.0, WRONG.1);
    let mut forged = answer.clone();
    forged["PASSWORD_CLAIM_SECRET_BLOCK"] = json!("AAAA");
    scene.respond("PASSWORD_VERIFIER", &Value::Null, forged).await.refused(WRONG.0, WRONG.1);
    let old = client.answer(&scene.pool, &begin().await, PASSWORD, "Thu Jan 1 00:00:00 UTC 2015");
    scene.respond("PASSWORD_VERIFIER", &Value::Null, old).await.refused(WRONG.0, WRONG.1);
    let late = begin().await;
    lab.advance(3 * 60);
    scene
        .respond("PASSWORD_VERIFIER", &Value::Null, good(&late))
        .await
        .refused("NotAuthorizedException", "Invalid session for the user, session is expired.");
    scene.respond("PASSWORD_VERIFIER", &Value::Null, good(&begin().await)).await.ok();
}

async fn public_values_out_of_range_are_refused(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let zero = "0".repeat(768);
    for a in ["0", zero.as_str(), "xyz", &"f".repeat(2000)] {
        let (code, _) =
            scene.initiate("USER_SRP_AUTH", json!({"USERNAME": "jane", "SRP_A": a})).await.error();
        assert_eq!(code, "InvalidParameterException", "{a:.20}");
    }
}

async fn statuses_refuse(lab: Lab) {
    let scene = Scene::new(&lab).await;
    lab.call("SignUp", json!({"ClientId": scene.client, "Username": "new", "Password": PASSWORD})).await.ok();
    scene.sign_in("new", PASSWORD).await.refused("UserNotConfirmedException", "User is not confirmed.");
    scene.srp("new", PASSWORD).await.refused("UserNotConfirmedException", "User is not confirmed.");
    scene.sign_in("new", "Wrong-Horse9").await.refused(WRONG.0, WRONG.1);

    scene.user("jane", json!([])).await;
    let tokens = scene.tokens("jane").await;
    scene.admin("AdminDisableUser", json!({"Username": "jane"})).await;
    let disabled = ("NotAuthorizedException", "User is disabled.");
    scene.sign_in("jane", PASSWORD).await.refused(disabled.0, disabled.1);
    scene.srp("jane", PASSWORD).await.refused(disabled.0, disabled.1);
    let admin = json!({"UserPoolId": scene.pool, "ClientId": scene.client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "jane", "PASSWORD": PASSWORD}});
    lab.admin("AdminInitiateAuth", admin).await.refused(disabled.0, disabled.1);
    let refresh =
        scene.initiate("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": tokens["RefreshToken"]})).await;
    assert_eq!(refresh.error().0, "NotAuthorizedException");
    let user = lab.call("GetUser", json!({"AccessToken": tokens["AccessToken"]})).await;
    assert_eq!(user.error().0, "NotAuthorizedException");
    scene.admin("AdminEnableUser", json!({"Username": "jane"})).await;
    scene.sign_in("jane", PASSWORD).await.ok();
}

async fn unknown_users_are_told_or_hidden(lab: Lab) {
    let told = Scene::new(&lab).await;
    told.sign_in("nobody", PASSWORD).await.refused("UserNotFoundException", "User does not exist.");
    told.srp("nobody", PASSWORD).await.refused("UserNotFoundException", "User does not exist.");
    let hidden = Scene::with(&lab, json!({}), json!({"PreventUserExistenceErrors": "ENABLED"})).await;
    hidden.user("jane", json!([])).await;
    hidden.sign_in("nobody", PASSWORD).await.refused(WRONG.0, WRONG.1);
    hidden.srp("nobody", PASSWORD).await.refused(WRONG.0, WRONG.1);
    hidden.admin("AdminDisableUser", json!({"Username": "jane"})).await;
    hidden.sign_in("jane", "Wrong-Horse9").await.refused(WRONG.0, WRONG.1);
    hidden.srp("jane", "Wrong-Horse9").await.refused(WRONG.0, WRONG.1);
    let salt = async |name: &str| {
        let first = hidden
            .initiate("USER_SRP_AUTH", json!({"USERNAME": name, "SRP_A": SrpClient::new().srp_a()}))
            .await
            .ok();
        (
            first["ChallengeParameters"]["SALT"].clone(),
            first["ChallengeParameters"]["USER_ID_FOR_SRP"].clone(),
        )
    };
    assert_eq!(salt("nobody").await, salt("nobody").await);
    assert_ne!(salt("nobody").await.0, salt("somebody").await.0);
    assert_eq!(salt("nobody").await.1, "nobody", "as a known user's own name is");
}

async fn five_failures_lock_known_and_unknown_alike(lab: Lab) {
    let scene = Scene::with(&lab, json!({}), json!({"PreventUserExistenceErrors": "ENABLED"})).await;
    scene.user("jane", json!([])).await;
    for name in ["jane", "nobody"] {
        for _ in 0..5 {
            scene.sign_in(name, "Wrong-Horse9").await.refused(WRONG.0, WRONG.1);
        }
        scene.sign_in(name, PASSWORD).await.refused("NotAuthorizedException", "Password attempts exceeded");
        scene.srp(name, PASSWORD).await.refused("NotAuthorizedException", "Password attempts exceeded");
    }
    lab.advance(1);
    scene.sign_in("jane", "Wrong-Horse9").await.refused(WRONG.0, WRONG.1);
    lab.advance(1);
    scene.sign_in("jane", PASSWORD).await.refused("NotAuthorizedException", "Password attempts exceeded");
    lab.advance(1);
    scene.srp("jane", PASSWORD).await.ok();
    scene.sign_in("jane", "Wrong-Horse9").await.refused(WRONG.0, WRONG.1);
    scene.sign_in("jane", PASSWORD).await.ok();
}

async fn parallel_guesses_do_not_pass_the_lock(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let guesses: Vec<_> = (0..40)
        .map(|_| {
            let scene = scene.clone();
            tokio::spawn(async move { scene.sign_in("jane", "Wrong-Horse9").await.error() })
        })
        .collect();
    let mut wrong = 0;
    for guess in guesses {
        let (code, text) = guess.await.unwrap();
        wrong += usize::from(text == WRONG.1);
        assert!(
            text == WRONG.1 || text == "Password attempts exceeded" || code == "TooManyRequestsException",
            "{text}"
        );
    }
    assert_eq!(wrong, 5, "the lab's clock stands still, so the sixth is behind the lock");
}

async fn flows_must_be_allowed(lab: Lab) {
    let scene =
        Scene::with(&lab, json!({}), json!({"ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"]})).await;
    scene.user("jane", json!([])).await;
    let flow = async |flow: &str, text: &str| {
        let parameters = json!({"USERNAME": "jane", "PASSWORD": PASSWORD, "SRP_A": "2"});
        scene.initiate(flow, parameters).await.refused("InvalidParameterException", text);
    };
    flow("USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH flow not enabled for this client").await;
    flow("USER_SRP_AUTH", "USER_SRP_AUTH is not enabled for the client.").await;
    flow("CUSTOM_AUTH", "CUSTOM_AUTH is not enabled for the client.").await;
    flow("ADMIN_USER_PASSWORD_AUTH", "Initiate Auth method not supported.").await;
}

async fn parameters_must_be_there(lab: Lab) {
    let scene = Scene::new(&lab).await;
    for (flow, parameters, missing) in [
        ("USER_PASSWORD_AUTH", json!({"PASSWORD": "x"}), "USERNAME"),
        ("USER_PASSWORD_AUTH", json!({"USERNAME": "x"}), "PASSWORD"),
        ("USER_SRP_AUTH", json!({"USERNAME": "x"}), "SRP_A"),
        ("REFRESH_TOKEN_AUTH", json!({}), "REFRESH_TOKEN"),
    ] {
        let text = format!("Missing required parameter {missing}");
        scene.initiate(flow, parameters).await.refused("InvalidParameterException", &text);
    }
    let unknown = lab.call("InitiateAuth", json!({"ClientId": "abc", "AuthFlow": "USER_SRP_AUTH"})).await;
    unknown.refused("ResourceNotFoundException", "User pool client abc does not exist.");
}

async fn secrets_prove_the_client(lab: Lab) {
    let mut scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let client = scene.new_client(json!({"GenerateSecret": true})).await;
    scene.client = client["ClientId"].as_str().unwrap().to_owned();
    let secret = client["ClientSecret"].as_str().unwrap();
    let id = scene.client.clone();
    let hash = |name: &str| secret_hash(secret, name, &id);
    let parameters = |hash: Value| json!({"USERNAME": "jane", "PASSWORD": PASSWORD, "SECRET_HASH": hash});
    scene.sign_in("jane", PASSWORD).await.refused(
        "NotAuthorizedException",
        &format!("Client {id} is configured with secret but SECRET_HASH was not received"),
    );
    scene
        .initiate("USER_PASSWORD_AUTH", parameters(json!("AAAA")))
        .await
        .refused("NotAuthorizedException", &format!("Unable to verify secret hash for client {id}"));
    let tokens = scene.initiate("USER_PASSWORD_AUTH", parameters(json!(hash("jane")))).await.ok()["AuthenticationResult"].clone();
    let refresh = async |hash: &str| {
        scene
            .initiate(
                "REFRESH_TOKEN_AUTH",
                json!({"REFRESH_TOKEN": tokens["RefreshToken"], "SECRET_HASH": hash}),
            )
            .await
    };
    refresh(&hash("jane")).await.ok();
    refresh("AAAA")
        .await
        .refused("NotAuthorizedException", &format!("SecretHash does not match for the client: {id}"));
}

async fn an_alias_signs_in(lab: Lab) {
    let scene = Scene::with(&lab, json!({"UsernameAttributes": ["email"]}), json!({})).await;
    let created = scene
        .admin("AdminCreateUser", json!({"Username": "Jane@example.com", "MessageAction": "SUPPRESS"}))
        .await;
    let name = created["User"]["Username"].as_str().unwrap().to_owned();
    scene
        .admin("AdminSetUserPassword", json!({"Username": name, "Password": PASSWORD, "Permanent": true}))
        .await;
    for typed in ["Jane@example.com", &name] {
        let tokens = scene.srp(typed, PASSWORD).await.ok()["AuthenticationResult"].clone();
        assert_eq!(claims(&tokens["IdToken"])["cognito:username"], json!(name));
        assert_eq!(claims(&tokens["AccessToken"])["username"], json!(name));
    }
}

both_engines!(
    a_password_signs_in,
    srp_signs_in,
    a_secret_block_is_spent_once,
    a_proof_is_for_one_user_client_and_time,
    public_values_out_of_range_are_refused,
    statuses_refuse,
    unknown_users_are_told_or_hidden,
    five_failures_lock_known_and_unknown_alike,
    parallel_guesses_do_not_pass_the_lock,
    flows_must_be_allowed,
    parameters_must_be_there,
    secrets_prove_the_client,
    an_alias_signs_in
);
