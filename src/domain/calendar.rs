//! Dates and times for people, from milliseconds since 1970 in UTC, and back from what somebody types. Pure: nothing here asks what time it is.

use super::number::Millis;

/// Milliseconds of a day.
const DAY: Millis = 86_400_000;
/// The months, as screens show them.
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Year, month (from 1) and day of a number of days since 1970.
fn civil(days: i64) -> (i64, i64, i64) {
    // Years that begin in March, so that the leap day comes last.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Days since 1970 of a date; `None` where there is no such date.
fn days_of(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(1..=9999).contains(&year) {
        return None;
    }
    let shifted_year = year - i64::from(month <= 2);
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    (civil(days) == (year, month, day)).then_some(days)
}

fn month_word(month: i64) -> &'static str {
    usize::try_from(month - 1)
        .ok()
        .and_then(|at| MONTHS.get(at))
        .copied()
        .unwrap_or("?")
}

/// The year.
pub fn year(millis: Millis) -> i64 {
    civil(millis.div_euclid(DAY)).0
}

/// "14 Mar 2025".
pub fn day(millis: Millis) -> String {
    let (year, month, day) = civil(millis.div_euclid(DAY));
    format!("{day:02} {} {year}", month_word(month))
}

/// "14 Mar 2025 10:00".
pub fn minute(millis: Millis) -> String {
    let minutes = millis.rem_euclid(DAY) / 60_000;
    format!("{} {:02}:{:02}", day(millis), minutes / 60, minutes % 60)
}

/// "14 Mar 25 10:00", for a narrow column.
pub fn short_minute(millis: Millis) -> String {
    let (year, month, day) = civil(millis.div_euclid(DAY));
    let minutes = millis.rem_euclid(DAY) / 60_000;
    format!(
        "{day:02} {} {:02} {:02}:{:02}",
        month_word(month),
        year.rem_euclid(100),
        minutes / 60,
        minutes % 60
    )
}

/// From when until when (not included) a typed date means: a year, a month or a day, as `2025`, `2025-03`, `2025-03-14`, `14 Mar 2025`,
/// `Mar 2025`, `14.3.2025`. `None` for anything else.
pub fn typed_span(text: &str) -> Option<(Millis, Millis)> {
    let parts: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, '-' | '.' | '/'))
        .filter(|part| !part.is_empty())
        .collect();
    let number = |part: &str| part.parse::<i64>().ok();
    let is_year = |part: &str| part.len() == 4 && number(part).is_some();
    let month = |part: &str| {
        let lower = part.to_lowercase();
        let named = MONTHS
            .iter()
            .position(|month| lower.len() >= 3 && lower.starts_with(&month.to_lowercase()));
        named.map_or_else(|| number(part), |at| i64::try_from(at + 1).ok())
    };
    let is_word = |part: &str| part.starts_with(|c: char| c.is_alphabetic());
    let (from, until) = match parts.as_slice() {
        [it] if is_year(it) => {
            let it = number(it)?;
            (days_of(it, 1, 1)?, days_of(it + 1, 1, 1)?)
        }
        [first, second] if is_year(first) && !is_word(first) => {
            month_span(number(first)?, month(second)?)?
        }
        [first, second] if is_year(second) => month_span(number(second)?, month(first)?)?,
        [first, second, third] if is_year(first) => {
            let start = days_of(number(first)?, month(second)?, number(third)?)?;
            (start, start + 1)
        }
        [first, second, third] if is_year(third) => {
            let start = days_of(number(third)?, month(second)?, number(first)?)?;
            (start, start + 1)
        }
        _ => return None,
    };
    Some((from * DAY, until * DAY))
}

fn month_span(year: i64, month: i64) -> Option<(i64, i64)> {
    let next = if month == 12 {
        days_of(year + 1, 1, 1)?
    } else {
        days_of(year, month + 1, 1)?
    };
    Some((days_of(year, month, 1)?, next))
}

/// A stretch of time as a clock shows it: "00:12:31".
pub fn stretch(millis: Millis) -> String {
    let seconds = millis.max(0) / 1_000;
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// How long ago: "just now", "40 s ago", "5 min ago", "3 h ago", "2 days ago".
pub fn ago(millis: Millis) -> String {
    if millis < 5_000 {
        return "just now".to_owned();
    }
    format!("{} ago", span(millis))
}

/// How long, in one unit: "40 s", "5 min", "3 h", "2 days".
pub fn span(millis: Millis) -> String {
    let seconds = millis.max(0) / 1_000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_day_is_the_day_after_the_one_before() {
        let mut before = civil(-800_000);
        for days in -799_999..800_000 {
            let now = civil(days);
            let same_month = now.2 == before.2 + 1 && (now.0, now.1) == (before.0, before.1);
            let next_month = now.2 == 1 && before.2 >= 28;
            assert!(same_month || next_month, "{before:?} {now:?}");
            before = now;
        }
    }

    #[test]
    fn known_moments_are_shown_as_everybody_writes_them() {
        assert_eq!(minute(1_741_946_400_000), "14 Mar 2025 10:00");
        assert_eq!(short_minute(1_741_946_400_000), "14 Mar 25 10:00");
        assert_eq!(minute(951_782_340_000), "28 Feb 2000 23:59");
        assert_eq!(minute(951_782_400_000), "29 Feb 2000 00:00");
        assert_eq!(minute(-1), "31 Dec 1969 23:59");
        assert_eq!(year(0), 1970);
    }

    #[test]
    fn a_typed_date_means_a_year_a_month_or_a_day() {
        let day = typed_span("14 Mar 2025").unwrap();
        for same in ["2025-03-14", "14.3.2025", "14 march 2025", "2025/3/14"] {
            assert_eq!(typed_span(same), Some(day), "{same}");
        }
        assert_eq!(day.1 - day.0, DAY);
        let month = typed_span("2025-02").unwrap();
        assert_eq!(month.1 - month.0, 28 * DAY);
        assert_eq!(typed_span("Feb 2025"), Some(month));
        let year = typed_span("2024").unwrap();
        assert_eq!(year.1 - year.0, 366 * DAY);
        for none in ["", "Anna", "2025-13", "30 Feb 2025", "12", "a b c"] {
            assert_eq!(typed_span(none), None, "{none}");
        }
    }

    #[test]
    fn stretches_and_ages_are_short() {
        assert_eq!(stretch(751_000), "00:12:31");
        assert_eq!(ago(300_000), "5 min ago");
        assert_eq!(ago(2_000), "just now");
        assert_eq!(ago(3 * 3_600_000), "3 h ago");
    }
}
