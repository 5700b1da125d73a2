//! Page tokens under the vault's key and the server's clock.

use crate::app::App;
use rules::{
    Result,
    paging::{self, List},
};

/// Seals a position for one operation; `scope` names the pool and every parameter that must stay the same.
pub fn seal(app: &App, operation: &str, scope: &[&str], position: String) -> Result<String> {
    paging::seal(app.vault.client_key(), &mut app.random(), app.now(), List { operation, scope }, position)
}

/// Opens what [`seal`] made for the same operation and scope; none means the first page.
///
/// # Errors
/// InvalidParameterException for a token that was forged, made for something else, or is too old.
pub fn open(app: &App, operation: &str, scope: &[&str], token: Option<&str>) -> Result<Option<String>> {
    let open = |token| paging::open(app.vault.client_key(), app.now(), List { operation, scope }, token);
    token.map(open).transpose()
}
