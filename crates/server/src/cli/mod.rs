//! The command line.

mod access_keys;
mod audit;
mod copies;
mod doctor;
mod keys;
mod master_key;
pub mod rates;
mod serve;
mod settings;
mod show_config;
mod telemetry;
#[cfg_attr(not(feature = "telemetry"), path = "no_traces.rs")]
mod traces;
mod trigger;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use rules::{Random as _, ids::PoolId};
use settings::Settings;
use std::io::Write as _;
use store::{Db, events::Event};

use crate::{clock::Clock, config::Config, secrets::random::SystemRandom, work};

/// Amazon Cognito on your own machines.
#[derive(Parser)]
#[command(name = "cognate", version)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve; this is also what happens without a command.
    Serve,
    /// Bring the store to this version's schema, and end.
    Migrate,
    /// Copy the SQLite store into a file while servers run
    Backup(copies::Backup),
    /// Put a backup into the place of the SQLite store, which no server may use
    Restore(copies::Restore),
    /// Print every setting that is in force, and where it comes from
    Config,
    /// Look at this deployment, and say what is wrong
    Doctor(doctor::Doctor),
    /// Show or export what administrators and users did.
    Audit(audit::Audit),
    /// Signing keys and the master key.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Say who may administer, and what
    #[command(subcommand)]
    AccessKeys(access_keys::Command),
    /// Try the function of a trigger
    #[command(subcommand)]
    Trigger(trigger::Command),
}

/// Reads the command line and does what it says.
pub fn run() -> Result<()> {
    let (cli, matches) = show_config::parse();
    settings::environment::check()?;
    let traces = telemetry::start(&cli.settings)?;
    for flag in show_config::secret_flags(&matches) {
        tracing::warn!(
            "every user of this machine can read the secret in --{flag}: give it by a variable or a file"
        );
    }
    let config = cli.settings.into_config()?;
    if matches!(cli.command, Some(Command::Config)) {
        return show_config::run(&matches, &config);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(work::pool::network_threads())
        .enable_all()
        .build()?;
    let done = runtime.block_on(async {
        match cli.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::serve(config, show_config::flags_of_the_store(&matches)).await,
            Command::AccessKeys(command) => access_keys::run(&config, command).await,
            Command::Migrate => {
                let db = open_store(&config).await?;
                say("The store has this version's schema.");
                db.close().await;
                Ok(())
            }
            Command::Backup(command) => copies::back_up(config, command).await,
            Command::Restore(command) => copies::restore(config, command).await,
            Command::Config => Ok(()),
            Command::Doctor(command) => doctor::run(config, command).await,
            Command::Audit(command) => audit::run(config, command).await,
            Command::Keys(command) => keys::run(config, command).await,
            Command::Trigger(command) => trigger::run(config, command).await,
        }
    });
    drop(runtime);
    traces.end();
    done
}

/// The source of randomness for what is done without an [`App`](crate::app::App), which has the same.
fn random() -> SystemRandom {
    SystemRandom
}

/// Opens the store that the settings name and brings it to this version's schema.
async fn open_store(config: &Config) -> Result<Db> {
    let db = match &config.database_url {
        _ if config.ephemeral => Db::open_memory().await?,
        Some(url) => Db::open_postgres(url).await.context("cannot open the database of --database-url")?,
        None => Db::open_sqlite(&config.data_dir)
            .await
            .with_context(|| format!("cannot open the store in {}", config.data_dir.display()))?,
    };
    db.migrate(Clock::System.now(), |number, name| {
        let _ = writeln!(std::io::stderr(), "Applying migration {number} ({name}).");
    })
    .await
    .context("cannot bring the store to this version's schema")?;
    Ok(db)
}

/// Records what was done by the command line in the audit trail.
async fn record(db: &Db, operation: &'static str, pool_id: Option<PoolId>) -> Result<()> {
    let now = Clock::System.now();
    let event = Event {
        id: random().uuid_v7(now),
        at: now,
        request_id: random().uuid_v4(),
        operation: operation.to_owned(),
        outcome: "Success".to_owned(),
        reason: None,
        pool_id,
        client_id: None,
        sub: None,
        username: None,
        actor_kind: "command-line".to_owned(),
        actor: user_of_this_machine(),
        address: None,
        user_agent: None,
        times: 1,
    };
    Ok(db.write(move |tx| store::events::insert(tx, std::slice::from_ref(&event))).await?)
}

#[cfg(unix)]
fn user_of_this_machine() -> Option<String> {
    Some(format!("uid {}", rustix::process::getuid().as_raw()))
}

#[cfg(not(unix))]
fn user_of_this_machine() -> Option<String> {
    None
}

/// Writes a line for the person who started the program, if somebody is there to read it. Nothing that is stored or was
/// given can break it or speak to the terminal.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{}", printed(line));
}

/// The text with every character escaped that a terminal obeys instead of showing it.
fn printed(text: &str) -> String {
    let shown = |c: char| if is_printed(c) { c.to_string() } else { c.escape_unicode().to_string() };
    text.chars().map(shown).collect()
}

/// Whether a character is shown: neither a control nor a mark that breaks or turns a line.
fn is_printed(c: char) -> bool {
    let is_mark = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    !c.is_control() && !is_mark
}
