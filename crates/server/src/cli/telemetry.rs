//! Where log lines and traces go.

use super::settings::{LogFormat, Settings};
use anyhow::{Context as _, Result};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use std::time::Duration;
use tracing_subscriber::{
    EnvFilter, Layer as _, Registry, filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// How long a collector may take for one group of spans.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);

/// What sends traces, until the program ends.
pub struct Traces(Option<SdkTracerProvider>);

impl Traces {
    /// Sends what waits. It must not be called on the runtime's threads, because it waits.
    pub fn end(self) {
        if let Some(Err(error)) = self.0.map(|provider| provider.shutdown()) {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

/// Starts logging, and traces where the settings name a place for them.
pub fn start(settings: &Settings) -> Result<Traces> {
    let filter = EnvFilter::try_new(settings.log_filter()).context("--log cannot be read")?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match settings.log_format() {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
        }
    };
    let provider = settings.otlp_url().map(provider).transpose()?;
    // A trace is of a request, of the store and of the workers; other crates have spans of their own.
    let ours = Targets::new().with_target("cognate", tracing::Level::DEBUG);
    let spans = provider.as_ref().map(|provider| {
        tracing_opentelemetry::layer().with_tracer(provider.tracer("cognate")).with_filter(ours)
    });
    Registry::default().with(spans).with(lines.with_filter(filter)).init();
    Ok(Traces(provider))
}

fn provider(url: &str) -> Result<SdkTracerProvider> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(url)
        .with_timeout(EXPORT_TIMEOUT)
        .build()
        .with_context(|| format!("traces cannot be sent to {url}"))?;
    let resource = Resource::builder().with_service_name("cognate").build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}
