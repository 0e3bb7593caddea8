//! Field specs: which fields of which kinds a transformer touches, and the walk that finds them.
//!
//! Semantics: kustomize `api/filters/fieldspec`, `api/filters/fsslice` and `api/types/fieldspec.go`.

mod builtin;
mod config;

pub(crate) use config::merge_specs;
pub use config::{ConflictingSpecs, NameReference, TransformerConfig};

use crate::{id::Gvk, kustomization::FieldSpecEntry};
use std::sync::Arc;
use tollgate_yaml::{Mapping, Node, Origin, Scalar, Span, Step, Value};

/// A place in resources of a kind, such as `spec/template/metadata/labels` of every Deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldSpec {
    /// The resources that have the field. Empty parts match anything.
    pub selector: Gvk,
    /// The field.
    pub path: SpecPath,
    /// Whether what is missing on the way, and the field itself, is made.
    pub create: bool,
}

/// A path with `/` between its parts. A part that ends in `[]` names a list, which is never made;
/// `\/` stands for a slash inside of a part. Lists met on the way are visited item by item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecPath {
    text: Arc<str>,
    parts: Arc<[Part]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    name: Arc<str>,
    is_list: bool,
}

/// What to put at the end of a path where nothing is, given that the spec says `create`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Nothing: only fields that exist are visited.
    Skip,
    /// A null leaf, which the visitor is to overwrite.
    Scalar,
    /// An empty map.
    Mapping,
}

/// A field that is not what its spec takes it for.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct FieldError {
    /// The value in the way.
    pub span: Span,
    /// What is wrong.
    pub message: String,
}

/// What is done at each field that a spec finds; the steps lead from the resource to the field.
pub type Visitor<'a> = dyn FnMut(&mut Node, &[Step]) -> Result<(), FieldError> + 'a;

impl Gvk {
    /// Whether `selector` selects this: its empty parts match anything.
    pub fn is_selected_by(&self, selector: &Self) -> bool {
        (selector.group.is_empty() || selector.group == self.group)
            && (selector.version.is_empty() || selector.version == self.version)
            && (selector.kind.is_empty() || selector.kind == self.kind)
    }
}

impl SpecPath {
    /// A path from its text. A slash at the beginning counts for nothing.
    pub fn new(text: &str) -> Self {
        let mut names: Vec<String> = Vec::new();
        let relative = text.strip_prefix('/').unwrap_or(text);
        for name in relative.split('/') {
            match names.last_mut() {
                Some(last) if last.ends_with('\\') => {
                    last.pop();
                    last.push('/');
                    last.push_str(name);
                }
                _ => names.push(name.to_owned()),
            }
        }
        let parts = names.iter().map(|name| {
            let shorter = name.strip_suffix("[]");
            Part {
                name: Arc::from(shorter.unwrap_or(name).trim()),
                is_list: shorter.is_some(),
            }
        });
        Self {
            text: Arc::from(text),
            parts: parts.collect(),
        }
    }

    /// The path as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl From<&FieldSpecEntry> for FieldSpec {
    fn from(entry: &FieldSpecEntry) -> Self {
        let text = |it: &Option<crate::kustomization::Text>| {
            it.as_ref()
                .map_or_else(|| Arc::from(""), |it| it.value.clone())
        };
        Self {
            selector: Gvk {
                group: text(&entry.group),
                version: text(&entry.version),
                kind: text(&entry.kind),
            },
            path: SpecPath::new(entry.path.as_deref().unwrap_or_default()),
            create: entry.create,
        }
    }
}

impl FieldSpec {
    /// A spec for resources of every kind.
    pub fn any(path: &str, create: bool) -> Self {
        Self {
            selector: Gvk::default(),
            path: SpecPath::new(path),
            create,
        }
    }

    /// Whether resources of this kind have the field.
    pub fn applies_to(&self, gvk: &Gvk) -> bool {
        gvk.is_selected_by(&self.selector)
    }

    /// Call `visitor` at each field of `body` that the path leads to. The kind is not looked at.
    /// Maps made on the way are the work of `by`.
    ///
    /// # Errors
    /// A leaf in the middle of the path, a part that is empty or is an index, and what the visitor
    /// says.
    pub fn visit(
        &self,
        body: &mut Node,
        missing: Missing,
        by: Span,
        visitor: &mut Visitor<'_>,
    ) -> Result<(), FieldError> {
        let missing = if self.create { missing } else { Missing::Skip };
        let mut walk = Walk {
            missing,
            made: Origin::Derived { by, over: None },
            steps: Vec::new(),
            visitor,
        };
        walk.node(body, &self.path.parts).map_err(|error| {
            let message = format!("field `{}`: {}", self.path.text, error.message);
            FieldError { message, ..error }
        })
    }
}

struct Walk<'a, 'b> {
    missing: Missing,
    made: Origin,
    steps: Vec<Step>,
    visitor: &'a mut Visitor<'b>,
}

impl Walk<'_, '_> {
    fn node(&mut self, node: &mut Node, path: &[Part]) -> Result<(), FieldError> {
        let Some((part, rest)) = path.split_first() else {
            return (self.visitor)(node, &self.steps);
        };
        if node.is_null() {
            return Ok(());
        }
        let span = node.span();
        match &mut node.value {
            Value::Sequence(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    self.steps.push(Step::Index(at));
                    self.node(item, path)?;
                    self.steps.pop();
                }
                Ok(())
            }
            Value::Mapping(map) => self.mapping(map, span, part, rest),
            Value::Scalar(_) => {
                let type_name = node.type_name();
                Err(FieldError::new(
                    span,
                    format!("expected a map or a list, found {type_name}"),
                ))
            }
        }
    }

    fn mapping(
        &mut self,
        map: &mut Mapping,
        span: Span,
        part: &Part,
        rest: &[Part],
    ) -> Result<(), FieldError> {
        part.check(span)?;
        let made = if part.is_list || self.missing == Missing::Skip {
            None
        } else if rest.is_empty() && self.missing == Missing::Scalar {
            // Without the text of a null that someone wrote.
            let text = Arc::from("");
            Some(Value::Scalar(Scalar {
                text,
                ..Scalar::null()
            }))
        } else {
            Some(Value::Mapping(Mapping::new()))
        };
        if let Some(made) = &made
            && !map.contains_key(&part.name)
        {
            map.set(&part.name, Node::new(made.clone(), self.made));
        }
        let Some(field) = map.get_mut(&part.name) else {
            return Ok(());
        };
        let is_made_null = made
            .as_ref()
            .is_some_and(|it| matches!(it, Value::Scalar(_)));
        if field.is_null() && !is_made_null {
            // The path knows better than the manifest what stands here.
            let wanted = if part.is_list {
                Some(Value::Sequence(Vec::new()))
            } else {
                made
            };
            if let Some(wanted) = wanted {
                field.value = wanted;
            }
        }
        self.steps.push(Step::Key(part.name.clone()));
        self.node(field, rest)?;
        self.steps.pop();
        Ok(())
    }
}

impl Part {
    /// Parts that can never be the key of a map, because kustomize's look-up reads them otherwise.
    fn check(&self, span: Span) -> Result<(), FieldError> {
        let name = &*self.name;
        if name.is_empty() {
            return Err(FieldError::new(span, "a part of the path has no name"));
        }
        let is_index = name == "-" || name.parse::<i64>().is_ok();
        let is_query = name == "*" || (name.starts_with('[') && name.ends_with(']'));
        if is_index || is_query {
            return Err(FieldError::new(
                span,
                format!("`{name}` selects from a list, and this is a map"),
            ));
        }
        Ok(())
    }
}

impl FieldError {
    /// An error at a place.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate_yaml::{Dialect, Limits, Sources, parse};

    fn document(text: &str) -> Node {
        let file = Sources::new().add("a.yaml", text);
        let mut documents =
            parse(text, file, Dialect::Kyaml, &Limits::default()).expect("valid YAML");
        documents.remove(0)
    }

    /// The places that a spec visits, after which each holds `x`.
    fn visited(
        path: &str,
        create: bool,
        missing: Missing,
        text: &str,
    ) -> Result<Vec<String>, String> {
        let mut body = document(text);
        let mut found = Vec::new();
        let spec = FieldSpec::any(path, create);
        let result = spec.visit(&mut body, missing, Span::NONE, &mut |node, steps| {
            found.push(format!(
                "{} {}",
                tollgate_yaml::FieldPath(steps.to_vec()),
                node.type_name()
            ));
            Ok(())
        });
        result.map(|()| found).map_err(|it| it.message)
    }

    #[test]
    fn lists_are_visited_item_by_item() {
        let text = "spec: {containers: [{image: a}, {image: b}, {name: c}]}";
        for path in ["spec/containers[]/image", "spec/containers/image"] {
            assert_eq!(
                visited(path, false, Missing::Scalar, text).expect("a path"),
                [
                    "spec.containers[0].image a string",
                    "spec.containers[1].image a string"
                ]
            );
        }
        let made = visited("spec/containers[]/image", true, Missing::Scalar, text);
        assert_eq!(
            made.expect("a path").last().map(String::as_str),
            Some("spec.containers[2].image null")
        );
    }

    #[test]
    fn what_is_missing_is_made_only_on_request() {
        let text = "spec: {a: null}";
        let none: Vec<String> = Vec::new();
        assert_eq!(
            visited("spec/a/b", false, Missing::Mapping, text),
            Ok(none.clone())
        );
        assert_eq!(
            visited("spec/a/b", true, Missing::Skip, text),
            Ok(none.clone())
        );
        assert_eq!(
            visited("spec/a/b", true, Missing::Mapping, text),
            Ok(vec!["spec.a.b a map".to_owned()])
        );
        assert_eq!(
            visited("spec/x/y", true, Missing::Scalar, text),
            Ok(vec!["spec.x.y null".to_owned()])
        );
        // A list is never made, and a null in its place becomes an empty one.
        assert_eq!(
            visited("spec/x[]/y", true, Missing::Scalar, text),
            Ok(none.clone())
        );
        assert_eq!(visited("spec/a[]/y", true, Missing::Scalar, text), Ok(none));
    }

    #[test]
    fn slashes_can_stand_in_names() {
        let text = "metadata: {annotations: {a.b/c: x}}";
        let found = visited("/metadata/annotations/a.b\\/c", false, Missing::Skip, text);
        assert_eq!(
            found,
            Ok(vec!["metadata.annotations[\"a.b/c\"] a string".to_owned()])
        );
    }

    #[test]
    fn a_leaf_on_the_way_is_an_error() {
        for path in ["a/b", "", "c//d", "c/0", "c/*"] {
            assert!(
                visited(path, true, Missing::Scalar, "{a: 1, c: {d: 2}}").is_err(),
                "{path}"
            );
        }
    }
}
