//! The figures: as lines for whoever waits for them, and as JSON that tables and plot are made from.

use serde::{Deserialize, Serialize};

/// Everything that one run measured.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Results {
    pub machine: Machine,
    pub runs: Vec<Run>,
}

/// Where it was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    pub processor: String,
    pub processors: usize,
    pub system: String,
}

/// What was measured on one engine with one number of users.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Run {
    pub engine: String,
    pub users: usize,
    pub figures: Vec<Figure>,
    pub footprint: Option<Footprint>,
    /// Beside the fewest users.
    #[serde(default)]
    pub growths: Vec<Growth>,
    pub comparisons: Vec<Comparison>,
    pub overload: Option<Overload>,
}

/// What one scenario gave: medians over the turns.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figure {
    pub scenario: String,
    /// For each second of the server's processor time.
    pub per_cpu_second: f64,
    /// For each second by the clock, on all processors.
    pub per_wall_second: f64,
    pub limit: Option<Limit>,
    /// What each call of the scenario costs the server's processor.
    pub microseconds: Vec<f64>,
    /// What the scenario costs PostgreSQL's processor.
    pub database_microseconds: f64,
    /// How often a client was told to come again.
    pub refused: u64,
}

/// The arithmetic of a scenario.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Limit {
    /// How often a second of processor time suffices for the arithmetic alone.
    pub per_second: f64,
    /// What the server reaches of that: the median, and between what half of the turns lie.
    pub share: f64,
    pub share_low: f64,
    pub share_high: f64,
    /// What it is to reach.
    pub target: Option<f64>,
}

/// What a call costs with many users beside what it costs with few.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Growth {
    pub scenario: String,
    /// How many are few, and how many are many.
    pub users: [usize; 2],
    /// With few, and with many users: medians over the turns.
    pub microseconds: [f64; 2],
    /// Of the turns' ratios the median, and between what half of them lie.
    pub ratio: f64,
    pub ratio_low: f64,
    pub ratio_high: f64,
    /// What the ratio may be at most.
    pub reach: f64,
}

/// Start and memory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Footprint {
    /// From the start of the process to the first answer.
    pub start_milliseconds: f64,
    /// Bytes, after the start.
    pub memory_idle: f64,
    /// Bytes, after all that was measured.
    pub memory_used: u64,
    /// Bytes at most, while 64 connections sign in by password.
    pub memory_signing_in: u64,
    /// How many of these sign-ins were answered and refused.
    pub sign_ins: [u64; 2],
}

/// The times of answers about users and about nobody.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Comparison {
    pub question: String,
    /// On each side.
    pub samples: usize,
    pub mean_microseconds: f64,
    /// By how much answers about users take longer.
    pub difference_microseconds: f64,
    /// Welch's.
    pub t: f64,
    /// The same without the slowest twentieth, in which the machine's own noise is.
    pub difference_kept_microseconds: f64,
    pub t_kept: f64,
    pub is_reached: bool,
}

/// Password sign-ins at three times the rate that can be carried.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Overload {
    /// Sign-ins a second, one after the other.
    pub capacity: f64,
    /// Sign-ins a second that were asked for.
    pub offered: f64,
    /// Sign-ins a second that were answered meanwhile.
    pub goodput: f64,
    /// The goodput as a share of the capacity.
    pub share: f64,
    pub answered_p50_ms: f64,
    pub refused: usize,
    pub refused_p50_ms: f64,
    pub refused_p99_ms: f64,
    /// Bytes at most.
    pub memory_peak: u64,
    /// How often health was asked for, and answered.
    pub health_answers: usize,
    pub health_p99_ms: f64,
}

pub const MEBIBYTE: f64 = 1024.0 * 1024.0;

impl Results {
    /// These with what they did not measure and earlier ones did, on the same machine.
    pub fn beside(mut self, earlier: Results) -> Results {
        if earlier.machine != self.machine {
            return self;
        }
        for old in earlier.runs {
            match self.runs.iter_mut().find(|run| run.engine == old.engine && run.users == old.users) {
                Some(run) => run.complete(old),
                None => self.runs.push(old),
            }
        }
        self.runs.sort_by_key(|run| (run.engine != "Sqlite", run.users));
        self
    }
}

impl Run {
    fn complete(&mut self, old: Run) {
        let new = std::mem::replace(&mut self.figures, old.figures);
        for figure in new {
            match self.figures.iter_mut().find(|known| known.scenario == figure.scenario) {
                Some(known) => *known = figure,
                None => self.figures.push(figure),
            }
        }
        if self.growths.is_empty() {
            self.growths = old.growths;
        }
        self.footprint = self.footprint.take().or(old.footprint);
        self.overload = self.overload.take().or(old.overload);
        if self.comparisons.is_empty() {
            self.comparisons = old.comparisons;
        }
    }
}

impl Machine {
    pub fn here() -> Machine {
        let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
        let cpu = read("/proc/cpuinfo");
        let model = cpu.lines().find_map(|line| line.strip_prefix("model name"));
        Machine {
            processor: model.unwrap_or_default().trim_start_matches(['\t', ' ', ':']).to_owned(),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            system: format!("Linux {}", read("/proc/sys/kernel/osrelease").trim()),
        }
    }
}

impl Figure {
    /// One line on the screen.
    pub fn line(&self) -> String {
        let calls: Vec<String> = self.microseconds.iter().map(|value| format!("{value:.0}")).collect();
        let database = match self.database_microseconds {
            0.0 => String::new(),
            cost => format!(" and {cost:.0} µs of PostgreSQL"),
        };
        let rates = format!(
            "{:<36} {:>8.1}/cpu-s {:>8.1}/s  {:>13} µs{database}",
            self.scenario,
            self.per_cpu_second,
            self.per_wall_second,
            calls.join(" + ")
        );
        let rates = match self.refused {
            0 => rates,
            refused => format!("{rates} ({refused} refused)"),
        };
        let Some(limit) = &self.limit else { return rates };
        let target = limit.target.map_or(String::new(), |target| {
            let verdict = if limit.share >= target { "reached" } else { "missed" };
            format!("  target {:.0} % {verdict}", target * 100.0)
        });
        format!(
            "{rates}  limit {:>8.1}  {:>5.1} % ({:.1} to {:.1}){target}",
            limit.per_second,
            limit.share * 100.0,
            limit.share_low * 100.0,
            limit.share_high * 100.0,
        )
    }
}

impl Growth {
    /// What a person reads; `names` are those of the two that are compared.
    pub fn line(&self, names: [&str; 2]) -> String {
        format!(
            "{:<36} {:.0} µs {}, {:.0} µs {}: {:.3} times ({:.2} to {:.2})  target {:.2} {}",
            self.scenario,
            self.microseconds[0],
            names[0],
            self.microseconds[1],
            names[1],
            self.ratio,
            self.ratio_low,
            self.ratio_high,
            self.reach,
            if self.ratio <= self.reach { "reached" } else { "missed" },
        )
    }
}

impl Footprint {
    pub fn line(&self) -> String {
        format!(
            "start to first answer {:.1} ms; memory idle {:.1} MiB, used {:.1} MiB, 64 connections signing in {:.1} MiB \
             ({} answered, {} refused)",
            self.start_milliseconds,
            self.memory_idle / MEBIBYTE,
            self.memory_used as f64 / MEBIBYTE,
            self.memory_signing_in as f64 / MEBIBYTE,
            self.sign_ins[0],
            self.sign_ins[1],
        )
    }
}

impl Comparison {
    pub fn line(&self) -> String {
        format!(
            "{:<40} n = {}, mean {:.0} µs, difference {:+.1} µs, t = {:+.2}; without the slowest 5 %: {:+.1} µs, t = {:+.2}: {}",
            self.question,
            self.samples,
            self.mean_microseconds,
            self.difference_microseconds,
            self.t,
            self.difference_kept_microseconds,
            self.t_kept,
            if self.is_reached { "reached" } else { "missed" },
        )
    }
}

impl Overload {
    pub fn line(&self) -> String {
        format!(
            "overload: capacity {:.1}/s, offered {:.1}/s, goodput {:.1}/s = {:.1} % (answered within {:.0} ms p50); \
             {} refused within {:.2} ms p50, {:.2} ms p99; memory {:.1} MiB; health answered {} times, {:.2} ms p99",
            self.capacity,
            self.offered,
            self.goodput,
            self.share * 100.0,
            self.answered_p50_ms,
            self.refused,
            self.refused_p50_ms,
            self.refused_p99_ms,
            self.memory_peak as f64 / MEBIBYTE,
            self.health_answers,
            self.health_p99_ms,
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

/// The value that this share of the values does not exceed.
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(users: usize, figures: &[(&str, f64)]) -> Run {
        let figure = |(scenario, per_cpu_second): &(&str, f64)| Figure {
            scenario: (*scenario).to_owned(),
            per_cpu_second: *per_cpu_second,
            per_wall_second: 0.0,
            limit: None,
            microseconds: Vec::new(),
            database_microseconds: 0.0,
            refused: 0,
        };
        Run {
            engine: "Sqlite".to_owned(),
            users,
            figures: figures.iter().map(figure).collect(),
            ..Run::default()
        }
    }

    #[test]
    fn what_was_measured_anew_replaces_what_was_known() {
        let results = |runs: Vec<Run>| Results { machine: Machine::default(), runs };
        let earlier = results(vec![run(10, &[("a", 1.0), ("b", 2.0)]), run(20, &[("a", 3.0)])]);
        let merged = results(vec![run(30, &[("a", 9.0)]), run(10, &[("b", 8.0)])]).beside(earlier.clone());
        let found: Vec<(usize, Vec<f64>)> = merged
            .runs
            .iter()
            .map(|run| (run.users, run.figures.iter().map(|figure| figure.per_cpu_second).collect()))
            .collect();
        assert_eq!(found, [(10, vec![1.0, 8.0]), (20, vec![3.0]), (30, vec![9.0])]);
        let elsewhere = Machine { processors: 64, ..Machine::default() };
        let other = Results { machine: elsewhere, runs: Vec::new() }.beside(earlier);
        assert!(other.runs.is_empty(), "another machine's figures are not mixed with these");
    }
}
