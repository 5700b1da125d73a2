//! The members of a client that the OAuth endpoints will honor.

use crate::{Result, fault, pool::Pool};
use spec::cognito_idp::{OAuthFlowType, UserPoolClientType};

/// The scopes that need no resource server.
const SCOPES: [&str; 5] = ["phone", "email", "openid", "profile", "aws.cognito.signin.user.admin"];

/// The provider of the pool's own users.
const OWN_PROVIDER: &str = "COGNITO";

/// Refuses what contradicts itself or names what the pool does not have.
pub fn check(pool: &Pool, detail: &UserPoolClientType, is_confidential: bool) -> Result<()> {
    // A pool has no providers and resource servers but its own until they can be created.
    let providers = detail.supported_identity_providers.as_deref().unwrap_or_default();
    if let Some(unknown) = providers.iter().find(|name| *name != OWN_PROVIDER) {
        return Err(fault::unknown_provider(unknown, &pool.id));
    }
    check_flows(detail, is_confidential)?;
    let callbacks = detail.callback_ur_ls.as_deref().unwrap_or_default();
    let logouts = detail.logout_ur_ls.as_deref().unwrap_or_default();
    callbacks.iter().chain(logouts).try_for_each(|url| check_redirect_url(url))?;
    if let Some(default) = &detail.default_redirect_uri
        && !callbacks.contains(default)
    {
        return Err(fault::redirect_url(default, "is not in CallbackURLs."));
    }
    Ok(())
}

fn check_flows(detail: &UserPoolClientType, is_confidential: bool) -> Result<()> {
    let flows = detail.allowed_o_auth_flows.as_deref().unwrap_or_default();
    let scopes = detail.allowed_o_auth_scopes.as_deref().unwrap_or_default();
    if detail.allowed_o_auth_flows_user_pool_client == Some(true) && (flows.is_empty() || scopes.is_empty()) {
        return Err(fault::oauth_flows_needed());
    }
    let is_own = |scope: &String| SCOPES.contains(&scope.as_str());
    if flows.contains(&OAuthFlowType::ClientCredentials) {
        if flows.len() > 1 {
            return Err(fault::client_credentials_alone());
        }
        if !is_confidential {
            return Err(fault::client_credentials_need_a_secret());
        }
        if let Some(scope) = scopes.iter().find(|scope| is_own(scope)) {
            return Err(fault::scope_with_client_credentials(scope));
        }
    } else if !flows.is_empty() && detail.callback_ur_ls.is_none() {
        return Err(fault::callback_urls_needed());
    }
    match scopes.iter().find(|scope| !is_own(scope)) {
        Some(unknown) => Err(fault::unknown_scope(unknown)),
        None => Ok(()),
    }
}

/// An absolute URL without a fragment; plain HTTP only to this machine, custom schemes for apps.
fn check_redirect_url(url: &str) -> Result<()> {
    let Some((scheme, rest)) = url.split_once(':') else {
        return Err(fault::redirect_url(url, "is not an absolute URL."));
    };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    if !is_scheme || rest.is_empty() {
        return Err(fault::redirect_url(url, "is not an absolute URL."));
    }
    if url.contains('#') {
        return Err(fault::redirect_url(url, "contains a fragment."));
    }
    let scheme = scheme.to_ascii_lowercase();
    // Browsers run or show these instead of visiting them.
    if matches!(scheme.as_str(), "javascript" | "data" | "vbscript" | "file" | "blob" | "about") {
        return Err(fault::redirect_url(url, "has a scheme that is not allowed."));
    }
    if scheme != "http" && scheme != "https" {
        return Ok(());
    }
    let authority = rest.strip_prefix("//").and_then(|r| r.split(['/', '?']).next()).unwrap_or_default();
    let host = host(authority).ok_or_else(|| fault::redirect_url(url, "is not an absolute URL."))?;
    let is_this_machine = ["localhost", "127.0.0.1", "[::1]"].contains(&host.to_ascii_lowercase().as_str());
    if scheme == "http" && !is_this_machine {
        return Err(fault::redirect_url(url, "cannot use the HTTP protocol."));
    }
    Ok(())
}

/// The host of an authority without user information and with a port that is a number.
fn host(authority: &str) -> Option<&str> {
    let after_address = authority.rfind(']').map_or(0, |end| end + 1);
    let (host, port) = match authority.get(after_address..)?.find(':') {
        Some(colon) => (authority.get(..after_address + colon)?, authority.get(after_address + colon + 1..)?),
        None => (authority, ""),
    };
    let is_plain = !host.is_empty() && !host.contains(['@', '\\']) && !host.contains(char::is_whitespace);
    let is_port = port.is_empty() || port.parse::<u16>().is_ok();
    (is_plain && is_port).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_urls() {
        for (url, expected) in [
            ("https://www.example.com", None),
            ("https://example.com:8443/a?b=c", None),
            ("http://localhost", None),
            ("http://localhost:8001/x", None),
            ("http://127.0.0.1:5000", None),
            ("http://[::1]:5000/", None),
            ("myapp://example", None),
            ("com.example.app:/oauth", None),
            ("HTTPS://example.com", None),
            ("http://example.com", Some("cannot use the HTTP protocol.")),
            ("HTTP://example.com", Some("cannot use the HTTP protocol.")),
            ("http://localhost.example.com", Some("cannot use the HTTP protocol.")),
            ("http://localhost@example.com", Some("is not an absolute URL.")),
            ("http://[::1]x:1", Some("cannot use the HTTP protocol.")),
            ("https://", Some("is not an absolute URL.")),
            ("https:example.com", Some("is not an absolute URL.")),
            ("https://example.com:port", Some("is not an absolute URL.")),
            ("/relative", Some("is not an absolute URL.")),
            ("www.example.com", Some("is not an absolute URL.")),
            ("://x", Some("is not an absolute URL.")),
            ("https://example.com/#a", Some("contains a fragment.")),
            ("javascript:alert(1)", Some("has a scheme that is not allowed.")),
            ("JavaScript://x", Some("has a scheme that is not allowed.")),
        ] {
            let found = check_redirect_url(url).err().map(|fault| fault.message.into_owned());
            assert_eq!(found, expected.map(|reason| format!("{url} {reason}")), "{url}");
        }
    }
}
