//! The way in: doors, envelopes, CORS, health.

use crate::lab::{AUTHORIZATION, Lab};
use axum::{
    body::Body,
    http::{HeaderValue, Request},
};
use serde_json::json;

async fn the_server_is_ready(lab: Lab) {
    assert_eq!(lab.get("/_cognate/health/live").await.text, "alive\n");
    assert_eq!(lab.get("/_cognate/health/ready").await.text, "ready\n");
}

both_engines!(the_server_is_ready);

#[tokio::test(flavor = "multi_thread")]
async fn errors_have_awss_envelope() {
    let lab = Lab::sqlite().await;
    let answer = lab.admin("DescribeUserPool", json!({"UserPoolId": "us-east-1"})).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.headers["content-type"], "application/x-amz-json-1.1");
    assert_eq!(answer.headers["x-amzn-errortype"], "InvalidParameterException");
    let text = "1 validation error detected: Value 'us-east-1' at 'userPoolId' failed to satisfy constraint: \
                Member must satisfy regular expression pattern: [\\w-]+_[0-9a-zA-Z]+";
    assert_eq!(answer.headers["x-amzn-errormessage"], text);
    assert_eq!(answer.json(), json!({"__type": "InvalidParameterException", "message": text}));
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_api_has_its_door() {
    let lab = Lab::sqlite().await;
    let json_target =
        |target: &str| Request::post("/").header("x-amz-target", target).body(Body::from("{}")).unwrap();
    let form = "application/x-www-form-urlencoded";
    for (mut request, status, expected) in [
        (json_target("AWSCognitoIdentityProviderService.Nothing"), 400, "UnknownOperationException"),
        (json_target("AWSCognitoIdentityService.ListTagsForResource"), 400, "ValidationException"),
        (json_target("DynamoDB_20120810.ListTables"), 400, "UnknownOperationException"),
        (Request::get("/identitypools").body(Body::empty()).unwrap(), 400, "InvalidParameterException"),
        (Request::put("/identitypools").body(Body::empty()).unwrap(), 400, "UnknownOperationException"),
        (Request::get("/?Action=GetCallerIdentity").body(Body::empty()).unwrap(), 400, "ValidationError"),
        (
            Request::post("/").header("content-type", form).body("Action=Nothing".into()).unwrap(),
            400,
            "InvalidAction",
        ),
        (Request::get("/nothing").body(Body::empty()).unwrap(), 400, "UnknownOperationException"),
        (
            Request::get("/us-east-1_None/.well-known/jwks.json").body(Body::empty()).unwrap(),
            404,
            "ResourceNotFoundException",
        ),
    ] {
        request.headers_mut().insert("authorization", HeaderValue::from_static(AUTHORIZATION));
        let answer = lab.send(request).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_eq!(answer.headers["x-amzn-errortype"], expected, "{}", answer.text);
    }
    assert!(lab.get("/").await.text.contains("This is Cognate"));
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_may_ask_and_read() {
    let lab = Lab::sqlite().await;
    let preflight = Request::options("/")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type,x-amz-target,x-new-header")
        .body(Body::empty());
    let answer = lab.send(preflight.unwrap()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
    assert_eq!(answer.headers["access-control-max-age"], "172800");
    let allowed = answer.headers["access-control-allow-headers"].to_str().unwrap();
    for name in [
        "content-type",
        "x-amz-target",
        "x-amz-user-agent",
        "cache-control",
        "amz-sdk-invocation-id",
        "amz-sdk-request",
        "authorization",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-content-sha256",
        "x-new-header",
    ] {
        assert!(allowed.split(", ").any(|a| a == name), "{name} in {allowed}");
    }
    let answer = lab.call_with("SignUp", json!({}), &[("origin", "https://app.example")]).await;
    assert_eq!(
        answer.headers["access-control-expose-headers"],
        "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date"
    );
}
