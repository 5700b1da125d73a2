//! The configuration of pools and clients.

use super::{Fault, invalid_parameter};
use spec::Code;

/// MFA without a factor, at the creation or change of a pool. P, with the slash.
pub fn sms_configuration_needed() -> Fault {
    invalid_parameter(
        "SMS configuration and Auto verification for phone_number are required when MFA is required/optional",
    )
}

/// P
pub fn sms_configuration_needed_to_verify() -> Fault {
    invalid_parameter("SMS configuration is required when phone_number is selected for auto verification")
}

/// SetUserPoolMfaConfig wants MFA and names no factor. P
pub fn mfa_without_factors() -> Fault {
    invalid_parameter(
        "Invalid MFA configuration given, can't disable all MFAs with a required or optional configuration.",
    )
}

/// SetUserPoolMfaConfig names a factor and no MFA. P
pub fn mfa_off_with_factors() -> Fault {
    invalid_parameter("Invalid MFA configuration given, can't turn off MFA and configure an MFA together.")
}

/// SetUserPoolMfaConfig leaves SMS out where the pool has an SMS configuration. P
pub fn sms_mfa_must_stay() -> Fault {
    invalid_parameter("Can't turn off SMS_MFA when SMS configuration is set for the user pool")
}

/// Type D, text from memory of public reports.
pub fn pool_is_protected() -> Fault {
    invalid_parameter(
        "The user pool cannot be deleted because deletion protection is activated. \
         Deletion protection must be inactivated first.",
    )
}

/// The conflict is V; the text is what Terraform's provider waits for. C
pub fn two_temporary_validities() -> Fault {
    invalid_parameter(
        "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays",
    )
}

/// The refusal is V, the text from an emulator.
pub fn third_client_secret() -> Fault {
    Fault::new(Code::LimitExceededException, "Client secrets cannot exceed limit of 2 secrets.")
}

/// Unverified: code and text.
pub fn last_client_secret() -> Fault {
    invalid_parameter("The last secret of a client cannot be deleted.")
}

/// Unverified: text.
pub fn unknown_client_secret(id: &str) -> Fault {
    Fault::new(Code::ResourceNotFoundException, format!("Client secret {id} does not exist."))
}

/// A public client cannot become a confidential one. Unverified: text.
pub fn client_has_no_secret(id: &str) -> Fault {
    invalid_parameter(format!("Client {id} was created without a secret."))
}

/// Unverified: text. Whoever leaves the secret to AWS Secrets Manager looks for it there, and here is none.
pub fn secrets_manager() -> Fault {
    invalid_parameter("PublishSecretsInAWSSecretsManager is not supported by this version of Cognate.")
}

/// P, the full stop from memory.
pub fn token_validity_range() -> Fault {
    invalid_parameter("Invalid range for token validity.")
}

/// Features of a higher tier, named as AWS names them and joined by commas. P
pub fn feature_of_higher_tier(features: &str, tier: &str) -> Fault {
    Fault::new(Code::FeatureUnavailableInTierException, higher_tier_text(features, tier))
}

/// A call that sets a feature of a higher tier. The text is measured by others for other features (cdk-preflight).
pub fn feature_not_in_tier(feature: &str, tier: &str) -> Fault {
    Fault::new(
        Code::FeatureUnavailableInTierException,
        format!("The following feature is not available for the {tier} pricing tier configured: {feature}"),
    )
}

/// A change to a tier that lacks what the pool uses. The text is P for one of the two names, which is not known.
pub fn tier_change_not_allowed(features: &str, tier: &str) -> Fault {
    Fault::new(Code::TierChangeNotAllowedException, higher_tier_text(features, tier))
}

fn higher_tier_text(features: &str, tier: &str) -> String {
    format!("The following features need to be disabled for the {tier} pricing tier configured: {features}")
}

/// The prefix is P.
pub fn account_recovery(reason: &str) -> Fault {
    invalid_parameter(format!(
        "Invalid account recovery setting parameter. Account Recovery Setting cannot {reason}."
    ))
}

/// From memory of public reports.
pub fn aliases_and_username_attributes() -> Fault {
    invalid_parameter("Only one of the aliasAttributes or usernameAttributes can be set in a user pool.")
}

/// From an emulator.
pub fn custom_attribute_required() -> Fault {
    invalid_parameter("Required custom attributes are not supported currently.")
}

/// From an emulator.
pub fn standard_attribute_type(name: &str) -> Fault {
    invalid_parameter(format!(
        "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute {name}"
    ))
}

/// `member` is `StringAttributeConstraints` or its sibling. From an emulator.
pub fn attribute_constraints(member: &str, name: &str) -> Fault {
    invalid_parameter(format!("Invalid {member} for schema attribute {name}"))
}

/// From an emulator.
pub fn attribute_too_long(name: &str) -> Fault {
    invalid_parameter(format!("user.{name}: String attributes cannot have a length of more than 2048"))
}

/// `measure` is `length` or `value`. From an emulator.
pub fn attribute_bounds_crossed(name: &str, measure: &str) -> Fault {
    invalid_parameter(format!("user.{name}: Max {measure} cannot be less than min {measure}."))
}

/// P
pub fn attribute_exists(name: &str) -> Fault {
    invalid_parameter(format!("{name}: Existing attribute already has name {name}."))
}

/// `access` is `read` or `write`, `change` is `creating` or `updating`. P
pub fn client_attributes(access: &str, change: &str) -> Fault {
    invalid_parameter(format!("Invalid {access} attributes specified while {change} a client"))
}

/// P
pub fn unknown_scope(scope: &str) -> Fault {
    Fault::new(Code::ScopeDoesNotExistException, format!("Invalid scope requested: {scope}"))
}

/// P
pub fn unknown_provider(name: &str, pool_id: &str) -> Fault {
    invalid_parameter(format!("The provider {name} does not exist for User Pool {pool_id}"))
}

/// P
pub fn scope_with_client_credentials(scope: &str) -> Fault {
    oauth_flow(format!("{scope} is not supported with client_credentials flow"))
}

/// P
pub fn callback_urls_needed() -> Fault {
    oauth_flow("CallbackUrls can not be empty when code flow or implicit flow is selected")
}

/// From memory of public reports.
pub fn client_credentials_alone() -> Fault {
    oauth_flow("client_credentials flow can not be selected along with code flow or implicit flow.")
}

/// From memory of public reports.
pub fn client_credentials_need_a_secret() -> Fault {
    oauth_flow("client_credentials flow can not be selected if client does not have a client secret.")
}

/// From memory of public reports.
pub fn oauth_flows_needed() -> Fault {
    oauth_flow(
        "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows.",
    )
}

fn oauth_flow(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(Code::InvalidOAuthFlowException, message)
}

/// Unverified: text.
pub fn redirect_url(url: &str, reason: &str) -> Fault {
    invalid_parameter(format!("{url} {reason}"))
}

/// Unverified: text.
pub fn too_many_clients(max: i64) -> Fault {
    Fault::new(Code::LimitExceededException, format!("A user pool can have {max} app clients at the most."))
}

/// Unverified: text.
pub fn too_many_pools(max: i64) -> Fault {
    Fault::new(Code::LimitExceededException, format!("There can be {max} user pools at the most."))
}

/// Tags given with a pool. Unverified: text.
pub fn pool_tags(reason: &str) -> Fault {
    Fault::new(Code::UserPoolTaggingException, reason.to_owned())
}
