//! What each feature plan includes.

use super::Pool;
use crate::{Result, fault};
use spec::cognito_idp::{
    AdvancedSecurityModeType, AuthFactorType, ExplicitAuthFlowsType, FeatureType,
    PreTokenGenerationLambdaVersionType, StatusType, UserPoolClientType, UserPoolTierType,
    WebAuthnFactorConfigurationType,
};

use super::acr;

/// Refuses a pool that uses what its tier lacks. `before` is the tier that it had.
pub fn check_pool(pool: &Pool, before: Option<UserPoolTierType>) -> Result<()> {
    let tier = pool.tier();
    let features = missing(tier, &pool_features(pool));
    if features.is_empty() {
        return Ok(());
    }
    if before.is_some_and(|before| tier < before) {
        return Err(fault::tier_change_not_allowed(&features, tier.as_str()));
    }
    Err(fault::feature_of_higher_tier(&features, tier.as_str()))
}

/// Refuses a client that uses what its pool's tier lacks.
pub fn check_client(pool: &Pool, client: &UserPoolClientType) -> Result<()> {
    let flows = client.explicit_auth_flows.as_deref().unwrap_or_default();
    let rotates = client.refresh_token_rotation.as_ref().is_some_and(|r| r.feature == FeatureType::Enabled);
    // Unverified: the names, and that rotation is not in LITE.
    let features = missing(
        pool.tier(),
        &[
            (
                "Choice-Based Sign-In",
                UserPoolTierType::Essentials,
                flows.contains(&ExplicitAuthFlowsType::AllowUserAuth),
            ),
            ("Refresh Token Rotation", UserPoolTierType::Essentials, rotates),
        ],
    );
    if features.is_empty() {
        Ok(())
    } else {
        Err(fault::feature_of_higher_tier(&features, pool.tier().as_str()))
    }
}

/// What a single call may ask for in the tier ESSENTIALS and above.
#[derive(Clone, Copy, Debug)]
pub enum Asked {
    /// How sessions are tracked.
    SessionTracking,
    /// A level of assurance.
    StepUp,
}

impl Asked {
    /// Unverified: the names.
    const fn feature(self) -> &'static str {
        match self {
            Asked::SessionTracking => SESSION_TRACKING,
            Asked::StepUp => STEP_UP,
        }
    }
}

const SESSION_TRACKING: &str = "Session Tracking";
const STEP_UP: &str = "Step-Up Authentication";

/// Refuses a call that asks for what the pool's tier lacks.
///
/// # Errors
/// FeatureUnavailableInTierException.
pub fn check_call(pool: &Pool, asked: Asked) -> Result<()> {
    let tier = pool.tier();
    if tier < UserPoolTierType::Essentials {
        return Err(fault::feature_not_in_tier(asked.feature(), tier.as_str()));
    }
    Ok(())
}

type Feature = (&'static str, UserPoolTierType, bool);

/// The names of the features in use that the tier lacks, joined as AWS joins them.
fn missing(tier: UserPoolTierType, features: &[Feature]) -> String {
    let names: Vec<&str> = features
        .iter()
        .filter(|(_, lowest, is_used)| *is_used && tier < *lowest)
        .map(|(name, ..)| *name)
        .collect();
    names.join(", ")
}

/// The features that are not in every tier. The names of the first two are P, the others Unverified.
fn pool_features(pool: &Pool) -> [Feature; 9] {
    let detail = &pool.detail;
    let policies = detail.policies.as_ref();
    let first_factors =
        policies.and_then(|p| p.sign_in_policy.as_ref()?.allowed_first_auth_factors.as_deref());
    let history = policies.and_then(|p| p.password_policy.as_ref()?.password_history_size).unwrap_or(0);
    let threat_protection = detail.user_pool_add_ons.as_ref().map(|a| a.advanced_security_mode);
    let pre_token = detail.lambda_config.as_ref().and_then(|l| l.pre_token_generation_config.as_ref());
    let passkeys = pool.mfa.web_authn.as_ref().and_then(|w| w.factor_configuration);
    let registration = detail.dcr_configuration.as_ref().and_then(|d| d.enable_status);
    let renamed_levels = detail.acr_configuration.as_ref().is_some_and(|levels| {
        acr::LEVELS.iter().any(|(level, name)| levels.get(*level).is_some_and(|l| l.acr_value != *name))
    });
    let essentials = UserPoolTierType::Essentials;
    [
        (
            "Passwordless Sign-In",
            essentials,
            first_factors.is_some_and(|f| f.iter().any(|f| *f != AuthFactorType::Password)),
        ),
        (
            "Threat Protection",
            UserPoolTierType::Plus,
            threat_protection.is_some_and(|mode| mode != AdvancedSecurityModeType::Off),
        ),
        ("Email MFA", essentials, pool.mfa.email.is_some()),
        ("Password History", essentials, history > 0),
        (
            "Access Token Customization",
            essentials,
            pre_token.is_some_and(|t| t.lambda_version != PreTokenGenerationLambdaVersionType::V10),
        ),
        (
            "Passkey MFA",
            essentials,
            passkeys == Some(WebAuthnFactorConfigurationType::MultiFactorWithUserVerification),
        ),
        ("Dynamic Client Registration", essentials, registration == Some(StatusType::Enabled)),
        (STEP_UP, essentials, renamed_levels),
        (SESSION_TRACKING, essentials, pool.sessions.tracked),
    ]
}
