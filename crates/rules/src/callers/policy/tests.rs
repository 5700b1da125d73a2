use super::*;
use serde_json::json;

const POOL: &str = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbC";

fn policy(statements: serde_json::Value) -> Policy {
    Policy::parse(&json!({"Version": "2012-10-17", "Statement": statements}).to_string()).unwrap()
}

fn allow(action: &str, resource: &str) -> serde_json::Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

#[test]
fn patterns_match() {
    use Decision::{Allowed, NotAllowed};
    for (action, resource, asked, on, expected) in [
        ("*", "*", "cognito-idp:AdminGetUser", POOL, Allowed),
        ("*", "*", "cognito-idp:ListUserPools", "*", Allowed),
        ("cognito-idp:*", "*", "cognito-identity:CreateIdentityPool", "*", NotAllowed),
        ("cognito-idp:Admin*", POOL, "cognito-idp:AdminGetUser", POOL, Allowed),
        ("COGNITO-IDP:admingetuser", POOL, "cognito-idp:AdminGetUser", POOL, Allowed),
        ("cognito-idp:Admin*", POOL, "cognito-idp:ListUsers", POOL, NotAllowed),
        ("cognito-idp:AdminGetUse?", POOL, "cognito-idp:AdminGetUser", POOL, Allowed),
        ("cognito-idp:AdminGetUser?", POOL, "cognito-idp:AdminGetUser", POOL, NotAllowed),
        ("*:AdminGetUser", POOL, "cognito-idp:AdminGetUser", POOL, Allowed),
        ("*", POOL, "cognito-idp:ListUserPools", "*", NotAllowed),
        ("*", "arn:aws:cognito-idp:*", "cognito-idp:AdminGetUser", POOL, Allowed),
        ("*", "arn:aws:cognito-idp:*", "cognito-idp:ListUserPools", "*", NotAllowed),
        ("*", "arn:aws:cognito-idp:us-east-1:*", "cognito-idp:AdminGetUser", POOL, Allowed),
        ("*", "arn:*", "cognito-idp:AdminGetUser", POOL, Allowed),
        ("*", "arn:aws:cognito-idp:*:*:userpool/*", "cognito-idp:AdminGetUser", POOL, Allowed),
        (
            "*",
            "arn:aws:cognito-idp:us-*:1234?6789012:userpool/*AbC",
            "cognito-idp:AdminGetUser",
            POOL,
            Allowed,
        ),
        ("*", "arn:aws:cognito-idp:*:*:userpool/us-east-1_abc", "cognito-idp:AdminGetUser", POOL, NotAllowed),
        ("*", "arn:aws:cognito-idp:*:*:userpool/eu-*", "cognito-idp:AdminGetUser", POOL, NotAllowed),
        // A wildcard does not reach over a colon.
        ("*", "arn:aws:cognito-idp:*:userpool/us-east-1_AbC:x", "cognito-idp:AdminGetUser", POOL, NotAllowed),
        ("*", "arn:aws:*:userpool/us-east-1_AbC*", "cognito-idp:AdminGetUser", POOL, NotAllowed),
        (
            "*",
            "arn:aws:cognito-identity:*:*:identitypool/r:1",
            "cognito-identity:DescribeIdentityPool",
            "arn:aws:cognito-identity:r:1:identitypool/r:1",
            Allowed,
        ),
    ] {
        let decision = policy(json!([allow(action, resource)])).decide(asked, on);
        assert_eq!(decision, expected, "{action} on {resource}: {asked} on {on}");
    }
}

#[test]
fn deny_goes_over_allow_wherever_it_stands() {
    let deny = json!({"Effect": "Deny", "Action": "cognito-idp:*Delete*", "Resource": "*"});
    for statements in [
        json!([allow("*", "*"), deny]),
        json!([deny, allow("*", "*")]),
        json!([allow("*", "*"), deny, allow("*", "*")]),
    ] {
        let policy = policy(statements);
        assert_eq!(policy.decide("cognito-idp:AdminDeleteUser", POOL), Decision::Denied);
        assert_eq!(policy.decide("cognito-idp:AdminGetUser", POOL), Decision::Allowed);
    }
}

#[test]
fn everything_but_means_just_that() {
    let policy = policy(json!([
        {"Effect": "Allow", "NotAction": ["cognito-idp:Delete*", "sts:*"], "NotResource": POOL},
        {"Effect": "Deny", "NotAction": "cognito-idp:*", "Resource": "*"},
    ]));
    let other = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Other";
    assert_eq!(policy.decide("cognito-idp:AdminGetUser", other), Decision::Allowed);
    assert_eq!(policy.decide("cognito-idp:AdminGetUser", POOL), Decision::NotAllowed);
    assert_eq!(policy.decide("cognito-idp:DeleteUserPool", other), Decision::NotAllowed);
    assert_eq!(policy.decide("cognito-sync:ListDatasets", other), Decision::Denied);
}

#[test]
fn one_or_many_and_short_forms_are_read() {
    let one = json!({"Statement": allow("cognito-idp:AdminGetUser", "*")}).to_string();
    assert_eq!(Policy::parse(&one).unwrap().decide("cognito-idp:AdminGetUser", POOL), Decision::Allowed);
    let document = Policy::document_allowing(&["cognito-idp:ListUsers".to_owned()], &[POOL.to_owned()]);
    assert_eq!(Policy::parse(&document).unwrap().decide("cognito-idp:ListUsers", POOL), Decision::Allowed);
}

#[test]
fn what_is_not_understood_is_refused() {
    let statement = |text: &str| format!("{{\"Statement\": [{text}]}}");
    for (document, expected) in [
        ("", "not JSON"),
        ("[]", "no Statement"),
        ("{}", "no Statement"),
        ("{\"Statement\": []}", "from 1 to 100 statements"),
        ("{\"Statement\": [], \"Statement\": []}", "duplicate field `Statement`"),
        ("{\"Version\": \"2026-01-01\", \"Statement\": []}", "Version must be 2012-10-17"),
        ("{\"Statement\": [], \"Statements\": []}", "unknown field `Statements`"),
        (&statement("{}"), "Statement 1: missing field `Effect`"),
        (
            &statement(r#"{"Effect": "allow", "Action": "*", "Resource": "*"}"#),
            "Effect must be Allow or Deny",
        ),
        (&statement(r#"{"Effect": "Allow", "Resource": "*"}"#), "Action or NotAction"),
        (
            &statement(r#"{"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"}"#),
            "and not both",
        ),
        (&statement(r#"{"Effect": "Allow", "Action": "*"}"#), "Resource or NotResource"),
        (&statement(r#"{"Effect": "Allow", "Action": [], "Resource": "*"}"#), "Action is empty"),
        (&statement(r#"{"Effect": "Allow", "Action": "AdminGetUser", "Resource": "*"}"#), "not an action"),
        (&statement(r#"{"Effect": "Allow", "Action": "*", "Resource": "us-east-1_AbC"}"#), "or an ARN"),
        (&statement(r#"{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:cognito-idp"}"#), "or an ARN"),
        (
            &statement(r#"{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${aws:username}"}"#),
            "variables",
        ),
        (
            &statement(r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {}}"#),
            "Statement 1: Condition is not supported",
        ),
        (&statement(r#"{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}"#), "Principal"),
        (
            &statement(r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Conditions": {}}"#),
            "Statement 1: unknown field `Conditions`",
        ),
        (
            &statement(r#"{"Effect": "Allow", "Effect": "Deny", "Action": "*", "Resource": "*"}"#),
            "cannot be read",
        ),
    ] {
        let error = Policy::parse(document).unwrap_err().to_string();
        assert!(error.contains(expected), "{document}: {error}");
    }
}

#[test]
fn size_has_a_limit_and_white_space_is_free() {
    let of_length = |length: usize| {
        let frame = Policy::document_allowing(&[String::new()], &["*".to_owned()]).len();
        Policy::document_allowing(&[format!("a:{}", "b".repeat(length - frame - 2))], &["*".to_owned()])
    };
    assert!(Policy::parse(&of_length(POLICY_CHARACTERS_MAX)).is_ok());
    assert!(Policy::parse(&format!("{}{}", of_length(POLICY_CHARACTERS_MAX), " \n".repeat(1_000))).is_ok());
    assert!(Policy::parse(&of_length(POLICY_CHARACTERS_MAX + 1)).is_err());
    assert!(Policy::parse(&format!("{}{}", of_length(200), " ".repeat(DOCUMENT_BYTES_MAX))).is_err());
}

#[test]
fn actions_are_those_of_an_operation() {
    for (action, expected) in [
        ("*", true),
        ("cognito-idp:*", true),
        ("cognito-idp:AdminGetUser", true),
        ("COGNITO-IDP:admingetuser", true),
        ("cognito-idp:Admin*", true),
        ("cognito-*:Get*", true),
        ("sts:AssumeRole", true),
        ("cognito-idp:Descrbe", false),
        ("cognito-idp:Descrbe*", false),
        ("cognito-ipd:*", false),
        ("s3:GetObject", false),
    ] {
        let allow =
            Policy::parse(&Policy::document_allowing(&[action.to_owned()], &["*".to_owned()])).unwrap();
        assert_eq!(allow.check_actions().is_ok(), expected, "{action}");
        let deny = format!(
            r#"{{"Statement": [{{"Effect": "Allow", "Action": "*", "Resource": "*"}},
                {{"Effect": "Deny", "NotAction": ["cognito-idp:ListUsers", "{action}"], "Resource": "*"}}]}}"#
        );
        assert_eq!(Policy::parse(&deny).unwrap().check_actions().is_ok(), expected, "{action}");
    }
}

#[test]
fn pools_are_those_that_resources_name_in_full() {
    let arn = |resource: &str| format!("arn:aws:cognito-idp:us-east-1:123456789012:{resource}");
    let resources = ["userpool/us-east-1_A", "userpool/us-east-1_B*", "userpool/*", "*"].map(arn);
    let policy = Policy::parse(&Policy::document_allowing(&["*".to_owned()], &resources)).unwrap();
    assert_eq!(policy.pool_ids(), ["us-east-1_A"]);
}

#[test]
fn resources_are_those_that_calls_are_about() {
    for (resource, expected) in [
        ("*", true),
        ("arn:*", true),
        ("arn:aws:cognito-idp:*", true),
        ("arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_A", true),
        ("arn:aws:cognito-idp:*:*:userpool/*", true),
        ("arn:aws:cognito-idp:us-*:1234????9012:*", true),
        ("arn:aws:cognito-idp:us-east-1:123456789012:user*", true),
        ("arn:aws:cognito-identity:us-east-1:123456789012:identitypool/", true),
        ("arn:aws:cognito-identity:us-east-1:123456789012:identitypool/us-east-1:0a-1", true),
        (
            "arn:aws:cognito-sync:us-east-1:123456789012:identitypool/us-east-1:1/identity/us-east-1:2/dataset/*",
            true,
        ),
        ("arn:aws:iam::999999999999:role/reader", true),
        ("arn:aws:kms:eu-west-1:999999999999:key/a", true),
        ("arn:aws:kms:*:*:alias/*", true),
        ("arn:aws:kms:us-east-1:123456789012:grant/a", false),
        ("arn:aws:cognito-idp:us-east-2:123456789012:userpool/us-east-1_A", false),
        ("arn:aws:cognito-idp:us-east-1:999999999999:userpool/us-east-1_A", false),
        ("arn:aws:cognito-idp:us-east-1:123456789012:userpol/us-east-1_A", false),
        ("arn:aws:cognito-idp:us-east-1:123456789012:userpol/*", false),
        ("arn:aws:cognito-idp:us-east-1:123456789012:identitypool/*", false),
        ("arn:aws:cognito-idp::123456789012:userpool/*", false),
        ("arn:aws-cn:cognito-idp:us-east-1:123456789012:userpool/*", false),
        ("arn:aws:cognito:us-east-1:123456789012:userpool/*", false),
        ("arn:aws:s3:*", false),
        ("arn:aws:iam:us-east-1:999999999999:role/reader", false),
        ("arn:aws:iam::999999999999:user/reader", false),
        // What names nothing that there can be would deny nothing.
        ("arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_?b*", true),
        ("arn:aws:cognito-idp:us-east-1:123456789012:userpool/*_A", true),
        ("arn:aws:cognito-idp:us-east-1:123456789012:*pool/*", true),
        ("arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_A/*", false),
        ("arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_A/client/*", false),
        ("arn:aws:cognito-idp:us-east-1:123456789012:userpool/*/client/*", false),
        ("arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-esat-1_*", false),
        ("arn:aws:cognito-idp:us-east-1:123456789012:userpool/US-EAST-1_*", false),
        ("arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_", false),
        ("arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1-A*", false),
        ("arn:aws:cognito-idp:us-east-1:123456789012:userpool/?", false),
        ("arn:aws:cognito-idp:us-east-1:123456789012:userpool", false),
        ("arn:aws:cognito-idp:us-east-1:123456789012:*pool", false),
        ("arn:aws:cognito-idp:us-east-1:123456789012:user*pol/*", false),
        ("arn:aws:cognito-idp:us-east-1:12345678901?2:userpool/*", false),
        ("arn:aws-*:cognito-idp:us-east-1:123456789012:userpool/*", false),
        ("arn:aws:cognito-identity:us-east-1:123456789012:identitypool/us-esat-1:*", false),
        ("arn:aws:cognito-identity:us-east-1:123456789012:identitypool/us-east-1:0a/*", false),
        ("arn:aws:cognito-sync:us-east-1:123456789012:identitypool/us-east-1:1/dataset/*", false),
    ] {
        for member in ["Resource", "NotResource"] {
            let deny = serde_json::json!({"Statement": [
                {"Effect": "Allow", "Action": "*", "Resource": "*"},
                {"Effect": "Deny", "Action": "*", (member): resource},
            ]});
            let policy = Policy::parse(&deny.to_string()).unwrap();
            let found = policy.check_resources("us-east-1", "123456789012").is_ok();
            assert_eq!(found, expected, "{member} {resource}");
        }
    }
}
