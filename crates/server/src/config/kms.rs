//! Who keeps the keys that custom senders' codes are encrypted under, where it is not this server.

use reqwest::Url;
use zeroize::Zeroizing;

/// A service that speaks KMS's API. It has no Debug, because it holds a secret.
#[derive(Clone)]
pub struct Kms {
    /// Its address, without a path.
    pub endpoint: Url,
    /// The region that requests are signed for.
    pub region: String,
    /// Access key id and secret access key; none: requests are not signed.
    pub credentials: Option<(String, Zeroizing<String>)>,
}
