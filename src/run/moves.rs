//! Which overlay takes over what another one loses.
//!
//! Overlays of one environment may reach several clusters, and nobody says which. So a resource moves where
//! both overlays plausibly reach one cluster, and goes from one and comes to another where they may not.

use super::identity::Identity;
use std::collections::{BTreeMap, BTreeSet};

/// An overlay that differs, by what it holds on both sides.
pub(super) struct Moving<'a> {
    pub(super) environment: Option<&'a str>,
    pub(super) path: &'a str,
    /// Empty where the side has no such overlay.
    pub(super) base: BTreeSet<Identity<'a>>,
    pub(super) head: BTreeSet<Identity<'a>>,
    /// Whether only HEAD has it.
    pub(super) is_new: bool,
    /// Whether only BASE has it.
    pub(super) is_gone: bool,
}

impl<'a> Moving<'a> {
    /// Whether `other` plausibly reaches the cluster that this overlay reaches. Two that have a resource in
    /// common would contend for it in one cluster, but for namespaces, which everybody makes. An overlay
    /// that nobody had before may be applied by nobody, unless it takes the place of one that is gone.
    fn may_go_to(&self, other: &Self) -> bool {
        match other.is_new {
            true => self.is_gone && other.head.is_superset(&self.base),
            false => !self
                .base
                .intersection(&other.base)
                .any(|it| !it.is_namespace()),
        }
    }

    fn loses(&self, it: &Identity<'_>) -> bool {
        self.base.contains(it) && !self.head.contains(it)
    }
}

/// What all overlays that differ lose and gain.
pub(super) struct Moves<'a> {
    all: &'a [Option<Moving<'a>>],
    /// The overlays that lose something, and those that gain it.
    by: BTreeMap<(Option<&'a str>, Identity<'a>), [Vec<usize>; 2]>,
}

impl<'a> Moves<'a> {
    /// Overlays that do not differ, or whose sides nobody knows, are `None`.
    pub(super) fn of(all: &'a [Option<Moving<'a>>]) -> Self {
        let mut by = BTreeMap::<_, [Vec<usize>; 2]>::new();
        for (at, it) in all.iter().enumerate() {
            let Some(it) = it else { continue };
            let sides = [it.base.difference(&it.head), it.head.difference(&it.base)];
            for (side, identities) in sides.into_iter().enumerate() {
                for identity in identities {
                    by.entry((it.environment, *identity)).or_default()[side].push(at);
                }
            }
        }
        Self { all, by }
    }

    /// Whether the environment loses what the overlay at `at` has of it in BASE.
    pub(super) fn loses(&self, at: usize, it: Identity<'_>) -> bool {
        let Some(from) = self.all.get(at).and_then(Option::as_ref) else {
            return false;
        };
        let Some([losers, gainers]) = self.by.get(&(from.environment, it)) else {
            return false;
        };
        let takes = |to: &&usize| {
            let to = self.all.get(**to).and_then(Option::as_ref);
            to.is_some_and(|to| from.may_go_to(to))
        };
        from.loses(&it) && losers.len() > gainers.iter().filter(takes).count()
    }

    /// The overlay that has in HEAD what this one loses, and may not reach the same cluster.
    pub(super) fn elsewhere(&self, at: usize, it: Identity<'_>) -> Option<&'a str> {
        let from = self.all.get(at).and_then(Option::as_ref)?;
        let [_, gainers] = self.by.get(&(from.environment, it))?;
        let to = self.all.get(*gainers.first()?)?.as_ref()?;
        Some(to.path)
    }
}
