//! blang/semver's ranges: `>1.0.0 <2.0.0 || >=3.x !3.2.1`.
//!
//! Source: `range.go` of blang/semver 4. Versions follow semver.org; build metadata does not count.

use semver::Version;
use std::cmp::Ordering;

/// Whether a text is a version.
pub(crate) fn is_version(text: &str) -> bool {
    Version::parse(text).is_ok()
}

/// Whether a version is in a range. As in Kyverno, a version that can't be read counts as 0.0.0.
pub(crate) fn satisfies(version: &str, range: &str) -> Result<bool, String> {
    let version = Version::parse(version).unwrap_or(Version::new(0, 0, 0));
    let mut alternatives: Vec<Vec<Condition>> = Vec::new();
    let mut current = Vec::new();
    for part in split(range) {
        match part.as_str() {
            "||" => alternatives.push(std::mem::take(&mut current)),
            part => expand(part, &mut current)?,
        }
    }
    alternatives.push(current);
    if alternatives.iter().any(Vec::is_empty) {
        return Err("the range is empty, or `||` has nothing on one side".to_owned());
    }
    let holds = |all: &Vec<Condition>| all.iter().all(|it| it.holds(&version));
    Ok(alternatives.iter().any(holds))
}

struct Condition {
    accepts: fn(Ordering) -> bool,
    bound: Version,
}

impl Condition {
    fn new(operator: &str, bound: &str) -> Result<Self, String> {
        let accepts: fn(Ordering) -> bool = match operator {
            "" | "=" | "==" => Ordering::is_eq,
            "!" | "!=" => Ordering::is_ne,
            ">" => Ordering::is_gt,
            ">=" => Ordering::is_ge,
            "<" => Ordering::is_lt,
            "<=" => Ordering::is_le,
            _ => return Err(format!("`{operator}` is not a comparison of versions")),
        };
        let bound = Version::parse(bound)
            .map_err(|it| format!("`{bound}` is not a version such as 1.2.3: {it}"))?;
        Ok(Self { accepts, bound })
    }

    fn holds(&self, version: &Version) -> bool {
        (self.accepts)(version.cmp_precedence(&self.bound))
    }
}

/// The parts of a range; a blank after an operator does not separate.
fn split(range: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut current = String::new();
    for c in range.chars() {
        if c != ' ' {
            current.push(c);
        } else if !current.ends_with(['>', '<', '=']) {
            parts.push(std::mem::take(&mut current));
        }
    }
    parts.push(current);
    // The library drops parts of one character, which are no version.
    parts.retain(|it| it.len() > 1);
    parts
}

/// One comparison, or the two that a wildcard stands for.
fn expand(part: &str, into: &mut Vec<Condition>) -> Result<(), String> {
    let digit = part
        .find(|c: char| c.is_numeric())
        .ok_or_else(|| format!("`{part}` has no version"))?;
    let (operator, version) = part.split_at(digit);
    if !part.contains('x') {
        into.push(Condition::new(operator, version)?);
        return Ok(());
    }
    let wildcard = version.split('.').count();
    let is_wildcard = version.ends_with(".x");
    let mut flat = version.replacen(".x.x", ".x", 1).replacen(".x", ".0", 1);
    if flat.split('.').count() == 2 {
        flat.push_str(".0");
    }
    let above = || {
        // `1.x.x` counts as a wildcard of the patch number, as upstream has it.
        let place = match wildcard {
            2 if is_wildcard => 0,
            3 if is_wildcard => 1,
            _ => {
                return Err(format!(
                    "`{part}` has a wildcard in a place where it can't be"
                ));
            }
        };
        let mut numbers: Vec<String> = flat.split('.').map(str::to_owned).collect();
        let number: u64 = numbers[place]
            .parse()
            .map_err(|_| format!("`{part}` is not a version with a wildcard"))?;
        numbers[place] = number.saturating_add(1).to_string();
        Ok(numbers.join("."))
    };
    match operator {
        ">" => into.push(Condition::new(">=", &above()?)?),
        ">=" => into.push(Condition::new(">=", &flat)?),
        "<" => into.push(Condition::new("<", &flat)?),
        "<=" => into.push(Condition::new("<", &above()?)?),
        "" | "=" | "==" => {
            into.push(Condition::new(">=", &flat)?);
            into.push(Condition::new("<", &above()?)?);
        }
        // Upstream joins both halves by "and", so that nothing is in this range.
        "!" | "!=" => {
            into.push(Condition::new("<", &flat)?);
            into.push(Condition::new(">=", &above()?)?);
        }
        _ => return Err(format!("`{operator}` is not a comparison of versions")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (version, range, want) in [
            ("1.2.3", "1.2.3", Some(true)),
            ("1.2.3", ">1.0.0 <2.0.0", Some(true)),
            ("1.2.3", "> 1.0.0 < 1.2.3", Some(false)),
            ("4.1.3", ">=4.1.x", Some(true)),
            ("4.2.0", "4.1.x", Some(false)),
            ("4.9.9", "4.x", Some(true)),
            ("5.0.0", "<=4.x", Some(false)),
            ("4.9.0", "!4.x", Some(false)),
            ("3.0.0", "!4.x", Some(false)),
            ("3.0.0", "<2.0.0 || >=3.0.0", Some(true)),
            ("1.0.0-rc.1", "<1.0.0", Some(true)),
            ("1.0.0-rc.1", ">=1.0.0-alpha", Some(true)),
            ("1.0.0+b", "=1.0.0+a", Some(true)),
            ("v1.0.0", "<0.0.1", Some(true)),
            ("1.0", "0.0.0", Some(true)),
            ("1.2.3", "!1.2.3", Some(false)),
            ("1.2.3", "", None),
            ("1.2.3", "1.2", None),
            ("1.2.3", "~1.2.3", None),
            ("1.2.3", "|| 1.2.3", None),
            ("1.2.3", "1.2.3 ||", None),
            ("1.2.3", "01.2.3", None),
            ("1.2.3", "abc", None),
            ("1.2.3", "1.x.3", None),
        ] {
            assert_eq!(satisfies(version, range).ok(), want, "{version} in {range}");
        }
    }
}
