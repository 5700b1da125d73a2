//! Where the next page of a list begins, sealed, so that a client can neither read nor make one.

use crate::{Fault, HOUR, Millis, Random, Result, Sealed, fault, sealing::SealingKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

/// How long a page token is good. D
const TTL_MS: Millis = HOUR;

#[derive(Serialize, Deserialize)]
struct Page {
    expires_at: Millis,
    position: String,
}

/// The list that a token is good for.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    /// The operation that answers it.
    pub operation: &'a str,
    /// The pool and every parameter that must stay the same from page to page.
    pub scope: &'a [&'a str],
}

impl List<'_> {
    /// The lengths keep ("ab", "c") and ("a", "bc") apart.
    fn context(&self) -> String {
        let scope: String = self.scope.iter().map(|part| format!("/{}:{part}", part.len())).collect();
        format!("page/{}{scope}", self.operation)
    }
}

/// The token of the page that begins at `position`.
pub fn seal(
    key: &SealingKey,
    random: &mut dyn Random,
    now: Millis,
    list: List<'_>,
    position: String,
) -> Result<String> {
    let page = Page { expires_at: now + TTL_MS, position };
    let page = serde_json::to_vec(&page).map_err(Fault::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(key.seal(random, &list.context(), &page).0))
}

/// Opens what [`seal`] made for the same list.
///
/// # Errors
/// InvalidParameterException for a token that was forged, made for something else, or is too old.
pub fn open(key: &SealingKey, now: Millis, list: List<'_>, token: &str) -> Result<String> {
    let sealed = URL_SAFE_NO_PAD.decode(token).map_err(|_| fault::page_token_invalid())?;
    let page = key.try_open(&list.context(), &Sealed(sealed)).ok_or_else(fault::page_token_invalid)?;
    let page: Page = serde_json::from_slice(&page).map_err(Fault::internal)?;
    if page.expires_at <= now {
        return Err(fault::page_token_invalid());
    }
    Ok(page.position)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seeded;

    #[test]
    fn a_token_is_good_for_its_list_and_an_hour() {
        let key = SealingKey::for_clients(&[1; 32]);
        let list = |operation, scope| List { operation, scope };
        let users = list("ListUsers", &["ab", "c"]);
        let token = seal(&key, &mut Seeded(1), 1_000, users, "jane".into()).unwrap();
        assert_eq!(open(&key, 1_000, users, &token).unwrap(), "jane");
        assert_eq!(open(&key, TTL_MS + 999, users, &token).unwrap(), "jane");
        for (now, list, token) in [
            (TTL_MS + 1_000, users, &*token),
            (1_000, list("ListGroups", &["ab", "c"]), &token),
            (1_000, list("ListUsers", &["a", "bc"]), &token),
            (1_000, list("ListUsers", &["ab"]), &token),
            (1_000, users, &format!("{token}=")),
            (1_000, users, ""),
        ] {
            assert!(open(&key, now, list, token).is_err(), "{list:?}");
        }
        assert!(open(&SealingKey::for_clients(&[2; 32]), 1_000, users, &token).is_err());
    }
}
