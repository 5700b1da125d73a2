//! A user pool and its app clients, as the store keeps them and as the rules read them.

pub mod acr;
pub mod client_settings;
pub mod mfa_config;
pub mod password_policy;
pub mod schema;
pub mod session_config;
pub mod settings;
pub mod sms;
pub mod tags;
mod templates;
pub mod tiers;
pub mod user_filter;

use crate::{
    Millis, Sealed,
    ids::{ClientId, PoolId},
};
use serde::{Deserialize, Serialize};
use spec::cognito_idp::{
    AliasAttributeType, AuthFactorType, EmailMfaConfigType, ExplicitAuthFlowsType, FeatureType,
    PreventUserExistenceErrorTypes, SchemaAttributeType, SmsMfaConfigType, TimeUnitsType, UserPoolClientType,
    UserPoolMfaType, UserPoolTierType, UserPoolType, UsernameAttributeType, VerifiedAttributeType,
    WebAuthnConfigurationType, WebAuthnFactorConfigurationType,
};

/// A user pool: the very structure that DescribeUserPool answers, and what lies beside it.
///
/// `detail` holds no value that is computed (EstimatedNumberOfUsers).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pool {
    /// The pool's id, which `detail` repeats.
    pub id: PoolId,
    /// What DescribeUserPool answers.
    pub detail: UserPoolType,
    /// What GetUserPoolMfaConfig answers, but for `MfaConfiguration`, which `detail` holds.
    #[serde(default)]
    pub mfa: PoolMfa,
    /// What GetUserPoolSessionConfiguration answers.
    #[serde(default)]
    pub sessions: session_config::PoolSessions,
    /// Grows with every change, for compare-and-set.
    #[serde(skip)]
    pub version: i64,
}

/// The settings of SetUserPoolMfaConfig.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PoolMfa {
    /// Codes by SMS.
    pub sms: Option<SmsMfaConfigType>,
    /// Whether authenticator apps are offered.
    pub software_token: bool,
    /// Whether they were named at all, so that GetUserPoolMfaConfig repeats that they are not offered.
    #[serde(default)]
    pub software_token_named: bool,
    /// Codes by e-mail.
    pub email: Option<EmailMfaConfigType>,
    /// Passkeys.
    pub web_authn: Option<WebAuthnConfigurationType>,
}

impl Pool {
    /// Whether user names, e-mail aliases and preferred user names differ by case. The API's default is that they do.
    pub fn is_case_sensitive(&self) -> bool {
        self.detail.username_configuration.as_ref().is_none_or(|c| c.case_sensitive)
    }

    /// A sign-in name as it is compared.
    pub fn fold_name(&self, name: &str) -> String {
        if self.is_case_sensitive() { name.to_owned() } else { name.to_lowercase() }
    }

    /// Whether users sign in with their e-mail address or phone number instead of a name of their own.
    pub fn has_username_attributes(&self) -> bool {
        self.detail.username_attributes.as_ref().is_some_and(|a| !a.is_empty())
    }

    /// Whether this attribute is the user name.
    pub fn has_username_attribute(&self, attribute: UsernameAttributeType) -> bool {
        self.detail.username_attributes.as_ref().is_some_and(|a| a.contains(&attribute))
    }

    /// Whether this attribute is a further sign-in name once it is verified.
    pub fn has_alias(&self, attribute: AliasAttributeType) -> bool {
        self.detail.alias_attributes.as_ref().is_some_and(|a| a.contains(&attribute))
    }

    /// Whether a sign-up with this attribute sends a code to it.
    pub fn auto_verifies(&self, attribute: VerifiedAttributeType) -> bool {
        self.detail.auto_verified_attributes.as_ref().is_some_and(|a| a.contains(&attribute))
    }

    /// Whether a new value of this attribute takes effect only when it is verified.
    pub fn verifies_before_update(&self, attribute: VerifiedAttributeType) -> bool {
        self.auto_verifies(attribute)
            && self
                .detail
                .user_attribute_update_settings
                .as_ref()
                .and_then(|s| s.attributes_require_verification_before_update.as_ref())
                .is_some_and(|a| a.contains(&attribute))
    }

    /// Whether a second factor is off, optional or required.
    pub fn mfa_configuration(&self) -> UserPoolMfaType {
        self.detail.mfa_configuration.unwrap_or(UserPoolMfaType::Off)
    }

    /// By what users may begin a sign-in (AllowedFirstAuthFactors); the password alone where nothing is said.
    pub fn first_factors(&self) -> &[AuthFactorType] {
        let policy = self.detail.policies.as_ref().and_then(|policies| policies.sign_in_policy.as_ref());
        policy
            .and_then(|policy| policy.allowed_first_auth_factors.as_deref())
            .unwrap_or(&[AuthFactorType::Password])
    }

    /// Whether a passkey that verifies its user may count as a second factor too.
    pub fn takes_passkeys_for_both(&self) -> bool {
        let settings = self.mfa.web_authn.as_ref();
        settings.and_then(|settings| settings.factor_configuration)
            == Some(WebAuthnFactorConfigurationType::MultiFactorWithUserVerification)
    }

    /// The name of a level of assurance, 1 to 4, as tokens tell it in `acr`.
    pub fn acr_name(&self, level: u8) -> &str {
        let (key, name) = acr::LEVELS[usize::from(level.clamp(1, 4)) - 1];
        let renamed = self.detail.acr_configuration.as_ref().and_then(|levels| levels.get(key));
        renamed.map_or(name, |level| level.acr_value.as_str())
    }

    /// The feature plan.
    pub fn tier(&self) -> UserPoolTierType {
        self.detail.user_pool_tier.unwrap_or(UserPoolTierType::Essentials)
    }

    /// The attributes that users of this pool may have, standard ones first.
    pub fn schema(&self) -> &[SchemaAttributeType] {
        self.detail.schema_attributes.as_deref().unwrap_or_default()
    }

    /// The definition of an attribute by its full name (`custom:…` included).
    pub fn schema_attribute(&self, name: &str) -> Option<&SchemaAttributeType> {
        self.schema().iter().find(|a| a.name.as_deref() == Some(name))
    }

    /// How long a temporary password is good.
    pub fn temporary_password_days(&self) -> i64 {
        let policy = self.detail.policies.as_ref().and_then(|p| p.password_policy.as_ref());
        match policy.and_then(|p| p.temporary_password_validity_days) {
            Some(days) if days > 0 => i64::from(days),
            _ => 7,
        }
    }

    /// The password policy in the form that is checked.
    pub fn password_policy(&self) -> password_policy::Policy {
        let policy = self.detail.policies.as_ref().and_then(|p| p.password_policy.as_ref());
        password_policy::Policy {
            minimum_length: policy.and_then(|p| p.minimum_length).unwrap_or(8).max(6) as usize,
            require_uppercase: policy.and_then(|p| p.require_uppercase).unwrap_or(policy.is_none()),
            require_lowercase: policy.and_then(|p| p.require_lowercase).unwrap_or(policy.is_none()),
            require_numbers: policy.and_then(|p| p.require_numbers).unwrap_or(policy.is_none()),
            require_symbols: policy.and_then(|p| p.require_symbols).unwrap_or(policy.is_none()),
            history_size: policy.and_then(|p| p.password_history_size).unwrap_or(0).max(0) as usize,
        }
    }
}

/// An app client: what DescribeUserPoolClient answers but for the secret, and its secrets, sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Client {
    /// The client's id, which `detail` repeats.
    pub id: ClientId,
    /// The pool that it belongs to.
    pub pool_id: PoolId,
    /// What DescribeUserPoolClient answers; `client_secret` is always none.
    pub detail: UserPoolClientType,
    /// None for a public client, else one or two, oldest first.
    #[serde(default)]
    pub secrets: Vec<ClientSecret>,
    /// How long the client reuses a session of single sign-on, in minutes; none where it never said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sso_session_minutes: Option<i32>,
    /// Grows with every change, for compare-and-set.
    #[serde(skip)]
    pub version: i64,
}

/// A client secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClientSecret {
    /// `<client id>--<seconds since 1970>`.
    pub id: String,
    /// The secret, sealed for [`Client::secret_context`].
    pub value: Sealed,
    /// When it was added.
    pub created_at: Millis,
}

/// How long a client's tokens live, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenValidity {
    /// Of access tokens.
    pub access_seconds: i64,
    /// Of ID tokens.
    pub id_seconds: i64,
    /// Of refresh tokens.
    pub refresh_seconds: i64,
}

impl Client {
    /// What a sealed client secret is bound to.
    pub fn secret_context(client_id: &ClientId) -> String {
        format!("client-secret/{client_id}")
    }

    /// Whether the client may use this flow.
    pub fn allows(&self, flow: ExplicitAuthFlowsType) -> bool {
        match &self.detail.explicit_auth_flows {
            Some(flows) => flows.contains(&flow),
            None => {
                let is_refresh = flow == ExplicitAuthFlowsType::AllowRefreshTokenAuth;
                // Rotation and this flow exclude each other.
                client_settings::DEFAULT_FLOWS.contains(&flow)
                    && !(is_refresh && self.rotates_refresh_tokens())
            }
        }
    }

    /// Whether a refresh token is replaced when it is used.
    pub fn rotates_refresh_tokens(&self) -> bool {
        self.detail.refresh_token_rotation.as_ref().is_some_and(|r| r.feature == FeatureType::Enabled)
    }

    /// Whether errors must not tell which users exist.
    pub fn hides_users(&self) -> bool {
        self.detail.prevent_user_existence_errors == Some(PreventUserExistenceErrorTypes::Enabled)
    }

    /// Whether tokens carry `origin_jti` and can be revoked.
    pub fn revokes_tokens(&self) -> bool {
        self.detail.enable_token_revocation.unwrap_or(false)
    }

    /// How long a sign-in under way is kept, in milliseconds.
    pub fn session_ttl_ms(&self) -> Millis {
        i64::from(self.detail.auth_session_validity.unwrap_or(3)) * 60_000
    }

    /// The lifetimes of the client's tokens; the defaults are 1 hour, 1 hour and 30 days.
    pub fn token_validity(&self) -> TokenValidity {
        let units = self.detail.token_validity_units.as_ref();
        let seconds = |value: Option<i32>, unit: Option<TimeUnitsType>, default_unit, default| match value {
            Some(n) if n > 0 => i64::from(n) * unit_seconds(unit.unwrap_or(default_unit)),
            _ => default,
        };
        TokenValidity {
            access_seconds: seconds(
                self.detail.access_token_validity,
                units.and_then(|u| u.access_token),
                TimeUnitsType::Hours,
                3_600,
            ),
            id_seconds: seconds(
                self.detail.id_token_validity,
                units.and_then(|u| u.id_token),
                TimeUnitsType::Hours,
                3_600,
            ),
            refresh_seconds: seconds(
                self.detail.refresh_token_validity,
                units.and_then(|u| u.refresh_token),
                TimeUnitsType::Days,
                30 * 86_400,
            ),
        }
    }
}

/// How many seconds a unit of token validity has.
pub fn unit_seconds(unit: TimeUnitsType) -> i64 {
    match unit {
        TimeUnitsType::Seconds => 1,
        TimeUnitsType::Minutes => 60,
        TimeUnitsType::Hours => 3_600,
        TimeUnitsType::Days => 86_400,
    }
}
