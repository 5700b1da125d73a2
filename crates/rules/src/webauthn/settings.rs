//! What a pool says of passkeys.

use super::origin::LOCALHOST;
use crate::{Result, fault, pool::Pool};
use spec::cognito_idp::{AuthFactorType, UserVerificationType, WebAuthnConfigurationType};
use url::Host;

/// Whether users of a pool may sign in by passkeys.
pub fn is_enabled(pool: &Pool) -> bool {
    pool.first_factors().contains(&AuthFactorType::WebAuthn)
}

/// The relying party of a pool's passkeys, where there is one. D: where it is not set, the pool's domain.
pub fn relying_party_id(pool: &Pool) -> Option<&str> {
    pool.mfa.web_authn.as_ref()?.relying_party_id.as_deref()
}

/// Whether users must be verified by their authenticators. D: the default is `preferred`.
pub fn user_verification(pool: &Pool) -> UserVerificationType {
    let wanted = pool.mfa.web_authn.as_ref().and_then(|settings| settings.user_verification);
    wanted.unwrap_or(UserVerificationType::Preferred)
}

/// Refuses a relying party that no browser would take: it is a domain as browsers write it (WebAuthn §5.1.3, "valid
/// domain string"), or `localhost`.
///
/// # Errors
/// InvalidParameterException.
pub fn check(configuration: Option<&WebAuthnConfigurationType>) -> Result<()> {
    match configuration.and_then(|configuration| configuration.relying_party_id.as_deref()) {
        Some(id) if !is_relying_party_id(id) => Err(fault::relying_party_id_invalid()),
        _ => Ok(()),
    }
}

fn is_relying_party_id(id: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    // What a browser reads as an address of IPv4, such as `1.2` or `0x7f.1`, is no domain, and a name alone is a whole
    // domain of the highest level.
    let is_domain = matches!(Host::parse(id), Ok(Host::Domain(domain)) if domain == id);
    id.split('.').all(is_label) && is_domain && (id == LOCALHOST || id.contains('.'))
}
