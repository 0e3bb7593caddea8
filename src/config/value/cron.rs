//! When a window opens.

use crate::config::read::{Read, Reader, quoted};
use crate::config::schema::Definitions;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use tollgate_yaml::Node;

/// Five cron fields: minute, hour, day of the month, month, day of the week. Numbers, names
/// (`jan`, `mon`), `*`, ranges, lists and steps, as Argo CD's sync windows take them
/// (`robfig/cron` v3, standard parser, without `@` words).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cron {
    text: String,
}

struct Field {
    name: &'static str,
    lowest: u32,
    highest: u32,
    names: &'static [&'static str],
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const FIELDS: [Field; 5] = [
    Field {
        name: "minute",
        lowest: 0,
        highest: 59,
        names: &[],
    },
    Field {
        name: "hour",
        lowest: 0,
        highest: 23,
        names: &[],
    },
    Field {
        name: "day of the month",
        lowest: 1,
        highest: 31,
        names: &[],
    },
    Field {
        name: "month",
        lowest: 1,
        highest: 12,
        names: &MONTHS,
    },
    Field {
        name: "day of the week",
        lowest: 0,
        highest: 6,
        names: &DAYS,
    },
];

impl Cron {
    /// Check the notation.
    ///
    /// # Errors
    /// A message for people that names the field.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split_ascii_whitespace().collect();
        if parts.len() != FIELDS.len() {
            return Err(format!(
                "{} is not a schedule: it takes minute, hour, day of the month, month and day of the week, like `0 9 * * 1-5`",
                quoted(text)
            ));
        }
        for (part, field) in parts.iter().zip(&FIELDS) {
            for item in part.split(',') {
                field.check(item)?;
            }
        }
        Ok(Self {
            text: parts.join(" "),
        })
    }

    /// The five fields, one blank between them.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Field {
    fn check(&self, item: &str) -> Result<(), String> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (item, None),
        };
        if let Some(step) = step
            && !step.parse::<u32>().is_ok_and(|it| it > 0)
        {
            return Err(format!(
                "{} is not a step for the {}",
                quoted(step),
                self.name
            ));
        }
        if range == "*" || range == "?" {
            return Ok(());
        }
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        if self.number(from)? > self.number(to)? {
            return Err(format!(
                "range {} of the {} ends before it begins",
                quoted(range),
                self.name
            ));
        }
        Ok(())
    }

    fn number(&self, text: &str) -> Result<u32, String> {
        let named = self
            .names
            .iter()
            .position(|it| text.eq_ignore_ascii_case(it));
        let number = match named {
            Some(at) => u32::try_from(at).ok().map(|it| it + self.lowest),
            None if text.starts_with('+') => None,
            None => text.parse().ok(),
        };
        number
            .filter(|it| (self.lowest..=self.highest).contains(it))
            .ok_or_else(|| {
                format!(
                    "{} is not a {} ({} to {})",
                    quoted(text),
                    self.name,
                    self.lowest,
                    self.highest
                )
            })
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<Cron> for String {
    fn from(value: Cron) -> Self {
        value.text
    }
}

impl TryFrom<String> for Cron {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl Read for Cron {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        reader.parsed(node, Self::parse)
    }

    fn schema(definitions: &mut Definitions) -> Value {
        let about = "When a window opens: minute, hour, day of the month, month, day of the week, like `0 9 * * 1-5`.";
        definitions.text("Cron", about, "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_checked_field_by_field() {
        for good in [
            "0 9 * * 1-4",
            "*/5 * * * *",
            "0 0 24 12 *",
            "0 0 1,15 JAN-mar mon-FRI",
            "1-30/2 ? * * 0",
        ] {
            assert!(Cron::parse(good).is_ok(), "{good}");
        }
        for (bad, names) in [
            ("0 9 * *", "minute, hour"),
            ("60 9 * * *", "minute"),
            ("0 24 * * *", "hour"),
            ("0 0 0 * *", "day of the month"),
            ("0 0 1 13 *", "month"),
            ("0 0 1 1 7", "day of the week"),
            ("5-1 * * * *", "ends before"),
            ("*/0 * * * *", "step"),
            ("+5 * * * *", "minute"),
            ("1,,2 * * * *", "minute"),
            ("@every 1h", "schedule"),
        ] {
            let why = Cron::parse(bad).expect_err(bad);
            assert!(why.contains(names), "{bad}: {why}");
        }
    }
}
