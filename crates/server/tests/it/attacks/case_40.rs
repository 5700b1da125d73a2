//! Case 40: whoever was disabled or deleted gets nothing at any step; nor does a deleted client or pool serve.

use crate::{
    lab::Lab,
    scene::{PASSWORD, Scene, totp_code},
};
use serde_json::json;

const GONE: &str = "The user pool does not exist.";
const DISABLED: (&str, &str) = ("NotAuthorizedException", "User is disabled.");

async fn case_40_a_disabled_user_stops_at_every_step(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene
        .admin(
            "SetUserPoolMfaConfig",
            json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": true}}),
        )
        .await;
    scene.user("jane", json!([])).await;
    scene.user("mary", json!([])).await;
    scene
        .admin(
            "AdminCreateUser",
            json!({"Username": "new", "TemporaryPassword": "Temporary-9", "MessageAction": "SUPPRESS"}),
        )
        .await;
    let setting_up = scene.sign_in("mary", PASSWORD).await.ok()["Session"].clone();
    let begun = scene.sign_in("jane", PASSWORD).await.ok()["Session"].clone();
    let begun = lab.call("AssociateSoftwareToken", json!({"Session": begun})).await.ok();
    let secret = begun["SecretCode"].as_str().unwrap();
    let verified = lab
        .call(
            "VerifySoftwareToken",
            json!({"Session": begun["Session"], "UserCode": totp_code(&lab, secret, 0)}),
        )
        .await
        .ok();
    let coded = scene.sign_in("jane", PASSWORD).await.ok()["Session"].clone();
    let renewing = scene.sign_in("new", "Temporary-9").await.ok()["Session"].clone();
    for name in ["jane", "mary", "new"] {
        scene.admin("AdminDisableUser", json!({"Username": name})).await;
    }
    lab.call("AssociateSoftwareToken", json!({"Session": setting_up})).await.refused(DISABLED.0, DISABLED.1);
    scene
        .respond("MFA_SETUP", &verified["Session"], json!({"USERNAME": "jane"}))
        .await
        .refused(DISABLED.0, DISABLED.1);
    let code = json!({"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": totp_code(&lab, secret, 1)});
    scene.respond("SOFTWARE_TOKEN_MFA", &coded, code).await.refused(DISABLED.0, DISABLED.1);
    let password = json!({"USERNAME": "new", "NEW_PASSWORD": PASSWORD});
    scene.respond("NEW_PASSWORD_REQUIRED", &renewing, password).await.refused(DISABLED.0, DISABLED.1);
}

async fn case_40_nothing_goes_on_through_a_deleted_client(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene
        .admin(
            "SetUserPoolMfaConfig",
            json!({"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true}}),
        )
        .await;
    scene.user("jane", json!([])).await;
    scene
        .admin(
            "AdminCreateUser",
            json!({"Username": "new", "TemporaryPassword": "Temporary-9", "MessageAction": "SUPPRESS"}),
        )
        .await;
    let tokens = scene.tokens("jane").await;
    let session = scene.sign_in("new", "Temporary-9").await.ok()["Session"].clone();
    scene.admin("DeleteUserPoolClient", json!({"ClientId": scene.client})).await;
    let unknown = format!("User pool client {} does not exist.", scene.client);
    scene.sign_in("jane", PASSWORD).await.refused("ResourceNotFoundException", &unknown);
    scene.srp("jane", PASSWORD).await.refused("ResourceNotFoundException", &unknown);
    scene
        .respond("NEW_PASSWORD_REQUIRED", &session, json!({"USERNAME": "new", "NEW_PASSWORD": PASSWORD}))
        .await
        .refused("ResourceNotFoundException", &unknown);
    scene
        .initiate("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": tokens["RefreshToken"]}))
        .await
        .refused("ResourceNotFoundException", &unknown);
    let refresh = json!({"ClientId": scene.client, "RefreshToken": tokens["RefreshToken"]});
    lab.call("GetTokensFromRefreshToken", refresh).await.refused("ResourceNotFoundException", &unknown);
    lab.call("GetUser", json!({"AccessToken": tokens["AccessToken"]}))
        .await
        .refused("NotAuthorizedException", "Access Token has been revoked");
    lab.call("AssociateSoftwareToken", json!({"AccessToken": tokens["AccessToken"]}))
        .await
        .refused("NotAuthorizedException", "Access Token has been revoked");
    // Another client of the pool is no way round.
    let other = Scene {
        client: scene.new_client(json!({})).await["ClientId"].as_str().unwrap().to_owned(),
        ..scene.clone()
    };
    other
        .initiate("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": tokens["RefreshToken"]}))
        .await
        .refused("NotAuthorizedException", "Invalid Refresh Token");
    let revoke = json!({"ClientId": scene.client, "Token": tokens["RefreshToken"]});
    assert_eq!(lab.call("RevokeToken", revoke).await.error().0, "UnauthorizedException");
}

async fn case_40_a_deleted_pool_serves_nobody(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let tokens = scene.tokens("jane").await;
    scene.admin("DeleteUserPool", json!({})).await;
    assert_eq!(scene.sign_in("jane", PASSWORD).await.error().0, "ResourceNotFoundException");
    assert_eq!(
        scene
            .initiate("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": tokens["RefreshToken"]}))
            .await
            .error()
            .0,
        "ResourceNotFoundException"
    );
    lab.call("GetUser", json!({"AccessToken": tokens["AccessToken"]}))
        .await
        .refused("NotAuthorizedException", "Invalid Access Token");
    let sign_up = json!({"ClientId": scene.client, "Username": "new", "Password": PASSWORD});
    assert_eq!(lab.call("SignUp", sign_up).await.error().0, "ResourceNotFoundException");
    assert_eq!(lab.get(&format!("/{}/.well-known/jwks.json", scene.pool)).await.status, 404);
}

/// A node may remember a pool for a moment after another node deleted it; nothing is written into it then.
async fn case_40_a_pool_that_another_node_deleted_takes_nothing(lab: Lab) {
    let scene = Scene::new(&lab).await;
    assert_eq!(scene.sign_in("nobody", PASSWORD).await.error().0, "UserNotFoundException");
    lab.admin("GetGroup", json!({"UserPoolId": scene.pool, "GroupName": "g"})).await.error();
    let pool = scene.pool.as_str().into();
    lab.app.db.write(move |tx| store::pools::delete(tx, &pool)).await.unwrap();
    let sign_up = json!({"ClientId": scene.client, "Username": "new", "Password": PASSWORD});
    let gone = format!("User pool {} does not exist.", scene.pool);
    lab.call("SignUp", sign_up).await.refused("ResourceNotFoundException", GONE);
    for (operation, name) in [("AdminCreateUser", "Username"), ("CreateGroup", "GroupName")] {
        let request = json!({"UserPoolId": scene.pool, name: "new"});
        lab.admin(operation, request).await.refused("ResourceNotFoundException", GONE);
    }
    lab.advance(1);
    lab.admin("CreateGroup", json!({"UserPoolId": scene.pool, "GroupName": "g"}))
        .await
        .refused("ResourceNotFoundException", &gone);
}

/// The clock of a machine may be set back; what was ended stays ended.
async fn case_40_a_clock_that_goes_back_brings_no_token_back(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let tokens = scene.tokens("jane").await;
    lab.advance(60);
    scene.admin("AdminUserGlobalSignOut", json!({"Username": "jane"})).await;
    lab.advance(-120);
    scene.admin("AdminUserGlobalSignOut", json!({"Username": "jane"})).await;
    assert_eq!(
        scene
            .initiate("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": tokens["RefreshToken"]}))
            .await
            .error()
            .0,
        "NotAuthorizedException"
    );
    scene.admin("AdminDisableUser", json!({"Username": "jane"})).await;
    scene.admin("AdminEnableUser", json!({"Username": "jane"})).await;
    assert_eq!(
        lab.call("GetUser", json!({"AccessToken": tokens["AccessToken"]})).await.error().0,
        "NotAuthorizedException"
    );
}

both_engines!(
    case_40_a_disabled_user_stops_at_every_step,
    case_40_nothing_goes_on_through_a_deleted_client,
    case_40_a_deleted_pool_serves_nobody,
    case_40_a_pool_that_another_node_deleted_takes_nothing,
    case_40_a_clock_that_goes_back_brings_no_token_back
);
