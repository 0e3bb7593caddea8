//! What was probably meant.

use crate::files::{Files, RepoPath};

/// The candidate that is most like `wanted`, if any is much like it.
pub(crate) fn nearest<'a>(
    wanted: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .map(|it| (distance(it, wanted), it))
        .min()
        .filter(|(distance, it)| *distance <= it.len() / 3)
        .map(|it| it.1)
}

/// Advice on a path at which nothing stands.
pub(crate) fn path_help(files: &dyn Files, path: &RepoPath) -> String {
    let beside = path.parent().and_then(|it| files.list(&it).ok());
    let names = beside.unwrap_or_default();
    match nearest(path.name(), names.iter().map(String::as_str)) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "add it, or remove the entry".to_owned(),
    }
}

/// How many characters must be typed, deleted or exchanged to get from one name to the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replace = diagonal + usize::from(!x.eq_ignore_ascii_case(y));
            diagonal = row[j + 1];
            row[j + 1] = replace.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_slips_are_seen_through() {
        let names = ["deployment.yaml", "service.yaml", "b"];
        let near = |wanted| nearest(wanted, names.into_iter());
        assert_eq!(near("deploymnet.yaml"), Some("deployment.yaml"));
        assert_eq!(near("Service.yml"), Some("service.yaml"));
        assert_eq!(near("ingress.txt"), None);
        assert_eq!(near("a"), None);
    }
}
