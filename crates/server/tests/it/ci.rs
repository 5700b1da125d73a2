//! What tests of other programs need: a clock that they move, ids that they choose, and a store that they empty.

use crate::{
    lab::{Answer, Lab},
    scene::{PASSWORD, Scene},
};
use axum::{body::Body, http::Request};
use serde_json::{Value, json};

async fn post(lab: &Lab, path: &str, body: Value, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    lab.send(request.body(Body::from(body.to_string())).unwrap()).await
}

async fn a_moved_clock_ends_what_has_its_time(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("ada", json!([])).await;
    let tokens = scene.tokens("ada").await;
    let request = json!({"AccessToken": tokens["AccessToken"]});
    lab.call("GetUser", request.clone()).await.ok();
    assert_eq!(lab.get("/_cognate/clock").await.ok()["now"].as_str().unwrap()[..13], *"2026-01-01T00");

    let moved = post(&lab, "/_cognate/clock", json!({"advance_seconds": 3_601}), &[]).await.ok();
    assert_eq!(moved["now"].as_str().unwrap()[..16], *"2026-01-01T01:00");
    assert_eq!(lab.call("GetUser", request).await.error().0, "NotAuthorizedException");
    let refreshed =
        scene.initiate("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": tokens["RefreshToken"]})).await;
    refreshed.ok();
    post(&lab, "/_cognate/clock", json!({"now": "2026-02-01T00:00:00Z"}), &[]).await.ok();
    let late = scene.initiate("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": tokens["RefreshToken"]})).await;
    late.refused("NotAuthorizedException", "Refresh Token has expired");

    let back = post(&lab, "/_cognate/clock", json!({"now": "2026-01-31T00:00:00Z"}), &[]).await;
    assert_eq!(back.status, 400);
    assert!(back.text.starts_with("The clock moves forward only."), "{}", back.text);
    assert_eq!(post(&lab, "/_cognate/clock", json!({"ahead": 1}), &[]).await.status, 400);
}

async fn a_reset_leaves_nothing(lab: Lab) {
    let scene =
        Scene::with(&lab, json!({"UserPoolTags": {"_custom_id_": "us-east-1_again"}}), json!({})).await;
    scene.user("ada", json!([{"Name": "email", "Value": "ada@example.com"}])).await;
    scene.admin("CreateGroup", json!({"GroupName": "g"})).await;
    scene.admin("AdminAddUserToGroup", json!({"GroupName": "g", "Username": "ada"})).await;
    let tokens = scene.tokens("ada").await;
    lab.call("ForgotPassword", json!({"ClientId": scene.client, "Username": "ada"})).await;

    post(&lab, "/_cognate/reset", json!({}), &[]).await.ok();
    assert_eq!(lab.admin("ListUserPools", json!({"MaxResults": 10})).await.ok()["UserPools"], json!([]));
    assert_eq!(lab.get("/_cognate/outbox").await.ok(), json!([]));
    let pool = json!({"UserPoolId": scene.pool});
    assert_eq!(lab.admin("DescribeUserPool", pool).await.error().0, "ResourceNotFoundException");
    let gone = scene.sign_in("ada", PASSWORD).await;
    assert_eq!(gone.error().0, "ResourceNotFoundException");

    // The same id means a new pool: its keys are others, and nobody is left in it.
    let again =
        Scene::with(&lab, json!({"UserPoolTags": {"_custom_id_": "us-east-1_again"}}), json!({})).await;
    assert_eq!(again.pool, scene.pool);
    let listed = again.admin("ListUsers", json!({})).await;
    assert_eq!(listed["Users"], json!([]));
    let stale = lab.call("GetUser", json!({"AccessToken": tokens["AccessToken"]})).await;
    assert_eq!(stale.error().0, "NotAuthorizedException");
}

async fn pools_and_clients_get_the_ids_that_are_asked_for(lab: Lab) {
    for (tag, id) in
        [("_custom_id_", "us-east-1_a"), ("ms-custom-id", "eu-west-1_b2"), ("floci:override-id", "local_c")]
    {
        let request = json!({"PoolName": "p", "UserPoolTags": {tag: id, "stage": "ci"}});
        let pool = lab.admin("CreateUserPool", request.clone()).await.ok();
        assert_eq!(pool["UserPool"]["Id"], id);
        assert_eq!(pool["UserPool"]["UserPoolTags"], json!({tag: id, "stage": "ci"}));
        let described = lab.admin("DescribeUserPool", json!({"UserPoolId": id})).await.ok();
        assert_eq!(described["UserPool"]["Id"], id);
        lab.admin("CreateUserPool", request)
            .await
            .refused("InvalidParameterException", &format!("There is a user pool with the id {id} already."));
    }
    let request = |name: &str| json!({"UserPoolId": "us-east-1_a", "ClientName": name});
    for prefix in ["_custom_id_", "ms-custom-id"] {
        let id = format!("web{}", prefix.len());
        let name = format!("{prefix}:{id}");
        let client = lab.admin("CreateUserPoolClient", request(&name)).await.ok();
        assert_eq!(client["UserPoolClient"]["ClientId"], id.as_str());
        assert_eq!(client["UserPoolClient"]["ClientName"], name);
        lab.admin("CreateUserPoolClient", request(&name)).await.refused(
            "InvalidParameterException",
            &format!("There is an app client with the id {id} already."),
        );
    }
    for name in ["_custom_id_:my-client", "ms-custom-id:"] {
        let refused = lab.admin("CreateUserPoolClient", request(name)).await.error();
        assert!(refused.1.contains("is no client id"), "{refused:?}");
    }
    for tags in [
        json!({"_custom_id_": "myid123"}),
        json!({"_custom_id_": "us-east-1_my-id"}),
        json!({"ms-custom-id": ""}),
        json!({"_custom_id_": "us-east-1_d", "ms-custom-id": "us-east-1_e"}),
    ] {
        let refused = lab.admin("CreateUserPool", json!({"PoolName": "p", "UserPoolTags": tags})).await;
        assert_eq!(refused.error().0, "InvalidParameterException", "{tags}");
    }
}

both_engines!(
    a_moved_clock_ends_what_has_its_time,
    a_reset_leaves_nothing,
    pools_and_clients_get_the_ids_that_are_asked_for
);

#[tokio::test(flavor = "multi_thread")]
async fn only_this_machine_moves_the_clock_and_empties_the_store() {
    let lab = Lab::sqlite().await;
    for (path, body) in [("/_cognate/clock", json!({"advance_seconds": 1})), ("/_cognate/reset", json!({}))] {
        for headers in [
            [("host", "evil.example"), ("accept", "*/*")],
            [("host", "localhost:9229"), ("origin", "https://evil.example")],
            [("host", "localhost:9229"), ("origin", "null")],
        ] {
            assert_eq!(post(&lab, path, body.clone(), &headers).await.status, 403, "{path} {headers:?}");
        }
        let own = [("host", "localhost:9229"), ("origin", "http://localhost:3000")];
        post(&lab, path, body.clone(), &own).await.ok();
    }
    assert_eq!(lab.get("/_cognate/reset").await.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn production_has_none_of_it() {
    let lab = Lab::with_settings(|config| config.development = false).await;
    for path in ["/_cognate/clock", "/_cognate/reset"] {
        assert_eq!(post(&lab, path, json!({"advance_seconds": 1}), &[]).await.status, 404);
    }
    assert_eq!(lab.get("/_cognate/clock").await.status, 404);
}
