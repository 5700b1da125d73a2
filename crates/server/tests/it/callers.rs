//! Who may administer: signatures, access keys and their policies, with administration closed.

use crate::{
    lab::{Answer, BEGINNING_MS, Lab, MASTER_KEY},
    signer::{Signed, Signer},
};
use axum::{body::Body, http::Request};
use cognate::secrets::{master_keys, random::SystemRandom, vault::KeyId};
use serde_json::{Value, json};
use spec::Service;

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your \
                        AWS Secret Access Key and signing method. Consult the service documentation for details.";
const BAD_TOKEN: &str = "The security token included in the request is invalid.";

async fn closed(lab: &Lab) -> Lab {
    lab.another(MASTER_KEY, |config| config.development = false).await.unwrap()
}

fn everything() -> Value {
    json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
}

async fn list_pools(lab: &Lab, signer: &Signer) -> Answer {
    lab.send(signer.call("ListUserPools", json!({"MaxResults": 10})).request()).await
}

async fn new_pool(lab: &Lab, signer: &Signer) -> String {
    let answer = lab.send(signer.call("CreateUserPool", json!({"PoolName": "p"})).request()).await;
    answer.ok()["UserPool"]["Id"].as_str().unwrap().to_owned()
}

async fn a_signed_call_is_answered_and_its_key_ends(lab: Lab) {
    let lab = closed(&lab).await;
    let signer = Signer::with_policy(&lab, "ann", &everything()).await;
    let pool_id = new_pool(&lab, &signer).await;
    let pools = list_pools(&lab, &signer).await.ok();
    assert_eq!(pools["UserPools"][0]["Id"], json!(pool_id));
    // While its time is good, a request may come twice, as on AWS.
    let signed = signer.call("ListUserPools", json!({"MaxResults": 10}));
    lab.send(signed.request()).await.ok();
    lab.send(signed.request()).await.ok();

    let keys = lab.app.db.read(store::access_keys::list).await.unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!((&*keys[0].name, &keys[0].id), ("ann", &signer.id));
    assert!(keys[0].last_used_at.is_some_and(|at| at >= BEGINNING_MS));
    let stored = String::from_utf8_lossy(&keys[0].sealed_secret.0).into_owned();
    assert!(!stored.contains(&signer.secret));

    let (id, now) = (signer.id.clone(), lab.app.now());
    assert!(lab.app.db.write(move |tx| store::access_keys::revoke(tx, &id, now)).await.unwrap());
    lab.advance(1);
    list_pools(&lab, &signer).await.refused("UnrecognizedClientException", BAD_TOKEN);
    let id = signer.id.clone();
    assert!(!lab.app.db.write(move |tx| store::access_keys::revoke(tx, &id, now)).await.unwrap());
}

async fn keys_outlive_a_change_of_the_master_key(lab: Lab) {
    let lab = closed(&lab).await;
    let signer = Signer::with_policy(&lab, "ann", &everything()).await;
    let (db, new) = (lab.app.db.clone(), [9; 32]);
    let now = lab.app.now();
    assert!(master_keys::announce(&db, SystemRandom, &MASTER_KEY.into(), &new.into(), now).await.unwrap());
    let with_new = lab.another(new, |_| {}).await.unwrap();
    let walked = master_keys::reseal(&db, &with_new.app.vault, |_, _| {}).await.unwrap();
    assert_eq!((walked.resealed, walked.damaged), (1, 0));
    master_keys::finish(&db, KeyId::of(&MASTER_KEY)).await.unwrap();
    list_pools(&with_new, &signer).await.ok();
    let restarted = lab.another(new, |_| {}).await.unwrap();
    list_pools(&restarted, &signer).await.ok();
}

async fn a_policy_says_what_and_where(lab: Lab) {
    let lab = closed(&lab).await;
    let admin = Signer::with_policy(&lab, "admin", &everything()).await;
    let (mine, other) = (new_pool(&lab, &admin).await, new_pool(&lab, &admin).await);
    let arn = |id: &str| format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/{id}");
    let signer = Signer::with_policy(&lab, "bob", &json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["cognito-idp:Describe*", "cognito-idp:Admin*"], "Resource": arn(&mine)},
            {"Effect": "Deny", "Action": "cognito-idp:AdminDelete*", "Resource": "*"},
        ]})).await;
    let call = async |operation: &str, input: Value| lab.send(signer.call(operation, input).request()).await;
    let bob = "arn:aws:iam::123456789012:user/bob";
    let refusal = |operation: &str, resource: &str| {
        format!(
            "User: {bob} is not authorized to perform: cognito-idp:{operation} on resource: {resource} \
                 because no identity-based policy allows the cognito-idp:{operation} action"
        )
    };

    call("DescribeUserPool", json!({"UserPoolId": mine})).await.ok();
    let user = json!({"UserPoolId": mine, "Username": "jane"});
    call("AdminCreateUser", user.clone()).await.ok();
    call("AdminGetUser", user.clone()).await.ok();
    for (operation, input, resource) in [
        ("DescribeUserPool", json!({"UserPoolId": other}), arn(&other)),
        // Whether a pool exists is not told to who may not ask about it.
        ("DescribeUserPool", json!({"UserPoolId": "us-east-1_Nowhere"}), arn("us-east-1_Nowhere")),
        ("DeleteUserPool", json!({"UserPoolId": mine}), arn(&mine)),
        ("ListUserPools", json!({"MaxResults": 1}), "*".to_owned()),
        ("CreateUserPool", json!({"PoolName": "p"}), "*".to_owned()),
        ("ListTagsForResource", json!({"ResourceArn": arn(&other)}), arn(&other)),
    ] {
        let answer = call(operation, input).await;
        assert_eq!(answer.status, 400);
        answer.refused("AccessDeniedException", &refusal(operation, &resource));
    }
    let denied = format!(
        "User: {bob} is not authorized to perform: cognito-idp:AdminDeleteUser on resource: {} with an explicit \
             deny in an identity-based policy",
        arn(&mine)
    );
    call("AdminDeleteUser", user.clone()).await.refused("AccessDeniedException", &denied);
    call("AdminGetUser", user).await.ok();
}

both_engines!(
    a_signed_call_is_answered_and_its_key_ends,
    keys_outlive_a_change_of_the_master_key,
    a_policy_says_what_and_where
);

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_request_is_refused() {
    let lab = closed(&Lab::sqlite().await).await;
    let signer = Signer::with_policy(&lab, "ann", &everything()).await;
    let signed = signer.call("ListUserPools", json!({"MaxResults": 10}));
    lab.send(signed.request()).await.ok();
    type Change = (&'static str, fn(&mut Signed));
    let changes: [Change; 5] = [
        ("body", |s| s.body = json!({"MaxResults": 11}).to_string()),
        ("query", |s| s.target.push_str("?a=b")),
        ("target", |s| s.set("x-amz-target", "AWSCognitoIdentityProviderService.DeleteUserPool")),
        ("host", |s| s.set("host", "other.example")),
        ("content type", |s| s.set("content-type", "application/json")),
    ];
    for (what, change) in changes {
        let mut changed = signed.clone();
        change(&mut changed);
        let answer = lab.send(changed.request()).await;
        assert_eq!(answer.status, 400, "{what}");
        answer.refused("InvalidSignatureException", MISMATCH);
    }
    let other = Signer { secret: "x".repeat(40), ..signer.clone() };
    list_pools(&lab, &other).await.refused("InvalidSignatureException", MISMATCH);
    let mut streamed = signed.clone();
    streamed.set("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
    lab.send(streamed.request()).await.refused(
        "InvalidSignatureException",
        "'x-amz-content-sha256' must be a 'SignedHeader' in the AWS Authorization.",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_scopes_and_keys_must_fit() {
    let lab = closed(&Lab::sqlite().await).await;
    let signer = Signer::with_policy(&lab, "ann", &everything()).await;
    let signed = signer.call("ListUserPools", json!({"MaxResults": 10}));
    lab.advance(290);
    lab.send(signed.request()).await.ok();
    lab.advance(20);
    let (code, text) = lab.send(signed.request()).await.error();
    assert_eq!(code, "InvalidSignatureException");
    assert!(
        text.starts_with("Signature expired: 20260101T000000Z is now earlier than 20260101T0000"),
        "{text}"
    );
    let ahead = Signer { at: signer.at + 3_600, ..signer.clone() };
    let (code, text) = list_pools(&lab, &ahead).await.error();
    assert_eq!(code, "InvalidSignatureException");
    assert!(text.starts_with("Signature not yet current: 20260101T010000Z is still later than"), "{text}");

    let now = Signer { at: lab.app.now() / 1_000, ..signer };
    list_pools(&lab, &now).await.ok();
    let unknown = "AKIAIOSFODNN7EXAMPLE".to_owned();
    for (changed, code, text) in [
        (Signer { id: unknown, ..now.clone() }, "UnrecognizedClientException", BAD_TOKEN),
        (Signer { id: "test".to_owned(), ..now.clone() }, "UnrecognizedClientException", BAD_TOKEN),
        (Signer { session_token: Some("t"), ..now.clone() }, "UnrecognizedClientException", BAD_TOKEN),
        (
            Signer { region: "eu-west-1", ..now.clone() },
            "InvalidSignatureException",
            "Credential should be scoped to a valid region, not 'eu-west-1'. ",
        ),
        (
            Signer { service: "sts", ..now.clone() },
            "InvalidSignatureException",
            "Credential should be scoped to correct service: 'cognito-idp'. ",
        ),
    ] {
        list_pools(&lab, &changed).await.refused(code, text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_presigned_call_is_good_for_its_time() {
    let lab = closed(&Lab::sqlite().await).await;
    let signer = Signer::with_policy(&lab, "ann", &everything()).await;
    let signed = signer.presigned("ListUserPools", json!({"MaxResults": 10}), 900);
    lab.send(signed.request()).await.ok();
    lab.advance(890);
    lab.send(signed.request()).await.ok();
    let mut changed = signed.clone();
    changed.target = signed.target.replace("X-Amz-Expires=900", "X-Amz-Expires=9000");
    lab.send(changed.request()).await.refused("InvalidSignatureException", MISMATCH);
    let mut changed = signed.clone();
    changed.set("x-amz-target", "AWSCognitoIdentityProviderService.DeleteUserPool");
    lab.send(changed.request()).await.refused("InvalidSignatureException", MISMATCH);
    lab.advance(20);
    let (code, text) = lab.send(signed.request()).await.error();
    assert_eq!(code, "InvalidSignatureException");
    assert!(text.starts_with("Signature expired"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_signed_operation_is_open() {
    let lab = Lab::sqlite().await;
    let closed = closed(&lab).await;
    for lab in [&lab, &closed] {
        for (service, target) in [
            (Service::CognitoIdp, "AWSCognitoIdentityProviderService"),
            (Service::CognitoIdentity, "AWSCognitoIdentityService"),
            (Service::Kms, "TrentService"),
        ] {
            for name in service.operation_names() {
                // The input is wrong for most: who has not signed is not told.
                let request = Request::post("/").header("x-amz-target", format!("{target}.{name}"));
                let answer = lab.send(request.body(Body::from("{}")).unwrap()).await;
                let is_refused = answer.error().0 == "MissingAuthenticationTokenException";
                assert_eq!(is_refused, service.operation(name).unwrap().signed, "{name}: {}", answer.text);
            }
        }
        for name in Service::Sts.operation_names() {
            let answer = lab.get(&format!("/?Action={name}&Version=2011-06-15")).await;
            let is_refused = answer.text.contains("<Code>MissingAuthenticationToken</Code>");
            assert_eq!(is_refused, Service::Sts.operation(name).unwrap().signed, "{name}: {}", answer.text);
        }
        let answer = lab.get("/identitypools").await;
        assert_eq!(answer.status, 403);
        answer.refused("MissingAuthenticationTokenException", "Missing Authentication Token");
    }
    // In development any credentials will do, elsewhere these will not.
    lab.admin("ListUserPools", json!({"MaxResults": 1})).await.ok();
    let (code, text) = closed.admin("ListUserPools", json!({"MaxResults": 1})).await.error();
    assert_eq!(code, "IncompleteSignatureException");
    assert!(text.contains("requires existence of either a 'X-Amz-Date' or a 'Date' header."), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn unsigned_operations_do_not_look_at_authorization() {
    let lab = closed(&Lab::sqlite().await).await;
    for authorization in ["Bearer eyJ.a.b", "AWS4-HMAC-SHA256 Credential=x", "nonsense"] {
        let input = json!({"AccessToken": "x"});
        let answer = lab.call_with("GetUser", input, &[("authorization", authorization)]).await;
        answer.refused("NotAuthorizedException", "Invalid Access Token");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_api_refuses_in_its_own_words() {
    let lab = closed(&Lab::sqlite().await).await;
    let ann = Signer::with_policy(&lab, "ann", &everything()).await;
    let sts = Signer { service: "sts", ..ann.clone() };
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = "Action=GetCallerIdentity&Version=2011-06-15";
    for (signer, status, code) in [
        (Signer { secret: "x".repeat(40), ..sts.clone() }, 403, "SignatureDoesNotMatch"),
        (Signer { id: "AKIAIOSFODNN7EXAMPLE".to_owned(), ..sts.clone() }, 403, "InvalidClientTokenId"),
        // Proven, and then told that it is not built.
        (sts.clone(), 400, "ValidationError"),
    ] {
        let answer = lab.send(signer.sign("POST", "/", &form, body.to_owned()).request()).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(answer.text.contains(&format!("<Code>{code}</Code>")), "{}", answer.text);
    }
    let sync = Signer { service: "cognito-sync", ..ann };
    let path = "/identitypools/us-east-1%3A0a1b2c3d-0000-4000-8000-00000000000a";
    let signed = sync.sign("GET", path, &[], String::new());
    lab.send(signed.request()).await.refused(
        "InvalidParameterException",
        "DescribeIdentityPoolUsage is not supported by this version of Cognate. See docs/compatibility.md.",
    );
    let mut other = signed.clone();
    other.target = path.replace("0000000a", "0000000b");
    let answer = lab.send(other.request()).await;
    assert_eq!(answer.status, 403);
    answer.refused("InvalidSignatureException", MISMATCH);
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_keys_are_shown_once() {
    let lab = Lab::sqlite().await;
    let app = &lab.app;
    let policy = everything().to_string();
    let random = &mut app.random();
    let key = cognate::callers::access_keys::create(&app.db, &app.vault, &app.clock, random, "ann", &policy)
        .await
        .unwrap();
    let found = cognate::callers::access_keys::find(app, &key.id).await.unwrap().unwrap();
    assert_eq!(**found.secret, *key.secret.as_bytes());
    for text in [format!("{key:?}"), format!("{found:?}")] {
        assert!(text.contains(&key.id) && !text.contains(&*key.secret), "{text}");
    }
    for (name, policy, expected) in [
        ("", &*policy, "a name has from 1 to 64"),
        ("a/b", &*policy, "a name has from 1 to 64"),
        ("ann", "{}", "The policy has no Statement."),
    ] {
        let refusal =
            cognate::callers::access_keys::create(&app.db, &app.vault, &app.clock, random, name, policy)
                .await;
        let text = refusal.unwrap_err().to_string();
        assert!(text.starts_with(expected), "{text}");
    }
    assert_eq!(app.db.read(store::access_keys::list).await.unwrap().len(), 1);
}

async fn no_foreign_page_administers_in_development(lab: Lab) {
    let list = async |headers: &[(&str, &str)]| {
        let signed =
            ("authorization", "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/cognito-idp/aws4_request");
        let headers: Vec<(&str, &str)> = headers.iter().copied().chain([signed]).collect();
        lab.call_with("ListUserPools", json!({"MaxResults": 1}), &headers).await
    };
    for own in
        [("origin", "http://localhost:3000"), ("origin", "http://127.0.0.1:8080"), ("host", "[::1]:9229")]
    {
        list(&[own]).await.ok();
    }
    for foreign in [("origin", "https://evil.example"), ("origin", "null"), ("host", "evil.example:9229")] {
        assert_eq!(list(&[foreign]).await.error().0, "AccessDeniedException", "{foreign:?}");
    }
}

both_engines!(no_foreign_page_administers_in_development);
