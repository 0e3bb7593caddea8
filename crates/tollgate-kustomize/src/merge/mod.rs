//! Strategic merge by Kubernetes' merge keys, as kustomize does it: which differs from what the API
//! server does in the order of lists, in the directives it knows, and in a few accidents that
//! rendered manifests depend on.
//!
//! Source of the semantics: kyaml `yaml/merge2`, `yaml/walk` and the setters of `yaml/fns.go`.

mod directive;
mod inline;
mod list;
mod schema;

pub(crate) use inline::Inline;
pub use schema::MergeSchema;

use crate::error::{BuildError, Warning, WarningKind};
use directive::Directive;
use schema::TypeRef;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tollgate_yaml::{Entry, Key, Mapping, Node, Origin, Scalar, Span, Style, Tag, Value};

/// What is left of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merged {
    /// It holds the result.
    Changed,
    /// The patch deletes it (`$patch: delete`).
    Deleted,
}

/// Merge `patch` into `target`. The `apiVersion` and `kind` of the target choose the merge keys
/// (those of the patch, where the schema does not know the target's). A value that the patch sets is
/// derived from the place in the patch where it stands, over the place of what it replaces.
///
/// # Errors
/// A patch that has a map where the target has a list, and the like; unknown `$patch` directives.
/// The target is then in an unusable state.
pub fn strategic_merge(
    target: &mut Node,
    patch: &Node,
    schema: &MergeSchema,
) -> Result<Merged, BuildError> {
    merge_and_tell(target, patch, schema, &[]).map(|it| it.0)
}

/// As [`strategic_merge`], and tells what happens that nobody would expect. `inline` are the schemas in
/// comments of the files that target and patch come from.
///
/// # Errors
/// As [`strategic_merge`].
pub(crate) fn merge_and_tell(
    target: &mut Node,
    patch: &Node,
    schema: &MergeSchema,
    inline: &[Arc<Inline>],
) -> Result<(Merged, Vec<Warning>), BuildError> {
    let warnings = RefCell::new(Vec::new());
    let merger = Merger {
        schema,
        inline,
        warnings: &warnings,
    };
    let merged = match merger.walk(Some(target), Side::Patch(patch), None, 0)? {
        Outcome::Kept => Merged::Changed,
        // kustomize has no place to put another node into.
        Outcome::Taken(_) => {
            merger.tell_replace(patch.span(), "at the top of a patch");
            Merged::Changed
        }
        Outcome::Cleared => Merged::Deleted,
    };
    Ok((merged, warnings.into_inner()))
}

/// What the patch has where the target has a value.
#[derive(Clone, Copy)]
enum Side<'p> {
    /// Nothing.
    Nothing,
    /// A value of its own.
    Patch(&'p Node),
    /// The very node of the target: it was taken over from the patch, and is now merged with itself,
    /// which carries its directives out and drops its nulls.
    Same,
}

/// What becomes of a value.
enum Outcome {
    /// The target's node stays; it has been changed in place.
    Kept,
    /// Another node takes its place; the target's node has not been changed.
    Taken(Node),
    /// There is no value any more.
    Cleared,
}

/// Deeper trees are refused; documents are read with a far lower limit.
const MAX_DEPTH: usize = 1000;

#[derive(Clone, Copy)]
struct Merger<'s> {
    schema: &'s MergeSchema,
    inline: &'s [Arc<Inline>],
    warnings: &'s RefCell<Vec<Warning>>,
}

impl<'s> Merger<'s> {
    fn tell(self, kind: WarningKind, span: Span, message: String) {
        self.warnings.borrow_mut().push(Warning {
            kind,
            span,
            message,
        });
    }

    /// What is known of a field: what a comment at one of its keys says, the first counts, or what its
    /// map knows.
    fn field(
        self,
        keys: [Option<&Key>; 2],
        schema: Option<TypeRef<'s>>,
        name: &str,
    ) -> Option<TypeRef<'s>> {
        let comment = |key: &Key| self.inline.iter().find_map(|it| it.of_key(key));
        match keys.into_iter().flatten().find_map(comment) {
            Some(shape) => self.schema.of_shape(shape),
            None => schema.and_then(|it| it.field(name)),
        }
    }

    fn tell_replace(self, span: Span, place: &str) {
        let message = format!("`$patch: replace` {place} changes nothing in kustomize");
        self.tell(WarningKind::Ignored, span, message);
    }

    fn walk(
        self,
        target: Option<&mut Node>,
        side: Side<'_>,
        schema: Option<TypeRef<'s>>,
        depth: usize,
    ) -> Result<Outcome, BuildError> {
        let patch = match side {
            Side::Patch(it) => Some(it),
            Side::Nothing | Side::Same => None,
        };
        if depth > MAX_DEPTH {
            let at = target.as_deref().or(patch).map_or(Span::NONE, Node::span);
            return Err(BuildError::new(at, "nested too deeply to be merged").here());
        }
        let schema = schema
            .or_else(|| self.schema.of_resource(target.as_deref()?))
            .or_else(|| self.schema.of_resource(patch?));
        let present = target.as_deref().filter(|it| !it.is_null());
        let wanted = patch.filter(|it| !it.is_null());
        if let (Some(target), Some(patch)) = (present, wanted) {
            same_kind(target, patch)?;
        }
        match present.or(wanted).map(|it| &it.value) {
            Some(Value::Sequence(_)) => match schema.and_then(TypeRef::merge_keys) {
                Some(keys) => {
                    let items = schema.and_then(TypeRef::items);
                    self.list(target, side, keys, items, depth)
                }
                None => Ok(whole(side)),
            },
            Some(Value::Scalar(_)) => Ok(whole(side)),
            Some(Value::Mapping(_)) | None => self.map(target, side, schema, depth),
        }
    }

    fn map(
        self,
        target: Option<&mut Node>,
        side: Side<'_>,
        schema: Option<TypeRef<'s>>,
        depth: usize,
    ) -> Result<Outcome, BuildError> {
        let Some(target) = target else {
            return match side {
                Side::Patch(patch) => self.take_map(patch, schema, depth),
                Side::Nothing | Side::Same => Ok(Outcome::Cleared),
            };
        };
        if target.is_null() {
            return match side {
                // A null that was spelled out stays; one that was left empty does not.
                Side::Nothing => Ok(match target.as_scalar() {
                    Some(scalar) if !scalar.text.is_empty() => Outcome::Kept,
                    _ => Outcome::Cleared,
                }),
                Side::Patch(patch) => self.take_map(patch, schema, depth),
                Side::Same => Ok(Outcome::Cleared),
            };
        }
        let directive = match side {
            Side::Nothing => None,
            Side::Patch(patch) if patch.is_null() => return Ok(Outcome::Cleared),
            Side::Patch(patch) => Directive::of_map(patch)?,
            Side::Same => {
                let directive = Directive::of_map(target)?;
                // Also where it deletes: an odd list may keep the node all the same.
                if let (Some(_), Some(map)) = (directive, target.as_mapping_mut()) {
                    map.remove(directive::KEY);
                }
                directive
            }
        };
        match (directive, side) {
            (Some(Directive::Delete), _) => return Ok(Outcome::Cleared),
            (Some(Directive::Replace), Side::Patch(patch)) => {
                return self.take_map(patch, schema, depth);
            }
            _ => {}
        }
        let Some(map) = target.as_mapping_mut() else {
            return Ok(Outcome::Kept);
        };
        match side {
            Side::Patch(patch) => {
                if let Some(patch) = patch.as_mapping() {
                    self.fields(map, Fields::of(patch, directive), schema, depth)?;
                }
            }
            Side::Nothing => self.fields(map, Fields::Nothing, schema, depth)?,
            Side::Same => self.fields(map, Fields::Same, schema, depth)?,
        }
        Ok(Outcome::Kept)
    }

    /// A map of the patch becomes a value of the target.
    fn take_map(
        self,
        patch: &Node,
        schema: Option<TypeRef<'s>>,
        depth: usize,
    ) -> Result<Outcome, BuildError> {
        if patch.is_null() {
            return Ok(Outcome::Cleared);
        }
        // kustomize ignores what is wrong with a directive here.
        let directive = Directive::of_map(patch).unwrap_or_default();
        if directive == Some(Directive::Delete) {
            return Ok(Outcome::Cleared);
        }
        let mut node = derived(patch);
        if let Some(map) = node.as_mapping_mut() {
            if directive.is_some() {
                map.remove(directive::KEY);
            }
            self.fields(map, Fields::Same, schema, depth)?;
        }
        Ok(Outcome::Taken(node))
    }

    fn fields(
        self,
        map: &mut Mapping,
        patch: Fields<'_>,
        schema: Option<TypeRef<'s>>,
        depth: usize,
    ) -> Result<(), BuildError> {
        let mut seen: HashSet<&str> = HashSet::new();
        let mut failed = None;
        map.entries_mut().retain_mut(|entry| {
            if failed.is_some() {
                return true;
            }
            let (side, other) = match &patch {
                Fields::Nothing => (Side::Nothing, None),
                Fields::Same => (Side::Same, None),
                Fields::Patch { by_key, .. } => match by_key.get_key_value(&*entry.key.text) {
                    Some((key, it)) => {
                        seen.insert(key);
                        (Side::Patch(&it.value), Some(&it.key))
                    }
                    None => (Side::Nothing, None),
                },
            };
            let field = self.field([Some(&entry.key), other], schema, &entry.key.text);
            match self.walk(Some(&mut entry.value), side, field, depth + 1) {
                Ok(Outcome::Kept) => true,
                Ok(Outcome::Taken(node)) => {
                    replace(&mut entry.value, node);
                    true
                }
                Ok(Outcome::Cleared) => false,
                Err(error) => {
                    failed = Some(error);
                    true
                }
            }
        });
        if let Some(error) = failed {
            return Err(error);
        }
        if let Fields::Patch {
            map: patch, skip, ..
        } = &patch
        {
            for entry in *patch {
                let key = &*entry.key.text;
                if seen.contains(key) || Some(key) == *skip {
                    continue;
                }
                let field = self.field([Some(&entry.key), None], schema, key);
                let side = Side::Patch(&entry.value);
                if let Outcome::Taken(value) = self.walk(None, side, field, depth + 1)? {
                    let key = Key {
                        origin: derived_origin(entry.key.origin),
                        ..entry.key.clone()
                    };
                    map.push(Entry { key, value });
                }
            }
        }
        Ok(())
    }
}

/// The fields that a patch has for a map.
enum Fields<'p> {
    Nothing,
    Same,
    Patch {
        map: &'p Mapping,
        by_key: HashMap<&'p str, &'p Entry>,
        /// The directive that has been carried out.
        skip: Option<&'static str>,
    },
}

impl<'p> Fields<'p> {
    fn of(map: &'p Mapping, directive: Option<Directive>) -> Self {
        let skip = directive.map(|_| directive::KEY);
        let by_key = map
            .iter()
            .map(|it| (&*it.key.text, it))
            .filter(|(key, _)| Some(*key) != skip)
            .collect();
        Self::Patch { map, by_key, skip }
    }
}

/// The outcome for values that are not merged but replaced.
fn whole(side: Side<'_>) -> Outcome {
    match side {
        Side::Nothing | Side::Same => Outcome::Kept,
        Side::Patch(patch) if patch.is_null() => Outcome::Cleared,
        Side::Patch(patch) => Outcome::Taken(derived(patch)),
    }
}

/// Put `node` in the place of `old`. A scalar is written in the style of the one that it replaces,
/// so a number in the place of quoted text becomes text.
fn replace(old: &mut Node, mut node: Node) {
    if let (Value::Scalar(old), Value::Scalar(new)) = (&old.value, &mut node.value) {
        in_style(new, old.style);
    }
    node.origin = old.origin.replaced_by(node.span());
    *old = node;
}

/// The scalar as it reads when it is written in `style`.
fn in_style(scalar: &mut Scalar, style: Style) {
    scalar.style = style;
    let typed = matches!(
        scalar.tag,
        Tag::Int | Tag::Float | Tag::Bool | Tag::Timestamp
    );
    if typed && style != Style::Plain {
        scalar.tag = Tag::Str;
    }
}

fn same_kind(target: &Node, patch: &Node) -> Result<(), BuildError> {
    if std::mem::discriminant(&target.value) == std::mem::discriminant(&patch.value) {
        return Ok(());
    }
    Err(BuildError::new(
        patch.span(),
        format!(
            "the patch has {} where the resource has {}",
            patch.type_name(),
            target.type_name()
        ),
    ))
}

/// A copy of a part of the patch as a part of the target.
fn derived(patch: &Node) -> Node {
    let value = match &patch.value {
        Value::Scalar(scalar) => Value::Scalar(scalar.clone()),
        Value::Sequence(items) => Value::Sequence(items.iter().map(derived).collect()),
        Value::Mapping(map) => Value::Mapping(
            map.iter()
                .map(|it| Entry {
                    key: Key {
                        origin: derived_origin(it.key.origin),
                        ..it.key.clone()
                    },
                    value: derived(&it.value),
                })
                .collect(),
        ),
    };
    Node::new(value, derived_origin(patch.origin))
}

fn derived_origin(origin: Origin) -> Origin {
    match origin {
        Origin::Authored(by) => Origin::Derived { by, over: None },
        Origin::Derived { .. } | Origin::Builtin => origin,
    }
}

#[cfg(test)]
mod tests;
