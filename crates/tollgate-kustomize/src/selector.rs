//! Selects resources by regular expressions and label selectors.

use crate::{error::BuildError, kustomization::SelectorEntry, resource::Resource};

/// A selector, ready to use.
#[derive(Clone, Debug)]
pub(crate) struct Selector;

impl Selector {
    /// Prepare a selector.
    pub(crate) fn new(entry: &SelectorEntry) -> Result<Self, BuildError> {
        Err(BuildError::unsupported(entry.span, "a target selector"))
    }

    /// Whether `resource` is meant.
    pub(crate) fn selects(&self, _resource: &Resource) -> bool {
        false
    }
}
