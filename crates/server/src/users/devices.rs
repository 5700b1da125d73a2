//! What operations and sign-ins do with the devices of users.

use crate::app::App;
use rules::{
    DAY, Millis, Result, fault,
    ids::{PoolId, Sub},
    user::device::{self, DEVICES_PER_USER_MAX, Device},
};
use store::{Tx, devices, grants, tickets};

/// The DeviceGroupKey of a user's device. It is derived from the device's key, so that nothing needs to be stored
/// before the device is confirmed, and is the same whenever it is asked for.
pub fn group_key(app: &App, pool_id: &PoolId, sub: &Sub, key: &str) -> String {
    device::group_key(&app.vault.mac("device-group", &[pool_id, sub, key]))
}

/// Stores a new device. Where the user has as many as a user may have, one of them gives way; its sign-ins go on.
///
/// # Errors
/// DeviceKeyExistsException where the user has a device with this key; InvalidParameterException where it was forgotten
/// while this call was under way.
pub fn confirm(app: &App, tx: &mut Tx<'_>, device: &Device) -> Result<()> {
    let Device { pool_id, sub, key, .. } = device;
    if tickets::is_spent(tx, &forgotten_id(app, pool_id, sub, key))? {
        return Err(fault::device_key_invalid().because("the device was forgotten"));
    }
    let is_full = devices::count(tx, pool_id, sub)? >= DEVICES_PER_USER_MAX;
    if !devices::insert(tx, device)? {
        return Err(fault::device_key_exists());
    }
    if is_full {
        let mut others = devices::list(tx, pool_id, sub, "", DEVICES_PER_USER_MAX + 1)?;
        others.retain(|other| other.key != *key);
        if let Some(oldest) = device::gives_way(&others) {
            devices::delete(tx, pool_id, sub, &oldest.key)?;
        }
    }
    Ok(())
}

/// Notes that a known device signed in.
///
/// # Errors
/// ResourceNotFoundException where it was forgotten since the client named it.
pub fn note_sign_in(
    tx: &mut Tx<'_>,
    (pool_id, sub): (&PoolId, &Sub),
    key: &str,
    address: Option<String>,
    now: Millis,
) -> Result<()> {
    let mut device = devices::find(tx, pool_id, sub, key)?.ok_or_else(fault::device_does_not_exist)?;
    device.detail.authenticated_at = now;
    device.detail.last_address = address.or(device.detail.last_address);
    devices::update(tx, &device)?;
    Ok(())
}

/// Removes a device, and ends every sign-in that it has: a lost one must not go on by the tokens that it holds. An
/// access token of a client that does not revoke tokens names no grant, so the device's end is remembered for a day,
/// which no access token outlives.
///
/// # Errors
/// ResourceNotFoundException if there is no such device.
pub fn forget(app: &App, tx: &mut Tx<'_>, pool_id: &PoolId, sub: &Sub, key: &str, now: Millis) -> Result<()> {
    if !devices::delete(tx, pool_id, sub, key)? {
        return Err(fault::device_does_not_exist());
    }
    grants::revoke_of_device(tx, pool_id, sub, key, now)?;
    tickets::spend(tx, &forgotten_id(app, pool_id, sub, key), now + DAY)?;
    Ok(())
}

/// Where it is remembered that a user's device was forgotten.
pub fn forgotten_id(app: &App, pool_id: &PoolId, sub: &Sub, key: &str) -> [u8; 32] {
    app.vault.mac("forgotten-device", &[pool_id, sub, key])
}
