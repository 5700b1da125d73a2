//! What the server takes from a client, in one place.

use std::time::Duration;

/// The limits of the listener.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The longest body of a request.
    pub body_bytes_max: usize,
    /// The longest head of a request.
    pub head_bytes_max: usize,
    /// How many headers a request may have.
    pub headers_max: usize,
    /// How long a client may take to send the head, and how long a connection may wait for its next request.
    pub head_timeout: Duration,
    /// How long a client may take to send the body.
    pub body_timeout: Duration,
    /// How long an answer may take to make. The slowest waits for three tries of a Lambda.
    pub answer_timeout: Duration,
    /// How long a client may take to accept a piece of the answer.
    pub write_timeout: Duration,
    /// How many connections are open at once; further ones wait to be accepted.
    pub connections_max: usize,
    /// How many of these come from one address (an IPv6 /64), unless it is a proxy or of this network.
    pub connections_per_address_max: usize,
    /// How long a shutdown waits for what was accepted.
    pub shutdown_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            body_bytes_max: 1024 * 1024,
            head_bytes_max: 64 * 1024,
            headers_max: 100,
            head_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(30),
            answer_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(30),
            connections_max: 4096,
            connections_per_address_max: 512,
            shutdown_timeout: Duration::from_secs(20),
        }
    }
}
