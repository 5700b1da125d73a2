//! The functions that can be run: which entry of the settings is a function's, how many of its calls run at once, how
//! long a try may take, and whether there is another.

use super::{
    invocation::{Failure, Invocation},
    invoke_api::InvokeApi,
    programs::{Common, Programs},
    webhook::Webhook,
};
use crate::{
    config::{
        Config,
        functions::{Function, Way},
    },
    outbound::{Client, client},
    secrets::random::SystemRandom,
};
use rules::{Random as _, ids::PoolId};
use serde_json::Value;
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How long one try may take. D: as long as Cognito waits.
pub const FUNCTION_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a function is tried that could not be reached or did not reply in time. D: as often as Cognito tries.
const FUNCTION_TRIES: usize = 3;
/// How long a connection may take, so that a try can still end in time.
const FUNCTION_CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// All functions that can be run.
pub struct Functions {
    entries: Vec<Entry>,
    running: Running,
    /// How long one try may take.
    try_timeout: Duration,
    random: SystemRandom,
}

struct Entry {
    /// The ARN, where `*` stands for any characters.
    arn: String,
    /// The pools, likewise.
    pools: Vec<String>,
    concurrency: usize,
    transport: Transport,
}

enum Transport {
    Invoke(InvokeApi),
    Webhook(Webhook),
    Program(Programs),
}

impl Functions {
    /// The functions of the settings. Nothing is started.
    ///
    /// # Errors
    /// A text for the operator.
    pub fn new(config: &Config, random: SystemRandom) -> Result<Functions, String> {
        let client = Client::new(FUNCTION_CONNECT_TIMEOUT)?;
        let entry = |function: &Function| {
            let Function { arn, pools, way, concurrency } = function.clone();
            let transport = match way {
                Way::Invoke(settings) => Transport::Invoke(InvokeApi::new(client.clone(), settings)),
                Way::Webhook(settings) => Transport::Webhook(Webhook::new(client.clone(), settings)),
                Way::Program(settings) => Transport::Program(Programs::new(Common {
                    settings,
                    concurrency,
                    server_url: own_url(config),
                    region: config.region.clone(),
                    development: config.development,
                })?),
            };
            Ok(Entry { arn, pools, concurrency, transport })
        };
        let entries = config.functions.iter().map(entry).collect::<Result<_, String>>()?;
        Ok(Functions { entries, running: Running::default(), try_timeout: FUNCTION_TIMEOUT, random })
    }

    /// Runs a function. All tries end by `until`.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn invoke(&self, invocation: &Invocation, until: Instant) -> Result<Value, Failure> {
        let Invocation { arn, pool_id, .. } = invocation;
        let Some(entry) = self.entry(arn, pool_id) else {
            return Err(Failure::Unavailable {
                name: "ResourceNotFoundException".to_owned(),
                reason: format!("no entry of [[functions]] fits {arn} and {pool_id}"),
            });
        };
        let _place = self.running.take_place(&invocation.arn, entry.concurrency).ok_or(Failure::Busy)?;
        let id = self.random.clone().uuid_v4();
        let mut failure = Failure::TimedOut;
        for _ in 0..FUNCTION_TRIES {
            let now = Instant::now();
            if now >= until {
                break;
            }
            let end = until.min(now + self.try_timeout);
            match entry.transport.call(invocation, &id, end).await {
                Ok(reply) => return Ok(reply),
                Err(Miss { failure, is_final: true }) => return Err(failure),
                Err(miss) => failure = miss.failure,
            }
        }
        Err(failure)
    }

    /// Whether an entry is this function's for this pool.
    pub fn serves(&self, arn: &str, pool_id: &PoolId) -> bool {
        self.entry(arn, pool_id).is_some()
    }

    /// Ends all programs, and waits until they have ended.
    pub async fn end(&self) {
        for entry in &self.entries {
            if let Transport::Program(programs) = &entry.transport {
                programs.end().await;
            }
        }
    }

    fn entry(&self, arn: &str, pool_id: &PoolId) -> Option<&Entry> {
        let is_for_pool = |entry: &&Entry| entry.pools.iter().any(|pool| fits(pool, pool_id));
        self.entries.iter().filter(|entry| fits(&entry.arn, arn)).find(is_for_pool)
    }
}

impl Transport {
    /// One try, which ends by `until`.
    async fn call(&self, invocation: &Invocation, id: &str, until: Instant) -> Result<Value, Miss> {
        let timeout = until.duration_since(Instant::now());
        match self {
            Transport::Invoke(api) => api.call(invocation, timeout).await,
            Transport::Webhook(webhook) => webhook.call(invocation, id, timeout).await,
            Transport::Program(programs) => {
                let program = programs.of(&invocation.arn).map_err(Miss::final_one)?;
                program.invoke(invocation, until).await.map_err(Miss::of_program)
            }
        }
    }
}

/// Why a try gave no reply.
pub(super) struct Miss {
    failure: Failure,
    /// Whether another try is none the better.
    is_final: bool,
}

impl Miss {
    pub(super) fn final_one(failure: Failure) -> Miss {
        Miss { failure, is_final: true }
    }

    /// Who was not reached, or not in time, is tried again.
    pub(super) fn of_connection(failure: client::Failure) -> Miss {
        let is_final = !matches!(failure, client::Failure::NoConnection(_) | client::Failure::TimedOut);
        let failure = match failure {
            client::Failure::TimedOut => Failure::TimedOut,
            client::Failure::TooLong(_) => Failure::Unreadable { reason: failure.to_string() },
            _ => Failure::unavailable(failure.to_string()),
        };
        Miss { failure, is_final }
    }

    fn of_program(failure: Failure) -> Miss {
        Miss { is_final: failure != Failure::TimedOut, failure }
    }
}

impl Failure {
    /// A function that nothing more is known of than that it could not be run.
    pub(super) fn unavailable(reason: impl Into<String>) -> Failure {
        Failure::Unavailable { name: crate::outbound::aws::NAMELESS.to_owned(), reason: reason.into() }
    }
}

/// A reply as it came over HTTP.
pub(super) fn reply(body: &[u8]) -> Result<Value, Failure> {
    // The error's own text may quote the reply.
    serde_json::from_slice(body)
        .map_err(|_| Failure::Unreadable { reason: "the reply is no JSON".to_owned() })
}

/// How many calls of each function run.
#[derive(Default)]
struct Running(Mutex<HashMap<String, usize>>);

/// The place of a call that runs; dropping it gives it back.
struct Place<'a> {
    running: &'a Running,
    arn: &'a str,
}

impl Running {
    fn take_place<'a>(&'a self, arn: &'a str, most: usize) -> Option<Place<'a>> {
        let mut running = locked(&self.0);
        let count = running.entry(arn.to_owned()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place { running: self, arn })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut running = locked(&self.running.0);
        if let Some(count) = running.get_mut(self.arn) {
            *count -= 1;
            if *count == 0 {
                running.remove(self.arn);
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where programs on this machine reach this server.
pub fn own_url(config: &Config) -> String {
    let mut address = config.listen;
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{address}")
}

/// Whether a text is what a pattern says, in which `*` stands for any characters.
fn fits(pattern: &str, arn: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = arn.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
#[path = "functions_tests.rs"]
mod tests;
