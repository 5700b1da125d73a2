//! The two forms in which a signed request says its time.

use crate::calendar::{MONTHS, number, second_of_day, seconds_at};

/// Reads `20260101T000000Z` as seconds since 1970.
pub fn basic(text: &str) -> Option<i64> {
    let part = |from: usize, to: usize| number(text.get(from..to)?);
    let is_shaped = text.len() == 16 && text.get(8..9) == Some("T") && text.ends_with('Z');
    if !is_shaped {
        return None;
    }
    let day = seconds_at(part(0, 4)?, part(4, 6)?, part(6, 8)?)?;
    Some(day + second_of_day(part(9, 11)?, part(11, 13)?, part(13, 15)?)?)
}

/// Reads a Date header, as in `Thu, 01 Jan 2026 00:00:00 GMT`. Whether the weekday fits is not asked.
pub fn of_header(text: &str) -> Option<i64> {
    let (_, text) = text.split_once(", ")?;
    let words: Vec<&str> = text.split(' ').collect();
    let [day, month, year, time, "GMT" | "UTC" | "+0000" | "-0000"] = words[..] else { return None };
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    let time: Vec<&str> = time.split(':').collect();
    let [hours, minutes, seconds] = time[..] else { return None };
    let is_shaped =
        (1..=2).contains(&day.len()) && year.len() == 4 && time.iter().all(|part| part.len() == 2);
    if !is_shaped {
        return None;
    }
    let day = seconds_at(number(year)?, month, number(day)?)?;
    Some(day + second_of_day(number(hours)?, number(minutes)?, number(seconds)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms() {
        for (text, expected) in [
            ("20150830T123600Z", Some(1_440_938_160)),
            ("19700101T000000Z", Some(0)),
            ("20150830T123600", None),
            ("2015-08-30T12:36:00Z", None),
            ("20150830 123600Z", None),
            ("20150230T123600Z", None),
            ("20150830T243600Z", None),
            ("2015+830T123600Z", None),
            ("é0150830T12360Z", None),
            ("", None),
        ] {
            assert_eq!(basic(text), expected, "{text}");
        }
        for (text, expected) in [
            ("Sun, 30 Aug 2015 12:36:00 GMT", Some(1_440_938_160)),
            ("Sun, 30 Aug 2015 12:36:00 -0000", Some(1_440_938_160)),
            ("Sun, 30 Aug 2015 12:36:00 +0200", None),
            ("Sun, 30 Aug 15 12:36:00 GMT", None),
            ("Sun, 30 Aug 2015 12:36 GMT", None),
            ("Sun, 31 Feb 2015 12:36:00 GMT", None),
            ("Sunday, 30-Aug-15 12:36:00 GMT", None),
            ("30 Aug 2015 12:36:00 GMT", None),
        ] {
            assert_eq!(of_header(text), expected, "{text}");
        }
    }
}
