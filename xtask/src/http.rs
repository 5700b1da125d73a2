//! How the tools speak HTTP to a server on this machine.

use std::time::Duration;
use ureq::Agent;

/// A connection that rested longer may have been closed by the server, and a request on it would be lost.
const REST_MAX: Duration = Duration::from_secs(2);

/// One connection to a server, made anew when it was lost. Nothing is sent twice, and no answer is hidden: one of any
/// status is an answer, and whatever else comes within `patience` is an error.
pub fn agent(patience: Duration) -> Agent {
    // No limit of the whole call, for which a name would be looked up in a thread of its own.
    let config = Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_idle_connections(1)
        .max_idle_age(REST_MAX)
        .timeout_connect(Some(patience))
        .timeout_send_request(Some(patience))
        .timeout_send_body(Some(patience))
        .timeout_recv_response(Some(patience))
        .timeout_recv_body(Some(patience));
    config.build().new_agent()
}
