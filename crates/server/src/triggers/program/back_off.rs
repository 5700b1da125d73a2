//! How long a program that could not be started is left alone.

use super::{super::invocation::Failure, versions::Version};
use std::time::Duration;
use tokio::time::Instant;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The failures to start in a row.
#[derive(Default)]
pub(super) struct BackOff {
    last: Option<Last>,
}

struct Last {
    failure: Failure,
    version: Version,
    pause: Duration,
    at: Instant,
}

impl BackOff {
    /// Refuses while a pause lasts, unless the files have changed since.
    pub(super) fn check(&self, now: Instant, version: &Version) -> Result<(), Failure> {
        match &self.last {
            Some(last) if now < last.at + last.pause && last.version == *version => Err(last.failure.clone()),
            _ => Ok(()),
        }
    }

    /// Counts a start at `started`, and says for how long there is none. Of those that were tried side by side one
    /// counts.
    pub(super) fn failed(&mut self, now: Instant, started: Instant, failure: Failure, version: &Version) {
        let pause = match &self.last {
            Some(last) if started < last.at => last.pause,
            Some(last) if last.version == *version => (last.pause * 2).min(LONGEST_PAUSE),
            _ => FIRST_PAUSE,
        };
        self.last = Some(Last { failure, version: version.clone(), pause, at: now });
    }

    pub(super) fn succeeded(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(count: usize) -> Vec<u128> {
        let (mut back_off, version, mut now) = (BackOff::default(), Version::default(), Instant::now());
        let mut pauses = Vec::new();
        for _ in 0..count {
            assert!(back_off.check(now, &version).is_ok());
            back_off.failed(now, now, Failure::Busy, &version);
            let pause = (0..)
                .map(|step| step * 100)
                .find(|pause| back_off.check(now + Duration::from_millis(*pause), &version).is_ok());
            pauses.extend(pause.map(u128::from));
            now += LONGEST_PAUSE;
        }
        pauses
    }

    #[test]
    fn pauses_double_up_to_ten_seconds() {
        assert_eq!(pauses(9), [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    }

    #[test]
    fn starts_side_by_side_count_once_and_a_success_ends_the_pause() {
        let (mut back_off, version, now) = (BackOff::default(), Version::default(), Instant::now());
        let later = now + Duration::from_millis(10);
        back_off.failed(later, now, Failure::Busy, &version);
        back_off.failed(later, now, Failure::Busy, &version);
        assert!(back_off.check(later + FIRST_PAUSE, &version).is_ok());
        assert_eq!(back_off.check(later, &version), Err(Failure::Busy));
        back_off.succeeded();
        assert!(back_off.check(later, &version).is_ok());
    }
}
