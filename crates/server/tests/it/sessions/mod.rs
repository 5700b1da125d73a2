//! Token sessions: how they are configured, listed, bounded and ended.

mod bounds;
mod configuration;
mod listing;
mod revocation;

use crate::{
    lab::{Answer, Lab},
    scene::{PASSWORD, Scene, claims},
};
use axum::http::Request;
use cognate::http::route::Peer;
use serde_json::{Value, json};

const REVOKED: (&str, &str) = ("NotAuthorizedException", "Access Token has been revoked");
const UNKNOWN: (&str, &str) = ("ResourceNotFoundException", "Session does not exist.");
const UNTRACKED: (&str, &str) =
    ("OperationNotEnabledException", "Session tracking is not enabled for the user pool.");

fn configuration(tracking: &str, max: i64) -> Value {
    json!({"UserSessionTracking": tracking, "TokenSession": {"MaxPerUser": max}})
}

async fn configure(scene: &Scene, tracking: &str, max: i64) {
    scene.admin("SetUserPoolSessionConfiguration", configuration(tracking, max)).await;
}

/// A pool that tracks so many sessions of a user, with jane and joe.
async fn tracking(lab: &Lab, max: i64) -> Scene {
    tracking_with(lab, max, json!({})).await
}

async fn tracking_with(lab: &Lab, max: i64, client: Value) -> Scene {
    let scene = Scene::with(lab, json!({}), client).await;
    configure(&scene, "ENABLED", max).await;
    for name in ["jane", "joe"] {
        scene.user(name, json!([])).await;
    }
    scene
}

/// The session that the tokens of a client that revokes them belong to.
fn session_of(tokens: &Value) -> String {
    let claims = claims(&tokens["AccessToken"]);
    rules::tokens::sessions::session_id(claims["origin_jti"].as_str().unwrap()).unwrap()
}

/// A sign-in a second after what was before.
async fn later(scene: &Scene, name: &str) -> Value {
    scene.lab.advance(1);
    scene.tokens(name).await
}

async fn admin_list(scene: &Scene, name: &str) -> Vec<Value> {
    let answer = scene.admin("AdminListUserSessions", json!({"Username": name})).await;
    assert!(answer.get("NextToken").is_none());
    answer["Sessions"].as_array().unwrap().clone()
}

async fn own_list(scene: &Scene, tokens: &Value) -> Vec<Value> {
    let request = json!({"AccessToken": tokens["AccessToken"]});
    scene.lab.call("ListUserSessions", request).await.ok()["Sessions"].as_array().unwrap().clone()
}

fn ids(sessions: &[Value]) -> Vec<String> {
    sessions.iter().map(|session| session["SessionId"].as_str().unwrap().to_owned()).collect()
}

fn sessions_of(tokens: &[&Value]) -> Vec<String> {
    tokens.iter().map(|tokens| session_of(tokens)).collect()
}

async fn get_user(scene: &Scene, tokens: &Value) -> Answer {
    scene.lab.call("GetUser", json!({"AccessToken": tokens["AccessToken"]})).await
}

async fn refresh(scene: &Scene, tokens: &Value) -> Answer {
    scene.initiate("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": tokens["RefreshToken"]})).await
}

async fn revoke(scene: &Scene, tokens: &Value, session: &str) -> Answer {
    let request = json!({"AccessToken": tokens["AccessToken"], "SessionId": session});
    scene.lab.call("RevokeUserSession", request).await
}

async fn admin_revoke(scene: &Scene, name: &str, session: &str) -> Answer {
    let request = json!({"UserPoolId": scene.pool, "Username": name, "SessionId": session});
    scene.lab.admin("AdminRevokeUserSession", request).await
}

/// Neither token of the session is taken any more.
async fn assert_ended(scene: &Scene, tokens: &Value) {
    get_user(scene, tokens).await.refused(REVOKED.0, REVOKED.1);
    refresh(scene, tokens).await.refused("NotAuthorizedException", "Refresh Token has been revoked");
}

/// InitiateAuth from an address, by a client that says what it is.
async fn initiate_from(scene: &Scene, flow: &str, parameters: Value, address: &str, agent: &str) -> Value {
    let body = json!({"ClientId": scene.client, "AuthFlow": flow, "AuthParameters": parameters});
    let mut request = Request::post("/")
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "AWSCognitoIdentityProviderService.InitiateAuth")
        .header("user-agent", agent)
        .body(body.to_string().into())
        .unwrap();
    request.extensions_mut().insert(Peer(address.parse().unwrap()));
    scene.lab.send(request).await.ok()["AuthenticationResult"].clone()
}

async fn sign_in_from(scene: &Scene, address: &str, agent: &str) -> Value {
    let parameters = json!({"USERNAME": "jane", "PASSWORD": PASSWORD});
    initiate_from(scene, "USER_PASSWORD_AUTH", parameters, address, agent).await
}
