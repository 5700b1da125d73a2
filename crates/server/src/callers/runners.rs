//! The three runners that turn a call into an operation's arguments: what anybody may call, what a user's access token
//! opens, and what an administrator signs.

use super::{CallOrigin, Operator, SignedIn, call::Call, signed_in};
use crate::{app::App, http::call_facts};
use rules::{Fault, Result, fault};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use spec::shape::OperationSpec;
use std::sync::Arc;

/// Runs an operation that anybody may call, or that looks for its own proof.
pub async fn public<I, O>(f: impl AsyncFnOnce(&App, I) -> Result<O>, app: &App, input: Value) -> Result<Value>
where
    I: DeserializeOwned,
    O: Serialize,
{
    answer(Box::pin(f(app, request(input)?)).await?)
}

/// The same, of an operation that runs functions, which are told where the call comes from.
pub async fn public_from<I, O>(
    f: impl AsyncFnOnce(&App, Arc<CallOrigin>, I) -> Result<O>,
    app: &App,
    call: &Call,
    input: Value,
) -> Result<Value>
where
    I: DeserializeOwned,
    O: Serialize,
{
    answer(Box::pin(f(app, CallOrigin::of(call), request(input)?)).await?)
}

/// Runs an operation of a user who shows an access token.
pub async fn signed_in<I, O>(
    f: impl AsyncFnOnce(&App, SignedIn, I) -> Result<O>,
    app: &App,
    input: Value,
) -> Result<Value>
where
    I: DeserializeOwned,
    O: Serialize,
{
    let proven = match input["AccessToken"].as_str() {
        Some(token) => Box::pin(signed_in::signed_in(app, token)).await,
        // Only where the model calls it optional.
        None => Err(fault::missing_parameter("AccessToken")),
    };
    let caller = proven.inspect_err(call_facts::without_right)?;
    answer(Box::pin(f(app, caller, request(input)?)).await?)
}

/// The same, of an operation that runs functions.
pub async fn signed_in_from<I, O>(
    f: impl AsyncFnOnce(&App, SignedIn, Arc<CallOrigin>, I) -> Result<O>,
    app: &App,
    call: &Call,
    input: Value,
) -> Result<Value>
where
    I: DeserializeOwned,
    O: Serialize,
{
    let origin = CallOrigin::of(call);
    signed_in(async |app: &App, caller, input| f(app, caller, origin, input).await, app, input).await
}

/// Runs an operation of an administrator that runs functions.
pub async fn operator_from<I, O>(
    f: impl AsyncFnOnce(&App, &Operator, Arc<CallOrigin>, I) -> Result<O>,
    app: &App,
    call: &Call,
    input: Value,
) -> Result<Value>
where
    I: DeserializeOwned,
    O: Serialize,
{
    let origin = CallOrigin::of(call);
    operator(
        async |app: &App, caller: &Operator, input| f(app, caller, origin, input).await,
        app,
        call,
        input,
    )
    .await
}

/// Runs an operation of an administrator, who signs with AWS credentials and is allowed this operation on what
/// its input names.
pub async fn operator<I, O>(
    f: impl AsyncFnOnce(&App, &Operator, I) -> Result<O>,
    app: &App,
    call: &Call,
    input: Value,
) -> Result<Value>
where
    I: DeserializeOwned,
    O: Serialize,
{
    let (Some(caller), Some(endpoint)) = (&call.operator, call.asked()) else {
        return Err(fault::missing_authentication_token());
    };
    let allowed = caller.check_allowed(&app.config, endpoint.service(), endpoint.name(), &input);
    allowed.inspect_err(call_facts::without_right)?;
    answer(Box::pin(f(app, caller, request(input)?)).await?)
}

/// The answer of an operation that is not built yet.
pub fn not_built(operation: &OperationSpec) -> Result<Value> {
    tracing::warn!(operation = operation.name, "called an operation that is not built");
    Err(fault::not_built(operation.name))
}

/// A checked value as the operation's request.
fn request<I: DeserializeOwned>(input: Value) -> Result<I> {
    // The value has the shape that the type was generated from; serde's text may quote it, so it is dropped.
    serde_json::from_value(input).map_err(|_| Fault::internal("a checked request does not fit its type"))
}

fn answer<O: Serialize>(output: O) -> Result<Value> {
    let output = serde_json::to_value(output).map_err(|_| Fault::internal("an answer cannot be written"))?;
    call_facts::output(&output);
    Ok(output)
}
