//! Owned handles on aws-lc's numbers, and the few functions called on them. Invariants of the module:
//!
//! 1. Every pointer held came from the matching aws-lc constructor, is not null, is owned by exactly one
//!    handle, and is freed once, when that handle is dropped.
//! 2. Every [`Big`] is non-negative: it was read from bytes or is the result of a modular operation.
//! 3. A result is always a [`Big`] of its own, so that no call is given the same number to read and to write.
//! 4. Arguments called *reduced* are below the modulus. aws-lc checks this for exponentiation; for the other
//!    operations a broken promise could make a wrong number, never an access out of bounds.

use std::ffi::c_int;
use std::ptr::NonNull;

use aws_lc_sys as lc;
use zeroize::Zeroizing;

/// aws-lc's functions fail on memory and on arguments that this module never passes.
const OUT_OF_MEMORY: &str = "aws-lc has no memory for a number";

/// Ends the request if a call, made with valid arguments, reports failure by a 0.
fn expect_success(status: c_int) {
    assert!(status == 1, "{OUT_OF_MEMORY}");
}

/// A non-negative number, wiped when freed.
pub(crate) struct Big(NonNull<lc::BIGNUM>);

impl Big {
    fn new() -> Self {
        // SAFETY: BN_new has no preconditions. Its result is ours alone, or null, which is refused.
        Self(NonNull::new(unsafe { lc::BN_new() }).expect(OUT_OF_MEMORY))
    }

    /// The number with these big-endian bytes; no bytes are zero. Its internal width follows the length of
    /// `bytes`, not the value, which is what keeps leading zeros of a secret from showing.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        // SAFETY: the slice is valid for reads of its length (with length 0 nothing is read), and a null
        // third argument asks for a new number, which is ours alone. Null is the failure, and is refused.
        let number = unsafe { lc::BN_bin2bn(bytes.as_ptr(), bytes.len(), std::ptr::null_mut()) };
        Self(NonNull::new(number).expect(OUT_OF_MEMORY))
    }

    /// The number as exactly `width` big-endian bytes, which must be enough for it.
    pub(crate) fn to_bytes(&self, width: usize) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(vec![0; width]);
        // SAFETY: `bytes` is valid for writes of its own length, and `self` holds a live number
        // (invariant 1). A number too long for it is reported, not truncated and not written past the end.
        let status = unsafe { lc::BN_bn2bin_padded(bytes.as_mut_ptr(), bytes.len(), self.as_ptr()) };
        assert!(status == 1, "a number is wider than its modulus");
        bytes
    }

    pub(crate) fn is_zero(&self) -> bool {
        // SAFETY: `self` holds a live number (invariant 1), which is only read.
        unsafe { lc::BN_is_zero(self.as_ptr()) == 1 }
    }

    fn is_below(&self, other: &Self) -> bool {
        // SAFETY: both hold live numbers (invariant 1), which are only read. Comparing magnitudes is
        // comparing values, as neither is negative (invariant 2).
        unsafe { lc::BN_ucmp(self.as_ptr(), other.as_ptr()) < 0 }
    }

    fn as_ptr(&self) -> *const lc::BIGNUM {
        self.0.as_ptr()
    }

    fn as_mut_ptr(&mut self) -> *mut lc::BIGNUM {
        self.0.as_ptr()
    }
}

impl Drop for Big {
    fn drop(&mut self) {
        // SAFETY: the pointer is live and owned by this handle, which ends here (invariant 1).
        unsafe { lc::BN_clear_free(self.0.as_ptr()) }
    }
}

/// Room for the intermediate values of calls that follow one another; aws-lc wipes it when freed.
pub(crate) struct Scratch(NonNull<lc::BN_CTX>);

impl Scratch {
    pub(crate) fn new() -> Self {
        // SAFETY: BN_CTX_new has no preconditions. Its result is ours alone, or null, which is refused.
        Self(NonNull::new(unsafe { lc::BN_CTX_new() }).expect(OUT_OF_MEMORY))
    }

    fn as_mut_ptr(&mut self) -> *mut lc::BN_CTX {
        self.0.as_ptr()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: the pointer is live and owned by this handle, which ends here (invariant 1); no number
        // lent by it outlives the aws-lc call that borrowed it.
        unsafe { lc::BN_CTX_free(self.0.as_ptr()) }
    }
}

/// An odd modulus and its Montgomery constants, never changed after `new`.
pub(crate) struct Montgomery {
    modulus: Big,
    constants: NonNull<lc::BN_MONT_CTX>,
}

// SAFETY: both pointers are owned by this value alone (invariant 1), and aws-lc ties neither numbers nor
// Montgomery constants to a thread.
unsafe impl Send for Montgomery {}
// SAFETY: after `new`, both are handed to aws-lc through const pointers only. Its functions keep no hidden
// state in them (its own RSA keys share one BN_MONT_CTX among threads in the same way); whatever a call
// writes belongs to that call: its result, its Scratch, its stack.
unsafe impl Sync for Montgomery {}

impl Montgomery {
    /// Precomputes for `modulus`, which the caller has checked to be odd, above 1 and short enough.
    pub(crate) fn new(modulus: Big) -> Self {
        let mut scratch = Scratch::new();
        // SAFETY: both pointers are live (invariant 1). The constants hold a copy of the modulus, so that
        // moving or dropping `modulus` cannot leave them dangling. A bad modulus is null, and refused.
        let constants = unsafe { lc::BN_MONT_CTX_new_for_modulus(modulus.as_ptr(), scratch.as_mut_ptr()) };
        Self { modulus, constants: NonNull::new(constants).expect(OUT_OF_MEMORY) }
    }

    /// The number with these bytes, modulo the modulus.
    pub(crate) fn reduce(&self, bytes: &[u8]) -> Big {
        let number = Big::from_bytes(bytes);
        // A number already below is left as it is: division takes a time that depends on its operands.
        if number.is_below(&self.modulus) {
            return number;
        }
        let mut remainder = Big::new();
        let mut scratch = Scratch::new();
        // SAFETY: all four pointers are live and different from one another (invariants 1 and 3), and the
        // modulus is not zero.
        expect_success(unsafe {
            lc::BN_nnmod(remainder.as_mut_ptr(), number.as_ptr(), self.modulus.as_ptr(), scratch.as_mut_ptr())
        });
        remainder
    }

    /// `base ^ exponent` for a reduced `base`; neither is told by the time it takes.
    pub(crate) fn exp_consttime(&self, base: &Big, exponent: &Big) -> Big {
        let mut power = Big::new();
        let mut scratch = Scratch::new();
        // SAFETY: all pointers are live, and the written ones are apart from the read ones (invariants 1
        // and 3). The constants belong to this very modulus, which is odd and positive.
        expect_success(unsafe {
            lc::BN_mod_exp_mont_consttime(
                power.as_mut_ptr(),
                base.as_ptr(),
                exponent.as_ptr(),
                self.modulus.as_ptr(),
                scratch.as_mut_ptr(),
                self.constants.as_ptr(),
            )
        });
        power
    }

    /// `base ^ exponent` for a reduced `base`; the time it takes tells the exponent.
    pub(crate) fn exp_vartime(&self, base: &Big, exponent: &Big) -> Big {
        let mut power = Big::new();
        let mut scratch = Scratch::new();
        // SAFETY: as in `exp_consttime`.
        expect_success(unsafe {
            lc::BN_mod_exp_mont(
                power.as_mut_ptr(),
                base.as_ptr(),
                exponent.as_ptr(),
                self.modulus.as_ptr(),
                scratch.as_mut_ptr(),
                self.constants.as_ptr(),
            )
        });
        power
    }

    /// `a · b` for reduced operands. BN_mod_mul would divide, in a time that tells of them; Montgomery's
    /// multiplication does not.
    pub(crate) fn mul(&self, a: &Big, b: &Big) -> Big {
        self.number_of(&self.mul_forms(&self.to_form(a), &self.to_form(b), &mut Scratch::new()))
    }

    /// The Montgomery form of a reduced number.
    pub(crate) fn to_form(&self, number: &Big) -> Big {
        let mut form = Big::new();
        let mut scratch = Scratch::new();
        // SAFETY: all pointers are live, and the result is apart from the operand (invariants 1 and 3).
        expect_success(unsafe {
            lc::BN_to_montgomery(
                form.as_mut_ptr(),
                number.as_ptr(),
                self.constants.as_ptr(),
                scratch.as_mut_ptr(),
            )
        });
        form
    }

    /// The number of a Montgomery form.
    pub(crate) fn number_of(&self, form: &Big) -> Big {
        let mut number = Big::new();
        let mut scratch = Scratch::new();
        // SAFETY: as in `to_form`.
        expect_success(unsafe {
            lc::BN_from_montgomery(
                number.as_mut_ptr(),
                form.as_ptr(),
                self.constants.as_ptr(),
                scratch.as_mut_ptr(),
            )
        });
        number
    }

    /// The form of `a · b` for two forms.
    pub(crate) fn mul_forms(&self, a: &Big, b: &Big, scratch: &mut Scratch) -> Big {
        let mut product = Big::new();
        // SAFETY: as in `to_form`. Both operands are in Montgomery form, as it asks.
        expect_success(unsafe {
            lc::BN_mod_mul_montgomery(
                product.as_mut_ptr(),
                a.as_ptr(),
                b.as_ptr(),
                self.constants.as_ptr(),
                scratch.as_mut_ptr(),
            )
        });
        product
    }

    /// `a + b` for reduced operands.
    pub(crate) fn add(&self, a: &Big, b: &Big) -> Big {
        let mut sum = Big::new();
        // SAFETY: all pointers are live, and the result is apart from the operands (invariants 1 and 3),
        // which are non-negative and below the modulus, as the `quick` form asks.
        expect_success(unsafe {
            lc::BN_mod_add_quick(sum.as_mut_ptr(), a.as_ptr(), b.as_ptr(), self.modulus.as_ptr())
        });
        sum
    }

    /// `a − b` for reduced operands.
    pub(crate) fn sub(&self, a: &Big, b: &Big) -> Big {
        let mut difference = Big::new();
        // SAFETY: as in `add`.
        expect_success(unsafe {
            lc::BN_mod_sub_quick(difference.as_mut_ptr(), a.as_ptr(), b.as_ptr(), self.modulus.as_ptr())
        });
        difference
    }
}

impl Drop for Montgomery {
    fn drop(&mut self) {
        // SAFETY: the pointer is live and owned by this value, which ends here (invariant 1).
        unsafe { lc::BN_MONT_CTX_free(self.constants.as_ptr()) }
    }
}
