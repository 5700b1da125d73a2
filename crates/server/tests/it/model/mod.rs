//! The model ring: requests built from the services' own models, read as they are and not through `spec`.

mod examples;
mod requests;

use crate::lab::{Answer, Lab};
pub use examples::Model;
pub use requests::Protocol;
use serde_json::{Value, json};

/// What the requests of the first test may name, so that operations come further than "not found".
async fn known_values(lab: &Lab) -> Vec<(&'static str, Value)> {
    let pool = lab.admin("CreateUserPool", json!({"PoolName": "p"})).await.ok();
    let pool_id = pool["UserPool"]["Id"].clone();
    let flows =
        json!(["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]);
    let client = json!({"UserPoolId": pool_id, "ClientName": "c", "ExplicitAuthFlows": flows});
    let client = lab.admin("CreateUserPoolClient", client).await.ok();
    let client_id = client["UserPoolClient"]["ClientId"].clone();
    let user = json!({"UserPoolId": pool_id, "Username": "jane", "MessageAction": "SUPPRESS"});
    lab.admin("AdminCreateUser", user).await.ok();
    let password =
        json!({"UserPoolId": pool_id, "Username": "jane", "Password": "Correct-horse-1", "Permanent": true});
    lab.admin("AdminSetUserPassword", password).await.ok();
    let sign_in = json!({"ClientId": client_id, "AuthFlow": "USER_PASSWORD_AUTH",
                         "AuthParameters": {"USERNAME": "jane", "PASSWORD": "Correct-horse-1"}});
    let tokens = lab.call("InitiateAuth", sign_in).await.ok();
    lab.admin("CreateGroup", json!({"UserPoolId": pool_id, "GroupName": "g"})).await.ok();
    vec![
        ("UserPoolId", pool_id),
        ("ClientId", client_id),
        ("Username", json!("jane")),
        ("GroupName", json!("g")),
        ("AccessToken", tokens["AuthenticationResult"]["AccessToken"].clone()),
        ("RefreshToken", tokens["AuthenticationResult"]["RefreshToken"].clone()),
    ]
}

async fn no_valid_request_fails(lab: Lab) {
    let known = known_values(&lab).await;
    for protocol in Protocol::ALL {
        let model = Model::read(protocol.service());
        let mut names = model.operation_names();
        assert_eq!(names, protocol.service().operation_names());
        // What deletes or signs out comes last, so that the others still find something.
        names.sort_by_key(|name| (name.contains("Delete") || name.contains("SignOut"), name.to_owned()));
        for name in names {
            // Of unknown things, as the model's examples name them, and of known ones.
            for (complete, known) in [(false, &[][..]), (false, &known), (true, &[]), (true, &known)] {
                let mut input = model.example(&name, complete);
                for (member, value) in known {
                    if input.get(member).is_some() {
                        input[member] = value.clone();
                    }
                }
                let answer = lab.send(protocol.request(&model, &name, &input)).await;
                check_form(protocol, &name, &answer);
            }
        }
    }
}

both_engines!(no_valid_request_fails);

/// An answer is good, or the caller's mistake, and in the form of its protocol.
fn check_form(protocol: Protocol, name: &str, answer: &Answer) {
    assert!(answer.status.as_u16() < 500, "{name}: {} {}", answer.status, answer.text);
    let content_type = answer.headers["content-type"].to_str().unwrap();
    assert_eq!(content_type, protocol.content_type(), "{name}");
    if protocol == Protocol::Query {
        let start = if answer.status == 200 {
            format!("<{name}Response xmlns=")
        } else {
            "<ErrorResponse xmlns=".into()
        };
        assert!(answer.text.starts_with(&start), "{name}: {}", answer.text);
    } else if answer.status == 200 {
        assert!(answer.text.is_empty() || answer.json().is_object(), "{name}: {}", answer.text);
    } else {
        let (code, message) = answer.error();
        assert_eq!(answer.headers["x-amzn-errortype"], code, "{name}");
        assert!(!message.is_empty(), "{name}: {}", answer.text);
        // The decoder takes what the model allows.
        assert!(!message.contains("validation error"), "{name}: {message}");
        assert_ne!(code, "SerializationException", "{name}: {message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_broken_constraint_is_named() {
    let lab = Lab::sqlite().await;
    let mut count = 0;
    for protocol in Protocol::ALL {
        let model = Model::read(protocol.service());
        for name in model.operation_names() {
            for broken in model.broken(&name) {
                let Some(request) = protocol.broken_request(&model, &name, &broken) else { continue };
                let answer = lab.send(request).await;
                assert_eq!(answer.status, 400, "{name} {}: {}", broken.expected, answer.text);
                assert_eq!(answer.headers["x-amzn-errortype"], protocol.validation_error(), "{name}");
                let message = protocol.message(&answer);
                assert!(
                    message.split_once("detected: ").is_some_and(|(head, findings)| {
                        let one = findings.split("; Value").count() == 1;
                        head.ends_with(if one { "1 validation error " } else { " validation errors " })
                            && findings.contains(&protocol.shown(&broken.expected))
                    }),
                    "{name}: {}\n{message}",
                    broken.expected
                );
                count += 1;
            }
        }
    }
    assert!(count > 2_000, "only {count} constraints were broken");
}
