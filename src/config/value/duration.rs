//! Lengths of time.

use crate::config::read::{Read, Reader, quoted};
use crate::config::schema::Definitions;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use tollgate_yaml::Node;

/// A length of time in whole seconds, at most ten years; written `90s`, `30m`, `1h30m`, `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Duration(u64);

const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];
const LONGEST: u64 = 3_650 * 86_400;

impl Duration {
    /// So many seconds; anything over ten years is ten years.
    pub const fn seconds(seconds: u64) -> Self {
        Self(if seconds > LONGEST { LONGEST } else { seconds })
    }

    /// The length in seconds.
    pub const fn as_seconds(self) -> u64 {
        self.0
    }

    /// Read the notation: numbers with units, the largest unit first, each unit once.
    ///
    /// # Errors
    /// A message for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{} is not a length of time: write it like `90s`, `30m`, `1h30m` or `7d`",
                quoted(text)
            )
        };
        let mut rest = text;
        let mut units = UNITS.iter();
        let mut total = 0_u64;
        while !rest.is_empty() {
            let digits = rest.len()
                - rest
                    .trim_start_matches(|it: char| it.is_ascii_digit())
                    .len();
            let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
            let unit = rest[digits..].chars().next().ok_or_else(wrong)?;
            let (_, seconds) = units.find(|(it, _)| *it == unit).ok_or_else(wrong)?;
            total = number
                .checked_mul(*seconds)
                .and_then(|it| total.checked_add(it))
                .filter(|it| *it <= LONGEST)
                .ok_or_else(|| format!("{} is longer than ten years", quoted(text)))?;
            rest = &rest[digits + unit.len_utf8()..];
        }
        if text.is_empty() {
            Err(wrong())
        } else {
            Ok(Self(total))
        }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        for (unit, seconds) in UNITS {
            if rest >= seconds {
                write!(f, "{}{unit}", rest / seconds)?;
                rest %= seconds;
            }
        }
        Ok(())
    }
}

impl From<Duration> for String {
    fn from(value: Duration) -> Self {
        value.to_string()
    }
}

impl TryFrom<String> for Duration {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl Read for Duration {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        reader.parsed(node, Self::parse)
    }

    fn schema(definitions: &mut Definitions) -> Value {
        let about = "A length of time: `90s`, `30m`, `1h30m`, `7d`.";
        definitions.text(
            "Duration",
            about,
            "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print() {
        for (text, seconds, printed) in [
            ("90s", 90, "1m30s"),
            ("1h30m", 5_400, "1h30m"),
            ("7d", 604_800, "7d"),
            ("0s", 0, "0s"),
            ("72h", 259_200, "3d"),
        ] {
            let read = Duration::parse(text).expect(text);
            assert_eq!(read, Duration::seconds(seconds), "{text}");
            assert_eq!(read.to_string(), printed);
        }
    }

    #[test]
    fn what_is_not_a_duration_is_refused() {
        for text in [
            "",
            "1",
            "h",
            "1x",
            "30m1h",
            "1h1h",
            "-1h",
            "1.5h",
            "1 h",
            "3651d",
            "99999999999999999999s",
            "1µ",
        ] {
            assert!(Duration::parse(text).is_err(), "{text}");
        }
    }
}
