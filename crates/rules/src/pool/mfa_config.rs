//! Which second factors a pool offers: what SetUserPoolMfaConfig sets, and what a change of the pool leaves of it.

use super::{Pool, PoolMfa, sms, tiers};
use crate::{Millis, Result, fault, webauthn};
use spec::{
    Timestamp,
    cognito_idp::{
        AuthFactorType, EmailSendingAccountType, GetUserPoolMfaConfigResponse, SetUserPoolMfaConfigRequest,
        SmsMfaConfigType, SoftwareTokenMfaConfigType, UserPoolMfaType,
    },
};

/// Settles the factors after CreateUserPool or UpdateUserPool, which know only SMS: the others stay as
/// SetUserPoolMfaConfig left them, and go when MFA is turned off.
pub fn set_by_pool(pool: &mut Pool, wanted: UserPoolMfaType) -> Result<()> {
    pool.detail.mfa_configuration = Some(wanted);
    if wanted == UserPoolMfaType::Off {
        pool.mfa = PoolMfa { web_authn: pool.mfa.web_authn.take(), ..PoolMfa::default() };
        return Ok(());
    }
    pool.mfa.sms = sms_factor(pool);
    if !has_factor(pool) {
        return Err(fault::sms_configuration_needed());
    }
    check(pool)
}

/// The pool after SetUserPoolMfaConfig, which replaces all factors.
pub fn set(pool: &Pool, request: SetUserPoolMfaConfigRequest, now: Millis) -> Result<Pool> {
    let mut pool = pool.clone();
    pool.detail.last_modified_date = Some(Timestamp::from_millis(now));
    webauthn::settings::check(request.web_authn_configuration.as_ref())?;
    pool.mfa.web_authn = request.web_authn_configuration.clone();
    let software_token =
        request.software_token_mfa_configuration.as_ref().map(|s| s.enabled.unwrap_or(false));
    let names_factor = request.sms_mfa_configuration.is_some()
        || request.email_mfa_configuration.is_some()
        || software_token.is_some();
    // Unverified: what a request means that sets passkeys alone. Nothing of it is about second factors.
    if request.mfa_configuration.is_some() || names_factor {
        let wanted = request.mfa_configuration.unwrap_or(pool.mfa_configuration());
        set_factors(&mut pool, request, wanted, software_token)?;
    }
    tiers::check_pool(&pool, None)?;
    Ok(pool)
}

fn set_factors(
    pool: &mut Pool,
    request: SetUserPoolMfaConfigRequest,
    wanted: UserPoolMfaType,
    software_token: Option<bool>,
) -> Result<()> {
    pool.mfa.software_token = software_token == Some(true);
    pool.mfa.software_token_named = software_token.is_some();
    pool.mfa.email = request.email_mfa_configuration;
    pool.mfa.sms = None;
    pool.detail.mfa_configuration = Some(wanted);
    let sms = request.sms_mfa_configuration;
    if wanted == UserPoolMfaType::Off {
        let is_off = sms.is_none() && !has_factor(pool);
        pool.mfa.software_token_named = false;
        return if is_off { Ok(()) } else { Err(fault::mfa_off_with_factors()) };
    }
    if sms.is_none() && !has_factor(pool) {
        return Err(fault::mfa_without_factors());
    }
    match sms {
        Some(sms) => {
            if let Some(configuration) = sms.sms_configuration {
                let configuration = sms::configuration(configuration, pool.detail.arn.as_deref())?;
                pool.detail.sms_configuration = Some(configuration);
            }
            pool.detail.sms_authentication_message = sms.sms_authentication_message;
            pool.mfa.sms = sms_factor(pool);
            if pool.mfa.sms.is_none() {
                return Err(fault::sms_configuration_needed());
            }
        }
        None if pool.detail.sms_configuration.is_some() => return Err(fault::sms_mfa_must_stay()),
        None => {}
    }
    check(pool)
}

fn sms_factor(pool: &Pool) -> Option<SmsMfaConfigType> {
    let configuration = pool.detail.sms_configuration.clone()?;
    Some(SmsMfaConfigType {
        sms_authentication_message: pool.detail.sms_authentication_message.clone(),
        sms_configuration: Some(configuration),
    })
}

fn has_factor(pool: &Pool) -> bool {
    pool.mfa.sms.is_some() || pool.mfa.email.is_some() || pool.mfa.software_token
}

fn check(pool: &Pool) -> Result<()> {
    let account = pool.detail.email_configuration.as_ref().and_then(|e| e.email_sending_account);
    if pool.mfa.email.is_some() && account != Some(EmailSendingAccountType::Developer) {
        // Unverified: text. The guide asks for an e-mail configuration of one's own.
        return Err(fault::invalid_parameter(
            "Email MFA requires an EmailConfiguration with the EmailSendingAccount DEVELOPER.",
        ));
    }
    let policies = pool.detail.policies.as_ref();
    let first_factors =
        policies.and_then(|p| p.sign_in_policy.as_ref()?.allowed_first_auth_factors.as_deref());
    let is_passwordless = first_factors
        .is_some_and(|f| f.contains(&AuthFactorType::EmailOtp) || f.contains(&AuthFactorType::SmsOtp));
    if pool.mfa_configuration() == UserPoolMfaType::On && is_passwordless {
        // Unverified: text. The guide says that the two exclude each other.
        return Err(fault::invalid_parameter(
            "MFA cannot be required when EMAIL_OTP or SMS_OTP is in AllowedFirstAuthFactors.",
        ));
    }
    Ok(())
}

/// What GetUserPoolMfaConfig answers.
pub fn describe(pool: &Pool) -> GetUserPoolMfaConfigResponse {
    let software_token = SoftwareTokenMfaConfigType { enabled: Some(pool.mfa.software_token) };
    GetUserPoolMfaConfigResponse {
        sms_mfa_configuration: pool.mfa.sms.clone(),
        software_token_mfa_configuration: pool.mfa.software_token_named.then_some(software_token),
        email_mfa_configuration: pool.mfa.email.clone(),
        mfa_configuration: Some(pool.mfa_configuration()),
        web_authn_configuration: pool.mfa.web_authn.clone(),
    }
}
