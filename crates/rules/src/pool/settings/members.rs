//! The members of a pool's configuration, one function for each that has defaults or rules.

use crate::{Result, fault};
use spec::cognito_idp::{
    AccountRecoverySettingType, AcrLevelConfigType, AdminCreateUserConfigType,
    AdvancedSecurityEnabledModeType, AdvancedSecurityModeType, AuthFactorType, DcrConfigurationType,
    EmailConfigurationType, EmailSendingAccountType, EncryptionKeyType, IssuerConfigurationType, IssuerType,
    KeyConfigurationType, LambdaConfigType, PasswordPolicyType, PreTokenGenerationLambdaVersionType,
    PreTokenGenerationVersionConfigType, RecoveryOptionNameType, RecoveryOptionType, SignInPolicyType,
    StatusType, UserAttributeUpdateSettingsType, UserPoolAddOnsType, UserPoolPolicyType,
    VerifiedAttributeType,
};
use std::collections::{BTreeMap, BTreeSet};

/// How long a temporary password is good where the pool does not say, in days.
const TEMPORARY_PASSWORD_DAYS: i32 = 7;

/// The policies, and the rules for invited users, whose temporary passwords have two names for their validity.
pub fn policies(
    policies: Option<UserPoolPolicyType>,
    invitations: Option<AdminCreateUserConfigType>,
) -> Result<(UserPoolPolicyType, AdminCreateUserConfigType)> {
    let policies = policies.unwrap_or_default();
    let mut invitations = invitations.unwrap_or_default();
    let stated = policies.password_policy.as_ref().and_then(|p| p.temporary_password_validity_days);
    if stated.is_some() && invitations.unused_account_validity_days.is_some() {
        return Err(fault::two_temporary_validities());
    }
    let days = stated.or(invitations.unused_account_validity_days).filter(|days| *days > 0);
    let days = Some(days.unwrap_or(TEMPORARY_PASSWORD_DAYS));
    let password_policy = PasswordPolicyType {
        temporary_password_validity_days: days,
        ..password_policy(policies.password_policy)
    };
    invitations.allow_admin_create_user_only =
        Some(invitations.allow_admin_create_user_only.unwrap_or(false));
    invitations.unused_account_validity_days = days;
    invitations.invite_message_template =
        invitations.invite_message_template.filter(|template| *template != Default::default());
    let sign_in_policy = Some(sign_in_policy(policies.sign_in_policy)?);
    Ok((UserPoolPolicyType { password_policy: Some(password_policy), sign_in_policy }, invitations))
}

/// No policy asks for all kinds of characters; a policy asks for those that it names.
fn password_policy(policy: Option<PasswordPolicyType>) -> PasswordPolicyType {
    let by_default = policy.is_none();
    let policy = policy.unwrap_or_default();
    let asks = |kind: Option<bool>| Some(kind.unwrap_or(by_default));
    PasswordPolicyType {
        minimum_length: policy.minimum_length.or(Some(8)),
        require_uppercase: asks(policy.require_uppercase),
        require_lowercase: asks(policy.require_lowercase),
        require_numbers: asks(policy.require_numbers),
        require_symbols: asks(policy.require_symbols),
        ..policy
    }
}

fn sign_in_policy(policy: Option<SignInPolicyType>) -> Result<SignInPolicyType> {
    let factors = policy.and_then(|p| p.allowed_first_auth_factors).filter(|f| !f.is_empty());
    let factors = factors.unwrap_or_else(|| vec![AuthFactorType::Password]);
    if factors.contains(&AuthFactorType::SoftwareToken) {
        // Unverified: text. The model says that this factor is not supported here.
        return Err(fault::invalid_parameter("SOFTWARE_TOKEN is not supported in AllowedFirstAuthFactors."));
    }
    Ok(SignInPolicyType { allowed_first_auth_factors: Some(without_repetitions(factors)) })
}

fn without_repetitions<T: Copy + Ord>(items: Vec<T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    items.into_iter().filter(|item| seen.insert(*item)).collect()
}

/// The two ways to name a pre-token-generation trigger agree, and custom senders have their key.
pub fn lambda_config(mut config: LambdaConfigType) -> Result<LambdaConfigType> {
    let named = config.pre_token_generation.clone();
    match (&config.pre_token_generation_config, named) {
        (Some(versioned), Some(arn)) if versioned.lambda_arn != arn => {
            // L: cdk-preflight.
            return Err(fault::invalid_parameter(
                "Cannot use PreTokenGenerationLambda and PreTokenGeneration with different Lambda function ARN's",
            ));
        }
        (Some(versioned), _) => config.pre_token_generation = Some(versioned.lambda_arn.clone()),
        (None, Some(lambda_arn)) => {
            config.pre_token_generation_config = Some(PreTokenGenerationVersionConfigType {
                lambda_version: PreTokenGenerationLambdaVersionType::V10,
                lambda_arn,
            });
        }
        (None, None) => {}
    }
    if (config.custom_sms_sender.is_some() || config.custom_email_sender.is_some())
        && config.kms_key_id.is_none()
    {
        // L: cdk-preflight.
        return Err(fault::invalid_parameter(
            "KMSKeyId parameter is required when Custom SMS/Email Lambda trigger is used.",
        ));
    }
    Ok(config)
}

/// Only what is verified automatically can be verified before it is updated.
pub fn update_settings(
    settings: Option<UserAttributeUpdateSettingsType>,
    auto_verified: &[VerifiedAttributeType],
) -> Result<Option<UserAttributeUpdateSettingsType>> {
    let Some(settings) = settings else { return Ok(None) };
    let wanted =
        without_repetitions(settings.attributes_require_verification_before_update.unwrap_or_default());
    if let Some(attribute) = wanted.iter().find(|a| !auto_verified.contains(a)) {
        // Unverified: text.
        return Err(fault::invalid_parameter(format!(
            "{} is in AttributesRequireVerificationBeforeUpdate and must be in AutoVerifiedAttributes.",
            attribute.as_str()
        )));
    }
    Ok(Some(UserAttributeUpdateSettingsType { attributes_require_verification_before_update: Some(wanted) }))
}

pub fn email_configuration(configuration: Option<EmailConfigurationType>) -> Result<EmailConfigurationType> {
    let mut email = configuration.unwrap_or_default();
    let account = email.email_sending_account.unwrap_or(EmailSendingAccountType::CognitoDefault);
    if account == EmailSendingAccountType::Developer && email.source_arn.is_none() {
        // Unverified: text.
        return Err(fault::invalid_parameter("SourceArn is required when EmailSendingAccount is DEVELOPER."));
    }
    if email.from.as_deref().is_some_and(|from| !is_mailbox(from)) {
        // Unverified: text. A sender that no mail can have would lose every message of the pool.
        return Err(fault::invalid_parameter(
            "From of EmailConfiguration must be an email address or a name with one.",
        ));
    }
    email.email_sending_account = Some(account);
    Ok(email)
}

/// An address, or a name and an address in angle brackets.
fn is_mailbox(text: &str) -> bool {
    let address = match text.split_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or_default(),
        None => text,
    };
    let is_clean = !text.contains(char::is_control) && !address.contains(char::is_whitespace);
    let is_address = address
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    is_clean && is_address
}

/// Threat protection is not built. AUDIT would only record; ENFORCED would block, so it must not be taken lightly.
pub fn add_ons(add_ons: UserPoolAddOnsType) -> Result<UserPoolAddOnsType> {
    let custom = add_ons.advanced_security_additional_flows.as_ref().and_then(|f| f.custom_auth_mode);
    if add_ons.advanced_security_mode == AdvancedSecurityModeType::Enforced
        || custom == Some(AdvancedSecurityEnabledModeType::Enforced)
    {
        return Err(fault::not_built("Threat protection in ENFORCED mode"));
    }
    Ok(add_ons)
}

/// Members that are left out get their defaults: registration is on, open registration off.
pub fn dcr_configuration(dcr: DcrConfigurationType) -> DcrConfigurationType {
    DcrConfigurationType {
        enable_status: dcr.enable_status.or(Some(StatusType::Enabled)),
        open_dcr_enabled: dcr.open_dcr_enabled.or(Some(false)),
        ..dcr
    }
}

/// `admin_only` stands alone; no mechanism and no priority comes twice.
pub fn account_recovery(setting: Option<AccountRecoverySettingType>) -> Result<AccountRecoverySettingType> {
    let mechanisms = setting.and_then(|s| s.recovery_mechanisms).filter(|m| !m.is_empty());
    // Unverified: the order. Terraform's tests show that a pool without the setting is described with one.
    let mechanisms = mechanisms.unwrap_or_else(|| {
        vec![
            RecoveryOptionType { priority: 1, name: RecoveryOptionNameType::VerifiedEmail },
            RecoveryOptionType { priority: 2, name: RecoveryOptionNameType::VerifiedPhoneNumber },
        ]
    });
    if mechanisms.len() > 1 && mechanisms.iter().any(|m| m.name == RecoveryOptionNameType::AdminOnly) {
        // From memory of public reports.
        return Err(fault::account_recovery("use admin_only setting with any other recovery mechanisms"));
    }
    let names: BTreeSet<_> = mechanisms.iter().map(|m| m.name).collect();
    if names.len() < mechanisms.len() {
        // Unverified: text.
        return Err(fault::account_recovery("use a recovery mechanism twice"));
    }
    let priorities: BTreeSet<_> = mechanisms.iter().map(|m| m.priority).collect();
    if priorities.len() < mechanisms.len() {
        // Unverified: text.
        return Err(fault::account_recovery("use a priority twice"));
    }
    Ok(AccountRecoverySettingType { recovery_mechanisms: Some(mechanisms) })
}

/// The server has its own master key; a key of AWS's Key Management Service cannot be reached.
pub fn key_configuration(key: KeyConfigurationType) -> Result<KeyConfigurationType> {
    if key.key_type == Some(EncryptionKeyType::CustomerManagedKey) || key.kms_key_arn.is_some() {
        return Err(fault::not_built("KeyConfiguration with a customer managed key"));
    }
    Ok(key)
}

/// The server's configuration decides what tokens name as their issuer, so a second form cannot be promised.
pub fn issuer_configuration(issuer: IssuerConfigurationType) -> Result<IssuerConfigurationType> {
    if issuer.r#type == Some(IssuerType::Updated) {
        return Err(fault::not_built("IssuerConfiguration of type UPDATED"));
    }
    Ok(issuer)
}

/// The effective names of the four levels, all different.
pub fn acr_configuration(
    mut renamed: BTreeMap<String, AcrLevelConfigType>,
) -> Result<BTreeMap<String, AcrLevelConfigType>> {
    let mut levels = BTreeMap::new();
    for (level, name) in super::super::acr::LEVELS {
        let config = renamed.remove(level);
        let config = config.unwrap_or_else(|| AcrLevelConfigType { acr_value: name.to_owned() });
        levels.insert(level.to_owned(), config);
    }
    let names: BTreeSet<&str> = levels.values().map(|level| level.acr_value.as_str()).collect();
    if names.len() < levels.len() || !renamed.is_empty() {
        // Unverified: text.
        return Err(fault::invalid_parameter(
            "AcrConfiguration must give the levels Level1 to Level4 different names.",
        ));
    }
    Ok(levels)
}
