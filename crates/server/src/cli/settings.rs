//! Settings from flags, environment, file and defaults, in this order.

pub mod environment;
pub mod file;
mod functions;
mod kms;
mod passkeys;
mod section;

use super::rates;
use crate::config::{Config, Issuer, region};
use anyhow::{Context as _, Result, anyhow, bail};
use clap::{Arg, Args, Command, ValueEnum};
use serde::Deserialize;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

const LISTEN: &str = "127.0.0.1:9229";
const DATA_DIR: &str = "./cognate-data";
const LOG_FILTER: &str = "info";
/// What is needed before the file is read, and so cannot stand in it.
const BEFORE_THE_FILE: [&str; 4] = ["config", "log", "log_format", "otlp_url"];
/// What has parts, and so can stand in the file only, each with the form of it there.
const SECTIONS: [(&str, &str); 3] = [
    ("functions", "sections that begin [[functions]]"),
    ("kms", "a section [kms]"),
    ("passkeys", "a section [passkeys]"),
];

/// Every setting, where it is given. The file has the same names in snake_case.
#[derive(Args, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// A TOML file with settings
    #[arg(long, global = true, env = "COGNATE_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    config: Option<PathBuf>,
    /// Where to listen [default: 127.0.0.1:9229]
    #[arg(long, global = true, env = "COGNATE_LISTEN", value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Where SQLite's file and the master key lie [default: ./cognate-data]
    #[arg(long, global = true, env = "COGNATE_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The master key, 32 bytes in base64, where it is neither in the data folder nor in COGNATE_MASTER_KEY
    #[arg(long, global = true, env = "COGNATE_MASTER_KEY_FILE", value_name = "FILE")]
    master_key_file: Option<PathBuf>,
    /// PostgreSQL instead of SQLite: postgres://user:password@host/database?sslmode=MODE, where MODE is verify-full (unless it is on this machine), require, prefer or disable
    #[arg(long, global = true, env = "COGNATE_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    database_url: Option<String>,
    /// A file with that URL
    #[arg(long, global = true, env = "COGNATE_DATABASE_URL_FILE", value_name = "FILE")]
    database_url_file: Option<PathBuf>,
    /// Keep everything for this run only
    #[arg(long, global = true, env = "COGNATE_EPHEMERAL", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    ephemeral: Option<bool>,
    /// Pools, clients, groups and users that are there before the first answer: a TOML or JSON file
    #[arg(long, global = true, env = "COGNATE_SEED", value_name = "FILE")]
    seed: Option<PathBuf>,
    /// The URL under which clients reach the server [default: http://localhost:PORT]
    #[arg(long, global = true, env = "COGNATE_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// What tokens name as their issuer: the public URL, or AWS's [default: own]
    #[arg(long, global = true, env = "COGNATE_ISSUER")]
    issuer: Option<Issuer>,
    /// The region that ids and ARNs name: one of AWS's, or other:NAME [default: us-east-1]
    #[arg(long, global = true, env = "COGNATE_REGION")]
    region: Option<String>,
    /// The account that ARNs name [default: 123456789012]
    #[arg(long, global = true, env = "COGNATE_ACCOUNT_ID")]
    account_id: Option<String>,
    /// development: any credentials administer and the outbox can be read, on loopback only [default: development]
    #[arg(long, global = true, env = "COGNATE_MODE")]
    mode: Option<Mode>,
    /// The mail server: smtp://user:password@host:587 by STARTTLS, smtps://user:password@host:465 by TLS from the first byte, smtp://host:25?tls=none in clear; on this machine smtp:// is in clear unless it says ?tls=required
    #[arg(long, global = true, env = "COGNATE_SMTP_URL", value_name = "URL", hide_env_values = true)]
    smtp_url: Option<String>,
    /// A file with that URL
    #[arg(long, global = true, env = "COGNATE_SMTP_URL_FILE", value_name = "FILE")]
    smtp_url_file: Option<PathBuf>,
    /// The sender of e-mails, where a pool names none
    #[arg(long, global = true, env = "COGNATE_MAIL_FROM", value_name = "ADDRESS")]
    mail_from: Option<String>,
    /// Senders that pools may name, as in no-reply@example.org,example.com: addresses, and domains with all their addresses [default: the address of mail_from]
    #[arg(long, global = true, env = "COGNATE_MAIL_SENDERS", value_name = "LIST")]
    #[serde(deserialize_with = "file::list")]
    mail_senders: Option<String>,
    /// Receives e-mails as JSON: https://host/path, or http://host/path?tls=none in clear; on this machine http:// alone will do
    #[arg(long, global = true, env = "COGNATE_EMAIL_WEBHOOK", value_name = "URL", hide_env_values = true)]
    email_webhook: Option<String>,
    /// A file with that URL
    #[arg(long, global = true, env = "COGNATE_EMAIL_WEBHOOK_FILE", value_name = "FILE")]
    email_webhook_file: Option<PathBuf>,
    /// Receives SMS as JSON: a URL as for e-mails
    #[arg(long, global = true, env = "COGNATE_SMS_WEBHOOK", value_name = "URL", hide_env_values = true)]
    sms_webhook: Option<String>,
    /// A file with that URL
    #[arg(long, global = true, env = "COGNATE_SMS_WEBHOOK_FILE", value_name = "FILE")]
    sms_webhook_file: Option<PathBuf>,
    /// Days after which new keys sign a pool's tokens; the old ones stay published while their tokens live [default: never]
    #[arg(long, global = true, env = "COGNATE_SIGNING_KEY_DAYS", value_name = "DAYS")]
    signing_key_days: Option<u32>,
    /// Memory of a password hash (Argon2id) in KiB; hashes of another cost are made anew at the next sign-in [default: 19456]
    #[arg(long, global = true, env = "COGNATE_HASH_MEMORY_KIB", value_name = "KIB")]
    hash_memory_kib: Option<u32>,
    /// Passes of a password hash over its memory [default: 2]
    #[arg(long, global = true, env = "COGNATE_HASH_PASSES", value_name = "PASSES")]
    hash_passes: Option<u32>,
    /// For how many days the audit trail is kept [default: 90]
    #[arg(long, global = true, env = "COGNATE_AUDIT_DAYS", value_name = "DAYS")]
    audit_days: Option<u32>,
    /// Whoever reads /_cognate/metrics shows this as a bearer token; without it they are read on this machine only
    #[arg(long, global = true, env = "COGNATE_METRICS_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    metrics_token: Option<String>,
    /// A file with that token
    #[arg(long, global = true, env = "COGNATE_METRICS_TOKEN_FILE", value_name = "FILE")]
    metrics_token_file: Option<PathBuf>,
    /// Requests a second from one address (an IPv6 /64) that signs none; 0 for no limit [default: 0; 50 in production]
    #[arg(long, global = true, env = "COGNATE_RATE_PER_ADDRESS", value_name = "REQUESTS")]
    rate_per_address: Option<u32>,
    /// Requests a second about one user; 0 for no limit [default: 0; 10 in production]
    #[arg(long, global = true, env = "COGNATE_RATE_PER_USER", value_name = "REQUESTS")]
    rate_per_user: Option<u32>,
    /// Requests a second by category: off, cognito for its default quotas, and others as in cognito,UserRead=500 [default: off]
    #[arg(long, global = true, env = "COGNATE_RATE_CATEGORIES", value_name = "LIST")]
    #[serde(deserialize_with = "file::list")]
    rate_categories: Option<String>,
    /// Networks of proxies whose X-Forwarded-For is believed, as in 127.0.0.1,10.0.0.0/8
    #[arg(long, global = true, env = "COGNATE_TRUSTED_PROXIES", value_name = "LIST")]
    #[serde(deserialize_with = "file::list")]
    trusted_proxies: Option<String>,
    /// Receives traces by OTLP over HTTP, such as http://localhost:4318/v1/traces: a URL as for e-mails
    #[arg(long, global = true, env = "COGNATE_OTLP_URL", value_name = "URL", hide_env_values = true)]
    #[serde(skip)]
    otlp_url: Option<String>,
    /// How log lines are written [default: text]
    #[arg(long, global = true, env = "COGNATE_LOG_FORMAT")]
    #[serde(skip)]
    log_format: Option<LogFormat>,
    /// What is logged, as in RUST_LOG [default: info]
    #[arg(long, global = true, env = "COGNATE_LOG", value_name = "FILTER")]
    #[serde(skip)]
    log: Option<String>,
    /// How functions are run.
    #[arg(skip)]
    functions: Vec<toml::Table>,
    /// Who keeps the keys of custom senders.
    #[arg(skip)]
    kms: Option<toml::Table>,
    /// From where passkeys may be registered and used.
    #[arg(skip)]
    passkeys: Option<toml::Table>,
}

/// Whether administration is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Development,
    Production,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object in each line.
    Json,
}

/// Every setting as clap knows it.
pub fn all() -> Vec<Arg> {
    Settings::augment_args(Command::new("settings")).get_arguments().cloned().collect()
}

impl Settings {
    pub fn otlp_url(&self) -> Option<&str> {
        self.otlp_url.as_deref()
    }

    pub fn log_format(&self) -> LogFormat {
        self.log_format.unwrap_or(LogFormat::Text)
    }

    pub fn log_filter(&self) -> &str {
        self.log.as_deref().unwrap_or(LOG_FILTER)
    }

    /// The settings in their final types.
    pub fn into_config(self) -> Result<Config> {
        let folder = self.config.as_deref().and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
        let file = match &self.config {
            Some(path) => file::read(path)?.with_secrets().with_context(|| path.display().to_string())?,
            None => Settings::default(),
        };
        let given = self.with_secrets()?.or(file);
        let listen = match given.listen {
            Some(listen) => listen,
            None => LISTEN.parse().context("the default address")?,
        };
        let mut config = Config::local(listen, given.data_dir.unwrap_or_else(|| PathBuf::from(DATA_DIR)));
        config.ephemeral = given.ephemeral.unwrap_or(false);
        config.seed = given.seed;
        config.master_key_file = given.master_key_file;
        config.database_url = given.database_url;
        if let Some(url) = given.public_url {
            config.public_url = public_url(&url)?;
        }
        config.issuer = given.issuer.unwrap_or(config.issuer);
        if let Some(name) = given.region {
            config.region = region::read(&name)?;
        }
        config.account_id = given.account_id.unwrap_or(config.account_id);
        config.development = given.mode != Some(Mode::Production);
        config.delivery.smtp_url = given.smtp_url;
        config.delivery.mail_from = given.mail_from;
        config.delivery.mail_senders = senders(given.mail_senders.as_deref().unwrap_or_default())?;
        config.delivery.email_webhook = given.email_webhook;
        config.delivery.sms_webhook = given.sms_webhook;
        config.signing_key_days = given.signing_key_days;
        config.hashing.memory_kib = given.hash_memory_kib.unwrap_or(config.hashing.memory_kib);
        config.hashing.passes = given.hash_passes.unwrap_or(config.hashing.passes);
        config.audit_days = given.audit_days.unwrap_or(config.audit_days);
        config.metrics_token = given.metrics_token;
        config.trusted_proxies = rates::proxies(given.trusted_proxies.as_deref().unwrap_or_default())?;
        config.rates = rates::rates(
            given.rate_per_address,
            given.rate_per_user,
            given.rate_categories.as_deref().unwrap_or_default(),
            &config,
        )?;
        config.functions = functions::read(&given.functions, &folder, &config)?;
        config.kms = given.kms.map(|table| kms::read(&table, &folder, &config)).transpose()?;
        let passkeys = given.passkeys.map(|table| passkeys::read(&table, &folder)).transpose()?;
        config.passkeys = passkeys.unwrap_or_default();
        check(&config)?;
        Ok(config)
    }

    fn or(self, file: Settings) -> Settings {
        Settings {
            config: None,
            log: None,
            log_format: None,
            otlp_url: None,
            database_url_file: None,
            smtp_url_file: None,
            email_webhook_file: None,
            sms_webhook_file: None,
            metrics_token_file: None,
            functions: [self.functions, file.functions].concat(),
            kms: self.kms.or(file.kms),
            passkeys: self.passkeys.or(file.passkeys),
            master_key_file: self.master_key_file.or(file.master_key_file),
            mail_senders: self.mail_senders.or(file.mail_senders),
            audit_days: self.audit_days.or(file.audit_days),
            metrics_token: self.metrics_token.or(file.metrics_token),
            rate_per_address: self.rate_per_address.or(file.rate_per_address),
            rate_per_user: self.rate_per_user.or(file.rate_per_user),
            rate_categories: self.rate_categories.or(file.rate_categories),
            trusted_proxies: self.trusted_proxies.or(file.trusted_proxies),
            listen: self.listen.or(file.listen),
            data_dir: self.data_dir.or(file.data_dir),
            database_url: self.database_url.or(file.database_url),
            ephemeral: self.ephemeral.or(file.ephemeral),
            seed: self.seed.or(file.seed),
            public_url: self.public_url.or(file.public_url),
            issuer: self.issuer.or(file.issuer),
            region: self.region.or(file.region),
            account_id: self.account_id.or(file.account_id),
            mode: self.mode.or(file.mode),
            smtp_url: self.smtp_url.or(file.smtp_url),
            mail_from: self.mail_from.or(file.mail_from),
            email_webhook: self.email_webhook.or(file.email_webhook),
            sms_webhook: self.sms_webhook.or(file.sms_webhook),
            signing_key_days: self.signing_key_days.or(file.signing_key_days),
            hash_memory_kib: self.hash_memory_kib.or(file.hash_memory_kib),
            hash_passes: self.hash_passes.or(file.hash_passes),
        }
    }
}

fn public_url(url: &str) -> Result<String> {
    let url = url.trim_end_matches('/');
    let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    if host.is_none_or(|host| host.is_empty() || host.contains(['?', '#', ' ', '@'])) {
        bail!("--public-url must be http://HOST or https://HOST, with a port or path if need be");
    }
    Ok(url.to_owned())
}

/// Addresses and domains.
fn senders(text: &str) -> Result<Vec<String>> {
    let senders: Vec<String> = rates::items(text).map(str::to_owned).collect();
    for sender in &senders {
        let mailbox = if sender.contains('@') { sender.clone() } else { format!("x@{sender}") };
        if mailbox.parse::<lettre::Address>().is_err() {
            bail!("--mail-senders: {sender} is neither an address nor a domain");
        }
    }
    Ok(senders)
}

fn check(config: &Config) -> Result<()> {
    if config.development && !config.listen.ip().is_loopback() {
        bail!(
            "{} can be reached from other machines, and in development mode anybody may administer.\n\
             Listen on 127.0.0.1 (--listen {LISTEN}), or close administration with --mode production.",
            config.listen
        );
    }
    // OWASP's least: less memory is no hindrance to guessing any more.
    if !(7 * 1024..=1024 * 1024).contains(&config.hashing.memory_kib) {
        bail!("--hash-memory-kib must be from 7168 to 1048576, not {}", config.hashing.memory_kib);
    }
    if !(1..=20).contains(&config.hashing.passes) {
        bail!("--hash-passes must be from 1 to 20, not {}", config.hashing.passes);
    }
    if config.signing_key_days.is_some_and(|days| !(2..=3650).contains(&days)) {
        bail!("--signing-key-days must be from 2 to 3650");
    }
    if config.ephemeral && config.database_url.is_some() {
        bail!("--ephemeral keeps everything in this process, and --database-url elsewhere: choose one.");
    }
    if config.account_id.len() != 12 || !config.account_id.bytes().all(|b| b.is_ascii_digit()) {
        bail!("--account-id must be 12 digits, not {}", config.account_id);
    }
    config.delivery.check().map_err(|mistake| anyhow!(mistake))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Result<Config> {
        file::parse(text)?.into_config()
    }

    #[test]
    fn nothing_given_is_a_local_server() {
        let config = settings("").unwrap();
        assert_eq!(config.listen.to_string(), LISTEN);
        assert_eq!(config.public_url, "http://localhost:9229");
        assert_eq!(config.issuer_of("us-east-1_AbC"), "http://localhost:9229/us-east-1_AbC");
        assert!(config.development);
    }

    #[test]
    fn mistakes_are_refused() {
        for text in [
            "listne = '127.0.0.1:1'",
            "listen = '0.0.0.0:9229'",
            "listen = '[::]:9229'",
            "public_url = 'cognito.example.com'",
            "account_id = '12'",
            "region = 'US East'",
            "region = 'us-est-1'",
            "smtp_url = 'smtp://mail.example?tls=no'",
            "email_webhook = 'http://hooks.example/'",
            "mail_senders = ['a b']",
            "mail_from = 'nobody'",
            "smtp_url_file = '/nowhere/file'",
            "issuer = 'other'",
            "hash_memory_kib = 1024",
            "hash_passes = 0",
            "signing_key_days = 1",
            "rate_categories = 'UserRaed=5'",
            "trusted_proxies = 'proxy.example.com'",
            "ephemeral = true\ndatabase_url = 'postgres://localhost/a'",
        ] {
            assert!(settings(text).is_err(), "{text}");
        }
        assert!(settings("smtp_url = 'smtp://u:p@mail.example.com'").is_ok());
        assert_eq!(
            settings("mail_senders = 'a.example, b@c.example'").unwrap().delivery.mail_senders.len(),
            2
        );
        assert!(settings("listen = '0.0.0.0:9229'\nmode = 'production'").is_ok());
        assert_eq!(settings("public_url = 'https://a.example/'").unwrap().public_url, "https://a.example");
    }

    #[test]
    fn flags_go_before_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "region = 'eu-west-1'\naccount_id = '000000000000'").unwrap();
        let flags = Settings {
            config: Some(file.path().to_owned()),
            region: Some("eu-central-1".to_owned()),
            ..Settings::default()
        };
        let config = flags.into_config().unwrap();
        assert_eq!((&*config.region, &*config.account_id), ("eu-central-1", "000000000000"));
    }
}
