//! Dates and times as go-yaml reads them and as Go's JSON prints them.
//!
//! Sources: `go.yaml.in/yaml/v3` `resolve.go` (`parseTimestamp`), Go `time.Parse` and
//! `time.Time.MarshalJSON`.

use std::fmt;

/// A time in the offset in which it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timestamp {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    nanosecond: u32,
    /// Minutes east of Greenwich.
    offset: i32,
}

impl Timestamp {
    /// `2001-1-2`, `2001-1-2 3:4:5.6` or `2001-1-2T3:4:5.6Z` (with `Z`, `+01:00` or `-01:00`);
    /// months, days and times may have one digit or two.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (year, rest) = text.split_at_checked(4)?;
        if !year.bytes().all(|it| it.is_ascii_digit()) {
            return None;
        }
        let (month, rest) = number(rest.strip_prefix('-')?)?;
        let (day, rest) = number(rest.strip_prefix('-')?)?;
        let mut it = Self {
            year: year.parse().ok()?,
            month,
            day,
            hour: 0,
            minute: 0,
            second: 0,
            nanosecond: 0,
            offset: 0,
        };
        if !(1..=12).contains(&month) || !(1..=it.days_in_month()).contains(&day) {
            return None;
        }
        if rest.is_empty() {
            return Some(it);
        }
        let has_zone = rest.starts_with(['T', 't']);
        let rest = rest.strip_prefix(['T', 't', ' '])?;
        let (hour, rest) = number(rest)?;
        let (minute, rest) = number(rest.strip_prefix(':')?)?;
        let (second, rest) = number(rest.strip_prefix(':')?)?;
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        (it.hour, it.minute, it.second) = (hour, minute, second);
        let (nanosecond, rest) = fraction(rest);
        it.nanosecond = nanosecond;
        match (has_zone, rest) {
            (false, "") | (true, "Z") => Some(it),
            (true, zone) => {
                it.offset = offset(zone)?;
                Some(it)
            }
            (false, _) => None,
        }
    }

    fn days_in_month(&self) -> u32 {
        let is_leap = self.year.is_multiple_of(4)
            && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        match self.month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    /// Whether Go's JSON has a text for it: offsets end at 23:59.
    pub(crate) fn is_printable(&self) -> bool {
        self.offset.abs() < 24 * 60
    }
}

/// RFC 3339 with as many digits of the second as are needed.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            self.year, self.month, self.day, self.hour, self.minute, self.second
        )?;
        if self.nanosecond > 0 {
            let digits = format!("{:09}", self.nanosecond);
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        if self.offset == 0 {
            return f.write_str("Z");
        }
        let sign = if self.offset < 0 { '-' } else { '+' };
        let minutes = self.offset.abs();
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// One digit or two.
fn number(text: &str) -> Option<(u32, &str)> {
    let length = text
        .bytes()
        .take(2)
        .take_while(|it| it.is_ascii_digit())
        .count();
    let (digits, rest) = text.split_at(length);
    Some((digits.parse().ok()?, rest))
}

/// Nanoseconds of `.123` or `,123`; further digits are cut off.
fn fraction(text: &str) -> (u32, &str) {
    let Some(digits) = text.strip_prefix(['.', ',']) else {
        return (0, text);
    };
    let length = digits.bytes().take_while(|it| it.is_ascii_digit()).count();
    if length == 0 {
        return (0, text);
    }
    let value = digits.bytes().take(length).chain(std::iter::repeat(b'0'));
    let nanoseconds = value
        .take(9)
        .fold(0, |sum, it| sum * 10 + u32::from(it - b'0'));
    (nanoseconds, &digits[length..])
}

/// `+hh:mm`. Go lets 24 hours and 60 minutes pass.
fn offset(text: &str) -> Option<i32> {
    let sign = match text.as_bytes() {
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let (hours, minutes) = text[1..].split_once(':')?;
    let two_digits = |it: &str| -> Option<i32> {
        (it.len() == 2 && it.bytes().all(|it| it.is_ascii_digit()))
            .then(|| it.parse().ok())
            .flatten()
    };
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    (hours <= 24 && minutes <= 60).then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_reads_and_prints_these() {
        for (text, printed) in [
            ("2001-01-01", "2001-01-01T00:00:00Z"),
            ("2001-1-2", "2001-01-02T00:00:00Z"),
            (
                "2001-12-14t21:59:43.10-05:00",
                "2001-12-14T21:59:43.1-05:00",
            ),
            ("2001-12-14 21:59:43", "2001-12-14T21:59:43Z"),
            ("2001-12-14 1:2:3,5", "2001-12-14T01:02:03.5Z"),
            ("2024-02-29T00:00:00+00:00", "2024-02-29T00:00:00Z"),
            (
                "2024-02-29T00:00:00.1234567899Z",
                "2024-02-29T00:00:00.123456789Z",
            ),
            ("2024-02-29T00:00:00+01:60", "2024-02-29T00:00:00+02:00"),
        ] {
            let parsed = Timestamp::parse(text).expect(text);
            assert_eq!(parsed.to_string(), printed);
            assert!(parsed.is_printable());
        }
    }

    #[test]
    fn go_does_not_read_these() {
        for text in [
            "2001",
            "2001-13-01",
            "2023-02-29",
            "2001-01-01T",
            "2001-01-01 00:00:00Z",
            "2001-01-01T00:00:00",
            "2001-01-01T24:00:00Z",
            "2001-01-01T00:00:60Z",
            "2001-01-01T00:00:00+1:00",
            "2001-001-01",
            "20010-01-01",
            "2001-01-01 ",
            "01-01-01",
            "2001-12-14 21:59:43.10 -5",
            "äöü",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
        let odd = Timestamp::parse("2001-01-01T00:00:00+24:00").expect("Go reads it");
        assert!(!odd.is_printable());
    }
}
