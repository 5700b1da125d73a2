//! Refreshing, rotating and ending tokens, and what an access token must be.

use crate::{
    lab::Lab,
    scene::{Scene, claims, merged},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cognate::jobs;
use serde_json::{Value, json};

const REVOKED: (&str, &str) = ("NotAuthorizedException", "Access Token has been revoked");
const INVALID: (&str, &str) = ("NotAuthorizedException", "Invalid Refresh Token");

async fn refresh(scene: &Scene, token: &Value) -> crate::lab::Answer {
    scene.initiate("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": token})).await
}

async fn rotated(scene: &Scene, token: &Value) -> crate::lab::Answer {
    scene
        .lab
        .call("GetTokensFromRefreshToken", json!({"ClientId": scene.client, "RefreshToken": token}))
        .await
}

/// A scene whose client rotates refresh tokens.
async fn rotating(lab: &Lab, grace: i64) -> Scene {
    let scene = Scene::with(
        lab,
        json!({}),
        json!({
            "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
            "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": grace},
        }),
    )
    .await;
    scene.user("jane", json!([])).await;
    scene
}

/// Clients forget a token that is called revoked, and their users have to sign in anew.
async fn a_store_that_is_gone_revokes_nothing(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let token = json!({ "AccessToken": scene.tokens("jane").await["AccessToken"] });
    lab.call("GetUser", token.clone()).await.ok();
    lab.app.db.close().await;
    // What is remembered of the pool and the client is too old by then.
    lab.advance(2);
    assert_eq!(lab.call("GetUser", token).await.failure().0, "InternalErrorException");
}

/// Nodes whose clocks differ agree about which sign-ins a sign-out has ended.
async fn sign_outs_do_not_compare_clocks(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let unrevoked = scene.new_client(json!({ "EnableTokenRevocation": false })).await["ClientId"].clone();
    let unrevoked = Scene { client: unrevoked.as_str().unwrap().to_owned(), ..scene.clone() };
    for off_by in [-240_000, -1, 0, 1, 240_000] {
        let other = lab.another_off_by(off_by).await;
        for (scene, there) in [(&scene, &other), (&unrevoked, &other)] {
            let there = Scene { lab: there.clone(), ..scene.clone() };
            for (ending, lasting) in [(scene, &there), (&there, scene)] {
                let before = [scene.tokens("jane").await, there.tokens("jane").await];
                let token = json!({ "AccessToken": ending.tokens("jane").await["AccessToken"] });
                ending.lab.call("GlobalSignOut", token).await.ok();
                let after = lasting.tokens("jane").await;
                for lab in [&lab, &other] {
                    for tokens in &before {
                        let token = json!({ "AccessToken": tokens["AccessToken"] });
                        lab.call("GetUser", token).await.refused(REVOKED.0, REVOKED.1);
                        let here = Scene { lab: lab.clone(), ..scene.clone() };
                        let (name, _) = refresh(&here, &tokens["RefreshToken"]).await.error();
                        assert_eq!(name, "NotAuthorizedException");
                    }
                    lab.call("GetUser", json!({ "AccessToken": after["AccessToken"] })).await.ok();
                    let here = Scene { lab: lab.clone(), ..scene.clone() };
                    refresh(&here, &after["RefreshToken"]).await.ok();
                }
            }
        }
    }
}

/// The user is gone, its access token is not: each operation answers what its model declares.
async fn a_deleted_users_token_is_refused_in_the_operations_words(lab: Lab) {
    let scene = Scene::new(&lab).await;
    let totp = json!({"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    scene.admin("SetUserPoolMfaConfig", totp).await;
    scene.user("jane", json!([])).await;
    let token = scene.tokens("jane").await["AccessToken"].clone();
    scene.admin("AdminDeleteUser", json!({"Username": "jane"})).await;
    let mut count = 0;
    for (operation, members) in [
        ("AssociateSoftwareToken", json!({})),
        ("ChangePassword", json!({"ProposedPassword": "Another-Horse9"})),
        ("DeleteUser", json!({})),
        ("DeleteUserAttributes", json!({"UserAttributeNames": ["name"]})),
        ("GetUser", json!({})),
        ("GetUserAttributeVerificationCode", json!({"AttributeName": "email"})),
        ("GlobalSignOut", json!({})),
        ("SetUserMFAPreference", json!({})),
        ("SetUserSettings", json!({"MFAOptions": []})),
        ("UpdateUserAttributes", json!({"UserAttributes": [{"Name": "name", "Value": "J"}]})),
        ("VerifySoftwareToken", json!({"UserCode": "123456"})),
        ("VerifyUserAttribute", json!({"AttributeName": "email", "Code": "123456"})),
    ] {
        let mut input = json!({"AccessToken": token});
        members.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
        // The lab fails on an error that the model does not declare.
        let (name, _) = lab.call(operation, input).await.error();
        let errors = spec::Service::CognitoIdp.operation(operation).unwrap().errors;
        let declares = errors.contains(&spec::Code::UserNotFoundException);
        let expected = if declares { "UserNotFoundException" } else { REVOKED.0 };
        assert_eq!(name, expected, "{operation}");
        count += usize::from(!declares);
    }
    assert_eq!(count, 2);
}

async fn a_refresh_keeps_the_session(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let first = scene.tokens("jane").await;
    assert!(first["RefreshToken"].as_str().unwrap().starts_with("eyJjdHki"));
    assert_eq!(first["RefreshToken"].as_str().unwrap().split('.').count(), 5);
    lab.advance(600);
    let second = refresh(&scene, &first["RefreshToken"]).await.ok()["AuthenticationResult"].clone();
    assert!(second.get("RefreshToken").is_none());
    let (old, new) = (claims(&first["AccessToken"]), claims(&second["AccessToken"]));
    assert_eq!((&old["auth_time"], &old["origin_jti"]), (&new["auth_time"], &new["origin_jti"]));
    assert_ne!(old["jti"], new["jti"]);
    assert_eq!(new["iat"].as_i64().unwrap() - old["iat"].as_i64().unwrap(), 600);
    rotated(&scene, &first["RefreshToken"]).await.ok();
}

async fn refresh_tokens_are_checked(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let tokens = scene.tokens("jane").await;
    let token = tokens["RefreshToken"].as_str().unwrap();
    let mut tampered = token.to_owned();
    tampered.replace_range(
        token.len() - 3..token.len() - 2,
        if &token[token.len() - 3..token.len() - 2] == "A" { "B" } else { "A" },
    );
    for bad in [
        "x",
        "a.b.c.d.e",
        &tampered,
        &token[..token.len() - 1],
        tokens["AccessToken"].as_str().unwrap(),
        tokens["IdToken"].as_str().unwrap(),
        &format!("{token}="),
    ] {
        refresh(&scene, &json!(bad)).await.refused(INVALID.0, INVALID.1);
    }
    let other = Scene {
        client: scene.new_client(json!({})).await["ClientId"].as_str().unwrap().to_owned(),
        ..scene.clone()
    };
    refresh(&other, &json!(token)).await.refused(INVALID.0, INVALID.1);
    let strangers = Scene::new(&lab).await;
    refresh(&strangers, &json!(token)).await.refused(INVALID.0, INVALID.1);
    lab.advance(30 * 86_400);
    refresh(&scene, &json!(token)).await.refused("NotAuthorizedException", "Refresh Token has expired");
}

async fn rotation_hands_on_and_ends_a_reused_grant(lab: Lab) {
    let scene = rotating(&lab, 10).await;
    let first = scene.tokens("jane").await["RefreshToken"].clone();
    let second = rotated(&scene, &first).await.ok()["AuthenticationResult"]["RefreshToken"].clone();
    assert!(second.is_string() && second != first);
    let repeated = rotated(&scene, &first).await.ok()["AuthenticationResult"]["RefreshToken"].clone();
    assert_eq!(repeated, second, "within the grace period a retry gets the same token");
    let third = rotated(&scene, &second).await.ok()["AuthenticationResult"]["RefreshToken"].clone();
    lab.advance(11);
    assert_eq!(rotated(&scene, &second).await.error().0, "RefreshTokenReuseException");
    rotated(&scene, &third).await.refused("NotAuthorizedException", "Refresh Token has been revoked");
}

async fn rotation_does_not_lengthen_life(lab: Lab) {
    let scene = rotating(&lab, 0).await;
    let first = scene.tokens("jane").await["RefreshToken"].clone();
    lab.advance(29 * 86_400);
    let second = rotated(&scene, &first).await.ok()["AuthenticationResult"]["RefreshToken"].clone();
    lab.advance(86_400);
    rotated(&scene, &second).await.refused("NotAuthorizedException", "Refresh Token has expired");
}

async fn parallel_rotations_without_grace_have_one_success(lab: Lab) {
    let scene = rotating(&lab, 0).await;
    let token = scene.tokens("jane").await["RefreshToken"].clone();
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let (scene, token) = (scene.clone(), token.clone());
            tokio::spawn(async move { rotated(&scene, &token).await.status == 200 })
        })
        .collect();
    let mut successes = 0;
    for task in tasks {
        successes += usize::from(task.await.unwrap());
    }
    assert_eq!(successes, 1);
}

async fn access_tokens_are_checked(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let tokens = scene.tokens("jane").await;
    let get = async |token: &str| lab.call("GetUser", json!({"AccessToken": token})).await;
    let good = tokens["AccessToken"].as_str().unwrap();
    get(good).await.ok();
    get(tokens["IdToken"].as_str().unwrap()).await.refused("NotAuthorizedException", "Invalid Access Token");
    get("a.b.c").await.refused("NotAuthorizedException", "Invalid Access Token");
    let parts: Vec<&str> = good.split('.').collect();
    let mut signature = parts[2].to_owned();
    signature.replace_range(10..11, if &parts[2][10..11] == "A" { "B" } else { "A" });
    let forged = format!("{}.{}.{signature}", parts[0], parts[1]);
    get(&forged).await.refused("NotAuthorizedException", "Could not verify signature for Access Token");
    let mut nowhere = claims(&tokens["AccessToken"]);
    nowhere["iss"] = json!(format!("{}\0", nowhere["iss"].as_str().unwrap()));
    let nowhere = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(nowhere.to_string()), parts[2]);
    get(&nowhere).await.refused("NotAuthorizedException", "Invalid Access Token");
    lab.advance(3_600);
    get(good).await.refused("NotAuthorizedException", "Access Token has expired");
}

async fn tokens_of_one_pool_are_nothing_in_another(lab: Lab) {
    let (here, there) = (Scene::new(&lab).await, Scene::new(&lab).await);
    here.user("jane", json!([])).await;
    let tokens = here.tokens("jane").await;
    let jwks = lab.get(&format!("/{}/.well-known/jwks.json", here.pool)).await.json();
    let other = lab.get(&format!("/{}/.well-known/jwks.json", there.pool)).await.json();
    assert_eq!(jwks["keys"].as_array().unwrap().len(), 2);
    assert_ne!(jwks, other);
    let header = |token: &Value| {
        let text = URL_SAFE_NO_PAD.decode(token.as_str().unwrap().split('.').next().unwrap()).unwrap();
        serde_json::from_slice::<Value>(&text).unwrap()
    };
    let (id, access) = (header(&tokens["IdToken"]), header(&tokens["AccessToken"]));
    assert_ne!(id["kid"], access["kid"]);
    assert_eq!(id.as_object().unwrap().len(), 2);

    // Access tokens name their pool, so an operation on one's own user cannot be asked of another pool. What names a
    // pool or a client beside the token refuses a token from elsewhere.
    there.user("jane", json!([])).await;
    let theirs = there.tokens("jane").await;
    refresh(&there, &tokens["RefreshToken"]).await.refused(INVALID.0, INVALID.1);
    rotated(&there, &tokens["RefreshToken"]).await.error();
    let revoke = json!({"ClientId": there.client, "Token": tokens["RefreshToken"]});
    lab.call("RevokeToken", revoke).await.error();
    // A token says where it comes from, and is read with that pool's keys alone.
    let forged = |token: &Value, pool: &str| {
        let parts: Vec<&str> = token.as_str().unwrap().split('.').collect();
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
        let body = URL_SAFE_NO_PAD.encode(text.replace(&here.pool, pool));
        [parts[0], &body, parts[2]].join(".")
    };
    let (mine, forged) = (&tokens["AccessToken"], forged(&tokens["AccessToken"], &there.pool));
    for operation in ["GetUser", "GlobalSignOut", "DeleteUser"] {
        let answer = lab.call(operation, json!({"AccessToken": forged})).await;
        assert_eq!(answer.error().0, "NotAuthorizedException", "{operation}");
    }
    for (scene, token) in [(&here, mine), (&there, &theirs["AccessToken"])] {
        assert_eq!(claims(token)["iss"], format!("http://localhost:9229/{}", scene.pool));
        lab.call("GetUser", json!({"AccessToken": token})).await.ok();
    }
    lab.call("DeleteUser", json!({"AccessToken": mine})).await.ok();
    lab.call("GetUser", json!({"AccessToken": theirs["AccessToken"]})).await.ok();
}

async fn a_global_sign_out_ends_everything(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    for admin in [false, true] {
        let tokens = scene.tokens("jane").await;
        if admin {
            scene.admin("AdminUserGlobalSignOut", json!({"Username": "jane"})).await;
        } else {
            lab.call("GlobalSignOut", json!({"AccessToken": tokens["AccessToken"]})).await.ok();
        }
        for operation in ["GetUser", "GlobalSignOut", "DeleteUser"] {
            let answer = lab.call(operation, json!({"AccessToken": tokens["AccessToken"]})).await;
            answer.refused("NotAuthorizedException", "Access Token has been revoked");
        }
        refresh(&scene, &tokens["RefreshToken"])
            .await
            .refused("NotAuthorizedException", "Refresh Token has been revoked");
    }
    let after = scene.tokens("jane").await;
    lab.call("GetUser", json!({"AccessToken": after["AccessToken"]})).await.ok();
}

async fn one_refresh_token_is_revoked(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let (tokens, others) = (scene.tokens("jane").await, scene.tokens("jane").await);
    let revoke = async |client: &str, token: &Value| {
        lab.call("RevokeToken", json!({"ClientId": client, "Token": token})).await
    };
    let other = scene.new_client(json!({"EnableTokenRevocation": false})).await["ClientId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(revoke(&other, &tokens["RefreshToken"]).await.error().0, "UnsupportedOperationException");
    let second = scene.new_client(json!({})).await["ClientId"].as_str().unwrap().to_owned();
    assert_eq!(revoke(&second, &tokens["RefreshToken"]).await.error().0, "UnauthorizedException");
    assert_eq!(
        revoke(&scene.client, &tokens["AccessToken"]).await.error().0,
        "UnsupportedTokenTypeException"
    );
    revoke(&scene.client, &json!("a.b.c.d.e")).await.ok();
    revoke(&scene.client, &tokens["RefreshToken"]).await.ok();
    revoke(&scene.client, &tokens["RefreshToken"]).await.ok();
    refresh(&scene, &tokens["RefreshToken"])
        .await
        .refused("NotAuthorizedException", "Refresh Token has been revoked");
    lab.call("GetUser", json!({"AccessToken": tokens["AccessToken"]}))
        .await
        .refused("NotAuthorizedException", "Access Token has been revoked");
    refresh(&scene, &others["RefreshToken"]).await.ok();
}

async fn without_revocation_a_sign_out_still_ends_tokens(lab: Lab) {
    let scene = Scene::with(&lab, json!({}), json!({"EnableTokenRevocation": false})).await;
    scene.user("jane", json!([])).await;
    let tokens = scene.tokens("jane").await;
    assert!(claims(&tokens["AccessToken"]).get("origin_jti").is_none());
    lab.call("GetUser", json!({"AccessToken": tokens["AccessToken"]})).await.ok();
    lab.call("GlobalSignOut", json!({"AccessToken": tokens["AccessToken"]})).await.ok();
    lab.call("GetUser", json!({"AccessToken": tokens["AccessToken"]}))
        .await
        .refused("NotAuthorizedException", "Access Token has been revoked");
    let after = scene.tokens("jane").await;
    lab.call("GetUser", json!({"AccessToken": after["AccessToken"]})).await.ok();
}

async fn a_deleted_user_has_no_tokens(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let tokens = scene.tokens("jane").await;
    scene.admin("AdminDeleteUser", json!({"Username": "jane"})).await;
    lab.call("GetUser", json!({"AccessToken": tokens["AccessToken"]}))
        .await
        .refused("UserNotFoundException", "User does not exist.");
    refresh(&scene, &tokens["RefreshToken"]).await.refused(INVALID.0, INVALID.1);
    scene.user("jane", json!([])).await;
    refresh(&scene, &tokens["RefreshToken"]).await.refused(INVALID.0, INVALID.1);
}

async fn groups_and_roles_stand_in_tokens(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let role = |name: &str| format!("arn:aws:iam::123456789012:role/{name}");
    scene
        .admin("CreateGroup", json!({"GroupName": "staff", "Precedence": 5, "RoleArn": role("staff")}))
        .await;
    scene
        .admin("CreateGroup", json!({"GroupName": "admins", "Precedence": 1, "RoleArn": role("admins")}))
        .await;
    for group in ["staff", "admins"] {
        scene.admin("AdminAddUserToGroup", json!({"GroupName": group, "Username": "jane"})).await;
    }
    let tokens = scene.tokens("jane").await;
    let (id, access) = (claims(&tokens["IdToken"]), claims(&tokens["AccessToken"]));
    assert_eq!(id["cognito:groups"], json!(["admins", "staff"]));
    assert_eq!(access["cognito:groups"], json!(["admins", "staff"]));
    assert_eq!(id["cognito:preferred_role"], json!(role("admins")));
    assert!(access.get("cognito:roles").is_none());
}

/// RFC 9700 §4.14.2, also where access tokens name no grant.
async fn a_reused_grant_has_no_access_tokens(lab: Lab) {
    for revokes in [true, false] {
        let members = json!({
            "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
            "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0},
            "EnableTokenRevocation": revokes,
        });
        let scene = Scene::with(&lab, json!({}), members).await;
        scene.user("jane", json!([])).await;
        let (first, other) = (scene.tokens("jane").await, scene.tokens("jane").await);
        let second = rotated(&scene, &first["RefreshToken"]).await.ok()["AuthenticationResult"].clone();
        lab.call("GetUser", json!({"AccessToken": second["AccessToken"]})).await.ok();
        let reuse = rotated(&scene, &first["RefreshToken"]).await.error();
        assert_eq!(reuse.0, "RefreshTokenReuseException");
        for token in [&first, &second] {
            lab.call("GetUser", json!({"AccessToken": token["AccessToken"]}))
                .await
                .refused(REVOKED.0, REVOKED.1);
        }
        lab.call("GetUser", json!({"AccessToken": other["AccessToken"]})).await.ok();
    }
}

/// What a client says when a token is used again says nothing of how its access tokens were issued.
async fn a_reused_grant_has_no_access_tokens_whatever_its_client_says_now(lab: Lab) {
    let members = |revokes: bool, hours: u32| {
        json!({
            "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
            "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0},
            "EnableTokenRevocation": revokes,
            "AccessTokenValidity": hours,
        })
    };
    for (before, after) in [((false, 1), (true, 1)), ((true, 1), (false, 1)), ((false, 24), (false, 1))] {
        let scene = Scene::with(&lab, json!({}), members(before.0, before.1)).await;
        scene.user("jane", json!([])).await;
        let first = scene.tokens("jane").await;
        let update = merged(json!({"ClientId": scene.client}), members(after.0, after.1));
        scene.admin("UpdateUserPoolClient", update).await;
        lab.advance(2);
        rotated(&scene, &first["RefreshToken"]).await.ok();
        assert_eq!(rotated(&scene, &first["RefreshToken"]).await.error().0, "RefreshTokenReuseException");
        for hours in [0, 2] {
            lab.advance(hours * 3_600);
            jobs::purge(&lab.app).await.unwrap();
            let answer = lab.call("GetUser", json!({"AccessToken": first["AccessToken"]})).await;
            let expected = if hours > 1 && before.1 == 1 { "Access Token has expired" } else { REVOKED.1 };
            answer.refused(REVOKED.0, expected);
        }
    }
}

/// GetTokensFromRefreshToken is for clients that rotate refresh tokens, and for those with the flow.
async fn refreshing_takes_rotation_or_the_flow(lab: Lab) {
    let scene =
        Scene::with(&lab, json!({}), json!({"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]})).await;
    scene.user("jane", json!([])).await;
    let token = scene.tokens("jane").await["RefreshToken"].clone();
    assert_eq!(rotated(&scene, &token).await.error().0, "InvalidParameterException");
    let rotating = rotating(&lab, 0).await;
    let token = rotating.tokens("jane").await["RefreshToken"].clone();
    rotated(&rotating, &token).await.ok();
}

/// The private keys of a deleted pool do not stay in memory.
async fn a_deleted_pools_keys_are_forgotten(lab: Lab) {
    let kept = lab.app.keys.signer_count();
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    scene.tokens("jane").await;
    assert_eq!(lab.app.keys.signer_count(), kept + 2);
    scene.admin("DeleteUserPool", json!({})).await;
    assert_eq!(lab.app.keys.signer_count(), kept);
}

both_engines!(
    a_reused_grant_has_no_access_tokens,
    a_reused_grant_has_no_access_tokens_whatever_its_client_says_now,
    refreshing_takes_rotation_or_the_flow,
    a_deleted_pools_keys_are_forgotten,
    a_store_that_is_gone_revokes_nothing,
    sign_outs_do_not_compare_clocks,
    a_deleted_users_token_is_refused_in_the_operations_words,
    a_refresh_keeps_the_session,
    refresh_tokens_are_checked,
    rotation_hands_on_and_ends_a_reused_grant,
    rotation_does_not_lengthen_life,
    parallel_rotations_without_grace_have_one_success,
    access_tokens_are_checked,
    tokens_of_one_pool_are_nothing_in_another,
    a_global_sign_out_ends_everything,
    one_refresh_token_is_revoked,
    without_revocation_a_sign_out_still_ends_tokens,
    a_deleted_user_has_no_tokens,
    groups_and_roles_stand_in_tokens
);
