//! What the rounds brought to light.

use std::{fmt, sync::Mutex};

/// How something can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// An acknowledged change is not there.
    Lost,
    /// A change is there in part.
    HalfMade,
    /// A code, session or refresh token was taken again, or what was ended lives.
    SpentTwice,
    /// Anything else that should not be.
    Unexpected,
}

/// Counts of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Changes that the server acknowledged.
    pub acknowledged: u64,
    /// Changes that were never answered.
    pub unanswered: u64,
    /// How many of these had happened.
    pub happened: u64,
    pub lost: u64,
    pub half_made: u64,
    pub spent_twice: u64,
    pub unexpected: u64,
}

impl Counts {
    pub fn wrong(&self) -> u64 {
        self.lost + self.half_made + self.spent_twice + self.unexpected
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} acknowledged, {} unanswered of which {} happened; {} lost, {} half-made, {} spent twice, {} unexpected",
            self.acknowledged,
            self.unanswered,
            self.happened,
            self.lost,
            self.half_made,
            self.spent_twice,
            self.unexpected
        )
    }
}

/// The counts of a run, to which all its threads add.
#[derive(Default)]
pub struct Findings(Mutex<Counts>);

impl Findings {
    pub fn counts(&self) -> Counts {
        *self.0.lock().expect("no thread panics with it")
    }

    pub fn acknowledged(&self) {
        self.change(|counts| counts.acknowledged += 1);
    }

    pub fn unanswered(&self) {
        self.change(|counts| counts.unanswered += 1);
    }

    pub fn happened(&self) {
        self.change(|counts| counts.happened += 1);
    }

    /// Counts what is wrong and says it at once.
    pub fn report(&self, wrong: Wrong, what: &str) {
        println!("WRONG ({wrong:?}): {what}");
        self.change(|counts| match wrong {
            Wrong::Lost => counts.lost += 1,
            Wrong::HalfMade => counts.half_made += 1,
            Wrong::SpentTwice => counts.spent_twice += 1,
            Wrong::Unexpected => counts.unexpected += 1,
        });
    }

    fn change(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.0.lock().expect("no thread panics with it"));
    }
}
