//! Traces to an OpenTelemetry collector. Not in every build, because what speaks to one is much to compile.

use anyhow::{Result, anyhow};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use std::time::Duration;
use tracing::Subscriber;
use tracing_subscriber::{Layer, registry::LookupSpan};

/// How long a collector may take for one group of spans.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);

/// What sends spans to a collector.
pub struct Exporter(SdkTracerProvider);

impl Exporter {
    pub fn new(url: &str) -> Result<Exporter> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(url)
            .with_timeout(EXPORT_TIMEOUT)
            .build()
            // The cause could quote the address, which may hold a secret.
            .map_err(|_| anyhow!("traces cannot be sent to --otlp-url"))?;
        let resource = Resource::builder().with_service_name("cognate").build();
        Ok(Exporter(
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build(),
        ))
    }

    /// What collects the spans.
    pub fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        tracing_opentelemetry::layer().with_tracer(self.0.tracer("cognate"))
    }

    /// Sends what waits.
    pub fn end(self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}
