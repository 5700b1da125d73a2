//! `cognate config`: every setting that is in force, and where it comes from. The same list makes
//! docs/configuration.md.

use super::{Cli, say, settings::Settings};
use anyhow::{Context as _, Result};
use clap::{Arg, ArgMatches, Args as _, Command, parser::ValueSource};
use std::path::Path;

/// Prints the settings.
pub fn run(matches: &ArgMatches) -> Result<()> {
    let file = match matches.get_one::<std::path::PathBuf>("config") {
        Some(path) => read(path)?,
        None => toml::Table::new(),
    };
    for arg in all() {
        let (value, source) = effective(&arg, matches, &file);
        say(&format!("{:20} = {value:40} # {source}", arg.get_id()));
    }
    Ok(())
}

fn read(path: &Path) -> Result<toml::Table> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    text.parse().with_context(|| format!("{} is not a file of settings", path.display()))
}

/// Every setting as clap knows it.
fn all() -> Vec<Arg> {
    Settings::augment_args(Command::new("settings")).get_arguments().cloned().collect()
}

fn effective(arg: &Arg, matches: &ArgMatches, file: &toml::Table) -> (String, &'static str) {
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
        None => (default_of(arg).unwrap_or_default(), "default"),
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

/// docs/configuration.md.
#[cfg(test)]
fn document() -> String {
    let mut text = String::from(
        "# Settings\n\n\
         No setting is needed. Each is a flag, an environment variable, or a line in the file that `--config` names \
         (TOML, the flag's name with underscores); the flag goes before the variable, and the variable before the \
         file. A setting that does not exist is refused. `cognate config` prints what is in force and where it comes \
         from.\n\n\
         The master key is no setting: it is in `COGNATE_MASTER_KEY` or in `master.key` in the data folder (see \
         [operations.md](operations.md)).\n\n\
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
        "\nThe file cannot name `config`, `log`, `log_format` and `otlp_url`, which are needed before it is read.\n",
    );
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
    use clap::CommandFactory as _;

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
        let found = |id: &str| {
            let arg = all().into_iter().find(|arg| arg.get_id() == id).unwrap();
            effective(&arg, &matches, &file)
        };
        for (id, value, source) in [
            ("region", "eu-north-1", "command line"),
            ("audit_days", "7", "file"),
            ("metrics_token", "(hidden)", "file"),
            ("smtp_url", "(hidden)", "command line"),
            ("account_id", "123456789012", "default"),
        ] {
            assert_eq!(found(id), (value.to_owned(), source), "{id}");
        }
    }
}
