//! One call as it arrived, and the proof of who signed it.

use crate::{
    app::App,
    callers::{Operator, operator},
    http::call_facts::{self, Actor},
};
use axum::http::request::Parts;
use rules::{Result, endpoints::Endpoint};
use spec::Code;
use std::{net::IpAddr, time::Duration};

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
    asked: Option<Endpoint>,
    /// Who signed, once it is proven.
    pub(super) operator: Option<Operator>,
}

impl Call {
    /// A call of which nothing is known yet.
    pub fn new(head: Parts, body: axum::body::Bytes, request_id: String, peer: Option<IpAddr>) -> Call {
        Call { head, body, request_id, peer, period: None, asked: None, operator: None }
    }

    /// Notes what is asked for, and checks the signature if the operation asks for one. This comes before the
    /// input is looked at, as the services do it: who has not signed learns nothing about what would be valid. What
    /// proves nobody is counted for its address, before it is looked at.
    pub async fn asks_for(&mut self, app: &App, endpoint: Endpoint) -> Result<()> {
        self.asked = Some(endpoint);
        if !endpoint.spec().is_some_and(|spec| spec.signed) {
            app.rate_limits.check_address(self.peer)?;
        } else {
            let counted = app.rate_limits.check_signature(self.peer)?;
            let proven = operator::prove(app, endpoint.service(), &self.head, &self.body).await;
            // A back end behind one address signs for many users, and a failure of ours is not the caller's.
            if proven.as_ref().err().is_none_or(|fault| fault.code == Code::InternalErrorException) {
                counted.give_back();
            }
            let operator = proven.inspect_err(call_facts::without_right)?;
            call_facts::note(|facts| facts.actor = Actor::Operator(operator.access_key.clone()));
            self.operator = Some(operator);
        }
        Ok(())
    }

    /// The operation that is asked for, once it is known.
    pub fn asked(&self) -> Option<Endpoint> {
        self.asked
    }

    /// A header's value, if it is there and readable; `name` is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }
}
