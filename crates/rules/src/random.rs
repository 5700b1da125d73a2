//! Where random bytes come from: handed in by the caller, because `rules` has no generator of its own.

use crate::Millis;
use uuid::Builder;
use zeroize::Zeroizing;

const DIGITS: &[u8] = b"0123456789";

/// A source of random bytes. The server's is the operating system's generator; a test's is predictable.
///
/// Functions of this crate take it as `&mut dyn Random`. The provided methods never favor a value: what does
/// not divide evenly is drawn again.
pub trait Random {
    /// Overwrites all of `bytes`.
    fn fill(&mut self, bytes: &mut [u8]);

    /// `N` random bytes.
    fn array<const N: usize>(&mut self) -> [u8; N]
    where
        Self: Sized,
    {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A number from 0 to `bound - 1`.
    ///
    /// # Panics
    /// When `bound` is not from 1 to 256.
    fn below(&mut self, bound: usize) -> usize {
        assert!((1..=256).contains(&bound), "a random byte cannot be below {bound}");
        let fair = 256 - 256 % bound;
        loop {
            let mut byte = Zeroizing::new([0]);
            self.fill(&mut *byte);
            if usize::from(byte[0]) < fair {
                return usize::from(byte[0]) % bound;
            }
        }
    }

    /// `count` characters of `alphabet`, which is ASCII and without repetitions.
    ///
    /// # Panics
    /// When `alphabet` is empty, longer than 256 or not ASCII.
    fn string(&mut self, count: usize, alphabet: &[u8]) -> String {
        assert!(alphabet.is_ascii(), "an alphabet is ASCII");
        let mut text = String::with_capacity(count);
        for _ in 0..count {
            text.push(char::from(alphabet[self.below(alphabet.len())]));
        }
        text
    }

    /// A code of `count` decimal digits, leading zeros included.
    fn digits(&mut self, count: usize) -> String {
        self.string(count, DIGITS)
    }

    /// A random UUID (RFC 9562 §5.4) in lower case.
    fn uuid_v4(&mut self) -> String {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    /// A UUID that begins with the time (RFC 9562 §5.7), in lower case. `now_ms` is in milliseconds since
    /// 1970, of which the low 48 bits are kept. Two made in the same millisecond have no order.
    fn uuid_v7(&mut self, now_ms: Millis) -> String {
        let mut bytes = [0; 10];
        self.fill(&mut bytes);
        Builder::from_unix_timestamp_millis(now_ms.cast_unsigned(), &bytes).into_uuid().to_string()
    }
}

/// SplitMix64, for tests: the same seed gives the same bytes.
#[cfg(test)]
pub(crate) struct Seeded(pub u64);

#[cfg(test)]
impl Random for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (z ^ (z >> 31)) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives the bytes listed, then panics.
    struct Listed<'a>(std::slice::Iter<'a, u8>);

    impl Random for Listed<'_> {
        fn fill(&mut self, bytes: &mut [u8]) {
            bytes.fill_with(|| *self.0.next().expect("more bytes drawn than listed"));
        }
    }

    fn listed(bytes: &[u8]) -> Listed<'_> {
        Listed(bytes.iter())
    }

    #[test]
    fn draws_again_what_does_not_divide_evenly() {
        assert_eq!(listed(&[250, 255, 249, 0, 19]).digits(3), "909");
        assert_eq!(listed(&[255, 252, 7, 251]).string(2, b"abcdef"), "bf");
        assert_eq!(listed(&[255]).below(256), 255);
        assert_eq!(listed(&[9]).below(1), 0);
    }

    #[test]
    fn reaches_every_value_about_as_often() {
        let mut random = Seeded(7);
        let mut counts = [0; 10];
        for digit in random.digits(100_000).bytes() {
            counts[usize::from(digit - b'0')] += 1;
        }
        // Five standard deviations (95 each) around 10,000.
        assert!(counts.iter().all(|count| (9_525..=10_475).contains(count)), "{counts:?}");
    }

    #[test]
    fn works_as_a_trait_object() {
        let random: &mut dyn Random = &mut Seeded(1);
        assert_eq!(random.digits(6).len(), 6);
        assert_ne!(Seeded(1).array::<16>(), Seeded(2).array::<16>());
    }

    #[test]
    fn spells_uuids() {
        let all_ones = || listed(&[255; 16]);
        assert_eq!(all_ones().uuid_v4(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(all_ones().uuid_v7(0x0123_4567_89ab), "01234567-89ab-7fff-bfff-ffffffffffff");
        assert_eq!(listed(&[0; 16]).uuid_v4(), "00000000-0000-4000-8000-000000000000");
        assert_eq!(listed(&[0; 10]).uuid_v7(1), "00000000-0001-7000-8000-000000000000");
        assert!(Seeded(1).uuid_v7(1_700_000_000_000) < Seeded(0).uuid_v7(1_700_000_000_001));
    }
}
