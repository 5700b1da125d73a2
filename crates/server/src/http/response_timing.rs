//! Answers whose time could tell a stranger which names exist leave at whole multiples of a fixed time after their call
//! came; which ones and which time stands in the table of endpoints. What is read, opened and written for a user and for
//! an invented name costs nearly the same but not quite, and on another day or disk something else; at the end of a
//! period it does not show.

use std::time::{Duration, Instant};

/// The period at whose end an answer left, among the extensions of each answer: a test cannot tell it by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnsweredAtEndOf(pub Option<Duration>);

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
