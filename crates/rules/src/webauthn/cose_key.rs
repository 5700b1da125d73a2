//! The public keys of credentials: COSE_Keys (RFC 9052 §7, RFC 9053 §7, RFC 8230 §4) of the three algorithms that
//! the options ask for. A key names its algorithm, and its type and curve must agree with it (WebAuthn §5.8.5).

use super::{
    Refusal,
    cbor::{self, Map},
};
use aws_lc_rs::{
    rsa::PublicKeyComponents,
    signature::{ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256},
};

/// A credential's public key takes no more: RSA's with 4096 bits has 526.
const PUBLIC_KEY_BYTES_MAX: usize = 1_024;
const RSA_BITS_MIN: usize = 2_048;
const RSA_BITS_MAX: usize = 4_096;
/// FIPS 186-5 wants exponents above 2^16; those of authenticators are 2^16 + 1.
const RSA_EXPONENT_MIN: u64 = 65_537;
const RSA_EXPONENT_BYTES_MAX: usize = 4;

const LABEL_TYPE: i64 = 1;
const LABEL_ALGORITHM: i64 = 3;
const LABEL_CURVE_OR_MODULUS: i64 = -1;
const LABEL_X_OR_EXPONENT: i64 = -2;
const LABEL_Y: i64 = -3;

const TYPE_OKP: i64 = 1;
const TYPE_EC2: i64 = 2;
const TYPE_RSA: i64 = 3;
const CURVE_P256: i64 = 1;
const CURVE_ED25519: i64 = 6;

/// How a credential signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// Those that are asked for, best known first: the order of the first two is in samples of AWS's.
    pub const ALL: [Algorithm; 3] = [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa];

    /// Its number in the registry of COSE.
    pub const fn number(self) -> i64 {
        match self {
            Algorithm::Es256 => -7,
            Algorithm::Rs256 => -257,
            Algorithm::EdDsa => -8,
        }
    }

    /// The algorithm with this number.
    pub fn from_number(number: i64) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().find(|algorithm| algorithm.number() == number)
    }
}

/// A key that can check signatures.
#[derive(Debug)]
pub struct CoseKey {
    /// How it signs.
    pub algorithm: Algorithm,
    key: ParsedPublicKey,
}

impl CoseKey {
    /// Reads a COSE_Key.
    pub fn read(bytes: &[u8]) -> Result<CoseKey, Refusal> {
        CoseKey::try_read(bytes).ok_or(Refusal::PublicKey)
    }

    fn try_read(bytes: &[u8]) -> Option<CoseKey> {
        if bytes.len() > PUBLIC_KEY_BYTES_MAX {
            return None;
        }
        let map = cbor::read(bytes).ok()?.into_map()?;
        let algorithm = Algorithm::from_number(map.label(LABEL_ALGORITHM)?.integer()?)?;
        let (kind, key, members) = match algorithm {
            Algorithm::Es256 => (TYPE_EC2, p256(&map)?, 5),
            Algorithm::Rs256 => (TYPE_RSA, rsa(&map)?, 4),
            Algorithm::EdDsa => (TYPE_OKP, ed25519(&map)?, 4),
        };
        // WebAuthn §5.8.5: no optional member but the algorithm.
        let fits = map.label(LABEL_TYPE)?.integer()? == kind && map.len() == members;
        fits.then_some(CoseKey { algorithm, key })
    }

    /// Whether this key has signed a message.
    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }
}

fn is_on_curve(map: &Map<'_>, curve: i64) -> bool {
    map.label(LABEL_CURVE_OR_MODULUS).and_then(|value| value.integer()) == Some(curve)
}

fn coordinate<'a>(map: &Map<'a>, label: i64) -> Option<&'a [u8]> {
    map.label(label)?.bytes().filter(|bytes| bytes.len() == 32)
}

fn p256(map: &Map<'_>) -> Option<ParsedPublicKey> {
    if !is_on_curve(map, CURVE_P256) {
        return None;
    }
    // SEC 1 §2.3.3: uncompressed. That the point is on the curve is checked where it is read.
    let point = [&[4], coordinate(map, LABEL_X_OR_EXPONENT)?, coordinate(map, LABEL_Y)?].concat();
    ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &point).ok()
}

fn ed25519(map: &Map<'_>) -> Option<ParsedPublicKey> {
    if !is_on_curve(map, CURVE_ED25519) {
        return None;
    }
    ParsedPublicKey::new(&ED25519, coordinate(map, LABEL_X_OR_EXPONENT)?).ok()
}

fn rsa(map: &Map<'_>) -> Option<ParsedPublicKey> {
    let modulus = map.label(LABEL_CURVE_OR_MODULUS)?.bytes()?;
    let exponent = map.label(LABEL_X_OR_EXPONENT)?.bytes()?;
    let (&first, &last) = (modulus.first()?, modulus.last()?);
    let bits = (modulus.len() * 8).checked_sub(first.leading_zeros() as usize)?;
    // RFC 8230 §4: without leading zeros. A product of two odd primes is odd.
    if first == 0 || last % 2 == 0 || !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) {
        return None;
    }
    if exponent.first() == Some(&0) || exponent.len() > RSA_EXPONENT_BYTES_MAX {
        return None;
    }
    let number = exponent.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    if number < RSA_EXPONENT_MIN || number % 2 == 0 {
        return None;
    }
    let components = PublicKeyComponents { n: modulus, e: exponent };
    components.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).ok()
}
