//! The claims of ID and access tokens, and nothing that Cognito does not put there.

use super::{
    Grant, TokenContext,
    customization::{self, Customization, Groups},
};
use crate::{sign_in::assurance, user::Membership};
use serde_json::{Map, Value, json};

/// How many claims a token may have beside attributes, so that room for them is made once.
const OTHERS: usize = 15;

/// The claims of an ID token. `readable` says which attributes the client may see.
pub fn id_claims(context: &TokenContext<'_>, jti: &str, readable: impl Fn(&str) -> bool) -> Value {
    let TokenContext { client, user, groups, grant, customization, now, .. } = *context;
    let mut claims = Map::with_capacity(user.attributes.len() + OTHERS);
    for (name, value) in &user.attributes {
        if readable(name) {
            claims.insert(name.clone(), attribute_claim(name, value));
        }
    }
    claims.insert("sub".into(), user.sub.as_str().into());
    claims.insert("aud".into(), client.id.as_str().into());
    claims.insert("cognito:username".into(), user.username.as_str().into());
    claims.insert("token_use".into(), "id".into());
    customization::add_groups_and_roles(&mut claims, &effective(groups, customization));
    add_session(&mut claims, context, jti, now / 1_000 + client.token_validity().id_seconds);
    add_origin(&mut claims, client.revokes_tokens(), grant);
    add_assurance(&mut claims, grant);
    customization.iter().for_each(|c| c.id.apply_to_id(&mut claims));
    Value::Object(claims)
}

/// The claims of an access token.
pub fn access_claims(context: &TokenContext<'_>, jti: &str) -> Value {
    let TokenContext { client, user, groups, grant, customization, now, .. } = *context;
    let mut claims = Map::with_capacity(OTHERS);
    claims.insert("sub".into(), user.sub.as_str().into());
    claims.insert("client_id".into(), client.id.as_str().into());
    claims.insert("username".into(), user.username.as_str().into());
    claims.insert("token_use".into(), "access".into());
    let scopes = &grant.facts.scopes;
    let scope = customization.map_or_else(|| scopes.join(" "), |c| c.scopes(scopes).join(" "));
    claims.insert("scope".into(), scope.into());
    customization::add_groups(&mut claims, &effective(groups, customization));
    add_session(&mut claims, context, jti, now / 1_000 + client.token_validity().access_seconds);
    add_origin(&mut claims, client.revokes_tokens(), grant);
    add_assurance(&mut claims, grant);
    if let Some(key) = &grant.device_key {
        claims.insert("device_key".into(), key.as_str().into());
    }
    customization.iter().for_each(|c| c.access.apply_to_access(&mut claims, &client.id));
    Value::Object(claims)
}

/// The groups that tokens name: the user's, or those that a function puts in their place.
fn effective(groups: &[Membership], customization: Option<&Customization>) -> Groups {
    customization.and_then(|c| c.groups.clone()).unwrap_or_else(|| Groups::of(groups))
}

fn add_session(claims: &mut Map<String, Value>, context: &TokenContext<'_>, jti: &str, exp: i64) {
    claims.insert("iss".into(), context.issuer.into());
    claims.insert("event_id".into(), context.grant.facts.event_id.clone().into());
    claims.insert("auth_time".into(), (context.grant.authenticated_at / 1_000).into());
    claims.insert("iat".into(), (context.now / 1_000).into());
    claims.insert("exp".into(), exp.into());
    claims.insert("jti".into(), jti.into());
}

fn add_origin(claims: &mut Map<String, Value>, revokes: bool, grant: &Grant) {
    if revokes {
        claims.insert("origin_jti".into(), grant.id.clone().into());
    }
}

/// How strongly the user was authenticated, where a level was wished for. D: in both tokens, and the same after a refresh.
fn add_assurance(claims: &mut Map<String, Value>, grant: &Grant) {
    if let Some(acr) = &grant.facts.acr {
        claims.insert("acr".into(), acr.as_str().into());
        claims.insert("amr".into(), assurance::amr(&grant.facts.methods).into());
    }
}

/// Verified flags are booleans, an address is an object, everything else is text.
fn attribute_claim(name: &str, value: &str) -> Value {
    match name {
        "email_verified" | "phone_number_verified" => (value == "true").into(),
        "address" => json!({"formatted": value}),
        "identities" => serde_json::from_str(value).unwrap_or_else(|_| value.into()),
        _ => value.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_have_their_types() {
        assert_eq!(attribute_claim("email_verified", "true"), json!(true));
        assert_eq!(attribute_claim("address", "x"), json!({"formatted": "x"}));
        assert_eq!(attribute_claim("custom:n", "5"), json!("5"));
    }
}
