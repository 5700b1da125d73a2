//! Refresh tokens: which one is good, and what a rotated-out one means.

use super::Grant;
use crate::{
    Millis, Result, fault,
    pool::{Client, Pool},
    user::{User, device},
};
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

/// A genuine refresh token, and what came with it.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// Which of the grant's refresh tokens it is.
    pub generation: i64,
    /// The device that the client says it is.
    pub device_key: Option<&'a str>,
}

/// Decides about a genuine refresh token. One that was used before ends the grant whatever device it comes from;
/// everything else takes the device that signed in, where the pool tracks devices.
///
/// # Errors
/// NotAuthorizedException when the grant has ended, or is another client's or device's.
pub fn check(
    grant: &Grant,
    presented: Presented<'_>,
    (pool, client): (&Pool, &Client),
    user: Option<&User>,
    now: Millis,
) -> Result<Refresh> {
    let generation = presented.generation;
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
    let decision = decide(grant, generation, grace, now);
    if decision != Refresh::Reuse && !is_from_its_device(grant, pool, presented.device_key) {
        return Err(fault::refresh_token_invalid().because("the device's key is missing or another's"));
    }
    Ok(decision)
}

/// Whether the client is the device that signed in. A sign-in from before the pool tracked devices has none, and is
/// asked for none.
fn is_from_its_device(grant: &Grant, pool: &Pool, said: Option<&str>) -> bool {
    grant.device_key.is_none() || said == grant.device_key.as_deref() || !device::tracks(pool)
}

fn decide(grant: &Grant, generation: i64, grace: Option<i64>, now: Millis) -> Refresh {
    if generation == grant.generation {
        // Without a grace period there is no moment at which the old token is good, not even one that another
        // node or thread, whose clock is a little behind, still takes for the present.
        let until = |seconds: i64| if seconds > 0 { now + seconds * 1_000 } else { 0 };
        return grace.map_or(Refresh::Keep, |seconds| Refresh::Rotate { previous_until: until(seconds) });
    }
    let within_grace =
        generation + 1 == grant.generation && grant.previous_until.is_some_and(|until| now < until);
    if within_grace { Refresh::Repeat } else { Refresh::Reuse }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::samples;
    use spec::cognito_idp::{DeviceConfigurationType, RefreshTokenRotationType};

    fn grant(device_key: Option<&str>) -> Grant {
        Grant {
            id: "g".into(),
            pool_id: "us-east-1_Sample001".into(),
            client_id: "client".into(),
            sub: "the-sub".into(),
            authenticated_at: 0,
            expires_at: 1_000_000,
            revoked_at: None,
            nonce: Vec::new(),
            generation: 2,
            previous_until: Some(500),
            sign_outs: 0,
            device_key: device_key.map(str::to_owned),
            last_active_at: None,
            facts: Default::default(),
        }
    }

    #[test]
    fn only_the_device_that_signed_in_refreshes() {
        let mut tracking = samples::pool(&[], &[]);
        let mut plain = tracking.clone();
        plain.detail.device_configuration = Some(DeviceConfigurationType::default());
        tracking.detail.device_configuration = Some(DeviceConfigurationType {
            challenge_required_on_new_device: Some(false),
            ..Default::default()
        });
        let user = samples::user(&[]);
        let keeps = samples::client(&[], &[]);
        let mut rotates = keeps.clone();
        rotates.detail.refresh_token_rotation = Some(RefreshTokenRotationType {
            feature: FeatureType::Enabled,
            retry_grace_period_seconds: Some(10),
        });
        let (keep, rotate) = (Refresh::Keep, Refresh::Rotate { previous_until: 10_100 });
        for (pool, client, device, generation, said, expected) in [
            (&tracking, &keeps, Some("k"), 2, Some("k"), Some(keep)),
            (&tracking, &keeps, Some("k"), 2, None, None),
            (&tracking, &keeps, Some("k"), 2, Some("other"), None),
            (&tracking, &keeps, Some("k"), 2, Some("K"), None),
            (&tracking, &keeps, None, 2, None, Some(keep)),
            (&tracking, &keeps, None, 2, Some("k"), Some(keep)),
            (&plain, &keeps, Some("k"), 2, None, Some(keep)),
            (&plain, &keeps, Some("k"), 2, Some("other"), Some(keep)),
            (&tracking, &rotates, Some("k"), 2, Some("k"), Some(rotate)),
            (&tracking, &rotates, Some("k"), 2, None, None),
            (&tracking, &rotates, Some("k"), 1, Some("k"), Some(Refresh::Repeat)),
            (&tracking, &rotates, Some("k"), 1, Some("other"), None),
            (&tracking, &rotates, Some("k"), 0, Some("k"), Some(Refresh::Reuse)),
            (&tracking, &rotates, Some("k"), 0, Some("other"), Some(Refresh::Reuse)),
            (&tracking, &rotates, Some("k"), 0, None, Some(Refresh::Reuse)),
        ] {
            let presented = Presented { generation, device_key: said };
            let decision = check(&grant(device), presented, (pool, client), Some(&user), 100);
            assert_eq!(decision.ok(), expected, "{device:?} {generation} {said:?}");
        }
    }
}
