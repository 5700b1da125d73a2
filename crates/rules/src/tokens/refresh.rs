//! Refresh tokens: which one is good, and what a rotated-out one means.

use super::Grant;
use crate::{Millis, Result, fault, pool::Client, user::User};
use spec::cognito_idp::FeatureType;

/// What a refresh does to the grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// The refresh token stays.
    Keep,
    /// The next refresh token takes its place; this one is taken until then.
    Rotate {
        /// Milliseconds since 1970.
        previous_until: Millis,
    },
    /// The client repeats itself within the grace period and gets the present refresh token again.
    Repeat,
    /// A rotated-out token after its grace period: somebody else may hold it, so the grant ends.
    Reuse,
}

/// How long the refresh token before is taken after a rotation, in seconds; none without rotation.
pub fn rotation_grace_seconds(client: &Client) -> Option<i64> {
    let rotation = client.detail.refresh_token_rotation.as_ref()?;
    (rotation.feature == FeatureType::Enabled)
        .then(|| i64::from(rotation.retry_grace_period_seconds.unwrap_or(0)))
}

/// Decides about a genuine refresh token of `generation`.
///
/// # Errors
/// NotAuthorizedException when the grant has ended or is another client's.
pub fn check(
    grant: &Grant,
    generation: i64,
    client: &Client,
    user: Option<&User>,
    now: Millis,
) -> Result<Refresh> {
    if grant.client_id != client.id || grant.pool_id != client.pool_id {
        return Err(fault::refresh_token_invalid());
    }
    let user = user.ok_or_else(fault::refresh_token_invalid)?;
    if grant.revoked_at.is_some() || grant.sign_outs != user.sign_outs {
        return Err(fault::refresh_token_revoked());
    }
    if grant.expires_at <= now {
        return Err(fault::refresh_token_expired());
    }
    if !user.enabled {
        return Err(fault::user_is_disabled());
    }
    let grace = rotation_grace_seconds(client);
    if generation == grant.generation {
        // Without a grace period there is no moment at which the old token is good, not even one that another
        // node or thread, whose clock is a little behind, still takes for the present.
        let until = |seconds: i64| if seconds > 0 { now + seconds * 1_000 } else { 0 };
        return Ok(grace.map_or(Refresh::Keep, |seconds| Refresh::Rotate { previous_until: until(seconds) }));
    }
    let within_grace =
        generation + 1 == grant.generation && grant.previous_until.is_some_and(|until| now < until);
    Ok(if within_grace { Refresh::Repeat } else { Refresh::Reuse })
}
