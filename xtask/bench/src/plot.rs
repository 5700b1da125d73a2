//! The plot: what share of its arithmetic's limit each call reaches, as bars, with what is to be reached as a line.

use crate::{
    page::{engines, title},
    results::{Figure, Limit, Results, Run},
};

const LABEL_WIDTH: f64 = 260.0;
const BAR_WIDTH: f64 = 480.0;
const BAR_HEIGHT: f64 = 16.0;
const GROUP_GAP: f64 = 14.0;
const TOP: f64 = 56.0;
const COLORS: [&str; 2] = ["#3b82c4", "#d98a2b"];

/// Draws the runs with the fewest users of each engine. The colors of bars suit light and dark pages; text and lines
/// follow the page.
pub fn draw(results: &Results) -> String {
    let runs: Vec<&Run> = engines(results)
        .iter()
        .filter_map(|engine| results.runs.iter().find(|run| run.engine == *engine))
        .collect();
    let Some(first) = runs.first() else { return String::new() };
    let (mut shapes, mut y) = (String::new(), TOP);
    for figure in first.figures.iter().filter(|figure| figure.limit.is_some()) {
        let begin = y;
        for (run, color) in runs.iter().zip(COLORS) {
            let found = run.figures.iter().find(|other| other.scenario == figure.scenario);
            if let Some(limit) = found.and_then(|found| found.limit.as_ref()) {
                shapes += &bar(limit, color, y);
                y += BAR_HEIGHT;
            }
        }
        shapes += &label(figure, (begin + y) / 2.0);
        if let Some(target) = figure.limit.as_ref().and_then(|limit| limit.target) {
            let x = LABEL_WIDTH + target * BAR_WIDTH;
            shapes += &format!(
                "<line class=\"target\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/>\n",
                begin - 4.0,
                y + 4.0
            );
        }
        y += GROUP_GAP;
    }
    let (width, height) = (LABEL_WIDTH + BAR_WIDTH + 40.0, y + 20.0);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" \
         aria-label=\"The share of the limit that each call reaches\">\n{STYLE}\n{}{}{shapes}</svg>\n",
        legend(&runs),
        scale(y)
    )
}

const STYLE: &str = "<style>\n\
    text { font: 13px system-ui, sans-serif; fill: #24292f }\n\
    .value { font-size: 11px; fill: #ffffff }\n\
    .grid { stroke: #8c959f; stroke-opacity: 0.4 }\n\
    .target { stroke: #24292f; stroke-width: 2; stroke-dasharray: 4 2 }\n\
    @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .target { stroke: #e6edf3 } }\n\
    </style>";

fn bar(limit: &Limit, color: &str, y: f64) -> String {
    let width = limit.share.clamp(0.0, 1.05) * BAR_WIDTH;
    format!(
        "<rect x=\"{LABEL_WIDTH}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{color}\"/>\n\
         <text class=\"value\" x=\"{:.1}\" y=\"{:.1}\">{:.0} %</text>\n",
        BAR_HEIGHT - 2.0,
        LABEL_WIDTH + 6.0,
        y + 11.0,
        limit.share * 100.0
    )
}

fn label(figure: &Figure, y: f64) -> String {
    format!(
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n",
        LABEL_WIDTH - 8.0,
        y + 4.0,
        figure.scenario
    )
}

fn legend(runs: &[&Run]) -> String {
    let entry = |(at, (run, color)): (usize, (&&Run, &str))| {
        let x = LABEL_WIDTH + at as f64 * 110.0;
        format!(
            "<rect x=\"{x}\" y=\"8\" width=\"14\" height=\"14\" fill=\"{color}\"/>\n\
             <text x=\"{}\" y=\"20\">{}</text>\n",
            x + 20.0,
            title(&run.engine)
        )
    };
    let entries: String = runs.iter().zip(COLORS).enumerate().map(entry).collect();
    let x = LABEL_WIDTH + 240.0;
    format!(
        "{entries}<line class=\"target\" x1=\"{x}\" x2=\"{x}\" y1=\"6\" y2=\"24\"/>\n<text x=\"{}\" y=\"20\">to be reached</text>\n",
        x + 10.0
    )
}

/// Lines at each quarter of the limit.
fn scale(bottom: f64) -> String {
    let line = |quarter: u32| {
        let x = LABEL_WIDTH + f64::from(quarter) / 4.0 * BAR_WIDTH;
        format!(
            "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{bottom:.1}\"/>\n\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{} %</text>\n",
            TOP - 8.0,
            TOP - 12.0,
            quarter * 25
        )
    };
    (0..=4).map(line).collect()
}
