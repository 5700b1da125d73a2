//! Days and seconds of the Gregorian calendar in UTC: the dates that clients sign, and those that people read.

/// The names of the months as RFC 5322 writes them.
pub const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const DAY_SECONDS: i64 = 86_400;
/// Days from 0001-01-01 to 1970-01-01.
const DAYS_BEFORE_1970: i64 = 719_162;
/// The last second that is written with a year of four digits.
const LAST_SECOND: i64 = 253_402_300_799;

/// The number that these characters write; none unless all are digits, since `parse` alone would take a sign.
pub fn number(digits: &str) -> Option<i64> {
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// Seconds since 1970 at the beginning of a day; none if there is no such day.
pub fn seconds_at(year: i64, month: i64, day: i64) -> Option<i64> {
    let exists =
        (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=days_of(month, year)).contains(&day);
    exists.then(|| days_since_1970(year, month, day) * DAY_SECONDS)
}

/// The second of a day; none if there is no such time. Leap seconds are not known.
pub fn second_of_day(hours: i64, minutes: i64, seconds: i64) -> Option<i64> {
    let exists = (0..24).contains(&hours) && (0..60).contains(&minutes) && (0..60).contains(&seconds);
    exists.then_some((hours * 60 + minutes) * 60 + seconds)
}

/// A time in ISO 8601's basic format, as in `20260101T000000Z`. Times outside the years 1970 to 9999 are
/// written as the nearest that is inside.
pub fn basic_format(seconds: i64) -> String {
    let seconds = seconds.clamp(0, LAST_SECOND);
    let (mut days, second) = (seconds / DAY_SECONDS, seconds % DAY_SECONDS);
    let mut year = 1970 + days / 366;
    while days_since_1970(year + 1, 1, 1) <= days {
        year += 1;
    }
    days -= days_since_1970(year, 1, 1);
    let mut month = 1;
    while days >= days_of(month, year) {
        days -= days_of(month, year);
        month += 1;
    }
    let (hours, minutes) = (second / 3600, second / 60 % 60);
    format!("{year:04}{month:02}{:02}T{hours:02}{minutes:02}{:02}Z", days + 1, second % 60)
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

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of(month: i64, year: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `2026-01-31T23:59:59.123Z`.
pub fn iso_8601(millis: i64) -> String {
    let (days, ms) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    // Howard Hinnant's civil_from_days: the year begins in March, so that a leap day is its last.
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1_000)
}

/// For years from 1 on.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let past = year - 1;
    let of_years = past * 365 + past / 4 - past / 100 + past / 400;
    let of_months: i64 = (1..month).map(|past_month| days_of(past_month, year)).sum();
    of_years - DAYS_BEFORE_1970 + of_months + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

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
