//! Go's `time.Duration`: what `time.ParseDuration` reads and `Duration.String` prints.

use std::fmt;

/// A signed span of time in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(pub i64);

/// Not a duration that Go would read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a duration such as `1h30m`: {why}")]
pub struct DurationError {
    /// What was read.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

impl Duration {
    /// Read Go's notation: an optional sign, then numbers with units (`1h2.5s`); a bare number only if it is `0`.
    ///
    /// # Errors
    /// No number, no unit, an unknown unit, or more than 292 years.
    pub fn parse(text: &str) -> Result<Self, DurationError> {
        parse(text).map(Self).map_err(|why| DurationError {
            text: text.to_owned(),
            why,
        })
    }

    /// Seconds as a float, added up as Go's `Duration.Seconds` does.
    pub fn seconds(self) -> f64 {
        let whole = self.0 / 1_000_000_000;
        let rest = self.0 % 1_000_000_000;
        whole as f64 + rest as f64 / 1e9
    }

    /// The duration of a number of seconds, cut to whole nanoseconds.
    pub fn from_seconds(seconds: f64) -> Self {
        Self((seconds * 1e9) as i64)
    }
}

fn parse(text: &str) -> Result<i64, &'static str> {
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err("there is no number");
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let whole_len = digits(rest);
        let whole = &rest[..whole_len];
        rest = &rest[whole_len..];
        let mut fraction = "";
        if let Some(after) = rest.strip_prefix('.') {
            let len = digits(after);
            fraction = &after[..len];
            rest = &after[len..];
        }
        if whole.is_empty() && fraction.is_empty() {
            return Err("a number is missing");
        }
        let unit_len = rest
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(rest.len());
        let unit = &rest[..unit_len];
        rest = &rest[unit_len..];
        if unit.is_empty() {
            return Err("a unit is missing");
        }
        let Some((_, unit)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err("the unit is none of ns, us, ms, s, m and h");
        };
        let part = part(whole, fraction, *unit).ok_or("it is longer than 292 years")?;
        total = total
            .checked_add(part)
            .filter(|it| *it <= 1 << 63)
            .ok_or("it is longer than 292 years")?;
    }
    if negative {
        // 2^63 negated is exactly the smallest i64.
        return Ok((total as i64).wrapping_neg());
    }
    i64::try_from(total).map_err(|_| "it is longer than 292 years")
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn part(whole: &str, fraction: &str, unit: u64) -> Option<u64> {
    let whole: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok().filter(|it| *it <= 1 << 63)?
    };
    let mut nanos = whole.checked_mul(unit).filter(|it| *it <= 1 << 63)?;
    let mut value: u64 = 0;
    let mut scale = 1f64;
    for digit in fraction.bytes() {
        // Go drops what does not fit: it is far below a nanosecond.
        let Some(next) = value
            .checked_mul(10)
            .and_then(|it| it.checked_add(u64::from(digit - b'0')))
            .filter(|it| *it <= i64::MAX as u64)
        else {
            break;
        };
        value = next;
        scale *= 10.0;
    }
    if value > 0 {
        nanos = nanos.checked_add((value as f64 * (unit as f64 / scale)) as u64)?;
    }
    (nanos <= 1 << 63).then_some(nanos)
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.unsigned_abs();
        if nanos == 0 {
            return f.write_str("0s");
        }
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let small = [(1_000, "ns", 1), (1_000_000, "\u{b5}s", 1_000)];
        if let Some((_, unit, size)) = small.iter().find(|(below, ..)| nanos < *below) {
            return write!(f, "{}{unit}", decimal(nanos, *size));
        }
        if nanos < 1_000_000_000 {
            return write!(f, "{}ms", decimal(nanos, 1_000_000));
        }
        let seconds = nanos / 1_000_000_000;
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if seconds >= 60 {
            write!(f, "{minutes}m")?;
        }
        write!(f, "{}s", decimal(nanos % 60_000_000_000, 1_000_000_000))
    }
}

fn decimal(value: u64, size: u64) -> String {
    let (whole, rest) = (value / size, value % size);
    if rest == 0 {
        return whole.to_string();
    }
    let width = size.ilog10() as usize;
    let rest = format!("{rest:0width$}");
    format!("{whole}.{}", rest.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_as_go() {
        for (text, want) in [
            ("0", "0s"),
            ("+5s", "5s"),
            ("30s", "30s"),
            ("5m30.918s", "5m30.918s"),
            ("-.5s", "-500ms"),
            ("1.0s", "1s"),
            ("1h", "1h0m0s"),
            ("100h", "100h0m0s"),
            ("3000000h0.5us", ""),
            ("10ns", "10ns"),
            ("1500ns", "1.5\u{b5}s"),
            ("1.5\u{3bc}s", "1.5\u{b5}s"),
            ("1.5ms", "1.5ms"),
            ("0.3333333333333333333h", "20m0s"),
            ("9223372036854775807ns", "2562047h47m16.854775807s"),
            ("-9223372036854775808ns", "-2562047h47m16.854775808s"),
            ("9223372036854775808ns", ""),
            ("3", ""),
            ("-", ""),
            ("", ""),
            ("s", ""),
            (".s", ""),
            ("1d", ""),
            ("1 h", ""),
            ("00", ""),
        ] {
            let got = Duration::parse(text).map_or(String::new(), |it| it.to_string());
            assert_eq!(got, want, "{text}");
        }
    }
}
