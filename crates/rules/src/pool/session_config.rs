//! Whether a pool tracks sessions, how many a user may have, and how long a client reuses one of single sign-on.

use super::{Client, Pool, tiers};
use crate::{Millis, Result, fault};
use serde::{Deserialize, Serialize};
use spec::{
    Timestamp,
    cognito_idp::{
        ClientSSOSessionConfigType, GetUserPoolClientSessionConfigurationResponse,
        GetUserPoolSessionConfigurationResponse, SetUserPoolClientSessionConfigurationRequest,
        SetUserPoolSessionConfigurationRequest, UserPoolTokenSessionConfigType, UserSessionTrackingType,
    },
};

/// What SetUserPoolSessionConfiguration sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolSessions {
    /// Whether sign-ins become sessions that are listed and counted.
    pub tracked: bool,
    /// How many token sessions a user may have.
    pub max_per_user: i32,
}

impl Default for PoolSessions {
    /// D
    fn default() -> PoolSessions {
        PoolSessions { tracked: false, max_per_user: 20 }
    }
}

/// How long a client reuses a session of single sign-on that never said. D
const SSO_MINUTES_DEFAULT: i32 = 60;

/// The pool after SetUserPoolSessionConfiguration, which replaces all of it. The settings of clients stay while
/// tracking is off. D
///
/// # Errors
/// FeatureUnavailableInTierException, whatever is set. D
pub fn set(pool: &Pool, request: &SetUserPoolSessionConfigurationRequest, now: Millis) -> Result<Pool> {
    tiers::check_call(pool, tiers::Asked::SessionTracking)?;
    let mut pool = pool.clone();
    pool.sessions = PoolSessions {
        tracked: request.user_session_tracking == UserSessionTrackingType::Enabled,
        max_per_user: request.token_session.max_per_user,
    };
    // Unverified: whether this is a modification of the pool.
    pool.detail.last_modified_date = Some(Timestamp::from_millis(now));
    Ok(pool)
}

/// What GetUserPoolSessionConfiguration answers.
pub fn describe(pool: &Pool) -> GetUserPoolSessionConfigurationResponse {
    let PoolSessions { tracked, max_per_user } = pool.sessions;
    let tracking = if tracked { UserSessionTrackingType::Enabled } else { UserSessionTrackingType::Disabled };
    GetUserPoolSessionConfigurationResponse {
        user_pool_id: Some(pool.id.to_string()),
        user_session_tracking: Some(tracking),
        token_session: Some(UserPoolTokenSessionConfigType { max_per_user }),
    }
}

/// The client after SetUserPoolClientSessionConfiguration.
///
/// # Errors
/// FeatureUnavailableInTierException; OperationNotEnabledException where the pool does not track sessions.
pub fn set_client(
    pool: &Pool,
    client: &Client,
    request: &SetUserPoolClientSessionConfigurationRequest,
    now: Millis,
) -> Result<Client> {
    tiers::check_call(pool, tiers::Asked::SessionTracking)?;
    check_tracks(pool)?;
    let mut client = client.clone();
    client.sso_session_minutes = Some(request.sso_session.max_validity_minutes);
    client.detail.last_modified_date = Some(Timestamp::from_millis(now));
    Ok(client)
}

/// What GetUserPoolClientSessionConfiguration answers.
pub fn describe_client(client: &Client) -> GetUserPoolClientSessionConfigurationResponse {
    let max_validity_minutes = client.sso_session_minutes.unwrap_or(SSO_MINUTES_DEFAULT);
    GetUserPoolClientSessionConfigurationResponse {
        user_pool_id: Some(client.pool_id.to_string()),
        client_id: Some(client.id.to_string()),
        sso_session: Some(ClientSSOSessionConfigType { max_validity_minutes }),
    }
}

/// Refuses what needs sessions in a pool that does not track them.
///
/// # Errors
/// OperationNotEnabledException.
pub fn check_tracks(pool: &Pool) -> Result<()> {
    if pool.sessions.tracked { Ok(()) } else { Err(fault::sessions_not_tracked()) }
}
