//! Leaves that stand in several fields at once.
//!
//! When a label or annotation transformer adds a key in several fields of a resource, kustomize
//! puts one node into all of them (`api/filters/labels`: one `SetEntry` for all field specs). What
//! later overwrites the leaf in one field (a strategic merge patch, another label transformer, a
//! replacement, a variable) overwrites it in all of them: a patch of `metadata.labels` reaches the
//! selectors. People deploy what kustomize prints, so this is followed.

use crate::resource::Resource;
use std::sync::Arc;
use tollgate_yaml::{Node, Step, Value};

/// A leaf and the fields that hold it.
#[derive(Clone, Debug)]
pub(crate) struct SharedLeaf {
    /// The text of the leaf. A leaf in a list is a member while it has this very allocation.
    text: Arc<str>,
    /// The fields, as keys from the resource downwards. Positions in lists are left out.
    places: Vec<Vec<Arc<str>>>,
}

impl SharedLeaf {
    /// A leaf that one transformer has just made in several fields.
    pub(crate) fn new(text: Arc<str>, mut places: Vec<Vec<Arc<str>>>) -> Self {
        // Patches walk maps in this order, and the last that overwrites the leaf wins.
        places.sort();
        Self { text, places }
    }
}

/// The keys among `steps`, and `last`.
pub(crate) fn keys(steps: &[Step], last: &Arc<str>) -> Vec<Arc<str>> {
    let keys = steps.iter().filter_map(|it| match it {
        Step::Key(key) => Some(key.clone()),
        Step::Index(_) => None,
    });
    keys.chain([last.clone()]).collect()
}

impl Resource {
    /// Bring fields that share a leaf to the value that one of them was just given in place.
    pub(crate) fn sync_shared(&mut self) {
        for leaf in &mut self.shared {
            let mut changed = None;
            leaf.places.retain(|place| match direct(&self.body, place) {
                Direct::Leaf(node) => {
                    if !holds(node, &leaf.text) {
                        changed = Some(node.clone());
                    }
                    true
                }
                Direct::InList => true,
                Direct::Gone => false,
            });
            let Some(changed) = changed else { continue };
            for place in &leaf.places {
                overwrite(&mut self.body, place, &leaf.text, &changed, false);
            }
            if let Value::Scalar(scalar) = changed.value {
                leaf.text = scalar.text;
            }
        }
        self.shared.retain(|it| it.places.len() > 1);
    }

    /// Forget what fields share that `patch` is about to replace or delete with the map around them.
    pub(crate) fn unshare_replaced(&mut self, patch: &Node) {
        for leaf in &mut self.shared {
            leaf.places.retain(|place| !is_replaced(patch, place));
        }
    }

    /// Forget what the resource's own annotations share with others, because they were written anew.
    pub(crate) fn unshare_annotations(&mut self) {
        for leaf in &mut self.shared {
            let is_own = |place: &[Arc<str>]| matches!(place, [a, b, ..] if &**a == "metadata" && &**b == "annotations");
            leaf.places.retain(|it| !is_own(it));
        }
    }

    /// Forget what fields share, because the whole resource was written anew (a JSON patch).
    pub(crate) fn unshare(&mut self) {
        self.shared.clear();
    }
}

/// Whether a directive of `patch` stands on the way to `place`.
fn is_replaced(patch: &Node, place: &[Arc<str>]) -> bool {
    let mut node = Some(patch);
    for key in place {
        let Some(map) = node.and_then(Node::as_mapping) else {
            return false;
        };
        let directive = map.get("$patch").and_then(Node::as_str);
        if matches!(directive, Some("replace" | "delete")) {
            return true;
        }
        node = map.get(key);
    }
    false
}

enum Direct<'a> {
    Leaf(&'a Node),
    InList,
    Gone,
}

fn direct<'a>(body: &'a Node, place: &[Arc<str>]) -> Direct<'a> {
    let mut node = body;
    for key in place {
        match &node.value {
            Value::Mapping(map) => match map.get(key) {
                Some(next) => node = next,
                None => return Direct::Gone,
            },
            Value::Sequence(_) => return Direct::InList,
            Value::Scalar(_) => return Direct::Gone,
        }
    }
    match node.value {
        Value::Scalar(_) => Direct::Leaf(node),
        Value::Sequence(_) | Value::Mapping(_) => Direct::Gone,
    }
}

fn holds(node: &Node, text: &Arc<str>) -> bool {
    node.as_scalar()
        .is_some_and(|it| Arc::ptr_eq(&it.text, text))
}

fn overwrite(node: &mut Node, place: &[Arc<str>], old: &Arc<str>, new: &Node, in_list: bool) {
    let is_member = !in_list || holds(node, old);
    match (&mut node.value, place.split_first()) {
        (Value::Scalar(_), None) if is_member => *node = new.clone(),
        (Value::Mapping(map), Some((key, rest))) => {
            if let Some(next) = map.get_mut(key) {
                overwrite(next, rest, old, new, in_list);
            }
        }
        (Value::Sequence(items), Some(_)) => {
            for item in items {
                overwrite(item, place, old, new, true);
            }
        }
        _ => {}
    }
}
