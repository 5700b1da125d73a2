//! The time: the system's, or one that tests move.

use rules::Millis;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

/// Where the present comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The system's clock.
    System,
    /// The system's clock and how many milliseconds it was moved ahead, in development mode.
    Movable(Arc<AtomicI64>),
    /// Milliseconds since 1970, moved by whoever holds the other end; each question moves it by one, so that
    /// what happens later also has a later time.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// Milliseconds since 1970.
    pub fn now(&self) -> Millis {
        match self {
            Clock::System => system(),
            Clock::Movable(ahead) => system().saturating_add(ahead.load(Ordering::SeqCst)),
            Clock::Manual(now) => now.fetch_add(1, Ordering::SeqCst),
        }
    }

    /// Moves the clock; the system's own stays.
    pub fn advance(&self, ms: Millis) {
        match self {
            Clock::System => {}
            Clock::Movable(moved) | Clock::Manual(moved) => {
                moved.fetch_add(ms, Ordering::SeqCst);
            }
        }
    }

    /// How many milliseconds the clock is ahead of the system's, as far as that is known.
    pub fn ahead(&self) -> Millis {
        match self {
            Clock::Movable(ahead) => ahead.load(Ordering::SeqCst),
            Clock::System | Clock::Manual(_) => 0,
        }
    }

    /// Undoes what [`Clock::advance`] did to the system's clock.
    pub fn return_to_present(&self) {
        if let Clock::Movable(ahead) = self {
            ahead.store(0, Ordering::SeqCst);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
fn system() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
