//! A passkey of a user: the public key of an authenticator, and what it said of itself.

use crate::{
    Millis,
    ids::{PoolId, Sub},
};
use serde::{Deserialize, Serialize};
use spec::Blob;

/// A registered passkey.
#[derive(Clone, Debug, PartialEq)]
pub struct Passkey {
    /// The pool.
    pub pool_id: PoolId,
    /// The user.
    pub sub: Sub,
    /// What the authenticator calls it.
    pub credential_id: Vec<u8>,
    /// When it was registered.
    pub created_at: Millis,
    /// How often the authenticator says to have signed; 0 where it does not count.
    pub sign_count: i64,
    /// What is remembered of it.
    pub detail: PasskeyDetail,
}

/// What is remembered of a passkey.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PasskeyDetail {
    /// The public key, a COSE_Key (RFC 9052).
    pub public_key: Blob,
    /// The relying party that it was registered for.
    pub relying_party_id: String,
    /// What lists call it.
    pub name: String,
    /// `platform` or `cross-platform`, where the client said so.
    pub attachment: Option<String>,
    /// How the authenticator may be reached.
    pub transports: Vec<String>,
    /// Whether it could be copied to other devices when it was registered, which never changes.
    pub backup_eligible: bool,
    /// Whether the user was verified when it was registered.
    pub user_verified: bool,
}
