//! From where a ceremony may have been: pages of the relying party, and apps that the operator names.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use url::{Host, Url};

/// The host that may be asked without TLS, because it is the machine of the one who asks (Secure Contexts §3.1).
pub const LOCALHOST: &str = "localhost";

/// A long origin is none: a host has up to 253 characters.
const ORIGIN_BYTES_MAX: usize = 300;
const ANDROID: &str = "android:apk-key-hash:";

/// What is allowed beside the pages of the relying party.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origins<'a> {
    /// Origins of Android apps.
    pub android: &'a [String],
}

impl Origins<'_> {
    /// Whether a ceremony for this relying party may have been there: on the page of a host that is the relying party
    /// or lies below it (WebAuthn §5.1.3, where every such host may ask), or in an app that is named here.
    pub fn allow(self, origin: &str, relying_party_id: &str) -> bool {
        if origin.starts_with(ANDROID) {
            return self.android.iter().any(|known| known == origin);
        }
        is_page_of(origin, relying_party_id).unwrap_or(false)
    }
}

fn is_page_of(origin: &str, relying_party_id: &str) -> Option<bool> {
    if origin.len() > ORIGIN_BYTES_MAX {
        return None;
    }
    let url = Url::parse(origin).ok()?;
    // What a browser says is exactly a scheme, a host and a port that is not the scheme's own.
    if url.origin().ascii_serialization() != origin {
        return None;
    }
    let Some(Host::Domain(host)) = url.host() else { return None };
    let is_of = host == relying_party_id
        || host.strip_suffix(relying_party_id).is_some_and(|below| {
            below.strip_suffix('.').is_some_and(|below| below.split('.').all(|label| !label.is_empty()))
        });
    Some(match url.scheme() {
        "https" => is_of,
        "http" => host == LOCALHOST && relying_party_id == LOCALHOST,
        _ => false,
    })
}

/// Whether this is an Android app's origin: the SHA-256 hash of the certificate that it is signed with.
pub fn is_android(origin: &str) -> bool {
    let hash = origin.strip_prefix(ANDROID).and_then(|hash| URL_SAFE_NO_PAD.decode(hash).ok());
    hash.is_some_and(|hash| hash.len() == 32)
}
