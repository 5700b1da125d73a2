//! IAM policies: which operations the holder of an access key may call, on which resources. What of IAM's
//! language is not understood here is refused when a policy is read, because a condition that is ignored would
//! allow more than its author meant.

mod glob;
#[cfg(test)]
mod tests;

use glob::{Form, is_glob_match};
use serde::Deserialize;
use spec::Service;
use std::fmt;

/// IAM's limit for a managed policy; white space is not counted.
pub const POLICY_CHARACTERS_MAX: usize = 6_144;
/// How long a document may be with its white space.
const DOCUMENT_BYTES_MAX: usize = 64 * 1024;
const STATEMENTS_MAX: usize = 100;
/// The parts of an ARN: `arn:aws:cognito-idp:region:account:resource`.
const ARN_PARTS: usize = 6;

/// A policy that was read and understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    statements: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Statement {
    is_deny: bool,
    actions: Patterns,
    resources: Patterns,
}

/// What a statement is about: these, or everything but these.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Patterns {
    Only(Vec<String>),
    AllBut(Vec<String>),
}

/// What a policy says of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows it and none denies it.
    Allowed,
    /// No statement says anything.
    NotAllowed,
    /// A statement denies it, whatever the others say.
    Denied,
}

/// Why a policy is not accepted, for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPolicy(String);

impl fmt::Display for BadPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadPolicy {}

fn bad<T>(text: impl Into<String>) -> Result<T, BadPolicy> {
    Err(BadPolicy(text.into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "Version")]
    version: Option<String>,
    #[serde(rename = "Id")]
    _id: Option<String>,
    #[serde(rename = "Statement")]
    statements: OneOrMany<WrittenStatement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct WrittenStatement {
    #[serde(rename = "Sid")]
    _sid: Option<String>,
    effect: String,
    action: Option<OneOrMany<String>>,
    not_action: Option<OneOrMany<String>>,
    resource: Option<OneOrMany<String>>,
    not_resource: Option<OneOrMany<String>>,
    condition: Option<serde_json::Value>,
    principal: Option<serde_json::Value>,
    not_principal: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    fn into_vec(self) -> Vec<T> {
        match self {
            OneOrMany::One(one) => vec![one],
            OneOrMany::Many(many) => many,
        }
    }
}

impl Policy {
    /// Reads a policy document.
    ///
    /// # Errors
    /// In words for its author, if it is not one or says what is not supported.
    pub fn parse(document: &str) -> Result<Policy, BadPolicy> {
        let characters = document.chars().filter(|c| !c.is_whitespace()).count();
        if characters > POLICY_CHARACTERS_MAX || document.len() > DOCUMENT_BYTES_MAX {
            return bad(format!(
                "A policy has at most {POLICY_CHARACTERS_MAX} characters, without white space."
            ));
        }
        // An untagged enumeration reports neither place nor name, so the structure is looked at first.
        let value: serde_json::Value = serde_json::from_str(document)
            .map_err(|error| BadPolicy(format!("The policy is not JSON: {error}.")))?;
        let statements = value.get("Statement");
        let written: Vec<&serde_json::Value> = match statements {
            Some(serde_json::Value::Array(many)) => many.iter().collect(),
            Some(one) => vec![one],
            None => return bad("The policy has no Statement."),
        };
        for (index, statement) in written.iter().enumerate() {
            serde_json::from_value::<WrittenStatement>((*statement).clone())
                .map_err(|error| BadPolicy(format!("Statement {}: {error}.", index + 1)))?;
        }
        // From the text, not from the value, so that a member written twice is refused.
        let document: Document = serde_json::from_str(document)
            .map_err(|error| BadPolicy(format!("The policy cannot be read: {error}.")))?;
        if !matches!(document.version.as_deref(), None | Some("2012-10-17" | "2008-10-17")) {
            return bad("The policy's Version must be 2012-10-17.");
        }
        let written = document.statements.into_vec();
        if written.is_empty() || written.len() > STATEMENTS_MAX {
            return bad(format!("A policy has from 1 to {STATEMENTS_MAX} statements."));
        }
        let statements: Result<Vec<Statement>, BadPolicy> = written
            .into_iter()
            .enumerate()
            .map(|(index, statement)| {
                statement
                    .understood()
                    .map_err(|BadPolicy(text)| BadPolicy(format!("Statement {}: {text}", index + 1)))
            })
            .collect();
        Ok(Policy { statements: statements? })
    }

    /// A document that allows these actions on these resources.
    pub fn document_allowing(actions: &[String], resources: &[String]) -> String {
        serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources}],
        })
        .to_string()
    }

    /// Refuses actions that no operation has. A policy that is stored already is not asked, because an operation may
    /// have gone.
    ///
    /// # Errors
    /// In words for its author, with the first such action.
    pub fn check_actions(&self) -> Result<(), BadPolicy> {
        let names = |service: Service| service.operation_names().into_iter().map(move |name| (service, name));
        let known: Vec<String> = Service::ALL
            .into_iter()
            .flat_map(names)
            .map(|(service, name)| format!("{}:{name}", service.signing_name()))
            .collect();
        let mut patterns = self.statements.iter().flat_map(|statement| statement.actions.written());
        match patterns.find(|pattern| !known.iter().any(|action| is_action(pattern, action))) {
            Some(pattern) => bad(format!(
                "{pattern} is no action of Cognito, STS or KMS; actions are named as operations are: cognito-idp:AdminGetUser."
            )),
            None => Ok(()),
        }
    }

    /// Refuses resources that no call can be about. They are not looked for in policies that are stored already.
    ///
    /// # Errors
    /// In words for its author, with the first such resource.
    pub fn check_resources(&self, region: &str, account_id: &str) -> Result<(), BadPolicy> {
        let mut patterns = self.statements.iter().flat_map(|statement| statement.resources.written());
        match patterns.find(|pattern| !may_be_meant(pattern, region, account_id)) {
            Some(pattern) => bad(format!(
                "{pattern} is no resource here; those of user pools are arn:aws:cognito-idp:{region}:{account_id}:userpool/ID."
            )),
            None => Ok(()),
        }
    }

    /// The user pools that its resources name in full.
    pub fn pool_ids(&self) -> Vec<String> {
        let pool_id = |arn: &String| {
            let id = arn.splitn(ARN_PARTS, ':').nth(ARN_PARTS - 1)?.strip_prefix("userpool/")?;
            (!id.contains(['*', '?'])).then(|| id.to_owned())
        };
        self.statements
            .iter()
            .flat_map(|statement| statement.resources.written())
            .filter_map(pool_id)
            .collect()
    }

    /// What the policy says of an action, such as `cognito-idp:AdminGetUser`, on a resource: an ARN, or `*` for
    /// an operation that names none.
    pub fn decide(&self, action: &str, resource: &str) -> Decision {
        let mut decision = Decision::NotAllowed;
        for statement in &self.statements {
            if statement.actions.include(action, is_action)
                && statement.resources.include(resource, is_resource)
            {
                if statement.is_deny {
                    return Decision::Denied;
                }
                decision = Decision::Allowed;
            }
        }
        decision
    }
}

impl WrittenStatement {
    fn understood(self) -> Result<Statement, BadPolicy> {
        if self.condition.is_some() {
            return bad(
                "Condition is not supported, and a policy without it would allow more. Write it without.",
            );
        }
        if self.principal.is_some() || self.not_principal.is_some() {
            return bad("Principal does not belong into the policy of an access key.");
        }
        let is_deny = match self.effect.as_str() {
            "Allow" => false,
            "Deny" => true,
            other => return bad(format!("Effect must be Allow or Deny, not {other}.")),
        };
        let actions = Patterns::one_of("Action", self.action, self.not_action, check_action)?;
        let resources = Patterns::one_of("Resource", self.resource, self.not_resource, check_resource)?;
        Ok(Statement { is_deny, actions, resources })
    }
}

impl Patterns {
    fn one_of(
        name: &str,
        these: Option<OneOrMany<String>>,
        all_but: Option<OneOrMany<String>>,
        check: fn(&str) -> Result<(), BadPolicy>,
    ) -> Result<Patterns, BadPolicy> {
        let (patterns, is_negated) = match (these, all_but) {
            (Some(these), None) => (these.into_vec(), false),
            (None, Some(all_but)) => (all_but.into_vec(), true),
            _ => return bad(format!("It must have {name} or Not{name}, and not both.")),
        };
        if patterns.is_empty() {
            return bad(format!("{name} is empty."));
        }
        patterns.iter().try_for_each(|pattern| check(pattern))?;
        Ok(if is_negated { Patterns::AllBut(patterns) } else { Patterns::Only(patterns) })
    }

    fn written(&self) -> &[String] {
        let (Patterns::Only(patterns) | Patterns::AllBut(patterns)) = self;
        patterns
    }

    fn include(&self, text: &str, is_match: fn(&str, &str) -> bool) -> bool {
        match self {
            Patterns::Only(patterns) => patterns.iter().any(|pattern| is_match(pattern, text)),
            Patterns::AllBut(patterns) => !patterns.iter().any(|pattern| is_match(pattern, text)),
        }
    }
}

fn check_action(pattern: &str) -> Result<(), BadPolicy> {
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-*?".contains(&b))
    };
    let is_good = pattern == "*"
        || pattern.split_once(':').is_some_and(|(service, name)| is_part(service) && is_part(name));
    if is_good {
        Ok(())
    } else {
        bad(format!("{pattern} is not an action, such as cognito-idp:AdminGetUser."))
    }
}

fn check_resource(pattern: &str) -> Result<(), BadPolicy> {
    if pattern.contains("${") {
        return bad(format!("Policy variables, as in {pattern}, are not supported."));
    }
    let parts = pattern.split(':').count();
    let is_arn = pattern.starts_with("arn:") && (parts >= ARN_PARTS || pattern.ends_with('*'));
    if pattern == "*" || is_arn {
        return Ok(());
    }
    bad(format!(
        "{pattern} is not * or an ARN, such as arn:aws:cognito-idp:us-east-1:123456789012:userpool/*."
    ))
}

/// Names of actions are compared without regard to case, as IAM does.
fn is_action(pattern: &str, action: &str) -> bool {
    is_glob_match(pattern.to_ascii_lowercase().as_bytes(), action.to_ascii_lowercase().as_bytes())
}

/// A wildcard stays inside its part of the ARN, so that one for an account cannot reach into the resource. Parts
/// that the pattern leaves out behind its last wildcard are free.
fn is_resource(pattern: &str, resource: &str) -> bool {
    if pattern == "*" || resource == "*" {
        return pattern == "*";
    }
    let patterns: Vec<&str> = pattern.splitn(ARN_PARTS, ':').collect();
    let parts: Vec<&str> = resource.splitn(ARN_PARTS, ':').collect();
    let leaves_out = patterns.len() < parts.len() && pattern.ends_with('*');
    (patterns.len() == parts.len() || leaves_out)
        && patterns
            .iter()
            .zip(&parts)
            .all(|(pattern, part)| is_glob_match(pattern.as_bytes(), part.as_bytes()))
}

/// Whether a pattern matches the ARN of anything that [`resource`](super::resources::resource) may answer.
fn may_be_meant(pattern: &str, region: &str, account_id: &str) -> bool {
    let parts: Vec<&str> = pattern.splitn(ARN_PARTS, ':').collect();
    // `*pool` is meant as the kind, and could hit an id by chance.
    let names_kind = |resource: &&str| resource.contains('/') || resource.ends_with('*');
    if !parts.get(ARN_PARTS - 1).is_none_or(names_kind) {
        return false;
    }
    pattern == "*"
        || forms(region, account_id)
            .iter()
            .any(|form| parts.iter().zip(form).all(|(part, form)| form.may_match(part.as_bytes())))
}

/// What the ARNs here look like, part by part.
fn forms(region: &str, account_id: &str) -> Vec<[Form; ARN_PARTS]> {
    let text = |text: &str| Form::default().text(text);
    let arn = |service: &str, resource: Form| {
        [text("arn"), text("aws"), text(service), text(region), text(account_id), resource]
    };
    let is_in_id = |b: u8| b == b'-' || b.is_ascii_hexdigit() && !b.is_ascii_uppercase();
    let identity_pool = || Form::default().text("identitypool/").text(region).text(":").some(is_in_id);
    let identity = || identity_pool().text("/identity/").text(region).text(":").some(is_in_id);
    let dataset = || identity().text("/dataset/").some(|_| true);
    let pool = text("userpool/").text(region).text("_").some(|b| b.is_ascii_alphanumeric());
    let digits = || Form::default().some(|b| b.is_ascii_digit());
    let any_region = || Form::default().some(|b| b.is_ascii_alphanumeric() || b == b'-');
    vec![
        arn("cognito-idp", pool),
        // ListIdentityPools names all of them so.
        arn("cognito-identity", text("identitypool/")),
        arn("cognito-identity", identity_pool()),
        arn("cognito-sync", identity_pool()),
        arn("cognito-sync", identity()),
        arn("cognito-sync", dataset()),
        // A role may be of any account, and so may a key, also of any region.
        [text("arn"), text("aws"), text("iam"), text(""), digits(), text("role/").some(|_| true)],
        [text("arn"), text("aws"), text("kms"), any_region(), digits(), text("key/").some(|_| true)],
        [text("arn"), text("aws"), text("kms"), any_region(), digits(), text("alias/").some(|_| true)],
    ]
}
