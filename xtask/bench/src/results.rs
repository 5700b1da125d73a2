//! The figures, as lines for whoever waits for them and as JSON for the tables.

use serde::Serialize;

/// What one scenario gave: medians over the rounds.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    pub scenario: String,
    /// For each second of the server's processor time.
    pub per_cpu_second: f64,
    /// For each second by the clock, on all processors.
    pub per_wall_second: f64,
    /// How often a second of processor time suffices for the arithmetic alone.
    pub limit_per_second: f64,
    /// The first as a share of the last.
    pub share: f64,
    pub share_min: f64,
    pub share_max: f64,
    pub target: Option<f64>,
    /// What each call of the scenario costs the server's processor.
    pub microseconds: Vec<f64>,
}

impl Figure {
    /// One line of a table on the screen.
    pub fn line(&self) -> String {
        let target = self.target.map_or(String::new(), |target| {
            let verdict = if self.share >= target { "reached" } else { "missed" };
            format!("  target {:.0} % {verdict}", target * 100.0)
        });
        let calls: Vec<String> = self.microseconds.iter().map(|value| format!("{value:.0}")).collect();
        format!(
            "{:<36} {:>8.1}/cpu-s {:>8.1}/s   limit {:>8.1}   {:>5.1} % ({:.1} to {:.1}){target}   {} µs",
            self.scenario,
            self.per_cpu_second,
            self.per_wall_second,
            self.limit_per_second,
            self.share * 100.0,
            self.share_min * 100.0,
            self.share_max * 100.0,
            calls.join(" + "),
        )
    }
}

/// The middle one; of an even number the mean of the two in the middle.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (sorted.get(sorted.len().saturating_sub(1) / 2), sorted.get(sorted.len() / 2));
    low.zip(high).map_or(f64::NAN, |(low, high)| (low + high) / 2.0)
}
