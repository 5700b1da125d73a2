//! What a function replies: the first line names a source, the rest is the reply.

use crate::values::{first_line, pick};
use rules::triggers::{Source, Trigger, pre_token_generation, samples};
use serde_json::{Map, Value, json};
use spec::cognito_idp::PreTokenGenerationLambdaVersionType as Version;

/// Claims that no function may say otherwise.
const KEPT: [&str; 8] =
    ["sub", "iss", "exp", "token_use", "jti", "origin_jti", "client_id", "cognito:username"];

/// Reads the reply, which is taken or refused in one of two words; tokens that are changed by it keep what they must.
pub fn run(data: &[u8]) {
    let (name, reply) = first_line(data);
    let source = *pick(Source::ALL, name, |source| source.as_str());
    let Ok(reply) = serde_json::from_slice::<Value>(reply) else { return };
    for version in [Version::V10, Version::V20, Version::V30] {
        if let Err(refusal) = samples::decision(source, version, &reply) {
            assert_eq!(refusal.message, "Unrecognizable lambda output");
        }
        if source.trigger() == Trigger::PreTokenGeneration
            && let Ok(customization) = pre_token_generation::read(version, &reply)
        {
            let claims: Map<String, Value> =
                KEPT.iter().map(|name| ((*name).to_owned(), json!("kept"))).collect();
            let (mut id, mut access) = (claims.clone(), claims);
            customization.id.apply_to_id(&mut id);
            customization.access.apply_to_access(&mut access, "client");
            for name in KEPT {
                assert!(id[name] == "kept" && access[name] == "kept", "{name}");
            }
            let scopes = customization.scopes(&["a".to_owned()]);
            assert!(scopes.iter().all(|scope| !scope.contains(' ')), "{scopes:?}");
        }
    }
}
