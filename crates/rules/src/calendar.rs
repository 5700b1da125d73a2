//! Days and seconds of the Gregorian calendar in UTC: the dates that clients sign, and those that people read.

use crate::Millis;
use time::{Date, Month, OffsetDateTime, Time};

/// The names of the months as RFC 5322 writes them.
pub const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The last second that is written with a year of four digits.
const LAST_SECOND: i64 = 253_402_300_799;

/// The number that these characters write; none unless all are digits, since `parse` alone would take a sign.
pub fn number(digits: &str) -> Option<i64> {
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// Seconds since 1970 at the beginning of a day; none if there is no such day, or its year has not four digits.
pub fn seconds_at(year: i64, month: i64, day: i64) -> Option<i64> {
    let year = i32::try_from(year).ok().filter(|year| (1..=9999).contains(year))?;
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = Date::from_calendar_date(year, month, u8::try_from(day).ok()?).ok()?;
    Some(date.midnight().assume_utc().unix_timestamp())
}

/// The second of a day; none if there is no such time. Leap seconds are not known.
pub fn second_of_day(hours: i64, minutes: i64, seconds: i64) -> Option<i64> {
    let [hours, minutes, seconds] = [hours, minutes, seconds].map(|part| u8::try_from(part).ok());
    let time = Time::from_hms(hours?, minutes?, seconds?).ok()?;
    Some((time - Time::MIDNIGHT).whole_seconds())
}

/// A time in ISO 8601's basic format, as in `20260101T000000Z`. Times outside the years 1970 to 9999 are
/// written as the nearest that is inside.
pub fn basic_format(seconds: i64) -> String {
    let (date, time) = date_and_time(seconds.clamp(0, LAST_SECOND));
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    let (hours, minutes, seconds) = time.as_hms();
    format!("{year:04}{month:02}{day:02}T{hours:02}{minutes:02}{seconds:02}Z")
}

/// `2026-01-31T23:59:59.123Z`. Times after the year 9999 are written as its last second.
pub fn iso_8601(millis: Millis) -> String {
    let (date, time) = date_and_time(millis.div_euclid(1_000).min(LAST_SECOND));
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    let (hours, minutes, seconds) = time.as_hms();
    let millis = millis.rem_euclid(1_000);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z")
}

/// Of seconds since 1970; what is outside of the calendar is its beginning.
fn date_and_time(seconds: i64) -> (Date, Time) {
    let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    (at.date(), at.time())
}

/// The milliseconds of [`iso_8601`], with or without a fraction; none if the text is no time.
pub fn read_iso_8601(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let numbers = |text: &str, mark: char| -> Option<Vec<i64>> { text.split(mark).map(number).collect() };
    let ([year, month, day], [hours, minutes, seconds]) =
        (<[i64; 3]>::try_from(numbers(date, '-')?).ok()?, <[i64; 3]>::try_from(numbers(time, ':')?).ok()?);
    number(fraction)?;
    let millis = number(format!("{fraction:0<3}").get(..3)?)?;
    Some((seconds_at(year, month, day)? + second_of_day(hours, minutes, seconds)?) * 1_000 + millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_SECONDS: i64 = 86_400;

    #[test]
    fn spells_times() {
        for (millis, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_123, "2000-02-29T00:00:00.123Z"),
            (1_767_225_599_999, "2025-12-31T23:59:59.999Z"),
            (1_767_225_600_000, "2026-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(iso_8601(millis), expected);
        }
    }

    #[test]
    fn writes_times() {
        for (seconds, expected) in [
            (0, "19700101T000000Z"),
            (1_709_251_199, "20240229T235959Z"),
            (1_709_251_200, "20240301T000000Z"),
            (1_767_225_599, "20251231T235959Z"),
            (1_767_225_600, "20260101T000000Z"),
            (951_825_600, "20000229T120000Z"),
            (LAST_SECOND, "99991231T235959Z"),
            (i64::MAX, "99991231T235959Z"),
            (i64::MIN, "19700101T000000Z"),
        ] {
            assert_eq!(basic_format(seconds), expected);
        }
    }

    #[test]
    fn writes_and_reads_every_day() {
        for days in 0..150_000 {
            let text = basic_format(days * DAY_SECONDS);
            let part = |range: std::ops::Range<usize>| number(&text[range]).unwrap();
            assert_eq!(seconds_at(part(0..4), part(4..6), part(6..8)), Some(days * DAY_SECONDS), "{text}");
        }
    }

    #[test]
    fn reads_times() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_123, "2000-02-29T00:00:00.123Z"),
            (1_767_225_599_999, "2025-12-31T23:59:59.999Z"),
            (1_767_225_600_000, "2026-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(read_iso_8601(text), Some(millis));
        }
        for (text, expected) in [
            ("2026-01-01T00:00:00Z", Some(1_767_225_600_000)),
            ("2026-01-01T00:00:00.5Z", Some(1_767_225_600_500)),
            ("2026-01-01T00:00:00.1239Z", Some(1_767_225_600_123)),
            ("2026-01-01T00:00:00", None),
            ("2026-01-01 00:00:00Z", None),
            ("2026-13-01T00:00:00Z", None),
            ("2026-01-01T24:00:00Z", None),
            ("2026-01-01T00:00Z", None),
            ("2026-01-01T00:00:00.x9Z", None),
            ("2026-01-01T00:00:00.1é9Z", None),
            ("-2026-01-01T00:00:00Z", None),
            ("", None),
        ] {
            assert_eq!(read_iso_8601(text), expected, "{text}");
        }
    }

    #[test]
    fn knows_which_days_exist() {
        for (year, month, day) in [
            (2026, 2, 29),
            (2100, 2, 29),
            (2026, 0, 1),
            (2026, 13, 1),
            (2026, 4, 31),
            (0, 1, 1),
            (10_000, 1, 1),
        ] {
            assert_eq!(seconds_at(year, month, day), None);
        }
        assert_eq!(second_of_day(24, 0, 0), None);
        assert_eq!(second_of_day(23, 59, 60), None);
        assert_eq!(second_of_day(23, 59, 59), Some(86_399));
    }
}
