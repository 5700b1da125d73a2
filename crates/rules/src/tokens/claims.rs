//! The claims of ID and access tokens, and nothing that Cognito does not put there.

use super::{Grant, TokenContext};
use crate::user::Membership;
use serde_json::{Map, Value, json};

/// How many claims a token may have beside attributes, so that room for them is made once.
const OTHERS: usize = 14;

/// The claims of an ID token. `readable` says which attributes the client may see.
pub fn id_claims(context: &TokenContext<'_>, jti: &str, readable: impl Fn(&str) -> bool) -> Value {
    let TokenContext { client, user, groups, grant, now, .. } = *context;
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
    add_groups(&mut claims, groups);
    add_roles(&mut claims, groups);
    add_session(&mut claims, context, jti, now / 1_000 + client.token_validity().id_seconds);
    add_origin(&mut claims, client.revokes_tokens(), grant);
    Value::Object(claims)
}

/// The claims of an access token.
pub fn access_claims(context: &TokenContext<'_>, jti: &str) -> Value {
    let TokenContext { client, user, groups, grant, now, .. } = *context;
    let mut claims = Map::with_capacity(OTHERS);
    claims.insert("sub".into(), user.sub.as_str().into());
    claims.insert("client_id".into(), client.id.as_str().into());
    claims.insert("username".into(), user.username.as_str().into());
    claims.insert("token_use".into(), "access".into());
    claims.insert("scope".into(), grant.facts.scopes.join(" ").into());
    add_groups(&mut claims, groups);
    add_session(&mut claims, context, jti, now / 1_000 + client.token_validity().access_seconds);
    add_origin(&mut claims, client.revokes_tokens(), grant);
    Value::Object(claims)
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

fn add_groups(claims: &mut Map<String, Value>, groups: &[Membership]) {
    if !groups.is_empty() {
        let names: Vec<&str> = groups.iter().map(|g| g.group.as_str()).collect();
        claims.insert("cognito:groups".into(), json!(names));
    }
}

/// The roles of the groups, and the one that counts: that of the lowest precedence, unless two groups tie there
/// with different roles.
fn add_roles(claims: &mut Map<String, Value>, groups: &[Membership]) {
    let with_role: Vec<(&Membership, &str)> =
        groups.iter().filter_map(|g| Some((g, g.role_arn.as_deref()?))).collect();
    if with_role.is_empty() {
        return;
    }
    let mut roles: Vec<&str> = with_role.iter().map(|(_, role)| *role).collect();
    roles.sort_unstable();
    roles.dedup();
    claims.insert("cognito:roles".into(), json!(roles));
    let rank = |group: &Membership| group.precedence.unwrap_or(i64::MAX);
    let lowest = with_role.iter().map(|(group, _)| rank(group)).min();
    let mut best = with_role.iter().filter(|(group, _)| Some(rank(group)) == lowest).map(|(_, role)| *role);
    if let Some(first) = best.next()
        && best.all(|role| role == first)
    {
        claims.insert("cognito:preferred_role".into(), first.into());
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

    fn group(name: &str, precedence: Option<i64>, role: Option<&str>) -> Membership {
        Membership { group: name.into(), precedence, role_arn: role.map(str::to_owned) }
    }

    #[test]
    fn the_preferred_role_is_the_lowest_precedence_without_a_tie() {
        let check = |groups: &[Membership], preferred: Option<&str>| {
            let mut claims = Map::new();
            add_roles(&mut claims, groups);
            assert_eq!(claims.get("cognito:preferred_role").and_then(Value::as_str), preferred, "{groups:?}");
        };
        check(&[], None);
        check(&[group("a", Some(1), None)], None);
        check(&[group("a", Some(1), Some("r1")), group("b", Some(0), Some("r0"))], Some("r0"));
        check(&[group("a", Some(1), Some("r1")), group("b", Some(1), Some("r0"))], None);
        check(&[group("a", Some(1), Some("r1")), group("b", Some(1), Some("r1"))], Some("r1"));
        check(&[group("a", None, Some("r1")), group("b", Some(5), Some("r0"))], Some("r0"));
        check(&[group("a", None, Some("r1")), group("b", Some(5), None)], Some("r1"));
    }

    #[test]
    fn attributes_have_their_types() {
        assert_eq!(attribute_claim("email_verified", "true"), json!(true));
        assert_eq!(attribute_claim("address", "x"), json!({"formatted": "x"}));
        assert_eq!(attribute_claim("custom:n", "5"), json!("5"));
    }
}
