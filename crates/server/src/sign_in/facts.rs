//! What a decision depends on beside the sign-in: its user, a passkey, an earlier sign-in.

use crate::{app::App, tokens::ended_grants, users::devices};
use rules::{
    Result, fault,
    ids::{PoolId, Sub},
    pool::Pool,
    sign_in::{Flow, SignIn},
    user::{Membership, User},
    webauthn::settings,
};
use store::Tx;

/// What an earlier sign-in lets count ends with its grant.
pub fn check_credit(app: &App, tx: &mut Tx<'_>, sign_in: &SignIn) -> Result<()> {
    let credit = sign_in.target.as_ref().and_then(|target| target.credit.as_ref());
    let Some(credit) = credit else { return Ok(()) };
    let is_good = match (&credit.grant_id, &credit.event_id) {
        (Some(id), _) => store::grants::find(tx, id)?.is_some_and(|grant| grant.revoked_at.is_none()),
        (None, event) => {
            let event = event.as_ref().map(|event| ended_grants::ended_id(app, event));
            let device = credit.device_key.as_ref();
            let device = device.map(|key| devices::forgotten_id(app, &sign_in.pool_id, &sign_in.sub, key));
            let mut has_ended = false;
            for id in [event, device].iter().flatten() {
                has_ended |= store::tickets::is_spent(tx, id)?;
            }
            !has_ended
        }
    };
    if is_good { Ok(()) } else { Err(fault::session_invalid().because("the earlier sign-in has ended")) }
}

/// Whether the user of a sign-in by choice has a passkey. It is asked of nobody alike.
pub fn has_passkey(tx: &mut Tx<'_>, pool: &Pool, sign_in: &SignIn) -> Result<bool> {
    let relying_party = settings::relying_party_id(pool).filter(|_| sign_in.flow == Flow::Choice);
    let Some(relying_party) = relying_party.filter(|_| settings::is_enabled(pool)) else { return Ok(false) };
    is_owner(tx, relying_party, &sign_in.pool_id, &sign_in.sub)
}

/// Whether the user has a passkey of this relying party.
pub fn is_owner(tx: &mut Tx<'_>, relying_party: &str, pool_id: &PoolId, sub: &Sub) -> Result<bool> {
    let passkeys = store::passkeys::list_of_user(tx, pool_id, sub)?;
    Ok(passkeys.iter().any(|passkey| passkey.detail.relying_party_id == relying_party))
}

/// The user of a sign-in as the store has it now; of one under a name that no user has, who stands for it.
pub fn user_of(app: &App, tx: &mut Tx<'_>, sign_in: &SignIn) -> Result<(User, Vec<Membership>)> {
    let SignIn { pool_id, sub, nobody, .. } = sign_in;
    // The same statement runs for both, so that time does not tell them apart.
    let found = store::users::find_with_groups(tx, pool_id, sub)?;
    let Some(sealed) = nobody else { return found.ok_or_else(fault::session_invalid) };
    let name = app.vault.open(&SignIn::nobody_context(pool_id, sub), sealed)?;
    Ok((User::nobody(pool_id, sub.clone(), &String::from_utf8_lossy(&name)), Vec::new()))
}
