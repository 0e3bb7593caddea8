//! JSON patches (RFC 6902), as kustomize's library applies them: `replace` of a missing field adds
//! it, negative indices count from the end, and the whole resource passes through JSON.
//!
//! Source of the semantics: `gopkg.in/evanphx/json-patch.v4`, kustomize `api/filters/patchjson6902`.

mod operations;
mod through_json;

use crate::{error::BuildError, go_json, growth};
use operations::Operation;
use std::collections::BTreeSet;
use tollgate_yaml::{Dialect, FileId, Limits, Node, Origin, Span, Value};

/// A parsed patch. Operations are checked when they are applied, as kustomize does: one that nothing
/// selects may be wrong.
#[derive(Clone, Debug, Default)]
pub(crate) struct JsonPatch {
    operations: Vec<Node>,
    /// Places of operations of which the value is spelled as Go does not spell it (`1.0`, an unescaped
    /// `<`). kustomize compares spellings, so a test for it always fails.
    foreign: BTreeSet<usize>,
}

impl JsonPatch {
    /// Read a patch from text. Text that begins with `[` is JSON, all other text is YAML, of which
    /// the first document counts. Without content there are no operations.
    pub(crate) fn parse(text: &str, file: FileId, limits: &Limits) -> Result<Self, BuildError> {
        let at = Span::new(file, 0, text.len());
        let documents = if text.starts_with('[') {
            // What Go's decoder refuses is no patch, although YAML would read more.
            let json: serde_json::Value = serde_json::from_str(text).map_err(|error| {
                BuildError::new(at, format!("the patch is not valid JSON: {error}"))
                    .help("begin the text with `- op:` to write it as YAML")
            })?;
            match tollgate_yaml::parse(text, file, Dialect::Sigs, limits) {
                Ok(mut documents) if !documents.is_empty() => {
                    let mut patch = Self::of(documents.swap_remove(0))?;
                    patch.foreign = patch.spelled_otherwise(text);
                    return Ok(patch);
                }
                Ok(documents) => documents,
                // JSON that YAML refuses, as keys that stand there twice.
                Err(_) => vec![Node::from_json(&json, Origin::Authored(at))],
            }
        } else {
            tollgate_yaml::parse(text, file, Dialect::Sigs, limits)?
        };
        match documents.into_iter().next() {
            Some(document) => Self::of(document),
            None => Ok(Self::default()),
        }
    }

    fn of(document: Node) -> Result<Self, BuildError> {
        if document.is_null() {
            return Ok(Self::default());
        }
        let span = document.span();
        let kind = document.type_name();
        let Value::Sequence(operations) = document.value else {
            return Err(BuildError::new(
                span,
                format!("a JSON patch is a list of operations, not {kind}"),
            ));
        };
        for operation in &operations {
            if operation.as_mapping().is_none() && !operation.is_null() {
                return Err(BuildError::new(
                    operation.span(),
                    format!("an operation is a map, not {}", operation.type_name()),
                ));
            }
        }
        Ok(Self {
            operations,
            foreign: BTreeSet::new(),
        })
    }

    fn spelled_otherwise(&self, text: &str) -> BTreeSet<usize> {
        let foreign = |it: &Node| it.get("value").is_some_and(|it| !is_go_json(it, text));
        let operations = self.operations.iter().enumerate();
        operations
            .filter(|(_, it)| foreign(it))
            .map(|(at, _)| at)
            .collect()
    }

    /// Change the places of everything in the patch.
    pub(crate) fn place(&mut self, place: impl Fn(&mut Node)) {
        self.operations.iter_mut().for_each(place);
    }

    /// Whether there are no operations.
    pub(crate) fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Apply the operations in order. Numbers come out as doubles, whatever the patch touches.
    pub(crate) fn apply(&self, target: &mut Node) -> Result<(), BuildError> {
        through_json::normalise(target)?;
        for (at, operation) in self.operations.iter().enumerate() {
            let comparable = !self.foreign.contains(&at);
            let operation = Operation::read(operation)?;
            operation.apply(target, comparable)?;
            if operation.grows() {
                growth::check(target, operation.span())?;
            }
        }
        Ok(())
    }
}

/// Whether every scalar of a value stands in `text` as Go would print it.
fn is_go_json(node: &Node, text: &str) -> bool {
    match &node.value {
        Value::Sequence(items) => items.iter().all(|it| is_go_json(it, text)),
        Value::Mapping(map) => map.iter().all(|it| is_go_json(&it.value, text)),
        Value::Scalar(_) => {
            let span = node.span();
            let written = text.get(span.start as usize..span.end as usize);
            node.to_json()
                .is_ok_and(|it| written == Some(go_json::compact(&it).as_str()))
        }
    }
}

#[cfg(test)]
mod tests;
