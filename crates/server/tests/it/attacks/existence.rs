//! Finding out who exists by what is answered: every public operation that takes a user's name answers a name that
//! somebody has, in whatever status and under whichever name, as one that nobody has.

use crate::{
    lab::Lab,
    scene::{PASSWORD, Scene, merged},
    sign_up::list,
    srp_client::SrpClient,
};
use serde_json::{Value, json};
use spec::cognito_idp::Operation;

const STATUSES: [&str; 5] =
    ["CONFIRMED", "UNCONFIRMED", "RESET_REQUIRED", "FORCE_CHANGE_PASSWORD", "disabled"];
const KINDS: [&str; 3] = ["user name", "alias", "sub"];

/// What Cognito itself tells anybody, as docs/security-model.md says: that a name is taken, and that it is confirmed or
/// waits for a code. Of a sub it is told to whoever knows it already.
const TOLD: [(&str, &str, &str); 19] = [
    ("SignUp", "CONFIRMED", "user name"),
    ("SignUp", "UNCONFIRMED", "user name"),
    ("SignUp", "RESET_REQUIRED", "user name"),
    ("SignUp", "FORCE_CHANGE_PASSWORD", "user name"),
    ("SignUp", "disabled", "user name"),
    ("SignUp", "CONFIRMED", "sub"),
    ("SignUp", "UNCONFIRMED", "sub"),
    ("SignUp", "RESET_REQUIRED", "sub"),
    ("SignUp", "FORCE_CHANGE_PASSWORD", "sub"),
    ("SignUp", "disabled", "sub"),
    ("ConfirmSignUp", "UNCONFIRMED", "user name"),
    ("ConfirmSignUp", "UNCONFIRMED", "sub"),
    ("ConfirmSignUp", "CONFIRMED", "user name"),
    ("ConfirmSignUp", "disabled", "user name"),
    ("ConfirmSignUp", "RESET_REQUIRED", "user name"),
    ("ConfirmSignUp", "FORCE_CHANGE_PASSWORD", "user name"),
    ("ResendConfirmationCode", "CONFIRMED", "user name"),
    ("ResendConfirmationCode", "RESET_REQUIRED", "user name"),
    ("ResendConfirmationCode", "FORCE_CHANGE_PASSWORD", "user name"),
];

/// The operations that anybody may call and that take a user's name. An operation that is built has a line in
/// [`requests`].
fn operations() -> Vec<&'static str> {
    let takes_a_name = |operation: &&Operation| {
        let spec = operation.spec();
        let names = ["Username", "AuthParameters"];
        !spec.signed && spec.input.is_some_and(|shape| names.iter().any(|name| has_member(shape, name)))
    };
    Operation::ALL.iter().filter(takes_a_name).map(|operation| operation.spec().name).collect()
}

fn has_member(shape: &spec::shape::Shape, name: &str) -> bool {
    match shape.kind {
        spec::shape::Kind::Structure { members } => members.iter().any(|member| member.name == name),
        _ => false,
    }
}

/// What a stranger sends about a name.
fn requests(operation: &str, name: &str) -> Vec<Value> {
    let code = json!({"Username": name, "ConfirmationCode": "000000"});
    match operation {
        "InitiateAuth" => {
            let auth = |flow: &str, parameters: Value| json!({"AuthFlow": flow, "AuthParameters": merged(json!({"USERNAME": name}), parameters)});
            vec![
                auth("USER_PASSWORD_AUTH", json!({"PASSWORD": "Wrong-Horse9"})),
                auth("USER_SRP_AUTH", json!({"SRP_A": SrpClient::new().srp_a()})),
                auth("CUSTOM_AUTH", json!({})),
                auth("USER_AUTH", json!({})),
            ]
        }
        "SignUp" => vec![json!({"Username": name, "Password": PASSWORD})],
        "ConfirmSignUp" => vec![code],
        "ResendConfirmationCode" | "ForgotPassword" => vec![json!({"Username": name}); 7],
        "ConfirmForgotPassword" => vec![merged(code, json!({"Password": PASSWORD})); 2],
        // What is not built answers everybody alike; what is built tells nothing of its Username's owner.
        "UpdateAuthEventFeedback" => {
            vec![
                json!({"Username": name, "UserPoolId": "us-east-1_x", "EventId": "e", "FeedbackToken": "t", "FeedbackValue": "Valid"}),
            ]
        }
        other => panic!("decide what {other} tells a stranger about a name"),
    }
}

/// What a masked address looks like: digits and letters of either size are alike.
fn form(destination: &Value) -> String {
    let alike = |c: char| match c {
        c if c.is_uppercase() => 'A',
        c if c.is_lowercase() => 'a',
        c if c.is_numeric() => '0',
        c => c,
    };
    destination.as_str().unwrap_or_default().chars().map(alike).collect()
}

/// What an answer tells: its error, or which members it has, by which medium a code goes, and how its address is shown.
fn told(answer: &crate::lab::Answer) -> String {
    if answer.status != 200 {
        return format!("{:?}", answer.error());
    }
    let body = answer.ok();
    let members =
        |value: &Value| -> Vec<String> { value.as_object().map_or(vec![], |o| o.keys().cloned().collect()) };
    format!(
        "{:?} {:?} {:?} {} {}",
        members(&body),
        members(&body["ChallengeParameters"]),
        body["ChallengeName"],
        body["CodeDeliveryDetails"]["DeliveryMedium"],
        form(&body["CodeDeliveryDetails"]["Destination"])
    )
}

/// Makes a user in a status; answers its user name, alias and sub.
async fn user(scene: &Scene, status: &str, name: &str) -> [String; 3] {
    // Registered in other letters than those that are typed.
    let email = format!("{name}@example.com");
    let mut attributes = json!({"email": email.replace('j', "J").replace("example", "Example")});
    let sub = if status == "UNCONFIRMED" {
        let made = scene.sign_up(name, attributes).await.ok();
        made["UserSub"].as_str().unwrap().to_owned()
    } else {
        attributes["email_verified"] = json!("true");
        scene.user(name, list(attributes)).await
    };
    let named = json!({"Username": name});
    match status {
        "RESET_REQUIRED" => drop(scene.admin("AdminResetUserPassword", named).await),
        "FORCE_CHANGE_PASSWORD" => {
            let temporary = merged(named, json!({"Password": PASSWORD, "Permanent": false}));
            scene.admin("AdminSetUserPassword", temporary).await;
        }
        "disabled" => drop(scene.admin("AdminDisableUser", named).await),
        _ => {}
    }
    [name.to_owned(), email, sub]
}

async fn case_41_no_answer_tells_who_exists(lab: Lab) {
    let pool = json!({"AutoVerifiedAttributes": ["email"], "AliasAttributes": ["email"],
        "UsernameConfiguration": {"CaseSensitive": false}});
    let client = json!({
        "PreventUserExistenceErrors": "ENABLED",
        "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_USER_AUTH"],
    });
    let mut found = Vec::new();
    for (operation, number) in operations().into_iter().zip(0..) {
        for status in STATUSES {
            let scene = Scene::with(&lab, pool.clone(), client.clone()).await;
            for (index, kind) in KINDS.into_iter().enumerate() {
                // Users of their own for each kind, so that nothing that was counted is counted twice.
                let known = user(&scene, status, &format!("jane{number}{index}")).await;
                let nobody = [
                    format!("nobody{number}{index}"),
                    format!("Nobody{number}{index}@Example.com"),
                    "f3a1b2c4-0000-4000-8000-00000000000".to_owned() + &index.to_string(),
                ];
                let mut answers = [Vec::new(), Vec::new()];
                for (names, told_of) in [&known, &nobody].into_iter().zip(&mut answers) {
                    if operation == "ConfirmForgotPassword" {
                        scene.public("ForgotPassword", json!({"Username": names[index]})).await;
                    }
                    for request in requests(operation, &names[index]) {
                        told_of.push(told(&scene.public(operation, request).await));
                    }
                }
                let is_told = answers[0] != answers[1];
                if is_told != TOLD.contains(&(operation, status, kind)) {
                    found.push(format!("{operation} {status} {kind}: {answers:#?}"));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Where addresses are the names, SignUp tells of these and of no sub.
async fn case_41_a_sub_is_no_address(lab: Lab) {
    let pool = json!({"AutoVerifiedAttributes": ["email"], "UsernameAttributes": ["email"]});
    let scene = Scene::with(&lab, pool, json!({"PreventUserExistenceErrors": "ENABLED"})).await;
    let sub = scene.user("jane@example.com", json!([])).await;
    let nobody = "f3a1b2c4-0000-4000-8000-000000000000";
    for operation in ["ConfirmSignUp", "ResendConfirmationCode"] {
        let mut answers = Vec::new();
        for name in [sub.as_str(), nobody] {
            answers.push(told(&scene.public(operation, requests(operation, name).remove(0)).await));
        }
        assert_eq!(answers[0], answers[1], "{operation}");
    }
}

/// The name of an SRP challenge for a sub, where addresses are the names, is what was typed, whoever has it or not.
async fn case_41_a_challenge_does_not_tell_a_sub(lab: Lab) {
    let pool = json!({"UsernameAttributes": ["email"], "UsernameConfiguration": {"CaseSensitive": false}});
    let scene = Scene::with(&lab, pool, json!({"PreventUserExistenceErrors": "ENABLED"})).await;
    let sub = scene.user("jane@example.com", json!([])).await;
    let nobody = "f3a1b2c4-0000-4000-8000-000000000000";
    for typed in [sub.clone(), nobody.to_owned(), sub.to_uppercase(), nobody.to_uppercase()] {
        let request = json!({"USERNAME": typed, "SRP_A": SrpClient::new().srp_a()});
        let asked = scene.initiate("USER_SRP_AUTH", request).await.ok();
        assert_eq!(asked["ChallengeParameters"]["USER_ID_FOR_SRP"], typed.to_lowercase());
    }
    // An address gets a name of that form, known or not.
    for typed in ["jane@example.com", "nobody@example.com"] {
        let request = json!({"USERNAME": typed, "SRP_A": SrpClient::new().srp_a()});
        let asked = scene.initiate("USER_SRP_AUTH", request).await.ok();
        let name = asked["ChallengeParameters"]["USER_ID_FOR_SRP"].as_str().unwrap().to_owned();
        assert!(rules::ids::is_sub(&name), "{name}");
    }
}

both_engines!(
    case_41_no_answer_tells_who_exists,
    case_41_a_sub_is_no_address,
    case_41_a_challenge_does_not_tell_a_sub
);
