//! TIMESTAMP, in the form that clients print and sign.

use super::Refusal;
use crate::{
    Millis,
    calendar::{MONTHS, number, second_of_day, seconds_at},
};

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const TEXT_BYTES_MAX: usize = 64;

/// Checks that a TIMESTAMP such as `Sun Nov 1 09:05:07 UTC 2026` lies within `tolerance_ms` of `now_ms`
/// (milliseconds since 1970), before or after. The day may be padded by a zero or a space; whether the
/// weekday fits the date is not asked.
pub fn check_timestamp(text: &str, now_ms: Millis, tolerance_ms: Millis) -> Result<(), Refusal> {
    let at_ms = parse(text).ok_or(Refusal::TimestampFormat)?;
    if at_ms.abs_diff(now_ms) <= tolerance_ms.unsigned_abs() { Ok(()) } else { Err(Refusal::TimestampSkew) }
}

/// Milliseconds since 1970.
fn parse(text: &str) -> Option<i64> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let [weekday, month, day, time, "UTC", year] = words[..] else { return None };
    if !WEEKDAYS.contains(&weekday) || day.len() > 2 || year.len() != 4 {
        return None;
    }
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    Some((seconds_at(number(year)?, month, number(day)?)? + seconds_of_day(time)?) * 1000)
}

/// `HH:mm:ss`, each of two digits.
fn seconds_of_day(time: &str) -> Option<i64> {
    let parts: Vec<&str> = time.split(':').collect();
    let [hours, minutes, seconds] = parts[..] else { return None };
    if parts.iter().any(|part| part.len() != 2) {
        return None;
    }
    second_of_day(number(hours)?, number(minutes)?, number(seconds)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_clients_write() {
        for (text, seconds) in [
            ("Thu Jan 1 00:00:00 UTC 1970", 0),
            ("Sun Nov 1 09:05:07 UTC 2026", 1_793_523_907),
            ("Sun Nov 01 09:05:07 UTC 2026", 1_793_523_907),
            ("Sun Nov  1 09:05:07 UTC 2026", 1_793_523_907),
            ("Fri Nov 20 09:05:07 UTC 2026", 1_795_165_507),
            ("Thu Feb 29 23:59:59 UTC 2024", 1_709_251_199),
            ("Fri Mar 1 00:00:00 UTC 2024", 1_709_251_200),
            ("Tue Feb 29 12:00:00 UTC 2000", 951_825_600),
            ("Wed Dec 31 23:59:59 UTC 1969", -1),
        ] {
            assert_eq!(parse(text), Some(seconds * 1000), "{text}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "",
            "1793523907",
            "2026-11-01T09:05:07Z",
            "Sun, 01 Nov 2026 09:05:07 GMT",
            "Sun Nov 1 09:05:07 GMT 2026",
            "Sun Nov 1 09:05:07 2026",
            "Son Nov 1 09:05:07 UTC 2026",
            "sun nov 1 09:05:07 utc 2026",
            "Sun Nov 0 09:05:07 UTC 2026",
            "Sun Nov 31 09:05:07 UTC 2026",
            "Sun Feb 29 09:05:07 UTC 2026",
            "Mon Feb 29 09:05:07 UTC 2100",
            "Sun Nov +1 09:05:07 UTC 2026",
            "Sun Nov 001 09:05:07 UTC 2026",
            "Sun Nov 1 9:05:07 UTC 2026",
            "Sun Nov 1 24:00:00 UTC 2026",
            "Sun Nov 1 09:60:07 UTC 2026",
            "Sun Nov 1 09:05:60 UTC 2026",
            "Sun Nov 1 09:05 UTC 2026",
            "Sun Nov 1 09:05:07:00 UTC 2026",
            "Sun Nov 1 09:05:07 UTC 26",
            "Sun Nov 1 09:05:07 UTC 0000",
            "Sun Nov 1 09:05:07 UTC 99999",
            "Sun Nov 1 09:05:07 UTC 2026 x",
            "Sun Nov ١ 09:05:07 UTC 2026",
        ] {
            assert_eq!(check_timestamp(text, 0, i64::MAX), Err(Refusal::TimestampFormat), "{text}");
        }
        let long = format!("Sun Nov 1{}09:05:07 UTC 2026", " ".repeat(64));
        assert_eq!(check_timestamp(&long, 0, i64::MAX), Err(Refusal::TimestampFormat));
    }

    #[test]
    fn holds_the_tolerance_on_both_sides() {
        let text = "Sun Nov 1 09:05:07 UTC 2026";
        let at_ms = 1_793_523_907_000;
        for (now_ms, is_near) in [
            (at_ms, true),
            (at_ms + 300_000, true),
            (at_ms - 300_000, true),
            (at_ms + 300_001, false),
            (at_ms - 300_001, false),
            (i64::MAX, false),
            (i64::MIN, false),
        ] {
            assert_eq!(check_timestamp(text, now_ms, 300_000).is_ok(), is_near, "{now_ms}");
        }
    }
}
