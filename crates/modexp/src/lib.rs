//! Arithmetic modulo one fixed odd number, over aws-lc's big numbers: what SRP needs and nothing else.
//!
//! Numbers come in as big-endian bytes of any length and any value, and are reduced first. They go out as
//! big-endian bytes of exactly [`Modulus::byte_width`], in a buffer that is wiped when dropped.
//!
//! All `unsafe` code of this crate stands in `big.rs`; this file states in safe code the order of calls that keeps
//! its preconditions.
//!
//! # Panics
//! Every function panics when memory runs out inside aws-lc, as it has no other way to fail with the
//! arguments given here. Nothing leaks and nothing is left half done: the numbers are freed on unwinding.

#[allow(unsafe_code)]
mod big;
mod fixed_base;
#[cfg(test)]
mod tests;

use big::{Big, Montgomery};
pub use fixed_base::FixedBase;
use zeroize::Zeroizing;

/// A number below the modulus: big-endian, [`Modulus::byte_width`] bytes, wiped when dropped.
pub type Residue = Zeroizing<Vec<u8>>;

/// The longest modulus accepted, in bytes (16,384 bits).
pub const MODULUS_BYTES_MAX: usize = 2048;

/// The number given cannot be a modulus: it is even, below 3, or longer than [`MODULUS_BYTES_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadModulus;

/// A public odd modulus with its Montgomery constants; made once, then shared by all threads.
pub struct Modulus {
    montgomery: Montgomery,
    byte_width: usize,
}

impl Modulus {
    /// Precomputes the constants of the big-endian number `modulus`, whose leading zeros do not count.
    pub fn new(modulus: &[u8]) -> Result<Self, BadModulus> {
        let first = modulus.iter().position(|&byte| byte != 0).ok_or(BadModulus)?;
        let digits = &modulus[first..];
        let is_odd = digits.last().is_some_and(|byte| byte & 1 == 1);
        if !is_odd || digits == [1] || digits.len() > MODULUS_BYTES_MAX {
            return Err(BadModulus);
        }
        Ok(Self { montgomery: Montgomery::new(Big::from_bytes(digits)), byte_width: digits.len() })
    }

    /// The length in bytes of every number that this modulus gives back.
    pub fn byte_width(&self) -> usize {
        self.byte_width
    }

    /// `value mod N`. Takes the same time for every `value` below N of the same length.
    pub fn reduce(&self, value: &[u8]) -> Residue {
        self.bytes(&self.montgomery.reduce(value))
    }

    /// Whether N divides `value`.
    pub fn is_zero_mod(&self, value: &[u8]) -> bool {
        self.montgomery.reduce(value).is_zero()
    }

    /// `base ^ exponent mod N`, whose time and memory accesses tell nothing of either but their lengths:
    /// a secret exponent is handed over at its full width, leading zeros included.
    pub fn exp_secret(&self, base: &[u8], exponent: &[u8]) -> Residue {
        let base = self.montgomery.reduce(base);
        self.bytes(&self.montgomery.exp_consttime(&base, &Big::from_bytes(exponent)))
    }

    /// `base ^ exponent mod N` for an exponent that anyone may know; the time depends on it. `base` may be
    /// secret.
    pub fn exp_public(&self, base: &[u8], exponent: &[u8]) -> Residue {
        let base = self.montgomery.reduce(base);
        self.bytes(&self.montgomery.exp_vartime(&base, &Big::from_bytes(exponent)))
    }

    /// `a · b mod N`, in constant time for reduced operands.
    pub fn mul_mod(&self, a: &[u8], b: &[u8]) -> Residue {
        self.bytes(&self.montgomery.mul(&self.montgomery.reduce(a), &self.montgomery.reduce(b)))
    }

    /// `a + b mod N`, in constant time for reduced operands.
    pub fn add_mod(&self, a: &[u8], b: &[u8]) -> Residue {
        self.bytes(&self.montgomery.add(&self.montgomery.reduce(a), &self.montgomery.reduce(b)))
    }

    /// `a − b mod N`, never negative, in constant time for reduced operands.
    pub fn sub_mod(&self, a: &[u8], b: &[u8]) -> Residue {
        self.bytes(&self.montgomery.sub(&self.montgomery.reduce(a), &self.montgomery.reduce(b)))
    }

    fn bytes(&self, residue: &Big) -> Residue {
        residue.to_bytes(self.byte_width)
    }
}

impl std::fmt::Debug for Modulus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Modulus({} bits at most)", self.byte_width * 8)
    }
}
