//! What holds where `tollgate.yaml` does not say: all conventions in one place.
//!
//! * An overlay belongs to the environment that its folders name. A folder names a stage when it
//!   is one of the stage's words (`production`), or one of its plain words with something before
//!   or behind it (`prod-eu`, `eu-prod`). Folders that are nothing but the word outweigh the
//!   others. Where folders disagree (`prod/dev-tools`), the later stage wins: a mistake then
//!   blocks too much, never too little.
//! * The environment is called by the word that most of its overlays use.
//! * Overlays that name no stage are the environment [`DEFAULT_ENVIRONMENT`], so that they are
//!   judged like all others.
//! * Development is audited, everything else enforced.
//! * Policies and fixtures are found anywhere, by content; coverage by fixtures is reported but not
//!   demanded ([`COVERAGE`]), because a repository that never heard of it would be refused at once.
//! * Gates that need settings (approvals, protection, promotion, images, Argo CD) have none.

use super::{Enforcement, Environment, Name, Pattern, Percent};
use std::collections::{BTreeMap, BTreeSet};
use tollgate_kustomize::RepoPath;

/// The environment of overlays whose path names no stage.
pub const DEFAULT_ENVIRONMENT: &str = "default";

/// The share of rules that fixtures must cover.
pub const COVERAGE: Percent = Percent::ZERO;

/// A stage of delivery and the words for it.
struct Stage {
    /// Words that may have something before or behind them; the first is the usual one.
    plain: &'static [&'static str],
    /// Words that also occur in names of applications, so that they count only as a whole.
    whole: &'static [&'static str],
    enforcement: Enforcement,
}

/// In promotion order.
const STAGES: [Stage; 4] = [
    Stage {
        plain: &["dev", "develop", "development"],
        whole: &["devel", "local", "sandbox"],
        enforcement: Enforcement::Audit,
    },
    Stage {
        plain: &["qa", "nonprod", "nonproduction"],
        whole: &["test", "testing", "tst", "int", "integration"],
        enforcement: Enforcement::Enforce,
    },
    Stage {
        plain: &["staging", "stage", "stg", "preprod", "preproduction", "uat"],
        whole: &["acc", "acceptance"],
        enforcement: Enforcement::Enforce,
    },
    Stage {
        plain: &["prod", "production", "prd"],
        whole: &["live"],
        enforcement: Enforcement::Enforce,
    },
];

/// The environments that the folders of overlays name, in promotion order. Every overlay belongs
/// to exactly one.
pub fn environments<'a>(overlays: impl IntoIterator<Item = &'a RepoPath>) -> Vec<Environment> {
    let mut found: [Found; STAGES.len()] = Default::default();
    let mut unnamed = Found::default();
    for path in overlays {
        match stage_of(path) {
            Some((stage, word)) => found[stage].add(path, word),
            None => unnamed.add(path, DEFAULT_ENVIRONMENT),
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
    whole(&folder).or_else(|| affixed(&folder)).is_some()
}

/// The stage that a path names, and by which word.
fn stage_of(path: &RepoPath) -> Option<(usize, &'static str)> {
    let folders: Vec<String> = path.as_str().split('/').map(normal).collect();
    let strictest = |matches: &dyn Fn(&str) -> Option<(usize, &'static str)>| {
        folders
            .iter()
            .filter_map(|it| matches(it))
            .max_by_key(|(stage, _)| *stage)
    };
    strictest(&whole).or_else(|| strictest(&affixed))
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

fn affixed(folder: &str) -> Option<(usize, &'static str)> {
    find(|stage| {
        let mut words = stage.plain.iter();
        words
            .find(|it| {
                folder
                    .split('-')
                    .any(|part| part.trim_end_matches(|it: char| it.is_ascii_digit()) == **it)
            })
            .copied()
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
        stage_of(&RepoPath::new(path).expect(path)).map(|(it, _)| STAGES[it].plain[0])
    }

    #[test]
    fn folders_name_stages() {
        for (path, want) in [
            ("apps/web/overlays/dev", Some("dev")),
            ("apps/web/overlays/development", Some("dev")),
            ("envs/test/web", Some("qa")),
            ("overlays/qa", Some("qa")),
            ("overlays/stg", Some("staging")),
            ("overlays/pre-prod", Some("staging")),
            ("overlays/pre_production", Some("staging")),
            ("overlays/non-prod-eu", Some("qa")),
            ("apps/web/overlays/prod-eu", Some("prod")),
            ("clusters/eu-prd1/web", Some("prod")),
            ("clusters/PROD/web", Some("prod")),
            ("live", Some("prod")),
            // The whole word outweighs a part, and the later stage the earlier one.
            ("prod/dev-tools", Some("prod")),
            ("apps/prod-dashboard/overlays/dev", Some("dev")),
            ("dev/prod", Some("prod")),
            // Names of applications are not stages.
            ("apps/live-stream/overlays/dev", Some("dev")),
            ("apps/test-runner", None),
            ("apps/product/overlays/default", None),
            ("apps/expre-prod", Some("prod")),
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
                ("default", 1, Enforcement::Enforce),
            ]
        );
    }
}
