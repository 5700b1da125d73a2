//! The two documents by which verifiers find a pool's keys and endpoints.

use crate::app::App;
use rules::{Result, ids};
use serde_json::{Value, json};

/// Which document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// The public keys.
    Keys,
    /// The OpenID Connect discovery document.
    Discovery,
}

/// The document that a path names, with its pool.
pub fn route(path: &str) -> Option<(&str, Document)> {
    let (pool_id, rest) = path.strip_prefix('/')?.split_once('/')?;
    let document = match rest {
        ".well-known/jwks.json" => Document::Keys,
        ".well-known/openid-configuration" => Document::Discovery,
        _ => return None,
    };
    ids::is_pool_id(pool_id).then_some((pool_id, document))
}

/// The document's text.
///
/// # Errors
/// ResourceNotFoundException if there is no such pool.
pub async fn read(app: &App, pool_id: &str, document: Document) -> Result<String> {
    let pool = app.pool(pool_id).await?;
    Ok(match document {
        Document::Keys => app.pool_keys(&pool.id).await?.jwks.to_string(),
        Document::Discovery => discovery(app, pool_id).to_string(),
    })
}

/// As the service's document has it for a pool without a domain: the endpoints lie under the issuer.
fn discovery(app: &App, pool_id: &str) -> Value {
    let issuer = app.config.issuer_of(pool_id);
    // With AWS's issuer the keys and endpoints are still here, where they can be reached.
    let base = format!("{}/{pool_id}", app.config.public_url);
    json!({
        "authorization_endpoint": format!("{base}/oauth2/authorize"),
        "end_session_endpoint": format!("{base}/logout"),
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": issuer,
        "jwks_uri": format!("{base}/.well-known/jwks.json"),
        "response_types_supported": ["code", "token"],
        "revocation_endpoint": format!("{base}/oauth2/revoke"),
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint": format!("{base}/oauth2/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "userinfo_endpoint": format!("{base}/oauth2/userInfo"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_documents_of_a_pool() {
        for (path, expected) in [
            ("/us-east-1_AbC/.well-known/jwks.json", Some(("us-east-1_AbC", Document::Keys))),
            ("/us-east-1_AbC/.well-known/openid-configuration", Some(("us-east-1_AbC", Document::Discovery))),
            ("/us-east-1_AbC/.well-known/jwks.json/", None),
            ("/.well-known/jwks.json", None),
            ("/a b_c/.well-known/jwks.json", None),
            ("", None),
        ] {
            assert_eq!(route(path), expected, "{path}");
        }
    }
}
