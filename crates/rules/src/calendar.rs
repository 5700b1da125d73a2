//! Days and seconds of the Gregorian calendar in UTC, for the dates that clients sign.

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
