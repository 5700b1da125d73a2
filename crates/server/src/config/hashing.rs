//! What a password hash costs.

/// What an Argon2id hash costs, with one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashing {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
}

impl Default for Hashing {
    /// OWASP's first recommendation.
    fn default() -> Hashing {
        Hashing { memory_kib: 19 * 1024, passes: 2 }
    }
}
