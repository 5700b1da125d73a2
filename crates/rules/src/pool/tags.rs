//! The tags of a pool.

use std::collections::BTreeMap;

/// How many tags a pool may have.
pub const TAGS_MAX: usize = 50;
/// The beginning of keys that belong to AWS.
const RESERVED_PREFIX: &str = "aws:";

/// Says what is wrong with the tags. Unverified: the texts.
pub fn check(tags: &BTreeMap<String, String>) -> Result<(), &'static str> {
    if tags.len() > TAGS_MAX {
        return Err("A user pool can have 50 tags at the most.");
    }
    if tags.keys().any(|key| key.to_ascii_lowercase().starts_with(RESERVED_PREFIX)) {
        return Err("Tag keys that begin with aws: are reserved.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        let tags =
            |keys: &mut dyn Iterator<Item = String>| check(&keys.map(|k| (k, String::new())).collect());
        assert!(tags(&mut (0..50).map(|i| format!("t{i}"))).is_ok());
        assert!(tags(&mut (0..51).map(|i| format!("t{i}"))).is_err());
        assert!(tags(&mut ["AWS:x".to_owned()].into_iter()).is_err());
        assert!(tags(&mut ["laws:x".to_owned()].into_iter()).is_ok());
    }
}
