//! Where failures of a sign-in are counted: a counter for each user and kind, and one for each unknown name, so that
//! the lock does not tell which names exist.

use crate::secrets::vault::Vault;
use rules::{
    Fault, Millis, Result,
    ids::{PoolId, Sub},
    sign_in::{
        SignIn,
        lockout::{self, Failures},
    },
    user::User,
};
use store::{Tx, attempts};

/// A counter's key.
pub type Counter = [u8; 32];

/// The counter of wrong passwords, by user or, for an unknown one, by the folded name.
pub fn passwords(vault: &Vault, pool_id: &PoolId, user: Option<&User>, folded_name: &str) -> Counter {
    match user {
        Some(user) => vault.mac("attempts", &["password", pool_id, &user.sub]),
        None => vault.mac("attempts", &["password-of-unknown", pool_id, folded_name]),
    }
}

/// The counter of wrong codes of second factors.
pub fn second_factors(vault: &Vault, pool_id: &PoolId, sub: &Sub) -> Counter {
    vault.mac("attempts", &["second-factor", pool_id, sub])
}

/// The counter of wrong codes that are a proof of their own, by user or, for nobody, by the folded name. Whoever guesses at
/// them has proved nothing, and so must not lock anybody's second factors.
pub fn chosen_codes(vault: &Vault, sign_in: &SignIn, folded_name: &str) -> Counter {
    match sign_in.nobody {
        None => vault.mac("attempts", &["chosen-code", &sign_in.pool_id, &sign_in.sub]),
        Some(_) => vault.mac("attempts", &["chosen-code-of-unknown", &sign_in.pool_id, folded_name]),
    }
}

/// Reads a counter.
pub fn failures(tx: &mut Tx<'_>, counter: &Counter) -> Result<Failures> {
    let found = attempts::get(tx, counter)?;
    Ok(Failures { count: found.count, last_at: found.last_at })
}

/// Counts a failure, unless the lock lasts: then nothing counts and the lock is the answer.
pub fn fail(tx: &mut Tx<'_>, counter: &Counter, now: Millis, refusal: Fault) -> Result<Fault> {
    let before = failures(tx, counter)?;
    if let Err(locked) = lockout::check(before, now) {
        return Ok(locked);
    }
    let after = lockout::after_failure(before, now);
    attempts::set(
        tx,
        counter,
        attempts::Attempts { count: after.count, first_at: now, last_at: after.last_at },
    )?;
    Ok(refusal)
}
