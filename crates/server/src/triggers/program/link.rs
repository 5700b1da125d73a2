//! What a call, the Runtime API and the end of a process tell each other.

use axum::body::Bytes;
use std::{
    process::ExitStatus,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, oneshot};

/// One event for the process.
pub(super) struct Event {
    pub id: String,
    pub arn: String,
    pub deadline_ms: u64,
    pub trace_id: String,
    pub body: Bytes,
}

/// How a call ended.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// With a reply, which may be no JSON.
    Reply(Bytes),
    /// With an error of the function.
    Error { message: String },
    /// With a body that is too long.
    TooLong,
    /// The program says that it cannot run.
    NotStarted { message: String },
    /// The process ended. An event that it had not taken may go to another.
    Exited { status: Option<ExitStatus>, had_taken: bool },
}

/// Why the Runtime API refuses a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Another event, or none, is being answered.
    OtherId,
    /// It is not the time for it.
    State,
}

/// Between a process and its calls, of which there is one at a time.
#[derive(Default)]
pub(super) struct Link {
    state: Mutex<State>,
    offered: Notify,
}

#[derive(Default)]
struct State {
    /// Whether it has asked for an event, so that its start is over.
    is_up: bool,
    offered: Option<(Event, oneshot::Sender<Outcome>)>,
    taken: Option<(String, oneshot::Sender<Outcome>)>,
    over: Option<Outcome>,
}

impl Link {
    /// Leaves an event for the process.
    pub(super) fn offer(&self, event: Event) -> oneshot::Receiver<Outcome> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.lock();
        match &state.over {
            // The receiver is at hand, so that it can always be sent.
            Some(over) => drop(sender.send(over.clone())),
            None => state.offered = Some((event, sender)),
        }
        drop(state);
        self.offered.notify_one();
        receiver
    }

    /// Takes an event back; no: the process has it.
    pub(super) fn withdraw(&self) -> bool {
        self.lock().offered.take().is_some()
    }

    pub(super) fn is_up(&self) -> bool {
        self.lock().is_up
    }

    /// The next event, however long it takes.
    pub(super) async fn next(&self) -> Result<Event, Refusal> {
        loop {
            {
                let mut state = self.lock();
                if state.taken.is_some() || state.over.is_some() {
                    return Err(Refusal::State);
                }
                state.is_up = true;
                if let Some((event, sender)) = state.offered.take() {
                    state.taken = Some((event.id.clone(), sender));
                    return Ok(event);
                }
            }
            self.offered.notified().await;
        }
    }

    /// Whether this event is being answered.
    pub(super) fn is_taken(&self, id: &str) -> bool {
        self.lock().taken.as_ref().is_some_and(|(taken, _)| taken == id)
    }

    /// Ends the call whose event this is.
    pub(super) fn answer(&self, id: &str, outcome: Outcome) -> Result<(), Refusal> {
        let mut state = self.lock();
        let (_, sender) = state.taken.take_if(|(taken, _)| taken == id).ok_or(Refusal::OtherId)?;
        // A call that was given up does not hear it.
        let _ = sender.send(outcome);
        Ok(())
    }

    /// The program says that it cannot run.
    pub(super) fn not_started(&self, message: String) -> Result<(), Refusal> {
        let mut state = self.lock();
        if state.is_up || state.over.is_some() {
            return Err(Refusal::State);
        }
        state.end(Outcome::NotStarted { message });
        Ok(())
    }

    /// The process ended.
    pub(super) fn exited(&self, status: Option<ExitStatus>) {
        let mut state = self.lock();
        let had_taken = state.taken.is_some();
        state.end(Outcome::Exited { status, had_taken });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn end(&mut self, outcome: Outcome) {
        let offered = self.offered.take().map(|(_, sender)| sender);
        let taken = self.taken.take().map(|(_, sender)| sender);
        for sender in [offered, taken].into_iter().flatten() {
            let _ = sender.send(outcome.clone());
        }
        // What the program said of itself says more than that it ended.
        self.over.get_or_insert(outcome);
    }
}
