//! Formats that are digits and their checks.

use super::{CARD, SSN};

/// Base64 with padding; Go's decoder ignores line breaks.
pub(super) fn is_base64_of_go(text: &str) -> bool {
    let bytes: Vec<u8> = text
        .bytes()
        .filter(|it| !matches!(it, b'\r' | b'\n'))
        .collect();
    let end = bytes.len()
        - bytes
            .iter()
            .rev()
            .take(2)
            .take_while(|it| **it == b'=')
            .count();
    bytes.len().is_multiple_of(4)
        && bytes[..end]
            .iter()
            .all(|it| it.is_ascii_alphanumeric() || matches!(it, b'+' | b'/'))
}

/// The grammar of `resource.Quantity` in apimachinery.
pub(super) fn is_quantity(text: &str) -> bool {
    let text = text.trim();
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 || number.len() - digits > 1 {
        return false;
    }
    match suffix {
        "" | "n" | "u" | "m" | "k" | "M" | "G" | "T" | "P" | "E" => true,
        "Ki" | "Mi" | "Gi" | "Ti" | "Pi" | "Ei" => true,
        _ => suffix.strip_prefix(['e', 'E']).is_some_and(|power| {
            let power = power.strip_prefix(['+', '-']).unwrap_or(power);
            !power.is_empty() && power.len() <= 9 && power.bytes().all(|it| it.is_ascii_digit())
        }),
    }
}

/// White space of Go's `\s`, and dashes, stand between groups.
fn without_gaps(text: &str) -> String {
    text.chars()
        .filter(|it| !matches!(it, '\t' | '\n' | '\x0c' | '\r' | ' ' | '-'))
        .collect()
}

pub(super) fn is_isbn10(text: &str) -> bool {
    let text = without_gaps(text);
    let digits: Option<Vec<u32>> = text
        .chars()
        .enumerate()
        .map(|(at, it)| match it {
            'X' if at == 9 => Some(10),
            _ => it.to_digit(10),
        })
        .collect();
    let Some(digits) = digits.filter(|it| it.len() == 10) else {
        return false;
    };
    let sum: u32 = (1..).zip(&digits).map(|(weight, it)| weight * it).sum();
    sum.is_multiple_of(11)
}

pub(super) fn is_isbn13(text: &str) -> bool {
    let text = without_gaps(text);
    let digits: Option<Vec<u32>> = text.chars().map(|it| it.to_digit(10)).collect();
    let Some(digits) = digits.filter(|it| it.len() == 13) else {
        return false;
    };
    let sum: u32 = [1, 3]
        .iter()
        .cycle()
        .zip(&digits)
        .map(|(weight, it)| weight * it)
        .sum();
    sum.is_multiple_of(10)
}

pub(super) fn is_credit_card(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if !CARD.is_match(&digits) {
        return false;
    }
    let sum: u32 = digits
        .chars()
        .rev()
        .filter_map(|it| it.to_digit(10))
        .enumerate()
        .map(|(at, it)| {
            if at % 2 == 0 {
                it
            } else {
                it * 2 % 10 + it / 5
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

pub(super) fn is_ssn(text: &str) -> bool {
    text.len() == 11 && SSN.is_match(text)
}

pub(super) fn is_hex_color(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or(text);
    matches!(digits.len(), 3 | 6) && digits.bytes().all(|it| it.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_those_of_kubernetes() {
        for good in [
            "1", "0.5", ".5", "5.", "250m", "64Mi", "2Gi", "1e3", "1E-3", "-1", "+2k", "1E",
        ] {
            assert!(is_quantity(good), "{good}");
        }
        for bad in [
            "", "m", "1.2.3", "64mb", "1 Gi", "1K", "1MiB", "e3", "1e", "--1", "1ki",
        ] {
            assert!(!is_quantity(bad), "{bad}");
        }
    }

    #[test]
    fn base64_has_its_padding() {
        for good in ["", "aGk=", "aA==", "aGVsbG8h", "aGVs\nbG8h"] {
            assert!(is_base64_of_go(good), "{good}");
        }
        for bad in ["a", "aGk", "a=k=", "====", "plain text!!"] {
            assert!(!is_base64_of_go(bad), "{bad}");
        }
    }
}
