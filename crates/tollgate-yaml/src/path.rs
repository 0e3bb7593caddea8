//! Paths into a document.

use crate::node::{Node, Origin, Value};
use std::fmt;
use std::sync::Arc;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Into a map.
    Key(Arc<str>),
    /// Into a list, from 0.
    Index(usize),
}

/// A path such as `spec.containers[0].image`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldPath(pub Vec<Step>);

impl FieldPath {
    /// The document itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// This path and one more key.
    #[must_use]
    pub fn key(&self, key: impl Into<Arc<str>>) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Key(key.into()));
        Self(steps)
    }

    /// This path and one more index.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Index(index));
        Self(steps)
    }
}

/// Kyverno's and kubectl's notation: `spec.containers[0].image`; a key that holds a dot, a bracket
/// or nothing is quoted: `metadata.annotations["a.b/c"]`.
impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) if key.is_empty() || key.contains(['.', '[', ']', '"']) => {
                    write!(f, "[{key:?}]")?;
                }
                Step::Key(key) if at == 0 => write!(f, "{key}")?,
                Step::Key(key) => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}

impl Node {
    /// The node at `path`.
    pub fn at(&self, path: &FieldPath) -> Option<&Self> {
        path.0.iter().try_fold(self, Self::step)
    }

    /// The node at `path`, or its nearest ancestor that exists: a field that is missing is blamed
    /// on the map that lacks it.
    pub fn nearest(&self, path: &FieldPath) -> &Self {
        let mut node = self;
        for step in &path.0 {
            match node.step(step) {
                Some(next) => node = next,
                None => break,
            }
        }
        node
    }

    /// Who to ask about the value at `path`: of a scalar the one who wrote it; of a map or list the
    /// one who wrote its key, whose line a person looks for; of what is missing the nearest map or
    /// list that lacks it.
    pub fn blame(&self, path: &FieldPath) -> Origin {
        let (mut node, mut blamed) = (self, self.origin);
        for step in &path.0 {
            let entry = match (&node.value, step) {
                (Value::Mapping(map), Step::Key(key)) => map.entry(key),
                _ => None,
            };
            let Some(next) = node.step(step) else { break };
            node = next;
            blamed = match entry {
                Some(entry) if next.as_scalar().is_none() => entry.key.origin,
                _ => next.origin,
            };
        }
        blamed
    }

    fn step(&self, step: &Step) -> Option<&Self> {
        match (&self.value, step) {
            (Value::Mapping(map), Step::Key(key)) => map.get(key),
            (Value::Sequence(items), Step::Index(index)) => items.get(*index),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_field_is_blamed_on_the_key_of_what_lacks_it() {
        let sources = crate::Sources::new();
        let text = "metadata:\n  labels:\n    a: b\nspec:\n  - x: 1\n";
        let file = sources.add("a.yaml", text);
        let limits = crate::Limits::default();
        let documents = crate::parse(text, file, crate::Dialect::Kyaml, &limits).expect("YAML");
        let line = |path: FieldPath| sources.describe(documents[0].blame(&path).edit_here());
        let metadata = FieldPath::root().key("metadata");
        assert_eq!(line(metadata.key("name")), "a.yaml:1:1");
        assert_eq!(line(metadata.key("labels").key("c")), "a.yaml:2:3");
        assert_eq!(line(metadata.key("labels").key("a")), "a.yaml:3:8");
        assert_eq!(
            line(FieldPath::root().key("spec").index(0).key("y")),
            "a.yaml:5:5"
        );
        assert_eq!(line(FieldPath::root().key("kind")), "a.yaml:1:1");
    }

    #[test]
    fn paths_read_as_people_write_them() {
        let path = FieldPath::root().key("spec").key("containers").index(0);
        assert_eq!(path.key("image").to_string(), "spec.containers[0].image");
        let labels = FieldPath::root().key("metadata").key("a.b/c");
        assert_eq!(labels.to_string(), "metadata[\"a.b/c\"]");
    }
}
