//! Where a call comes from, as far as functions are told of it and what they may take of it.

use crate::callers::call::Call;
use rules::{
    tokens::sessions::{SessionFacts, device_type},
    triggers::sdk_version,
};
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::time::Instant;

/// How long all functions together may take that one call runs.
pub const FUNCTIONS_TIMEOUT: Duration = Duration::from_secs(30);

/// Where a call comes from.
#[derive(Clone, Debug)]
pub struct CallOrigin {
    /// The call's name in answers and logs.
    pub request_id: String,
    /// The address; none in tests, which use no socket.
    pub address: Option<IpAddr>,
    /// What the client's SDK says of itself, as events tell it.
    pub sdk_version: String,
    /// What the client says of itself.
    pub user_agent: Option<String>,
    /// Until when functions may run; none for a seed, which is one transaction and runs none.
    pub functions_until: Option<Instant>,
}

impl CallOrigin {
    /// Of a call that arrives now.
    pub fn of(call: &Call) -> Arc<CallOrigin> {
        Arc::new(CallOrigin {
            request_id: call.request_id.clone(),
            address: call.peer,
            sdk_version: sdk_version(call.header("user-agent").or(call.header("x-amz-user-agent"))),
            user_agent: call.header("user-agent").map(str::to_owned),
            functions_until: Some(Instant::now() + FUNCTIONS_TIMEOUT),
        })
    }

    /// What a session shows of this call.
    pub fn session_facts(&self) -> SessionFacts {
        SessionFacts {
            device_type: device_type(self.user_agent.as_deref()),
            address: self.address.map(|address| address.to_string()),
        }
    }

    /// Of a seed, which runs no function.
    pub fn seed() -> Arc<CallOrigin> {
        Arc::new(CallOrigin {
            request_id: String::new(),
            address: None,
            sdk_version: sdk_version(None),
            user_agent: None,
            functions_until: None,
        })
    }
}
