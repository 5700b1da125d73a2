//! Powers of one base, with all its squarings made beforehand (Handbook of Applied Cryptography, 14.109).

use std::sync::Arc;

use subtle::{ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::{
    Modulus, Residue,
    big::{Big, Scratch},
};

/// How many values four bits of an exponent have.
const DIGITS: usize = 16;
const WORD_BYTES: usize = 8;

/// A table of powers of one public base: `base ^ (digit · 16 ^ position)` for every digit at every position of an
/// exponent. A power is then one multiplication per digit.
pub struct FixedBase {
    modulus: Arc<Modulus>,
    exponent_bytes: usize,
    words: usize,
    /// In Montgomery form, position after position, digit after digit, the most significant word first.
    table: Vec<u64>,
}

impl FixedBase {
    /// Makes the table for exponents of `exponent_bytes` bytes; it takes `32 · exponent_bytes` times the modulus' length.
    pub fn new(modulus: Arc<Modulus>, base: &[u8], exponent_bytes: usize) -> FixedBase {
        let words = modulus.byte_width().div_ceil(WORD_BYTES);
        let mut table = Vec::with_capacity(exponent_bytes * 2 * DIGITS * words);
        let mut scratch = Scratch::new();
        let mut step = modulus.montgomery.to_form(&modulus.montgomery.reduce(base));
        for _ in 0..exponent_bytes * 2 {
            let mut power = modulus.montgomery.to_form(&Big::from_bytes(&[1]));
            for _ in 0..DIGITS {
                let bytes = power.to_bytes(words * WORD_BYTES);
                table.extend(bytes.as_chunks().0.iter().map(|word| u64::from_be_bytes(*word)));
                power = modulus.montgomery.mul_forms(&power, &step, &mut scratch);
            }
            // The step times its fifteenth power has come out of the loop: its sixteenth.
            step = power;
        }
        FixedBase { modulus, exponent_bytes, words, table }
    }

    /// `base ^ exponent mod N`, whose time and memory accesses tell nothing of the exponent.
    ///
    /// # Panics
    /// When the exponent has another length than the table was made for.
    pub fn exp_secret(&self, exponent: &[u8]) -> Residue {
        assert_eq!(exponent.len(), self.exponent_bytes, "an exponent of another length");
        let montgomery = &self.modulus.montgomery;
        let digits = exponent.iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
        let mut scratch = Scratch::new();
        let mut chosen = Chosen::new(self.words);
        let mut product = montgomery.to_form(&Big::from_bytes(&[1]));
        for (digit, powers) in digits.zip(self.table.chunks_exact(DIGITS * self.words)) {
            product = montgomery.mul_forms(&product, &chosen.power(powers, digit), &mut scratch);
        }
        self.modulus.bytes(&montgomery.number_of(&product))
    }
}

/// Room for the power of a digit, wiped when dropped.
struct Chosen {
    words: Zeroizing<Vec<u64>>,
    bytes: Zeroizing<Vec<u8>>,
}

impl Chosen {
    fn new(words: usize) -> Chosen {
        Chosen { words: Zeroizing::new(vec![0; words]), bytes: Zeroizing::new(vec![0; words * WORD_BYTES]) }
    }

    /// The power of this digit. Every one is read, so that the processor's caches learn nothing.
    fn power(&mut self, powers: &[u64], digit: u8) -> Big {
        for (index, power) in (0..).zip(powers.chunks_exact(self.words.len())) {
            let is_it = digit.ct_eq(&index);
            for (word, candidate) in self.words.iter_mut().zip(power) {
                word.conditional_assign(candidate, is_it);
            }
        }
        for (bytes, word) in self.bytes.as_chunks_mut().0.iter_mut().zip(self.words.iter()) {
            *bytes = word.to_be_bytes();
        }
        Big::from_bytes(&self.bytes)
    }
}

impl std::fmt::Debug for FixedBase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FixedBase({} bytes of exponent)", self.exponent_bytes)
    }
}
