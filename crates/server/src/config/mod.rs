//! The settings, in their final types, as they were read once at start.

mod delivery;
pub mod functions;
mod hashing;
pub mod kms;
mod passkeys;
mod rates;
pub mod region;
pub mod text;

pub use delivery::Delivery;
pub use hashing::Hashing;
pub use passkeys::Passkeys;
pub use rates::Rates;

use crate::http::limits::Limits;
use ipnet::IpNet;
use std::{fmt, net::SocketAddr, path::PathBuf};

/// The settings of a server. Debug shows no address, because addresses hold passwords.
#[derive(Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Whether everything is kept for this run only, with a master key of its own.
    pub ephemeral: bool,
    /// A file of pools, clients, groups and users that are there before the first answer.
    pub seed: Option<PathBuf>,
    /// Where SQLite's file and the master key lie.
    pub data_dir: PathBuf,
    /// The file of the master key, where it is not in the data folder.
    pub master_key_file: Option<PathBuf>,
    /// The PostgreSQL that several nodes share, instead of SQLite.
    pub database_url: Option<String>,
    /// The URL under which clients reach the server, without a slash at the end.
    pub public_url: String,
    /// What tokens name as their issuer.
    pub issuer: Issuer,
    /// The region that ids and ARNs name.
    pub region: String,
    /// The account that ARNs name.
    pub account_id: String,
    /// Whether administration is open and the outbox can be read, on loopback only.
    pub development: bool,
    /// How messages leave the server.
    pub delivery: Delivery,
    /// How the functions are run that pools name; the first entry that fits a function is its.
    pub functions: Vec<functions::Function>,
    /// Who keeps the keys of custom senders; none: this server.
    pub kms: Option<kms::Kms>,
    /// From where passkeys may be registered and used.
    pub passkeys: Passkeys,
    /// What a password hash costs.
    pub hashing: Hashing,
    /// After how many days new keys sign a pool's tokens; none: only by command.
    pub signing_key_days: Option<u32>,
    /// For how many days the audit trail is kept.
    pub audit_days: u32,
    /// What must be shown to read the metrics from afar; none: they are read on this machine only.
    pub metrics_token: Option<String>,
    /// What the server takes from a client.
    pub limits: Limits,
    /// How many requests a second are let in.
    pub rates: Rates,
    /// Proxies that are believed when they say where a request came from.
    pub trusted_proxies: Vec<IpNet>,
}

/// What tokens name as their issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Issuer {
    /// The public URL, a slash, and the pool id.
    Own,
    /// `https://cognito-idp.<region>.amazonaws.com/<pool id>`, for verifiers that accept nothing else.
    Aws,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .field("data_dir", &self.data_dir)
            .field("public_url", &self.public_url)
            .field("development", &self.development)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// The settings of a local server without any configuration.
    pub fn local(listen: SocketAddr, data_dir: PathBuf) -> Config {
        Config {
            listen,
            ephemeral: false,
            seed: None,
            data_dir,
            master_key_file: None,
            database_url: None,
            public_url: format!("http://localhost:{}", listen.port()),
            issuer: Issuer::Own,
            region: "us-east-1".to_owned(),
            account_id: "123456789012".to_owned(),
            development: true,
            delivery: Delivery::default(),
            functions: Vec::new(),
            kms: None,
            passkeys: Passkeys::default(),
            hashing: Hashing::default(),
            signing_key_days: None,
            audit_days: 90,
            metrics_token: None,
            limits: Limits::default(),
            rates: Rates::default(),
            trusted_proxies: Vec::new(),
        }
    }

    /// The issuer of a pool's tokens.
    pub fn issuer_of(&self, pool_id: &str) -> String {
        match self.issuer {
            Issuer::Own => format!("{}/{pool_id}", self.public_url),
            Issuer::Aws => {
                let region = pool_id.split_once('_').map_or(self.region.as_str(), |(region, _)| region);
                format!("https://cognito-idp.{region}.amazonaws.com/{pool_id}")
            }
        }
    }
}
