//! `ValueAddTransformer`: puts a value into fields, or into the paths that they hold.
//! Semantics: kustomize `api/filters/valueadd`, kyaml `PathGetter`.

use super::shape::TARGETS;
use crate::{
    build::Scope,
    error::BuildError,
    fieldspec::FieldError,
    kustomization::{Fields, SelectorEntry, Text},
    provenance::clean,
    resource::{Resource, rewritten},
    selector::Selector,
    transform::namespace::{self, NamespaceOptions},
};
use std::sync::Arc;
use tollgate_yaml::{Dialect, Mapping, Node, Origin, Scalar, Span, Style, Value};

/// Where the value goes.
struct Target {
    span: Span,
    selector: Option<Selector>,
    path: Vec<String>,
    is_namespace: bool,
    /// With which part of the path that the field holds the value becomes, from 1; 0 where the
    /// value replaces the field.
    position: usize,
}

/// Add the value that `fields` describe.
///
/// # Errors
/// Fields of wrong types, no target, and places that are neither maps nor leaves.
pub(super) fn run(
    fields: &mut Fields<'_>,
    resources: &mut [Resource],
    scope: &Scope<'_>,
) -> Result<(), BuildError> {
    let value = value(fields, scope)?;
    let mut targets = fields.list("targets", target)?;
    if let Some(path) = fields.text("targetFilePath")? {
        let documents = scope.documents(&path, Dialect::Sigs)?;
        if let Some(document) = documents.first() {
            let document = TARGETS.fit(document);
            targets.extend(Fields::of(&document, "targets")?.list("targets", target)?);
        }
    }
    if targets.is_empty() {
        return Err(BuildError::new(
            fields.span(),
            "a value needs at least one target",
        ));
    }
    for target in &targets {
        for resource in resources.iter_mut() {
            let is_meant = match &target.selector {
                Some(selector) => selector.selects(resource)?,
                None => true,
            };
            if is_meant {
                target.write(resource, &value)?;
            }
        }
    }
    Ok(())
}

/// The value, by default the name of the kustomization's folder.
fn value(fields: &mut Fields<'_>, scope: &Scope<'_>) -> Result<Text, BuildError> {
    let span = fields.span();
    let given = fields.text("value")?;
    let trimmed = given.as_deref().unwrap_or_default().trim();
    let text = if trimmed.is_empty() {
        scope.root.name()
    } else {
        trimmed
    };
    if text.is_empty() {
        return Err(BuildError::new(span, "`value` is missing")
            .help("the folder is the root of the tree, whose name is not known"));
    }
    Ok(Text {
        value: Arc::from(text),
        style: Style::Plain,
        span: given.map_or(span, |it| it.span),
    })
}

fn target(node: &Node) -> Result<Target, BuildError> {
    let mut fields = Fields::of(node, "a target")?;
    let selector = fields.object("selector", SelectorEntry::decode)?;
    let path = fields.text("fieldPath")?;
    let position = fields.integer("filePathPosition")?;
    let span = fields.span();
    let Some(path) = path else {
        return Err(BuildError::new(span, "a target needs a `fieldPath`"));
    };
    let position = usize::try_from(position.map_or(0, |it| it.value))
        .map_err(|_| BuildError::new(span, "`filePathPosition` cannot be negative"))?;
    Ok(Target {
        span,
        selector: selector.as_ref().map(Selector::new).transpose()?,
        is_namespace: &*path == "metadata/namespace",
        path: split(&path),
        position,
    })
}

fn split(path: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in path.split('/') {
        match parts.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push('/');
                last.push_str(part);
            }
            _ => parts.push(part.to_owned()),
        }
    }
    parts.retain(|it| !it.trim().is_empty());
    parts
}

impl Target {
    fn write(&self, resource: &mut Resource, value: &Text) -> Result<(), FieldError> {
        if self.is_namespace {
            return namespace::set_in(resource, value, &[], NamespaceOptions::default());
        }
        let made = Origin::Derived {
            by: value.span,
            over: None,
        };
        if let Some(node) = look_up(&mut resource.body, &self.path, made)? {
            self.write_leaf(node, value)?;
        }
        resource.sync_shared();
        Ok(())
    }

    fn write_leaf(&self, node: &mut Node, value: &Text) -> Result<(), FieldError> {
        let Some(old) = node.as_scalar() else {
            let message = format!("a value cannot replace {}", node.type_name());
            return Err(FieldError::new(self.span, message));
        };
        let text = match self.position {
            0 => value.value.clone(),
            position => Arc::from(insert(&old.text, position - 1, value)),
        };
        let scalar = rewritten(old, text);
        *node = Node::new(Value::Scalar(scalar), node.origin.replaced_by(value.span));
        Ok(())
    }
}

/// The node at `path`, made where it is missing; `None` where it cannot be made.
fn look_up<'a>(
    node: &'a mut Node,
    path: &[String],
    made: Origin,
) -> Result<Option<&'a mut Node>, FieldError> {
    let Some((part, rest)) = path.split_first() else {
        return Ok(Some(node));
    };
    let part = part.trim();
    let (span, type_name) = (node.span(), node.type_name());
    if node.is_null() {
        return Ok(None);
    }
    let wrong = |wanted: &str| {
        let message = format!("`{part}` needs {wanted}, found {type_name}");
        Err(FieldError::new(span, message))
    };
    let query = part.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let next = match (&mut node.value, query) {
        (Value::Sequence(items), Some(query)) => {
            let Some((key, value)) = query.split_once('=') else {
                return wrong("`[key=value]`");
            };
            let at = items.iter().position(|it| is(it, key, value));
            let at = at.unwrap_or_else(|| {
                items.push(element(key, value, made));
                items.len() - 1
            });
            items.get_mut(at)
        }
        (Value::Sequence(items), None) => {
            let at = match part {
                "-" => items.len().wrapping_sub(1),
                _ => match part.parse::<usize>() {
                    Ok(at) => at,
                    Err(_) => return wrong("a map"),
                },
            };
            items.get_mut(at)
        }
        (Value::Mapping(map), None) if part != "-" && part.parse::<i64>().is_err() => {
            if !map.contains_key(part) {
                map.set(part, Node::new(empty(rest), made));
            }
            map.get_mut(part)
        }
        _ => return wrong("a list"),
    };
    match next {
        Some(next) => look_up(next, rest, made),
        None => Ok(None),
    }
}

/// What a missing field is made as, by the path that follows it.
fn empty(rest: &[String]) -> Value {
    match rest.first().map(|it| it.trim()) {
        None => Value::Scalar(Scalar {
            text: Arc::from(""),
            ..Scalar::null()
        }),
        Some(next) if next.starts_with('[') && next.ends_with(']') => Value::Sequence(Vec::new()),
        Some(next) if next.parse::<usize>().is_ok() => Value::Sequence(Vec::new()),
        Some(_) => Value::Mapping(Mapping::new()),
    }
}

fn is(item: &Node, key: &str, value: &str) -> bool {
    let leaf = if key.is_empty() {
        Some(item)
    } else {
        item.get(key)
    };
    leaf.and_then(Node::as_scalar)
        .is_some_and(|it| &*it.text == value)
}

fn element(key: &str, value: &str, made: Origin) -> Node {
    let leaf = Node::new(Value::Scalar(Scalar::plain(value, Dialect::Kyaml)), made);
    if key.is_empty() {
        return leaf;
    }
    let mut map = Mapping::new();
    map.set(key, leaf);
    Node::mapping(map, made)
}

/// A path with one more part; positions past its end count as its end. Absolute paths stay so.
fn insert(path: &str, position: usize, part: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = path.split('/').collect();
    if absolute {
        parts.remove(0);
    }
    if path.is_empty() || (absolute && parts == [""]) {
        parts.clear();
    }
    parts.insert(position.min(parts.len()), part);
    clean(&parts.join("/"), absolute)
}

#[cfg(test)]
mod tests {
    use super::insert;

    #[test]
    fn parts_go_into_paths() {
        for (path, position, expected) in [
            ("", 0, "X"),
            ("/", 0, "/X"),
            ("/", 9, "/X"),
            ("pie", 0, "X/pie"),
            ("/pie", 0, "/X/pie"),
            ("raw", 1, "raw/X"),
            ("/raw", 9, "/raw/X"),
            ("/a/b/c", 2, "/a/b/X/c"),
            ("a/b/c", 2, "a/b/X/c"),
        ] {
            assert_eq!(insert(path, position, "X"), expected, "{path} {position}");
        }
    }
}
