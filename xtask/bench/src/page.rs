//! The tables of docs/performance.md, between its markers, and what they and the plot are made from.

use crate::{
    plot,
    results::{Comparison, Figure, Growth, MEBIBYTE, Results, Run},
    root,
};
use anyhow::{Context, Result};
use std::fs;

const BEGIN: &str = "<!-- what follows is written by `cargo xtask bench --publish` -->";
const END: &str = "<!-- end of what is written -->";

/// Writes the figures into the documentation, beside those of this machine that were not measured again.
pub fn publish(results: Results) -> Result<()> {
    let docs = root().join("docs");
    fs::create_dir_all(docs.join("performance"))?;
    let kept = docs.join("performance/results.json");
    let earlier = if kept.exists() { serde_json::from_slice(&fs::read(&kept)?)? } else { Results::default() };
    let results = &results.beside(earlier);
    fs::write(&kept, serde_json::to_string_pretty(results)? + "\n")?;
    fs::write(docs.join("performance/plot.svg"), plot::draw(results))?;
    let file = docs.join("performance.md");
    let page = fs::read_to_string(&file)?;
    let (before, rest) = page.split_once(BEGIN).context("docs/performance.md has lost its first marker")?;
    let (_, after) = rest.split_once(END).context("docs/performance.md has lost its last marker")?;
    fs::write(&file, format!("{before}{BEGIN}\n\n{}\n{END}{after}", tables(results)))?;
    println!("written to {}", file.display());
    Ok(())
}

fn tables(results: &Results) -> String {
    let machine = &results.machine;
    let mut text = format!("{}, {} processors, {}.\n", machine.processor, machine.processors, machine.system);
    for engine in engines(results) {
        let runs: Vec<&Run> = results.runs.iter().filter(|run| run.engine == engine).collect();
        text += &format!("\n### {}\n", title(&engine));
        text += &shares(&runs);
        text += &sizes(&runs);
        text += &growths(&runs);
        text += &footprints(&runs);
        text += &overload(&runs);
        text += &comparisons(&runs);
    }
    text
}

/// The engines that were measured, in order.
pub fn engines(results: &Results) -> Vec<String> {
    let mut engines: Vec<String> = results.runs.iter().map(|run| run.engine.clone()).collect();
    engines.dedup();
    engines
}

pub fn title(engine: &str) -> &str {
    if engine == "Postgres" { "PostgreSQL" } else { "SQLite" }
}

/// Throughput beside the limit, with the fewest users.
fn shares(runs: &[&Run]) -> String {
    let Some(run) = runs.first().filter(|run| !run.figures.is_empty()) else { return String::new() };
    let mut text = format!(
        "\nWith {} users, for each second of the server's processor time:\n\n\
         | call | calls | arithmetic alone | share (half of the turns) | reach | by the clock | µs for each call |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        number(run.users)
    );
    for figure in &run.figures {
        let (limit, share, reach) = match &figure.limit {
            Some(limit) => (
                rate(limit.per_second),
                format!(
                    "{:.1} % ({:.1} to {:.1})",
                    limit.share * 100.0,
                    limit.share_low * 100.0,
                    limit.share_high * 100.0
                ),
                limit.target.map_or(String::new(), |target| format!("{:.0} %", target * 100.0)),
            ),
            None => Default::default(),
        };
        text += &format!(
            "| {} | {} | {limit} | {share} | {reach} | {}/s | {} |\n",
            figure.scenario,
            rate(figure.per_cpu_second),
            rate(figure.per_wall_second),
            microseconds(figure),
        );
    }
    text
}

/// What a call costs as the users become more.
fn sizes(runs: &[&Run]) -> String {
    let Some(first) = runs.first() else { return String::new() };
    if runs.len() < 2 || first.figures.is_empty() {
        return String::new();
    }
    let heads: String = runs.iter().map(|run| format!(" {} users |", number(run.users))).collect();
    let mut text = format!(
        "\nProcessor time of the server for each call, in µs, as users become more:\n\n\
         | call |{heads}\n| --- |{}\n",
        " ---: |".repeat(runs.len())
    );
    for figure in &first.figures {
        let cost = |run: &Run| {
            let found = run.figures.iter().find(|other| other.scenario == figure.scenario);
            found.map_or(f64::NAN, |found| 1e6 / found.per_cpu_second)
        };
        let costs: String = runs.iter().map(|run| format!(" {:.0} |", cost(run))).collect();
        text += &format!("| {} |{costs}\n", figure.scenario);
    }
    text
}

fn footprints(runs: &[&Run]) -> String {
    let rows: String = runs
        .iter()
        .filter_map(|run| Some((run.users, run.footprint.as_ref()?)))
        .map(|(users, print)| {
            format!(
                "| {} | {:.1} ms | {:.1} MiB | {:.1} MiB | {:.1} MiB |\n",
                number(users),
                print.start_milliseconds,
                print.memory_idle / MEBIBYTE,
                print.memory_used as f64 / MEBIBYTE,
                print.memory_signing_in as f64 / MEBIBYTE
            )
        })
        .collect();
    if rows.is_empty() {
        return rows;
    }
    format!(
        "\n| users | start to first answer | memory idle | after all calls | 64 connections signing in, at most |\n\
         | ---: | ---: | ---: | ---: | ---: |\n{rows}"
    )
}

/// The same on two servers that take turns.
fn growths(runs: &[&Run]) -> String {
    let rows: Vec<&Growth> = runs.iter().flat_map(|run| &run.growths).collect();
    if rows.is_empty() {
        return String::new();
    }
    let rows: String = rows
        .iter()
        .map(|growth| {
            format!(
                "| {} | {:.0} with {} | {:.0} with {} | {:.2} | {:.2}, {:.2} | {:.1} |\n",
                growth.scenario,
                growth.microseconds[0],
                number(growth.users[0]),
                growth.microseconds[1],
                number(growth.users[1]),
                growth.ratio,
                growth.ratio_low,
                growth.ratio_high,
                growth.reach
            )
        })
        .collect();
    format!(
        "\nThe same on two servers that take turns:\n\n\
         | call | µs with few users | µs with many users | many to few | half of the turns | at most |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |\n{rows}"
    )
}

fn overload(runs: &[&Run]) -> String {
    let Some(measured) = runs.iter().find_map(|run| run.overload.as_ref()) else { return String::new() };
    format!(
        "\nPassword sign-ins at three times the rate that is carried:\n\n\
         | what | figure |\n| --- | ---: |\n\
         | carried, and asked for | {:.1}/s, {:.1}/s |\n\
         | goodput | {:.1}/s, {:.1} % |\n\
         | time to an answer, median | {:.0} ms |\n\
         | refusals, and the time to one: median, 99th percentile | {}, {:.2} ms, {:.2} ms |\n\
         | memory, at most | {:.1} MiB |\n\
         | health, 99th percentile of {} answers | {:.2} ms |\n",
        measured.capacity,
        measured.offered,
        measured.goodput,
        measured.share * 100.0,
        measured.answered_p50_ms,
        number(measured.refused),
        measured.refused_p50_ms,
        measured.refused_p99_ms,
        measured.memory_peak as f64 / MEBIBYTE,
        number(measured.health_answers),
        measured.health_p99_ms,
    )
}

fn comparisons(runs: &[&Run]) -> String {
    let rows: Vec<&Comparison> = runs.iter().flat_map(|run| &run.comparisons).collect();
    if rows.is_empty() {
        return String::new();
    }
    let rows: String = rows
        .iter()
        .map(|row| {
            format!(
                "| {} | 2 × {} | {:.0} µs | {:+.1} µs | {:+.2} | {:+.2} |\n",
                row.question,
                number(row.samples),
                row.mean_microseconds,
                row.difference_microseconds,
                row.t,
                row.t_kept
            )
        })
        .collect();
    format!(
        "\nAnswers about users and about nobody, in time:\n\n\
         | question | samples | mean | difference | Welch's t | without the slowest 5 % |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |\n{rows}"
    )
}

fn microseconds(figure: &Figure) -> String {
    let calls: Vec<String> = figure.microseconds.iter().map(|value| format!("{value:.0}")).collect();
    match figure.database_microseconds {
        0.0 => calls.join(" + "),
        cost => format!("{}, and PostgreSQL's {cost:.0}", calls.join(" + ")),
    }
}

fn rate(value: f64) -> String {
    if value < 100.0 { format!("{value:.1}") } else { number(value.round() as usize) }
}

/// A number with a comma before each three digits.
pub fn number(value: usize) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        for (value, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(number(value), text);
        }
    }
}
