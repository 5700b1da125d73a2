//! `cognate doctor`: looks at a deployment, says what is wrong and what to do. It changes nothing, and sends no mail
//! unless it is told to.

mod functions;
mod passkeys;

use super::{
    master_key, random, say,
    serve::{is_closed_at_public_url, is_in_clear},
};
use crate::{
    clock::Clock,
    config::{Config, Delivery},
    http::limits::Limits,
    messages::{Transports, foreign_senders},
    outbound::{self, client::innermost},
    secrets::master_keys,
};
use anyhow::{Result, bail};
use clap::Args;
use rules::{Millis, hosts::is_loopback};
use std::{path::Path, time::Duration};
use store::Db;

/// How long another machine may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a mail server may take, which may look up names before it greets.
const MAIL_TIMEOUT: Duration = Duration::from_secs(15);
/// How far two clocks may differ: operators' signatures are good for five minutes.
const SKEW_MS: Millis = 60_000;
/// Less free space than this is trouble soon.
const FREE_BYTES_MIN: u64 = 1024 * 1024 * 1024;
/// The oldest PostgreSQL that is tested.
const POSTGRES_MIN: i64 = 140_000;

#[derive(Args)]
pub struct Doctor {
    /// Send an e-mail to this address by the configured mail server
    #[arg(long, value_name = "ADDRESS")]
    mail_to: Option<String>,
}

/// What a look found.
enum Finding {
    Good(String),
    /// It works, but not for long or not for everybody.
    Doubt(String),
    /// It does not work or is not safe.
    Wrong(String),
}

use Finding::{Doubt, Good, Wrong};

/// Looks at everything; an error if something is wrong.
pub async fn run(config: Config, command: Doctor) -> Result<()> {
    let mut findings = vec![mode(&config), open_files(&config.limits)];
    findings.extend(functions::handlers(&config));
    if !config.ephemeral {
        findings.extend(data_folder(&config));
        match open(&config).await {
            Ok(db) => {
                findings.extend(store(&config, &db).await);
                db.close().await;
            }
            Err(error) => findings.push(Wrong(format!("the store cannot be opened: {error:#}"))),
        }
    }
    findings.extend(public_url(&config).await);
    findings.extend(mail(&config, command.mail_to.as_deref()).await);
    let mut wrong = 0;
    for finding in findings {
        match finding {
            Good(text) => say(&format!("good   {text}")),
            Doubt(text) => say(&format!("doubt  {text}")),
            Wrong(text) => {
                wrong += 1;
                say(&format!("WRONG  {text}"));
            }
        }
    }
    if wrong > 0 {
        bail!("{wrong} {} wrong", if wrong == 1 { "thing is" } else { "things are" });
    }
    Ok(())
}

fn mode(config: &Config) -> Finding {
    match config.development {
        true => Doubt(
            "development mode: whoever reaches this machine's loopback may administer; \
             for real users set --mode production"
                .to_owned(),
        ),
        false => Good("administration is closed to all but access keys".to_owned()),
    }
}

fn open_files(limits: &Limits) -> Finding {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit};
        let allowed = getrlimit(Resource::Nofile).current;
        let needed = limits.connections_max as u64 + 256;
        if allowed.is_some_and(|allowed| allowed < needed) {
            return Doubt(format!(
                "the process may open {} files, and {needed} are needed for all connections: raise LimitNOFILE or \
                 `ulimit -n`",
                allowed.unwrap_or_default()
            ));
        }
    }
    Good(format!("enough files may be open for {} connections", limits.connections_max))
}

fn data_folder(config: &Config) -> Vec<Finding> {
    let folder = &config.data_dir;
    if !folder.exists() {
        return match config.database_url {
            Some(_) => Vec::new(),
            None => vec![Doubt(format!("{} does not exist; the first start makes it", folder.display()))],
        };
    }
    let mut findings = Vec::new();
    #[cfg(unix)]
    for name in ["", "cognate.db", "master.key"] {
        let path = if name.is_empty() { folder.clone() } else { folder.join(name) };
        findings.extend(privacy(&path));
    }
    findings.extend(free_space(folder));
    findings
}

#[cfg(unix)]
fn privacy(path: &Path) -> Option<Finding> {
    use std::os::unix::fs::MetadataExt as _;
    let found = std::fs::metadata(path).ok()?;
    let place = path.display();
    let me = rustix::process::geteuid().as_raw();
    Some(if found.mode() & 0o077 != 0 {
        Wrong(format!("other users of this machine may open {place}: chmod go= {place}"))
    } else if found.uid() != me && me != 0 {
        Wrong(format!("{place} belongs to user {}, and this program runs as {me}", found.uid()))
    } else {
        Good(format!("{place} is for its owner alone"))
    })
}

fn free_space(folder: &Path) -> Option<Finding> {
    #[cfg(unix)]
    {
        let space = rustix::fs::statvfs(folder).ok()?;
        let free = space.f_bavail.saturating_mul(space.f_frsize);
        let mib = free / 1024 / 1024;
        Some(match free < FREE_BYTES_MIN {
            true => Doubt(format!("only {mib} MiB are free below {}", folder.display())),
            false => Good(format!("{mib} MiB are free below {}", folder.display())),
        })
    }
    #[cfg(not(unix))]
    None
}

async fn open(config: &Config) -> Result<Db> {
    match &config.database_url {
        Some(url) => Ok(Db::open_postgres(url).await?),
        // Opening makes a file, and looking must not.
        None if !config.data_dir.join("cognate.db").exists() => {
            bail!("there is none in {} yet; the first start makes it", config.data_dir.display())
        }
        None => Ok(Db::open_sqlite(&config.data_dir).await?),
    }
}

async fn store(config: &Config, db: &Db) -> Vec<Finding> {
    let mut findings = Vec::new();
    if config.database_url.is_some() {
        findings.extend(postgres(config, db).await);
    }
    match db.missing_migrations().await {
        Ok(0) => findings.push(Good("the store has this version's schema".to_owned())),
        Ok(count) => {
            findings
                .push(Doubt(format!("{count} migrations are to come: `cognate migrate`, or the next start")));
            return findings;
        }
        Err(error) => {
            findings.push(Wrong(format!("the store's schema cannot be used: {error}")));
            return findings;
        }
    }
    findings.push(key(config, db).await);
    findings.extend(senders(config, db).await);
    findings.extend(functions::access_keys(config, db).await);
    findings.extend(functions::pools(config, db).await);
    findings.extend(functions::shared(config, db).await);
    findings.extend(passkeys::relying_parties(db).await);
    if !config.development {
        findings.push(match db.read(store::access_keys::exists).await {
            Ok(true) => Good("there are access keys".to_owned()),
            Ok(false) => Doubt("nobody may administer: `cognate access-keys create`".to_owned()),
            Err(error) => Wrong(format!("the access keys cannot be read: {error}")),
        });
    }
    findings
}

async fn senders(config: &Config, db: &Db) -> Vec<Finding> {
    let found = match foreign_senders::find(db, &config.delivery).await {
        Ok(found) => found,
        Err(error) => return vec![Wrong(format!("the pools cannot be read: {error}"))],
    };
    let told = |(pool, sender)| {
        Wrong(format!(
            "no e-mail of pool {pool} leaves: it names {sender}, which is none of --mail-senders; add it there, or change \
             the pool's EmailConfiguration"
        ))
    };
    found.into_iter().map(told).collect()
}

async fn key(config: &Config, db: &Db) -> Finding {
    let found = match master_key::find(config) {
        Ok(found) => found,
        Err(error) => return Wrong(format!("the master key cannot be read: {error:#}")),
    };
    match (found, master_keys::is_sealed(db).await) {
        (_, Err(fault)) => {
            Wrong(format!("the store does not say which master key it is sealed with: {fault}"))
        }
        (_, Ok(false)) => Good("the store has no secrets yet".to_owned()),
        ((None, place), _) => {
            Wrong(format!("there is no master key in {place}, and the store's secrets need it"))
        }
        ((Some(key), place), Ok(true)) => {
            match master_keys::open(db, random(), &key, Clock::System.now()).await {
                Ok(Some(_)) => Good(format!("the master key in {place} opens the store's secrets")),
                _ => Wrong(format!("the master key in {place} is not the one that the store is sealed with")),
            }
        }
    }
}

async fn postgres(config: &Config, db: &Db) -> Vec<Finding> {
    let before = Clock::System.now();
    let (version, is_encrypted, theirs) = match db.read(store::settings::postgres_facts).await {
        Ok(facts) => facts,
        Err(error) => return vec![Wrong(format!("PostgreSQL does not answer: {error}"))],
    };
    let major = version / 10_000;
    let is_near = config.database_url.as_deref().is_some_and(store::db::is_postgres_near);
    vec![
        match version < POSTGRES_MIN {
            true => Wrong(format!("PostgreSQL {major} is too old: 14 is the oldest that is tested")),
            false => Good(format!("PostgreSQL {major} answers")),
        },
        match (is_encrypted, is_near) {
            (true, _) => Good("the connection to PostgreSQL is encrypted".to_owned()),
            (false, true) => Good("PostgreSQL is on this machine".to_owned()),
            (false, false) => Wrong(
                "the connection to PostgreSQL is not encrypted: add sslmode=verify-full to --database-url"
                    .to_owned(),
            ),
        },
        skew("PostgreSQL's", theirs - before),
    ]
}

fn skew(whose: &str, ms: Millis) -> Finding {
    match ms.abs() > SKEW_MS {
        true => Wrong(format!("{whose} clock and this machine's differ by {} s: use NTP", ms / 1_000)),
        false => Good(format!("{whose} clock and this machine's agree")),
    }
}

async fn public_url(config: &Config) -> Vec<Finding> {
    let url = &config.public_url;
    let is_local = !url.starts_with("https://") && !is_in_clear(url);
    let mut findings = Vec::new();
    if is_in_clear(url) {
        findings.push(Wrong(format!("passwords and tokens travel in clear to {url}: put TLS before it")));
    }
    if is_local && !config.development {
        findings
            .push(Doubt(format!("tokens name {url} as their issuer: set --public-url to what clients use")));
    }
    if is_closed_at_public_url(config) {
        findings.push(Doubt(format!(
            "administration, outbox, clock and reset do not answer at {url}: in development mode ask for them at localhost"
        )));
    }
    let client = match reqwest::Client::builder().timeout(ANSWER_TIMEOUT).build() {
        Ok(client) => client,
        Err(error) => {
            findings.push(Wrong(format!("no request can be made: {error}")));
            return findings;
        }
    };
    match client.get(format!("{url}/_cognate/health/ready")).send().await {
        Err(error) => findings.push(Doubt(format!("no server answers at {url}: {}", innermost(&error)))),
        Ok(answer) => {
            let clock = answer.headers().get("date").and_then(|date| date.to_str().ok()).and_then(http_date);
            findings.extend(clock.map(|theirs| skew("the server's", theirs - Clock::System.now())));
            let status = answer.status();
            let text = answer.text().await.unwrap_or_default();
            findings.extend(metrics(config, &client).await);
            findings.push(match (status.as_u16(), text.trim()) {
                (200, "ready") => Good(format!("a server answers at {url} and is ready")),
                (503, reason) => Wrong(format!("the server at {url} is not ready: {reason}")),
                _ => Wrong(format!("what answers at {url} with status {status} is not Cognate")),
            });
        }
    }
    findings
}

/// Whether strangers read the numbers: this machine may without a token, and a proxy on it that says nothing of itself
/// looks like this machine.
async fn metrics(config: &Config, client: &reqwest::Client) -> Option<Finding> {
    let url = &config.public_url;
    let is_here = reqwest::Url::parse(url).is_ok_and(|url| url.host_str().is_some_and(is_loopback));
    if config.metrics_token.is_some() || is_here {
        return None;
    }
    let answer = client.get(format!("{url}/_cognate/metrics")).send().await.ok()?;
    Some(match answer.status().is_success() {
        true => Wrong(format!(
            "anybody reads {url}/_cognate/metrics: set --metrics-token, and let the proxy keep Host and send \
             X-Forwarded-For"
        )),
        false => Good(format!("{url}/_cognate/metrics is closed to strangers")),
    })
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` in milliseconds since 1970.
fn http_date(text: &str) -> Option<i64> {
    let [_, day, month, year, time, _] = text.split(' ').collect::<Vec<_>>()[..] else { return None };
    let month = rules::calendar::MONTHS.iter().position(|known| *known == month)? + 1;
    let [hour, minute, second] = time.split(':').collect::<Vec<_>>()[..] else { return None };
    let number = rules::calendar::number;
    let day = rules::calendar::seconds_at(number(year)?, i64::try_from(month).ok()?, number(day)?)?;
    let time = rules::calendar::second_of_day(number(hour)?, number(minute)?, number(second)?)?;
    Some((day + time) * 1_000)
}

/// Signs in to the mail server, and sends a mail to an address that was given.
async fn mail(config: &Config, to: Option<&str>) -> Vec<Finding> {
    let delivery = &config.delivery;
    let Some(url) = &delivery.smtp_url else {
        let mut findings = vec![match (&delivery.email_webhook, config.development) {
            (Some(_), _) => Good("e-mails go to a webhook".to_owned()),
            (None, true) => Good("messages stay in the development outbox".to_owned()),
            (None, false) => Doubt("no e-mail leaves: set --smtp-url or --email-webhook".to_owned()),
        }];
        findings.extend(to.map(|_| Wrong("--mail-to wants a mail server: set --smtp-url".to_owned())));
        return findings;
    };
    let server = match outbound::smtp(url) {
        Ok(url) => format!("{}:{}", url.host_str().unwrap_or_default(), url.port().unwrap_or(465)),
        Err(mistake) => return vec![Wrong(mistake)],
    };
    let transports = match Transports::new(&Delivery { smtp_url: Some(url.clone()), ..delivery.clone() }) {
        Ok(transports) => transports,
        Err(mistake) => return vec![Wrong(mistake)],
    };
    let signed_in = tokio::time::timeout(MAIL_TIMEOUT, transports.sign_in_to_mail_server()).await;
    let mut findings = vec![match signed_in {
        Ok(Some(Err(reason))) => Wrong(format!("the mail server at {server} cannot be used: {reason}")),
        Ok(_) => Good(format!("the mail server at {server} {}", taken(url))),
        Err(_) => Wrong(format!("the mail server at {server} does not answer")),
    }];
    if let Some(to) = to {
        let sent = tokio::time::timeout(MAIL_TIMEOUT, transports.send_test_mail(to)).await;
        findings.push(match sent {
            Ok(Some(Err(reason))) => Wrong(format!("the mail server took no e-mail to {to}: {reason}")),
            Ok(_) => Good(format!("the mail server took an e-mail to {to}: see whether it arrives")),
            Err(_) => Wrong(format!("the mail server did not take an e-mail to {to} in time")),
        });
    }
    let _ = tokio::time::timeout(MAIL_TIMEOUT, transports.end()).await;
    findings
}

/// How the mail server was reached.
fn taken(url: &str) -> &'static str {
    let Ok(url) = outbound::smtp(url) else { return "answers" };
    match (url.scheme() == "smtps" || url.query().is_some(), url.password().is_some()) {
        (true, true) => "took user and password over TLS",
        (true, false) => "answers over TLS",
        (false, true) => "took user and password, without encryption",
        (false, false) => "answers, without encryption",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_others_say() {
        assert_eq!(http_date("Thu, 01 Jan 2026 00:00:01 GMT"), Some(1_767_225_601_000));
        assert_eq!(http_date("yesterday"), None);
        assert_eq!(taken("smtp://user:p@mail.example:25"), "took user and password over TLS");
        assert_eq!(taken("smtp://localhost:25"), "answers, without encryption");
    }
}
