//! The lock after wrong passwords and codes: five are free, then each further one doubles the waiting.

use crate::{Millis, Result, fault};

/// How many failures in a row start the lock.
const FREE_FAILURES: i64 = 5;
/// The longest lock, and how long without attempts until all is forgotten: 15 minutes.
const FORGOTTEN_AFTER_MS: Millis = 15 * 60 * 1_000;

/// Failures in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: i64,
    /// When the last one was.
    pub last_at: Millis,
}

/// Refuses while the lock lasts; attempts then do not count.
///
/// # Errors
/// NotAuthorizedException `Password attempts exceeded`.
pub fn check(failures: Failures, now: Millis) -> Result<()> {
    if now < locked_until(failures) { Err(fault::password_attempts_exceeded()) } else { Ok(()) }
}

/// The failures after one more.
pub fn after_failure(failures: Failures, now: Millis) -> Failures {
    let forgotten = now - failures.last_at >= FORGOTTEN_AFTER_MS;
    Failures { count: if forgotten { 1 } else { failures.count.saturating_add(1) }, last_at: now }
}

/// 2^(n−5) seconds after the n-th failure, at most 15 minutes.
fn locked_until(failures: Failures) -> Millis {
    if failures.count < FREE_FAILURES {
        return 0;
    }
    let doublings = u32::try_from(failures.count - FREE_FAILURES).unwrap_or(u32::MAX).min(10);
    failures.last_at + (1_000_i64 << doublings).min(FORGOTTEN_AFTER_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_doubles_and_is_forgotten() {
        let mut failures = Failures::default();
        let now = 1_000_000_000;
        for _ in 0..4 {
            failures = after_failure(failures, now);
            assert!(check(failures, now).is_ok());
        }
        for (count, seconds) in [(5, 1), (6, 2), (7, 4), (8, 8), (14, 512), (15, 900), (500, 900)] {
            let failures = Failures { count, last_at: now };
            assert!(check(failures, now + seconds * 1_000 - 1).is_err(), "{count}");
            assert!(check(failures, now + seconds * 1_000).is_ok(), "{count}");
        }
        let failures = Failures { count: 9, last_at: now };
        assert_eq!(after_failure(failures, now + FORGOTTEN_AFTER_MS).count, 1);
        assert_eq!(after_failure(failures, now + FORGOTTEN_AFTER_MS - 1).count, 10);
    }
}
