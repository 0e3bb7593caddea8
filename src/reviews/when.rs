//! Which changes an approval rule is for.

use crate::{
    config::{Config, Enforcement, Patterns, When},
    model::{Facts, OverlayFacts, RenderFacts, ResourceKey},
};
use std::collections::BTreeSet;
use tollgate_kustomize::RepoPath;

/// How strictly a change is judged where something cannot be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// It is reported.
    Lenient,
    /// It leaves the verdict undecided.
    Strict,
}

impl Strictness {
    /// That of the strictest environment which would receive something else; for a change of the
    /// rules that no environment receives, that of the strictest environment there is.
    pub fn of(facts: &Facts, config: &Config) -> Self {
        let strict = enforced(facts, config).contains(&Enforcement::Strict);
        if strict { Self::Strict } else { Self::Lenient }
    }
}

/// How strictly those environments are judged that would receive something else; for a change of the
/// rules that no environment receives, all that there are.
pub fn enforced(facts: &Facts, config: &Config) -> Vec<Enforcement> {
    let touched = environments(facts);
    let rules_alone = touched.is_empty() && !facts.control_plane.is_empty();
    let all = config.environments.iter();
    all.filter(|it| rules_alone || touched.contains(it.name.as_str()))
        .map(|it| it.enforcement)
        .collect()
}

/// The environments that would receive something else than they do now. Decided by what is rendered,
/// never by paths.
pub fn environments(facts: &Facts) -> BTreeSet<&str> {
    let differs = facts.overlays.iter().filter(|it| it.differs());
    differs.filter_map(|it| it.environment.as_deref()).collect()
}

/// Whether a rule is for the change: every condition that it gives holds.
pub fn applies(when: &When, facts: &Facts) -> bool {
    let touched = environments(facts);
    let touches =
        when.touches.is_empty() || when.touches.iter().any(|it| touched.contains(it.as_str()));
    let control_plane = when
        .control_plane
        .is_none_or(|it| it != facts.control_plane.is_empty());
    touches && control_plane && paths(when, facts) && kinds(when, facts)
}

fn paths(when: &When, facts: &Facts) -> bool {
    if when.paths.is_empty() {
        return true;
    }
    // Patterns that cannot be used together exempt nobody.
    let Ok(patterns) = Patterns::compile(&when.paths) else {
        return true;
    };
    let mut files = facts.change.files.iter();
    files.any(|it| RepoPath::new(&it.path).is_none_or(|it| patterns.matches(&it)))
}

fn kinds(when: &When, facts: &Facts) -> bool {
    when.changes_kind.is_empty()
        || facts.overlays.iter().filter(|it| it.differs()).any(|it| {
            let changed = it.changed().into_iter().map(|it| &it.key);
            unseen(it)
                || changed
                    .chain(it.removed())
                    .any(|key| when.changes_kind.iter().any(|kind| is_kind(kind, key)))
        })
}

/// Whether nobody can say which resources of the overlay differ.
fn unseen(overlay: &OverlayFacts) -> bool {
    let failed = |it: &Option<RenderFacts>| matches!(it, Some(RenderFacts::Failed { .. }));
    failed(&overlay.head) || (overlay.head.is_none() && failed(&overlay.base))
}

/// `Kind`, `group/Kind` or `apiVersion/Kind`; a rule is not escaped by the case of a letter.
fn is_kind(wanted: &str, key: &ResourceKey) -> bool {
    let Some((group, kind)) = wanted.rsplit_once('/') else {
        return wanted.eq_ignore_ascii_case(&key.kind);
    };
    let own = key.api_version.split_once('/').map_or("", |it| it.0);
    let same = |it: &str| group.eq_ignore_ascii_case(it);
    kind.eq_ignore_ascii_case(&key.kind) && (same(own) || same(&key.api_version))
}
