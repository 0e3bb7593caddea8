//! The order of keys. Source: `go.yaml.in/yaml/v2` `sorter.go`.

use std::cmp::Ordering;

/// go-yaml's natural order: runs of digits compare as numbers, and where two keys first differ,
/// what is not a letter comes before letters.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let same = common_prefix(a, b);
    let (rest_a, rest_b) = (&a[same..], &b[same..]);
    let (Some(first_a), Some(first_b)) = (rest_a.chars().next(), rest_b.chars().next()) else {
        return a.len().cmp(&b.len());
    };
    match (first_a.is_alphabetic(), first_b.is_alphabetic()) {
        (true, true) => return first_a.cmp(&first_b),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (digits_a, digits_b) = (leading_digits(rest_a), leading_digits(rest_b));
    // Within a number that has begun before the difference, zeros count: 12 < 100.
    let number_has_begun = a.as_bytes()[..same]
        .iter()
        .rev()
        .take_while(|it| it.is_ascii_digit())
        .any(|it| *it != b'0');
    let numbers = if number_has_begun && (first_a == '0' || first_b == '0') {
        by_value(digits_a, digits_b)
    } else {
        by_value(
            digits_a.trim_start_matches('0'),
            digits_b.trim_start_matches('0'),
        )
    };
    numbers
        .then(digits_a.len().cmp(&digits_b.len()))
        .then(first_a.cmp(&first_b))
}

fn by_value(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Bytes up to the first character that differs.
fn common_prefix(a: &str, b: &str) -> usize {
    a.chars()
        .zip(b.chars())
        .take_while(|(a, b)| a == b)
        .map(|(it, _)| it.len_utf8())
        .sum()
}

fn leading_digits(text: &str) -> &str {
    let rest = text.trim_start_matches(|it: char| it.is_ascii_digit());
    &text[..text.len() - rest.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_count_and_letters_come_last() {
        let sorted = [
            "_x", "1", "2", "10", "A", "B", "Z", "a", "a-b", "a.b", "a/b", "a_b", "a1", "a2",
            "a10", "aB", "ab", "x1", "x1y2", "x1y10", "x01", "x12", "x100", "é",
        ];
        let mut keys = sorted.to_vec();
        keys.reverse();
        keys.sort_by(|a, b| compare(a, b));
        assert_eq!(keys, sorted);
    }

    proptest! {
        /// `slice::sort_by` may panic on anything else.
        #[test]
        fn it_is_a_total_order(a in "[a0-2._-]{0,6}", b in "[a0-2._-]{0,6}", c in "[a0-2._-]{0,6}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&a, &b) == Ordering::Equal, a == b);
            if compare(&a, &b) == Ordering::Less && compare(&b, &c) == Ordering::Less {
                prop_assert_eq!(compare(&a, &c), Ordering::Less);
            }
        }
    }
}
