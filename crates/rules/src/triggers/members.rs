//! Members of a reply, read by their types. Null counts as absent, because handlers return what they were given; a member
//! of another type is refused.

use crate::{Fault, Result, fault};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How many entries a map or list of a reply may have.
const ENTRIES_MAX: usize = 1_000;

/// The members of an object.
#[derive(Clone, Copy)]
pub struct Members<'a>(pub &'a Map<String, Value>);

impl<'a> Members<'a> {
    /// Whether the object names it, be it as null.
    pub fn names(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// InvalidLambdaResponseException for another type, as of all that follow.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>> {
        self.get(name).map(|value| value.as_bool().ok_or_else(|| wrong(name, "true or false"))).transpose()
    }

    /// A text.
    pub fn text(&self, name: &str) -> Result<Option<String>> {
        self.get(name).map(|value| text(name, value)).transpose()
    }

    /// A list of texts.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let items = value.as_array().filter(|items| items.len() <= ENTRIES_MAX);
        let items = items.ok_or_else(|| wrong(name, "a list of texts, of at most 1000 entries"))?;
        items.iter().map(|item| text(name, item)).collect::<Result<_>>().map(Some)
    }

    /// An object.
    pub fn object(&self, name: &str) -> Result<Option<Members<'a>>> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let object = value.as_object().filter(|object| object.len() <= ENTRIES_MAX);
        let object = object.ok_or_else(|| wrong(name, "an object, of at most 1000 entries"))?;
        Ok(Some(Members(object)))
    }

    /// An object of texts; an entry that is null is left out.
    pub fn text_map(&self, name: &str) -> Result<Option<BTreeMap<String, String>>> {
        let Some(Members(object)) = self.object(name)? else { return Ok(None) };
        let entries = object.iter().filter(|(_, value)| !value.is_null());
        entries.map(|(entry, value)| Ok((entry.clone(), text(name, value)?))).collect::<Result<_>>().map(Some)
    }

    /// An object of any values; an entry that is null is left out.
    pub fn value_map(&self, name: &str) -> Result<Option<Map<String, Value>>> {
        let Some(Members(object)) = self.object(name)? else { return Ok(None) };
        Ok(Some(object.iter().filter(|(_, v)| !v.is_null()).map(|(n, v)| (n.clone(), v.clone())).collect()))
    }
}

fn text(member: &str, value: &Value) -> Result<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| wrong(member, "text"))
}

/// The reason is for the operator, and holds no value.
fn wrong(member: &str, expected: &str) -> Fault {
    fault::lambda_output_unrecognizable().because(format!("{member} must be {expected}"))
}
