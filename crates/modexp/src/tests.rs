//! Known values, and agreement with num-bigint (plain code, no Montgomery form) on random and edge inputs.

use std::sync::Arc;

use num_bigint::BigUint;

use super::*;

const GROUP_1024: &str = "\
    EEAF0AB9ADB38DD69C33F80AFA8FC5E86072618775FF3C0B9EA2314C9C256576D674DF7496EA81D3383B4813D692C6E0\
    E0D5D8E250B98BE48E495C1D6089DAD15DC7D7B46154D6B6CE8EF4AD69B15D4982559B297BCF1885C529F566660E57EC\
    68EDBC3C05726CC02FD4CBF4976EAA9AFD5138FE8376435B9FC61D2FC0EB06E3";

fn hex(text: &str) -> Vec<u8> {
    BigUint::parse_bytes(text.as_bytes(), 16).unwrap().to_bytes_be()
}

/// `number` at the width of the modulus `n`.
fn padded(number: &BigUint, n: &BigUint) -> Vec<u8> {
    let (bytes, width) = (number.to_bytes_be(), n.to_bytes_be().len());
    [vec![0; width.saturating_sub(bytes.len())], bytes].concat()
}

/// SplitMix64: the tests need variety, not secrecy.
struct Source(u64);

impl Source {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}

#[test]
fn knows_rfc_5054_appendix_b() {
    let modulus = Modulus::new(&hex(GROUP_1024)).unwrap();
    let x = hex("94B7555AABE9127CC58CCF4993DB6CF84D16C124");
    let v = hex("7E273DE8696FFC4F4E337D05B4B375BEB0DDE1569E8FA00A9886D8129BADA1F1822223CA1A605B530E379BA4\
                 729FDC59F105B4787E5186F5C671085A1447B52A48CF1970B4FB6F8400BBF4CEBFBB168152E08AB5EA53D15C\
                 1AFF87B2B9DA6E04E058AD51CC72BFC9033B564E26480D78E955A5E29E7AB245DB2BE315E2099AFB");
    assert_eq!(*modulus.exp_secret(&[2], &x), v);
    assert_eq!(*modulus.exp_public(&[2], &x), v);
}

#[test]
fn knows_small_numbers() {
    let seven = Modulus::new(&[0, 0, 7]).unwrap();
    assert_eq!(seven.byte_width(), 1);
    assert_eq!(*seven.exp_secret(&[3], &[5]), [5]);
    assert_eq!(*seven.exp_public(&[10], &[0, 5]), [5]);
    assert_eq!(*seven.mul_mod(&[6], &[6]), [1]);
    assert_eq!(*seven.add_mod(&[6], &[6]), [5]);
    assert_eq!(*seven.sub_mod(&[1], &[6]), [2]);
    assert_eq!(*seven.reduce(&[1, 0]), [4]);
    assert_eq!(*seven.reduce(&[]), [0]);
    assert_eq!(*seven.exp_secret(&[0], &[]), [1]);
    assert!(seven.is_zero_mod(&[]) && seven.is_zero_mod(&[14]) && !seven.is_zero_mod(&[15]));
}

#[test]
fn refuses_what_cannot_be_a_modulus() {
    let too_long = [1; MODULUS_BYTES_MAX + 1];
    for bytes in [&[][..], &[0], &[1], &[0, 1], &[2], &[255, 254], &too_long] {
        assert_eq!(Modulus::new(bytes).map(|_| ()), Err(BadModulus));
    }
    let longest = Modulus::new(&too_long[1..]).unwrap();
    assert_eq!(longest.exp_secret(&[3], &[1]).last(), Some(&3));
}

/// Every operation on every pair of `values`, against num-bigint.
fn check_against_reference(modulus_bytes: &[u8], values: &[Vec<u8>], exponents: &[Vec<u8>]) {
    let modulus = Modulus::new(modulus_bytes).unwrap();
    let n = BigUint::from_bytes_be(modulus_bytes);
    for a_bytes in values {
        let a = BigUint::from_bytes_be(a_bytes) % &n;
        assert_eq!(*modulus.reduce(a_bytes), padded(&a, &n));
        assert_eq!(modulus.is_zero_mod(a_bytes), a == BigUint::ZERO);
        for b_bytes in values {
            let b = BigUint::from_bytes_be(b_bytes) % &n;
            assert_eq!(*modulus.mul_mod(a_bytes, b_bytes), padded(&(&a * &b % &n), &n));
            assert_eq!(*modulus.add_mod(a_bytes, b_bytes), padded(&((&a + &b) % &n), &n));
            assert_eq!(*modulus.sub_mod(a_bytes, b_bytes), padded(&((&a + &n - &b) % &n), &n));
        }
        for exponent in exponents {
            let power = padded(&a.modpow(&BigUint::from_bytes_be(exponent), &n), &n);
            assert_eq!(*modulus.exp_secret(a_bytes, exponent), power);
            assert_eq!(*modulus.exp_public(a_bytes, exponent), power);
        }
    }
}

#[test]
fn agrees_with_the_reference_at_the_edges() {
    let mut source = Source(1);
    for length in [1, 2, 8, 9, 16, 40, 128, 384] {
        let mut n_bytes = source.bytes(length);
        n_bytes[0] |= 1;
        n_bytes[length - 1] |= 3;
        let n = BigUint::from_bytes_be(&n_bytes);
        let mut values: Vec<Vec<u8>> =
            [BigUint::ZERO, BigUint::from(1u8), &n - 1u8, n.clone(), &n + 1u8, &n * 2u8, &n * &n]
                .iter()
                .map(BigUint::to_bytes_be)
                .collect();
        // Reduced, yet with more internal words than the modulus.
        values.push([vec![0; length + 20], vec![1]].concat());
        values.push(vec![]);
        values.push(source.bytes(length));
        let exponents = [
            vec![],
            vec![0],
            vec![1],
            vec![2],
            vec![0; 40],
            [vec![0; 31], vec![3]].concat(),
            source.bytes(8),
        ];
        check_against_reference(&n_bytes, &values, &exponents);
    }
}

#[test]
fn agrees_with_the_reference_on_random_numbers() {
    let mut source = Source(2);
    for _ in 0..60 {
        let mut n_bytes = source.bytes(1 + source.0 as usize % 400);
        *n_bytes.last_mut().unwrap() |= 3;
        let values = [source.bytes(n_bytes.len()), source.bytes(2 * n_bytes.len() + 3), source.bytes(5)];
        check_against_reference(&n_bytes, &values, &[source.bytes(32), source.bytes(33)]);
    }
}

#[test]
fn is_shared_by_threads() {
    let modulus = Modulus::new(&hex(GROUP_1024)).unwrap();
    let expected = modulus.exp_secret(&[2], &[0xa5; 32]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(modulus.exp_secret(&[2], &[0xa5; 32]), expected);
                    assert_eq!(modulus.exp_public(&[2], &[0xa5; 32]), expected);
                }
            });
        }
    });
}

#[test]
fn a_fixed_base_has_the_same_powers() {
    let mut source = Source(7);
    for width in [1, 3, 8, 9, 48, 384] {
        let mut modulus_bytes = source.bytes(width);
        modulus_bytes[0] |= 0x80;
        modulus_bytes[width - 1] |= 3;
        let modulus = Arc::new(Modulus::new(&modulus_bytes).unwrap());
        let base = source.bytes(width + 1);
        let fixed = FixedBase::new(modulus.clone(), &base, 4);
        let random: Vec<Vec<u8>> = (0..8).map(|_| source.bytes(4)).collect();
        for exponent in
            [vec![0; 4], vec![0, 0, 0, 1], vec![0x10, 0, 0, 0], vec![255; 4]].iter().chain(&random)
        {
            assert_eq!(
                *fixed.exp_secret(exponent),
                *modulus.exp_secret(&base, exponent),
                "{width} {exponent:?}"
            );
        }
    }
}

#[test]
#[should_panic(expected = "another length")]
fn a_fixed_base_refuses_an_exponent_of_another_length() {
    let fixed = FixedBase::new(Arc::new(Modulus::new(&[7]).unwrap()), &[3], 2);
    fixed.exp_secret(&[1]);
}
