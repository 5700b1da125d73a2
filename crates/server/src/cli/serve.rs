//! `cognate serve`: start, a few lines for whoever started it, and an orderly end.

use super::{master_key, open_store, say};
use crate::{
    app::App,
    audit,
    callers::access_keys,
    clock::Clock,
    config::{Config, functions::Way},
    http::{self, listener::Listener},
    jobs,
    keys::ring::KeyRing,
    messages::{Transports, foreign_senders},
    secrets::vault::Vault,
    seed,
    triggers::unserved,
};
use anyhow::{Context as _, Result, anyhow};
use rules::hosts::is_loopback;
use store::Db;
use tokio::signal;

/// Serves until the process is told to end. `store` has the flags by which another command finds the same store, and
/// whether variables say more.
pub async fn serve(mut config: Config, store: (String, bool)) -> Result<()> {
    let asked = config.listen;
    let mut listener = Listener::bind(asked).await.with_context(|| format!("cannot listen on {asked}"))?;
    if asked.port() == 0 && config.public_url == "http://localhost:0" {
        config.public_url = format!("http://localhost:{}", listener.address.port());
    }
    config.listen = listener.address;
    listener.proxies = config.trusted_proxies.clone();
    let db = open_store(&config).await?;
    let vault = match config.ephemeral {
        true => master_key::new_vault(&db).await?,
        false => master_key::open_vault(&db, &config).await?,
    };
    find_access_keys(&mut config, &db, &vault).await?;
    let transports = Transports::new(&config.delivery).map_err(|reason| anyhow!(reason))?;
    let clock = if config.development { Clock::Movable(Default::default()) } else { Clock::System };
    let app = App::new(config, db, clock, vault, KeyRing::new()).map_err(|fault| anyhow!(fault))?;
    app.metrics.started(app.now());
    let changes = seed::apply(&app).await.context("the seed cannot be applied")?;
    let mut jobs = jobs::spawn(&app, transports);
    let is_closed = !app.config.development && !app.db.read(store::access_keys::exists).await?;
    warn_of_clear_text(&app.config);
    warn_of_foreign_public_url(&app.config);
    warn_of_foreign_senders(&app).await?;
    warn_of_functions(&app).await?;
    greet(&app.config, changes);
    if is_closed {
        let (flags, has_variables) = store;
        say(&format!(
            "  nobody  may administer yet: cognate{flags} access-keys create --name admin --allow '*'"
        ));
        if has_variables {
            say("          with the same COGNATE_ variables as here");
        }
    }
    listener.serve(http::router(app.clone()), app.config.limits.clone(), told_to_end()).await;
    jobs.shutdown().await;
    app.functions.end().await;
    if let Err(fault) = audit::flush(&app).await {
        tracing::error!(%fault, cause = ?fault.cause, lost = app.audit.waiting_count(), "events could not be stored");
    }
    app.db.close().await;
    say("Everything that was accepted is done.");
    Ok(())
}

/// The secrets of the access keys that programs on this machine call this server with.
async fn find_access_keys(config: &mut Config, db: &Db, vault: &Vault) -> Result<()> {
    for function in &mut config.functions {
        let Way::Program(program) = &mut function.way else { continue };
        let Some((id, secret)) = &mut program.access_key else { continue };
        match access_keys::secret(db, vault, id).await? {
            Some(found) => *secret = found,
            None => {
                tracing::warn!(
                    function = function.arn,
                    access_key = id.as_str(),
                    "the function runs without an access key, because that of its entry is unknown or was revoked: see \
                     `cognate access-keys list`, and start again with another"
                );
                program.access_key = None;
            }
        }
    }
    Ok(())
}

/// The proxy that does TLS cannot be seen, but a public URL says whether there is one.
fn warn_of_clear_text(config: &Config) {
    if !config.development && is_in_clear(&config.public_url) {
        tracing::warn!(
            url = config.public_url,
            "passwords and tokens travel in clear to the public URL: put TLS before the server, and https:// into \
             --public-url"
        );
    }
}

/// Whether nobody reaches what is for this machine by the public URL, although development mode is about little else.
pub fn is_closed_at_public_url(config: &Config) -> bool {
    let url = reqwest::Url::parse(&config.public_url).ok();
    config.development && !url.is_some_and(|url| url.host_str().is_some_and(is_loopback))
}

fn warn_of_foreign_public_url(config: &Config) {
    if is_closed_at_public_url(config) {
        tracing::warn!(
            url = config.public_url,
            "the public URL is not this machine's loopback, so administration, outbox, clock and reset do not answer by \
             it: ask for them at localhost"
        );
    }
}

async fn warn_of_foreign_senders(app: &App) -> Result<()> {
    for (pool, sender) in foreign_senders::find(&app.db, &app.config.delivery).await? {
        tracing::warn!(
            pool = pool.as_str(),
            sender,
            "no e-mail of the pool leaves, because --mail-senders does not name its sender"
        );
    }
    Ok(())
}

/// Pools go on without these functions, each call of which fails.
async fn warn_of_functions(app: &App) -> Result<()> {
    for (arn, file) in unserved::missing_handlers(&app.config) {
        tracing::warn!(function = arn, file = %file.display(), "the function's handler does not exist");
    }
    for (pool, arn) in unserved::find(&app.db, &app.functions).await? {
        tracing::warn!(
            pool = pool.as_str(),
            function = arn,
            "the pool names a function that cannot be run, because no entry of [[functions]] fits it"
        );
    }
    Ok(())
}

/// Whether whoever uses a URL sends in clear over a network.
pub fn is_in_clear(url: &str) -> bool {
    let url = reqwest::Url::parse(url);
    !url.is_ok_and(|url| url.scheme() == "https" || url.host_str().is_some_and(is_loopback))
}

fn greet(config: &Config, changes: usize) {
    let url = &config.public_url;
    say(&format!("Cognate serves {url}"));
    match &config.database_url {
        _ if config.ephemeral => say("  data    for this run only"),
        Some(_) => say("  data    in the database of --database-url"),
        None => say(&format!("  data    in {}", config.data_dir.display())),
    }
    if let Some(path) = &config.seed {
        say(&format!("  seed    {}, which changed {changes} things", path.display()));
    }
    if config.development {
        say(&format!("  outbox  {url}/_cognate/outbox"));
        say("  try     aws --endpoint-url \\");
        say(&format!("            {url} cognito-idp create-user-pool --pool-name first"));
    }
}

/// Ready when the process gets SIGTERM or ctrl-c.
async fn told_to_end() {
    #[cfg(unix)]
    {
        use signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = signal::ctrl_c().await;
}
