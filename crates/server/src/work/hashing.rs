//! Argon2id: hashes of passwords, made and compared on the worker threads.

use crate::config::Hashing;
use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::{
        self,
        phc::{Output, PasswordHash, Salt},
    },
};
use large_pages::LargePages;
use rules::{Fault, Random, Result};
use std::{cell::RefCell, time::Instant};
use subtle::ConstantTimeEq;

fn argon2(hashing: Hashing) -> Result<Argon2<'static>> {
    let params = Params::new(hashing.memory_kib, hashing.passes, 1, None)
        .map_err(|e| Fault::internal(e.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The hash that [`hash_ms`] makes.
const PROBE: Hashing = Hashing { memory_kib: 2_048, passes: 1 };
/// How many of them.
const PROBES: u32 = 3;

thread_local! {
    /// What a hash fills, kept from one to the next: new memory has to be cleared by the system first.
    static MEMORY: RefCell<Option<LargePages<Block>>> = const { RefCell::new(None) };
}

/// Frees what this thread keeps.
pub fn give_memory_back() {
    MEMORY.set(None);
}

fn fill(argon2: &Argon2<'_>, password: &str, salt: &[u8], out: &mut [u8]) -> Result<()> {
    MEMORY.with_borrow_mut(|memory| {
        let count = argon2.params().block_count();
        // What is too little goes before more is asked for.
        let blocks = match memory.take().filter(|kept| kept.len() >= count) {
            Some(kept) => kept,
            None => LargePages::new(count, Block::new()).map_err(Fault::internal)?,
        };
        let blocks = memory.insert(blocks);
        argon2
            .hash_password_into_with_memory(password.as_bytes(), salt, out, &mut blocks[..count])
            .map_err(|e| Fault::internal(e.to_string()))
    })
}

/// Hashes with a new salt, in PHC form.
pub fn hash(hashing: Hashing, random: &mut dyn Random, password: &str) -> Result<String> {
    let mut salt = [0; 16];
    random.fill(&mut salt);
    let argon2 = argon2(hashing)?;
    let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
    fill(&argon2, password, &salt, &mut out)?;
    phc(&argon2, &salt, &out).map_err(|e| Fault::internal(e.to_string()))
}

fn phc(argon2: &Argon2<'_>, salt: &[u8], out: &[u8]) -> password_hash::Result<String> {
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: argon2.params().try_into()?,
        salt: Some(Salt::new(salt)?),
        hash: Some(Output::new(out)?),
    };
    Ok(hash.to_string())
}

pub fn matches(password: &str, hash: &str) -> Result<bool> {
    let damaged = || Fault::internal("a stored hash is damaged");
    let hash = PasswordHash::new(hash).map_err(|_| damaged())?;
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).map_err(|_| damaged())?;
    let version = hash.version.map(Version::try_from).transpose().map_err(|_| damaged())?;
    let params = Params::try_from(&hash).map_err(|_| damaged())?;
    let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else { return Err(damaged()) };
    let mut found = vec![0; expected.len()];
    fill(&Argon2::new(algorithm, version.unwrap_or_default(), params), password, salt, &mut found)?;
    Ok(found.as_slice().ct_eq(expected.as_bytes()).into())
}

/// What a hash cost; none if it is not an Argon2id of one lane.
pub fn costs(hash: &str) -> Option<Hashing> {
    let hash = PasswordHash::new(hash).ok()?;
    let params = Params::try_from(&hash).ok()?;
    let is_ours = hash.algorithm.as_str() == "argon2id" && params.p_cost() == 1;
    is_ours.then(|| Hashing { memory_kib: params.m_cost(), passes: params.t_cost() })
}

/// A hash that no password has, for [`is_any_of`]. It has a salt of its own each time, as each user has one: where a hash
/// reads in memory follows from salt and password, so that one decoy would always read the same places.
pub fn decoy(hashing: Hashing, random: &mut dyn Random) -> Result<String> {
    let (mut salt, mut out) = ([0; 16], [0; Params::DEFAULT_OUTPUT_LEN]);
    random.fill(&mut salt);
    random.fill(&mut out);
    phc(&argon2(hashing)?, &salt, &out).map_err(|e| Fault::internal(e.to_string()))
}

/// About how long a hash takes on this machine, in milliseconds. Small ones are made, and the time of the fastest, which
/// other programs disturbed least, is scaled: the start of the server shall not wait for a whole one.
pub fn hash_ms(hashing: Hashing, random: &mut dyn Random) -> Result<u32> {
    // What no hash can be made with is refused here and not at the first sign-in.
    argon2(hashing)?;
    let mut fastest_us = u128::MAX;
    for _ in 0..PROBES {
        #[expect(clippy::disallowed_methods, reason = "a duration, by which work is admitted")]
        let began = Instant::now();
        hash(PROBE, random, "how long does it take?")?;
        fastest_us = fastest_us.min(began.elapsed().as_micros());
    }
    give_memory_back();
    let blocks = |hashing: Hashing| u128::from(hashing.memory_kib) * u128::from(hashing.passes);
    Ok(u32::try_from(fastest_us * blocks(hashing) / blocks(PROBE) / 1_000).unwrap_or(u32::MAX))
}
