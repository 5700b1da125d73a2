//! The devices of users: confirmed, shown, remembered or not, and forgotten.

use super::paging::Page;
use crate::{
    app::App,
    callers::{CallOrigin, Operator, SignedIn},
    users::{changes, devices},
};
use rules::{
    Result, fault,
    pool::Pool,
    sign_in::srp::Verifier,
    user::{
        User,
        device::{DEVICES_PER_USER_MAX, Device, DeviceDetail, OwnerNames, remembers_at_once, tracks},
    },
};
use spec::cognito_idp::{
    AdminForgetDeviceRequest, AdminGetDeviceRequest, AdminGetDeviceResponse, AdminListDevicesRequest,
    AdminListDevicesResponse, AdminUpdateDeviceStatusRequest, AdminUpdateDeviceStatusResponse,
    ConfirmDeviceRequest, ConfirmDeviceResponse, DeviceRememberedStatusType, DeviceSecretVerifierConfigType,
    DeviceType, ForgetDeviceRequest, GetDeviceRequest, GetDeviceResponse, ListDevicesRequest,
    ListDevicesResponse, UpdateDeviceStatusRequest, UpdateDeviceStatusResponse,
};
use std::sync::Arc;
use store::Tx;

/// Stores the device that the caller's own sign-in was given, and no other.
///
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmDevice.html>
pub async fn confirm_device(
    app: &App,
    caller: SignedIn,
    origin: Arc<CallOrigin>,
    input: ConfirmDeviceRequest,
) -> Result<ConfirmDeviceResponse> {
    let SignedIn { pool, user, claims, .. } = caller;
    let key = input.device_key;
    if claims.device_key.as_ref() != Some(&key) || !tracks(&pool) {
        return Err(fault::device_key_invalid());
    }
    let verifier = verifier(input.device_secret_verifier_config)?;
    let (now, remembered) = (app.now(), remembers_at_once(&pool));
    let context = Device::verifier_context(&pool.id, &user.sub, &key);
    let detail = DeviceDetail {
        name: input.device_name,
        srp_verifier: app.vault.seal(&context, &verifier.v),
        srp_salt: verifier.salt,
        remembered,
        modified_at: now,
        // The sign-in that it was given in.
        authenticated_at: claims.auth_time.saturating_mul(1_000),
        last_address: origin.address.map(|address| address.to_string()),
        sdk: origin.sdk_version.clone(),
    };
    let device = Device { pool_id: pool.id.clone(), sub: user.sub, key, created_at: now, detail };
    app.write(move |app, tx| {
        changes::find(tx, &pool, &device.sub)?;
        devices::confirm(app, tx, &device)
    })
    .await?;
    Ok(ConfirmDeviceResponse { user_confirmation_necessary: Some(!remembered) })
}

/// By what the device will prove itself. The model calls it optional; a device without could never do so.
fn verifier(config: Option<DeviceSecretVerifierConfigType>) -> Result<Verifier> {
    let DeviceSecretVerifierConfigType { password_verifier, salt } = config.unwrap_or_default();
    let (Some(verifier), Some(salt)) = (password_verifier, salt) else {
        return Err(fault::device_verifier_invalid().because("the verifier or its salt is missing"));
    };
    Verifier::from_device(&verifier, &salt).map_err(|_| fault::device_verifier_invalid())
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetDevice.html>
pub async fn get_device(app: &App, caller: SignedIn, input: GetDeviceRequest) -> Result<GetDeviceResponse> {
    let device = find(app, caller.pool, caller.user.sub.into(), input.device_key).await?;
    Ok(GetDeviceResponse { device })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminGetDevice.html>
pub async fn admin_get_device(
    app: &App,
    _caller: &Operator,
    input: AdminGetDeviceRequest,
) -> Result<AdminGetDeviceResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    let device = find(app, pool, input.username, input.device_key).await?;
    Ok(AdminGetDeviceResponse { device })
}

async fn find(app: &App, pool: Arc<Pool>, name: String, key: String) -> Result<DeviceType> {
    let found = app.db.look_up(move |tx| {
        let user = holder(tx, &pool, &name)?;
        let device = store::devices::find(tx, &pool.id, &user.sub, &key)?;
        Ok::<_, rules::Fault>((device.ok_or_else(fault::device_does_not_exist)?, user))
    });
    let (device, user) = found.await?;
    Ok(device.to_detailed_wire(owner(app, &user)))
}

/// The user whose devices are read.
fn holder(tx: &mut Tx<'_>, pool: &Pool, typed: &str) -> Result<User> {
    store::users::find(tx, &pool.id, &pool.fold_name(typed))?.ok_or_else(fault::device_holder_does_not_exist)
}

fn owner<'a>(app: &'a App, user: &'a User) -> OwnerNames<'a> {
    OwnerNames { username: &user.username, region: &app.config.region, account_id: &app.config.account_id }
}

/// P amplify-js#12171: a user's list holds remembered devices only.
///
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListDevices.html>
pub async fn list_devices(
    app: &App,
    caller: SignedIn,
    input: ListDevicesRequest,
) -> Result<ListDevicesResponse> {
    let user = caller.user;
    let scope: [&str; 2] = [&user.pool_id, &user.sub];
    let page = Page::asked(app, "ListDevices", &scope, input.limit, input.pagination_token.as_deref())?;
    let (devices, pagination_token) = list(app, page, &user, |device| device.detail.remembered).await?;
    let devices = devices.iter().map(Device::to_wire).collect();
    Ok(ListDevicesResponse { devices: Some(devices), pagination_token })
}

/// Unverified: whether an administrator's list leaves out devices that are not remembered; here it holds all.
///
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminListDevices.html>
pub async fn admin_list_devices(
    app: &App,
    _caller: &Operator,
    input: AdminListDevicesRequest,
) -> Result<AdminListDevicesResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    let user = app.db.look_up(move |tx| holder(tx, &pool, &input.username)).await?;
    let scope: [&str; 2] = [&user.pool_id, &user.sub];
    let page = Page::asked(app, "AdminListDevices", &scope, input.limit, input.pagination_token.as_deref())?;
    let (devices, pagination_token) = list(app, page, &user, |_| true).await?;
    let devices = devices.iter().map(|device| device.to_detailed_wire(owner(app, &user))).collect();
    Ok(AdminListDevicesResponse { devices: Some(devices), pagination_token })
}

/// A page of the devices that are wanted. A user has so few that all behind the page's beginning are read at once.
async fn list(
    app: &App,
    page: Page,
    user: &User,
    is_wanted: fn(&Device) -> bool,
) -> Result<(Vec<Device>, Option<String>)> {
    let (pool_id, sub, after) = (user.pool_id.clone(), user.sub.clone(), page.after.clone());
    let found = app.db.read(move |tx| {
        store::devices::list(tx, &pool_id, &sub, after.as_deref().unwrap_or_default(), DEVICES_PER_USER_MAX)
    });
    let mut found = found.await?;
    found.retain(is_wanted);
    page.cut(app, found, |device| device.key.clone())
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateDeviceStatus.html>
pub async fn update_device_status(
    app: &App,
    caller: SignedIn,
    input: UpdateDeviceStatusRequest,
) -> Result<UpdateDeviceStatusResponse> {
    let status = input.device_remembered_status;
    set_status(app, caller.pool, caller.user.sub.into(), input.device_key, status).await?;
    Ok(UpdateDeviceStatusResponse {})
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminUpdateDeviceStatus.html>
pub async fn admin_update_device_status(
    app: &App,
    _caller: &Operator,
    input: AdminUpdateDeviceStatusRequest,
) -> Result<AdminUpdateDeviceStatusResponse> {
    let pool = app.pool(&input.user_pool_id).await?;
    set_status(app, pool, input.username, input.device_key, input.device_remembered_status).await?;
    Ok(AdminUpdateDeviceStatusResponse {})
}

async fn set_status(
    app: &App,
    pool: Arc<Pool>,
    name: String,
    key: String,
    status: Option<DeviceRememberedStatusType>,
) -> Result<()> {
    // Unverified: the model calls it optional, and a change without it says nothing.
    let status = status.ok_or_else(|| fault::missing_parameter("DeviceRememberedStatus"))?;
    let now = app.now();
    app.db
        .write(move |tx| {
            let sub = changes::find(tx, &pool, &name)?.sub;
            let device = store::devices::find(tx, &pool.id, &sub, &key)?;
            let mut device = device.ok_or_else(fault::device_does_not_exist)?;
            device.detail.remembered = status == DeviceRememberedStatusType::Remembered;
            device.detail.modified_at = now;
            store::devices::update(tx, &device)?;
            Ok(())
        })
        .await
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ForgetDevice.html>
pub async fn forget_device(app: &App, caller: SignedIn, input: ForgetDeviceRequest) -> Result<()> {
    forget(app, caller.pool, caller.user.sub.into(), input.device_key).await
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminForgetDevice.html>
pub async fn admin_forget_device(
    app: &App,
    _caller: &Operator,
    input: AdminForgetDeviceRequest,
) -> Result<()> {
    let pool = app.pool(&input.user_pool_id).await?;
    forget(app, pool, input.username, input.device_key).await
}

async fn forget(app: &App, pool: Arc<Pool>, name: String, key: String) -> Result<()> {
    let now = app.now();
    app.write(move |app, tx| {
        let sub = changes::find(tx, &pool, &name)?.sub;
        devices::forget(app, tx, &pool.id, &sub, &key, now)
    })
    .await
}
