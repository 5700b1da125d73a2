//! Runs the function that a pool names for a trigger, and turns what became of it into an answer.

use super::invocation::{Failure, Invocation};
use crate::{
    app::App,
    callers::call_origin::CallOrigin,
    http::call_facts::{self, FunctionRun},
};
use rules::{
    Fault, Result, fault,
    pool::Pool,
    triggers::{Caller, Source, event},
};
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;
use zeroize::Zeroizing;

/// Whom an event is about.
#[derive(Clone, Copy)]
pub struct About<'a> {
    /// The pool.
    pub pool: &'a Pool,
    /// The client, where the call names one.
    pub client_id: Option<&'a str>,
    /// The user's name; of nobody, the name as it was typed.
    pub username: &'a str,
    /// Where the call comes from.
    pub origin: &'a CallOrigin,
}

/// What a function is told.
pub struct Told<'a, R> {
    /// For what it runs.
    pub source: Source,
    /// The version of its event.
    pub version: &'static str,
    /// The request.
    pub request: &'a R,
    /// What the event holds as response.
    pub response: Value,
    /// What in the request belongs into no log.
    pub secrets: Vec<Zeroizing<String>>,
}

/// Runs the function of a trigger, and answers its reply; none where the pool names no function.
///
/// # Errors
/// What the wire says of a function that refuses, fails, or is too slow.
pub async fn run<R: Serialize>(app: &App, about: About<'_>, told: Told<'_, R>) -> Result<Option<Value>> {
    let trigger = told.source.trigger();
    let Some(arn) = trigger.function(about.pool) else { return Ok(None) };
    let Some(until) = about.origin.functions_until else { return Ok(None) };
    let caller = Caller {
        pool_id: &about.pool.id,
        client_id: about.client_id,
        sdk_version: &about.origin.sdk_version,
    };
    let event = event((told.source, told.version), &caller, about.username, told.request, told.response)?;
    let invocation = Invocation {
        arn: arn.to_owned(),
        trigger,
        event: event.into(),
        request_id: about.origin.request_id.clone(),
        secrets: told.secrets,
    };
    // A function may take seconds, in which others must get at the processor.
    let reply = app.workers.step_aside(invoke(app, told.source, &invocation, until)).await;
    reply.map(Some).map_err(|failure| answer(told.source, failure))
}

/// Runs a function, counts and logs it, and notes it of the call under way.
///
/// # Errors
/// [`Failure`].
pub async fn invoke(
    app: &App,
    source: Source,
    invocation: &Invocation,
    until: Instant,
) -> std::result::Result<Value, Failure> {
    let began = Instant::now();
    let reply = app.functions.invoke(invocation, until).await;
    let took = began.elapsed();
    let outcome = reply.as_ref().map_or_else(Failure::name, |_| "ok");
    app.metrics.function_ran(source.trigger().as_str(), outcome, took);
    tracing::info!(
        source = source.as_str(),
        function = invocation.arn,
        took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        outcome,
        reason = reply.as_ref().err().map(Failure::reason),
        "a function ran"
    );
    let run = FunctionRun { source, took, outcome, decided: String::new() };
    call_facts::note(|facts| facts.functions.push(run));
    reply
}

/// What the caller is told of a function that gave no reply.
pub fn answer(source: Source, failure: Failure) -> Fault {
    let trigger = source.trigger();
    let reason = failure.reason();
    let fault = match failure {
        Failure::Refused { message } => fault::function_refused(trigger, &message),
        Failure::Unavailable { name, .. } => fault::function_unavailable(trigger, &name),
        Failure::TimedOut => fault::function_timed_out(trigger),
        Failure::Unreadable { .. } => fault::lambda_output_no_json(),
        Failure::Busy => fault::too_many_requests(),
    };
    fault.because(reason)
}
