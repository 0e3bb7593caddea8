//! What lets a change go on: hand-offs, and what skips demands.

use super::{Check, path};
use crate::config::{Duration, FILE_NAME, Override, Patterns};
use tollgate_kustomize::RepoPath;

/// No hand-off can be used longer.
const LONGEST_HANDOFF: Duration = Duration::seconds(24 * 3_600);

/// No override lasts longer.
const LONGEST_OVERRIDE: Duration = Duration::seconds(4 * 3_600);

impl Check<'_> {
    /// Permissions that end by themselves must end soon.
    pub(super) fn grants(&mut self) {
        let emergency = self.config.emergency.as_ref();
        let grants = [
            (
                path(["override", "max_ttl"]),
                emergency.map(|it| it.max_ttl),
                LONGEST_OVERRIDE,
            ),
            (
                path(["handoff", "valid_for"]),
                self.config.handoff.as_ref().map(|it| it.valid_for),
                LONGEST_HANDOFF,
            ),
        ];
        for (at, length, longest) in grants {
            let Some(length) = length else { continue };
            if length > longest || length.as_seconds() == 0 {
                self.report(&at, format!("{length} is not between 1s and {longest}"), "");
            }
        }
        if let Some(emergency) = emergency {
            self.emergency(emergency);
        }
    }

    /// What skips demands takes two people whom the configuration names.
    fn emergency(&mut self, emergency: &Override) {
        if emergency.may_waive.is_empty() {
            self.report(
                &path(["override", "may_waive"]),
                "an override that may waive nothing is of no use",
                "",
            );
        }
        let at = path(["override", "require"]);
        let require = &emergency.require;
        if require.count == 1 {
            self.report(
                &at.key("count"),
                "an override takes the approval of two people at least",
                "write `count: 2`",
            );
        }
        if require.from.is_empty() {
            self.report(
                &at,
                "an override takes the approval of people whom a group lists",
                "name one or more of `groups`: `from: [oncall]`",
            );
        }
        self.require(require, &at);
        let own = [
            FILE_NAME,
            self.config.exceptions.as_str(),
            self.config.baseline.as_str(),
        ];
        let matches = |it: &&str| {
            let patterns = Patterns::compile([&emergency.path]);
            let file = RepoPath::new(it);
            patterns.is_ok_and(|it| file.is_some_and(|file| it.matches(&file)))
        };
        if let Some(file) = own.into_iter().find(matches) {
            self.report(
                &path(["override", "path"]),
                format!("the pattern matches `{file}`, which is no override"),
                "give overrides a folder of their own, like `.tollgate/overrides/*.yaml`",
            );
        }
    }
}
