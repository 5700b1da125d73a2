//! The file of settings, and files that hold one secret each. A mistake is told by file, line, column and key; the
//! line itself is not shown, because it may hold a password.

use super::{SECTIONS, Settings, all};
use crate::config::text::{nearest, place, toml_mistake};
use anyhow::{Context as _, Result, anyhow, bail};
use clap::Arg;
use serde::{Deserialize, Deserializer};
use std::{fs::File, io::Read as _, path::Path};
use zeroize::Zeroizing;

/// The longest file with a secret in it.
const SECRET_FILE_BYTES_MAX: u64 = 64 * 1024;

/// The settings in a file.
pub fn read(path: &Path) -> Result<Settings> {
    let text = text(path)?;
    parse(&text).map_err(|mistake| anyhow!("{}: {mistake:#}", path.display()))
}

/// The same file, as names and values.
pub fn read_table(path: &Path) -> Result<toml::Table> {
    let text = text(path)?;
    table(&text).map_err(|mistake| anyhow!("{}: {mistake:#}", path.display()))
}

fn text(path: &Path) -> Result<Zeroizing<String>> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    text.with_context(|| format!("cannot read {}", path.display()))
}

fn table(text: &str) -> Result<toml::Table> {
    match text.parse() {
        Ok(table) => Ok(table),
        Err(error) => bail!("this is no TOML: {}", toml_mistake(text, &error)),
    }
}

pub fn parse(text: &str) -> Result<Settings> {
    let table = table(text)?;
    let settings = all();
    match toml::from_str(text) {
        Ok(found) => Ok(found),
        // The cause is left out: it quotes the value.
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            let (line, column) = place(text, at);
            let is_known =
                |key: &&String| is_section(key) || settings.iter().any(|arg| stands_in_file(arg, key));
            let key = table.keys().find(|key| !is_known(key));
            let what = match key {
                Some(key) => unknown(key, &settings),
                None => wrong_value(text, at, &settings),
            };
            bail!("line {line}, column {column}: {what}")
        }
    }
}

/// Whether a setting may be given in the file by this name.
fn stands_in_file(arg: &Arg, key: &str) -> bool {
    arg.get_id() == key && !super::BEFORE_THE_FILE.contains(&key)
}

fn is_section(key: &str) -> bool {
    SECTIONS.iter().any(|(section, _)| *section == key)
}

fn unknown(key: &str, settings: &[Arg]) -> String {
    if super::BEFORE_THE_FILE.contains(&key) {
        return format!("{key} is needed before the file is read, so it is a flag or a variable");
    }
    let known =
        settings.iter().map(|arg| arg.get_id().as_str()).filter(|id| !super::BEFORE_THE_FILE.contains(id));
    no_such("setting", key, known.chain(SECTIONS.map(|(section, _)| section)))
}

/// That there is no setting or member of this name, and which is the nearest.
pub(super) fn no_such<'a>(what: &str, key: &str, known: impl Iterator<Item = &'a str>) -> String {
    // What stands where a key belongs may be anything.
    if !key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        return format!("this is no {what}");
    }
    match nearest(key, known) {
        Some(meant) => format!("there is no {what} {key}; the nearest is {meant}"),
        None => format!("there is no {what} {key}"),
    }
}

fn wrong_value(text: &str, at: usize, settings: &[Arg]) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = text.get(before.rfind('\n').map_or(0, |end| end + 1)..).unwrap_or_default();
    let line = line.lines().next().unwrap_or_default();
    let key = line.split('=').next().unwrap_or_default().trim().trim_matches(['[', ']']);
    if let Some((_, form)) = SECTIONS.iter().find(|(section, _)| *section == key) {
        return format!("{key} must be {form}");
    }
    let Some(arg) = settings.iter().find(|arg| arg.get_id() == key) else {
        return "this value has a wrong form".to_owned();
    };
    let values: Vec<String> =
        arg.get_possible_values().iter().map(|value| format!("\"{}\"", value.get_name())).collect();
    let form = match (values.is_empty(), arg.get_value_names()) {
        (false, _) if key == "ephemeral" => "true or false".to_owned(),
        (false, _) => values.join(" or "),
        (true, Some([name, ..])) => name.to_string(),
        _ => "a text".to_owned(),
    };
    format!("{key} must be {form}")
}

/// A list, as a text with commas or as a list of texts.
pub fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Text(String),
        List(Vec<String>),
    }
    Ok(Some(match Written::deserialize(deserializer)? {
        Written::Text(text) => text,
        Written::List(items) => items.join(","),
    }))
}

impl Settings {
    /// The same with the secrets in it that files hold.
    pub(super) fn with_secrets(mut self) -> Result<Settings> {
        for (name, secret, file) in [
            ("database-url", &mut self.database_url, &self.database_url_file),
            ("smtp-url", &mut self.smtp_url, &self.smtp_url_file),
            ("email-webhook", &mut self.email_webhook, &self.email_webhook_file),
            ("sms-webhook", &mut self.sms_webhook, &self.sms_webhook_file),
            ("metrics-token", &mut self.metrics_token, &self.metrics_token_file),
        ] {
            match (secret.is_some(), file) {
                (true, Some(_)) => bail!("--{name} and --{name}-file say the same thing: choose one"),
                (false, Some(file)) => *secret = Some(self::secret(&format!("--{name}-file"), file)?),
                (_, None) => {}
            }
        }
        Ok(self)
    }
}

/// The file of a secret as messages name it. Who gives the secret itself where its file belongs must not read it there.
pub fn shown(path: &Path) -> String {
    match path.is_absolute() || path.exists() {
        true => path.display().to_string(),
        false => "the file that it names".to_owned(),
    }
}

/// The one line of a file that holds a secret. `setting` is what names the file.
pub(super) fn secret(setting: &str, path: &Path) -> Result<String> {
    let place = shown(path);
    let cannot_read = || format!("{setting}: cannot read {place}");
    let mut text = Zeroizing::new(String::new());
    let file = File::open(path).with_context(cannot_read)?;
    file.take(SECRET_FILE_BYTES_MAX + 1).read_to_string(&mut text).with_context(cannot_read)?;
    if text.len() as u64 > SECRET_FILE_BYTES_MAX {
        bail!("{setting}: {place} is longer than {SECRET_FILE_BYTES_MAX} bytes");
    }
    match text.trim_end_matches(['\r', '\n']) {
        "" => bail!("{setting}: {place} is empty"),
        secret if secret.contains(['\r', '\n']) => bail!("{setting}: {place} has more than one line"),
        secret => Ok(secret.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(text: &str) -> String {
        format!("{:#}", parse(text).err().expect(text))
    }

    #[test]
    fn a_mistake_is_told_without_what_is_written() {
        for (text, expected) in [
            ("smtp_url = 'smtp://u:hunter2@h", "line 1, column "),
            ("a = 1\nsmtp_url = smtp://u:hunter2@h", "line 2, column 12: "),
            ("smtp_url = 'a' hunter2", "line 1, column "),
            ("hunter2", "line 1, column "),
            ("metrics_token = 'hunter2'\nmetrics_token = 'hunter2'", "line 2, column 1: duplicate key"),
            ("listne = 'hunter2'", "line 1, column 1: there is no setting listne; the nearest is listen"),
            (
                "region = 'us-east-1'\n smtp_ulr = 'smtp://u:hunter2@h'",
                "line 2, column 2: there is no setting smtp_ulr; the nearest is smtp_url",
            ),
            ("'smtp://u:hunter2@h' = 1", "line 1, column 1: this is no setting"),
            ("log = 'hunter2'", "log is needed before the file is read"),
            ("mode = 'hunter2'", "line 1, column 8: mode must be \"development\" or \"production\""),
            ("audit_days = 'hunter2'", "line 1, column 14: audit_days must be DAYS"),
            ("listen = 'hunter2'", "line 1, column 10: listen must be ADDRESS:PORT"),
            ("ephemeral = 'hunter2'", "ephemeral must be true or false"),
            ("smtp_url = 5", "smtp_url must be URL"),
            ("smtp_url = ['hunter2']", "smtp_url must be URL"),
            ("mail_senders = ['hunter2', 5]", "mail_senders must be LIST"),
            (
                "functions = 'hunter2'",
                "line 1, column 13: functions must be sections that begin [[functions]]",
            ),
            ("[functions]\nhunter2 = 1", "functions must be sections that begin [[functions]]"),
            ("functions = [1]", "functions must be sections that begin [[functions]]"),
            ("[[kms]]\na = 1", "kms must be a section [kms]"),
            ("[[funktions]]\na = 1", "there is no setting funktions; the nearest is functions"),
            ("[smtp_url]\nhunter2 = 'hunter2'", "line "),
            ("[hunter2.x]\ny = 5", "line "),
        ] {
            let told = mistake(text);
            assert!(told.contains(expected), "{text}: {told}");
            assert!(!told.contains("hunter2") || text.contains("[hunter2"), "{told}");
        }
    }

    #[test]
    fn a_secret_may_lie_in_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let settings = |more: &str| {
            parse(&format!("metrics_token_file = '{}'\n{more}", path.display())).unwrap().with_secrets()
        };
        assert!(settings("").err().unwrap().to_string().contains("cannot read"));
        for (content, expected) in [
            ("hunter2\n", Some("hunter2")),
            ("hunter2", Some("hunter2")),
            ("\n", None),
            ("hunter2\nx\n", None),
        ] {
            std::fs::write(&path, content).unwrap();
            let found = settings("");
            assert_eq!(found.as_ref().ok().and_then(|found| found.metrics_token.as_deref()), expected);
            assert!(found.err().is_none_or(|error| !format!("{error:#}").contains("hunter2")));
        }
        std::fs::write(&path, "hunter2").unwrap();
        assert!(settings("metrics_token = 'x'").err().unwrap().to_string().contains("choose one"));
    }

    #[test]
    fn a_secret_in_the_place_of_its_file_is_not_told() {
        for (setting, value) in [
            ("smtp_url", "smtp://u:hunter2@mail.example.com"),
            ("database_url", "postgres://u:hunter2@db.example.com/cognate"),
            ("email_webhook", "https://hunter2.example.com/"),
            ("metrics_token", "hunter2"),
        ] {
            let settings = parse(&format!("{setting}_file = '{value}'")).unwrap();
            let told = format!("{:#}", settings.with_secrets().err().unwrap());
            assert!(!told.contains("hunter2"), "{told}");
            let flag = setting.replace('_', "-");
            assert!(
                told.starts_with(&format!("--{flag}-file: cannot read the file that it names")),
                "{told}"
            );
        }
    }
}
