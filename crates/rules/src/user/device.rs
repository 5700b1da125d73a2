//! A device of a user: confirmed by a verifier of its own, by which it proves itself at later sign-ins.

use crate::{
    Millis, Sealed,
    ids::{PoolId, Sub},
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A confirmed device.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// The pool.
    pub pool_id: PoolId,
    /// The user.
    pub sub: Sub,
    /// DeviceKey.
    pub key: String,
    /// When it was confirmed.
    pub created_at: Millis,
    /// What is remembered of it.
    pub detail: DeviceDetail,
}

/// What is remembered of a device. Its Debug shows no verifier.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct DeviceDetail {
    /// DeviceName.
    pub name: Option<String>,
    /// The salt of the verifier, hexadecimal.
    pub srp_salt: String,
    /// The verifier, sealed for [`Device::verifier_context`].
    pub srp_verifier: Sealed,
    /// Whether it proves itself instead of a second factor.
    pub remembered: bool,
    /// When it was last changed.
    pub modified_at: Millis,
    /// When it last signed in.
    pub authenticated_at: Millis,
    /// From which address.
    pub last_address: Option<String>,
}

impl fmt::Debug for DeviceDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceDetail")
            .field("name", &self.name)
            .field("remembered", &self.remembered)
            .field("authenticated_at", &self.authenticated_at)
            .finish_non_exhaustive()
    }
}

impl Device {
    /// What a sealed verifier is bound to.
    pub fn verifier_context(pool_id: &PoolId, sub: &Sub, key: &str) -> String {
        format!("device-verifier/{pool_id}/{sub}/{key}")
    }
}
