//! Numbers for Prometheus. Labels are names of operations, errors and the like, which are few and known; nothing that
//! a caller sends becomes one.

pub mod endpoint;

use crate::app::App;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::{Family, MetricConstructor},
        gauge::Gauge,
        histogram::Histogram,
    },
    registry::Registry,
};
use rules::{Fault, Millis, Result};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// The content type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of the durations, in seconds: from a cached read to three tries of a Lambda.
const DURATIONS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 15.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Called {
    service: &'static str,
    operation: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    service: &'static str,
    operation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ran {
    trigger: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfTrigger {
    trigger: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Limited {
    limit: &'static str,
}

#[derive(Clone)]
struct NewHistogram;

impl MetricConstructor<Histogram> for NewHistogram {
    fn new_metric(&self) -> Histogram {
        Histogram::new(DURATIONS)
    }
}

/// How often a cache knew the answer.
#[derive(Debug, Default)]
pub struct Hits {
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Hits {
    /// Counts a question to the cache.
    pub fn count(&self, is_hit: bool) {
        let counter = if is_hit { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// What is counted.
pub struct Metrics {
    registry: Registry,
    calls: Family<Called, Counter>,
    durations: Family<Operation, Histogram, NewHistogram>,
    in_flight: Gauge,
    limited: Family<Limited, Counter>,
    functions: Family<Ran, Counter>,
    function_durations: Family<OfTrigger, Histogram, NewHistogram>,
    /// Questions to the caches of pools and clients.
    pub configuration_cache: Hits,
    live: Live,
}

/// Numbers that are read from their places when they are asked for.
#[derive(Default)]
struct Live {
    workers_running: Gauge,
    workers_waiting: Gauge,
    store_reads_waiting: Gauge,
    store_writes_waiting: Gauge,
    outbox_due: Gauge,
    audit_waiting: Gauge,
    audit_dropped: Gauge,
    audit_stripped: Gauge,
    cache_hits: Gauge,
    cache_misses: Gauge,
    start_time: Gauge,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut registry = Registry::with_prefix("cognate");
        let metrics = Metrics {
            calls: Family::default(),
            durations: Family::new_with_constructor(NewHistogram),
            in_flight: Gauge::default(),
            limited: Family::default(),
            functions: Family::default(),
            function_durations: Family::new_with_constructor(NewHistogram),
            configuration_cache: Hits::default(),
            live: Live::default(),
            registry: Registry::default(),
        };
        registry.register("calls", "Calls by operation and outcome", metrics.calls.clone());
        registry.register("call_duration_seconds", "How long calls took", metrics.durations.clone());
        registry.register("calls_in_flight", "Calls that are being answered", metrics.in_flight.clone());
        registry.register("rate_limited", "Calls that a rate limit refused", metrics.limited.clone());
        registry.register(
            "functions",
            "Functions that ran by trigger and outcome",
            metrics.functions.clone(),
        );
        let durations = metrics.function_durations.clone();
        registry.register("function_duration_seconds", "How long functions took", durations);
        metrics.live.register(&mut registry);
        Metrics { registry, ..metrics }
    }
}

impl Live {
    fn register(&self, registry: &mut Registry) {
        for (name, help, gauge) in [
            ("workers_running", "Jobs of hashing and signing that run", &self.workers_running),
            ("workers_waiting", "Jobs of hashing and signing that wait", &self.workers_waiting),
            ("store_reads_waiting", "Reads that wait for the store", &self.store_reads_waiting),
            ("store_writes_waiting", "Writes that wait for the store", &self.store_writes_waiting),
            ("outbox_due", "Messages that are due to be sent, up to 1000", &self.outbox_due),
            ("audit_waiting", "Events of the audit trail that wait to be stored", &self.audit_waiting),
            (
                "audit_dropped",
                "Events of the audit trail that were lost since the start",
                &self.audit_dropped,
            ),
            (
                "audit_stripped",
                "Events of the audit trail that were stored without a part that the store refused",
                &self.audit_stripped,
            ),
            (
                "configuration_cache_hits",
                "Pools and clients found in memory since the start",
                &self.cache_hits,
            ),
            ("configuration_cache_misses", "Pools and clients read since the start", &self.cache_misses),
            ("start_time_seconds", "When the process started, since 1970", &self.start_time),
        ] {
            registry.register(name, help, gauge.clone());
        }
    }
}

/// Counts a call as under way until it is dropped.
pub struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// Notes when the process started.
    pub fn started(&self, now: Millis) {
        self.live.start_time.set(now / 1_000);
    }

    /// Counts a call as under way.
    pub fn begin(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// Counts a call that a rate limit refused.
    pub fn limited(&self, limit: &'static str) {
        self.limited.get_or_create(&Limited { limit }).inc();
    }

    /// Counts a function that ran.
    pub fn function_ran(&self, trigger: &'static str, outcome: &'static str, took: Duration) {
        self.functions.get_or_create(&Ran { trigger, outcome }).inc();
        self.function_durations.get_or_create(&OfTrigger { trigger }).observe(took.as_secs_f64());
    }

    /// Counts a call that was answered.
    pub fn answered(
        &self,
        service: &'static str,
        operation: &'static str,
        outcome: &'static str,
        took: Duration,
    ) {
        self.calls.get_or_create(&Called { service, operation, outcome }).inc();
        self.durations.get_or_create(&Operation { service, operation }).observe(took.as_secs_f64());
    }

    /// All numbers in OpenMetrics' text form, which Prometheus reads.
    pub async fn text(&self, app: &App) -> Result<String> {
        let set = |gauge: &Gauge, value: u64| {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        };
        let live = &self.live;
        let (running, waiting) = app.workers.load();
        set(&live.workers_running, running as u64);
        set(&live.workers_waiting, waiting as u64);
        let (reads, writes) = app.db.waiting();
        set(&live.store_reads_waiting, reads as u64);
        set(&live.store_writes_waiting, writes as u64);
        set(&live.audit_waiting, app.audit.waiting_count() as u64);
        set(&live.audit_dropped, app.audit.dropped_count());
        set(&live.audit_stripped, app.audit.stripped_count());
        set(&live.cache_hits, self.configuration_cache.hits.load(Ordering::Relaxed));
        set(&live.cache_misses, self.configuration_cache.misses.load(Ordering::Relaxed));
        let now = app.now();
        // Numbers must come when the store does not: then this one is as it was.
        if let Ok(due) = app.db.read(move |tx| store::outbox::count_due(tx, now)).await {
            live.outbox_due.set(due);
        }
        let mut text = String::new();
        encode(&mut text, &self.registry).map_err(Fault::internal)?;
        Ok(text)
    }
}
