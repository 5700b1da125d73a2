//! Runs the function that a pool names for a trigger, and turns what became of it into an answer.

use super::{
    invocation::{Failure, Invocation, REFUSED},
    program::environment::function_name,
};
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
use std::time::Duration;
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

/// What a function is told, and how its reply is read.
pub struct Told<'a, R, T, F: FnOnce(Source, &Value) -> Result<T>> {
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
    /// Reads the reply.
    pub read: F,
    /// What it decided, in words that hold nothing of a user's or the function's.
    pub describe: fn(&T) -> String,
}

/// Runs the function of a trigger, and answers what its reply says; none where the pool names no function.
///
/// # Errors
/// What the wire says of a function that refuses, fails, is too slow, or replies what nobody understands.
pub async fn run<R: Serialize, T, F: FnOnce(Source, &Value) -> Result<T>>(
    app: &App,
    about: About<'_>,
    told: Told<'_, R, T, F>,
) -> Result<Option<T>> {
    let Told { source, version, request, response, secrets, read, describe } = told;
    let Some(arn) = source.trigger().function(about.pool) else { return Ok(None) };
    let Some(until) = about.origin.functions_until else { return Ok(None) };
    let caller = Caller {
        pool_id: &about.pool.id,
        client_id: about.client_id,
        sdk_version: &about.origin.sdk_version,
    };
    let event = event((source, version), &caller, about.username, request, response)?;
    let invocation = Invocation {
        arn: arn.to_owned(),
        pool_id: about.pool.id.clone(),
        trigger: source.trigger(),
        event: event.into(),
        request_id: about.origin.request_id.clone(),
        secrets,
    };
    let began = Instant::now();
    // A function may take seconds, in which others must get at the processor.
    let reply = app.workers.step_aside(app.functions.invoke(&invocation, until)).await;
    let took = began.elapsed();
    let decided = match reply {
        Ok(reply) => read(source, &reply).inspect_err(|fault| {
            let reason = fault.cause.as_ref().map(ToString::to_string);
            note(app, &invocation, (source, took, UNRECOGNIZABLE), String::new(), reason);
        }),
        Err(failure) => {
            note(app, &invocation, (source, took, failure.name()), String::new(), Some(failure.reason()));
            Err(answer(source, failure))
        }
    }?;
    note(app, &invocation, (source, took, OK), describe(&decided), None);
    Ok(Some(decided))
}

/// Runs a function whose reply is not read.
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
    let outcome = reply.as_ref().map_or_else(Failure::name, |_| OK);
    let reason = reply.as_ref().err().map(Failure::reason);
    note(app, invocation, (source, began.elapsed(), outcome), String::new(), reason);
    reply
}

/// How runs end beside the failures of functions, in log, metrics and audit trail.
const OK: &str = "ok";
const UNRECOGNIZABLE: &str = "unrecognizable";

/// Counts and logs a run, and notes it of the call under way.
fn note(
    app: &App,
    invocation: &Invocation,
    (source, took, outcome): (Source, Duration, &'static str),
    decided: String,
    reason: Option<String>,
) {
    app.metrics.function_ran(source.trigger().as_str(), outcome, took);
    macro_rules! line {
        ($level:ident, $text:literal) => {
            tracing::$level!(
                source = source.as_str(),
                function = invocation.arn,
                took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                outcome,
                decided,
                reason,
                $text
            )
        };
    }
    match outcome {
        OK | REFUSED => line!(info, "a function ran"),
        _ => line!(warn, "a function failed"),
    }
    let name = function_name(&invocation.arn).to_owned();
    let run = FunctionRun { source, name, took, outcome, decided };
    call_facts::note(|facts| facts.functions.push(run));
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
