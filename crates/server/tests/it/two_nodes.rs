//! Two servers on one store: a sign-in that changes servers at every step, and what is used once between them.

use crate::{
    lab::{Lab, MASTER_KEY},
    scene::{PASSWORD, Scene, timestamp, totp_code},
    sign_up::tally,
    srp_client::SrpClient,
};
use cognate::jobs;
use serde_json::{Value, json};

/// The scene at another server.
async fn elsewhere(scene: &Scene) -> Scene {
    Scene { lab: scene.lab.another(MASTER_KEY, |_| {}).await.unwrap(), ..scene.clone() }
}

/// Makes the same call a hundred times at once, at two servers by turns.
async fn at_both(a: &Lab, b: &Lab, operation: &'static str, input: &Value) -> Vec<crate::lab::Answer> {
    let mut calls = tokio::task::JoinSet::new();
    for lab in [a, b].into_iter().cycle().take(100) {
        let (lab, input) = (lab.clone(), input.clone());
        calls.spawn(async move { lab.call(operation, input).await });
    }
    calls.join_all().await
}

async fn a_sign_in_changes_servers_at_every_step(lab: Lab) {
    let a = Scene::new(&lab).await;
    let b = elsewhere(&a).await;
    a.admin(
        "SetUserPoolMfaConfig",
        json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": true}}),
    )
    .await;
    a.user("jane", json!([])).await;
    // Setting the authenticator app up.
    let session = b.sign_in("jane", PASSWORD).await.ok()["Session"].clone();
    let begun = a.lab.call("AssociateSoftwareToken", json!({"Session": session})).await.ok();
    let secret = begun["SecretCode"].as_str().unwrap().to_owned();
    let code = totp_code(&lab, &secret, 0);
    let verified =
        b.lab.call("VerifySoftwareToken", json!({"Session": begun["Session"], "UserCode": code})).await.ok();
    a.respond("MFA_SETUP", &verified["Session"], json!({"USERNAME": "jane"})).await.ok();
    // Password by SRP, then the app's code.
    let client = SrpClient::new();
    let first = a.initiate("USER_SRP_AUTH", json!({"USERNAME": "jane", "SRP_A": client.srp_a()})).await.ok();
    let answer = client.answer(&a.pool, &first["ChallengeParameters"], PASSWORD, &timestamp(&lab));
    let second = b.respond("PASSWORD_VERIFIER", &Value::Null, answer.clone()).await.ok();
    assert_eq!(second["ChallengeName"], "SOFTWARE_TOKEN_MFA");
    a.respond("PASSWORD_VERIFIER", &Value::Null, answer).await.error();
    let code = json!({"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": totp_code(&lab, &secret, 1)});
    let tokens =
        a.respond("SOFTWARE_TOKEN_MFA", &second["Session"], code.clone()).await.ok()["AuthenticationResult"]
            .clone();
    b.respond("SOFTWARE_TOKEN_MFA", &second["Session"], code).await.error();
    let reading = json!({"AccessToken": tokens["AccessToken"]});
    b.lab.call("GetUser", reading.clone()).await.ok();
    b.initiate("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": tokens["RefreshToken"]})).await.ok();
    a.lab.call("GlobalSignOut", reading.clone()).await.ok();
    b.lab.call("GetUser", reading).await.error();
    b.initiate("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": tokens["RefreshToken"]})).await.error();
}

async fn a_session_is_answered_once_at_two_servers(lab: Lab) {
    let a = Scene::new(&lab).await;
    let b = elsewhere(&a).await;
    a.admin(
        "AdminCreateUser",
        json!({"Username": "new", "TemporaryPassword": "Temporary-9", "MessageAction": "SUPPRESS"}),
    )
    .await;
    let session = a.sign_in("new", "Temporary-9").await.ok()["Session"].clone();
    let input = json!({"ClientId": a.client, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": session,
            "ChallengeResponses": {"USERNAME": "new", "NEW_PASSWORD": PASSWORD}});
    let counts = tally(&at_both(&a.lab, &b.lab, "RespondToAuthChallenge", &input).await);
    assert_eq!(counts.get("ok"), Some(&1), "{counts:?}");
    b.sign_in("new", PASSWORD).await.ok();
}

async fn a_refresh_token_is_rotated_once_at_two_servers(lab: Lab) {
    let rotation = json!({"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
            "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}});
    let a = Scene::with(&lab, json!({}), rotation).await;
    let b = elsewhere(&a).await;
    a.user("jane", json!([])).await;
    let tokens = a.tokens("jane").await;
    let input = json!({"ClientId": a.client, "RefreshToken": tokens["RefreshToken"]});
    let answers = at_both(&a.lab, &b.lab, "GetTokensFromRefreshToken", &input).await;
    let counts = tally(&answers);
    assert_eq!(counts.get("ok"), Some(&1), "{counts:?}");
    // The others presented a spent token, which ends what the winner got.
    let winner = answers.iter().find(|answer| answer.status == 200).unwrap().ok();
    let next = json!({"ClientId": a.client, "RefreshToken": winner["AuthenticationResult"]["RefreshToken"]});
    b.lab
        .call("GetTokensFromRefreshToken", next)
        .await
        .refused("NotAuthorizedException", "Refresh Token has been revoked");
}

/// The private keys of a pool that another server deleted do not stay in memory.
async fn a_pool_deleted_at_one_server_has_no_keys_at_the_other(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let second = elsewhere(&scene).await;
    let kept = second.lab.app.keys.signer_count();
    second.tokens("jane").await;
    assert_eq!(second.lab.app.keys.signer_count(), kept + 2);
    scene.admin("DeleteUserPool", json!({})).await;
    second.lab.advance(2);
    second.sign_in("jane", PASSWORD).await.error();
    jobs::purge(&second.lab.app).await.unwrap();
    assert_eq!(second.lab.app.keys.signer_count(), kept);
}

async fn a_password_is_guessed_no_oftener_at_two_servers(lab: Lab) {
    let a = Scene::new(&lab).await;
    let b = elsewhere(&a).await;
    a.user("jane", json!([])).await;
    let input = json!({"ClientId": a.client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "jane", "PASSWORD": "Wrong-Horse9"}});
    let answers = at_both(&a.lab, &b.lab, "InitiateAuth", &input).await;
    let wrong = answers
        .iter()
        .map(crate::lab::Answer::error)
        .filter(|(_, text)| text == "Incorrect username or password.");
    assert_eq!(wrong.count(), 5, "the lab's clock stands still, so the sixth is behind the lock");
}

both_engines!(
    a_sign_in_changes_servers_at_every_step,
    a_session_is_answered_once_at_two_servers,
    a_refresh_token_is_rotated_once_at_two_servers,
    a_password_is_guessed_no_oftener_at_two_servers,
    a_pool_deleted_at_one_server_has_no_keys_at_the_other
);
