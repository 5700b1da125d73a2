//! Cases 47 and 48: headers that name another host, and what belongs to another pool.

use crate::{
    lab::{AUTHORIZATION, Lab, MASTER_KEY},
    scene::{PASSWORD, Scene, claims},
    srp_client::SrpClient,
};
use axum::{body::Body, http::Request};
use serde_json::{Value, json};

/// Headers by which a request says that it came to another host.
const FOREIGN: [(&str, &str); 7] = [
    ("host", "evil.example"),
    ("forwarded", "host=evil.example;proto=http"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-proto", "javascript"),
    ("x-forwarded-for", "not an address"),
    ("x-original-url", "https://evil.example/"),
    ("origin", "https://evil.example"),
];

async fn case_47_headers_name_no_issuer_and_no_link(lab: Lab) {
    let scene = Scene::with(&lab, json!({"AutoVerifiedAttributes": ["email"]}), json!({})).await;
    scene.user("jane", json!([{"Name": "email", "Value": "jane@example.com"}, {"Name": "email_verified", "Value": "true"}])).await;
    let sign_in = json!({"ClientId": scene.client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "jane", "PASSWORD": PASSWORD}});
    let tokens = lab.call_with("InitiateAuth", sign_in, &FOREIGN).await.ok();
    let issuer = format!("http://localhost:9229/{}", scene.pool);
    for token in ["IdToken", "AccessToken"] {
        assert_eq!(claims(&tokens["AuthenticationResult"][token])["iss"], issuer);
    }
    let mut request = Request::get(format!("/{}/.well-known/openid-configuration", scene.pool));
    for (name, value) in FOREIGN {
        request = request.header(name, value);
    }
    let discovery = lab.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(discovery.json()["issuer"], issuer);
    assert!(!discovery.text.contains("evil"));
    lab.call_with("ForgotPassword", json!({"ClientId": scene.client, "Username": "jane"}), &FOREIGN)
        .await
        .ok();
    assert!(!lab.get("/_cognate/outbox?to=jane").await.text.contains("evil"));
}

/// A proxy that keeps `Host` and says nothing else of itself asks for strangers: the host of the public URL is no proof
/// of being on this machine.
async fn case_47_a_silent_proxy_is_not_this_machine(lab: Lab) {
    let public = "https://auth.example.com".to_owned();
    let lab = lab.another(MASTER_KEY, |config| config.public_url = public).await.unwrap();
    for (path, method) in [
        ("/_cognate/metrics", "GET"),
        ("/_cognate/outbox", "GET"),
        ("/_cognate/clock", "GET"),
        ("/_cognate/reset", "POST"),
    ] {
        for (hosts, expected) in [
            (&["auth.example.com"][..], 403),
            (&["localhost", "auth.example.com"], 403),
            (&["localhost:9229"], 200),
        ] {
            let request = Request::builder().method(method).uri(path);
            let request = hosts.iter().fold(request, |request, host| request.header("host", *host));
            let answer = lab.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, expected, "{path} {hosts:?}");
        }
    }
    for (host, is_open) in [("auth.example.com", false), ("localhost:9229", true)] {
        let headers = [("authorization", AUTHORIZATION), ("host", host)];
        let answer = lab.call_with("ListUserPools", json!({"MaxResults": 1}), &headers).await;
        assert_eq!(answer.status == 200, is_open, "{host}: {}", answer.text);
    }
}

/// No operation reaches from one pool into another, whichever of its arguments is the other's.
async fn case_48_a_pool_is_closed_to_the_others(lab: Lab) {
    let (here, there) = (Scene::new(&lab).await, Scene::new(&lab).await);
    let sub = here.user("jane", json!([])).await;
    there.user("mary", json!([])).await;
    here.admin("CreateGroup", json!({"GroupName": "g"})).await;
    let (tokens, marys) = (here.tokens("jane").await, there.tokens("mary").await);
    let admin = async |operation: &str, request: Value| lab.admin(operation, request).await.error().0;
    for name in ["jane", &sub] {
        for operation in [
            "AdminGetUser",
            "AdminDeleteUser",
            "AdminDisableUser",
            "AdminUserGlobalSignOut",
            "AdminResetUserPassword",
        ] {
            assert_eq!(
                admin(operation, json!({"UserPoolId": there.pool, "Username": name})).await,
                "UserNotFoundException"
            );
        }
    }
    for (pool, client) in [(&there.pool, &here.client), (&here.pool, &there.client)] {
        let flow = json!({"UserPoolId": pool, "ClientId": client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "jane", "PASSWORD": PASSWORD}});
        assert_eq!(admin("AdminInitiateAuth", flow).await, "ResourceNotFoundException");
        for operation in [
            "DescribeUserPoolClient",
            "DeleteUserPoolClient",
            "UpdateUserPoolClient",
            "ListUserPoolClientSecrets",
        ] {
            assert_eq!(
                admin(operation, json!({"UserPoolId": pool, "ClientId": client})).await,
                "ResourceNotFoundException"
            );
        }
    }
    assert_eq!(
        admin("AdminAddUserToGroup", json!({"UserPoolId": there.pool, "Username": "mary", "GroupName": "g"}))
            .await,
        "ResourceNotFoundException"
    );
    let refresh =
        there.initiate("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": tokens["RefreshToken"]})).await;
    refresh.refused("NotAuthorizedException", "Invalid Refresh Token");
    // The payload of one pool's token under the signature of another's.
    let part = |token: &Value, i: usize| token.as_str().unwrap().split('.').nth(i).unwrap().to_owned();
    let (access, other) = (&tokens["AccessToken"], &marys["AccessToken"]);
    for parts in [
        [part(access, 0), part(other, 1), part(access, 2)],
        [part(other, 0), part(access, 1), part(other, 2)],
    ] {
        let token = parts.join(".");
        assert_eq!(
            lab.call("GetUser", json!({"AccessToken": token})).await.error().0,
            "NotAuthorizedException"
        );
    }
    here.tokens("jane").await;
}

/// Two pools with one user's name and password: neither SECRET_BLOCK nor session nor code is good in the other.
async fn case_48_proofs_do_not_travel_between_pools(lab: Lab) {
    let (here, there) = (Scene::new(&lab).await, Scene::new(&lab).await);
    for scene in [&here, &there] {
        scene.user("jane", json!([{"Name": "email", "Value": "jane@example.com"}, {"Name": "email_verified", "Value": "true"}])).await;
        scene
            .admin(
                "AdminCreateUser",
                json!({"Username": "new", "TemporaryPassword": "Temporary-9", "MessageAction": "SUPPRESS"}),
            )
            .await;
    }
    let session = here.sign_in("new", "Temporary-9").await.ok()["Session"].clone();
    let answer = json!({"USERNAME": "new", "NEW_PASSWORD": PASSWORD});
    there
        .respond("NEW_PASSWORD_REQUIRED", &session, answer)
        .await
        .refused("NotAuthorizedException", "Invalid session for the user.");
    let client = SrpClient::new();
    let first =
        here.initiate("USER_SRP_AUTH", json!({"USERNAME": "jane", "SRP_A": client.srp_a()})).await.ok();
    let proof =
        client.answer(&there.pool, &first["ChallengeParameters"], PASSWORD, &crate::scene::timestamp(&lab));
    there
        .respond("PASSWORD_VERIFIER", &Value::Null, proof)
        .await
        .refused("NotAuthorizedException", "Incorrect username or password.");
    lab.call("ForgotPassword", json!({"ClientId": here.client, "Username": "jane"})).await.ok();
    let code = lab.code_for("jane@example.com").await;
    lab.call("ForgotPassword", json!({"ClientId": there.client, "Username": "jane"})).await.ok();
    let reset = json!({"ClientId": there.client, "Username": "jane", "ConfirmationCode": code, "Password": "Another-Horse9"});
    if lab.code_for("jane@example.com").await != code {
        lab.call("ConfirmForgotPassword", reset)
            .await
            .refused("CodeMismatchException", "Invalid verification code provided, please try again.");
    }
}

/// Case 44: a page token is good for one list of one pool.
async fn case_44_a_page_token_of_another_list_is_refused(lab: Lab) {
    let (here, there) = (Scene::new(&lab).await, Scene::new(&lab).await);
    for scene in [&here, &there] {
        for name in ["a", "b"] {
            scene.user(name, json!([])).await;
            scene.admin("CreateGroup", json!({"GroupName": name})).await;
            scene.admin("AdminAddUserToGroup", json!({"Username": "a", "GroupName": name})).await;
        }
    }
    let users = here.admin("ListUsers", json!({"Limit": 1})).await["PaginationToken"].clone();
    let groups = here.admin("ListGroups", json!({"Limit": 1})).await["NextToken"].clone();
    here.admin("ListUsers", json!({"Limit": 1, "PaginationToken": users})).await;
    let sql = json!("'OR/**/1=1;DROP/**/TABLE/**/users;--");
    let requests = [
        ("ListUsers", json!({"UserPoolId": there.pool, "PaginationToken": users})),
        (
            "ListUsers",
            json!({"UserPoolId": here.pool, "PaginationToken": users, "Filter": "username ^= \"\""}),
        ),
        ("ListUsers", json!({"UserPoolId": here.pool, "PaginationToken": groups})),
        ("ListUsers", json!({"UserPoolId": here.pool, "PaginationToken": sql})),
        ("ListGroups", json!({"UserPoolId": there.pool, "NextToken": groups})),
        ("ListGroups", json!({"UserPoolId": here.pool, "NextToken": users})),
        ("AdminListGroupsForUser", json!({"UserPoolId": here.pool, "Username": "a", "NextToken": groups})),
        ("ListUsersInGroup", json!({"UserPoolId": here.pool, "GroupName": "a", "NextToken": users})),
        ("ListUserPools", json!({"MaxResults": 1, "NextToken": groups})),
        ("ListUserPoolClients", json!({"UserPoolId": here.pool, "NextToken": groups})),
    ];
    for (operation, request) in requests {
        lab.admin(operation, request).await.refused("InvalidParameterException", "Invalid pagination token");
    }
    assert_eq!(here.admin("ListUsers", json!({})).await["Users"].as_array().unwrap().len(), 2);
}

/// Case 44: bodies that are no JSON, or JSON of the wrong kind, to every operation.
async fn case_44_no_body_breaks_any_operation(lab: Lab) {
    let deep = format!("{{\"UserPoolId\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let bodies: [&[u8]; 9] = [
            b"{", b"[]", b"null", b"\"x\"", b"{\"Username\":\"\xff\"}", b"{\"Username\":\"\\ud800\"}", b"{\"UserPoolId\":1e999}",
            b"{\"UserPoolId\":{\"a\":[1]},\"ClientId\":[null],\"AccessToken\":7,\"MaxResults\":\"x\",\"Username\":{},\"Session\":[]}",
            deep.as_bytes(),
        ];
    for operation in spec::cognito_idp::Operation::ALL {
        for body in bodies {
            let name = operation.spec().name;
            let request = Request::post("/")
                .header("content-type", "application/x-amz-json-1.1")
                .header("authorization", AUTHORIZATION)
                .header("x-amz-target", format!("AWSCognitoIdentityProviderService.{name}"));
            let answer = lab.send(request.body(body.to_vec().into()).unwrap()).await;
            assert!(
                answer.status.is_client_error() || answer.status == 501,
                "{name}: {} {}",
                answer.status,
                answer.text
            );
        }
    }
}

both_engines!(
    case_47_headers_name_no_issuer_and_no_link,
    case_47_a_silent_proxy_is_not_this_machine,
    case_48_a_pool_is_closed_to_the_others,
    case_48_proofs_do_not_travel_between_pools,
    case_44_a_page_token_of_another_list_is_refused,
    case_44_no_body_breaks_any_operation
);
