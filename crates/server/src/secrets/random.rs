//! The one source of randomness.

use aws_lc_rs::rand;
use rules::Random;

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for randomness")]
    fn fill(&mut self, bytes: &mut [u8]) {
        // The generator fails only if the kernel has none; without it nothing safe can be done.
        rand::fill(bytes).expect("the operating system's random generator works");
    }
}
