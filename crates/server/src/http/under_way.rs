//! A call under way, which is reported once however it ends: answered, or cut off because it took too long, because its
//! handler panicked or because the server ends. What a call that was cut off asked for may have been done.

use super::report;
use crate::{
    app::App,
    callers::call::Call,
    http::{
        call_facts,
        response_timing::{self, AnsweredAtEndOf},
    },
    metrics::InFlight,
};
use rules::{Result, endpoints::Endpoint};
use serde_json::Value;
use std::time::Instant;

/// One call, from when its body is read until it is reported.
pub struct UnderWay<'a> {
    app: &'a App,
    /// What arrived.
    pub call: Call,
    /// What is asked for, as far as the head says.
    asked: Endpoint,
    began: Instant,
    is_reported: bool,
    _in_flight: InFlight,
}

impl<'a> UnderWay<'a> {
    /// A call of this endpoint, inside of [`call_facts::scope`].
    pub fn new(app: &'a App, asked: Endpoint, call: Call) -> UnderWay<'a> {
        #[expect(clippy::disallowed_methods, reason = "a duration for the log and the metrics")]
        let began = Instant::now();
        UnderWay { app, call, asked, began, is_reported: false, _in_flight: app.metrics.begin() }
    }

    /// Reports how the call was answered.
    pub fn answered(&mut self, asked: Endpoint, result: &Result<Value>) {
        self.is_reported = true;
        report::call(self.app, &self.call, asked, result, call_facts::take(), self.began.elapsed());
    }

    /// Waits until the answer may leave; answers the period at whose end it does, if it has one.
    pub async fn until_period_ends(&self) -> AnsweredAtEndOf {
        if let Some(period) = self.call.period {
            response_timing::wait(self.began, period).await;
        }
        AnsweredAtEndOf(self.call.period)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if !self.is_reported {
            let asked = self.call.asked().unwrap_or(self.asked);
            report::cut_off(self.app, &self.call, asked, call_facts::take(), self.began.elapsed());
        }
    }
}
