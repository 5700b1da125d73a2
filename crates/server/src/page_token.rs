//! Where the next page begins, sealed, so that a client can neither read nor make one.

use crate::app::App;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rules::{Fault, Result, Sealed, fault};
use serde::{Deserialize, Serialize};

/// How long a page token is good. D
const TTL_MS: i64 = 60 * 60 * 1_000;

#[derive(Serialize, Deserialize)]
struct Page {
    expires_at: i64,
    position: String,
}

/// Seals a position for one operation; `scope` names the pool and every parameter that must stay the same.
pub fn seal(app: &App, operation: &str, scope: &[&str], position: String) -> Result<String> {
    let page = Page { expires_at: app.now() + TTL_MS, position };
    let page = serde_json::to_vec(&page).map_err(Fault::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(app.vault.lend(&context(operation, scope), &page).0))
}

/// Opens what [`seal`] made for the same operation and scope; none means the first page.
///
/// # Errors
/// InvalidParameterException for a token that was forged, made for something else, or is too old.
pub fn open(app: &App, operation: &str, scope: &[&str], token: Option<&str>) -> Result<Option<String>> {
    let Some(token) = token else { return Ok(None) };
    let sealed = URL_SAFE_NO_PAD.decode(token).map_err(|_| fault::page_token_invalid())?;
    let page = app
        .vault
        .try_return(&context(operation, scope), &Sealed(sealed))
        .ok_or_else(fault::page_token_invalid)?;
    let page: Page = serde_json::from_slice(&page).map_err(Fault::internal)?;
    if page.expires_at <= app.now() {
        return Err(fault::page_token_invalid());
    }
    Ok(Some(page.position))
}

/// The lengths keep ("ab", "c") and ("a", "bc") apart.
fn context(operation: &str, scope: &[&str]) -> String {
    let scope: String = scope.iter().map(|part| format!("/{}:{part}", part.len())).collect();
    format!("page/{operation}{scope}")
}
