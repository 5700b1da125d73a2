//! What a function changes in tokens, and what it may not.
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html>

use crate::user::Membership;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// What a function wants of both tokens.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Customization {
    /// Of the ID token.
    pub id: ClaimChanges,
    /// Of the access token.
    pub access: ClaimChanges,
    /// Scopes to add.
    pub scopes_to_add: Vec<String>,
    /// Scopes to leave out.
    pub scopes_to_suppress: Vec<String>,
    /// The groups in place of the user's; none where these stay.
    pub groups: Option<Groups>,
}

/// What a function wants of one token.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ClaimChanges {
    /// Claims to add, or to say otherwise.
    pub add: Map<String, Value>,
    /// Claims to leave out, which outweighs adding them.
    pub suppress: Vec<String>,
}

/// Groups, their roles, and the role that counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Groups {
    /// The groups' names.
    pub names: Vec<String>,
    /// Their roles.
    pub roles: Vec<String>,
    /// The role that counts.
    pub preferred_role: Option<String>,
}

impl Groups {
    /// Of the groups that a user is in, the lowest precedence first. The role that counts is that of the lowest
    /// precedence, unless two groups tie there with different roles.
    pub fn of(groups: &[Membership]) -> Groups {
        let names = groups.iter().map(|group| group.group.clone()).collect();
        let with_role: Vec<(&Membership, &str)> =
            groups.iter().filter_map(|group| Some((group, group.role_arn.as_deref()?))).collect();
        let mut roles: Vec<String> = with_role.iter().map(|(_, role)| (*role).to_owned()).collect();
        roles.sort_unstable();
        roles.dedup();
        let rank = |group: &Membership| group.precedence.unwrap_or(i64::MAX);
        let lowest = with_role.iter().map(|(group, _)| rank(group)).min();
        let mut best =
            with_role.iter().filter(|(group, _)| Some(rank(group)) == lowest).map(|(_, role)| *role);
        let first = best.next();
        let preferred_role = first.filter(|first| best.all(|role| role == *first)).map(str::to_owned);
        Groups { names, roles, preferred_role }
    }

    fn names_claim(&self) -> Option<Value> {
        (!self.names.is_empty()).then(|| json!(self.names))
    }
}

const GROUPS: &str = "cognito:groups";
const ROLES: &str = "cognito:roles";
const PREFERRED_ROLE: &str = "cognito:preferred_role";
const SCOPE: &str = "scope";

/// What no function may add, change or leave out, in either token. D
const FIXED: [&str; 21] = [
    "acr",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "client_id",
    "device_key",
    "event_id",
    "exp",
    "iat",
    "identities",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "origin_jti",
    "sub",
    "token_use",
    "username",
    "version",
];

/// Claims of an ID token whose values have one form. D: they take no other.
const SIMPLE: [&str; 4] = ["address", "email_verified", "phone_number_verified", "updated_at"];

/// Puts the groups and roles of an ID token.
pub fn add_groups_and_roles(claims: &mut Map<String, Value>, groups: &Groups) {
    add_groups(claims, groups);
    if !groups.roles.is_empty() {
        claims.insert(ROLES.into(), json!(groups.roles));
    }
    if let Some(role) = &groups.preferred_role {
        claims.insert(PREFERRED_ROLE.into(), role.clone().into());
    }
}

/// Puts the groups of an access token.
pub fn add_groups(claims: &mut Map<String, Value>, groups: &Groups) {
    if let Some(names) = groups.names_claim() {
        claims.insert(GROUPS.into(), names);
    }
}

impl ClaimChanges {
    /// Changes an ID token.
    pub fn apply_to_id(&self, claims: &mut Map<String, Value>) {
        for (name, value) in &self.add {
            let is_complex = value.is_object() || value.is_array();
            if may_add(name) && !(is_complex && SIMPLE.contains(&name.as_str())) {
                claims.insert(name.clone(), value.clone());
            }
        }
        self.suppress_in(claims);
    }

    /// Changes the access token of this client. D: it may be told its client as `aud`, and nothing else.
    pub fn apply_to_access(&self, claims: &mut Map<String, Value>, client_id: &str) {
        for (name, value) in &self.add {
            let is_client = name == "aud" && value.as_str() == Some(client_id);
            if is_client || (may_add(name) && name != SCOPE) {
                claims.insert(name.clone(), value.clone());
            }
        }
        self.suppress_in(claims);
    }

    fn suppress_in(&self, claims: &mut Map<String, Value>) {
        for name in &self.suppress {
            // D: with the groups go the roles.
            if name == GROUPS {
                [GROUPS, ROLES, PREFERRED_ROLE]
                    .into_iter()
                    .for_each(|claim| drop(claims.shift_remove(claim)));
            } else if !is_fixed(name) && name != SCOPE {
                claims.shift_remove(name);
            }
        }
    }
}

fn is_fixed(name: &str) -> bool {
    FIXED.contains(&name) || name.starts_with("cognito:")
}

/// D: what only developers write can be left out, but not said otherwise.
fn may_add(name: &str) -> bool {
    !is_fixed(name) && !name.starts_with("dev:")
}

impl Customization {
    /// How much is changed, without what.
    pub fn summary(&self) -> String {
        let groups = if self.groups.is_some() { ", other groups" } else { "" };
        format!(
            "ID token +{} -{}, access token +{} -{}, scopes +{} -{}{groups}",
            self.id.add.len(),
            self.id.suppress.len(),
            self.access.add.len(),
            self.access.suppress.len(),
            self.scopes_to_add.len(),
            self.scopes_to_suppress.len(),
        )
    }

    /// The scopes of an access token, of those that it would have.
    pub fn scopes(&self, scopes: &[String]) -> Vec<String> {
        let mut all: Vec<String> = Vec::with_capacity(scopes.len() + self.scopes_to_add.len());
        for scope in scopes.iter().chain(&self.scopes_to_add) {
            if !self.scopes_to_suppress.contains(scope) && !all.contains(scope) {
                all.push(scope.clone());
            }
        }
        all
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
        for (groups, preferred) in [
            (&[][..], None),
            (&[group("a", Some(1), None)], None),
            (&[group("a", Some(1), Some("r1")), group("b", Some(0), Some("r0"))], Some("r0")),
            (&[group("a", Some(1), Some("r1")), group("b", Some(1), Some("r0"))], None),
            (&[group("a", Some(1), Some("r1")), group("b", Some(1), Some("r1"))], Some("r1")),
            (&[group("a", None, Some("r1")), group("b", Some(5), Some("r0"))], Some("r0")),
            (&[group("a", None, Some("r1")), group("b", Some(5), None)], Some("r1")),
        ] {
            assert_eq!(Groups::of(groups).preferred_role.as_deref(), preferred, "{groups:?}");
        }
    }

    fn claims(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn what_no_function_may_say() {
        let id = claims(json!({
            "sub": "s", "aud": "c", "cognito:username": "jane", "email": "a@b.c", "dev:custom:level": "1",
            "cognito:groups": ["staff"], "cognito:roles": ["r"], "cognito:preferred_role": "r", "exp": 1
        }));
        let mut fixed = Map::new();
        for name in
            FIXED.into_iter().chain(["cognito:username", "cognito:groups", "cognito:x", "dev:custom:level"])
        {
            fixed.insert(name.to_owned(), "evil".into());
        }
        for name in SIMPLE {
            fixed.insert(name.to_owned(), json!({"evil": true}));
        }
        let mut changed = id.clone();
        let suppress =
            FIXED.iter().map(|name| (*name).to_owned()).chain(["cognito:username".to_owned()]).collect();
        ClaimChanges { add: fixed.clone(), suppress }.apply_to_id(&mut changed);
        assert_eq!(changed, id);
        let access = claims(json!({"sub": "s", "scope": "a", "client_id": "c", "username": "jane"}));
        let mut changed = access.clone();
        fixed.retain(|name, _| !SIMPLE.contains(&name.as_str()));
        fixed.insert(SCOPE.to_owned(), "evil".into());
        ClaimChanges { add: fixed, suppress: vec![SCOPE.to_owned(), "username".to_owned()] }
            .apply_to_access(&mut changed, "c");
        assert_eq!(changed, access);
    }

    #[test]
    fn what_a_function_may_say() {
        let mut id = claims(json!({
            "sub": "s", "email": "a@b.c", "name": "Jane", "dev:custom:level": "1", "cognito:groups": ["staff"],
            "cognito:roles": ["r"], "cognito:preferred_role": "r"
        }));
        let changes = ClaimChanges {
            add: claims(json!({"email": "x@y.z", "tier": {"level": [1, true]}, "name": "lost"})),
            suppress: ["name", "dev:custom:level", "cognito:groups", "absent"].map(str::to_owned).to_vec(),
        };
        changes.apply_to_id(&mut id);
        assert_eq!(id, claims(json!({"sub": "s", "email": "x@y.z", "tier": {"level": [1, true]}})));
        for (aud, expected) in [("c", json!({"aud": "c"})), ("other", json!({}))] {
            let mut access = Map::new();
            ClaimChanges { add: claims(json!({"aud": aud})), suppress: vec![] }
                .apply_to_access(&mut access, "c");
            assert_eq!(access, claims(expected));
        }
    }

    #[test]
    fn scopes_are_added_once_and_left_out() {
        let all = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<String>>();
        let customization = Customization {
            scopes_to_add: all(&["b", "a", "c"]),
            scopes_to_suppress: all(&["c", "aws.cognito.signin.user.admin"]),
            ..Customization::default()
        };
        assert_eq!(customization.scopes(&all(&["aws.cognito.signin.user.admin", "a"])), all(&["a", "b"]));
    }
}
