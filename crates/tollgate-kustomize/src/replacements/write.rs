//! Puts a value into a field.

use crate::{error::BuildError, growth::MAX_TEXT, kustomization::FieldOptions, resource::Notes};
use std::sync::Arc;
use tollgate_yaml::{Dialect, Node, Origin, Scalar, Span, Style, Tag, Value, resolve};

/// A value on its way.
pub(super) struct Replacement {
    node: Node,
    /// Whether it has no type of its own, but means what its text says.
    untyped: bool,
    /// What kustomize remembers in it, where it is the annotations of a resource.
    notes: Option<Notes>,
}

/// A delimiter that splits.
pub(super) fn delimiter(options: &FieldOptions) -> Option<&str> {
    options.delimiter.as_deref().filter(|it| !it.is_empty())
}

impl Replacement {
    /// A value from a field.
    pub(super) fn of(node: Node, notes: Option<Notes>) -> Self {
        Self {
            node,
            untyped: false,
            notes,
        }
    }

    /// A value that is written in the replacement.
    pub(super) fn literal(node: Node) -> Self {
        Self {
            node,
            untyped: true,
            notes: None,
        }
    }

    /// What kustomize remembers in the value, where that is the annotations of a resource.
    pub(super) fn notes(&self) -> Option<&Notes> {
        self.notes.as_ref()
    }

    pub(super) fn node(&self) -> &Node {
        &self.node
    }

    fn text(&self) -> Arc<str> {
        self.node
            .as_scalar()
            .map_or_else(|| "".into(), |it| it.text.clone())
    }

    /// Refuse a target that the options do not fit.
    pub(super) fn try_write(
        &self,
        target: &Node,
        options: Option<&FieldOptions>,
    ) -> Result<(), BuildError> {
        match options.filter(|it| delimiter(it).is_some()) {
            Some(options) if target.as_scalar().is_none() => Err(BuildError::new(
                options.span,
                format!(
                    "`delimiter` splits text, and the target is {}",
                    target.type_name()
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Put the value into `target`. A scalar keeps its type and takes the text; one that was just made
    /// means what the text says. Everything else is replaced.
    pub(super) fn write(
        &self,
        target: &mut Node,
        fresh: bool,
        options: Option<&FieldOptions>,
        by: Span,
    ) -> Result<(), BuildError> {
        let mut text = self.text();
        if let Some(options) = options
            && let Some(delimiter) = delimiter(options)
        {
            let Some(scalar) = target.as_scalar() else {
                return Err(BuildError::new(
                    options.span,
                    format!(
                        "`delimiter` splits text, and the target is {}",
                        target.type_name()
                    ),
                ));
            };
            text = spliced(&scalar.text, delimiter, options.index, &text);
        }
        self.put(target, fresh, text);
        target.origin = target.origin.replaced_by(by);
        check(target, by)
    }

    /// Put the value into a field of a text: the options do not count there.
    pub(super) fn write_inside(&self, target: &mut Node, fresh: bool) {
        let whole = target.as_scalar().is_none();
        self.put(target, fresh, self.text());
        if whole {
            forget_places(target);
        }
    }

    fn put(&self, target: &mut Node, fresh: bool, text: Arc<str>) {
        match &mut target.value {
            Value::Scalar(scalar) => {
                if fresh {
                    scalar.tag = resolve(&text, Dialect::Kyaml);
                }
                scalar.text = text;
            }
            Value::Sequence(_) | Value::Mapping(_) => {
                target.value = self.node.value.clone();
                if let Value::Scalar(scalar) = &mut target.value {
                    if self.untyped {
                        scalar.tag = resolve(&text, Dialect::Kyaml);
                    }
                    scalar.text = text;
                }
            }
        }
    }
}

/// The places of a value are places in another text than the one that it now stands in.
fn forget_places(node: &mut Node) {
    node.origin = Origin::Builtin;
    match &mut node.value {
        Value::Scalar(_) => {}
        Value::Sequence(items) => items.iter_mut().for_each(forget_places),
        Value::Mapping(map) => map.iter_mut().for_each(|it| {
            it.key.origin = Origin::Builtin;
            forget_places(&mut it.value);
        }),
    }
}

/// The text with one of its parts replaced, or with one more at either end.
fn spliced(text: &str, delimiter: &str, index: i64, part: &str) -> Arc<str> {
    let mut parts: Vec<&str> = text.split(delimiter).collect();
    match usize::try_from(index) {
        Err(_) => parts.insert(0, part),
        Ok(at) => match parts.get_mut(at) {
            Some(old) => *old = part,
            None => parts.push(part),
        },
    }
    parts.join(delimiter).into()
}

/// Refuse a text that does not fit the type of its field: kustomize cannot print that.
fn check(target: &Node, by: Span) -> Result<(), BuildError> {
    let Some(scalar) = target.as_scalar() else {
        return Ok(());
    };
    if scalar.text.len() > MAX_TEXT {
        return Err(BuildError::new(by, "the text grows too long here").here());
    }
    if is_printable(scalar) {
        return Ok(());
    }
    Err(BuildError::new(
        by,
        format!(
            "`{}` does not fit into a field that holds {}",
            scalar.text,
            target.type_name()
        ),
    )
    .help("put the value of the target into quotes, so that it is text"))
}

/// Whether a scalar's text can be read back as what its tag says.
pub(super) fn is_printable(scalar: &Scalar) -> bool {
    let is = match scalar.style {
        Style::Plain => resolve(&scalar.text, Dialect::Kyaml),
        _ => Tag::Str,
    };
    match scalar.tag {
        Tag::Str | Tag::Binary => true,
        Tag::Float => matches!(is, Tag::Float | Tag::Int),
        tag => tag == is,
    }
}
