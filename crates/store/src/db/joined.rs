//! Several reads and writes as one transaction, for work that is asynchronous in between.
//!
//! A closure in the transaction waits for the work's closures and runs them one after the other.

use super::{Db, Error, Tx, run_closure};
use std::sync::{Mutex, PoisonError, mpsc};
use tokio::sync::oneshot;

/// A database inside a transaction of another.
#[derive(Clone)]
pub struct Joined {
    jobs: mpsc::Sender<Job>,
}

enum Job {
    /// Answers whether what it wrote may stay.
    Run(Box<dyn FnOnce(&mut Tx<'_>) -> bool + Send>),
    /// The work is done: commit.
    Keep,
}

/// Why the transaction did not commit.
enum Ended {
    /// The work refused or was dropped.
    GivenUp,
    Failed(Error),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Ended {
        Ended::Failed(error)
    }
}

/// Runs `work` in one transaction of `db`: see [`Db::in_one_transaction`].
pub(super) async fn run<T, E, F>(db: &Db, work: impl FnOnce(Db) -> F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
    E: From<Error>,
{
    let (jobs, waiting) = mpsc::channel();
    let waiting = Mutex::new(Some(waiting));
    let transaction = db.write(move |tx| {
        // The work has seen what the first run answered, so it cannot be run again.
        let waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        follow(tx, waiting.ok_or(Error::Conflict { tries: 1 })?)
    });
    let working = async move {
        let result = work(Db::Joined(Joined { jobs: jobs.clone() })).await;
        if result.is_ok() {
            // If the transaction is over, its own error tells why.
            let _ = jobs.send(Job::Keep);
        }
        result
    };
    let (ended, result) = tokio::join!(transaction, working);
    match (ended, result) {
        (Err(Ended::Failed(error)), _) => Err(error.into()),
        (Err(Ended::GivenUp), Ok(_)) => Err(Error::Aborted.into()),
        (Ok(()) | Err(Ended::GivenUp), result) => result,
    }
}

fn follow(tx: &mut Tx<'_>, waiting: mpsc::Receiver<Job>) -> Result<(), Ended> {
    let mut is_sound = true;
    for job in waiting {
        match job {
            Job::Run(job) => is_sound &= job(tx),
            Job::Keep if is_sound => return Ok(()),
            Job::Keep => break,
        }
    }
    Err(Ended::GivenUp)
}

impl Joined {
    pub(super) async fn read<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.run(f, true).await
    }

    /// A refusal undoes what the closure wrote, and here this is everything.
    pub(super) async fn write<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.run(f, false).await
    }

    async fn run<T, E, F>(&self, f: F, may_refuse: bool) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Job::Run(Box::new(move |tx| {
            let result = run_closure(&f, tx);
            let is_sound = may_refuse || result.is_ok();
            let _ = reply.send(result);
            is_sound
        }));
        self.jobs.send(job).map_err(|_| Error::Closed)?;
        answer.await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }
}
