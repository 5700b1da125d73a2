//! `cognate config`: every setting that is in force, and where it comes from. The same list makes
//! docs/configuration.md.

use super::{
    Cli, say,
    settings::{all, file::read_table},
};
use crate::config::{
    Config,
    functions::{Program, Run, Way},
};
use anyhow::Result;
use clap::{Arg, ArgMatches, parser::ValueSource};
use std::num::NonZeroU32;

/// Prints the settings.
pub fn run(matches: &ArgMatches, config: &Config) -> Result<()> {
    let file = match matches.get_one::<std::path::PathBuf>("config") {
        Some(path) => read_table(path)?,
        None => toml::Table::new(),
    };
    for arg in all() {
        let (value, source) = effective(&arg, matches, &file, config);
        say(&format!("{:20} = {value:40} # {source}", arg.get_id()));
    }
    for (name, value) in sections(config) {
        say(&format!("{name:20} = {value:40} # file"));
    }
    Ok(())
}

/// What stands in sections of the file. Addresses are shown without their paths, which may hold secrets.
fn sections(config: &Config) -> Vec<(String, String)> {
    let host = |url: &reqwest::Url| url.origin().ascii_serialization();
    let signed = |credentials: &Option<(String, _)>| match credentials {
        Some((access_key, _)) => format!("signed by {access_key}"),
        None => "unsigned".to_owned(),
    };
    let mut lines = Vec::new();
    for (at, function) in config.functions.iter().enumerate() {
        let way = match &function.way {
            Way::Invoke(invoke) => {
                format!(
                    "Invoke API of {} in {}, {}",
                    host(&invoke.endpoint),
                    invoke.region,
                    signed(&invoke.credentials)
                )
            }
            Way::Webhook(webhook) => {
                let secrets = if webhook.secrets.len() == 1 { "secret" } else { "two secrets" };
                format!("webhook of {}, {secrets} (hidden)", host(&webhook.url))
            }
            Way::Program(Program { run: Run::Handler { file, export, .. }, .. }) => {
                format!("handler {}#{export}", file.display())
            }
            Way::Program(Program { run: Run::Command(words), .. }) => {
                format!("command {}", words.first().map(String::as_str).unwrap_or_default())
            }
        };
        let value = format!("{} by {way}, {} at once", function.arn, function.concurrency);
        lines.push((format!("functions {}", at + 1), value));
    }
    if let Some(kms) = &config.kms {
        let value = format!("{} in {}, {}", host(&kms.endpoint), kms.region, signed(&kms.credentials));
        lines.push(("kms".to_owned(), value));
    }
    if !config.passkeys.android_origins.is_empty() {
        lines.push(("passkeys".to_owned(), config.passkeys.android_origins.join(", ")));
    }
    lines
}

/// The secrets that stand on the command line, where every user of the machine can read them.
pub fn secret_flags(matches: &ArgMatches) -> Vec<String> {
    let is_given = |arg: &Arg| matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
    let holds_one = |arg: &Arg| {
        // An address without a password is none.
        let value = matches.get_one::<String>(arg.get_id().as_str()).map_or("", String::as_str);
        !matches!(arg.get_id().as_str(), "database_url" | "smtp_url") || may_hold_password(value)
    };
    let secrets = all().into_iter().filter(|arg| arg.is_hide_env_values_set());
    let given = secrets.filter(|arg| is_given(arg) && holds_one(arg));
    given.filter_map(|arg| arg.get_long().map(str::to_owned)).collect()
}

/// Whether an address holds a password, or cannot be told not to.
fn may_hold_password(url: &str) -> bool {
    let named = url.contains("password");
    let before_host = url.split_once("://").map_or(url, |(_, rest)| rest);
    named || before_host.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
}

/// The flags by which a further command finds the same store as this one, and whether variables say more.
pub fn flags_of_the_store(matches: &ArgMatches) -> (String, bool) {
    let mut flags = String::new();
    let mut has_variables = false;
    for arg in all() {
        let id = arg.get_id().as_str();
        let names_store = ["config", "data_dir", "database_url", "database_url_file", "master_key_file"];
        let names_pools = ["region", "account_id"];
        if !names_store.contains(&id) && !names_pools.contains(&id) {
            continue;
        }
        match matches.value_source(id) {
            Some(ValueSource::EnvVariable) => has_variables = true,
            Some(ValueSource::CommandLine) => {
                let raw = matches.get_raw(id).and_then(|mut values| values.next()).unwrap_or_default();
                let raw = raw.to_string_lossy();
                let value = if arg.is_hide_env_values_set() { "…" } else { &raw };
                flags.push_str(&format!(" --{} {}", arg.get_long().unwrap_or_default(), quoted(value)));
            }
            _ => {}
        }
    }
    (flags, has_variables)
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:…".contains(c);
    match word.chars().all(is_plain) && !word.is_empty() {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

fn effective(arg: &Arg, matches: &ArgMatches, file: &toml::Table, config: &Config) -> (String, &'static str) {
    let id = arg.get_id().as_str();
    let source = match matches.value_source(id) {
        Some(ValueSource::CommandLine) => Some("command line"),
        Some(ValueSource::EnvVariable) => Some("environment"),
        _ => None,
    };
    let hidden = |value: String| if arg.is_hide_env_values_set() { "(hidden)".to_owned() } else { value };
    if let Some(source) = source {
        let raw = matches.get_raw(id).and_then(|mut values| values.next()).unwrap_or_default();
        return (hidden(raw.to_string_lossy().into_owned()), source);
    }
    match file.get(id) {
        Some(toml::Value::String(text)) => (hidden(text.clone()), "file"),
        Some(value) => (hidden(value.to_string()), "file"),
        None => (in_force(arg, config), "default"),
    }
}

/// What holds where nothing is said, which may follow from another setting.
fn in_force(arg: &Arg, config: &Config) -> String {
    let rate = |rate: Option<NonZeroU32>| rate.map_or(0, NonZeroU32::get).to_string();
    match arg.get_id().as_str() {
        "public_url" => config.public_url.clone(),
        "rate_per_address" => rate(config.rates.per_address),
        "rate_per_user" => rate(config.rates.per_user),
        "mail_senders" => config.delivery.mail_from.clone().unwrap_or_default(),
        _ => default_of(arg).unwrap_or_default(),
    }
}

fn help(arg: &Arg) -> String {
    arg.get_help().map(ToString::to_string).unwrap_or_default()
}

/// The help of a setting that has a default ends with it.
fn default_of(arg: &Arg) -> Option<String> {
    let help = help(arg);
    let (_, default) = help.rsplit_once("[default: ")?;
    Some(default.trim_end_matches(']').to_owned())
}

/// What docs/configuration.md says of the sections.
#[cfg(test)]
const SECTIONS: &str = include_str!("settings/sections.md");

/// docs/configuration.md.
#[cfg(test)]
fn document() -> String {
    let mut text = String::from(
        "# Settings\n\n\
         No setting is needed. Each is a flag, an environment variable, or a line in the file that `--config` names \
         (TOML, the flag's name with underscores); the flag goes before the variable, and the variable before the \
         file. Whatever is written and no setting is refused, be it a flag, a variable that begins with `COGNATE_` \
         (but for `COGNATE_TEST_…`, and those that Kubernetes sets for a Service of that name), or a line of the file. \
         `cognate config` prints what is in force and where it comes from.\n\n\
         The master key itself is in `master.key` in the data folder, in the file of `--master-key-file`, or in \
         `COGNATE_MASTER_KEY`, which is no flag (see [operations.md](operations.md)).\n\n\
         What holds a password or token is better given by a variable, or by the setting of the same name with `-file`: \
         every user of a machine can read a command line, and the server warns of it. A file of settings may be read \
         by whoever runs the server and by nobody else.\n\n\
         | flag | variable | default | meaning |\n| --- | --- | --- | --- |\n",
    );
    for arg in all() {
        let help = help(&arg);
        let meaning = help.rsplit_once(" [default: ").map_or(help.as_str(), |(meaning, _)| meaning);
        let values: Vec<String> =
            arg.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
        let values = if values.is_empty() { String::new() } else { format!(" ({})", values.join(", ")) };
        text.push_str(&format!(
            "| `--{}` | `{}` | {} | {meaning}{values} |\n",
            arg.get_long().unwrap_or_default(),
            arg.get_env().unwrap_or_default().to_string_lossy(),
            default_of(&arg).map(|default| format!("`{default}`")).unwrap_or_default(),
        ));
    }
    text.push_str(
        "\nThe file cannot name `config`, `log`, `log_format` and `otlp_url`, which are needed before it is read. A list \
         in it may be a text with commas or a TOML list of texts.\n\n",
    );
    text.push_str(SECTIONS);
    text
}

/// The command line as clap parses it, with where each value came from.
pub fn parse() -> (Cli, ArgMatches) {
    use clap::{CommandFactory as _, FromArgMatches as _};
    let matches = Cli::command().get_matches();
    match Cli::from_arg_matches(&matches) {
        Ok(cli) => (cli, matches),
        Err(error) => error.exit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory as _, Parser as _};

    #[test]
    #[allow(clippy::disallowed_methods, reason = "whoever runs the test says that the page shall be written")]
    fn the_page_of_settings_is_fresh() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
        if std::env::var("UPDATE").is_ok() {
            std::fs::write(path, document()).unwrap();
        }
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(found, document(), "run the test with UPDATE=1");
    }

    #[test]
    fn every_setting_says_where_it_comes_from() {
        let file = "region = 'eu-west-1'\naudit_days = 7\nmetrics_token = 'secret'".parse().unwrap();
        let matches = Cli::command().get_matches_from([
            "cognate",
            "--region",
            "eu-north-1",
            "--smtp-url",
            "smtp://user:secret@mail",
        ]);
        let mut config = Config::local(([127, 0, 0, 1], 7).into(), "no-folder".into());
        config.rates.per_address = NonZeroU32::new(50);
        let found = |id: &str| {
            let arg = all().into_iter().find(|arg| arg.get_id() == id).unwrap();
            effective(&arg, &matches, &file, &config)
        };
        for (id, value, source) in [
            ("region", "eu-north-1", "command line"),
            ("audit_days", "7", "file"),
            ("metrics_token", "(hidden)", "file"),
            ("smtp_url", "(hidden)", "command line"),
            ("account_id", "123456789012", "default"),
            ("public_url", "http://localhost:7", "default"),
            ("rate_per_address", "50", "default"),
            ("rate_per_user", "0", "default"),
        ] {
            assert_eq!(found(id), (value.to_owned(), source), "{id}");
        }
        assert_eq!(secret_flags(&matches), ["smtp-url"]);
    }

    #[test]
    fn sections_are_shown_without_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cognate.toml");
        let text = "[[functions]]\narn = '*:a'\nwebhook = 'https://u:hunter2@h/hunter2'\n\
                    secret = 'hunter2 hunter2 hunter2 hunter2'\n\
                    [[functions]]\narn = '*:b'\ncommand = ['/bin/b', '--password=hunter2']\n\
                    [[functions]]\narn = '*:c'\nhandler = 'c.mjs'\nenvironment = { A = 'hunter2' }\n\
                    [kms]\nendpoint = 'https://k'\naccess_key_id = 'key'\nsecret_access_key = 'hunter2'\n\
                    [passkeys]\nandroid_origins = ['android:apk-key-hash:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg']";
        std::fs::write(&path, text).unwrap();
        let config = Cli::try_parse_from(["cognate", "--config", path.to_str().unwrap()]).unwrap();
        let shown = sections(&config.settings.into_config().unwrap());
        let handler = format!("*:c by handler {}#handler, 10 at once", folder.path().join("c.mjs").display());
        for ((name, value), expected) in shown.iter().zip([
            ("functions 1", "*:a by webhook of https://h, secret (hidden), 100 at once"),
            ("functions 2", "*:b by command /bin/b, 10 at once"),
            ("functions 3", &handler),
            ("kms", "https://k in us-east-1, signed by key"),
            ("passkeys", "android:apk-key-hash:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"),
        ]) {
            assert_eq!((name.as_str(), value.as_str()), expected);
        }
        assert_eq!(shown.len(), 5);
    }

    #[test]
    fn the_examples_of_sections_can_be_used() {
        let examples: Vec<&str> = SECTIONS.split("```").skip(1).step_by(2).collect();
        assert_eq!(examples.len(), 3);
        for example in examples {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("kms.secret"), "secret").unwrap();
            std::fs::write(folder.path().join("webhook.secret"), "a secret of 24 characters").unwrap();
            let path = folder.path().join("cognate.toml");
            std::fs::write(&path, example.trim_start_matches("toml")).unwrap();
            let cli = Cli::try_parse_from(["cognate", "--config", path.to_str().unwrap()]).unwrap();
            cli.settings.into_config().unwrap();
        }
    }

    #[test]
    fn secrets_on_the_command_line_are_seen() {
        let flags = |arguments: &[&str]| {
            secret_flags(&Cli::command().get_matches_from([&["cognate"], arguments].concat()))
        };
        assert!(flags(&[]).is_empty());
        assert!(flags(&["--smtp-url", "smtp://localhost", "--smtp-url-file", "/x"]).is_empty());
        assert!(flags(&["--database-url=postgres:///d?host=/run"]).is_empty());
        assert!(flags(&["--database-url=postgres://u@h/d"]).is_empty());
        assert_eq!(flags(&["--database-url=postgres://u:p@h/d"]), ["database-url"]);
        assert_eq!(flags(&["--database-url=postgres://u@h/d?password=p"]), ["database-url"]);
        assert_eq!(flags(&["--metrics-token=x", "serve"]), ["metrics-token"]);
        assert_eq!(flags(&["serve", "--sms-webhook=https://x/key"]), ["sms-webhook"]);
        assert_eq!(flags(&["--otlp-url=https://x/key"]), ["otlp-url"]);
    }

    #[test]
    fn a_further_command_is_told_the_flags_of_this_one() {
        let flags = |arguments: &[&str]| {
            flags_of_the_store(&Cli::command().get_matches_from([&["cognate"], arguments].concat())).0
        };
        assert_eq!(flags(&["--listen", "127.0.0.1:1"]), "");
        assert_eq!(
            flags(&["--config", "/etc/my file.toml", "serve", "--data-dir=/var/lib/cognate"]),
            " --config '/etc/my file.toml' --data-dir /var/lib/cognate"
        );
        assert_eq!(flags(&["--database-url", "postgres://u:hunter2@h/d"]), " --database-url …");
    }
}
