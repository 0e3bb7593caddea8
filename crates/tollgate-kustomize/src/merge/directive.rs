//! `$patch`: what a patch says about itself. Source: kyaml `yaml/merge2/smpdirective.go`.

use crate::error::BuildError;
use tollgate_yaml::{Node, Value};

/// The key of a directive.
pub(super) const KEY: &str = "$patch";

/// What to do with the value that the patch is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Directive {
    Merge,
    Replace,
    Delete,
}

impl Directive {
    /// The directive of a map.
    pub(super) fn of_map(map: &Node) -> Result<Option<Self>, BuildError> {
        map.get(KEY).map(Self::parse).transpose()
    }

    /// The directive of a list: an element that holds nothing else.
    pub(super) fn of_list(items: &[Node]) -> Result<Option<Self>, BuildError> {
        let element = items
            .iter()
            .filter_map(Node::as_mapping)
            .find(|it| it.contains_key(KEY))
            .filter(|it| it.len() == 1);
        element
            .and_then(|it| it.get(KEY))
            .map(Self::parse)
            .transpose()
    }

    fn parse(node: &Node) -> Result<Self, BuildError> {
        match Self::text(node) {
            "merge" => Ok(Self::Merge),
            "replace" => Ok(Self::Replace),
            "delete" => Ok(Self::Delete),
            other => Err(BuildError::new(
                node.span(),
                format!("unknown directive `$patch: {other}`"),
            )
            .help("`$patch` is delete, replace or merge")),
        }
    }

    fn text(node: &Node) -> &str {
        node.as_scalar().map_or("", |it| &it.text)
    }

    /// Whether an element of a list goes when this directive of the list has been read: those with
    /// the same directive, whatever else they hold, and empty ones.
    pub(super) fn takes_out(self, element: &Node) -> bool {
        match &element.value {
            Value::Mapping(map) => {
                map.is_empty()
                    || map
                        .get(KEY)
                        .is_some_and(|it| Self::parse(it).is_ok_and(|it| it == self))
            }
            Value::Scalar(_) | Value::Sequence(_) => element.is_null(),
        }
    }
}
