//! `cognate audit`: what administrators and users did, for reading or for another program.

use super::{is_printed, open_store, say};
use crate::config::Config;
use anyhow::{Context as _, Result};
use clap::Args;
use rules::{Millis, calendar, ids::PoolId};
use serde_json::json;
use store::events::{self, Event, Wanted};

/// How many events one read looks at.
const PAGE: i64 = 2_000;

#[derive(Args)]
pub struct Audit {
    /// Of this pool
    #[arg(long, value_name = "POOL")]
    pool: Option<String>,
    /// Of this user: a sub or a user name
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// From this time on: 2026-01-31 or 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Millis>,
    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Millis>,
    /// One JSON object in each line
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Comma-separated values with a line of names
    #[arg(long)]
    csv: bool,
}

pub async fn run(config: Config, audit: Audit) -> Result<()> {
    let db = open_store(&config).await?;
    let wanted = Wanted {
        pool_id: audit.pool.map(PoolId::from),
        user: audit.user,
        since: audit.since,
        until: audit.until,
    };
    let write = match (audit.json, audit.csv) {
        (true, _) => json_line,
        (_, true) => csv_line,
        _ => text_line,
    };
    if audit.csv {
        say(&NAMES.join(","));
    }
    let mut after = String::new();
    loop {
        let (asked, from) = (wanted.clone(), after.clone());
        let page = db.read(move |tx| events::list(tx, &asked, &from, PAGE)).await?;
        page.events.iter().for_each(|event| say(&write(event)));
        let Some(last) = page.last else { break };
        after = last;
    }
    db.close().await;
    Ok(())
}

const NAMES: [&str; 15] = [
    "id",
    "time",
    "request_id",
    "operation",
    "outcome",
    "reason",
    "pool",
    "client",
    "sub",
    "username",
    "actor_kind",
    "actor",
    "address",
    "user_agent",
    "times",
];

/// The values in the order of [`NAMES`].
fn values(event: &Event) -> [Option<String>; 15] {
    let event = event.clone();
    [
        Some(event.id),
        Some(calendar::iso_8601(event.at)),
        Some(event.request_id),
        Some(event.operation),
        Some(event.outcome),
        event.reason,
        event.pool_id.map(String::from),
        event.client_id.map(String::from),
        event.sub.map(String::from),
        event.username,
        Some(event.actor_kind),
        event.actor,
        event.address,
        event.user_agent,
        Some(event.times.to_string()),
    ]
}

/// A terminal also obeys characters that JSON does not escape.
fn json_line(event: &Event) -> String {
    let mut object: serde_json::Map<_, _> =
        NAMES.into_iter().zip(values(event)).map(|(name, value)| (name.to_owned(), json!(value))).collect();
    object.insert("times".to_owned(), json!(event.times));
    let escaped = |c: char| if is_printed(c) { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) };
    serde_json::Value::Object(object).to_string().chars().map(escaped).collect()
}

/// RFC 4180. A value that a spreadsheet would take for a formula gets an apostrophe.
fn csv_line(event: &Event) -> String {
    let field = |value: Option<String>| {
        let mut value = value.unwrap_or_default();
        if value.starts_with(['=', '+', '-', '@']) {
            value.insert(0, '\'');
        }
        if value.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", value.replace('"', "\"\""))
        } else {
            value
        }
    };
    values(event).map(field).join(",")
}

fn text_line(event: &Event) -> String {
    fn or_dash(value: Option<&str>) -> &str {
        value.unwrap_or("-")
    }
    let mut line = format!(
        "{}  {:28}  {:24}  {}  {}  {} {}  {}",
        calendar::iso_8601(event.at),
        event.operation,
        event.outcome,
        or_dash(event.pool_id.as_deref()),
        or_dash(event.username.as_deref().or(event.sub.as_deref())),
        event.actor_kind,
        or_dash(event.actor.as_deref()),
        or_dash(event.address.as_deref()),
    );
    if event.times > 1 {
        line.push_str(&format!("  {} times", event.times));
    }
    if let Some(reason) = &event.reason {
        line.push_str(&format!("  ({reason})"));
    }
    line
}

/// A day or a moment, in UTC.
fn time(text: &str) -> Result<Millis> {
    let text = text.trim_end_matches('Z');
    let (day, moment) = text.split_once('T').unwrap_or((text, "00:00:00"));
    let parts = |text: &str, separator| {
        let parts: Option<Vec<i64>> = text.split(separator).map(calendar::number).collect();
        parts.and_then(|parts| <[i64; 3]>::try_from(parts).ok())
    };
    let ([year, month, day], [hour, minute, second]) = parts(day, '-')
        .zip(parts(moment, ':'))
        .with_context(|| format!("{text} is no time like 2026-01-31 or 2026-01-31T12:00:00Z"))?;
    let seconds = calendar::seconds_at(year, month, day)
        .zip(calendar::second_of_day(hour, minute, second))
        .with_context(|| format!("{text} does not exist"))?;
    Ok((seconds.0 + seconds.1) * 1_000)
}

#[cfg(test)]
mod tests {
    use super::{super::printed, *};

    #[test]
    fn reads_times() {
        for (text, expected) in [
            ("2026-01-01", Some(1_767_225_600_000)),
            ("2026-01-01T00:00:01Z", Some(1_767_225_601_000)),
            ("2026-02-30", None),
            ("yesterday", None),
            ("2026-01-01T25:00:00", None),
        ] {
            assert_eq!(time(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn csv_cannot_be_broken() {
        let mut event = Event {
            id: "1".into(),
            at: 0,
            request_id: "r".into(),
            operation: "SignUp".into(),
            outcome: "Success".into(),
            reason: None,
            pool_id: None,
            client_id: None,
            sub: None,
            username: Some("=1+1".into()),
            actor_kind: "anyone".into(),
            actor: None,
            address: None,
            user_agent: Some("a \"b\", c".into()),
            times: 1,
        };
        let line = "1,1970-01-01T00:00:00.000Z,r,SignUp,Success,,,,,'=1+1,anyone,,,\"a \"\"b\"\", c\",1";
        assert_eq!(csv_line(&event), line);
        event.reason = Some("because".into());
        assert!(json_line(&event).contains("\"reason\":\"because\""));
        assert!(text_line(&event).ends_with("(because)"));
        event.username = Some("a\n\u{1b}[2K\u{9b}\u{202e}\u{2028}b".into());
        event.times = 7;
        let (text, csv) = (printed(&text_line(&event)), printed(&csv_line(&event)));
        for line in [text.clone(), csv, json_line(&event)] {
            assert!(line.chars().all(is_printed), "{line}");
        }
        assert!(
            text.contains("a\\u{a}\\u{1b}[2K\\u{9b}\\u{202e}\\u{2028}b") && text.contains("7 times"),
            "{text}"
        );
        let read: serde_json::Value = serde_json::from_str(&json_line(&event)).unwrap();
        assert_eq!((read["username"].as_str(), &read["times"]), (event.username.as_deref(), &json!(7)));
    }
}
