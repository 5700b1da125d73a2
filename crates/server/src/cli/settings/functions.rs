//! `[[functions]]`: how the functions are run that pools name.

use super::section::Section;
use crate::{
    config::{
        Config,
        functions::{Function, Invoke, Program, Run, Way, Webhook},
    },
    outbound,
    triggers::{program::environment, webhook},
};
use anyhow::Result;
use rules::{hosts::is_loopback, ids};
use std::path::Path;
use zeroize::Zeroizing;

/// How many calls of one function run at once unless an entry says otherwise: a program takes a process for each.
const CONCURRENCY_OF_PROGRAMS: usize = 10;
const CONCURRENCY: usize = 100;
const CONCURRENCY_MAX: usize = 1_000;
/// As many as are good at once while one takes the other's place.
const SECRETS_OF_WEBHOOK_MAX: usize = 2;

const OF_PROGRAMS: &[&str] = &["environment", "access_key"];
const OF_WEBHOOKS: &[&str] = &["secret", "secret_file", "secrets", "secret_files"];
const OF_INVOKE: &[&str] = &["region", "access_key_id", "secret_access_key", "secret_access_key_file"];
/// The member that says the way, and the members that belong to it.
const WAYS: [(&str, &[&str]); 4] =
    [("handler", OF_PROGRAMS), ("command", OF_PROGRAMS), ("webhook", OF_WEBHOOKS), ("invoke", OF_INVOKE)];

/// Reads the entries.
///
/// # Errors
/// A text that names the entry and the member.
pub fn read(tables: &[toml::Table], folder: &Path, config: &Config) -> Result<Vec<Function>> {
    let numbered = tables.iter().enumerate();
    numbered.map(|(at, table)| entry(&format!("[[functions]] {}", at + 1), table, folder, config)).collect()
}

fn entry(name: &str, table: &toml::Table, folder: &Path, config: &Config) -> Result<Function> {
    let mut known = vec!["arn", "pools", "concurrency"];
    known.extend(WAYS.iter().flat_map(|(way, members)| std::iter::once(*way).chain(members.iter().copied())));
    let section = Section::new(name, table, folder, &known)?;
    let arn = section.text_of("arn")?;
    if !(arn.starts_with("arn:") || arn.starts_with('*')) || !arn.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Err(section.mistake("arn must be a function's ARN, where * stands for any characters"));
    }
    let given: Vec<_> = WAYS.iter().filter(|(way, _)| section.has(way)).collect();
    let [(way, members)] = given[..] else {
        return Err(section.mistake("exactly one of handler, command, webhook and invoke says how it is run"));
    };
    let of_others =
        WAYS.iter().flat_map(|(_, others)| others.iter()).filter(|other| !members.contains(other));
    if let Some(stray) = of_others.into_iter().find(|other| section.has(other)) {
        return Err(section.mistake(format!("{stray} does not go with {way}")));
    }
    Ok(Function {
        arn: arn.to_owned(),
        pools: pools(&section)?,
        concurrency: section.number("concurrency", 1, CONCURRENCY_MAX)?.unwrap_or(match *way {
            "handler" | "command" => CONCURRENCY_OF_PROGRAMS,
            _ => CONCURRENCY,
        }),
        way: match *way {
            "handler" => Way::Program(program(&section, handler(&section)?)?),
            "command" => Way::Program(program(&section, command(&section)?)?),
            "webhook" => Way::Webhook(webhook(&section, config)?),
            _ => Way::Invoke(invoke(&section, arn, config)?),
        },
    })
}

fn pools(section: &Section<'_>) -> Result<Vec<String>> {
    let pools = section.texts("pools")?.unwrap_or_else(|| vec!["*"]);
    let is_pool = |pool: &&str| pool.contains('*') || ids::is_pool_id(pool);
    if pools.is_empty() || !pools.iter().all(is_pool) {
        return Err(section.mistake("pools must be a list of pool ids, where * stands for any characters"));
    }
    Ok(pools.into_iter().map(str::to_owned).collect())
}

fn handler(section: &Section<'_>) -> Result<Run> {
    let run = Run::read(section.text_of("handler")?).map_err(|mistake| section.mistake(mistake))?;
    Ok(match run {
        Run::Handler { file, export, language } => {
            Run::Handler { file: section.place(&file), export, language }
        }
        command => command,
    })
}

fn command(section: &Section<'_>) -> Result<Run> {
    let words = section.texts("command")?.unwrap_or_default();
    if words.first().is_none_or(|program| program.is_empty()) {
        return Err(section.mistake("command must begin with a program"));
    }
    Ok(Run::Command(words.into_iter().map(str::to_owned).collect()))
}

fn program(section: &Section<'_>, run: Run) -> Result<Program> {
    let access_key = section.text("access_key")?;
    if access_key.is_some_and(|id| !ids::is_access_key_id(id)) {
        return Err(section.mistake("access_key must be the id of an access key of this server, as in AKIA…"));
    }
    let environment = section.pairs("environment")?;
    environment::check(&environment, access_key.is_some()).map_err(|mistake| section.mistake(mistake))?;
    Ok(Program {
        run,
        environment,
        // The store that has the secret is opened later.
        access_key: access_key.map(|id| (id.to_owned(), Zeroizing::default())),
    })
}

fn webhook(section: &Section<'_>, config: &Config) -> Result<Webhook> {
    let url = outbound::http("webhook", section.text_of("webhook")?).ok();
    let may_be_used = |url: &reqwest::Url| match url.scheme() {
        "http" => config.development && url.host_str().is_some_and(is_loopback),
        _ => true,
    };
    let url = url.filter(may_be_used).ok_or_else(|| {
        section.mistake(
            "webhook must be https://HOST/PATH, or in development mode http://HOST/PATH for a host of this machine",
        )
    })?;
    let secrets = webhook_secrets(section)?;
    if !(1..=SECRETS_OF_WEBHOOK_MAX).contains(&secrets.len()) {
        return Err(section.mistake("a webhook has one secret, or two while one takes the other's place"));
    }
    for secret in &secrets {
        webhook::check_secret(secret).map_err(|mistake| section.mistake(mistake))?;
    }
    Ok(Webhook { url, secrets })
}

fn webhook_secrets(section: &Section<'_>) -> Result<Vec<Zeroizing<String>>> {
    let (texts, files) = (section.texts("secrets")?, section.texts("secret_files")?);
    let one = section.secret("secret")?;
    let secrets = match (one, texts, files) {
        (Some(secret), None, None) => vec![secret],
        (None, Some(texts), None) => texts.into_iter().map(|text| Zeroizing::new(text.to_owned())).collect(),
        (None, None, Some(files)) => {
            files.into_iter().map(|file| section.secret_in("secret_files", file)).collect::<Result<_>>()?
        }
        (None, None, None) => Vec::new(),
        _ => {
            let forms = "secret, secret_file, secrets and secret_files say the same thing: choose one";
            return Err(section.mistake(forms));
        }
    };
    Ok(secrets)
}

fn invoke(section: &Section<'_>, arn: &str, config: &Config) -> Result<Invoke> {
    let region_of_arn = arn.split(':').nth(3).filter(|region| !region.is_empty() && !region.contains('*'));
    let region = section.text("region")?.or(region_of_arn).unwrap_or(&config.region);
    Ok(Invoke {
        endpoint: section.endpoint("invoke")?,
        region: region.to_owned(),
        credentials: section.credentials()?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    const SECRET: &str = "a secret of twenty-four-x";

    fn config(text: &str) -> Result<Config> {
        file::parse(text)?.into_config()
    }

    fn function(members: &str) -> Function {
        let text = format!("[[functions]]\narn = 'arn:aws:lambda:eu-west-1:1:function:f'\n{members}");
        config(&text).unwrap().functions.remove(0)
    }

    #[test]
    fn each_way_has_its_members() {
        let found = function("handler = 'a/b.mjs#one'\nconcurrency = 3\nenvironment = { A = 'b' }");
        let Way::Program(program) = found.way else { panic!() };
        assert!(
            matches!(program.run, Run::Handler { file, export, .. } if file.ends_with("a/b.mjs") && export == "one")
        );
        assert_eq!((found.concurrency, program.environment["A"].as_str()), (3, "b"));

        let Way::Program(program) = function("command = ['a', 'b c']").way else { panic!() };
        assert!(matches!(program.run, Run::Command(words) if words == ["a", "b c"]));

        let key = "command = ['a']\naccess_key = 'AKIAIOSFODNN7EXAMPLE'";
        let Way::Program(program) = function(key).way else { panic!() };
        assert_eq!(program.access_key.unwrap().0, "AKIAIOSFODNN7EXAMPLE");

        let found = function(&format!("webhook = 'http://localhost/a?b'\nsecret = '{SECRET}'"));
        let Way::Webhook(webhook) = found.way else { panic!() };
        assert_eq!((webhook.url.as_str(), webhook.secrets[0].as_str()), ("http://localhost/a?b", SECRET));
        assert_eq!(found.concurrency, CONCURRENCY);

        let Way::Invoke(invoke) = function("invoke = 'http://minio:1?tls=none'").way else { panic!() };
        assert_eq!((invoke.endpoint.as_str(), invoke.region.as_str()), ("http://minio:1/", "eu-west-1"));
        assert!(invoke.credentials.is_none());
    }

    #[test]
    fn the_region_is_that_of_the_function_or_the_server() {
        for (arn, more, expected) in [
            ("*", "", "us-east-1"),
            ("arn:aws:lambda:*:1:function:f", "", "us-east-1"),
            ("arn:aws:lambda:eu-west-1:*", "", "eu-west-1"),
            ("arn:aws:lambda:eu-west-1:*", "region = 'eu-north-1'", "eu-north-1"),
        ] {
            let text = format!("[[functions]]\narn = '{arn}'\ninvoke = 'https://lambda.example'\n{more}");
            let Way::Invoke(invoke) = config(&text).unwrap().functions.remove(0).way else { panic!() };
            assert_eq!(invoke.region, expected, "{arn}");
        }
    }

    #[test]
    fn files_lie_beside_the_settings() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("old"), "an old secret of 24 characters\n").unwrap();
        std::fs::write(folder.path().join("new"), SECRET).unwrap();
        let table: toml::Table =
            "arn = '*'\nwebhook = 'https://h/'\nsecret_files = ['old', 'new']".parse().unwrap();
        let config = Config::local(([127, 0, 0, 1], 1).into(), "no-folder".into());
        let read_in = |table: &toml::Table| read(std::slice::from_ref(table), folder.path(), &config);
        let Way::Webhook(webhook) = read_in(&table).unwrap().remove(0).way else { panic!() };
        assert_eq!(webhook.secrets[1].as_str(), SECRET);
        let table = "arn = '*'\nhandler = 'f/a.py'".parse().unwrap();
        let Way::Program(program) = read_in(&table).unwrap().remove(0).way else { panic!() };
        assert!(matches!(program.run, Run::Handler { file, .. } if file == folder.path().join("f/a.py")));
    }

    #[test]
    fn mistakes_name_the_member_and_no_value() {
        let webhook = "webhook = 'https://h/hunter2'";
        for (members, expected) in [
            ("", "exactly one of"),
            ("handler = 'a.py'\ncommand = ['a']", "exactly one of"),
            ("handlre = 'a.py'", "there is no member handlre; the nearest is handler"),
            ("handler = 'a.py'\nconcurrency = 0", "concurrency must be a number from 1 to 1000"),
            ("handler = 'a.py'\nsecret = 'hunter2'", "secret does not go with handler"),
            ("handler = 'a.py'\naccess_key = 'hunter2'", "access_key must be the id"),
            ("handler = 'a.py'\nenvironment = { A = 1 }", "environment must be names with texts"),
            ("handler = 'a.py'\nenvironment = { _HANDLER = 'hunter2' }", "environment cannot name _HANDLER"),
            (
                "handler = 'a.py'\naccess_key = 'AKIAIOSFODNN7EXAMPLE'\nenvironment = { AWS_REGION = 'hunter2' }",
                "environment cannot name AWS_REGION beside access_key",
            ),
            ("handler = 5", "handler must be a text"),
            ("command = 'hunter2'", "command must be a list of texts"),
            ("command = []", "command must be a list of texts"),
            (webhook, "a webhook has one secret"),
            (&format!("{webhook}\nsecret = 'hunter2'"), "at least 24 characters"),
            (&format!("{webhook}\nsecrets = ['hunter2', 5]"), "secrets must be a list of texts"),
            (&format!("{webhook}\nsecret = 'whsec_hunter2hunter2hunter2hunter2!'"), "whsec_"),
            (&format!("{webhook}\nsecret = '{SECRET}'\nsecrets = ['{SECRET}']"), "choose one"),
            (&format!("{webhook}\nsecret_file = '/nowhere'"), "secret_file: cannot read /nowhere"),
            ("webhook = 'http://h/hunter2?tls=none'", "webhook must be https://HOST/PATH"),
            ("invoke = 'https://h/hunter2'", "invoke must be an address without"),
            ("invoke = 'https://u:hunter2@h'", "invoke must be an address without"),
            ("invoke = 'http://h'", "invoke must be https://HOST"),
            ("invoke = 'https://h'\naccess_key_id = 'hunter2'", "go together"),
        ] {
            let mistake = config(&format!("[[functions]]\narn = '*'\n{members}")).expect_err(members);
            let told = format!("{mistake:#}");
            assert!(told.starts_with("[[functions]] 1: ") && told.contains(expected), "{told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
        for arn in ["", "arn = 'f'", "arn = 'arn:a b'", "arn = 5"] {
            assert!(config(&format!("[[functions]]\n{arn}\nhandler = 'a.py'")).is_err(), "{arn}");
        }
        let closed = format!(
            "mode = 'production'\n[[functions]]\narn = '*'\nwebhook = 'http://localhost'\nsecret = '{SECRET}'"
        );
        assert!(config(&closed).is_err());
    }

    #[test]
    fn keys_may_be_kept_elsewhere() {
        let kms = config("[kms]\nendpoint = 'https://kms.example'").unwrap().kms.unwrap();
        assert_eq!((kms.endpoint.as_str(), kms.region.as_str()), ("https://kms.example/", "us-east-1"));
        let signed = "[kms]\nendpoint = 'https://k'\nregion = 'eu-west-1'\naccess_key_id = 'a'\nsecret_access_key = 's'";
        assert_eq!(config(signed).unwrap().kms.unwrap().credentials.unwrap().1.as_str(), "s");
        for text in ["", "endpiont = 'https://k'", "endpoint = 'https://k/path'"] {
            assert!(config(&format!("[kms]\n{text}")).is_err(), "{text}");
        }
    }
}
