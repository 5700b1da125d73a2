//! The audit trail: what administrators and users did goes into a bounded queue and from there, in groups, into the
//! store. So a sign-in costs no second transaction; and a process that is killed loses what came in its last moment,
//! and the sums of its last ten minutes. What the queue cannot take is counted, never silently dropped. Of what strangers
//! ask without effect only the first calls of each network are events of their own; the rest is summed up, so that nobody
//! can fill the disk by asking.

mod fruitless;
mod queue;
mod writer;

pub use queue::Audit;
pub use writer::{flush, purge, run};

use crate::http::call_facts::CallFacts;
use rules::endpoints::{Audited, Endpoint};

/// What the trail says of a call whose end nobody saw.
pub const CUT_OFF: &str = "CutOff";

/// What is known of a call that is to be recorded.
pub struct Record<'a> {
    /// The call's name in answers and logs.
    pub request_id: &'a str,
    /// What was called.
    pub asked: Endpoint,
    /// The name of the error; none if it went well.
    pub error: Option<&'static str>,
    /// Why it was refused.
    pub reason: Option<String>,
    /// Where it came from.
    pub address: Option<std::net::IpAddr>,
    /// What the client calls itself.
    pub user_agent: Option<&'a str>,
}

/// Whether a call belongs into the trail: as its row says, and every attempt at anything without the right to it. The
/// question that begins SRP proves nothing and is left out, so that a flood of such questions writes nothing.
fn is_recorded(record: &Record<'_>, facts: &CallFacts) -> bool {
    match (record.asked.audited(), record.error) {
        (Audited::Never, _) => false,
        // Work that was refused because there was too much of it must not make more.
        (_, Some("TooManyRequestsException" | "ThrottlingException")) => false,
        (Audited::Always, None) => facts.challenge.as_deref() != Some("PASSWORD_VERIFIER"),
        (Audited::Always, Some(_)) => true,
        (Audited::WithoutRight, _) => facts.is_without_right,
    }
}
