//! Every generated type, to be found by its shape: for tests of what all of them have in common. It is not in `spec`,
//! because reading and writing four hundred types is a minute of compiling.

use crate::generated::PROBES;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use spec::shape::{Kind, Shape};
use std::fmt::Debug;

/// Reads a value as a type; answers what Debug prints of it, and the value that it is written as.
pub type Probe = fn(&Value) -> Result<(String, Value), serde_json::Error>;

/// The probe of one type.
pub fn read<T: Debug + DeserializeOwned + Serialize>(
    value: &Value,
) -> Result<(String, Value), serde_json::Error> {
    let read: T = serde_json::from_value(value.clone())?;
    Ok((format!("{read:?}"), serde_json::to_value(read)?))
}

/// The structures of all four services.
pub fn all() -> impl Iterator<Item = &'static (&'static Shape, Probe)> {
    PROBES.iter()
}

/// The probe of a structure.
pub fn of(shape: &Shape) -> Option<Probe> {
    debug_assert!(matches!(shape.kind, Kind::Structure { .. }));
    all().find(|(known, _)| std::ptr::eq(*known, shape)).map(|(_, probe)| *probe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeSet;

    const SECRET: &str = "hunter-zwei";
    const DEPTH_MAX: usize = 8;

    /// Names that sound like a secret and mean none.
    const PUBLIC: [&str; 18] = [
        "ActorTokenProviderName",
        "Audience",
        "ClientSecretArn",
        "ClientSecretId",
        "CredentialId",
        "DecodedMessage",
        "EncodedData",
        "EncodedMessage",
        "FriendlyCredentialName",
        "NextToken",
        "PaginationToken",
        "PreTokenGeneration",
        "Region",
        "Scope",
        "SnsRegion",
        "SubjectFromWebIdentityToken",
        "SubjectTokenProviderName",
        "TokenType",
    ];

    fn sounds_secret(name: &str) -> bool {
        let name = name.to_lowercase();
        let words = ["secret", "password", "token", "code", "assertion", "verifier", "credential"];
        words.iter().any(|word| name.contains(word))
    }

    /// A value with the secret in every text that is marked, or whose name sounds like one.
    fn sample(shape: &Shape, name: &str, hidden: bool, depth: usize) -> Value {
        let sounds = [shape.name, name].iter().any(|name| sounds_secret(name)) && !PUBLIC.contains(&name);
        let is_text = matches!(shape.kind, Kind::String { values: [], .. });
        let hidden = hidden || shape.sensitive || is_text && sounds;
        match &shape.kind {
            Kind::Structure { members } => members
                .iter()
                .filter(|member| member.required || depth < DEPTH_MAX)
                .map(|member| (member.name.to_owned(), sample(member.shape, member.name, hidden, depth + 1)))
                .collect(),
            Kind::List { item, .. } => json!([sample(item, name, hidden, depth + 1)]),
            Kind::Map { value, .. } => json!({"key": sample(value, name, hidden, depth + 1)}),
            Kind::String { values: [], .. } if hidden => format!("{SECRET} of {name}").into(),
            Kind::String { values: [], .. } => "public".into(),
            Kind::String { values, .. } => values[0].into(),
            Kind::Integer { .. } => 1.into(),
            Kind::Timestamp => 1.5.into(),
            Kind::Boolean => true.into(),
            Kind::Blob { .. } => "AAAA".into(),
            Kind::Document => json!({}),
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let (mut count, mut hiding) = (0, 0);
        let mut shown = BTreeSet::new();
        for (shape, probe) in all() {
            let value = sample(shape, "", false, 0);
            let (debug, again) = probe(&value).unwrap_or_else(|error| panic!("{}: {error}", shape.name));
            shown.extend(debug.split(SECRET).skip(1).map(|rest| rest.chars().take(60).collect::<String>()));
            assert_eq!(again, value, "{}", shape.name);
            count += 1;
            hiding += usize::from(value.to_string().contains(SECRET));
        }
        let shown: BTreeSet<_> = shown.iter().filter_map(|text| text.split('"').next()).collect();
        assert!(shown.is_empty(), "Debug shows the secret{shown:?}");
        assert!(count > 400 && hiding > 100, "{count} types, {hiding} with secrets");
    }
}
