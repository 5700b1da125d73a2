//! How many requests are let in: of an address, about a user, of a category; and who is believed about addresses.

use crate::{
    lab::{AUTHORIZATION, Answer, Lab},
    operation::outcomes,
    scene::{PASSWORD, Scene},
    signer::Signer,
};
use axum::{body::Body, http::Request};
use cognate::{audit, config::Rates, http::route::Peer};
use rules::quotas::Category;
use serde_json::{Value, json};
use std::{collections::BTreeMap, num::NonZeroU32};
use store::events::{self, Wanted};

const REFUSAL: (&str, &str) = ("TooManyRequestsException", "Rate exceeded");

/// A call over a socket whose other end is `peer`.
/// Calls an operation as from an address.
pub async fn call_from(
    lab: &Lab,
    peer: &str,
    headers: &[(&str, &str)],
    operation: &str,
    input: Value,
) -> Answer {
    let mut request = Request::post("/")
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", format!("AWSCognitoIdentityProviderService.{operation}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::from(input.to_string())).unwrap();
    request.extensions_mut().insert(Peer(peer.parse().unwrap()));
    lab.send(request).await
}

async fn get_from(lab: &Lab, peer: &str, path: &str) -> Answer {
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    request.extensions_mut().insert(Peer(peer.parse().unwrap()));
    lab.send(request).await
}

/// A sign-in of nobody, which is refused in words that depend on the rate limit alone.
fn stranger(scene: &Scene) -> Value {
    let parameters = json!({"USERNAME": "nobody", "PASSWORD": PASSWORD});
    json!({"ClientId": scene.client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters})
}

fn is_limited(answer: &Answer) -> bool {
    let (name, text) = answer.error();
    (name.as_str(), text.as_str()) == REFUSAL
}

fn one_per_address() -> Rates {
    Rates { per_address: NonZeroU32::new(1), counts_local: true, ..Rates::default() }
}

#[tokio::test]
async fn an_address_is_refused_without_being_recorded_and_others_are_not() {
    let lab = Lab::with_settings(|config| config.rates = one_per_address()).await;
    let scene = Scene::new(&lab).await;
    audit::flush(&lab.app).await.unwrap();
    let sign_in = async |peer| call_from(&lab, peer, &[], "InitiateAuth", stranger(&scene)).await;
    for expected in [false, false, true, true] {
        assert_eq!(is_limited(&sign_in("192.0.2.1").await), expected);
    }
    assert!(!is_limited(&sign_in("192.0.2.2").await));
    let jwks = format!("/{}/.well-known/jwks.json", scene.pool);
    assert_eq!(get_from(&lab, "192.0.2.1", &jwks).await.status, 429);
    assert_eq!(get_from(&lab, "192.0.2.3", &jwks).await.status, 200);
    assert_eq!(get_from(&lab, "192.0.2.1", "/_cognate/health/ready").await.status, 200);

    let signed = [("authorization", AUTHORIZATION)];
    for _ in 0..5 {
        call_from(&lab, "192.0.2.1", &signed, "ListUserPools", json!({"MaxResults": 10})).await.ok();
    }
    let metrics = lab.get("/_cognate/metrics").await.text;
    assert!(metrics.contains("cognate_rate_limited_total{limit=\"address\"} 3\n"), "{metrics}");

    audit::flush(&lab.app).await.unwrap();
    let since = Wanted { pool_id: Some(scene.pool.as_str().into()), ..Wanted::default() };
    let trail = lab.app.db.read(move |tx| events::list(tx, &since, "", 100)).await.unwrap().events;
    assert!(trail.iter().all(|event| event.outcome != REFUSAL.0), "{trail:?}");
    lab.advance(1);
    assert!(!is_limited(&sign_in("192.0.2.1").await));
    lab.remove().await;
}

#[tokio::test]
async fn what_nobody_answers_is_counted_too() {
    let lab = Lab::with_settings(|config| config.rates = one_per_address()).await;
    for (number, operation) in ["", "NoSuchOperation"].into_iter().enumerate() {
        let peer = format!("192.0.2.{number}");
        for expected in [false, false, true] {
            assert_eq!(is_limited(&call_from(&lab, &peer, &[], operation, json!({})).await), expected);
        }
    }
    for expected in [false, false, true] {
        let mut request = Request::post("/").header("content-type", "application/x-www-form-urlencoded");
        request.extensions_mut().unwrap().insert(Peer("192.0.2.9".parse().unwrap()));
        let answer = lab.send(request.body(Body::from("Action=NoSuchAction")).unwrap()).await;
        assert_eq!(answer.text.contains("Rate exceeded"), expected);
    }
}

#[tokio::test]
async fn who_cannot_sign_is_counted_for_its_address() {
    let lab = Lab::with_settings(|config| {
        config.rates = one_per_address();
        config.limits.connections_per_address_max = 2;
        config.development = false;
    })
    .await;
    let signed = [("authorization", AUTHORIZATION)];
    let mut names = Vec::new();
    for _ in 0..4 {
        let answer = call_from(&lab, "192.0.2.1", &signed, "ListUserPools", json!({"MaxResults": 10})).await;
        names.push(answer.error().0);
    }
    assert_eq!(names[2..], [REFUSAL.0, REFUSAL.0], "{names:?}");
    assert!(!names[..2].iter().any(|name| name == REFUSAL.0), "{names:?}");
    lab.remove().await;
}

/// From an address that has used up its wrong signatures a right one is refused as well: nobody has looked at it.
#[tokio::test]
async fn who_cannot_sign_is_counted_before_anything_is_looked_up() {
    let lab = Lab::with_settings(|config| {
        config.rates = one_per_address();
        config.limits.connections_per_address_max = 3;
        config.development = false;
    })
    .await;
    let policy = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    let right = Signer::with_policy(&lab, "ann", &policy).await;
    let wrong = Signer { secret: "x".repeat(40), ..right.clone() };
    let list = async |signer: &Signer, peer: &str| {
        let signed = signer.call("ListUserPools", json!({"MaxResults": 10}));
        let mut request = signed.request();
        request.extensions_mut().insert(Peer(peer.parse().unwrap()));
        let answer = lab.send(request).await;
        match answer.status.as_u16() {
            200 => String::new(),
            500.. => answer.failure().0,
            _ => answer.error().0,
        }
    };
    for _ in 0..10 {
        assert_eq!(list(&right, "192.0.2.1").await, "", "what proves good is not counted");
    }
    for expected in [["InvalidSignatureException"; 3], [REFUSAL.0; 3]].concat() {
        assert_eq!(list(&wrong, "192.0.2.1").await, expected);
    }
    assert_eq!(list(&right, "192.0.2.1").await, REFUSAL.0);
    assert_eq!(list(&right, "192.0.2.2").await, "");
    assert_eq!(outcomes(&lab, "ListUserPools").await, ["InvalidSignatureException"; 3]);
    lab.advance(2);
    assert_eq!(list(&right, "192.0.2.1").await, "");
    // A failure of the server's own counts against nobody.
    lab.app.db.close().await;
    lab.advance(2);
    for _ in 0..10 {
        assert_eq!(list(&right, "192.0.2.3").await, "InternalErrorException");
    }
    lab.remove().await;
}

#[tokio::test]
async fn only_a_trusted_proxy_says_where_a_request_came_from() {
    let lab = Lab::with_settings(|config| {
        config.rates = one_per_address();
        config.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    })
    .await;
    let scene = Scene::new(&lab).await;
    let sign_in = async |peer, forwarded: &str| {
        let headers = [("x-forwarded-for", forwarded)];
        is_limited(&call_from(&lab, peer, &headers, "InitiateAuth", stranger(&scene)).await)
    };
    // A stranger who invents an address for each request is still one.
    let mut refused = 0;
    for n in 0..5 {
        refused += usize::from(sign_in("192.0.2.1", &format!("198.51.100.{n}")).await);
    }
    assert_eq!(refused, 3);
    // So is one behind the proxy, which appends the true address.
    let mut refused = 0;
    for n in 0..5 {
        refused += usize::from(sign_in("10.0.0.1", &format!("198.51.100.{n}, 203.0.113.7")).await);
    }
    assert_eq!(refused, 3);
    for n in 0..5 {
        assert!(!sign_in("10.0.0.1", &format!("198.51.100.{n}")).await);
    }

    audit::flush(&lab.app).await.unwrap();
    let wanted = Wanted { pool_id: Some(scene.pool.as_str().into()), ..Wanted::default() };
    let trail = lab.app.db.read(move |tx| events::list(tx, &wanted, "", 100)).await.unwrap().events;
    let seen: Vec<&str> = trail.iter().filter_map(|event| event.address.as_deref()).collect();
    assert_eq!(
        seen,
        [
            ["192.0.2.1"; 2].as_slice(),
            &["203.0.113.7"; 2],
            &["198.51.100.0", "198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4"],
        ]
        .concat()
    );
    lab.remove().await;
}

#[tokio::test]
async fn a_user_has_a_rate_by_name_and_by_token() {
    let rates = Rates { per_user: NonZeroU32::new(2), ..Rates::default() };
    let lab = Lab::with_settings(|config| config.rates = rates).await;
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    scene.user("mary", json!([])).await;
    lab.advance(2);
    let tokens = scene.tokens("jane").await;
    lab.advance(2);
    for expected in [false, false, false, false, true] {
        let answer = scene.sign_in("Jane", "Wrong-Horse9").await;
        assert_eq!(is_limited(&answer), expected, "{}", answer.text);
    }
    scene.sign_in("mary", PASSWORD).await.ok();

    lab.advance(2);
    let (access, refresh) = (&tokens["AccessToken"], &tokens["RefreshToken"]);
    for _ in 0..2 {
        lab.call("GetUser", json!({"AccessToken": access})).await.ok();
        scene.initiate("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": refresh})).await.ok();
    }
    let answer = lab.call("GetUser", json!({"AccessToken": access})).await;
    assert!(is_limited(&answer), "{}", answer.text);
    let answer = scene.initiate("REFRESH_TOKEN_AUTH", json!({"REFRESH_TOKEN": refresh})).await;
    assert!(is_limited(&answer), "{}", answer.text);
    lab.remove().await;
}

/// Who shows a token is known only after the category was counted.
#[tokio::test]
async fn a_user_beyond_the_rate_leaves_the_category_to_others() {
    let rate = |n| NonZeroU32::new(n).unwrap();
    let categories = BTreeMap::from([(Category::UserRead, rate(6)), (Category::UserAuthentication, rate(6))]);
    let lab = Lab::with_settings(|config| {
        config.rates = Rates { categories, per_user: Some(rate(1)), ..Rates::default() };
    })
    .await;
    let scene = Scene::new(&lab).await;
    scene.user("jane", json!([])).await;
    scene.user("mary", json!([])).await;
    lab.advance(2);
    let (jane, mary) = (scene.tokens("jane").await, scene.tokens("mary").await);
    let get = async |tokens: &Value| {
        let answer = lab.call("GetUser", json!({"AccessToken": tokens["AccessToken"]})).await;
        answer.status != 200 && is_limited(&answer)
    };
    let refresh = async |tokens: &Value| {
        let token = json!({"REFRESH_TOKEN": tokens["RefreshToken"]});
        let answer = scene.initiate("REFRESH_TOKEN_AUTH", token).await;
        answer.status != 200 && is_limited(&answer)
    };
    lab.advance(2);
    for n in 0..10 {
        assert_eq!(get(&jane).await, n >= 2, "{n}");
    }
    assert!(!get(&mary).await);
    lab.advance(2);
    for n in 0..10 {
        assert_eq!(refresh(&jane).await, n >= 2, "{n}");
    }
    assert!(!refresh(&mary).await);
    lab.remove().await;
}

#[tokio::test]
async fn a_category_has_a_rate_and_an_operation_one_for_each_pool() {
    let categories = BTreeMap::from([(Category::UserPoolClientRead, NonZeroU32::new(8).unwrap())]);
    let rates = Rates { categories, per_pool: true, ..Rates::default() };
    let lab = Lab::with_settings(|config| config.rates = rates).await;
    let (one, other) = (Scene::new(&lab).await, Scene::new(&lab).await);
    let list = async |pool: &str| {
        let answer = lab.admin("ListUserPoolClients", json!({"UserPoolId": pool})).await;
        answer.status != 200 && is_limited(&answer)
    };
    for _ in 0..5 {
        assert!(!list(&one.pool).await);
    }
    assert!(list(&one.pool).await, "five of one pool");
    for _ in 0..3 {
        assert!(!list(&other.pool).await, "what was refused for its pool is not one of the eight");
    }
    assert!(list(&other.pool).await, "eight of all");
    lab.admin("ListUsers", json!({"UserPoolId": one.pool})).await.ok();
    lab.advance(1);
    assert!(!list(&one.pool).await);
    lab.remove().await;
}
