//! What CreateUserPoolClient and UpdateUserPoolClient make of a request: members that are missing get their
//! defaults, and what contradicts itself or the pool is refused.

mod oauth;
#[cfg(test)]
mod tests;

use super::{Client, Pool, tiers, unit_seconds};
use crate::{Millis, Result, fault, ids::ClientId};
use spec::{
    Timestamp,
    cognito_idp::{
        AnalyticsConfigurationType, CreateUserPoolClientRequest, ExplicitAuthFlowsType, FeatureType,
        RefreshTokenRotationType, TimeUnitsType, TokenValidityUnitsType, UpdateUserPoolClientRequest,
        UserPoolClientType,
    },
};
use std::collections::BTreeSet;

/// How many app clients a pool may have.
pub const CLIENTS_MAX: i64 = 1_000;

/// What a client may do that names no flows.
pub const DEFAULT_FLOWS: [ExplicitAuthFlowsType; 3] = [
    ExplicitAuthFlowsType::AllowRefreshTokenAuth,
    ExplicitAuthFlowsType::AllowUserSrpAuth,
    ExplicitAuthFlowsType::AllowCustomAuth,
];

/// Access and ID tokens live from five minutes to a day, refresh tokens from an hour to ten years.
const TOKEN_SECONDS: std::ops::RangeInclusive<i64> = 300..=86_400;
const REFRESH_TOKEN_SECONDS: std::ops::RangeInclusive<i64> = 3_600..=315_360_000;
const REFRESH_TOKEN_DEFAULT_SECONDS: i64 = 30 * 86_400;

/// Which of the two secrets of a request a new client gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    /// None: the client is public.
    None,
    /// One that the server makes.
    Generated,
    /// The caller's own.
    Given,
}

/// Which secret the request asks for.
pub fn wanted_secret(request: &CreateUserPoolClientRequest) -> Result<Secret> {
    match (request.generate_secret.unwrap_or(false), request.client_secret.is_some()) {
        // Unverified: text.
        (true, true) => {
            Err(fault::invalid_parameter("GenerateSecret cannot be true when a ClientSecret is given."))
        }
        (true, false) => Ok(Secret::Generated),
        (false, true) => Ok(Secret::Given),
        (false, false) => Ok(Secret::None),
    }
}

/// A new client of the pool, without its secret, which the server makes and seals.
pub fn create(
    pool: &Pool,
    request: CreateUserPoolClientRequest,
    id: ClientId,
    now: Millis,
) -> Result<Client> {
    let is_confidential = wanted_secret(&request)? != Secret::None;
    let detail = UserPoolClientType {
        user_pool_id: Some(pool.id.to_string()),
        client_id: Some(id.to_string()),
        creation_date: Some(Timestamp::from_millis(now)),
        ..UserPoolClientType::default()
    };
    let client = Client {
        id,
        pool_id: pool.id.clone(),
        detail,
        secrets: Vec::new(),
        sso_session_minutes: None,
        version: 0,
    };
    apply(pool, client, settings_of(request), Change { word: "creating", is_confidential, now })
}

/// The changed client. What the request does not name returns to its default, but for the name.
pub fn update(
    pool: &Pool,
    client: &Client,
    request: UpdateUserPoolClientRequest,
    now: Millis,
) -> Result<Client> {
    let is_confidential = !client.secrets.is_empty();
    apply(pool, client.clone(), request, Change { word: "updating", is_confidential, now })
}

fn settings_of(request: CreateUserPoolClientRequest) -> UpdateUserPoolClientRequest {
    UpdateUserPoolClientRequest {
        user_pool_id: request.user_pool_id,
        client_id: String::new(),
        client_name: Some(request.client_name),
        refresh_token_validity: request.refresh_token_validity,
        access_token_validity: request.access_token_validity,
        id_token_validity: request.id_token_validity,
        token_validity_units: request.token_validity_units,
        read_attributes: request.read_attributes,
        write_attributes: request.write_attributes,
        explicit_auth_flows: request.explicit_auth_flows,
        supported_identity_providers: request.supported_identity_providers,
        callback_ur_ls: request.callback_ur_ls,
        logout_ur_ls: request.logout_ur_ls,
        default_redirect_uri: request.default_redirect_uri,
        allowed_o_auth_flows: request.allowed_o_auth_flows,
        allowed_o_auth_scopes: request.allowed_o_auth_scopes,
        allowed_o_auth_flows_user_pool_client: request.allowed_o_auth_flows_user_pool_client,
        analytics_configuration: request.analytics_configuration,
        prevent_user_existence_errors: request.prevent_user_existence_errors,
        enable_token_revocation: request.enable_token_revocation,
        enable_propagate_additional_user_context_data: request.enable_propagate_additional_user_context_data,
        auth_session_validity: request.auth_session_validity,
        refresh_token_rotation: request.refresh_token_rotation,
        publish_secrets_in_aws_secrets_manager: request.publish_secrets_in_aws_secrets_manager,
    }
}

/// What is done to the client.
#[derive(Clone, Copy)]
struct Change {
    /// How errors call it.
    word: &'static str,
    is_confidential: bool,
    now: Millis,
}

fn apply(
    pool: &Pool,
    mut client: Client,
    request: UpdateUserPoolClientRequest,
    change: Change,
) -> Result<Client> {
    if request.publish_secrets_in_aws_secrets_manager == Some(true) {
        return Err(fault::secrets_manager());
    }
    let before = client.detail;
    let mut detail = UserPoolClientType {
        user_pool_id: before.user_pool_id,
        client_id: before.client_id,
        client_name: request.client_name.or(before.client_name),
        creation_date: before.creation_date,
        last_modified_date: Some(Timestamp::from_millis(change.now)),
        access_token_validity: request.access_token_validity,
        id_token_validity: request.id_token_validity,
        token_validity_units: Some(units(request.token_validity_units)),
        read_attributes: distinct(request.read_attributes),
        write_attributes: distinct(request.write_attributes),
        explicit_auth_flows: distinct(request.explicit_auth_flows),
        supported_identity_providers: distinct(request.supported_identity_providers),
        callback_ur_ls: distinct(request.callback_ur_ls),
        logout_ur_ls: distinct(request.logout_ur_ls),
        default_redirect_uri: request.default_redirect_uri,
        allowed_o_auth_flows: distinct(request.allowed_o_auth_flows),
        allowed_o_auth_scopes: distinct(request.allowed_o_auth_scopes),
        allowed_o_auth_flows_user_pool_client: request.allowed_o_auth_flows_user_pool_client.or(Some(false)),
        analytics_configuration: analytics(request.analytics_configuration, pool),
        prevent_user_existence_errors: request.prevent_user_existence_errors,
        // Unverified: that a change without this member turns revocation on.
        enable_token_revocation: request.enable_token_revocation.or(Some(true)),
        enable_propagate_additional_user_context_data: request
            .enable_propagate_additional_user_context_data
            .or(Some(false)),
        auth_session_validity: request.auth_session_validity.or(Some(3)),
        refresh_token_rotation: request.refresh_token_rotation.map(rotation),
        ..UserPoolClientType::default()
    };
    detail.refresh_token_validity = refresh_validity(request.refresh_token_validity, &detail);
    client.detail = detail;
    check_validities(&client)?;
    check_attributes(pool, &client.detail, change.word)?;
    check_flows(&client.detail, change.is_confidential)?;
    if client.detail.enable_propagate_additional_user_context_data == Some(true) && !change.is_confidential {
        // Unverified: text.
        return Err(fault::invalid_parameter(
            "EnablePropagateAdditionalUserContextData requires a client with a secret.",
        ));
    }
    oauth::check(pool, &client.detail, change.is_confidential)?;
    tiers::check_client(pool, &client.detail)?;
    Ok(client)
}

/// A list without repetitions, in the order of the request; an empty one counts as none.
fn distinct<T: Clone + Ord>(items: Option<Vec<T>>) -> Option<Vec<T>> {
    let mut seen = BTreeSet::new();
    let items: Vec<T> = items?.into_iter().filter(|item| seen.insert(item.clone())).collect();
    (!items.is_empty()).then_some(items)
}

/// Whoever names one unit is shown all three; whoever names none is shown none. Seen in Terraform's tests.
fn units(units: Option<TokenValidityUnitsType>) -> TokenValidityUnitsType {
    let units = units.unwrap_or_default();
    if units == TokenValidityUnitsType::default() {
        return units;
    }
    TokenValidityUnitsType {
        access_token: units.access_token.or(Some(TimeUnitsType::Hours)),
        id_token: units.id_token.or(Some(TimeUnitsType::Hours)),
        refresh_token: units.refresh_token.or(Some(TimeUnitsType::Days)),
    }
}

/// The number in the client's unit; none and 0 mean thirty days.
fn refresh_validity(validity: Option<i32>, detail: &UserPoolClientType) -> Option<i32> {
    let unit = detail.token_validity_units.as_ref().and_then(|u| u.refresh_token);
    let default = REFRESH_TOKEN_DEFAULT_SECONDS / unit_seconds(unit.unwrap_or(TimeUnitsType::Days));
    validity.filter(|v| *v > 0).or(i32::try_from(default).ok())
}

fn check_validities(client: &Client) -> Result<()> {
    let validity = client.token_validity();
    let in_range = TOKEN_SECONDS.contains(&validity.access_seconds)
        && TOKEN_SECONDS.contains(&validity.id_seconds)
        && REFRESH_TOKEN_SECONDS.contains(&validity.refresh_seconds);
    // Unverified: that the refresh token must outlive the others.
    if !in_range || validity.refresh_seconds < validity.access_seconds.max(validity.id_seconds) {
        return Err(fault::token_validity_range());
    }
    Ok(())
}

/// A turned-off rotation is described with a grace period of 0. Seen in Terraform's issues.
fn rotation(rotation: RefreshTokenRotationType) -> RefreshTokenRotationType {
    match rotation.feature {
        FeatureType::Enabled => rotation,
        FeatureType::Disabled => RefreshTokenRotationType { retry_grace_period_seconds: Some(0), ..rotation },
    }
}

/// An application named by its ARN is used through the service's own role.
fn analytics(
    analytics: Option<AnalyticsConfigurationType>,
    pool: &Pool,
) -> Option<AnalyticsConfigurationType> {
    let mut analytics = analytics.filter(|a| *a != AnalyticsConfigurationType::default())?;
    let account = pool.detail.arn.as_deref().and_then(|arn| arn.split(':').nth(4)).unwrap_or_default();
    if analytics.application_arn.is_some() && analytics.role_arn.is_none() {
        analytics.role_arn = Some(format!(
            "arn:aws:iam::{account}:role/aws-service-role/cognito-idp.amazonaws.com/AWSServiceRoleForAmazonCognitoIdp"
        ));
    }
    analytics.user_data_shared = analytics.user_data_shared.or(Some(false));
    Some(analytics)
}

/// Attributes exist; what users must have can be written, what only the server sets cannot.
fn check_attributes(pool: &Pool, detail: &UserPoolClientType, change: &str) -> Result<()> {
    let read = detail.read_attributes.as_deref().unwrap_or_default();
    if read.iter().any(|name| pool.schema_attribute(name).is_none()) {
        return Err(fault::client_attributes("read", change));
    }
    let Some(write) = &detail.write_attributes else { return Ok(()) };
    let is_writable = |name: &String| {
        !matches!(name.as_str(), "sub" | "email_verified" | "phone_number_verified" | "identities")
            && pool.schema_attribute(name).is_some_and(|a| a.developer_only_attribute != Some(true))
    };
    let lacks_required = pool
        .schema()
        .iter()
        .filter(|a| a.required == Some(true))
        .filter_map(|a| a.name.as_ref())
        .any(|name| name != "sub" && !write.contains(name));
    if lacks_required || !write.iter().all(is_writable) {
        return Err(fault::client_attributes("write", change));
    }
    Ok(())
}

/// Which flows go together.
fn check_flows(detail: &UserPoolClientType, is_confidential: bool) -> Result<()> {
    let flows = detail.explicit_auth_flows.as_deref().unwrap_or_default();
    let new_names = flows.iter().filter(|flow| flow.as_str().starts_with("ALLOW_")).count();
    if new_names > 0 && new_names < flows.len() {
        // Unverified: text.
        return Err(fault::invalid_parameter(
            "ADMIN_NO_SRP_AUTH, CUSTOM_AUTH_FLOW_ONLY and USER_PASSWORD_AUTH cannot be used together with \
             ExplicitAuthFlows that begin with ALLOW_.",
        ));
    }
    if flows.contains(&ExplicitAuthFlowsType::AllowClientTokenAuth) && (flows.len() > 1 || !is_confidential) {
        // Unverified: text.
        return Err(fault::invalid_parameter(
            "ALLOW_CLIENT_TOKEN_AUTH must be the only flow of a client with a secret.",
        ));
    }
    let rotates = detail.refresh_token_rotation.as_ref().is_some_and(|r| r.feature == FeatureType::Enabled);
    if rotates && flows.contains(&ExplicitAuthFlowsType::AllowRefreshTokenAuth) {
        // Unverified: text.
        return Err(fault::invalid_parameter(
            "Refresh token rotation cannot be enabled for a client with ALLOW_REFRESH_TOKEN_AUTH.",
        ));
    }
    Ok(())
}
