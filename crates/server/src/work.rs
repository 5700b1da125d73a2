//! Work that burns the processor: bounded workers beside the network threads, with admission control.

use rules::{Fault, Result, fault};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// How many jobs may wait for each worker. At 25 ms a password hash, a queue of 16 is 0.4 s of waiting.
const WAITING_PER_WORKER: usize = 16;

/// Runs jobs on as many threads as there are processors; what would wait too long is refused at once.
#[derive(Clone, Debug)]
pub struct Workers {
    threads: usize,
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
}

impl Workers {
    /// Workers for this many threads.
    pub fn new(threads: usize) -> Workers {
        let threads = threads.max(1);
        Workers {
            threads,
            running: Arc::new(Semaphore::new(threads)),
            admitted: Arc::new(Semaphore::new(threads * (WAITING_PER_WORKER + 1))),
        }
    }

    /// How many jobs run, and how many wait.
    pub fn load(&self) -> (usize, usize) {
        let running = self.threads.saturating_sub(self.running.available_permits());
        let admitted =
            (self.threads * (WAITING_PER_WORKER + 1)).saturating_sub(self.admitted.available_permits());
        (running, admitted.saturating_sub(running))
    }

    /// Runs `job` when a worker is free.
    ///
    /// # Errors
    /// TooManyRequestsException when the queue is full; an internal fault when the job panics.
    #[tracing::instrument(level = "debug", name = "work", skip_all)]
    pub async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let _admitted = self
            .admitted
            .clone()
            .try_acquire_owned()
            .map_err(|_| fault::too_many_requests().because("the queue of the workers is full"))?;
        let running = self.running.clone().acquire_owned().await.map_err(Fault::internal)?;
        let result = tokio::task::spawn_blocking(move || {
            let result = job();
            drop(running);
            result
        });
        result.await.map_err(Fault::internal)
    }
}
