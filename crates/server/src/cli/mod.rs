//! The command line.

mod access_keys;
mod audit;
mod keys;
mod master_key;
mod serve;
mod settings;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use settings::{LogFormat, Settings};
use std::io::Write as _;
use store::Db;
use tracing_subscriber::EnvFilter;

use crate::{clock::Clock, config::Config};

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
    /// Show or export what administrators and users did.
    Audit(audit::Audit),
    /// Signing keys and the master key.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Say who may administer, and what
    #[command(subcommand)]
    AccessKeys(access_keys::Command),
}

/// Reads the command line and does what it says.
pub fn run() -> Result<()> {
    let cli = Cli::parse();
    let filter = EnvFilter::try_new(cli.settings.log_filter()).context("--log cannot be read")?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match cli.settings.log_format() {
        LogFormat::Text => lines.init(),
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(true).with_span_list(false).init()
        }
    }
    let config = cli.settings.into_config()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match cli.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::serve(config).await,
            Command::AccessKeys(command) => access_keys::run(&config, command).await,
            Command::Migrate => {
                let db = open_store(&config).await?;
                say("The store has this version's schema.");
                db.close().await;
                Ok(())
            }
            Command::Audit(command) => audit::run(config, command).await,
            Command::Keys(command) => keys::run(config, command).await,
        }
    })
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
        let _ = writeln!(std::io::stderr(), "Applied migration {number} ({name}).");
    })
    .await
    .context("cannot bring the store to this version's schema")?;
    Ok(db)
}

/// A line for the person who started the program; nobody may be there to read it.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
