use super::*;
use cognito_idp::Operation;
use serde_json::json;
use spec::shape::Kind;

/// Operations whose names begin like questions and that issue tokens, prove somebody or send a message.
const ACTS: [&str; 13] = [
    "GetClientToken",
    "GetCredentialsForIdentity",
    "GetDelegatedAccessToken",
    "GetDerivedToken",
    "GetFederationToken",
    "GetId",
    "GetOpenIdToken",
    "GetOpenIdTokenForDeveloperIdentity",
    "GetScopedCredentials",
    "GetSessionToken",
    "GetTokensFromRefreshToken",
    "GetUserAttributeVerificationCode",
    "GetWebIdentityToken",
];

fn operations() -> impl Iterator<Item = Endpoint> {
    let user_pools = Operation::ALL.iter().map(|o| Endpoint::UserPools(*o));
    let identity_pools = cognito_identity::Operation::ALL.iter().map(|o| Endpoint::IdentityPools(*o));
    let sync = cognito_sync::Operation::ALL.iter().map(|o| Endpoint::Sync(*o));
    let sts = security_tokens::Operation::ALL.iter().map(|o| Endpoint::Sts(*o));
    let kms = keys::Operation::ALL.iter().map(|o| Endpoint::Kms(*o));
    user_pools.chain(identity_pools).chain(sync).chain(sts).chain(kms)
}

#[test]
fn only_questions_are_left_out_of_the_trail() {
    for endpoint in operations() {
        let name = endpoint.name();
        let starts = ["Get", "List", "Describe", "AdminGet", "AdminList", "Lookup", "Decode"];
        let asks = starts.iter().any(|start| name.starts_with(start)) && !ACTS.contains(&name);
        let expected = if asks { Audited::WithoutRight } else { Audited::Always };
        assert_eq!(endpoint.audited(), expected, "{name}");
    }
    assert_eq!(Endpoint::WellKnown.audited(), Audited::Never);
}

#[test]
fn what_issues_tokens_or_hashes_is_admitted_first() {
    for endpoint in operations() {
        let name = endpoint.name();
        let issues = name.starts_with("Get") && (name.contains("Token") || name.contains("Credentials"))
            || name.starts_with("Assume")
            || name.ends_with("InitiateAuth")
            || name.ends_with("RespondToAuthChallenge");
        let hashes = ["SignUp", "ChangePassword", "AdminSetUserPassword"].contains(&name);
        assert_eq!(endpoint.cost(&Value::Null).is_some(), issues || hashes, "{name}");
        if hashes {
            assert_eq!(endpoint.cost(&Value::Null), Some((Cost::Hash, Priority::New)), "{name}");
        }
    }
}

#[test]
fn a_public_operation_that_looks_for_a_typed_name_answers_in_periods() {
    for endpoint in operations() {
        let Some(spec) = endpoint.spec().filter(|spec| !spec.signed) else { continue };
        let input = json!({"Username": "u", "AuthFlow": "USER_SRP_AUTH", "ChallengeName": "PASSWORD_VERIFIER",
            "AuthParameters": {"USERNAME": "u"}, "ChallengeResponses": {"USERNAME": "u"}});
        // SignUp says who is registered by its answer; UpdateAuthEventFeedback shows a token.
        let tells = ["SignUp", "UpdateAuthEventFeedback"].contains(&spec.name);
        let is_named = endpoint.typed_name(&input).is_some();
        assert_eq!(endpoint.period(&input).is_some(), is_named && !tells, "{}", spec.name);
    }
}

#[test]
fn every_parameter_that_names_a_user_is_found() {
    for endpoint in operations() {
        let Some(shape) = endpoint.spec().and_then(|spec| spec.input) else { continue };
        let Kind::Structure { members } = &shape.kind else { continue };
        for (member, input) in [
            ("Username", json!({"Username": "u"})),
            ("AuthParameters", json!({"AuthParameters": {"USERNAME": "u"}})),
            ("ChallengeResponses", json!({"ChallengeResponses": {"USERNAME": "u"}})),
        ] {
            let is_there = members.iter().any(|m| m.name == member);
            assert_eq!(endpoint.typed_name(&input).is_some(), is_there, "{} {member}", endpoint.name());
        }
    }
}

#[test]
fn what_people_type_is_not_an_operators_word() {
    for (operation, expected) in [
        (Operation::AdminGetUser, true),
        (Operation::AdminCreateUser, true),
        (Operation::AdminInitiateAuth, false),
        (Operation::AdminRespondToAuthChallenge, false),
        (Operation::SignUp, false),
        (Operation::ListUsers, false),
    ] {
        assert_eq!(Endpoint::UserPools(operation).is_named_by_operator(), expected, "{operation:?}");
    }
}

#[test]
fn operations_are_where_the_page_puts_them() {
    use Category::*;
    let of = |challenge: &str| json!({"ChallengeName": challenge});
    for (operation, input, expected) in [
        (Operation::InitiateAuth, Value::Null, UserAuthentication),
        (Operation::RespondToAuthChallenge, of("SMS_MFA"), ChallengeResponses),
        (Operation::RespondToAuthChallenge, of("NEW_PASSWORD_REQUIRED"), UserAccountRecovery),
        (Operation::AdminRespondToAuthChallenge, of("NEW_PASSWORD_REQUIRED"), UserAccountRecovery),
        (Operation::AdminConfirmSignUp, Value::Null, UserCreation),
        (Operation::ResendConfirmationCode, Value::Null, UserResourceRead),
        (Operation::SetUserPoolMfaConfig, Value::Null, UserPoolResourceUpdate),
    ] {
        assert_eq!(Endpoint::UserPools(operation).quota(&input), Some(expected), "{operation:?}");
    }
    let quota = |operation| Endpoint::IdentityPools(operation).quota(&Value::Null);
    assert_eq!(quota(cognito_identity::Operation::GetId), Some(GetId));
    assert_eq!(quota(cognito_identity::Operation::CreateIdentityPool), None);
}

#[test]
fn what_depends_on_the_input() {
    let (initiate, respond) = (
        Endpoint::UserPools(Operation::InitiateAuth),
        Endpoint::UserPools(Operation::RespondToAuthChallenge),
    );
    let preferred =
        |choice: &str| json!({"AuthFlow": "USER_AUTH", "AuthParameters": {"PREFERRED_CHALLENGE": choice}});
    let answer =
        |choice: &str| json!({"ChallengeName": "SELECT_CHALLENGE", "ChallengeResponses": {"ANSWER": choice}});
    for (endpoint, input, cost, period) in [
        (initiate, json!({"AuthFlow": "USER_PASSWORD_AUTH"}), (Cost::Hash, Priority::New), Some(5)),
        (initiate, json!({"AuthFlow": "USER_SRP_AUTH"}), (Cost::Light, Priority::New), Some(5)),
        (initiate, json!({"AuthFlow": "REFRESH_TOKEN_AUTH"}), (Cost::Light, Priority::New), None),
        (
            respond,
            json!({"ChallengeName": "NEW_PASSWORD_REQUIRED"}),
            (Cost::Hash, Priority::Continuing),
            None,
        ),
        (
            respond,
            json!({"ChallengeName": "PASSWORD_VERIFIER"}),
            (Cost::Light, Priority::Continuing),
            Some(5),
        ),
        (initiate, json!({"AuthFlow": "USER_AUTH"}), (Cost::Light, Priority::New), Some(5)),
        (initiate, preferred("PASSWORD"), (Cost::Hash, Priority::New), Some(5)),
        (initiate, preferred("PASSWORD_SRP"), (Cost::Light, Priority::New), Some(5)),
        (initiate, preferred("EMAIL_OTP"), (Cost::Light, Priority::New), Some(20)),
        (initiate, preferred("WEB_AUTHN"), (Cost::Light, Priority::New), Some(5)),
        (respond, answer("PASSWORD"), (Cost::Hash, Priority::New), Some(5)),
        (respond, answer("SMS_OTP"), (Cost::Light, Priority::Continuing), Some(20)),
        (respond, json!({"ChallengeName": "PASSWORD"}), (Cost::Hash, Priority::New), Some(5)),
        (respond, json!({"ChallengeName": "WEB_AUTHN"}), (Cost::Light, Priority::Continuing), Some(5)),
        (respond, json!({"ChallengeName": "EMAIL_OTP"}), (Cost::Light, Priority::Continuing), Some(20)),
        (respond, json!({"ChallengeName": "SMS_MFA"}), (Cost::Light, Priority::Continuing), None),
    ] {
        assert_eq!(endpoint.cost(&input), Some(cost), "{input}");
        assert_eq!(endpoint.period(&input), period.map(Duration::from_millis), "{input}");
    }
}
