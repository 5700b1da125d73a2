//! Passwords: Argon2id hashes and SRP verifiers, made and checked on the workers.

use crate::{app::App, config::Hashing, vault::SystemRandom, work::Workers};
use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::{
        self,
        phc::{Output, PasswordHash, Salt},
    },
};
use large_pages::LargePages;
use rules::{
    Fault, Random, Result, ids,
    pool::{Pool, password_policy::PASSWORD_CHARACTERS_MAX},
    sign_in::srp,
    user::{Password, User},
};
use std::{cell::RefCell, sync::Arc, time::Instant};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

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
fn hash(hashing: Hashing, password: &str) -> Result<String> {
    let mut salt = [0; 16];
    SystemRandom.fill(&mut salt);
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

fn matches(password: &str, hash: &str) -> Result<bool> {
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

/// Makes all that is kept of a new password. `user` is the user who gets it; its present password goes into
/// the history as far as the pool's policy looks back.
pub async fn make(
    app: &App,
    pool: &Pool,
    user: &User,
    password: Zeroizing<String>,
    temporary: bool,
) -> Result<Password> {
    let now = app.now();
    let history_size = pool.password_policy().history_size;
    let mut history: Vec<String> = Vec::new();
    if let Some(present) = &user.password
        && history_size > 0
    {
        history.push(present.hash.clone());
        history.extend(present.history.iter().cloned());
        history.truncate(history_size);
    }
    // Folded, so that the name in an SRP challenge does not tell in which letters a user was registered.
    let (pool_id, sub, name) = (user.pool_id.clone(), user.sub.clone(), pool.fold_name(&user.username));
    let vault = app.vault.clone();
    let hashing = app.config.hashing;
    app.workers
        .run(move || {
            let owner = srp::Owner::user(ids::srp_pool_name(&pool_id), &name);
            let verifier = srp::Verifier::new(owner, &password, &mut SystemRandom);
            Ok(Password {
                hash: hash(hashing, &password)?,
                srp_salt: verifier.salt.clone(),
                srp_verifier: vault.seal(&Password::verifier_context(&pool_id, &sub), &verifier.v),
                set_at: now,
                temporary,
                history,
            })
        })
        .await?
}

/// Whether `password` is one of the hashes. Without any hash it costs the same as one wrong password, so that
/// the time does not tell whether a user exists.
pub async fn is_any_of(app: &App, mut password: Zeroizing<String>, mut hashes: Vec<String>) -> Result<bool> {
    // No password is longer. The decoy costs the same, and not more the longer the text is.
    if password.chars().count() > PASSWORD_CHARACTERS_MAX {
        (password, hashes) = Default::default();
    }
    if hashes.is_empty() {
        hashes.push(decoy(app.config.hashing)?);
    }
    is_any(&app.workers, password, hashes).await
}

/// Compares with one hash after the other, each a job of its own: a call is admitted to one at a time, and others
/// take their turns in between.
async fn is_any(workers: &Workers, password: Zeroizing<String>, hashes: Vec<String>) -> Result<bool> {
    let password = Arc::new(password);
    for hash in hashes {
        let password = password.clone();
        if workers.run(move || matches(&password, &hash)).await?? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A new hash of a right password if the stored one costs something else than the settings say. It is a courtesy: a
/// sign-in does not fail for want of it.
pub async fn rehash_if_outdated(app: &App, password: Zeroizing<String>, stored: &str) -> Option<String> {
    let hashing = app.config.hashing;
    if costs(stored) == Some(hashing) {
        return None;
    }
    app.workers.run(move || hash(hashing, &password)).await.and_then(|hash| hash).ok()
}

/// What a hash cost; none if it is not an Argon2id of one lane.
fn costs(hash: &str) -> Option<Hashing> {
    let hash = PasswordHash::new(hash).ok()?;
    let params = Params::try_from(&hash).ok()?;
    let is_ours = hash.algorithm.as_str() == "argon2id" && params.p_cost() == 1;
    is_ours.then(|| Hashing { memory_kib: params.m_cost(), passes: params.t_cost() })
}

/// A hash that no password has, for [`is_any_of`]. It has a salt of its own each time, as each user has one: where a hash
/// reads in memory follows from salt and password, so that one decoy would always read the same places.
fn decoy(hashing: Hashing) -> Result<String> {
    let (mut salt, mut out) = ([0; 16], [0; Params::DEFAULT_OUTPUT_LEN]);
    SystemRandom.fill(&mut salt);
    SystemRandom.fill(&mut out);
    phc(&argon2(hashing)?, &salt, &out).map_err(|e| Fault::internal(e.to_string()))
}

/// About how long a hash takes on this machine, in milliseconds. Small ones are made, and the time of the fastest, which
/// other programs disturbed least, is scaled: the start of the server shall not wait for a whole one.
pub fn hash_ms(hashing: Hashing) -> Result<u32> {
    // What no hash can be made with is refused here and not at the first sign-in.
    argon2(hashing)?;
    let mut fastest_us = u128::MAX;
    for _ in 0..PROBES {
        #[expect(clippy::disallowed_methods, reason = "a duration, by which work is admitted")]
        let began = Instant::now();
        hash(PROBE, "how long does it take?")?;
        fastest_us = fastest_us.min(began.elapsed().as_micros());
    }
    give_memory_back();
    let blocks = |hashing: Hashing| u128::from(hashing.memory_kib) * u128::from(hashing.passes);
    Ok(u32::try_from(fastest_us * blocks(hashing) / blocks(PROBE) / 1_000).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work;
    use std::sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    };

    const HASHING: Hashing = Hashing { memory_kib: 8, passes: 1 };

    #[tokio::test]
    async fn a_long_history_lets_others_take_their_turns() {
        let workers = Workers::new(1, 1, give_memory_back).unwrap();
        let history: Vec<String> = (0..24).map(|n| hash(HASHING, &format!("earlier{n}")).unwrap()).collect();
        let last = Zeroizing::new("earlier23".to_owned());
        assert!(is_any(&workers, last, history.clone()).await.unwrap());
        // The only thread is kept busy until the search is in the queue, and again by the next in the queue.
        let (first, second) = (blocker(&workers), blocker(&workers));
        let opening = tokio::spawn(first.call);
        let looking = tokio::spawn({
            let workers = workers.clone();
            work::follow(async move {
                workers.admit(work::Cost::Hash, work::Turn::First).unwrap();
                is_any(&workers, Zeroizing::new("another".to_owned()), history).await
            })
        });
        let closing = tokio::spawn(second.call);
        until(|| first.runs.load(Ordering::SeqCst) && workers.load() == (1, 2)).await;
        first.end.send(()).unwrap();
        until(|| second.runs.load(Ordering::SeqCst) && (looking.is_finished() || workers.load() == (1, 1)))
            .await;
        assert!(!looking.is_finished(), "another had its turn after one hash");
        second.end.send(()).unwrap();
        assert!(!looking.await.unwrap().unwrap());
        opening.await.unwrap();
        closing.await.unwrap();
    }

    /// A call whose job runs until it is told to end.
    struct Blocker<F> {
        call: F,
        runs: Arc<AtomicBool>,
        end: mpsc::Sender<()>,
    }

    fn blocker(workers: &Workers) -> Blocker<impl Future<Output = ()> + use<>> {
        let (end, ended) = mpsc::channel();
        let runs = Arc::new(AtomicBool::new(false));
        let (workers, begun) = (workers.clone(), runs.clone());
        let call = async move {
            let job = move || {
                begun.store(true, Ordering::SeqCst);
                ended.recv().unwrap();
            };
            workers.run(job).await.unwrap();
        };
        Blocker { call, runs, end }
    }

    async fn until(holds: impl Fn() -> bool) {
        while !holds() {
            tokio::task::yield_now().await;
        }
    }
}
