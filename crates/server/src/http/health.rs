//! What load balancers ask: is the process alive, and can it serve?

use crate::{app::App, secrets::master_keys};
use axum::{Router, extract::State, http::StatusCode, routing::get};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Mutex;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/_cognate/health/live", get(|| async { "alive\n" }))
        .route("/_cognate/health/ready", get(ready))
}

type Answer = (StatusCode, &'static str);

/// Looks at the store for all who ask meanwhile. Anybody may ask, and as often as they like.
#[derive(Default)]
pub struct Readiness {
    asked: AtomicU64,
    /// The last answer, and how many had asked when its look began.
    last: Mutex<Option<(u64, Answer)>>,
}

impl Readiness {
    /// The answer of a look that began after this question.
    async fn answer(&self, look: impl Future<Output = Answer>) -> Answer {
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut last = self.last.lock().await;
        if let Some((asked, answer)) = *last
            && asked >= number
        {
            return answer;
        }
        let asked = self.asked.load(Ordering::SeqCst);
        let answer = look.await;
        *last = Some((asked, answer));
        answer
    }
}

async fn ready(State(app): State<App>) -> Answer {
    app.readiness.answer(look(&app)).await
}

/// Ready means that the store answers, and that its secrets can be opened.
async fn look(app: &App) -> Answer {
    if let Err(error) = app.db.read(store::settings::probe).await {
        tracing::warn!(%error, "not ready: the store does not answer");
        return (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n");
    }
    match master_keys::follow(&app.db, &app.vault).await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(fault) => {
            tracing::warn!(%fault, cause = ?fault.cause, "not ready: the store's secrets cannot be opened");
            (StatusCode::SERVICE_UNAVAILABLE, "the store's secrets cannot be opened\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tokio::sync::Semaphore;

    #[tokio::test]
    async fn however_many_ask_at_once_two_looks_are_enough() {
        let readiness = Arc::new(Readiness::default());
        let (looks, gate) = (Arc::new(AtomicU64::new(0)), Arc::new(Semaphore::new(0)));
        let mut asking = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let (readiness, looks, gate) = (readiness.clone(), looks.clone(), gate.clone());
            asking.spawn(async move {
                let look = async {
                    looks.fetch_add(1, Ordering::SeqCst);
                    drop(gate.acquire().await);
                    (StatusCode::OK, "ready\n")
                };
                readiness.answer(look).await.0
            });
        }
        while readiness.asked.load(Ordering::SeqCst) < 100 {
            tokio::task::yield_now().await;
        }
        gate.add_permits(1);
        assert!(asking.join_all().await.iter().all(|status| *status == StatusCode::OK));
        assert_eq!(looks.load(Ordering::SeqCst), 2);
        let later = readiness.answer(async { (StatusCode::SERVICE_UNAVAILABLE, "") }).await;
        assert_eq!(later.0, StatusCode::SERVICE_UNAVAILABLE, "an old answer is no answer");
    }
}
