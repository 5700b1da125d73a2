//! What no honest client sends: a clear refusal, never a failure, and nothing half written.

use crate::lab::{AUTHORIZATION, Answer, Lab};
use axum::{body::Body, http::Request};
use serde_json::json;

const MIB: usize = 1024 * 1024;

fn post(operation: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post("/")
        .header("content-type", "application/x-amz-json-1.1")
        .header("authorization", AUTHORIZATION)
        .header("x-amz-target", format!("AWSCognitoIdentityProviderService.{operation}"))
        .body(body.into())
        .unwrap()
}

#[track_caller]
fn check(what: &str, answer: &Answer, expected: &str) {
    assert!(answer.status.is_client_error(), "{what}: {} {}", answer.status, answer.text);
    assert_eq!(answer.headers["x-amzn-errortype"], expected, "{what}: {}", answer.text);
    assert!(!answer.text.is_empty(), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_request() {
    let lab = Lab::sqlite().await;
    let nested =
        |open: &str, close: &str| format!("{{\"X\":{}{}}}", open.repeat(100_000), close.repeat(100_000));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("cut off", b"{\"PoolName\":".to_vec()),
        ("two objects", b"{}{}".to_vec()),
        ("a list", b"[]".to_vec()),
        ("a text", b"\"PoolName\"".to_vec()),
        ("null", b"null".to_vec()),
        ("a NUL byte", b"{\"PoolName\":\"a\0b\"}".to_vec()),
        ("a NUL byte behind", b"{\"PoolName\":\"a\"}\0".to_vec()),
        ("invalid UTF-8", b"{\"PoolName\":\"\xff\xfe\"}".to_vec()),
        ("half of a surrogate pair", b"{\"PoolName\":\"\\ud800\"}".to_vec()),
        ("a byte order mark", b"\xef\xbb\xbf{\"PoolName\":\"a\"}".to_vec()),
        ("lists in lists", nested("[", "]").into_bytes()),
        ("objects in objects", nested("{\"X\":", "}").replace(":}", ":1}").into_bytes()),
        ("lists without an end", "[".repeat(MIB - 1).into_bytes()),
        ("a huge number", b"{\"PoolName\":1e99999}".to_vec()),
        ("a number for a text", b"{\"PoolName\":1}".to_vec()),
        ("a text for a list", b"{\"PoolName\":\"a\",\"AliasAttributes\":\"email\"}".to_vec()),
        ("an object for a list", b"{\"PoolName\":\"a\",\"AliasAttributes\":{\"0\":\"email\"}}".to_vec()),
        ("a list for an object", b"{\"PoolName\":\"a\",\"Policies\":[]}".to_vec()),
        (
            "a fraction",
            b"{\"PoolName\":\"a\",\"Policies\":{\"PasswordPolicy\":{\"MinimumLength\":8.5}}}".to_vec(),
        ),
        ("a form", b"PoolName=a".to_vec()),
        ("XML", b"<CreateUserPool><PoolName>a</PoolName></CreateUserPool>".to_vec()),
    ];
    for (what, body) in cases {
        check(what, &lab.send(post("CreateUserPool", body)).await, "SerializationException");
    }
    for (what, body, expected) in [
        ("nothing", String::new(), "InvalidParameterException"),
        ("spaces", " \r\n\t".to_owned(), "InvalidParameterException"),
        ("a NUL character", "{\"PoolName\":\"a\\u0000b\"}".to_owned(), "InvalidParameterException"),
        ("too many bytes", "x".repeat(MIB + 1), "RequestEntityTooLargeException"),
        ("10 MB", format!("{{\"PoolName\":\"{}\"}}", "x".repeat(10 * MIB)), "RequestEntityTooLargeException"),
    ] {
        check(what, &lab.send(post("CreateUserPool", body)).await, expected);
    }
    assert_eq!(lab.admin("ListUserPools", json!({"MaxResults": 10})).await.ok()["UserPools"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_are_no_request() {
    let lab = Lab::sqlite().await;
    let target = "AWSCognitoIdentityProviderService.ListUserPools";
    let build =
        |request: axum::http::request::Builder| request.body(Body::from("{\"MaxResults\":1}")).unwrap();
    let unknown = "UnknownOperationException";
    for (what, request, expected) in [
        ("GET", build(Request::get("/").header("x-amz-target", target)), unknown),
        ("PUT", build(Request::put("/").header("x-amz-target", target)), unknown),
        ("an odd method", build(Request::builder().method("BREW").uri("/")), unknown),
        ("no target", build(Request::post("/")), unknown),
        ("an empty target", build(Request::post("/").header("x-amz-target", "")), unknown),
        (
            "a target without a dot",
            build(Request::post("/").header("x-amz-target", "ListUserPools")),
            unknown,
        ),
        ("a longer target", build(Request::post("/").header("x-amz-target", format!("{target}.x"))), unknown),
        (
            "a target in other case",
            build(Request::post("/").header("x-amz-target", target.to_lowercase())),
            unknown,
        ),
        (
            "two targets",
            build(Request::post("/").header("x-amz-target", target).header("x-amz-target", target)),
            unknown,
        ),
        ("a target of bytes", build(Request::post("/").header("x-amz-target", &b"\xff.\xfe"[..])), unknown),
        (
            "a web form",
            build(
                Request::post("/")
                    .header("x-amz-target", target)
                    .header("authorization", AUTHORIZATION)
                    .header("content-type", "application/x-www-form-urlencoded"),
            ),
            "SerializationException",
        ),
        (
            "a content type of bytes",
            build(
                Request::post("/")
                    .header("x-amz-target", target)
                    .header("authorization", AUTHORIZATION)
                    .header("content-type", &b"\xff"[..]),
            ),
            "SerializationException",
        ),
        (
            "no signature",
            build(Request::post("/").header("x-amz-target", target)),
            "MissingAuthenticationTokenException",
        ),
        ("an unknown path", build(Request::get("/a/../../etc/passwd")), unknown),
        ("a path of escapes", build(Request::get("/%00%ff/.well-known/jwks.json")), unknown),
        (
            "an unknown pool",
            build(Request::get("/us-east-1_x/.well-known/jwks.json")),
            "ResourceNotFoundException",
        ),
        (
            "a path without its parts",
            build(Request::get("/identitypools/%ff/identities/x/datasets")),
            unknown,
        ),
    ] {
        check(what, &lab.send(request).await, expected);
    }
    assert_eq!(lab.get("/_cognate/nothing").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_that_are_no_request() {
    let lab = Lab::sqlite().await;
    let form = |body: String| {
        Request::post("/")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", AUTHORIZATION)
            .body(Body::from(body))
            .unwrap()
    };
    for (what, body, expected) in [
        ("nothing", String::new(), "InvalidAction"),
        ("no action", "Version=2011-06-15".to_owned(), "InvalidAction"),
        ("an unknown action", "Action=Nothing".to_owned(), "InvalidAction"),
        ("too many fields", format!("Action=AssumeRole{}", "&a=b".repeat(10_000)), "MalformedInput"),
        ("a text for a number", "Action=GetSessionToken&DurationSeconds=x".to_owned(), "MalformedInput"),
        ("escapes that end early", "Action=AssumeRole&RoleArn=%".to_owned(), "ValidationError"),
        ("bytes", "Action=AssumeRole&RoleArn=%ff%00".to_owned(), "ValidationError"),
    ] {
        let answer = lab.send(form(body)).await;
        check(what, &answer, expected);
        assert!(answer.text.starts_with("<ErrorResponse "), "{what}: {}", answer.text);
    }
}

/// PostgreSQL cannot store NUL characters, so that neither engine does.
async fn nul_characters_reach_no_store(lab: Lab) {
    let pool = lab.admin("CreateUserPool", json!({"PoolName": "p"})).await.ok()["UserPool"]["Id"].clone();
    let client = json!({"UserPoolId": pool, "ClientName": "c"});
    let client = lab.admin("CreateUserPoolClient", client).await.ok()["UserPoolClient"]["ClientId"].clone();
    for (operation, input) in [
        ("AdminCreateUser", json!({"UserPoolId": pool, "Username": "a\0"})),
        ("AdminGetUser", json!({"UserPoolId": pool, "Username": "a\0"})),
        (
            "AdminCreateUser",
            json!({"UserPoolId": pool, "Username": "a",
                                       "UserAttributes": [{"Name": "nickname", "Value": "a\0b"}]}),
        ),
        ("CreateGroup", json!({"UserPoolId": pool, "GroupName": "g", "Description": "a\0b"})),
        ("ListUsers", json!({"UserPoolId": pool, "Filter": "username = \"a\0\""})),
        ("ListUsers", json!({"UserPoolId": pool, "PaginationToken": "a\0"})),
        (
            "SignUp",
            json!({"ClientId": client, "Username": "a", "Password": "Correct-horse-1",
                              "UserAttributes": [{"Name": "email", "Value": "a\0@example.com"}]}),
        ),
        (
            "InitiateAuth",
            json!({"ClientId": client, "AuthFlow": "USER_SRP_AUTH",
                                    "AuthParameters": {"USERNAME": "a\0", "SRP_A": "ab\0"}}),
        ),
    ] {
        let answer = lab.admin(operation, input).await;
        // A search for what cannot exist may also find nothing.
        assert!(answer.status.as_u16() < 500, "{operation}: {}", answer.text);
        assert!(operation == "ListUsers" || answer.status == 400, "{operation}: {}", answer.text);
    }
    assert_eq!(lab.admin("ListUsers", json!({"UserPoolId": pool})).await.ok()["Users"], json!([]));
    assert_eq!(lab.admin("ListGroups", json!({"UserPoolId": pool})).await.ok()["Groups"], json!([]));
}

both_engines!(nul_characters_reach_no_store);

#[tokio::test(flavor = "multi_thread")]
async fn damaged_requests_never_fail() {
    let lab = Lab::sqlite().await;
    let pool = lab.admin("CreateUserPool", json!({"PoolName": "p"})).await.ok()["UserPool"]["Id"].clone();
    let whole = json!({
        "UserPoolId": pool,
        "ClientName": "c",
        "GenerateSecret": true,
        "RefreshTokenValidity": 30,
        "TokenValidityUnits": {"RefreshToken": "days"},
        "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"],
        "ReadAttributes": ["email", "name"],
    });
    let whole = whole.to_string().into_bytes();
    // Every position is changed, by bytes that are chosen by the position, so that each run is the same.
    for (i, replacement) in (0..whole.len()).zip(b"\"{}[]:,0-\\ \0\xff".iter().cycle()) {
        let mut body = whole.clone();
        match i % 3 {
            0 => body[i] = *replacement,
            1 => body.insert(i, *replacement),
            _ => drop(body.remove(i)),
        }
        let answer = lab.send(post("CreateUserPoolClient", body.clone())).await;
        assert!(answer.status.as_u16() < 500, "{}: {}", String::from_utf8_lossy(&body), answer.text);
    }
    for cut in 0..whole.len() {
        let answer = lab.send(post("CreateUserPoolClient", whole[..cut].to_vec())).await;
        assert!(answer.status.is_client_error(), "cut at {cut}: {}", answer.text);
    }
}
