//! What works only in part is refused where it ends: for each operation that docs/compatibility.md calls partly built,
//! calls that must fail for want of the rest. Whoever builds the rest finds the call succeed, and takes the line away.

use crate::{
    lab::{Answer, Lab},
    scene::{PASSWORD, Scene, all_flows, merged},
};
use cognate::compatibility::PARTLY;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Which part is missing.
enum Gap {
    /// What these members of the call ask for.
    Members(Value),
    /// Another operation, without which this one is of little use.
    Operation(&'static str, Value),
    /// A member of the answer, by its pointer.
    Answer(&'static str),
}

use Gap::{Answer as Unanswered, Members, Operation};

/// Sessions of single sign-on come from the sign-in pages, which stand at a domain.
fn pages() -> Gap {
    Operation("CreateUserPoolDomain", json!({"Domain": "sign-in"}))
}

/// The gaps of every operation that works partly.
fn gaps() -> Vec<(&'static str, Vec<Gap>)> {
    let key = json!({"KeyConfiguration": {"KeyType": "CUSTOMER_MANAGED_KEY", "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/k"}});
    let secrets = json!({"ClientName": "c", "PublishSecretsInAWSSecretsManager": true});
    let sessions =
        || vec![pages(), Unanswered("/Sessions/0/LastLocation"), Unanswered("/Sessions/0/OriginSessionId")];
    vec![
        ("AdminListUserSessions", sessions()),
        ("AdminRevokeUserSession", vec![pages()]),
        ("CreateUserPool", vec![Members(merged(json!({"PoolName": "p"}), key.clone()))]),
        ("CreateUserPoolClient", vec![Members(secrets.clone())]),
        ("ListUserSessions", sessions()),
        ("RevokeToken", vec![pages()]),
        ("RevokeUserSession", vec![pages()]),
        ("SetUserPoolClientSessionConfiguration", vec![pages()]),
        ("UpdateUserPool", vec![Members(key)]),
        ("UpdateUserPoolClient", vec![Members(secrets)]),
    ]
}

/// A pool with a user who is signed in and one who has not confirmed, and what calls name of them.
struct Place {
    scene: Scene,
    known: Value,
}

impl Place {
    async fn new(lab: &Lab) -> Place {
        let mut flows = all_flows();
        flows.as_array_mut().unwrap().push(json!("ALLOW_USER_AUTH"));
        let client = json!({ "ExplicitAuthFlows": flows });
        let scene = Scene::with(lab, json!({"AutoVerifiedAttributes": ["email"]}), client).await;
        let address = |name: &str| json!([{"Name": "email", "Value": format!("{name}@example.com")}]);
        scene
            .user("jane", merged_list(address("jane"), json!({"Name": "email_verified", "Value": "true"})))
            .await;
        let request = json!({"ClientId": scene.client, "Username": "new", "Password": PASSWORD, "UserAttributes": address("new")});
        lab.call("SignUp", request).await.ok();
        let tracking = json!({"UserSessionTracking": "ENABLED", "TokenSession": {"MaxPerUser": 20}});
        scene.admin("SetUserPoolSessionConfiguration", tracking).await;
        let tokens = scene.tokens("jane").await;
        let known = json!({
            "UserPoolId": scene.pool, "ClientId": scene.client, "Username": "jane",
            "AccessToken": tokens["AccessToken"], "RefreshToken": tokens["RefreshToken"],
        });
        Place { scene, known }
    }

    /// The call, with what its operation knows of the place and these members do not name.
    async fn ask(&self, operation: &str, members: &Value) -> Answer {
        let spec = spec::cognito_idp::Operation::from_name(operation).unwrap().spec();
        let mut input = members.clone();
        if let Some(spec::shape::Shape { kind: spec::shape::Kind::Structure { members }, .. }) = spec.input {
            for member in *members {
                let known = &self.known[member.name];
                if input.get(member.name).is_none() && !known.is_null() {
                    input[member.name] = known.clone();
                }
            }
        }
        self.scene.lab.admin(operation, input).await
    }
}

fn merged_list(mut list: Value, item: Value) -> Value {
    list.as_array_mut().unwrap().push(item);
    list
}

#[test]
fn what_works_partly_has_a_gap_that_is_shown() {
    let partly: BTreeSet<&str> = PARTLY.iter().map(|(name, _)| *name).collect();
    let shown: BTreeSet<&str> =
        gaps().iter().filter(|(_, gaps)| !gaps.is_empty()).map(|(name, _)| *name).collect();
    assert_eq!(partly, shown);
}

async fn what_is_missing_is_refused(lab: Lab) {
    let place = Place::new(&lab).await;
    let mut other = Vec::new();
    for (operation, gaps) in gaps() {
        for gap in gaps {
            let (what, answer) = match gap {
                Members(members) => (members.to_string(), place.ask(operation, &members).await),
                Unanswered(pointer) => {
                    let answer = place.ask(operation, &json!({})).await.ok();
                    let (parent, _) = pointer.rsplit_once('/').unwrap();
                    if !answer.pointer(parent).is_some_and(Value::is_object)
                        || answer.pointer(pointer).is_some()
                    {
                        other.push(format!("{operation}: {answer}"));
                    }
                    continue;
                }
                Operation(other, members) => (other.to_owned(), place.ask(other, &members).await),
            };
            let text = answer.error().1;
            if !text.contains("not supported by this version of Cognate") {
                other.push(format!("{operation} {what}: {text}"));
            }
        }
    }
    assert!(other.is_empty(), "{other:#?}");
}

both_engines!(what_is_missing_is_refused);
