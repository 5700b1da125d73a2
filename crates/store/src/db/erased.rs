//! Closures without their types. There are some hundred and thirty transactions, and each engine is compiled once for
//! all of them instead of once for each.

use super::{Error, Tx};
use std::sync::{Arc, Mutex, PoisonError};

/// What the engines run: it leaves the closure's answer where [`Answer`] finds it.
pub(super) type Work = Box<dyn Fn(&mut Tx<'_>) -> Result<(), Ended> + Send + Sync>;

/// Why a closure's writes are undone.
#[derive(Debug)]
pub(super) enum Ended {
    /// The closure refused; its error lies with the answer.
    Refused,
    /// The store failed.
    Failed(Error),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Ended {
        Ended::Failed(error)
    }
}

/// Where the last run of a closure left its answer.
pub(super) struct Answer<T, E>(Arc<Mutex<Option<Result<T, E>>>>);

/// Takes a closure apart into what runs and where its answer will lie.
pub(super) fn split<T, E>(
    f: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
) -> (Work, Answer<T, E>)
where
    T: Send + 'static,
    E: Send + 'static,
{
    let slot = Arc::new(Mutex::new(None));
    let answer = Answer(slot.clone());
    let work = move |tx: &mut Tx<'_>| {
        let result = f(tx);
        let ended = if result.is_ok() { Ok(()) } else { Err(Ended::Refused) };
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        ended
    };
    (Box::new(work), answer)
}

impl<T, E: From<Error>> Answer<T, E> {
    /// The closure's answer, if the engine let it stand.
    pub(super) fn after(self, ended: Result<(), Ended>) -> Result<T, E> {
        match ended {
            Err(Ended::Failed(error)) => Err(error.into()),
            Ok(()) | Err(Ended::Refused) => {
                let left = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
                left.unwrap_or_else(|| Err(Error::Panicked.into()))
            }
        }
    }
}
