//! What holds where `tollgate.yaml` does not say: all conventions in one place.
//!
//! * An overlay belongs to the environment that its folders name. A folder names a stage when it
//!   is one of the stage's words (`production`), when one of its plain words has something before
//!   or behind it (`prod-eu`, `eu-prod`), or when it ends in one of the others (`eu-test`).
//! * The last folder decides where it names a stage; but a part of its name (`prod/dev-tools`) is
//!   outweighed by a folder that is nothing but the word of a later stage. Where it names none, folders
//!   that are nothing but a word outweigh the others, and where those disagree the later stage wins: a
//!   mistake then blocks too much, never too little.
//! * Words that say the same (`prod`, `production`) are one environment, called by the word that most
//!   of its overlays use. Words that are places of their own (`staging`, `uat`, `preprod`) are several.
//! * Overlays that name no stage are the environment [`UNSORTED`], so that they are judged like all
//!   others.
//! * Development is audited, everything else enforced.
//! * Policies and fixtures are found anywhere, by content; coverage by fixtures is reported but not
//!   demanded ([`COVERAGE`]), because a repository that never heard of it would be refused at once.
//! * Gates that need settings (approvals, protection, promotion, images, Argo CD) have none.

use super::{Enforcement, Environment, KnownFindings, Name, Pattern, Percent};
use std::collections::{BTreeMap, BTreeSet};
use tollgate_kustomize::RepoPath;

/// The environment of overlays whose path names no stage.
pub const UNSORTED: &str = "unsorted";

/// The share of rules that fixtures must cover.
pub const COVERAGE: Percent = Percent::ZERO;

/// An environment and the words for it.
struct Stage {
    /// Words that may have something before or behind them.
    plain: &'static [&'static str],
    /// Words that also occur in names of applications, so that they count only as a whole or at the end.
    whole: &'static [&'static str],
    enforcement: Enforcement,
}

const fn stage(
    plain: &'static [&'static str],
    whole: &'static [&'static str],
    enforcement: Enforcement,
) -> Stage {
    Stage {
        plain,
        whole,
        enforcement,
    }
}

/// In promotion order.
const STAGES: [Stage; 13] = [
    stage(&[], &["local"], Enforcement::Audit),
    stage(&[], &["sandbox"], Enforcement::Audit),
    stage(
        &["dev", "develop", "development"],
        &["devel"],
        Enforcement::Audit,
    ),
    stage(&["nonprod", "nonproduction"], &[], Enforcement::Enforce),
    stage(&[], &["int", "integration"], Enforcement::Enforce),
    stage(&[], &["test", "testing", "tst"], Enforcement::Enforce),
    stage(&["qa"], &[], Enforcement::Enforce),
    stage(&["uat"], &["acc", "acceptance"], Enforcement::Enforce),
    stage(&["stage"], &[], Enforcement::Enforce),
    stage(&["staging", "stg"], &[], Enforcement::Enforce),
    stage(&["preprod", "preproduction"], &[], Enforcement::Enforce),
    stage(&["prod", "production", "prd"], &[], Enforcement::Enforce),
    stage(&[], &["live"], Enforcement::Enforce),
];

/// The environments that the folders of overlays name, in promotion order. Every overlay belongs
/// to exactly one.
pub fn environments<'a>(overlays: impl IntoIterator<Item = &'a RepoPath>) -> Vec<Environment> {
    let mut found: [Found; STAGES.len()] = Default::default();
    let mut unnamed = Found::default();
    for path in overlays {
        match stage_of(path) {
            Some((stage, word)) => found[stage].add(path, word),
            None => unnamed.add(path, UNSORTED),
        }
    }
    let stages = found
        .into_iter()
        .zip(STAGES.iter().map(|it| it.enforcement));
    stages
        .chain([(unnamed, Enforcement::Enforce)])
        .filter_map(|(found, enforcement)| found.environment(enforcement))
        .collect()
}

#[derive(Default)]
struct Found {
    overlays: BTreeSet<Pattern>,
    /// How often each word was used.
    words: BTreeMap<&'static str, usize>,
}

impl Found {
    fn add(&mut self, path: &RepoPath, word: &'static str) {
        if self.overlays.insert(Pattern::exactly(path)) {
            *self.words.entry(word).or_default() += 1;
        }
    }

    fn environment(self, enforcement: Enforcement) -> Option<Environment> {
        let (word, _) = self.words.into_iter().max_by_key(|(_, count)| *count)?;
        Some(Environment {
            name: Name::parse(word).ok()?,
            overlays: self.overlays.into_iter().collect(),
            others: false,
            enforcement,
            known: KnownFindings::Report,
            promote_from: None,
            waves: Vec::new(),
            images: None,
            argocd: None,
            freeze: None,
        })
    }
}

/// Whether a folder of this name says what stage its overlays are for.
pub fn names_a_stage(folder: &str) -> bool {
    let folder = normal(folder);
    whole(&folder).or_else(|| part(&folder)).is_some()
}

/// Which stage a path names, as a number that grows with the order of promotion.
pub fn stage_number(path: &RepoPath) -> Option<usize> {
    stage_of(path).map(|it| it.0)
}

/// The stage that a path names, and by which word.
fn stage_of(path: &RepoPath) -> Option<(usize, &'static str)> {
    let folders: Vec<String> = path.as_str().split('/').map(normal).collect();
    let latest = |matches: &dyn Fn(&str) -> Option<(usize, &'static str)>| {
        folders
            .iter()
            .filter_map(|it| matches(it))
            .max_by_key(|(stage, _)| *stage)
    };
    let last = folders.last()?;
    if let Some(found) = whole(last) {
        return Some(found);
    }
    match (part(last), latest(&whole)) {
        (Some(found), Some(around)) if around.0 > found.0 => Some(around),
        (Some(found), _) | (None, Some(found)) => Some(found),
        (None, None) => latest(&part),
    }
}

/// In small letters, `-` between words, and what negates a word joined to it: `non-prod` and
/// `pre_prod` are not production.
fn normal(folder: &str) -> String {
    let folder = folder.to_ascii_lowercase().replace(['_', '.', ' '], "-");
    let mut words: Vec<String> = Vec::new();
    for part in folder.split('-') {
        match words.last_mut() {
            Some(last) if last == "non" || last == "pre" => last.push_str(part),
            _ => words.push(part.to_owned()),
        }
    }
    words.join("-")
}

fn whole(folder: &str) -> Option<(usize, &'static str)> {
    find(|stage| {
        let mut words = stage.plain.iter().chain(stage.whole);
        words.find(|it| **it == folder).copied()
    })
}

/// The stage of which a part of the name is a word, numbers behind it left out.
fn part(folder: &str) -> Option<(usize, &'static str)> {
    let parts: Vec<&str> = folder
        .split('-')
        .map(|it| it.trim_end_matches(|it: char| it.is_ascii_digit()))
        .collect();
    // A number may stand by itself: `prod-1`.
    let end = parts.iter().rev().find(|it| !it.is_empty())?;
    find(|stage| {
        let plain = stage.plain.iter().find(|it| parts.contains(it));
        let whole = stage.whole.iter().find(|it| *it == end);
        plain.or(whole).copied()
    })
}

/// The last stage for which `word` finds a word.
fn find(word: impl Fn(&Stage) -> Option<&'static str>) -> Option<(usize, &'static str)> {
    STAGES
        .iter()
        .enumerate()
        .rev()
        .find_map(|(at, stage)| word(stage).map(|it| (at, it)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(path: &str) -> Option<&'static str> {
        let found = stage_of(&RepoPath::new(path).expect(path));
        found.and_then(|(it, _)| {
            let mut words = STAGES[it].plain.iter().chain(STAGES[it].whole);
            words.next().copied()
        })
    }

    #[test]
    fn folders_name_stages() {
        for (path, want) in [
            ("apps/web/overlays/dev", Some("dev")),
            ("apps/web/overlays/development", Some("dev")),
            ("envs/test/web", Some("test")),
            ("overlays/qa", Some("qa")),
            ("overlays/stg", Some("staging")),
            ("overlays/stage", Some("stage")),
            ("overlays/pre-prod", Some("preprod")),
            ("overlays/pre_production", Some("preprod")),
            ("overlays/non-prod-eu", Some("nonprod")),
            ("apps/web/overlays/prod-eu", Some("prod")),
            ("clusters/eu-prd1/web", Some("prod")),
            ("clusters/prod-1", Some("prod")),
            ("clusters/PROD/web", Some("prod")),
            ("live", Some("live")),
            ("x/overlays/acme-ocp-test", Some("test")),
            ("x/overlays/acme-ocp-test-2", Some("test")),
            ("x/overlays/acme-ocp-prod", Some("prod")),
            ("acme-ocp-test/web", Some("test")),
            // The last folder decides.
            ("prod/dev", Some("dev")),
            ("dev/prod", Some("prod")),
            ("dev/web/eu-prod", Some("prod")),
            ("apps/prod-dashboard/overlays/dev", Some("dev")),
            // A part of its name does not outweigh a whole word of a later stage.
            ("prod/dev-tools", Some("prod")),
            ("dev/prod-tools", Some("prod")),
            // Where it says nothing, whole words go first, then the later stage.
            ("prod/dev/web", Some("prod")),
            ("dev/eu-prod/web", Some("dev")),
            ("eu-dev/eu-prod/web", Some("prod")),
            // Names of applications are not stages.
            ("apps/live-stream/overlays/dev", Some("dev")),
            ("apps/test-runner", None),
            ("apps/product/overlays/default", None),
            ("apps/expre-prod", Some("prod")),
            ("apps/latest", None),
            ("", None),
        ] {
            assert_eq!(stage(path), want, "{path}");
        }
    }

    #[test]
    fn environments_are_called_by_their_usual_word_and_hold_every_overlay_once() {
        let paths: Vec<RepoPath> = [
            "a/production",
            "b/prod",
            "c/production",
            "a/dev",
            "tools",
            "a/dev",
        ]
        .iter()
        .map(|it| RepoPath::new(it).expect(it))
        .collect();
        let environments = environments(&paths);
        let shown: Vec<(&str, usize, Enforcement)> = environments
            .iter()
            .map(|it| (it.name.as_str(), it.overlays.len(), it.enforcement))
            .collect();
        assert_eq!(
            shown,
            [
                ("dev", 1, Enforcement::Audit),
                ("production", 3, Enforcement::Enforce),
                ("unsorted", 1, Enforcement::Enforce),
            ]
        );
    }

    #[test]
    fn places_of_their_own_stay_apart_and_synonyms_do_not() {
        let paths: Vec<RepoPath> = [
            "a/staging",
            "a/uat",
            "a/stage",
            "a/preprod",
            "b/stg",
            "c/staging",
            "a/test",
            "a/qa",
        ]
        .iter()
        .map(|it| RepoPath::new(it).expect(it))
        .collect();
        let environments = environments(&paths);
        let shown: Vec<(&str, usize)> = environments
            .iter()
            .map(|it| (it.name.as_str(), it.overlays.len()))
            .collect();
        assert_eq!(
            shown,
            [
                ("test", 1),
                ("qa", 1),
                ("uat", 1),
                ("stage", 1),
                ("staging", 3),
                ("preprod", 1),
            ]
        );
    }
}
