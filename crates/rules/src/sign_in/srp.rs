//! The server's half of SRP as Cognito speaks it: RFC 5054 over SHA-256 and the 3072-bit group, with Cognito's
//! own key derivation and proof. It serves users and devices alike; what is sealed into SECRET_BLOCK, and how
//! long it lives, is decided elsewhere.

mod timestamp;
mod unknown_user;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, LazyLock};

use aws_lc_rs::{digest, hkdf, hmac};
use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE};
use modexp::{FixedBase, Modulus};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{
    ids::{self, PoolId},
    random::Random,
};

pub use timestamp::check_timestamp;
pub use unknown_user::{fake_user_id, fake_verifier};

/// The length of N, and of every verifier, in bytes.
pub const N_BYTES: usize = 384;

/// RFC 3526 §4, group 15; RFC 5054 appendix A pairs it with a generator of 5, Cognito with 2.
const N_HEX: &str = "\
    ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd\
    ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed\
    ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f\
    83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b\
    e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa0510\
    15728e5a8aaac42dad33170d04507a33a85521abdf1cba64ecfb850458dbef0a8aea71575d060c7db3970f85a6e1e4c7\
    abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864d87602733ec86a64521f2b18177b200c\
    bbe117577a615d6c770988c0bad946e208e24fa074e5ab3143db5bfce0fd108e4b82d120a93ad2caffffffffffffffff";
const G: &[u8] = &[2];
/// The length of b and of x.
const EXPONENT_BYTES: usize = 32;
/// k = H(pad(N) ‖ pad(g)).
const K_HEX: &str = "538282c4354742d7cbbde2359fcf67f9f5b3a6b08791e5011b43b8a5b66d9ee6";

/// The label of Cognito's key derivation.
const KEY_LABEL: &[u8] = b"Caldera Derived Key";
const KEY_BYTES: usize = 16;
const SALT_BYTES: usize = 16;
/// A client's salt or SRP_A may come with leading zeros, but not at any length.
const DEVICE_SALT_BYTES_MAX: usize = 64;
const PUBLIC_VALUE_DIGITS_MAX: usize = 1024;

struct Group {
    n: Arc<Modulus>,
    /// Powers of g, for the exponents b and x.
    g: FixedBase,
    n_bytes: Vec<u8>,
    k: Vec<u8>,
}

static GROUP: LazyLock<Group> = LazyLock::new(|| {
    let n_bytes = HEXLOWER.decode(N_HEX.as_bytes()).expect("N is hexadecimal");
    let k = HEXLOWER.decode(K_HEX.as_bytes()).expect("k is hexadecimal");
    let n = Arc::new(Modulus::new(&n_bytes).expect("N is odd"));
    let g = FixedBase::new(n.clone(), G, EXPONENT_BYTES);
    Group { n, g, n_bytes, k }
});

/// N, modulo which servers and clients compute.
pub fn modulus() -> &'static Modulus {
    &GROUP.n
}

/// k, by which they multiply.
pub fn multiplier() -> &'static [u8] {
    &GROUP.k
}

/// Why a value from a client is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// SRP_A is not hexadecimal, not between 1 and N − 1, or makes u zero (RFC 5054 §2.5.4).
    PublicValue,
    /// The salt or the verifier that a device brings cannot be one.
    DeviceVerifier,
    /// The signature is not that of someone who knows the password.
    Proof,
    /// TIMESTAMP does not read `ddd MMM D HH:mm:ss UTC YYYY`.
    TimestampFormat,
    /// TIMESTAMP is too far from now.
    TimestampSkew,
}

/// Whose password it is: the two names that are hashed with it.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    group: &'a str,
    id: &'a str,
}

impl<'a> Owner<'a> {
    /// A user: `username` is what is sent as USER_ID_FOR_SRP. Of `pool_id` only what follows its first `_`
    /// is hashed.
    pub fn user(pool_id: &'a PoolId, username: &'a str) -> Self {
        Self { group: ids::srp_pool_name(pool_id), id: username }
    }

    /// A device, by DeviceGroupKey and DeviceKey.
    pub fn device(group_key: &'a str, device_key: &'a str) -> Self {
        Self { group: group_key, id: device_key }
    }
}

/// What the server keeps of a password: enough to check it, not enough to prove it.
#[derive(Clone)]
pub struct Verifier {
    /// As it is sent as SALT: hexadecimal, lower case.
    pub salt: String,
    /// g^x mod N, [`N_BYTES`] bytes.
    pub v: Zeroizing<Vec<u8>>,
}

impl Verifier {
    /// A verifier under a new salt; costs one exponentiation.
    pub fn new(owner: Owner, password: &str, random: &mut dyn Random) -> Self {
        let salt = draw_salt(random);
        let x = x(owner, &salt, password);
        Self { salt: HEXLOWER.encode(&salt), v: GROUP.g.exp_secret(&*x) }
    }

    /// The verifier that a device made for itself: PasswordVerifier and Salt of ConfirmDevice, both base64.
    pub fn from_device(verifier: &str, salt: &str) -> Result<Self, Refusal> {
        let decode = |text: &str, bytes_max: usize| {
            let is_short = text.len() <= 4 * bytes_max.div_ceil(3);
            let bytes = if is_short { BASE64.decode(text.as_bytes()).ok() } else { None };
            bytes.ok_or(Refusal::DeviceVerifier)
        };
        let salt = decode(salt, DEVICE_SALT_BYTES_MAX)?;
        let v = Zeroizing::new(decode(verifier, N_BYTES + 1)?);
        let v = significant(&v);
        // 0, 1 and N − 1 let anyone compute the key without the password.
        let is_trivial = matches!(v, [] | [1]) || GROUP.n.is_zero_mod(&GROUP.n.add_mod(v, &[1]));
        if salt.is_empty() || is_trivial || !is_below_n(v) {
            return Err(Refusal::DeviceVerifier);
        }
        Ok(Self { salt: HEXLOWER.encode(&salt), v: GROUP.n.reduce(v) })
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("salt", &self.salt).finish_non_exhaustive()
    }
}

/// 16 random bytes that begin with a hexadecimal digit other than 0: identity-js reads SALT as an integer and
/// loses leading zeros, pycognito keeps them, so a salt must not have any.
fn draw_salt(random: &mut dyn Random) -> [u8; SALT_BYTES] {
    let mut salt = [0; SALT_BYTES];
    random.fill(&mut salt[1..]);
    salt[0] = 16 + random.below(240) as u8;
    salt
}

/// x = H(pad(salt) ‖ H(group ‖ id ‖ ":" ‖ password)), which is as good as the password itself.
pub fn x(owner: Owner, salt: &[u8], password: &str) -> Zeroizing<[u8; 32]> {
    let inner = hash(&[owner.group.as_bytes(), owner.id.as_bytes(), b":", password.as_bytes()]);
    hash(&[&pad(salt), &*inner])
}

/// A or B: a number from 1 to N − 1 that both sides know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicValue(Vec<u8>);

impl PublicValue {
    /// Reads SRP_A. Beyond RFC 5054 §2.5.4, which refuses multiples of N, anything from N on is refused: no
    /// client makes it, as A is reduced.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if text.len() > PUBLIC_VALUE_DIGITS_MAX {
            return Err(Refusal::PublicValue);
        }
        let even = if text.len().is_multiple_of(2) { text.to_owned() } else { format!("0{text}") };
        let bytes = HEXLOWER_PERMISSIVE.decode(even.as_bytes()).map_err(|_| Refusal::PublicValue)?;
        Self::from_bytes(&bytes)
    }

    /// Reads what [`Self::as_bytes`] gave.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Refusal> {
        let number = significant(bytes);
        if number.is_empty() || !is_below_n(number) {
            return Err(Refusal::PublicValue);
        }
        Ok(Self(number.to_vec()))
    }

    /// Big-endian, without leading zeros.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As it is sent as SRP_B: hexadecimal, lower case, without leading zeros.
    pub fn to_hex(&self) -> String {
        let hex = HEXLOWER.encode(&self.0);
        hex.strip_prefix('0').map(str::to_owned).unwrap_or(hex)
    }
}

/// The server's side of one attempt, to be kept (sealed) until the client has answered.
#[derive(Clone)]
pub struct Exchange {
    /// The secret exponent. 256 bits are enough (RFC 5054 §3.1).
    pub b: Zeroizing<[u8; 32]>,
    /// What the client is sent as SRP_B.
    pub big_b: PublicValue,
}

impl Exchange {
    /// Draws b and computes B; costs one exponentiation.
    pub fn new(v: &[u8], random: &mut dyn Random) -> Self {
        let mut b = Zeroizing::new([0; 32]);
        random.fill(&mut *b);
        let big_b = big_b(v, &GROUP.g.exp_secret(&*b));
        Self { b, big_b }
    }

    /// The key that the client must have found as well; costs two exponentiations.
    pub fn session_key(&self, a: &PublicValue, v: &[u8]) -> Result<SessionKey, Refusal> {
        let u = u(a, &self.big_b);
        session_key(a, &*self.b, v, &u)
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("big_b", &self.big_b).finish_non_exhaustive()
    }
}

/// B = k·v + g^b.
fn big_b(v: &[u8], power_of_g: &[u8]) -> PublicValue {
    let Group { n, k, .. } = &*GROUP;
    let sum = n.add_mod(&n.mul_mod(k, v), power_of_g);
    // That the sum is a multiple of N has a chance of 2^-3072.
    PublicValue(significant(&sum).to_vec())
}

/// u = H(pad(A) ‖ pad(B)).
pub fn u(a: &PublicValue, big_b: &PublicValue) -> [u8; 32] {
    *hash(&[&pad(a.as_bytes()), &pad(big_b.as_bytes())])
}

/// Refused when u is zero, as S then does not depend on the password.
fn session_key(a: &PublicValue, b: &[u8], v: &[u8], u: &[u8; 32]) -> Result<SessionKey, Refusal> {
    if significant(u).is_empty() {
        return Err(Refusal::PublicValue);
    }
    Ok(SessionKey::new(u, &premaster(a, b, v, u)))
}

/// S = (A·v^u)^b.
fn premaster(a: &PublicValue, b: &[u8], v: &[u8], u: &[u8]) -> Zeroizing<Vec<u8>> {
    let n = &GROUP.n;
    n.exp_secret(&n.mul_mod(a.as_bytes(), &n.exp_public(v, u)), b)
}

struct KeyLength;

impl hkdf::KeyType for KeyLength {
    fn len(&self) -> usize {
        KEY_BYTES
    }
}

/// What both sides know after the exchange, if the client knew the password.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SessionKey([u8; KEY_BYTES]);

impl SessionKey {
    /// HKDF of S under u (RFC 5869).
    pub fn new(u: &[u8; 32], s: &[u8]) -> Self {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, &pad(u)).extract(&pad(s));
        let mut key = Self([0; KEY_BYTES]);
        prk.expand(&[KEY_LABEL], KeyLength)
            .and_then(|okm| okm.fill(&mut key.0))
            .expect("16 bytes are within the bounds of HKDF");
        key
    }

    /// HMAC(key, group ‖ id ‖ SECRET_BLOCK ‖ TIMESTAMP): `secret_block` is base64-decoded, `timestamp` the
    /// text as it came.
    pub fn signature(&self, owner: Owner, secret_block: &[u8], timestamp: &str) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let mut context = hmac::Context::with_key(&key);
        for part in [owner.group.as_bytes(), owner.id.as_bytes(), secret_block, timestamp.as_bytes()] {
            context.update(part);
        }
        context.sign().as_ref().try_into().expect("HMAC-SHA-256 gives 32 bytes")
    }

    /// Checks PASSWORD_CLAIM_SIGNATURE, in base64. This does not look at the time: see [`check_timestamp`].
    pub fn check_proof(
        &self,
        owner: Owner,
        secret_block: &[u8],
        timestamp: &str,
        claimed: &str,
    ) -> Result<(), Refusal> {
        let claimed = BASE64.decode(claimed.as_bytes()).map_err(|_| Refusal::Proof)?;
        let expected = Zeroizing::new(self.signature(owner, secret_block, timestamp));
        if bool::from(expected.as_slice().ct_eq(&claimed)) { Ok(()) } else { Err(Refusal::Proof) }
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(…)")
    }
}

fn hash(parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    Zeroizing::new(context.finish().as_ref().try_into().expect("SHA-256 gives 32 bytes"))
}

/// The number without leading zeros; zero has no bytes.
fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    &number[zeros..]
}

/// Cognito pads an integer as Java's BigInteger.toByteArray does: as short as it can be with a sign bit, which
/// is never set here.
fn pad(number: &[u8]) -> Zeroizing<Vec<u8>> {
    let number = significant(number);
    let needs_sign = number.first().is_none_or(|byte| byte & 0x80 != 0);
    let mut padded = Zeroizing::new(Vec::with_capacity(number.len() + 1));
    padded.extend_from_slice(if needs_sign { &[0] } else { &[] });
    padded.extend_from_slice(number);
    padded
}

fn is_below_n(significant: &[u8]) -> bool {
    significant.len() < N_BYTES || significant.len() == N_BYTES && significant < GROUP.n_bytes.as_slice()
}
