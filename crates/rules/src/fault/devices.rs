//! Devices of users.

use super::{Fault, invalid_parameter};
use spec::Code;

/// C, P
pub fn device_does_not_exist() -> Fault {
    Fault::new(Code::ResourceNotFoundException, "Device does not exist.")
}

/// An unknown user, where devices are read: the models of AdminGetDevice and AdminListDevices name no
/// UserNotFoundException. Unverified: name and text.
pub fn device_holder_does_not_exist() -> Fault {
    Fault::new(Code::ResourceNotFoundException, "User does not exist.")
}

/// ConfirmDevice of a device that the sign-in behind the access token was not given; a sign-in to a pool that tracks no
/// devices was given none. P boto3#4059, amplify-js#2087, amplify-js#2705
pub fn device_key_invalid() -> Fault {
    invalid_parameter("Invalid device key given.")
}

/// Unverified: text.
pub fn device_key_exists() -> Fault {
    Fault::new(Code::DeviceKeyExistsException, "Device already exists.")
}

/// A salt or verifier by which no device could prove itself, or none at all. Unverified: text.
pub fn device_verifier_invalid() -> Fault {
    invalid_parameter("Invalid device secret verifier given.")
}
