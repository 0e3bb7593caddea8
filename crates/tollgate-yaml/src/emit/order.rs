//! The order of keys. Source: `go.yaml.in/yaml/v2` `sorter.go`.

use std::cmp::Ordering;

/// Sort by keys. The order goes round in a circle for some (`10` before `1a` before `2_` before `10`), which
/// the sorts of the standard library may end with a panic on; go-yaml prints those in an order that is
/// chance. Here it is always the same one.
pub(super) fn sort<T: Copy>(items: &mut [T], key: impl Fn(&T) -> &str + Copy) {
    if items.len() < 2 {
        return;
    }
    let (left, right) = items.split_at_mut(items.len() / 2);
    sort(left, key);
    sort(right, key);
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    let mut merged = Vec::with_capacity(left.len() + right.len());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = match compare(key(a), key(b)) {
            Ordering::Greater => right.next(),
            Ordering::Less | Ordering::Equal => left.next(),
        };
        merged.extend(next.copied());
    }
    merged.extend(left.chain(right).copied());
    items.copy_from_slice(&merged);
}

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
            "a10", "aB", "ab", "x1", "x1y2", "x1y10", "x01", "é",
        ];
        let mut keys = sorted.to_vec();
        keys.reverse();
        sort(&mut keys, |it| it);
        assert_eq!(keys, sorted);
        for (a, b) in [("x01", "x12"), ("x12", "x100"), ("x12", "x1y2")] {
            assert_eq!(compare(a, b), Ordering::Less, "{a} {b}");
        }
    }

    #[test]
    fn keys_whose_order_goes_round_in_a_circle_come_out_in_one_order() {
        for (a, b) in [("10", "1a"), ("1a", "2_"), ("2_", "10")] {
            assert_eq!(compare(a, b), Ordering::Less, "{a} {b}");
        }
        let mut keys = ["10", "1a", "2_"].repeat(100);
        let mut again = keys.clone();
        sort(&mut keys, |it| it);
        sort(&mut again, |it| it);
        assert_eq!(keys, again);
        for key in ["10", "1a", "2_"] {
            assert_eq!(keys.iter().filter(|it| **it == key).count(), 100, "{key}");
        }
    }

    proptest! {
        #[test]
        fn two_keys_have_one_order(a in "[a0-2._-]{0,6}", b in "[a0-2._-]{0,6}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&a, &b) == Ordering::Equal, a == b);
        }

        /// Words alone have no circles: they come out as the standard library sorts them.
        #[test]
        fn it_sorts(words in proptest::collection::vec("[a-c]{0,4}", 0..40)) {
            let mut sorted: Vec<&str> = words.iter().map(String::as_str).collect();
            let mut expected = sorted.clone();
            sort(&mut sorted, |it| it);
            expected.sort_by(|a, b| compare(a, b));
            prop_assert_eq!(sorted, expected);
        }
    }
}
