//! The configuration of pools and clients.

use super::{Fault, invalid_parameter};
use spec::Code;

/// From memory of public reports.
pub fn sms_configuration_needed(mfa: &str) -> Fault {
    let mfa = mfa.to_lowercase();
    invalid_parameter(format!(
        "SMS configuration and Auto verification for phone_number are required when MFA is {mfa}"
    ))
}

/// Type D, text from memory of public reports.
pub fn pool_is_protected() -> Fault {
    invalid_parameter(
        "The user pool cannot be deleted because deletion protection is activated. \
         Deletion protection must be inactivated first.",
    )
}

/// The conflict is V, the text from memory.
pub fn two_temporary_validities() -> Fault {
    invalid_parameter(
        "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays",
    )
}

/// The refusal is V, the text from an emulator.
pub fn third_client_secret() -> Fault {
    Fault::new(Code::LimitExceededException, "Client secrets cannot exceed limit of 2 secrets.")
}

/// From memory of public reports.
pub fn token_validity_range() -> Fault {
    invalid_parameter("Invalid range for token validity.")
}

/// A feature of a higher tier. Unverified: text.
pub fn feature_of_higher_tier(feature: &str, tier: &str) -> Fault {
    Fault::new(
        Code::FeatureUnavailableInTierException,
        format!("{feature} is not available in the {tier} feature plan of this user pool."),
    )
}
