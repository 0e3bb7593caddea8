//! The name that was probably meant.

/// Longer names are not compared: distance is quadratic in length.
const LONGEST: usize = 100;

/// The candidate that is nearest to `name`, if one is near enough to be a slip of the pen.
pub(super) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let name: Vec<char> = name.chars().take(LONGEST + 1).collect();
    if name.len() > LONGEST {
        return None;
    }
    let allowed = name.len().div_ceil(3);
    candidates
        .into_iter()
        .filter(|it| it.len() <= LONGEST)
        .map(|it| (distance(&name, it), it))
        .filter(|it| it.0 <= allowed)
        .min()
        .map(|it| it.1)
}

/// How many characters to insert, delete or replace.
fn distance(from: &[char], to: &str) -> usize {
    let mut row: Vec<usize> = (0..=from.len()).collect();
    for (above, wanted) in to.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (at, found) in from.iter().enumerate() {
            let replaced = diagonal + usize::from(*found != wanted);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[from.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let names = ["check-ambient-mode-enabled", "require-labels"];
        assert_eq!(
            nearest("check-amblient-mode-enabled", names),
            Some("check-ambient-mode-enabled")
        );
        assert_eq!(nearest("something-else", names), None);
        assert_eq!(nearest(&"x".repeat(5000), names), None);
    }
}
