//! Where log lines and traces go.

use super::{
    settings::{LogFormat, Settings},
    traces::Exporter,
};
use crate::outbound;
use anyhow::{Context as _, Result, anyhow};
use tracing_subscriber::{
    EnvFilter, Layer as _, Registry, filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// What sends traces, until the program ends.
pub struct Traces(Option<Exporter>);

impl Traces {
    /// Sends what waits. It must not be called on the runtime's threads, because it waits.
    pub fn end(self) {
        if let Some(exporter) = self.0 {
            exporter.end();
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
    let url = settings.otlp_url().map(|url| outbound::http("--otlp-url", url)).transpose();
    let url = url.map_err(|mistake| anyhow!(mistake))?;
    let exporter = url.map(|url| Exporter::new(url.as_str())).transpose()?;
    // A trace is of a request, of the store and of the workers; other crates have spans of their own.
    let ours = Targets::new().with_target("cognate", tracing::Level::DEBUG);
    let spans = exporter.as_ref().map(|exporter| exporter.layer().with_filter(ours));
    Registry::default().with(spans).with(lines.with_filter(filter)).init();
    Ok(Traces(exporter))
}
