//! How a pool sends SMS.

use crate::{Result, fault};
use spec::cognito_idp::{SmsConfigurationType, UserPoolType, VerifiedAttributeType};

/// Exactly one of the two services sends; without a region it is the pool's own.
pub fn configuration(mut sms: SmsConfigurationType, pool_arn: Option<&str>) -> Result<SmsConfigurationType> {
    sms.sns_caller_arn = sms.sns_caller_arn.filter(|arn| !arn.is_empty());
    if sms.sns_caller_arn.is_some() == sms.eums_sms.is_some() {
        // Unverified: text.
        return Err(fault::invalid_parameter("SmsConfiguration needs one of SnsCallerArn and EumsSms."));
    }
    if sms.sns_caller_arn.is_some() && sms.sns_region.is_none() {
        sms.sns_region = pool_arn.and_then(|arn| arn.split(':').nth(3)).map(str::to_owned);
    }
    Ok(sms)
}

/// A pool that verifies phone numbers can send SMS.
pub fn check_for_verification(detail: &UserPoolType) -> Result<()> {
    let verifies_phones =
        detail.auto_verified_attributes.iter().flatten().any(|a| *a == VerifiedAttributeType::PhoneNumber);
    if verifies_phones && detail.sms_configuration.is_none() {
        return Err(fault::sms_configuration_needed_to_verify());
    }
    Ok(())
}
