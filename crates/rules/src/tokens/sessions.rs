//! Token sessions: the grants of a pool that tracks sessions, as their users and administrators see them.
//!
//! Tokens carry no claim of a session: the documentation speaks of one without naming it. Unverified.

mod device_type;

use super::{AccessClaims, Grant};
use crate::{Millis, pool::Pool, user::User};
use serde::{Deserialize, Serialize};
use spec::{
    Timestamp,
    cognito_idp::{SessionDescriptionType, SessionTypeType},
};
use uuid::Uuid;

pub use device_type::device_type;

/// How old the time of a session's last use may be. A client may refresh with every call that it makes, and a write for
/// each would cost more than the refresh; who reads a list of sessions reads minutes.
pub const ACTIVITY_INTERVAL_MS: Millis = 60_000;

/// The prefix of the ids of token sessions. D
const PREFIX: &str = "tkn";
/// Digits to the base of 36 that hold 128 bits.
const DIGITS: usize = 25;

/// What is shown of a session's last use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionFacts {
    /// What the client is, as its user agent says it.
    pub device_type: String,
    /// The client's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// The id of a grant's session: `tkn` and the grant's UUID to the base of 36.
pub fn session_id(grant_id: &str) -> Option<String> {
    let mut rest = Uuid::try_parse(grant_id).ok()?.as_u128();
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdefghijklmnopqrstuvwxyz"[(rest % 36) as usize];
        rest /= 36;
    }
    Some(format!("{PREFIX}{}", std::str::from_utf8(&digits).ok()?))
}

/// The grant that a token session's id names; none for the id of anything else.
pub fn grant_id(session_id: &str) -> Option<String> {
    let digits = session_id.strip_prefix(PREFIX).filter(|digits| digits.len() == DIGITS)?;
    let mut number = 0_u128;
    for digit in digits.chars() {
        // Each session has one id, so its letters are small.
        let value = digit.to_digit(36).filter(|_| !digit.is_ascii_uppercase())?;
        number = number.checked_mul(36)?.checked_add(u128::from(value))?;
    }
    Some(Uuid::from_u128(number).to_string())
}

/// Whether the grant is a session of this user that has not ended.
pub fn is_active(grant: &Grant, user: &User, now: Millis) -> bool {
    grant.pool_id == user.pool_id
        && grant.sub == user.sub
        && grant.last_active_at.is_some()
        && grant.revoked_at.is_none()
        && grant.sign_outs == user.sign_outs
        && grant.expires_at > now
}

/// Whether uses of the grant are noted. A grant from before the pool tracked sessions never becomes one. Unverified.
pub fn is_tracked(pool: &Pool, grant: &Grant) -> bool {
    pool.sessions.tracked && grant.last_active_at.is_some()
}

/// Whether the time of the last use is so old that a refresh writes it anew.
pub fn is_activity_due(pool: &Pool, grant: &Grant, now: Millis) -> bool {
    is_tracked(pool, grant) && grant.last_active_at.is_some_and(|at| now - at >= ACTIVITY_INTERVAL_MS)
}

/// Whether the access token belongs to the grant. Tokens of clients that do not revoke tokens name no grant, but the
/// event of the sign-in.
pub fn is_current(claims: &AccessClaims, grant: &Grant) -> bool {
    match &claims.origin_jti {
        Some(origin) => *origin == grant.id,
        None => claims.event_id.as_ref() == Some(&grant.facts.event_id),
    }
}

/// What the lists say of a session. LastLocation needs to know where addresses are, and OriginSessionId an SSO session.
pub fn describe(grant: &Grant, is_current: bool) -> SessionDescriptionType {
    let facts = grant.facts.session.clone().unwrap_or_default();
    SessionDescriptionType {
        session_id: session_id(&grant.id),
        session_type: Some(SessionTypeType::Token),
        client_id: Some(grant.client_id.to_string()),
        create_date: Some(Timestamp::from_millis(grant.authenticated_at)),
        last_active_date: grant.last_active_at.map(Timestamp::from_millis),
        device_type: Some(facts.device_type),
        last_ip_address: facts.address,
        last_location: None,
        origin_session_id: None,
        is_current_session: Some(is_current),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{tokens::GrantFacts, user::samples};

    #[test]
    fn ids_lead_there_and_back() {
        for (grant, session) in [
            ("00000000-0000-0000-0000-000000000000", "tkn0000000000000000000000000"),
            ("00000000-0000-0000-0000-000000000024", "tkn0000000000000000000000010"),
            ("ffffffff-ffff-ffff-ffff-ffffffffffff", "tknf5lxx1zz5pnorynqglhzmsp33"),
        ] {
            assert_eq!(session_id(grant).as_deref(), Some(session));
            assert_eq!(grant_id(session).as_deref(), Some(grant));
        }
        for text in [
            "",
            "tkn",
            "tknf5lxx1zz5pnorynqglhzmsp34",
            "tknzzzzzzzzzzzzzzzzzzzzzzzzz",
            "sso0000000000000000000000000",
            "tknF5LXX1ZZ5PNORYNQGLHZMSP33",
            "tkn000000000000000000000000",
            "tkn00000000000000000000000é0",
        ] {
            assert_eq!(grant_id(text), None, "{text}");
        }
        assert_eq!(session_id("no uuid"), None);
    }

    fn grant() -> Grant {
        Grant {
            id: "00000000-0000-0000-0000-000000000024".into(),
            pool_id: "us-east-1_Sample001".into(),
            client_id: "client".into(),
            sub: "the-sub".into(),
            authenticated_at: 1_000,
            expires_at: 9_000_000,
            revoked_at: None,
            nonce: Vec::new(),
            generation: 1,
            previous_until: None,
            sign_outs: 0,
            device_key: None,
            last_active_at: Some(1_000),
            facts: GrantFacts { event_id: "event".into(), ..GrantFacts::default() },
        }
    }

    #[test]
    fn a_session_is_active_until_something_ends_it() {
        let user = samples::user(&[]);
        for (change, now, expected) in [
            ((|_| ()) as fn(&mut Grant), 8_999_999, true),
            (|_| (), 9_000_000, false),
            (|grant| grant.revoked_at = Some(1_000), 2_000, false),
            (|grant| grant.sign_outs = 1, 2_000, false),
            (|grant| grant.last_active_at = None, 2_000, false),
            (|grant| grant.sub = "another".into(), 2_000, false),
            (|grant| grant.pool_id = "us-east-1_Another".into(), 2_000, false),
        ] {
            let mut grant = grant();
            change(&mut grant);
            assert_eq!(is_active(&grant, &user, now), expected, "{grant:?}");
        }
    }

    #[test]
    fn uses_are_noted_once_a_minute_where_the_pool_tracks() {
        let mut pool = samples::pool(&[], &[]);
        let untracked = Grant { last_active_at: None, ..grant() };
        for (tracked, grant, now, expected) in [
            (true, &grant(), 60_999, false),
            (true, &grant(), 61_000, true),
            (true, &grant(), 0, false),
            (true, &untracked, 61_000, false),
            (false, &grant(), 61_000, false),
        ] {
            pool.sessions.tracked = tracked;
            assert_eq!(is_activity_due(&pool, grant, now), expected, "{tracked} {now}");
        }
    }
}
