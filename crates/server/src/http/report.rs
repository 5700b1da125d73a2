//! What the operator learns of a call: a line in the log, numbers, and an event of the audit trail. The reason of a
//! refusal stands here and never on the wire.

use crate::{
    app::App,
    audit::{CUT_OFF, Record},
    callers::call::Call,
    http::call_facts::{Actor, CallFacts},
};
use rules::{Fault, Result, endpoints::Endpoint};
use serde_json::Value;
use spec::Service;
use std::{borrow::Cow, error::Error, fmt::Write as _, time::Duration};

/// Reports a call that was answered.
pub fn call(
    app: &App,
    call: &Call,
    asked: Endpoint,
    result: &Result<Value>,
    facts: CallFacts,
    took: Duration,
) {
    let error = result.as_ref().err();
    tell(app, call, asked, error, error.map(|fault| fault.code.name()), facts, took);
}

/// Reports a call that was cut off before its end. Whoever waits for it still gets an internal error.
pub fn cut_off(app: &App, call: &Call, asked: Endpoint, facts: CallFacts, took: Duration) {
    let fault = Fault::internal("the call was cut off, and what it asked for may have been done");
    tell(app, call, asked, Some(&fault), Some(CUT_OFF), facts, took);
}

fn tell(
    app: &App,
    call: &Call,
    asked: Endpoint,
    error: Option<&Fault>,
    recorded: Option<&'static str>,
    facts: CallFacts,
    took: Duration,
) {
    let (service, name) = (asked.service(), asked.name());
    let outcome = error.map_or("Success", |fault| fault.code.name());
    app.metrics.answered(service.signing_name(), name, outcome, took);
    let reason = error.and_then(reason);
    let line = Line { call, service, name, outcome, reason: reason.as_deref(), facts: &facts, took };
    line.log(error);
    let span = tracing::Span::current();
    span.record("otel.name", name).record("outcome", outcome);
    let record = Record {
        request_id: &call.request_id,
        asked,
        error: recorded,
        reason,
        address: call.peer,
        user_agent: call.header("user-agent"),
    };
    app.audit.record(app.now(), &mut app.random(), record, facts);
}

struct Line<'a> {
    call: &'a Call,
    service: Service,
    name: &'static str,
    outcome: &'static str,
    reason: Option<&'a str>,
    facts: &'a CallFacts,
    took: Duration,
}

impl Line<'_> {
    /// Answers at `debug`, refusals at `info`, failures of our own at `error`; each line is of one form.
    fn log(&self, error: Option<&Fault>) {
        let actor = match &self.facts.actor {
            Actor::Operator(access_key) | Actor::Claimed(access_key) => Some(access_key.as_str()),
            Actor::User(sub) => Some(sub.as_str()),
            Actor::Anyone => None,
        };
        let micros = u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX);
        macro_rules! line {
            ($level:ident, $text:literal) => {
                tracing::$level!(
                    target: "cognate::calls",
                    request_id = self.call.request_id,
                    service = self.service.signing_name(),
                    operation = self.name,
                    outcome = self.outcome,
                    reason = self.reason,
                    pool = self.facts.pool_id.as_deref(),
                    client = self.facts.client_id.as_deref(),
                    user = self.facts.sub.as_deref(),
                    actor,
                    micros,
                    $text
                )
            };
        }
        match error {
            None => line!(debug, "a call was answered"),
            Some(fault) if is_failure(fault) => line!(error, "a call failed"),
            Some(_) => line!(info, "a call was refused"),
        }
    }
}

/// Reports what was refused or failed and is no operation.
pub fn fault(asked: Endpoint, fault: &Fault, request_id: &str) {
    let endpoint = asked.name();
    let (outcome, reason) = (fault.code.name(), reason(fault));
    if is_failure(fault) {
        tracing::error!(target: "cognate::calls", endpoint, request_id, outcome, reason, "a request failed");
    } else {
        tracing::debug!(target: "cognate::calls", endpoint, request_id, outcome, reason, "a request was refused");
    }
}

fn is_failure(fault: &Fault) -> bool {
    Service::CognitoIdp.error(fault.code).1 >= 500
}

/// Why, for the operator: the chain of causes, or else a text that is the same for everybody. A text that was put
/// together for one caller may hold what the caller sent.
fn reason(fault: &Fault) -> Option<String> {
    let mut text = String::new();
    let mut cause: Option<&(dyn Error + 'static)> = fault.cause.as_deref().map(|c| c as _);
    while let Some(error) = cause {
        let separator = if text.is_empty() { "" } else { ": " };
        let _ = write!(text, "{separator}{error}");
        cause = error.source();
    }
    match &fault.message {
        _ if !text.is_empty() => Some(text),
        Cow::Borrowed(message) => Some((*message).to_owned()),
        Cow::Owned(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rules::fault;

    #[test]
    fn reasons_hold_nothing_that_a_caller_sent() {
        let failure = std::io::Error::other("the disk is full");
        for (fault, expected) in [
            (fault::incorrect_username_or_password(), Some("Incorrect username or password.")),
            (
                fault::incorrect_username_or_password().because("a proof for another user"),
                Some("a proof for another user"),
            ),
            (fault::invalid_parameter(format!("not a name: {}", "hunter2")), None),
            (fault::missing_parameter("ANSWER"), Some("Missing required parameter ANSWER")),
            (fault::flow_not_enabled("USER_AUTH"), Some("USER_AUTH is not enabled for the client.")),
            (Fault::internal(failure), Some("the disk is full")),
        ] {
            assert_eq!(reason(&fault).as_deref(), expected);
        }
    }
}
