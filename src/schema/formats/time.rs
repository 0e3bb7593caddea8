//! Formats of time.

use super::SPAN;
use chrono::NaiveDate;
use tollgate_goregex::Regex;
use tollgate_jmespath::duration::Duration;

/// `2030-01-31`, a day that the calendar has.
pub(super) fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |from: usize, to: usize| text.get(from..to).and_then(|it| it.parse::<u32>().ok());
    let shape = bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, it)| match at {
            4 | 7 => *it == b'-',
            _ => it.is_ascii_digit(),
        });
    let day = || {
        let year = i32::try_from(digits(0, 4)?).ok()?;
        NaiveDate::from_ymd_opt(year, digits(5, 7)?, digits(8, 10)?)
    };
    shape && day().is_some()
}

/// What kube-openapi takes for a point in time: more than RFC 3339 has, as any character may stand
/// before fractions of a second.
pub(super) fn is_date_time(text: &str) -> bool {
    let text = text.to_lowercase();
    let mut parts = text.split('t');
    let (Some(date), Some(time)) = (parts.next(), parts.next()) else {
        return false;
    };
    is_date(date) && is_time(time)
}

fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let two = |at: usize| {
        let it = bytes.get(at..at + 2)?;
        it.iter()
            .all(u8::is_ascii_digit)
            .then(|| (it[0] - b'0') * 10 + (it[1] - b'0'))
    };
    let colon = |at: usize| bytes.get(at) == Some(&b':');
    let clock = two(0).is_some_and(|it| it <= 23)
        && colon(2)
        && two(3).is_some_and(|it| it <= 59)
        && colon(5)
        && two(6).is_some_and(|it| it <= 59);
    if !clock {
        return false;
    }
    let Some(rest) = text.get(8..) else {
        return false;
    };
    if is_zone(rest) {
        return true;
    }
    let mut after = rest.chars();
    if after.next().is_none_or(|it| it == '\n') {
        return false;
    }
    let after = after.as_str();
    let fraction = after.trim_start_matches(|it: char| it.is_ascii_digit());
    fraction.len() < after.len() && is_zone(fraction)
}

fn is_zone(text: &str) -> bool {
    if text == "z" {
        return true;
    }
    let bytes = text.as_bytes();
    bytes.len() == 6
        && matches!(bytes[0], b'+' | b'-')
        && bytes.iter().enumerate().skip(1).all(|(at, it)| match at {
            3 => *it == b':',
            _ => it.is_ascii_digit(),
        })
}

/// What `metav1.Time` reads: RFC 3339, as strictly as Go.
pub(super) fn is_rfc3339(text: &str) -> bool {
    text.as_bytes().get(10) == Some(&b'T')
        && !text.ends_with('z')
        && !text.contains(',')
        && chrono::DateTime::parse_from_rfc3339(text).is_ok()
}

/// Units of Scala: names, of which the last may go on (`minutes`).
const UNITS: &[&[&str]] = &[
    &["ns", "nano"],
    &["us", "µs", "micro"],
    &["ms", "milli"],
    &["s", "sec"],
    &["m", "min"],
    &["h", "hr", "hour"],
    &["d", "day"],
    &["w", "wk", "week"],
];

/// What Go reads as a duration, or any text in which a number with a unit of Scala stands.
pub(super) fn is_duration(text: &str) -> bool {
    if Duration::parse(text).is_ok() {
        return true;
    }
    let spans = SPAN.0.as_ref().map(|it| spans(it, text));
    spans.is_some_and(|it| it.is_some_and(|it| it))
}

/// Whether a span has a known unit; `None` where a number is beyond 64 bits.
fn spans(regex: &Regex, text: &str) -> Option<bool> {
    let mut known = false;
    for span in regex.groups(text) {
        let number = span.get(1).copied().unwrap_or_default();
        number.parse::<i64>().ok()?;
        let unit = span.get(2).copied().unwrap_or_default().to_lowercase();
        known |= UNITS.iter().any(|names| {
            names.contains(&unit.as_str()) || names.last().is_some_and(|it| unit.starts_with(it))
        });
    }
    Some(known)
}
