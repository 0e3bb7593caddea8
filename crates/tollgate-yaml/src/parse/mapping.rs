//! Maps under construction: unique keys and `<<`.

use crate::node::{Entry, Mapping, Node};
use std::collections::HashMap;
use std::sync::Arc;

/// Up to this many entries it is faster to look at all of them.
const SMALL: usize = 16;

/// Entries in order, and where each key stands.
#[derive(Default)]
pub(super) struct Builder {
    entries: Vec<Entry>,
    /// Whether an entry came through `<<`.
    is_merged: Vec<bool>,
    index: HashMap<Arc<str>, usize>,
}

impl Builder {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    fn find(&self, key: &str) -> Option<usize> {
        if self.entries.len() <= SMALL {
            self.entries.iter().position(|it| &*it.key.text == key)
        } else {
            self.index.get(key).copied()
        }
    }

    fn push(&mut self, entry: Entry, is_merged: bool) {
        if self.entries.len() == SMALL {
            for (at, it) in self.entries.iter().enumerate() {
                self.index.insert(it.key.text.clone(), at);
            }
        }
        if self.entries.len() >= SMALL {
            self.index
                .insert(entry.key.text.clone(), self.entries.len());
        }
        self.entries.push(entry);
        self.is_merged.push(is_merged);
    }

    /// Add an entry that was written here. If its key was written here before, gives back that
    /// entry and the new one.
    pub(super) fn add(&mut self, entry: Entry) -> Option<(&Entry, Entry)> {
        match self.find(&entry.key.text) {
            Some(at) if self.is_merged[at] => {
                self.entries[at] = entry;
                self.is_merged[at] = false;
                None
            }
            Some(at) => Some((&self.entries[at], entry)),
            None => {
                self.push(entry, false);
                None
            }
        }
    }

    /// Take over the entries of `from`. `overwrites`: also those whose keys are here already.
    pub(super) fn merge(&mut self, from: Mapping, overwrites: bool) {
        for entry in from {
            match self.find(&entry.key.text) {
                Some(at) if overwrites => self.entries[at].value = entry.value,
                Some(_) => {}
                None => self.push(entry, true),
            }
        }
    }

    pub(super) fn finish(mut self) -> Mapping {
        // Most maps are small and there are many of them.
        self.entries.shrink_to_fit();
        self.entries.into_iter().collect()
    }
}

/// The maps that the value of a `<<` names, the first of a list first.
pub(super) fn merged_maps(value: Node, is_alias: bool) -> Option<Vec<Mapping>> {
    use crate::node::Value;
    match value.value {
        Value::Mapping(map) => Some(vec![map]),
        // An alias must name a map: go-yaml refuses one that names a list of maps.
        Value::Sequence(items) if !is_alias => items
            .into_iter()
            .map(|it| match it.value {
                Value::Mapping(map) => Some(map),
                Value::Sequence(_) | Value::Scalar(_) => None,
            })
            .collect(),
        Value::Sequence(_) | Value::Scalar(_) => None,
    }
}
