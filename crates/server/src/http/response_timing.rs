//! Cadence: answers whose time could tell a stranger which names exist leave at whole multiples of a fixed time after
//! their call came. What is read, opened and written for a user and for an invented name costs nearly the same but not
//! quite, and on another day or disk something else; in cadence it does not show.

use serde_json::Value;
use spec::cognito_idp::Operation;
use std::time::{Duration, Instant};

/// For sign-ins: each call of SRP takes up to two milliseconds. The hash of a password in clear takes longer and varies
/// more than all the rest, but who is locked out is refused without one.
const SIGN_IN: Duration = Duration::from_millis(5);
/// For what keeps a code and a message, or only says so, and waits for the disk.
const MESSAGE: Duration = Duration::from_millis(20);

/// The period at whose end an answer left, among the extensions of each answer: a test cannot tell it by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cadence(pub Option<Duration>);

/// The period of a call, by its operation and its checked input.
pub fn of(operation: Operation, input: &Value) -> Option<Duration> {
    match operation {
        Operation::InitiateAuth => {
            let flow = input["AuthFlow"].as_str();
            matches!(flow, Some("USER_SRP_AUTH" | "USER_PASSWORD_AUTH")).then_some(SIGN_IN)
        }
        Operation::RespondToAuthChallenge => {
            (input["ChallengeName"] == "PASSWORD_VERIFIER").then_some(SIGN_IN)
        }
        Operation::ForgotPassword
        | Operation::ConfirmForgotPassword
        | Operation::ConfirmSignUp
        | Operation::ResendConfirmationCode => Some(MESSAGE),
        _ => None,
    }
}

/// Waits for the end of the period that a call is in which began then.
pub async fn wait(began: Instant, period: Duration) {
    tokio::time::sleep_until((began + rounded_up(began.elapsed(), period)).into()).await;
}

fn rounded_up(took: Duration, period: Duration) -> Duration {
    let periods = took.as_nanos().div_ceil(period.as_nanos()).max(1);
    period.saturating_mul(u32::try_from(periods).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_periods() {
        let millis = Duration::from_millis;
        assert_eq!(rounded_up(Duration::ZERO, millis(5)), millis(5));
        assert_eq!(rounded_up(Duration::from_micros(300), millis(5)), millis(5));
        assert_eq!(rounded_up(millis(5), millis(5)), millis(5));
        assert_eq!(rounded_up(Duration::from_micros(5_001), millis(5)), millis(10));
    }
}
