//! A sample event of every source, and what a reply to it would do: for who writes a function.

use super::{
    Caller, Metadata, Source, Trigger,
    challenges::{self, CreateRequest, DefineRequest, Round, VerifyRequest},
    check_reply, custom_message, custom_sender, event, inbound_federation, post_authentication,
    post_confirmation, pre_authentication, pre_sign_up, pre_token_generation,
    pre_token_generation::GroupConfiguration,
    user_migration,
};
use crate::{Fault, Result, messages::Medium, user::Membership};
use serde::Serialize;
use serde_json::{Value, json};
use spec::cognito_idp::PreTokenGenerationLambdaVersionType as Version;
use std::collections::BTreeMap;

const CALLER: Caller<'_> = Caller {
    pool_id: "us-east-1_Example12",
    client_id: Some("1example23456789example234"),
    sdk_version: "aws-sdk-unknown-unknown",
};
const USERNAME: &str = "jane";
const SUB: &str = "0a1b2c3d-0000-4000-8000-000000000000";

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// An event of this source. `version` is that of PreTokenGeneration's.
///
/// # Errors
/// None but a failure of ours.
pub fn event_of(source: Source, version: Version) -> Result<Value> {
    let attributes = texts(&[
        ("sub", SUB),
        ("cognito:user_status", "CONFIRMED"),
        ("email", "jane@example.com"),
        ("email_verified", "true"),
        ("phone_number", "+15555550100"),
        ("custom:plan", "pro"),
    ]);
    let new = texts(&[("email", "jane@example.com"), ("custom:plan", "pro")]);
    let metadata: Metadata = texts(&[("language", "en")]);
    let written = match source.trigger() {
        Trigger::PreSignUp => made(source, &pre_sign_up(source, &new, &metadata), pre_sign_up::unchanged()),
        Trigger::PostConfirmation => {
            let client_metadata = Some(&metadata);
            made(
                source,
                &post_confirmation::Request { user_attributes: &attributes, client_metadata },
                json!({}),
            )
        }
        Trigger::PreAuthentication | Trigger::PostAuthentication => sign_in(source, &attributes, &metadata),
        Trigger::DefineAuthChallenge
        | Trigger::CreateAuthChallenge
        | Trigger::VerifyAuthChallengeResponse => challenge(source, &attributes, &metadata),
        Trigger::PreTokenGeneration => tokens(source, version, &attributes, &metadata),
        Trigger::UserMigration => migration(source, &metadata),
        Trigger::CustomMessage => {
            let request = custom_message::Request::new(source, &attributes, Some(&metadata));
            made(source, &request, custom_message::unchanged())
        }
        Trigger::CustomEmailSender | Trigger::CustomSmsSender => sender(source, &attributes, &metadata),
        Trigger::InboundFederation => federation(source),
    }?;
    serde_json::from_slice(&written).map_err(Fault::internal)
}

fn made(source: Source, request: &impl Serialize, response: Value) -> Result<Vec<u8>> {
    event((source, "1"), &CALLER, USERNAME, request, response)
}

fn sign_in(source: Source, attributes: &BTreeMap<String, String>, metadata: &Metadata) -> Result<Vec<u8>> {
    if source == Source::PostAuthentication {
        let request = post_authentication::Request {
            user_attributes: attributes,
            new_device_used: false,
            client_metadata: Some(metadata),
        };
        return made(source, &request, json!({}));
    }
    let request = pre_authentication::Request {
        user_attributes: attributes,
        validation_data: Some(metadata),
        user_not_found: Some(false),
    };
    made(source, &request, json!({}))
}

fn challenge(source: Source, attributes: &BTreeMap<String, String>, metadata: &Metadata) -> Result<Vec<u8>> {
    let (client_metadata, user_not_found) = (Some(metadata), Some(false));
    let session = &[Round {
        challenge_name: "CUSTOM_CHALLENGE".to_owned(),
        challenge_result: true,
        challenge_metadata: Some("riddle".to_owned()),
    }];
    let user_attributes = attributes;
    match source {
        Source::DefineAuthChallenge => {
            let request = DefineRequest { user_attributes, session, client_metadata, user_not_found };
            made(source, &request, challenges::undefined())
        }
        Source::CreateAuthChallenge => {
            let challenge_name = "CUSTOM_CHALLENGE";
            let request =
                CreateRequest { user_attributes, challenge_name, session, client_metadata, user_not_found };
            made(source, &request, challenges::not_created())
        }
        _ => {
            let request = VerifyRequest {
                user_attributes,
                private_challenge_parameters: &texts(&[("answer", "5")]),
                challenge_answer: "5",
                client_metadata,
                user_not_found,
            };
            made(source, &request, challenges::not_verified())
        }
    }
}

fn pre_sign_up<'a>(
    source: Source,
    attributes: &'a BTreeMap<String, String>,
    metadata: &'a Metadata,
) -> pre_sign_up::Request<'a> {
    let is_external = source == Source::PreSignUpExternal;
    pre_sign_up::Request {
        user_attributes: attributes,
        validation_data: is_external.then(BTreeMap::new),
        client_metadata: (!is_external).then_some(metadata),
    }
}

fn tokens(
    source: Source,
    version: Version,
    attributes: &BTreeMap<String, String>,
    metadata: &Metadata,
) -> Result<Vec<u8>> {
    let group = |group: &str, precedence, role: Option<&str>| Membership {
        group: group.to_owned(),
        precedence: Some(precedence),
        role_arn: role.map(str::to_owned),
    };
    let groups = [group("staff", 1, Some("arn:aws:iam::123456789012:role/staff")), group("testers", 2, None)];
    let scopes = ["aws.cognito.signin.user.admin".to_owned()];
    let is_client = source == Source::TokensOfClient;
    let request = pre_token_generation::Request {
        user_attributes: (!is_client).then_some(attributes),
        scopes: (version != Version::V10).then_some(&scopes[..]),
        group_configuration: GroupConfiguration::of(if is_client { &[] } else { &groups }),
        client_metadata: Some(metadata),
    };
    let version_text = pre_token_generation::event_version(version);
    let username = CALLER.client_id.filter(|_| is_client).unwrap_or(USERNAME);
    event((source, version_text), &CALLER, username, &request, pre_token_generation::unchanged(version))
}

fn migration(source: Source, metadata: &Metadata) -> Result<Vec<u8>> {
    let is_sign_in = source == Source::Migration;
    let request = user_migration::Request {
        password: is_sign_in.then_some("Correct-Horse9"),
        validation_data: is_sign_in.then_some(metadata),
        client_metadata: (!is_sign_in).then_some(metadata),
    };
    made(source, &request, user_migration::unchanged())
}

fn sender(source: Source, attributes: &BTreeMap<String, String>, metadata: &Metadata) -> Result<Vec<u8>> {
    if source == Source::EmailOfTakeOver {
        let attributes = texts(&[
            ("EVENT_ID", SUB),
            ("USER_NAME", USERNAME),
            ("IP_ADDRESS", "192.0.2.1"),
            ("ACCOUNT_TAKE_OVER_ACTION", "BLOCK"),
            ("ONE_CLICK_LINK_VALID", "https://auth.example.com/valid"),
            ("ONE_CLICK_LINK_INVALID", "https://auth.example.com/invalid"),
            ("LOGIN_TIME", "Sat Nov 28 10:00:00 UTC 2026"),
            ("FEEDBACK_TOKEN", "token"),
        ]);
        return made(source, &custom_sender::Request::new(source, None, &attributes, None), json!({}));
    }
    let request = custom_sender::Request::new(source, Some("AYADeA=="), attributes, Some(metadata));
    made(source, &request, json!({}))
}

fn federation(source: Source) -> Result<Vec<u8>> {
    let id_token = json!({ "sub": "112233", "email": "jane@example.com" });
    let request = inbound_federation::Request {
        provider_name: "Google",
        provider_type: "Google",
        attributes: inbound_federation::Said {
            token_response: None,
            id_token: Some(&id_token),
            user_info: None,
            saml_response: None,
        },
    };
    event((source, "1"), &CALLER, "Google_112233", &request, inbound_federation::unchanged())
}

/// What a reply to an event of this source decides, in words of JSON.
///
/// # Errors
/// What the wire would say of the reply.
pub fn decision(source: Source, version: Version, reply: &Value) -> Result<Value> {
    Ok(match source.trigger() {
        Trigger::PreSignUp => json!(pre_sign_up::read(reply)?),
        Trigger::DefineAuthChallenge => json!(challenges::read_define(reply)?),
        Trigger::CreateAuthChallenge => json!(challenges::read_create(reply)?),
        Trigger::VerifyAuthChallengeResponse => json!({ "is_right": challenges::read_verify(reply)? }),
        Trigger::PreTokenGeneration => json!(pre_token_generation::read(version, reply)?),
        Trigger::UserMigration => json!(user_migration::read(reply)?),
        Trigger::CustomMessage => {
            let read = |medium| custom_message::read(source, medium, false, reply);
            json!(custom_message::Reply { sms: read(Medium::Sms)?.sms, ..read(Medium::Email)? })
        }
        Trigger::InboundFederation => json!({ "attributes": inbound_federation::read(reply)? }),
        // The server reads nothing of what a sender replies.
        Trigger::CustomEmailSender | Trigger::CustomSmsSender => json!({}),
        Trigger::PostConfirmation | Trigger::PreAuthentication | Trigger::PostAuthentication => {
            check_reply(reply)?;
            json!({})
        }
    })
}
