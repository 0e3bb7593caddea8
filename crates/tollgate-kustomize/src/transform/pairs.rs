//! Keys and values that are set in maps: labels and annotations.
//! Semantics: kustomize `api/filters/labels`, `api/filters/annotations`.

use crate::{
    error::BuildError,
    fieldspec::{FieldError, FieldSpec, Missing},
    kustomization::TextPair,
    resource::Resource,
    shared::{self, SharedLeaf},
};
use std::sync::Arc;
use tollgate_yaml::{Dialect, Key, Mapping, Node, Origin, Scalar, Step, Value};

/// Set every pair in the maps that `specs` name.
///
/// # Errors
/// A field that is no map.
pub(super) fn apply(
    resources: &mut [Resource],
    pairs: &[TextPair],
    specs: &[FieldSpec],
) -> Result<(), BuildError> {
    if pairs.is_empty() {
        return Ok(());
    }
    for resource in resources {
        let gvk = resource.gvk();
        for pair in pairs {
            let mut setter = Setter {
                pair,
                made: Arc::from(&*pair.value.value),
                places: Vec::new(),
            };
            for spec in specs.iter().filter(|it| it.applies_to(&gvk)) {
                let visit = &mut |node: &mut Node, steps: &[Step]| setter.set(node, steps);
                spec.visit(&mut resource.body, Missing::Mapping, pair.value.span, visit)?;
            }
            if setter.places.len() > 1 {
                let leaf = SharedLeaf::new(setter.made, setter.places);
                resource.shared.push(leaf);
            }
        }
        resource.sync_shared();
    }
    Ok(())
}

struct Setter<'a> {
    pair: &'a TextPair,
    /// The text of the leaves that are new: one allocation, by which they are known.
    made: Arc<str>,
    /// Where they are.
    places: Vec<Vec<Arc<str>>>,
}

impl Setter<'_> {
    fn set(&mut self, node: &mut Node, steps: &[Step]) -> Result<(), FieldError> {
        let (span, type_name) = (node.span(), node.type_name());
        // Where nothing is to be made, null stays.
        if node.is_null() {
            return Ok(());
        }
        let Some(map) = node.as_mapping_mut() else {
            return Err(FieldError::new(
                span,
                format!("expected a map, found {type_name}"),
            ));
        };
        self.set_in(map, steps);
        Ok(())
    }

    fn set_in(&mut self, map: &mut Mapping, steps: &[Step]) {
        let TextPair { key, value } = self.pair;
        let by = value.span;
        if let Some(old) = map.get_mut(key) {
            let origin = old.origin.replaced_by(by);
            *old = Node::string(value.value.clone(), origin);
            return;
        }
        let origin = Origin::Derived { by, over: None };
        let new = Node::new(Value::Scalar(Scalar::string(self.made.clone())), origin);
        let key_origin = Origin::Derived {
            by: key.span,
            over: None,
        };
        let key_made = Key::plain(key.value.clone(), Dialect::Kyaml, key_origin);
        map.insert(key_made, new);
        self.places.push(shared::keys(steps, &key.value));
    }
}
