//! A device of a user: confirmed by a verifier of its own, by which it proves itself at later sign-ins.

use crate::{
    Millis, Random, Sealed,
    ids::{LETTERS_AND_DIGITS, PoolId, Sub},
    pool::Pool,
};
use serde::{Deserialize, Serialize};
use spec::{
    Timestamp,
    cognito_idp::{AttributeType, DeviceRememberedStatusType, DeviceType},
};
use std::fmt;

#[cfg(test)]
mod tests;

/// How many devices a user has at most. A further one takes the place of the one that signed in least lately: a client
/// whose ConfirmDevice is refused calls its sign-in failed, and browsers that forget their key confirm a new one each
/// time. Cognito names no limit.
pub const DEVICES_PER_USER_MAX: i64 = 100;
/// A device key has at most 55 characters, of which a UUID and an underscore take 37.
const KEY_REGION_CHARACTERS: usize = 18;
/// DeviceGroupKey has this length in AWS's samples, with the hyphen that it begins with.
const GROUP_KEY_CHARACTERS: usize = 9;

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
    /// What the client that confirmed it said of its SDK, as events tell it.
    pub sdk: String,
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

/// Whether the pool tracks devices. D: a value for any member turns it on.
pub fn tracks(pool: &Pool) -> bool {
    let config = pool.detail.device_configuration.as_ref();
    config.is_some_and(|config| {
        config.challenge_required_on_new_device.is_some()
            || config.device_only_remembered_on_user_prompt.is_some()
    })
}

/// Whether a confirmed device is remembered without the user being asked. D
pub fn remembers_at_once(pool: &Pool) -> bool {
    let config = pool.detail.device_configuration.as_ref();
    tracks(pool) && config.and_then(|config| config.device_only_remembered_on_user_prompt) != Some(true)
}

/// A new DeviceKey: the region, an underscore and a UUID. D
pub fn new_key(region: &str, random: &mut dyn Random) -> String {
    let region: String = region.chars().take(KEY_REGION_CHARACTERS).collect();
    format!("{region}_{}", random.uuid_v4())
}

/// A DeviceGroupKey, from a MAC of the device: a hyphen, letters and digits, as AWS's samples have it. Clients take it
/// as it is.
pub fn group_key(mac: &[u8; 32]) -> String {
    let letter = |byte: &u8| char::from(LETTERS_AND_DIGITS[usize::from(*byte) % LETTERS_AND_DIGITS.len()]);
    std::iter::once('-').chain(mac.iter().map(letter)).take(GROUP_KEY_CHARACTERS).collect()
}

/// Of these devices, the one that gives way to a new one.
pub fn gives_way(devices: &[Device]) -> Option<&Device> {
    devices.iter().min_by_key(|device| (device.detail.authenticated_at, device.created_at))
}

/// What DeviceAttributes name a device by, beside the device itself.
#[derive(Clone, Copy, Debug)]
pub struct OwnerNames<'a> {
    /// The user name.
    pub username: &'a str,
    /// The region.
    pub region: &'a str,
    /// The account.
    pub account_id: &'a str,
}

impl Device {
    /// What a sealed verifier is bound to.
    pub fn verifier_context(pool_id: &PoolId, sub: &Sub, key: &str) -> String {
        format!("device-verifier/{pool_id}/{sub}/{key}")
    }

    /// As ListDevices shows it. P amplify-js#12171: a user's list has no attribute for developers.
    pub fn to_wire(&self) -> DeviceType {
        self.wire_with(None)
    }

    /// As GetDevice and the administrator's operations show it. D: samples of the AWS CLI and of the API.
    pub fn to_detailed_wire(&self, owner: OwnerNames<'_>) -> DeviceType {
        self.wire_with(Some(owner))
    }

    fn wire_with(&self, owner: Option<OwnerNames<'_>>) -> DeviceType {
        let DeviceDetail { name, last_address, .. } = &self.detail;
        let mut attributes = vec![attribute("device_status", "valid".to_owned())];
        attributes.extend(name.iter().map(|name| attribute("device_name", name.clone())));
        if let Some(OwnerNames { username, region, account_id }) = owner {
            let (pool_id, key) = (&self.pool_id, &self.key);
            let arn =
                format!("arn:aws:cognito-idp:{region}:{account_id}:owner/{username}.{pool_id}/device/{key}");
            attributes.push(attribute("dev:device_arn", arn));
            attributes.push(attribute("dev:device_owner", format!("{username}.{pool_id}")));
        }
        attributes.extend(last_address.iter().map(|address| attribute("last_ip_used", address.clone())));
        if owner.is_some() {
            attributes.push(attribute("dev:device_remembered_status", self.status().as_str().to_owned()));
            attributes.push(attribute("dev:device_sdk", self.detail.sdk.clone()));
        }
        DeviceType {
            device_key: Some(self.key.clone()),
            device_attributes: Some(attributes),
            device_create_date: Some(Timestamp::from_millis(self.created_at)),
            device_last_modified_date: Some(Timestamp::from_millis(self.detail.modified_at)),
            // D, P: whole seconds, unlike the other two.
            device_last_authenticated_date: Some(Timestamp::from_millis(
                self.detail.authenticated_at / 1_000 * 1_000,
            )),
        }
    }

    fn status(&self) -> DeviceRememberedStatusType {
        match self.detail.remembered {
            true => DeviceRememberedStatusType::Remembered,
            false => DeviceRememberedStatusType::NotRemembered,
        }
    }
}

fn attribute(name: &str, value: String) -> AttributeType {
    AttributeType { name: name.to_owned(), value: Some(value) }
}
