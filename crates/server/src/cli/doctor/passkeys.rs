//! Whether pools that allow passkeys say for whom they are.

use super::{Finding, Finding::*};
use rules::webauthn::settings;
use store::Db;

/// Pools that allow passkeys and have no relying party, so that none can be registered.
pub(super) async fn relying_parties(db: &Db) -> Vec<Finding> {
    let mut findings = Vec::new();
    let looked = store::pools::for_each(db, |pool| {
        if settings::is_enabled(&pool) && settings::relying_party_id(&pool).is_none() {
            findings.push(Doubt(format!(
                "pool {} allows WEB_AUTHN, but nobody can register a passkey: set RelyingPartyId by SetUserPoolMfaConfig",
                pool.id
            )));
        }
    });
    match looked.await {
        Ok(()) => findings,
        Err(error) => vec![Wrong(format!("the pools cannot be read: {error}"))],
    }
}
