//! Adds generated resources to those that are there: new, merged or in place of another.
//! Source: `api/resmap/reswrangler.go` (`appendReplaceOrMerge`), `api/resource/resource.go`.

use crate::{
    error::BuildError,
    generators::{Behavior, Generated},
    resource::Resource,
};
use tollgate_yaml::{Dialect, Key, Mapping, Node, Scalar, Tag, Value};

/// Add one generated resource.
pub(super) fn absorb(all: &mut Vec<Resource>, generated: Generated) -> Result<(), BuildError> {
    let id = generated.resource.id();
    let span = generated.span;
    let mut matches = all.iter_mut().filter(|it| it.is_or_was(&id));
    let (first, second) = (matches.next(), matches.next());
    match (first, generated.behavior) {
        (Some(_), _) if second.is_some() => Err(BuildError::new(
            span,
            format!("more than one resource is or was {id}"),
        )),
        (None, Behavior::Create) => {
            all.push(generated.resource);
            Ok(())
        }
        (None, Behavior::Merge | Behavior::Replace) => Err(BuildError::new(
            span,
            format!("there is no {id} to merge with or to replace"),
        )
        // What a deployer adds may bring it.
        .here()
        .help("leave out `behavior` to create it")),
        (Some(_), Behavior::Create) => Err(BuildError::new(span, format!("{id} exists already"))
            .help("write `behavior: merge` or `behavior: replace`")),
        (Some(old), Behavior::Replace) => {
            let mut new = generated.resource;
            keep_identity(&mut new, old);
            *old = new;
            Ok(())
        }
        (Some(old), Behavior::Merge) => {
            let mut new = generated.resource;
            keep_identity(&mut new, old);
            if old.history.origin.is_some() {
                new.history.origin.clone_from(&old.history.origin);
            }
            for field in ["data", "binaryData"] {
                let merged = overlay(old.body.get(field), new.body.get(field));
                put_map(&mut new.body, field, merged);
            }
            *old = new;
            Ok(())
        }
    }
}

/// Name, namespace and history of the old one; labels and annotations of both.
fn keep_identity(new: &mut Resource, old: &Resource) {
    let old_metadata = old.body.get("metadata");
    let Some(metadata) = new.body.get_mut("metadata") else {
        return;
    };
    for field in ["labels", "annotations"] {
        let merged = overlay(
            old_metadata.and_then(|it| it.get(field)),
            metadata.get(field),
        );
        put_map(metadata, field, merged);
    }
    if let Some(map) = metadata.as_mapping_mut() {
        for field in ["name", "namespace"] {
            match old_metadata.and_then(|it| it.get(field)) {
                Some(value) => {
                    map.set(field, value.clone());
                }
                None => {
                    map.remove(field);
                }
            }
        }
    }
    new.previous.clone_from(&old.previous);
    new.prefixes.clone_from(&old.prefixes);
    new.suffixes.clone_from(&old.suffixes);
    new.read_by.clone_from(&old.read_by);
    new.history.changes.clone_from(&old.history.changes);
    new.needs_hash &= old.needs_hash;
}

/// The entries of both maps as text; those of `over` win.
fn overlay(under: Option<&Node>, over: Option<&Node>) -> Mapping {
    let mut merged = Mapping::new();
    for map in [under, over]
        .into_iter()
        .flatten()
        .filter_map(Node::as_mapping)
    {
        for entry in map {
            let mut value = as_text(&entry.value);
            if let Some(before) = merged.get(&entry.key.text) {
                value.origin = before.origin.replaced_by(value.span());
            }
            let key = &entry.key;
            let key = Key::plain(key.text.clone(), Dialect::Kyaml, key.origin);
            merged.insert(key, value);
        }
    }
    merged
}

/// The value as text, as kustomize reads a map of strings.
fn as_text(node: &Node) -> Node {
    let scalar = match node.as_scalar() {
        Some(scalar) => Scalar {
            tag: Tag::Str,
            ..scalar.clone()
        },
        None => Scalar::string(""),
    };
    Node::new(Value::Scalar(scalar), node.origin)
}

/// Set a map, or take the field away where the map is empty.
fn put_map(node: &mut Node, field: &str, map: Mapping) {
    let Some(parent) = node.as_mapping_mut() else {
        return;
    };
    if map.is_empty() {
        parent.remove(field);
        return;
    }
    let origin = map
        .iter()
        .next()
        .map_or(tollgate_yaml::Origin::Builtin, |it| it.value.origin);
    let origin = parent.get(field).map_or(origin, |it| it.origin);
    parent.set(field, Node::mapping(map, origin));
}
