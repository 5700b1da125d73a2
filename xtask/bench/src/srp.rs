//! The client's half of SRP. What does not depend on the attempt is computed once for each user.

use crate::api::{PASSWORD, text};
use anyhow::{Context, Result};
use aws_lc_rs::{digest, hmac};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use modexp::Modulus;
use serde_json::{Value, json};
use std::collections::HashMap;

/// RFC 3526 §4, group 15.
const N_HEX: &str = "\
    ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd\
    ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed\
    ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f\
    83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b\
    e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa0510\
    15728e5a8aaac42dad33170d04507a33a85521abdf1cba64ecfb850458dbef0a8aea71575d060c7db3970f85a6e1e4c7\
    abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864d87602733ec86a64521f2b18177b200c\
    bbe117577a615d6c770988c0bad946e208e24fa074e5ab3143db5bfce0fd108e4b82d120a93ad2caffffffffffffffff";
/// The client's secret. Real ones are longer and are drawn each time; to the server a public value is like another.
const A_SECRET: &[u8] = &[0xc5, 0x1d, 0x73, 0x2b, 0x90, 0x4e, 0xa6, 0x57];

/// The modulus that clients and servers of Cognito share.
pub fn modulus() -> Modulus {
    Modulus::new(&from_hex(N_HEX)).expect("N is odd")
}

pub struct SrpClient {
    n: Modulus,
    big_a: Vec<u8>,
    k: [u8; 32],
    /// By user and salt: x, and k·g^x.
    known: HashMap<(String, String), ([u8; 32], Vec<u8>)>,
}

impl SrpClient {
    pub fn new() -> SrpClient {
        let n = modulus();
        let big_a = n.exp_public(&[2], A_SECRET).to_vec();
        let k = hash(&[&pad(&from_hex(N_HEX)), &pad(&[2])]);
        SrpClient { n, big_a, k, known: HashMap::new() }
    }

    pub fn srp_a(&self) -> String {
        to_hex(&self.big_a)
    }

    /// ChallengeResponses for PASSWORD_VERIFIER.
    pub fn answer(&mut self, pool: &str, parameters: &Value, timestamp: &str) -> Result<Value> {
        let (_, group) = pool.split_once('_').context("a pool id without a region")?;
        let user = text(&parameters["USER_ID_FOR_SRP"])?;
        let salt = text(&parameters["SALT"])?;
        let big_b = from_hex(&text(&parameters["SRP_B"])?);
        let block = text(&parameters["SECRET_BLOCK"])?;
        let (n, k) = (&self.n, &self.k);
        let (x, kgx) = self.known.entry((user.clone(), salt.clone())).or_insert_with(|| {
            let inner = hash(&[format!("{group}{user}:{PASSWORD}").as_bytes()]);
            let x = hash(&[&pad(&from_hex(&salt)), &inner]);
            let kgx = n.mul_mod(k, &n.exp_public(&[2], &x)).to_vec();
            (x, kgx)
        });
        let u = hash(&[&pad(&self.big_a), &pad(&big_b)]);
        // (B − k·g^x)^(a + u·x), without ever computing the long exponent.
        let base = n.sub_mod(&big_b, kgx);
        let s = n.mul_mod(&n.exp_public(&base, A_SECRET), &n.exp_public(&n.exp_public(&base, &u), x));
        let key = mac(&mac(&pad(&u), &[&pad(&s)]), &[b"Caldera Derived Key\x01"]);
        let decoded = STANDARD.decode(&block)?;
        let proof = mac(&key[..16], &[group.as_bytes(), user.as_bytes(), &decoded, timestamp.as_bytes()]);
        Ok(json!({
            "USERNAME": user,
            "PASSWORD_CLAIM_SECRET_BLOCK": block,
            "PASSWORD_CLAIM_SIGNATURE": STANDARD.encode(proof),
            "TIMESTAMP": timestamp,
        }))
    }
}

/// The TIMESTAMP of a proof from an answer's Date: `Fri, 20 Nov 2026 09:05:07 GMT`.
pub fn timestamp(date: &str) -> Result<String> {
    let words: Vec<&str> = date.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let [weekday, day, month, year, time, _] = words[..] else { anyhow::bail!("the Date {date}") };
    Ok(format!("{weekday} {month} {} {time} UTC {year}", day.trim_start_matches('0')))
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    parts.iter().for_each(|part| context.update(part));
    context.finish().as_ref().try_into().expect("SHA-256 gives 32 bytes")
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    parts.iter().for_each(|part| context.update(part));
    context.sign().as_ref().to_vec()
}

/// As short as it can be with a sign bit, which is never set.
fn pad(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let number = &number[zeros..];
    let needs_sign = number.first().is_none_or(|byte| byte & 0x80 != 0);
    let sign: &[u8] = if needs_sign { &[0] } else { &[] };
    [sign, number].concat()
}

fn from_hex(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().map(|digit| (digit as char).to_digit(16).unwrap_or(0) as u8).collect();
    let (odd, pairs) = digits.split_at(digits.len() % 2);
    odd.iter().copied().chain(pairs.chunks(2).map(|pair| pair[0] << 4 | pair[1])).collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
