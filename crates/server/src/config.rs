//! The settings, in their final types, as they were read once at start.

use std::net::SocketAddr;

/// The settings of a server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
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
}

/// What tokens name as their issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// The public URL, a slash, and the pool id.
    Own,
    /// `https://cognito-idp.<region>.amazonaws.com/<pool id>`, for verifiers that accept nothing else.
    Aws,
}

/// How messages leave the server; what is none stays in the outbox.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    /// The mail server.
    pub smtp_url: Option<String>,
    /// The sender's address, where a pool names none.
    pub mail_from: Option<String>,
    /// Receives e-mails as JSON.
    pub email_webhook: Option<String>,
    /// Receives SMS as JSON.
    pub sms_webhook: Option<String>,
}

impl Config {
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
