//! Devices that prove themselves within a sign-in.

use super::{Challenge, Factor, Facts, SignIn};
use crate::pool::Pool;

impl SignIn {
    /// The device's question, where the device is remembered and has not proved itself. D: it follows a password or a
    /// custom challenge, and a device that is merely confirmed is not asked.
    pub(super) fn device_challenge(&self, facts: &Facts<'_>) -> Option<Challenge> {
        let follows = self.passed.iter().any(|factor| matches!(factor, Factor::Password | Factor::Custom));
        let is_remembered = facts.device.is_some_and(|device| device.detail.remembered);
        (follows && is_remembered && !self.passed.contains(&Factor::Device)).then_some(Challenge::DeviceSrp)
    }

    /// Whether the device has proved itself in place of a second factor, and is remembered still.
    pub(super) fn device_replaces_second_factor(&self, facts: &Facts<'_>) -> bool {
        let is_remembered = facts.device.is_some_and(|device| device.detail.remembered);
        is_remembered && replaces_second_factor(facts.pool) && self.passed.contains(&Factor::Device)
    }
}

/// Whether a remembered device takes the place of a second factor (ChallengeRequiredOnNewDevice).
pub(super) fn replaces_second_factor(pool: &Pool) -> bool {
    let configuration = pool.detail.device_configuration.as_ref();
    configuration.is_some_and(|c| c.challenge_required_on_new_device == Some(true))
}
