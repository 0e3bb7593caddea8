//! Which rules may match a path, without trying all of them.

use super::pattern::Pattern;
use std::collections::{BTreeMap, BTreeSet};

/// Rules by a name that every path has which they match.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    by_name: BTreeMap<String, Vec<usize>>,
    /// Those without such a name.
    others: Vec<usize>,
}

impl Index {
    pub(super) fn new<'a>(patterns: impl Iterator<Item = &'a Pattern> + Clone) -> Self {
        let mut common: BTreeMap<&str, usize> = BTreeMap::new();
        for name in patterns.clone().flat_map(Pattern::literals) {
            *common.entry(name).or_default() += 1;
        }
        let mut index = Self::default();
        for (rule, pattern) in patterns.enumerate() {
            // The rarest says most: every second pattern may begin with `apps`.
            let rarest = pattern.literals().min_by_key(|it| common.get(it));
            let rules = match rarest {
                None => &mut index.others,
                Some(name) => match index.by_name.get_mut(name) {
                    Some(rules) => rules,
                    None => index.by_name.entry(name.to_owned()).or_default(),
                },
            };
            rules.push(rule);
        }
        index
    }

    /// The rules that may match a path, given as its names; each list runs from the last rule to
    /// the first.
    pub(super) fn candidates(&self, path: &[&str]) -> impl Iterator<Item = usize> {
        let names: BTreeSet<&str> = path.iter().copied().collect();
        let named = names.into_iter().filter_map(|it| self.by_name.get(it));
        let lists = std::iter::once(&self.others).chain(named);
        lists.flat_map(|it| it.iter().rev().copied())
    }
}
