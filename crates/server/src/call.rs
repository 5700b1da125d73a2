//! One call as it arrived, and the three runners that turn it into an operation's arguments: nobody's word,
//! a user's access token, or an administrator's signature.

use crate::{
    app::App,
    caller::{self, Operator, SignedIn},
    operator,
    trail::{self, Actor},
};
use axum::http::request::Parts;
use rules::{Fault, Result, fault};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use spec::{Code, Service, shape::OperationSpec};
use std::{
    net::IpAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// One call as it arrived: what proofs are made from. It has no Debug, because its body holds secrets.
pub struct Call {
    /// Method, address and headers.
    pub head: Parts,
    /// The body's bytes.
    pub body: axum::body::Bytes,
    /// The name of this call in answers and logs.
    pub request_id: String,
    /// Where it came from; none in tests, which use no socket.
    pub peer: Option<IpAddr>,
    /// At whose multiples the answer leaves, if not at once.
    pub period: Option<Duration>,
    /// The operation that is asked for, once it is known.
    asked: Option<(Service, &'static OperationSpec)>,
    /// Who signed, once it is proven.
    operator: Option<Operator>,
}

impl Call {
    /// A call of which nothing is known yet.
    pub fn new(head: Parts, body: axum::body::Bytes, request_id: String, peer: Option<IpAddr>) -> Call {
        Call { head, body, request_id, peer, period: None, asked: None, operator: None }
    }

    /// Notes what is asked for, and checks the signature if the operation asks for one. This comes before the
    /// input is looked at, as the services do it: who has not signed learns nothing about what would be valid. What
    /// proves nobody is counted for its address, before it is looked at.
    pub async fn asks_for(
        &mut self,
        app: &App,
        service: Service,
        operation: &'static OperationSpec,
    ) -> Result<()> {
        self.asked = Some((service, operation));
        if !operation.signed {
            app.rate_limits.check_address(self.peer)?;
        } else {
            let counted = app.rate_limits.check_signature(self.peer)?;
            let proven = operator::prove(app, service, self).await;
            // A back end behind one address signs for many users, and a failure of ours is not the caller's.
            if proven.as_ref().err().is_none_or(|fault| fault.code == Code::InternalErrorException) {
                counted.give_back();
            }
            let operator = proven?;
            trail::note(|facts| facts.actor = Actor::Operator(operator.access_key.clone()));
            self.operator = Some(operator);
        }
        Ok(())
    }

    /// The operation that is asked for, once it is known.
    pub fn asked(&self) -> Option<(Service, &'static OperationSpec)> {
        self.asked
    }

    /// A header's value, if it is there and readable; `name` is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }
}

/// Runs an operation that anybody may call, or that looks for its own proof.
pub async fn public<I, O>(f: impl AsyncFnOnce(&App, I) -> Result<O>, app: &App, input: Value) -> Result<Value>
where
    I: DeserializeOwned,
    O: Serialize,
{
    answer(Box::pin(f(app, request(input)?)).await?)
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
    let token = input["AccessToken"].as_str().ok_or_else(fault::access_token_invalid)?;
    let caller = Box::pin(caller::signed_in(app, token)).await?;
    answer(Box::pin(f(app, caller, request(input)?)).await?)
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
    let (Some(caller), Some((service, operation))) = (&call.operator, call.asked) else {
        return Err(fault::missing_authentication_token());
    };
    caller.check_allowed(&app.config, service, operation.name, &input)?;
    answer(Box::pin(f(app, caller, request(input)?)).await?)
}

/// How many calls asked for something that is not built, since the start.
pub static NOT_BUILT_CALLS: AtomicU64 = AtomicU64::new(0);

/// The answer of an operation that is not built yet.
pub fn not_built(operation: &OperationSpec) -> Result<Value> {
    NOT_BUILT_CALLS.fetch_add(1, Ordering::Relaxed);
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
    trail::output(&output);
    Ok(output)
}
