//! Case 49: secrets that are compared, and work that a stranger can ask for.

use crate::{
    lab::Lab,
    scene::{PASSWORD, Scene, secret_hash},
};
use serde_json::json;

const WRONG: (&str, &str) = ("NotAuthorizedException", "Incorrect username or password.");

/// A beginning of the right hash is not the right hash, nor is one with something behind it.
async fn case_49_a_secret_hash_is_compared_whole(lab: Lab) {
    let scene = Scene::with(&lab, json!({}), json!({"GenerateSecret": true})).await;
    scene.user("jane", json!([])).await;
    let described = scene.admin("DescribeUserPoolClient", json!({"ClientId": scene.client})).await;
    let secret = described["UserPoolClient"]["ClientSecret"].as_str().unwrap().to_owned();
    let right = secret_hash(&secret, "jane", &scene.client);
    let sign_in = async |hash: &str| {
        scene
            .initiate(
                "USER_PASSWORD_AUTH",
                json!({"USERNAME": "jane", "PASSWORD": PASSWORD, "SECRET_HASH": hash}),
            )
            .await
    };
    let refused = format!("Unable to verify secret hash for client {}", scene.client);
    for hash in [
        &right[..40],
        &right[..4],
        "=",
        "AAAA",
        &format!("{right}AAAA"),
        &right.to_lowercase(),
        &secret_hash("", "jane", &scene.client),
        &secret_hash(&secret, "mary", &scene.client),
        &secret_hash(&secret, "jane", "other"),
        &secret,
        &"A".repeat(100_000),
    ] {
        sign_in(hash).await.refused("NotAuthorizedException", &refused);
    }
    sign_in(&right).await.ok();
    let token = sign_in(&right).await.ok()["AuthenticationResult"]["RefreshToken"].clone();
    for wrong in [&secret[..secret.len() - 1], &format!("{secret}x")] {
        let request = json!({"ClientId": scene.client, "RefreshToken": token, "ClientSecret": wrong});
        assert_eq!(lab.call("GetTokensFromRefreshToken", request).await.error().0, "NotAuthorizedException");
        let request = json!({"ClientId": scene.client, "Token": token, "ClientSecret": wrong});
        lab.call("RevokeToken", request).await.error();
    }
}

/// A password longer than any that can be set is wrong without being hashed, and counts like another wrong one.
async fn case_49_a_huge_password_is_only_wrong(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let longest = format!("Aa1!{}", "x".repeat(252));
    let set = async |password: &str| {
        lab.admin(
            "AdminSetUserPassword",
            json!({"UserPoolId": scene.pool, "Username": "jane", "Password": password, "Permanent": true}),
        )
        .await
    };
    set(&longest).await.ok();
    assert_eq!(set(&format!("{longest}x")).await.error().0, "InvalidParameterException");
    scene.sign_in("jane", &longest).await.ok();
    for _ in 0..5 {
        scene.sign_in("jane", &format!("{longest}{}", "x".repeat(130_000))).await.refused(WRONG.0, WRONG.1);
    }
    scene.sign_in("jane", &longest).await.refused("NotAuthorizedException", "Password attempts exceeded");
}

/// A token of nothing but dots is refused before it is taken apart.
async fn case_49_a_huge_token_is_only_invalid(lab: Lab) {
    let scene = Scene::new(&lab).await;
    for (filler, end) in [(".", ""), ("A", ""), ("A", ".e.e"), ("e.", "e")] {
        let token = format!("{}{end}", filler.repeat(900_000 / filler.len()));
        lab.call("GetUser", json!({"AccessToken": token}))
            .await
            .refused("NotAuthorizedException", "Invalid Access Token");
        let token = &token[..130_000];
        let refresh = scene.initiate("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": token})).await;
        refresh.refused("NotAuthorizedException", "Invalid Refresh Token");
    }
}

both_engines!(
    case_49_a_secret_hash_is_compared_whole,
    case_49_a_huge_password_is_only_wrong,
    case_49_a_huge_token_is_only_invalid
);
