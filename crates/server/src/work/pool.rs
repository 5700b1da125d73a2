//! Work that burns the processor, and admission to it. Hashes, which take long, have threads of their own beside the
//! network's. Signatures and exponentiations take less than a millisecond and run on the network's threads, because
//! handing them to others costs too much; of these threads there are more than may do it at once, so that one is left
//! to refuse.
//!
//! A call that needs such work is admitted before anything is done for it, and once, for all the work it will want: so
//! a refusal costs nothing, and nothing that was begun is thrown away. What counts is how long the work takes, not how
//! many pieces it has. A sign-in that was begun goes on where a new one would be refused.

use rules::{
    Fault, Result,
    endpoints::{Cost, Priority},
    fault,
};
use std::{
    cell::RefCell,
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// How much work may wait for each thread, in milliseconds. Whoever waits longer has tried again by then.
pub const WAITING_MS: u32 = 400;
/// The part of it that is kept for sign-ins which were begun.
pub const RESERVED_PERCENT: u32 = 25;
/// What a call costs that hashes no password: two signatures, or one half of SRP and two signatures.
const LIGHT_MS: u32 = 3;
/// After how long without work a thread gives its memory back.
const IDLE: Duration = Duration::from_secs(1);
/// How much the threads give way to those of the network, which so can refuse while all processors hash.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

type Job = Box<dyn FnOnce() + Send>;

/// How many jobs of a kind run at once: one on each processor.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// How many threads the network needs: one beside those that compute. Further ones would only take turns with these.
pub fn network_threads() -> usize {
    processors() + 1
}

/// Runs jobs on as many threads as there are processors; what would wait too long is refused at once.
#[derive(Clone)]
pub struct Workers {
    queue: Arc<Queue>,
    short: Arc<Short>,
    admission: Arc<Semaphore>,
    /// What all admissions together may cost, in milliseconds of one thread.
    capacity_ms: u32,
    hash_ms: u32,
    /// Ends the threads with the last clone.
    _end: Arc<End>,
}

/// The short jobs.
struct Short {
    /// Who may run now.
    inline_permits: Semaphore,
    threads: usize,
    /// How many run or wait.
    present: AtomicUsize,
}

/// Counts a short job until it is dropped.
struct Present<'a>(&'a Short);

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.0.present.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    running: usize,
    closed: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }
}

struct End(Arc<Queue>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.arrived.notify_all();
    }
}

/// Whether the call under way is admitted to work.
#[derive(Default)]
enum Admission {
    /// Not yet.
    #[default]
    None,
    /// To its end.
    Held(#[expect(dead_code, reason = "what is dropped at the end")] OwnedSemaphorePermit),
    /// It was, and let others go first.
    Returned,
}

tokio::task_local! {
    static ADMITTED: RefCell<Admission>;
}

/// Runs a call; once it is admitted it stays so to its end.
pub async fn scope<T>(call: impl Future<Output = T>) -> T {
    ADMITTED.scope(RefCell::default(), call).await
}

impl Workers {
    /// Starts threads. `hash_ms` is how long the hash of a password takes; `idle` gives back what a thread keeps from
    /// one job to the next.
    ///
    /// # Errors
    /// The system has no more threads.
    pub fn new(threads: usize, hash_ms: u32, idle: fn()) -> std::io::Result<Workers> {
        let queue = Arc::new(Queue { state: Mutex::default(), arrived: Condvar::new() });
        // The threads that were started end if a further one cannot be.
        let end = Arc::new(End(queue.clone()));
        let threads = threads.max(1);
        let short = Short { inline_permits: Semaphore::new(threads), threads, present: AtomicUsize::new(0) };
        for _ in 0..threads {
            let queue = queue.clone();
            std::thread::Builder::new().name("cognate-work".to_owned()).spawn(move || work(&queue, idle))?;
        }
        let hash_ms = hash_ms.saturating_add(LIGHT_MS);
        // However slow hashes are set, each thread may have one waiting beside the one that runs, and keeps its reserve.
        let capacity_ms =
            WAITING_MS.max(hash_ms.saturating_mul(3)).saturating_mul(u32::try_from(threads).unwrap_or(1));
        let admission =
            Arc::new(Semaphore::new(usize::try_from(capacity_ms).unwrap_or(Semaphore::MAX_PERMITS)));
        Ok(Workers { queue, short: Arc::new(short), admission, capacity_ms, hash_ms, _end: end })
    }

    /// How many jobs run, and how many wait.
    pub fn load(&self) -> (usize, usize) {
        let short = self.short.present.load(Ordering::Relaxed);
        let running = short.min(self.short.threads);
        let state = self.queue.lock();
        (state.running + running, state.jobs.len() + short - running)
    }

    /// Admits the call under way to all the work that it will want.
    ///
    /// # Errors
    /// TooManyRequestsException when too much waits already.
    pub fn admit(&self, cost: Cost, priority: Priority) -> Result<()> {
        let permit = self.permit(cost, priority)?;
        let _ = ADMITTED.try_with(|admitted| admitted.replace(Admission::Held(permit)));
        Ok(())
    }

    /// Runs what waits for somebody else: the call under way gives its admission back meanwhile. What it wants afterwards
    /// counts as going on.
    pub async fn step_aside<T>(&self, waiting: impl Future<Output = T>) -> T {
        let _ = ADMITTED.try_with(|admitted| {
            let mut admitted = admitted.borrow_mut();
            if matches!(*admitted, Admission::Held(_)) {
                *admitted = Admission::Returned;
            }
        });
        waiting.await
    }

    fn permit(&self, cost: Cost, priority: Priority) -> Result<OwnedSemaphorePermit> {
        let cost_ms = if cost == Cost::Hash { self.hash_ms } else { LIGHT_MS };
        let reserved_ms = match priority {
            Priority::New => self.capacity_ms / 100 * RESERVED_PERCENT,
            Priority::Continuing => 0,
        };
        let refusal = || fault::too_many_requests().because("too much work waits");
        let free = u32::try_from(self.admission.available_permits()).unwrap_or(u32::MAX);
        if free < cost_ms.saturating_add(reserved_ms) {
            return Err(refusal());
        }
        self.admission.clone().try_acquire_many_owned(cost_ms).map_err(|_| refusal())
    }

    /// Runs a long job when a thread is free. Where the call is not admitted yet, the job is for itself.
    ///
    /// # Errors
    /// TooManyRequestsException when too much waits already; an internal fault when the job panics.
    #[tracing::instrument(level = "debug", name = "work", skip_all)]
    pub async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let _own = self.own_admission(Cost::Hash)?;
        let (answer, answered) = oneshot::channel();
        self.queue.lock().jobs.push_back(Box::new(move || {
            // Whoever asked may have gone away meanwhile.
            if !answer.is_closed() {
                drop(answer.send(job()));
            }
        }));
        self.queue.arrived.notify_one();
        answered.await.map_err(Fault::internal)
    }

    /// Runs a job of a millisecond at most on this thread, as soon as it may. Where the call is not admitted yet, the
    /// job is for itself.
    ///
    /// # Errors
    /// TooManyRequestsException when too much waits already.
    #[tracing::instrument(level = "debug", name = "short_work", skip_all)]
    pub async fn run_here<T>(&self, job: impl FnOnce() -> T) -> Result<T> {
        let _own = self.own_admission(Cost::Light)?;
        self.short.present.fetch_add(1, Ordering::Relaxed);
        let _present = Present(&self.short);
        let _turn = self.short.inline_permits.acquire().await.map_err(Fault::internal)?;
        Ok(job())
    }

    /// Admission for one job, where the call under way has none.
    fn own_admission(&self, cost: Cost) -> Result<Option<OwnedSemaphorePermit>> {
        let found = ADMITTED.try_with(|admitted| match *admitted.borrow() {
            Admission::None => Some(Priority::New),
            Admission::Held(_) => None,
            Admission::Returned => Some(Priority::Continuing),
        });
        let missing = found.unwrap_or(Some(Priority::New));
        missing.map(|priority| self.permit(cost, priority)).transpose()
    }
}

/// Takes jobs until the queue is closed and empty.
fn work(queue: &Queue, idle: fn()) {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::warn!(%error, "the threads that hash have the same priority as the network's");
    }
    let mut state = queue.lock();
    let mut keeps_memory = false;
    loop {
        if let Some(job) = state.jobs.pop_front() {
            state.running += 1;
            drop(state);
            // Who waits for a job that panicked sees its answer's sender dropped.
            let _ = catch_unwind(AssertUnwindSafe(job));
            state = queue.lock();
            state.running -= 1;
            keeps_memory = true;
        } else if state.closed {
            return;
        } else if keeps_memory {
            let waited = queue.arrived.wait_timeout(state, IDLE).unwrap_or_else(|e| e.into_inner());
            state = waited.0;
            if waited.1.timed_out() {
                drop(state);
                idle();
                keeps_memory = false;
                state = queue.lock();
            }
        } else {
            state = queue.arrived.wait(state).unwrap_or_else(|e| e.into_inner());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn workers(hash_ms: u32) -> Workers {
        Workers::new(1, hash_ms, || {}).unwrap()
    }

    #[tokio::test]
    async fn what_was_begun_goes_on_where_a_beginning_is_refused() {
        let workers = workers(97);
        let mut held = Vec::new();
        while let Ok(permit) = workers.permit(Cost::Hash, Priority::New) {
            held.push(permit);
        }
        assert_eq!(held.len(), 3, "of 400 ms a quarter is kept");
        assert!(workers.permit(Cost::Light, Priority::New).is_err());
        let refusal = workers.run_here(|| ()).await.unwrap_err();
        assert_eq!(refusal.code, spec::Code::TooManyRequestsException);
        held.push(workers.permit(Cost::Hash, Priority::Continuing).unwrap());
        assert!(workers.permit(Cost::Light, Priority::Continuing).is_err());
        held.clear();
        workers.run_here(|| ()).await.unwrap();
    }

    #[tokio::test]
    async fn a_call_is_admitted_once() {
        let workers = workers(97);
        scope(async {
            workers.admit(Cost::Hash, Priority::New).unwrap();
            let others: Vec<_> =
                std::iter::from_fn(|| workers.permit(Cost::Light, Priority::Continuing).ok()).collect();
            assert_eq!(others.len(), 100);
            workers.run(|| ()).await.unwrap();
            workers.run_here(|| ()).await.unwrap();
        })
        .await;
        assert!(workers.permit(Cost::Hash, Priority::New).is_ok());
    }

    #[tokio::test]
    async fn slow_hashes_are_not_refused_for_ever() {
        let workers = workers(10_000);
        let _running = workers.permit(Cost::Hash, Priority::New).unwrap();
        let _waiting = workers.permit(Cost::Hash, Priority::New).unwrap();
        assert!(workers.permit(Cost::Hash, Priority::New).is_err());
        assert!(workers.permit(Cost::Hash, Priority::Continuing).is_ok());
    }

    #[tokio::test]
    async fn a_job_that_panics_takes_nothing_with_it() {
        let workers = workers(1);
        assert!(workers.run(|| panic!("a test's")).await.is_err());
        assert_eq!(workers.run(|| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn threads_end_with_the_last_clone() {
        let (sender, receiver) = mpsc::channel::<()>();
        let workers = workers(1);
        let keeps = sender.clone();
        workers
            .run(move || {
                thread_local!(static KEPT: RefCell<Option<mpsc::Sender<()>>> = const { RefCell::new(None) });
                KEPT.with(|kept| kept.replace(Some(keeps)));
            })
            .await
            .unwrap();
        drop((workers.clone(), sender, workers));
        assert!(receiver.recv().is_err(), "the thread has dropped what it kept");
    }

    #[tokio::test]
    async fn short_jobs_take_turns_and_are_counted() {
        let workers = workers(1);
        let turn = workers.short.inline_permits.acquire().await.unwrap();
        let waiting = tokio::spawn({
            let workers = workers.clone();
            async move { workers.run_here(|| 7).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(workers.load(), (1, 0));
        assert!(!waiting.is_finished(), "it waits for its turn");
        drop(turn);
        assert_eq!(waiting.await.unwrap().unwrap(), 7);
        assert_eq!(workers.load(), (0, 0));
    }
}
