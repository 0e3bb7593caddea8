//! One operation of a JSON patch.

use super::through_json;
use crate::error::BuildError;
use tollgate_yaml::{Key, Node, Origin, Scalar, Span, Value};

/// An operation, its parts checked as far as it needs them.
pub(super) struct Operation<'p> {
    node: &'p Node,
    kind: &'p str,
}

type Done = Result<(), BuildError>;

impl<'p> Operation<'p> {
    pub(super) fn read(node: &'p Node) -> Result<Self, BuildError> {
        let kind = node.get("op").and_then(Node::as_str);
        match kind {
            Some(kind @ ("add" | "remove" | "replace" | "move" | "copy" | "test")) => {
                Ok(Self { node, kind })
            }
            Some(other) => Err(BuildError::new(
                node.get("op").map_or(node.span(), Node::span),
                format!("`{other}` is not an operation of a JSON patch"),
            )
            .help("`op` is one of add, remove, replace, move, copy, test")),
            None => Err(BuildError::new(node.span(), "the operation lacks an `op`")
                .help("`op` is one of add, remove, replace, move, copy, test")),
        }
    }

    /// The place of the operation.
    pub(super) fn span(&self) -> Span {
        self.node.span()
    }

    /// Whether it may put more into the resource than a scalar.
    pub(super) fn grows(&self) -> bool {
        let value = self.node.get("value");
        matches!(self.kind, "copy" | "move") || value.is_some_and(|it| it.as_scalar().is_none())
    }

    /// Apply it. Where its value is not `comparable`, no value of the resource equals it.
    pub(super) fn apply(&self, target: &mut Node, comparable: bool) -> Done {
        match self.kind {
            "add" => self.add(target),
            "remove" => self.remove(target),
            "replace" => self.replace(target),
            "move" => self.relocate(target),
            "copy" => self.copy(target),
            _ if comparable => self.test(target),
            _ => {
                Err(self.refuse("the test failed: its value is not spelled as kustomize spells it"))
            }
        }
    }

    fn add(&self, target: &mut Node) -> Done {
        let path = self.pointer("path")?;
        let place = path.find(target)?;
        place.insert(self.value()?)
    }

    fn remove(&self, target: &mut Node) -> Done {
        let path = self.pointer("path")?;
        path.find(target)?.take().map(|_| ())
    }

    fn replace(&self, target: &mut Node) -> Done {
        let path = self.pointer("path")?;
        if path.text.is_empty() {
            let value = self.value()?;
            if value.as_mapping().is_none() {
                return Err(self.refuse("a resource can only be replaced by a map"));
            }
            *target = value;
            return Ok(());
        }
        path.find(target)?.set(self.value()?)
    }

    fn relocate(&self, target: &mut Node) -> Done {
        let from = self.pointer("from")?;
        let place = from.find(target)?;
        place.get()?;
        let node = place.take()?;
        let path = self.pointer("path")?;
        path.find(target)?.insert(self.by_operation(node))
    }

    fn copy(&self, target: &mut Node) -> Done {
        let from = self.pointer("from")?;
        let found = from.find(target)?.get()?.cloned();
        // What is not there is copied as null.
        let node = found.unwrap_or_else(|| Node::null(self.origin()));
        let path = self.pointer("path")?;
        path.find(target)?.insert(self.by_operation(node))
    }

    fn test(&self, target: &mut Node) -> Done {
        let path = self.pointer("path")?;
        let wanted = self.value()?;
        let equal = if path.text.is_empty() {
            same(Some(target), &wanted)?
        } else {
            same(path.find(target)?.get()?, &wanted)?
        };
        if equal {
            return Ok(());
        }
        Err(self.refuse(&format!("the test of `{}` failed", path.text)))
    }

    fn pointer(&self, key: &'static str) -> Result<Pointer<'p>, BuildError> {
        match self.node.get(key) {
            Some(node) => match node.as_str() {
                Some(text) => Ok(Pointer {
                    text,
                    span: node.span(),
                }),
                None => Err(BuildError::new(
                    node.span(),
                    format!("`{key}` must be text, not {}", node.type_name()),
                )),
            },
            None => Err(self.refuse(&format!("the operation lacks a `{key}`"))),
        }
    }

    /// The operation's value; null where it has none.
    fn value(&self) -> Result<Node, BuildError> {
        match self.node.get("value") {
            Some(node) => Ok(derived(through_json::value(node)?)),
            None => Ok(Node::null(self.origin())),
        }
    }

    fn origin(&self) -> Origin {
        Origin::Derived {
            by: self.node.span(),
            over: None,
        }
    }

    /// A value from elsewhere in the resource, brought here by this operation.
    fn by_operation(&self, mut node: Node) -> Node {
        node.origin = node.origin.replaced_by(self.node.span());
        node
    }

    fn refuse(&self, message: &str) -> BuildError {
        BuildError::new(self.node.span(), message)
    }
}

/// A JSON pointer and where it stands.
#[derive(Clone, Copy)]
struct Pointer<'p> {
    text: &'p str,
    span: Span,
}

impl Pointer<'_> {
    /// The place that the pointer names: what holds it must exist, it itself need not. What stands
    /// before the first `/` does not count.
    fn find<'t>(self, target: &'t mut Node) -> Result<Place<'t>, BuildError> {
        let missing = || {
            BuildError::new(
                self.span,
                format!(
                    "there is nothing in the resource that could hold `{}`",
                    self.text
                ),
            )
            .help("add the fields on the way first")
        };
        let mut parts = self.text.split('/').skip(1).map(unescape);
        let mut last = parts.next().ok_or_else(missing)?;
        let mut node = target;
        for part in parts {
            node = match &mut node.value {
                Value::Mapping(map) => map.get_mut(&last),
                Value::Sequence(items) => {
                    let at = existing(&last, items.len());
                    at.and_then(|at| items.get_mut(at))
                }
                Value::Scalar(_) => None,
            }
            .filter(|it| !it.is_null())
            .ok_or_else(missing)?;
            last = part;
        }
        if node.as_scalar().is_some() {
            return Err(missing());
        }
        Ok(Place {
            holder: node,
            key: last,
            span: self.span,
        })
    }
}

/// `~1` is `/` and `~0` is `~`.
fn unescape(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    let mut rest = part;
    while let Some(at) = rest.find('~') {
        out.push_str(&rest[..at]);
        let (text, length) = match rest.as_bytes().get(at + 1) {
            Some(b'0') => ("~", 2),
            Some(b'1') => ("/", 2),
            _ => ("~", 1),
        };
        out.push_str(text);
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    out
}

/// The index of an element that exists; negative ones count from the end.
fn existing(key: &str, length: usize) -> Option<usize> {
    let index: i64 = key.parse().ok()?;
    let at = if index < 0 {
        length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?
    } else {
        usize::try_from(index).ok()?
    };
    Some(at).filter(|at| *at < length)
}

/// A field of a map or an element of a list.
struct Place<'t> {
    holder: &'t mut Node,
    key: String,
    span: Span,
}

impl Place<'_> {
    /// The value; `None` for a field that is missing.
    fn get(&self) -> Result<Option<&Node>, BuildError> {
        match &self.holder.value {
            Value::Mapping(map) => Ok(map.get(&self.key)),
            Value::Sequence(items) => {
                let at =
                    existing(&self.key, items.len()).ok_or_else(|| self.no_element(items.len()))?;
                Ok(items.get(at))
            }
            Value::Scalar(_) => Ok(None),
        }
    }

    /// Put a value into a field, or between elements.
    fn insert(self, value: Node) -> Done {
        let length = match &mut self.holder.value {
            Value::Mapping(map) => {
                let old = map.get(&self.key).map(|it| it.origin);
                let value = over(value, old);
                let key = Key::new(self.key, value.origin);
                map.insert(key, value);
                return Ok(());
            }
            Value::Sequence(items) => {
                if self.key == "-" {
                    items.push(value);
                    return Ok(());
                }
                if let Some(at) = existing(&self.key, items.len() + 1) {
                    items.insert(at, value);
                    return Ok(());
                }
                items.len()
            }
            Value::Scalar(_) => 0,
        };
        Err(self.no_element(length))
    }

    /// Put a value in the place of the present one.
    fn set(self, value: Node) -> Done {
        if let Value::Sequence(items) = &mut self.holder.value {
            let length = items.len();
            let old = existing(&self.key, length).and_then(|at| items.get_mut(at));
            return match old {
                Some(old) => {
                    *old = over(value, Some(old.origin));
                    Ok(())
                }
                None => Err(self.no_element(length)),
            };
        }
        self.insert(value)
    }

    /// Take the value out.
    fn take(self) -> Result<Node, BuildError> {
        let length = match &mut self.holder.value {
            Value::Mapping(map) => {
                return map.remove(&self.key).map(|it| it.value).ok_or_else(|| {
                    BuildError::new(
                        self.span,
                        format!("there is no field `{}` to take away", self.key),
                    )
                });
            }
            Value::Sequence(items) => {
                if let Some(at) = existing(&self.key, items.len()) {
                    return Ok(items.remove(at));
                }
                items.len()
            }
            Value::Scalar(_) => 0,
        };
        Err(self.no_element(length))
    }

    fn no_element(&self, length: usize) -> BuildError {
        BuildError::new(
            self.span,
            format!("`{}` is no element of a list of {length}", self.key),
        )
    }
}

/// The value as it stands over another one.
fn over(mut value: Node, old: Option<Origin>) -> Node {
    if let Some(old) = old {
        value.origin = old.replaced_by(value.span());
    }
    value
}

/// Everything in the value is derived from the patch.
fn derived(mut node: Node) -> Node {
    if let Origin::Authored(by) = node.origin {
        node.origin = Origin::Derived { by, over: None };
    }
    node.value = match node.value {
        Value::Sequence(items) => Value::Sequence(items.into_iter().map(derived).collect()),
        Value::Mapping(map) => Value::Mapping(
            map.into_iter()
                .map(|mut it| {
                    it.value = derived(it.value);
                    it
                })
                .collect(),
        ),
        scalar @ Value::Scalar(_) => scalar,
    };
    node
}

/// Whether a value is the wanted one; null and a missing field are the same.
fn same(node: Option<&Node>, wanted: &Node) -> Result<bool, BuildError> {
    let Some(node) = node else {
        return Ok(wanted.is_null());
    };
    let text = |it: &Node| it.as_scalar().map(Scalar::number);
    if let (Some(Some(a)), Some(Some(b))) = (text(node), text(wanted)) {
        return Ok(a.as_f64() == b.as_f64());
    }
    Ok(node.to_json()? == wanted.to_json()?)
}
