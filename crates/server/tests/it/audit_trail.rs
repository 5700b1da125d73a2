//! What strangers can do to the audit trail, and what must stand in it whatever they do.

use crate::{
    lab::{Answer, Lab, MASTER_KEY},
    operation::trail,
    scene::{PASSWORD, Scene},
    signer::Signer,
};
use axum::{body::Body, http::Request};
use cognate::{
    audit::Record,
    http::{call_facts::CallFacts, route::Peer},
    jobs,
};
use rules::endpoints::Endpoint;
use serde_json::{Value, json};
use spec::cognito_idp::Operation;
use store::events::{Event, Wanted};

async fn all(lab: &Lab) -> Vec<Event> {
    trail(lab, Wanted::default()).await
}

async fn of(lab: &Lab, operation: &str) -> Vec<Event> {
    all(lab).await.into_iter().filter(|event| event.operation == operation).collect()
}

async fn from(lab: &Lab, peer: [u8; 4], operation: &str, input: &Value) -> Answer {
    let mut request = Request::post("/")
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", format!("AWSCognitoIdentityProviderService.{operation}"))
        .body(Body::from(input.to_string()))
        .unwrap();
    request.extensions_mut().insert(Peer(peer.into()));
    lab.send(request).await
}

both_engines!(
    no_name_holds_up_the_trail,
    what_the_store_refuses_of_one_event_holds_up_no_other,
    what_people_type_is_not_kept_for_operators,
    every_attempt_without_the_right_is_recorded,
    a_flood_of_refusals_is_summed_up,
    a_flood_of_successes_about_nobody_is_summed_up,
    a_table_that_cannot_be_purged_holds_up_no_other,
    an_event_whose_user_cannot_be_looked_up_is_stored_without,
);

async fn no_name_holds_up_the_trail(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let before = all(&lab).await.len();
    let long = "x".repeat(100_000);
    let names = ["a\0b", "jane\0", "\u{1b}[2K\r\nforged", &long, "\u{202e}enaj"];
    for name in names {
        scene.sign_in(name, PASSWORD).await.error();
        let parameters = json!({"USERNAME": name, "PASSWORD": PASSWORD});
        let request = json!({"UserPoolId": scene.pool, "ClientId": scene.client,
            "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": parameters});
        lab.admin("AdminInitiateAuth", request).await.error();
        scene.respond("PASSWORD_VERIFIER", &Value::Null, json!({"USERNAME": name})).await.error();
    }
    scene.sign_in("jane", PASSWORD).await.ok();
    let events = all(&lab).await;
    assert_eq!(events.len(), before + 3 * names.len() + 1);
    let last = events.last().unwrap();
    assert_eq!((last.outcome.as_str(), last.username.as_deref()), ("Success", Some("jane")));
    let held = events.iter().flat_map(|event| [&event.username, &event.reason, &event.user_agent]).flatten();
    assert!(held.clone().all(|text| text.len() < 1_000 && !text.contains(char::is_control)));
    let metrics = lab.get("/_cognate/metrics").await.text;
    for line in ["cognate_audit_waiting 0\n", "cognate_audit_dropped 0\n", "cognate_audit_stripped 0\n"] {
        assert!(metrics.contains(line), "{metrics}");
    }
}

async fn what_the_store_refuses_of_one_event_holds_up_no_other(lab: Lab) {
    let scene = Scene::new(&lab).await;
    let facts = CallFacts { pool_id: Some("us-east-1_\0".into()), ..CallFacts::default() };
    let asked = Endpoint::UserPools(Operation::SignUp);
    let record =
        Record { request_id: "poison", asked, error: None, reason: None, address: None, user_agent: None };
    lab.app.audit.record(lab.app.now(), &mut lab.app.random(), record, facts);
    scene.user("jane", json!([])).await;
    let events = all(&lab).await;
    let names: Vec<&str> = events.iter().map(|event| event.operation.as_str()).collect();
    assert_eq!(
        names,
        ["CreateUserPool", "CreateUserPoolClient", "SignUp", "AdminCreateUser", "AdminSetUserPassword"]
    );
    assert_eq!((events[2].request_id.as_str(), &events[2].pool_id), ("poison", &None));
    let metrics = lab.get("/_cognate/metrics").await.text;
    assert!(metrics.contains("cognate_audit_stripped 1\n"), "{metrics}");
}

async fn what_people_type_is_not_kept_for_operators(lab: Lab) {
    let scene = Scene::new(&lab).await;
    let typed = "hunter2-typed-into-the-wrong-field";
    for (operation, members) in [
        (
            "AdminInitiateAuth",
            json!({"AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": typed, "PASSWORD": PASSWORD}}),
        ),
        (
            "AdminRespondToAuthChallenge",
            json!({"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "x".repeat(30),
            "ChallengeResponses": {"USERNAME": typed, "NEW_PASSWORD": PASSWORD}}),
        ),
    ] {
        let pool = json!({"UserPoolId": scene.pool, "ClientId": scene.client});
        lab.admin(operation, crate::scene::merged(pool, members)).await.error();
    }
    let gone = json!({"UserPoolId": scene.pool, "Username": "gone"});
    lab.admin("AdminDisableUser", gone).await.error();
    let events = all(&lab).await;
    assert_eq!(events.len(), 5);
    assert!(!format!("{events:?}").contains("hunter2"), "{events:?}");
    assert_eq!(events[4].username.as_deref(), Some("gone"));
}

async fn every_attempt_without_the_right_is_recorded(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let tokens = scene.tokens("jane").await;
    let shown = json!({"AccessToken": tokens["AccessToken"]});
    lab.call("GlobalSignOut", shown.clone()).await.ok();
    lab.call("GetUser", shown.clone()).await.error();
    lab.call("GetUser", json!({"AccessToken": tokens["IdToken"]})).await.error();
    lab.call("GetUser", json!({"AccessToken": "eyJ.eyJ.x"})).await.error();
    lab.call("ListDevices", json!({"AccessToken": tokens["AccessToken"]})).await.error();
    lab.advance(86_400);
    lab.call("GetUser", shown).await.error();
    lab.call("ListUsers", json!({"UserPoolId": scene.pool})).await.error();
    let refused = of(&lab, "GetUser").await;
    let outcomes: Vec<&str> = refused.iter().map(|event| event.outcome.as_str()).collect();
    assert_eq!(outcomes, ["NotAuthorizedException"; 4], "revoked, of another kind, forged, expired");
    let unsigned = of(&lab, "ListUsers").await;
    assert_eq!(unsigned.len(), 1, "{unsigned:?}");
    assert_eq!(unsigned[0].outcome, "MissingAuthenticationTokenException");
    assert_eq!(of(&lab, "DescribeUserPool").await, [], "a question that may be asked");

    let closed = lab.another(MASTER_KEY, |config| config.development = false).await.unwrap();
    let policy =
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    let good = Signer::with_policy(&closed, "ann", &policy).await;
    let wrong = Signer { secret: "x".repeat(40), ..good.clone() };
    let unknown = Signer { id: "AKIAZZZZZZZZZZZZZZZZ".into(), ..good.clone() };
    for signer in [&wrong, &unknown] {
        closed.send(signer.call("ListUserPools", json!({"MaxResults": 1})).request()).await.error();
    }
    closed.call("ListUserPools", json!({"MaxResults": 1})).await.error();
    closed.send(good.call("ListUserPools", json!({"MaxResults": 1})).request()).await.ok();
    let identity = Request::post("/")
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "AWSCognitoIdentityService.ListIdentityPools")
        .body("{}".into())
        .unwrap();
    assert_eq!(closed.send(identity).await.status, 400);
    let claims: Vec<String> = of(&closed, "ListUserPools")
        .await
        .into_iter()
        .map(|e| format!("{} {} {}", e.outcome, e.actor_kind, e.actor.unwrap_or_default()))
        .collect();
    assert_eq!(
        claims,
        [
            format!("InvalidSignatureException claimed {}", good.id),
            "UnrecognizedClientException claimed AKIAZZZZZZZZZZZZZZZZ".to_owned(),
            "MissingAuthenticationTokenException anyone ".to_owned(),
        ]
    );
    assert_eq!(of(&closed, "ListIdentityPools").await.len(), 1);
}

async fn a_flood_of_refusals_is_summed_up(lab: Lab) {
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    let forged = json!({"AccessToken": "eyJ.eyJ.x"});
    for _ in 0..300 {
        from(&lab, [192, 0, 2, 1], "GetUser", &forged).await.error();
    }
    from(&lab, [192, 0, 2, 2], "GetUser", &forged).await.error();
    let events = of(&lab, "GetUser").await;
    assert_eq!(events.len(), 52, "the first fifty, one of another network, and a sum");
    let sum = events.iter().max_by_key(|event| event.times).unwrap();
    assert_eq!((sum.times, sum.address.as_deref()), (250, Some("192.0.2.1")));
    assert_eq!(events.iter().map(|event| event.times).sum::<i64>(), 301);
    // What went well and what an operator did is recorded each time.
    for _ in 0..60 {
        lab.admin("AdminDisableUser", json!({"UserPoolId": scene.pool, "Username": "nobody"})).await.error();
    }
    assert_eq!(of(&lab, "AdminDisableUser").await.len(), 60);
    lab.advance(600);
    from(&lab, [192, 0, 2, 1], "GetUser", &forged).await.error();
    assert_eq!(of(&lab, "GetUser").await.len(), 53, "a new window");
}

async fn a_flood_of_successes_about_nobody_is_summed_up(lab: Lab) {
    let client = json!({"PreventUserExistenceErrors": "ENABLED", "EnableTokenRevocation": true});
    let scene = Scene::with(&lab, json!({"AutoVerifiedAttributes": ["email"]}), client).await;
    let floods = [
        ("ForgotPassword", "Username", "nobody"),
        ("ResendConfirmationCode", "Username", "nobody"),
        ("RevokeToken", "Token", "a.b.c.d"),
    ];
    for (number, (operation, member, value)) in (1..).zip(floods) {
        for count in 0..200 {
            let input = json!({"ClientId": scene.client, member: format!("{value}{count}")});
            from(&lab, [192, 0, 2, number], operation, &input).await.ok();
        }
        let events = of(&lab, operation).await;
        assert_eq!(events.len(), 51, "{operation}");
        let sum = events.iter().max_by_key(|event| event.times).unwrap();
        assert_eq!((sum.times, sum.outcome.as_str()), (150, "Success"), "{operation}");
    }
    // What has ended already is ended no further.
    scene.user("jane", json!([])).await;
    let token = scene.tokens("jane").await["RefreshToken"].clone();
    let before = of(&lab, "RevokeToken").await.len();
    for _ in 0..200 {
        let input = json!({"ClientId": scene.client, "Token": token});
        from(&lab, [192, 0, 2, 8], "RevokeToken", &input).await.ok();
    }
    let events = of(&lab, "RevokeToken").await;
    assert_eq!(events.len() - before, 1 + 50 + 1, "what ended the token, and the first fifty, and a sum");
    // What somebody asks for is an event each time.
    for number in 0..60 {
        let name = format!("jane{number}");
        scene.reachable(&name).await;
        let input = json!({"ClientId": scene.client, "Username": name});
        from(&lab, [192, 0, 2, 9], "ForgotPassword", &input).await.ok();
    }
    let events = of(&lab, "ForgotPassword").await;
    assert_eq!(events.iter().filter(|event| event.username.is_some()).count(), 60);
}

async fn a_table_that_cannot_be_purged_holds_up_no_other(lab: Lab) {
    Scene::new(&lab).await;
    assert_eq!(all(&lab).await.len(), 2);
    lab.app.db.write(|tx| tx.execute("DROP TABLE attempts", &[])).await.unwrap();
    lab.advance(91 * 86_400);
    jobs::purge(&lab.app).await.unwrap_err();
    assert_eq!(all(&lab).await, []);
}

async fn an_event_whose_user_cannot_be_looked_up_is_stored_without(lab: Lab) {
    let scene = Scene::new(&lab).await;
    assert_eq!(all(&lab).await.len(), 2);
    lab.app.db.write(|tx| tx.execute("ALTER TABLE sign_in_names RENAME TO away", &[])).await.unwrap();
    assert_eq!(scene.sign_in("jane", PASSWORD).await.status, 500);
    let events = all(&lab).await;
    assert_eq!((events.len(), events[2].client_id.as_deref()), (3, Some(scene.client.as_str())));
    assert_eq!(lab.app.audit.stripped_count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_guard_stands_before_all_that_is_for_this_machine() {
    let lab = Lab::sqlite().await;
    let paths = [
        ("GET", "/_cognate/outbox"),
        ("GET", "/_cognate/outbox/code"),
        ("GET", "/_cognate/metrics"),
        ("GET", "/_cognate/clock"),
        ("POST", "/_cognate/clock"),
        ("POST", "/_cognate/reset"),
    ];
    let foreign = [
        ("host", "rebound.example"),
        ("origin", "https://evil.example"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-real-ip", "192.0.2.1"),
        ("forwarded", "for=192.0.2.1"),
        ("x-forwarded-host", "rebound.example"),
    ];
    let send = async |method: &str, path: &str, (name, value)| {
        lab.send(Request::builder().method(method).uri(path).header(name, value).body(Body::empty()).unwrap())
            .await
    };
    for (method, path) in paths {
        for header in foreign {
            let answer = send(method, path, header).await;
            assert_eq!(answer.status, 403, "{method} {path} {header:?}");
            assert!(!answer.headers.contains_key("access-control-allow-origin"));
        }
        let at_home = send(method, path, ("host", "localhost:9229")).await;
        assert!([200, 400, 404].contains(&at_home.status.as_u16()), "{path}: {}", at_home.text);
    }
    for header in foreign {
        assert_eq!(send("GET", "/_cognate/health/live", header).await.status, 200, "load balancers ask");
    }
    assert_eq!(send("GET", "/_cognate/nothing", ("host", "localhost")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_understood_under_cognate_is_not_done() {
    let lab = Lab::sqlite().await;
    let scene = Scene::new(&lab).await;
    for path in ["/_cognate/outbox/code?email=jane", "/_cognate/outbox?to=jane&to=mary"] {
        assert_eq!(lab.get(path).await.status, 400, "{path}");
    }
    for (path, body) in [
        ("/_cognate/reset", r#"{"pool": "us-east-1_x"}"#),
        ("/_cognate/reset?pool=us-east-1_x", ""),
        ("/_cognate/clock?advance_seconds=60", r#"{"advance_seconds": 60}"#),
        ("/_cognate/clock", &" ".repeat(5_000)),
    ] {
        let status = lab.send(Request::post(path).body(body.to_owned().into()).unwrap()).await.status;
        assert!([400, 413].contains(&status.as_u16()), "{path}: {status}");
    }
    assert_eq!(scene.admin("DescribeUserPool", json!({})).await["UserPool"]["Id"], json!(scene.pool));
}
