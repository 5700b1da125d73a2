//! The Session string: a ticket's secret and its expiry, sealed. That it is sealed tells an expired or used one
//! from garbage; what it stands for is the store's to know.

use crate::{Millis, Random, Result, Sealed, fault, sealing::SealingKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::fmt;

const SEAL_CONTEXT: &str = "session";
const SECRET_BYTES: usize = 16;

/// What a Session string holds. Its Debug does not show the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// What the ticket's key in the store is made from.
    pub secret: [u8; SECRET_BYTES],
    /// When it ends.
    pub expires_at: Millis,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// The string that a client carries.
pub fn seal(key: &SealingKey, random: &mut dyn Random, session: &Session) -> String {
    let mut inner = session.secret.to_vec();
    inner.extend_from_slice(&session.expires_at.to_be_bytes());
    STANDARD.encode(key.seal(random, SEAL_CONTEXT, &inner).0)
}

/// Opens what [`seal`] made.
///
/// # Errors
/// NotAuthorizedException for a foreign or expired one.
pub fn open(key: &SealingKey, now: Millis, session: &str) -> Result<Session> {
    let sealed = STANDARD.decode(session).map_err(|_| fault::session_invalid())?;
    let inner = key.try_open(SEAL_CONTEXT, &Sealed(sealed)).ok_or_else(fault::session_invalid)?;
    let (secret, expires_at) = inner.split_first_chunk().ok_or_else(fault::session_invalid)?;
    let expires_at = i64::from_be_bytes(expires_at.try_into().map_err(|_| fault::session_invalid())?);
    if expires_at <= now {
        return Err(fault::session_expired());
    }
    Ok(Session { secret: *secret, expires_at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seeded;

    #[test]
    fn a_session_opens_until_it_expires() {
        let key = SealingKey::for_clients(&[1; 32]);
        let session = Session { secret: [7; 16], expires_at: 5_000 };
        let text = seal(&key, &mut Seeded(1), &session);
        assert_eq!(open(&key, 4_999, &text).unwrap(), session);
        assert_eq!(open(&key, 5_000, &text).unwrap_err().message, fault::session_expired().message);
        for other in ["", "x", &text[4..], &format!("{text}A"), &text.replace('=', "")] {
            if *other != text {
                assert_eq!(open(&key, 0, other).unwrap_err().message, fault::session_invalid().message);
            }
        }
        assert!(!format!("{session:?}").contains('7'));
    }
}
