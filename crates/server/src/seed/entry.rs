//! A table of the file under reading, where it stands, and what can be wrong with it.

use rules::Fault;
use serde_json::{Map, Value};
use spec::shape::{Kind, Shape};
use std::fmt;

/// What is wrong with a seed, and where.
#[derive(Debug)]
pub struct Mistake {
    text: String,
    is_collision: bool,
    is_ours: bool,
}

impl Mistake {
    pub(super) fn new(text: impl Into<String>) -> Mistake {
        Mistake { text: text.into(), is_collision: false, is_ours: false }
    }

    /// A refusal or failure that has no place in the file.
    pub(super) fn of(fault: Fault) -> Mistake {
        let store = fault.cause.as_ref().and_then(|cause| cause.downcast_ref::<store::Error>());
        let cause = fault.cause.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default();
        Mistake {
            is_collision: store::is_collision(&fault),
            is_ours: store.is_some(),
            text: format!("{fault}{cause}"),
        }
    }

    /// Whether another transaction was faster and this one may be tried again.
    pub(super) fn is_collision(&self) -> bool {
        self.is_collision
    }

    /// Whether the store failed, not the file.
    pub fn is_ours(&self) -> bool {
        self.is_ours
    }
}

impl From<store::Error> for Mistake {
    fn from(error: store::Error) -> Mistake {
        Mistake::of(Fault::internal(error))
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Mistake {}

/// Where something stands in the file, as in `UserPools[0].Users[2]`.
#[derive(Clone, Debug)]
pub struct Place(String);

impl Place {
    /// The file itself.
    pub fn file() -> Place {
        Place(String::new())
    }

    fn member(&self, key: &str) -> Place {
        let dot = if self.0.is_empty() { "" } else { "." };
        Place(format!("{}{dot}{key}", self.0))
    }

    fn item(&self, index: usize) -> Place {
        Place(format!("{}[{index}]", self.0))
    }

    /// What is wrong here.
    pub fn mistake(&self, text: impl fmt::Display) -> Mistake {
        let colon = if self.0.is_empty() { "" } else { ": " };
        Mistake::new(format!("{}{colon}{text}", self.0))
    }

    /// The refusal of an operation that was called for what stands here.
    pub fn fault(&self, fault: Fault) -> Mistake {
        let mistake = Mistake::of(fault);
        Mistake { text: self.mistake(&mistake.text).text, ..mistake }
    }
}

/// A table of the file; members are taken out of it until none is left.
pub struct Entry {
    pub place: Place,
    members: Map<String, Value>,
}

impl Entry {
    /// The table that stands here.
    pub fn new(place: Place, value: Value) -> Result<Entry, Mistake> {
        match value {
            Value::Object(members) => Ok(Entry { place, members }),
            _ => Err(place.mistake("a table is expected")),
        }
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        self.members.remove(key)
    }

    /// The tables of a list; none if the list is missing.
    pub fn take_entries(&mut self, key: &str) -> Result<Vec<Entry>, Mistake> {
        let place = self.place.member(key);
        let items = match self.take(key) {
            None => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(place.mistake("a list is expected")),
        };
        items.into_iter().enumerate().map(|(index, item)| Entry::new(place.item(index), item)).collect()
    }

    /// A table inside this one.
    pub fn take_entry(&mut self, key: &str) -> Result<Option<Entry>, Mistake> {
        let place = self.place.member(key);
        self.take(key).map(|value| Entry::new(place, value)).transpose()
    }

    pub fn take_text(&mut self, key: &str) -> Result<Option<String>, Mistake> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.place.member(key).mistake("a text is expected")),
        }
    }

    pub fn take_required(&mut self, key: &str) -> Result<String, Mistake> {
        self.take_text(key)?.ok_or_else(|| self.place.mistake(format!("{key} is missing")))
    }

    pub fn take_flag(&mut self, key: &str) -> Result<Option<bool>, Mistake> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(self.place.member(key).mistake("true or false is expected")),
        }
    }

    pub fn take_texts(&mut self, key: &str) -> Result<Vec<String>, Mistake> {
        let place = self.place.member(key);
        let wrong = || place.mistake("a list of texts is expected");
        let Some(value) = self.take(key) else { return Ok(Vec::new()) };
        let Value::Array(items) = value else { return Err(wrong()) };
        items.into_iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
    }

    /// Everything that is left, each a text.
    pub fn into_texts(self) -> Result<Vec<(String, String)>, Mistake> {
        let place = self.place;
        let text = |(key, value): (String, Value)| match value {
            Value::String(text) => Ok((key, text)),
            _ => Err(place.member(&key).mistake("a text is expected")),
        };
        self.members.into_iter().map(text).collect()
    }

    /// Refuses what is left.
    pub fn finish(self) -> Result<(), Mistake> {
        match self.members.keys().next() {
            Some(key) => Err(self.place.member(key).mistake(UNKNOWN)),
            None => Ok(()),
        }
    }

    /// Everything that is left, as members of a request of this shape but for those of `excepted`.
    pub fn into_members(self, shape: Option<&Shape>, excepted: &[&str]) -> Result<Value, Mistake> {
        if let Some(key) = self.members.keys().find(|key| excepted.contains(&key.as_str())) {
            return Err(self.place.member(key).mistake(UNKNOWN));
        }
        let value = Value::Object(self.members);
        if let Some(shape) = shape {
            check_known(shape, &value, &self.place)?;
        }
        Ok(value)
    }
}

const UNKNOWN: &str = "there is no such key";

/// Refuses members that the shape does not have, at any depth.
fn check_known(shape: &Shape, value: &Value, place: &Place) -> Result<(), Mistake> {
    match (&shape.kind, value) {
        (Kind::Structure { members }, Value::Object(entries)) => {
            entries.iter().try_for_each(|(key, inner)| {
                let place = place.member(key);
                let member = members.iter().find(|member| member.name == key);
                check_known(member.ok_or_else(|| place.mistake(UNKNOWN))?.shape, inner, &place)
            })
        }
        (Kind::Map { value: shape, .. }, Value::Object(entries)) => {
            entries.iter().try_for_each(|(key, inner)| check_known(shape, inner, &place.member(key)))
        }
        (Kind::List { item, .. }, Value::Array(items)) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, inner)| check_known(item, inner, &place.item(index))),
        _ => Ok(()),
    }
}
