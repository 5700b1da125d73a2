//! Passwords: hashes and SRP verifiers, made and checked on the workers.

use crate::{
    app::App,
    work::{hashing, pool::Workers},
};
use rules::{
    Result,
    pool::{Pool, password_policy::PASSWORD_CHARACTERS_MAX},
    sign_in::srp,
    user::{Password, User},
};
use std::sync::Arc;
use zeroize::Zeroizing;

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
    let (cost, mut random) = (app.config.hashing, app.random());
    app.workers
        .run(move || {
            let owner = srp::Owner::user(&pool_id, &name);
            let verifier = srp::Verifier::new(owner, &password, &mut random);
            Ok(Password {
                hash: hashing::hash(cost, &mut random, &password)?,
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
        hashes.push(hashing::decoy(app.config.hashing, &mut app.random())?);
    }
    is_any(&app.workers, password, hashes).await
}

/// Compares with one hash after the other, each a job of its own: a call is admitted to one at a time, and others
/// take their turns in between.
async fn is_any(workers: &Workers, password: Zeroizing<String>, hashes: Vec<String>) -> Result<bool> {
    let password = Arc::new(password);
    for hash in hashes {
        let password = password.clone();
        if workers.run(move || hashing::matches(&password, &hash)).await?? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A new hash of a right password if the stored one costs something else than the settings say. It is a courtesy: a
/// sign-in does not fail for want of it.
pub async fn rehash_if_outdated(app: &App, password: Zeroizing<String>, stored: &str) -> Option<String> {
    let (cost, mut random) = (app.config.hashing, app.random());
    if hashing::costs(stored) == Some(cost) {
        return None;
    }
    app.workers.run(move || hashing::hash(cost, &mut random, &password)).await.and_then(|hash| hash).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::Hashing,
        secrets::random::SystemRandom,
        work::{hashing::give_memory_back, pool},
    };
    use std::sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    };

    const HASHING: Hashing = Hashing { memory_kib: 8, passes: 1 };

    #[tokio::test]
    async fn a_long_history_lets_others_take_their_turns() {
        let workers = Workers::new(1, 1, give_memory_back).unwrap();
        let history: Vec<String> = (0..24)
            .map(|n| hashing::hash(HASHING, &mut SystemRandom, &format!("earlier{n}")).unwrap())
            .collect();
        let last = Zeroizing::new("earlier23".to_owned());
        assert!(is_any(&workers, last, history.clone()).await.unwrap());
        // The only thread is kept busy until the search is in the queue, and again by the next in the queue.
        let (first, second) = (blocker(&workers), blocker(&workers));
        let opening = tokio::spawn(first.call);
        let looking = tokio::spawn({
            let workers = workers.clone();
            pool::scope(async move {
                workers.admit(rules::endpoints::Cost::Hash, rules::endpoints::Priority::New).unwrap();
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
