//! What CreateUserPool and UpdateUserPool make of a request: members that are missing get their defaults, and what
//! contradicts itself is refused.

mod members;
#[cfg(test)]
mod tests;

use super::{Pool, PoolMfa, mfa_config, schema, session_config::PoolSessions, sms, tags, templates, tiers};
use crate::{Millis, Result, fault, ids::PoolId};
use spec::{
    Timestamp,
    cognito_idp::{
        AliasAttributeType, CreateUserPoolRequest, DeletionProtectionType, UpdateUserPoolRequest,
        UserPoolMfaType, UserPoolTierType, UserPoolType,
    },
};

/// A new pool.
pub fn create(request: CreateUserPoolRequest, id: PoolId, arn: String, now: Millis) -> Result<Pool> {
    let (detail, settings) = split(request)?;
    let detail = UserPoolType {
        id: Some(id.to_string()),
        arn: Some(arn),
        creation_date: Some(Timestamp::from_millis(now)),
        ..detail
    };
    check_sign_in_names(&detail)?;
    apply(
        Pool { id, detail, mfa: PoolMfa::default(), sessions: PoolSessions::default(), version: 0 },
        settings,
        now,
    )
}

/// The changed pool. What the request does not name returns to its default, but for the name, the feature plan
/// and dynamic client registration, which stay.
pub fn update(pool: &Pool, request: UpdateUserPoolRequest, now: Millis) -> Result<Pool> {
    apply(pool.clone(), request, now)
}

/// Keeps apart what can be set only once and what UpdateUserPool can change too.
fn split(request: CreateUserPoolRequest) -> Result<(UserPoolType, UpdateUserPoolRequest)> {
    let detail = UserPoolType {
        schema_attributes: Some(schema::of_new_pool(request.schema.as_deref().unwrap_or_default())?),
        alias_attributes: request.alias_attributes.filter(|a| !a.is_empty()),
        username_attributes: request.username_attributes.filter(|a| !a.is_empty()),
        username_configuration: request.username_configuration,
        ..UserPoolType::default()
    };
    let settings = UpdateUserPoolRequest {
        user_pool_id: String::new(),
        policies: request.policies,
        deletion_protection: request.deletion_protection,
        lambda_config: request.lambda_config,
        auto_verified_attributes: request.auto_verified_attributes,
        sms_verification_message: request.sms_verification_message,
        email_verification_message: request.email_verification_message,
        email_verification_subject: request.email_verification_subject,
        verification_message_template: request.verification_message_template,
        sms_authentication_message: request.sms_authentication_message,
        user_attribute_update_settings: request.user_attribute_update_settings,
        mfa_configuration: request.mfa_configuration,
        device_configuration: request.device_configuration,
        email_configuration: request.email_configuration,
        sms_configuration: request.sms_configuration,
        user_pool_tags: request.user_pool_tags,
        admin_create_user_config: request.admin_create_user_config,
        user_pool_add_ons: request.user_pool_add_ons,
        dcr_configuration: request.dcr_configuration,
        account_recovery_setting: request.account_recovery_setting,
        pool_name: Some(request.pool_name),
        user_pool_tier: request.user_pool_tier,
        key_configuration: request.key_configuration,
        issuer_configuration: request.issuer_configuration,
        acr_configuration: request.acr_configuration,
    };
    Ok((detail, settings))
}

fn check_sign_in_names(detail: &UserPoolType) -> Result<()> {
    let Some(aliases) = &detail.alias_attributes else { return Ok(()) };
    if detail.username_attributes.is_some() {
        return Err(fault::aliases_and_username_attributes());
    }
    let is_required = |name: &str| {
        detail
            .schema_attributes
            .iter()
            .flatten()
            .any(|a| a.name.as_deref() == Some(name) && a.required == Some(true))
    };
    if aliases.contains(&AliasAttributeType::PreferredUsername) && is_required("preferred_username") {
        // Unverified: text. The guide says that the two exclude each other.
        return Err(fault::invalid_parameter(
            "preferred_username cannot be both a required attribute and an alias.",
        ));
    }
    Ok(())
}

fn apply(mut pool: Pool, request: UpdateUserPoolRequest, now: Millis) -> Result<Pool> {
    let tier_before = pool.detail.user_pool_tier;
    let detail = &mut pool.detail;
    detail.last_modified_date = Some(Timestamp::from_millis(now));
    detail.name = request.pool_name.or(detail.name.take());
    // Unverified: that a request without a tier keeps it.
    detail.user_pool_tier = request.user_pool_tier.or(tier_before).or(Some(UserPoolTierType::Essentials));
    detail.deletion_protection =
        Some(request.deletion_protection.unwrap_or(DeletionProtectionType::Inactive));
    let (policies, invitations) = members::policies(request.policies, request.admin_create_user_config)?;
    templates::check_invitation(&policies, &invitations)?;
    detail.policies = Some(policies);
    detail.admin_create_user_config = Some(invitations);
    detail.lambda_config = Some(members::lambda_config(request.lambda_config.unwrap_or_default())?);
    detail.auto_verified_attributes = request.auto_verified_attributes.filter(|a| !a.is_empty());
    detail.user_attribute_update_settings = members::update_settings(
        request.user_attribute_update_settings,
        detail.auto_verified_attributes.as_deref().unwrap_or_default(),
    )?;
    templates::set_verification(
        detail,
        templates::Flat {
            sms: request.sms_verification_message,
            email: request.email_verification_message,
            subject: request.email_verification_subject,
        },
        request.verification_message_template.unwrap_or_default(),
    );
    detail.sms_authentication_message = request.sms_authentication_message;
    detail.device_configuration = request.device_configuration;
    detail.email_configuration = Some(members::email_configuration(request.email_configuration)?);
    detail.sms_configuration =
        request.sms_configuration.map(|sms| sms::configuration(sms, detail.arn.as_deref())).transpose()?;
    sms::check_for_verification(detail)?;
    let user_tags = request.user_pool_tags.unwrap_or_default();
    tags::check(&user_tags).map_err(fault::pool_tags)?;
    detail.user_pool_tags = Some(user_tags);
    detail.user_pool_add_ons = request.user_pool_add_ons.map(members::add_ons).transpose()?;
    detail.dcr_configuration =
        request.dcr_configuration.map(members::dcr_configuration).or(detail.dcr_configuration.take());
    detail.account_recovery_setting = Some(members::account_recovery(request.account_recovery_setting)?);
    detail.key_configuration = request.key_configuration.map(members::key_configuration).transpose()?;
    detail.issuer_configuration =
        request.issuer_configuration.map(members::issuer_configuration).transpose()?;
    detail.acr_configuration =
        Some(members::acr_configuration(request.acr_configuration.unwrap_or_default())?);
    mfa_config::set_by_pool(&mut pool, request.mfa_configuration.unwrap_or(UserPoolMfaType::Off))?;
    tiers::check_pool(&pool, tier_before)?;
    Ok(pool)
}
