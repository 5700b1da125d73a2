//! Every event as it is written, and replies member by member.

use super::{samples::*, *};
use serde_json::{Value, json};
use spec::cognito_idp::PreTokenGenerationLambdaVersionType as Version;
use std::{fs, path::Path};

/// The sources with the versions of their events.
fn all() -> impl Iterator<Item = (Source, Version)> {
    let versions = |source: &Source| match source.trigger() {
        Trigger::PreTokenGeneration if *source == Source::TokensOfClient => vec![Version::V30],
        Trigger::PreTokenGeneration => vec![Version::V10, Version::V20, Version::V30],
        _ => vec![Version::V10],
    };
    Source::ALL.iter().flat_map(move |source| versions(source).into_iter().map(|version| (*source, version)))
}

/// The files are written anew with `UPDATE=1`, and read by people.
#[test]
#[allow(clippy::disallowed_methods, reason = "whoever runs the test says that the files shall be written")]
fn events_are_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/triggers/golden");
    let mut names = Vec::new();
    for (source, version) in all() {
        let suffix = if version == Version::V10 { "" } else { version.as_str() };
        let name = format!("{}{suffix}.json", source.as_str());
        let written = serde_json::to_string_pretty(&event_of(source, version).unwrap()).unwrap() + "\n";
        let path = folder.join(&name);
        if std::env::var_os("UPDATE").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &written).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap_or_default(), written, "{name}: run it with UPDATE=1");
        names.push(name);
    }
    let mut found: Vec<String> =
        fs::read_dir(folder).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    found.sort();
    assert_eq!(found, names);
}

/// What a function that changes nothing replies is taken wherever nothing must be said.
#[test]
fn an_event_that_comes_back_unchanged_changes_nothing() {
    for (source, version) in all() {
        let reply = event_of(source, version).unwrap();
        let decided = decision(source, version, &reply);
        let must_speak = matches!(source.trigger(), Trigger::DefineAuthChallenge | Trigger::UserMigration);
        assert_eq!(decided.is_err(), must_speak, "{source:?}");
    }
}

fn decide(source: Source, version: Version, response: Value) -> std::result::Result<Value, String> {
    decision(source, version, &json!({ "response": response })).map_err(|fault| fault.message.into_owned())
}

#[test]
fn replies_are_checked_member_by_member() {
    let garbage =
        [json!(1), json!([]), json!({}), json!({"request": {}}), json!({"response": []}), json!(null)];
    let numbers = json!({"a": 1});
    let long = "x".repeat(challenges::PARAMETERS_BYTES_MAX);
    let many: serde_json::Map<String, Value> = (0..1_001).map(|n| (n.to_string(), json!("v"))).collect();
    let wrong = [
        (Source::PreSignUp, json!({"autoConfirmUser": "true"})),
        (Source::PreSignUp, json!({"autoVerifyEmail": 1})),
        (Source::PreSignUp, json!({"autoVerifyPhone": {}})),
        (Source::DefineAuthChallenge, json!({"issueTokens": "yes"})),
        (Source::DefineAuthChallenge, json!({"failAuthentication": 0, "issueTokens": true})),
        (Source::DefineAuthChallenge, json!({"challengeName": "SMS_MFA"})),
        (Source::DefineAuthChallenge, json!({"challengeName": ["CUSTOM_CHALLENGE"]})),
        (Source::DefineAuthChallenge, json!({"issueTokens": false, "failAuthentication": false})),
        (Source::CreateAuthChallenge, json!({"publicChallengeParameters": numbers})),
        (Source::CreateAuthChallenge, json!({"privateChallengeParameters": ["a"]})),
        (Source::CreateAuthChallenge, json!({"challengeMetadata": {"a": "b"}})),
        (Source::CreateAuthChallenge, json!({"publicChallengeParameters": {"a": long}})),
        (Source::CreateAuthChallenge, json!({"privateChallengeParameters": many})),
        (Source::VerifyAuthChallengeResponse, json!({"answerCorrect": "true"})),
        (Source::Tokens, json!({"claimsOverrideDetails": {"claimsToAddOrOverride": numbers}})),
        (Source::Tokens, json!({"claimsOverrideDetails": {"claimsToSuppress": "email"}})),
        (Source::Tokens, json!({"claimsOverrideDetails": {"groupOverrideDetails": []}})),
        (
            Source::Tokens,
            json!({"claimsOverrideDetails": {"groupOverrideDetails": {"groupsToOverride": [1]}}}),
        ),
        (Source::Migration, json!({"userAttributes": {}})),
        (Source::Migration, json!({"userAttributes": {"email": true}})),
        (Source::Migration, json!({"userAttributes": {"email": "a"}, "finalUserStatus": "DONE"})),
        (Source::Migration, json!({"userAttributes": {"email": "a"}, "messageAction": "SEND"})),
        (Source::Migration, json!({"userAttributes": {"email": "a"}, "desiredDeliveryMediums": ["FAX"]})),
        (Source::Migration, json!({"userAttributes": {"email": "a"}, "forceAliasCreation": "no"})),
        (Source::MessageOfSignUp, json!({"emailMessage": "no code"})),
        (Source::MessageOfSignUp, json!({"smsMessage": format!("{{####}}{}", "x".repeat(140))})),
        (Source::MessageOfSignUp, json!({"emailSubject": "x".repeat(141)})),
        (Source::MessageOfInvitation, json!({"smsMessage": "{####} alone"})),
        (Source::InboundFederation, json!({"userAttributesToMap": {"email": 1}})),
    ];
    for (source, response) in wrong {
        let shown = response.to_string().chars().take(90).collect::<String>();
        let decided = decide(source, Version::V10, response);
        assert_eq!(decided.unwrap_err(), "Unrecognizable lambda output", "{source:?} {shown}");
    }
    for (source, version) in all() {
        if matches!(source.trigger(), Trigger::CustomEmailSender | Trigger::CustomSmsSender) {
            continue;
        }
        for reply in &garbage {
            assert!(decision(source, version, reply).is_err(), "{source:?} {reply}");
        }
    }
}

#[test]
fn replies_decide() {
    for (source, version, response, expected) in [
        (
            Source::PreSignUp,
            Version::V10,
            json!({"autoConfirmUser": true, "autoVerifyPhone": null, "unknown": 1}),
            json!({"confirms": true, "verifies_email": false, "verifies_phone_number": false}),
        ),
        (Source::DefineAuthChallenge, Version::V10, json!({"issueTokens": true}), json!("IssueTokens")),
        (
            Source::DefineAuthChallenge,
            Version::V10,
            json!({"issueTokens": true, "failAuthentication": true}),
            json!("Fail"),
        ),
        (
            Source::DefineAuthChallenge,
            Version::V10,
            json!({"challengeName": "CUSTOM_CHALLENGE", "issueTokens": false}),
            json!("Custom"),
        ),
        (
            Source::Migration,
            Version::V10,
            json!({"userAttributes": {"email": "a@b.c"}, "finalUserStatus": "CONFIRMED",
                   "messageAction": "SUPPRESS", "enableSMSMFA": true}),
            json!({"attributes": {"email": "a@b.c"}, "is_confirmed": true, "invites": [],
                   "takes_aliases": false, "enables_sms_mfa": true}),
        ),
        (
            Source::MessageOfInvitation,
            Version::V10,
            json!({"emailMessage": "{username}: {####}", "smsMessage": ""}),
            json!({"sms": null, "email": "{username}: {####}", "subject": null}),
        ),
    ] {
        assert_eq!(decide(source, version, response).as_ref(), Ok(&expected), "{source:?}");
    }
    let later = |details: Value| {
        decide(Source::Tokens, Version::V20, json!({"claimsAndScopeOverrideDetails": details}))
    };
    let decided = later(json!({
        "idTokenGeneration": {"claimsToAddOrOverride": {"a": [1, {"b": true}], "c": null}},
        "accessTokenGeneration": {"scopesToAdd": ["shop/read"], "scopesToSuppress": ["x"], "claimsToSuppress": ["y"]},
        "groupOverrideDetails": {}
    }))
    .unwrap();
    assert_eq!(decided["id"]["add"], json!({"a": [1, {"b": true}]}));
    assert_eq!(decided["scopes_to_add"], json!(["shop/read"]));
    assert_eq!(decided["groups"], json!({"names": [], "roles": [], "preferred_role": null}));
    assert!(later(json!({"accessTokenGeneration": {"scopesToAdd": ["two words"]}})).is_err());
    let long = json!({"idTokenGeneration": {"claimsToAddOrOverride": {"a": "x".repeat(65_537)}}});
    assert!(later(long).is_err());
    // D: without the member groups stay, with null there are none.
    assert_eq!(later(json!({})).unwrap()["groups"], json!(null));
    assert_ne!(later(json!({"groupOverrideDetails": null})).unwrap()["groups"], json!(null));
    // A sender's reply is not read at all.
    assert_eq!(decision(Source::EmailOfSignUp, Version::V10, &json!(null)).unwrap(), json!({}));
}
