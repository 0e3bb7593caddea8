//! What was probably meant.

use crate::files::{Files, RepoPath};

/// The candidate that is most like `wanted`, if any is much like it: at most a third of its letters differ, small and large
/// ones being the same.
pub(crate) fn nearest<'a>(
    wanted: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let wanted: String = wanted.chars().take(64).collect();
    let wanted = wanted.to_ascii_lowercase();
    candidates
        .map(|it| (strsim::osa_distance(&it.to_ascii_lowercase(), &wanted), it))
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
