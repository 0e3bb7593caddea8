//! What settings must say to one another.

mod grants;

use super::read::{Reader, quoted, suggestion};
use super::{Config, Environment, Pattern, Patterns, Require, VERSION};
use std::collections::BTreeSet;
use tollgate_kustomize::RepoPath;
use tollgate_yaml::{FieldPath, Node, Step, YamlError};

/// Report what is wrong with a configuration whose parts are right.
pub(super) fn check(config: &Config, document: &Node, reader: &mut Reader) {
    let mut check = Check {
        config,
        document,
        reader,
    };
    check.version();
    check.environments();
    check.promotion();
    check.groups();
    check.approvals();
    check.grants();
    check.numbers();
}

struct Check<'a> {
    config: &'a Config,
    document: &'a Node,
    reader: &'a mut Reader,
}

impl Check<'_> {
    fn report(&mut self, path: &FieldPath, message: impl Into<String>, help: impl Into<String>) {
        // A map's own span is that of its content: the key is what a person looks for.
        let parent = FieldPath(path.0[..path.0.len().saturating_sub(1)].to_vec());
        let key = match (path.0.last(), self.document.at(&parent)) {
            (Some(Step::Key(key)), Some(parent)) => parent
                .as_mapping()
                .and_then(|it| it.entry(key))
                .filter(|it| it.value.as_scalar().is_none())
                .map(|it| it.key.origin.edit_here()),
            _ => None,
        };
        let span = key.unwrap_or_else(|| self.document.nearest(path).span());
        let help = help.into();
        let problem = YamlError::new(span, message);
        self.reader.report(if help.is_empty() {
            problem
        } else {
            problem.help(help)
        });
    }

    fn version(&mut self) {
        if self.config.version != VERSION {
            let message = format!(
                "version {} of the configuration is not known",
                self.config.version
            );
            self.report(
                &path(["version"]),
                message,
                format!("this build reads `version: {VERSION}`"),
            );
        }
    }

    fn environments(&mut self) {
        let mut seen: BTreeSet<&Pattern> = BTreeSet::new();
        let mut others = None;
        for environment in &self.config.environments {
            let at = environment_path(environment);
            if environment.others {
                if let Some(first) = others {
                    self.report(
                        &at.key("overlays"),
                        format!("the other overlays are those of `{first}` already"),
                        "an overlay belongs to one environment",
                    );
                }
                others = Some(&environment.name);
            } else if environment.overlays.is_empty() {
                self.report(
                    &at.key("overlays"),
                    format!("environment `{}` has no overlays", environment.name),
                    "give the folders of its overlays as patterns, like `apps/*/overlays/prod`, or `others`",
                );
            }
            for (index, pattern) in environment.overlays.iter().enumerate() {
                if !seen.insert(pattern) {
                    self.report(
                        &at.key("overlays").index(index),
                        format!(
                            "pattern {} stands here for the second time",
                            quoted(pattern.as_str())
                        ),
                        "an overlay belongs to one environment",
                    );
                }
            }
            self.waves(environment, &at.key("waves"));
            if let Some(freeze) = &environment.freeze {
                let at = at.key("freeze");
                if freeze.deny.is_empty() && freeze.allow.is_empty() {
                    self.report(
                        &at,
                        "a freeze without `deny` and `allow` freezes nothing",
                        "",
                    );
                }
                for (list, windows) in [("deny", &freeze.deny), ("allow", &freeze.allow)] {
                    for (index, _) in windows
                        .iter()
                        .enumerate()
                        .filter(|(_, it)| it.length.as_seconds() == 0)
                    {
                        self.report(
                            &at.key(list).index(index).key("for"),
                            "a window of no length is never open",
                            "",
                        );
                    }
                }
            }
        }
    }

    /// A wave names overlays by their folder, so one of the patterns must be able to end in it.
    fn waves(&mut self, environment: &Environment, at: &FieldPath) {
        let mut seen = BTreeSet::new();
        let folders: Vec<Pattern> = environment
            .overlays
            .iter()
            .filter_map(|it| {
                let last = it.as_str().rsplit('/').next()?;
                Pattern::parse(last).ok()
            })
            .collect();
        // A `{a/b,c}` cannot be split; then any name is possible.
        let known = Patterns::compile(&folders)
            .ok()
            .filter(|_| folders.len() == environment.overlays.len() && !environment.others);
        for (wave, names) in environment.waves.iter().enumerate() {
            if names.is_empty() {
                self.report(&at.index(wave), "a wave without overlays is not a wave", "");
            }
            for (index, name) in names.iter().enumerate() {
                let at = at.index(wave).index(index);
                let possible = RepoPath::new(name.as_str())
                    .is_some_and(|folder| known.as_ref().is_none_or(|it| it.matches(&folder)));
                if !possible {
                    self.report(
                        &at,
                        format!(
                            "wave `{name}` is no overlay of environment `{}`",
                            environment.name
                        ),
                        "waves name overlays by the last folder of their path",
                    );
                } else if !seen.insert(name) {
                    self.report(
                        &at,
                        format!("`{name}` is in a wave for the second time"),
                        "",
                    );
                }
            }
        }
    }

    fn promotion(&mut self) {
        let order: Vec<&str> = self
            .config
            .environments
            .iter()
            .map(|it| it.name.as_str())
            .collect();
        for (position, environment) in self.config.environments.iter().enumerate() {
            let Some(promotion) = &environment.promote_from else {
                continue;
            };
            let at = environment_path(environment).key("promote_from");
            let from = promotion.env.as_str();
            let source = order.iter().position(|it| *it == from);
            if promotion.identity.is_empty() {
                self.report(
                    &at.key("identity"),
                    "with an empty identity every version is the same",
                    "name at least one of images, remote_refs, charts",
                );
            }
            let at = at.key("env");
            match source {
                None => self.report(
                    &at,
                    format!("environment `{from}` is not listed"),
                    suggestion(from, &order),
                ),
                Some(it) if it < position => {}
                Some(_) => match self.circle(environment) {
                    Some(circle) => self.report(
                        &at,
                        format!("promotion goes round in a circle: {circle}"),
                        "",
                    ),
                    None => self.report(
                        &at,
                        format!(
                            "`{}` is promoted from `{from}`, which stands after it",
                            environment.name
                        ),
                        "list environments in promotion order",
                    ),
                },
            }
        }
    }

    /// `a <- b <- a`, if following `promote_from` leads back.
    fn circle(&self, start: &Environment) -> Option<String> {
        let mut shown = start.name.to_string();
        let mut at = start;
        for _ in &self.config.environments {
            at = self
                .config
                .environment(at.promote_from.as_ref()?.env.as_str())?;
            shown = format!("{shown} <- {}", at.name);
            if at.name == start.name {
                return Some(shown);
            }
        }
        None
    }

    fn groups(&mut self) {
        for (name, group) in &self.config.groups {
            let at = path(["groups", name]);
            if let Err(why) = super::Name::parse(name) {
                self.report(&at, why, "");
            }
            if group.users.is_empty() && group.team.is_none() {
                self.report(
                    &at,
                    format!("group `{name}` is empty"),
                    "give `users` or `team`",
                );
            }
            if let Some(team) = &group.team
                && !team
                    .split_once('/')
                    .is_some_and(|(a, b)| !a.is_empty() && !b.is_empty())
            {
                self.report(
                    &at.key("team"),
                    format!("{} is not a team", quoted(team)),
                    "write it as `organisation/team`",
                );
            }
        }
    }

    fn approvals(&mut self) {
        let environments: Vec<&str> = self
            .config
            .environments
            .iter()
            .map(|it| it.name.as_str())
            .collect();
        let Some(approvals) = &self.config.approvals else {
            return;
        };
        let mut names = BTreeSet::new();
        for (index, rule) in approvals.rules.iter().enumerate() {
            let at = path(["approvals", "rules"]).index(index);
            if !names.insert(&rule.name) {
                self.report(
                    &at.key("name"),
                    format!("approval rule `{}` stands here twice", rule.name),
                    "",
                );
            }
            let when = &rule.when;
            let bounded = !when.touches.is_empty()
                || when.control_plane.is_some()
                || !when.paths.is_empty()
                || !when.changes_kind.is_empty();
            if !bounded && when.any != Some(true) {
                self.report(
                    &at.key("when"),
                    "the rule is for no change",
                    "give `touches`, `paths`, `changes_kind`, `control_plane: true` or `any: true`",
                );
            }
            // Without a list the environments are not known before the trees are read.
            let listed = !environments.is_empty();
            for (item, name) in when.touches.iter().enumerate() {
                if listed && !environments.contains(&name.as_str()) {
                    let at = at.key("when").key("touches").index(item);
                    self.report(
                        &at,
                        format!("environment `{name}` is not listed"),
                        suggestion(name.as_str(), &environments),
                    );
                }
            }
            self.require(&rule.require, &at.key("require"));
        }
    }

    fn require(&mut self, require: &Require, at: &FieldPath) {
        if require.count == 0 {
            self.report(&at.key("count"), "0 approvals ask for nothing", "");
        }
        let known: Vec<&str> = self.config.groups.keys().map(String::as_str).collect();
        let mut people = BTreeSet::new();
        let mut countable = !require.from.is_empty();
        for (index, name) in require.from.iter().enumerate() {
            match self.config.groups.get(name.as_str()) {
                Some(group) => {
                    countable &= group.team.is_none();
                    people.extend(group.users.iter().map(|it| it.key()));
                }
                None => {
                    countable = false;
                    self.report(
                        &at.key("from").index(index),
                        format!("group `{name}` is not defined"),
                        match known.is_empty() {
                            true => format!("define it: `groups: {{{name}: {{users: [...]}}}}`"),
                            false => suggestion(name.as_str(), &known),
                        },
                    );
                }
            }
        }
        if countable && people.len() < require.count as usize {
            let message = format!(
                "{} approvals are asked of {} people",
                require.count,
                people.len()
            );
            self.report(&at.key("count"), message, "");
        }
    }

    fn numbers(&mut self) {
        if self
            .config
            .rollback
            .as_ref()
            .is_some_and(|it| it.within == 0)
        {
            self.report(
                &path(["rollback", "within"]),
                "within 0 commits there is nothing to return to",
                "",
            );
        }
        if self
            .config
            .pull_request
            .as_ref()
            .is_some_and(|it| it.max_protected_environments == 0)
        {
            self.report(
                &path(["pull_request", "max_protected_environments"]),
                "with 0 no protected environment could ever change",
                "",
            );
        }
        if let Some(index) = self
            .config
            .secrets
            .allow_kinds
            .iter()
            .position(|it| it == "Secret")
        {
            self.report(
                &path(["secrets", "allow_kinds"]).index(index),
                "kind `Secret` holds its values in clear text",
                "use `plain: allowed` if that is meant",
            );
        }
        if self.config.exceptions == self.config.baseline {
            self.report(
                &path(["baseline"]),
                "exceptions and baseline cannot be one file",
                "",
            );
        }
    }
}

fn environment_path(environment: &Environment) -> FieldPath {
    path(["environments", environment.name.as_str()])
}

fn path<const N: usize>(keys: [&str; N]) -> FieldPath {
    FieldPath(keys.iter().map(|it| Step::Key((*it).into())).collect())
}
