//! Where settings stand, so that a finding can show the line that decided.

use crate::model::{Place, Side};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tollgate_yaml::{FieldPath, Node, Sources, Span, Value};

/// The places of all settings of a file, by path (`environments.prod.waves[0]`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places(BTreeMap<String, Place>);

impl Places {
    /// The places of a document: of a leaf its value, of a map or list its key. Settings that
    /// judge are BASE's.
    pub(super) fn of(document: &Node, sources: &Sources) -> Self {
        let mut places = BTreeMap::new();
        walk(document, &FieldPath::root(), &mut |path, span| {
            if let Some(place) = Place::of(sources, span, Side::Base) {
                places.insert(path.to_string(), place);
            }
        });
        Self(places)
    }

    /// The place of a setting, or of the nearest setting around it.
    pub fn nearest(&self, setting: &str) -> Option<&Place> {
        let mut path = setting;
        loop {
            if let Some(place) = self.0.get(path) {
                return Some(place);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }
}

/// Depth is limited by the reader.
fn walk(node: &Node, path: &FieldPath, visit: &mut impl FnMut(&FieldPath, Span)) {
    match &node.value {
        Value::Scalar(_) => {}
        Value::Sequence(items) => {
            for (at, item) in items.iter().enumerate() {
                let path = path.index(at);
                visit(&path, item.span());
                walk(item, &path, visit);
            }
        }
        Value::Mapping(mapping) => {
            for entry in mapping {
                let path = path.key(entry.key.text.clone());
                let leaf = entry.value.as_scalar().is_some();
                let key = entry.key.origin.edit_here();
                visit(&path, if leaf { entry.value.span() } else { key });
                walk(&entry.value, &path, visit);
            }
        }
    }
}
