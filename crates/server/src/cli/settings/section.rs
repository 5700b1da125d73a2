//! A section of the file of settings, which is read member by member. A mistake names the section and the member, and
//! quotes no value.

use super::file::{no_such, secret};
use anyhow::{Error, Result, anyhow, bail};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use toml::Value;
use zeroize::Zeroizing;

/// One section.
pub struct Section<'a> {
    /// How mistakes name it.
    name: String,
    table: &'a toml::Table,
    /// Where the file of settings lies.
    folder: &'a Path,
}

impl<'a> Section<'a> {
    /// A section that has no members but these.
    pub fn new(
        name: impl Into<String>,
        table: &'a toml::Table,
        folder: &'a Path,
        known: &[&str],
    ) -> Result<Section<'a>> {
        let name = name.into();
        if let Some(key) = table.keys().find(|key| !known.contains(&key.as_str())) {
            bail!("{name}: {}", no_such("member", key, known.iter().copied()));
        }
        Ok(Section { name, table, folder })
    }

    /// A mistake in this section.
    pub fn mistake(&self, text: impl std::fmt::Display) -> Error {
        anyhow!("{}: {text}", self.name)
    }

    /// Whether there is such a member.
    pub fn has(&self, member: &str) -> bool {
        self.table.contains_key(member)
    }

    /// A text, if it is there.
    pub fn text(&self, member: &str) -> Result<Option<&'a str>> {
        match self.table.get(member) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err(self.mistake(format!("{member} must be a text"))),
        }
    }

    /// A text that must be there.
    pub fn text_of(&self, member: &str) -> Result<&'a str> {
        self.text(member)?.ok_or_else(|| self.mistake(format!("{member} is missing")))
    }

    /// A list of texts, if it is there.
    pub fn texts(&self, member: &str) -> Result<Option<Vec<&'a str>>> {
        let wrong = || self.mistake(format!("{member} must be a list of texts, as in [\"a\", \"b\"]"));
        let Some(value) = self.table.get(member) else { return Ok(None) };
        let texts: Option<Vec<&str>> =
            value.as_array().and_then(|list| list.iter().map(Value::as_str).collect());
        texts.filter(|texts| !texts.is_empty()).map(Some).ok_or_else(wrong)
    }

    /// Names with a text each; none at all if it is not there.
    pub fn pairs(&self, member: &str) -> Result<BTreeMap<String, String>> {
        let Some(value) = self.table.get(member) else { return Ok(BTreeMap::new()) };
        let pair = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
        let pairs = value.as_table().and_then(|table| table.iter().map(pair).collect());
        pairs.ok_or_else(|| {
            self.mistake(format!("{member} must be names with texts, as in {{ NAME = \"text\" }}"))
        })
    }

    /// A number between two others, if it is there.
    pub fn number(&self, member: &str, least: usize, most: usize) -> Result<Option<usize>> {
        let Some(value) = self.table.get(member) else { return Ok(None) };
        let number = value.as_integer().and_then(|number| usize::try_from(number).ok());
        let number = number.filter(|number| (least..=most).contains(number));
        number
            .map(Some)
            .ok_or_else(|| self.mistake(format!("{member} must be a number from {least} to {most}")))
    }

    /// A file's place; one that does not begin at the root is sought from the settings' folder.
    pub fn place(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// A secret, or what the file holds that `…_file` names.
    pub fn secret(&self, member: &str) -> Result<Option<Zeroizing<String>>> {
        let in_file = format!("{member}_file");
        match (self.text(member)?, self.text(&in_file)?) {
            (Some(_), Some(_)) => {
                Err(self.mistake(format!("{member} and {in_file} say the same thing: choose one")))
            }
            (Some(secret), None) => Ok(Some(Zeroizing::new(secret.to_owned()))),
            (None, Some(file)) => Ok(Some(self.secret_in(&in_file, file)?)),
            (None, None) => Ok(None),
        }
    }

    /// What a file holds.
    pub fn secret_in(&self, member: &str, file: &str) -> Result<Zeroizing<String>> {
        let secret = secret(&format!("{}: {member}", self.name), &self.place(Path::new(file)))?;
        Ok(Zeroizing::new(secret))
    }

    /// `access_key_id` with its secret; none: requests are not signed.
    pub fn credentials(&self) -> Result<Option<(String, Zeroizing<String>)>> {
        match (self.text("access_key_id")?, self.secret("secret_access_key")?) {
            (Some(id), Some(secret)) => Ok(Some((id.to_owned(), secret))),
            (None, None) => Ok(None),
            _ => Err(self.mistake("access_key_id and its secret_access_key go together")),
        }
    }

    /// The address of an API of AWS's, which has no path.
    pub fn endpoint(&self, member: &str) -> Result<reqwest::Url> {
        let url =
            crate::outbound::http(member, self.text_of(member)?).map_err(|mistake| self.mistake(mistake))?;
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !is_bare || !url.username().is_empty() || url.password().is_some() {
            return Err(self.mistake(format!("{member} must be an address without user, path and query")));
        }
        Ok(url)
    }
}
