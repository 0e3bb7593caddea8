//! The tree that an expression is parsed into.

use serde_json::Value;
use std::sync::Arc;
use tollgate_goregex::Regex;

/// One operation. Chains that the grammar nests to the left are flat here, so that a long expression is not a deep one.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    /// The value itself.
    Current,
    Field(Arc<str>),
    Index(i64),
    Slice(Slice),
    Literal(Value),
    /// `a.b[0]`: each on the value of the one before; a missing key ends it.
    Chain(Vec<Node>),
    /// `a | b`: as a chain, but a missing key is null.
    Pipe(Vec<Node>),
    Or(Vec<Node>),
    And(Vec<Node>),
    Not(Box<Node>),
    Compare(Comparator, Box<[Node; 2]>),
    /// `left[*].right`, also after a flatten or a slice.
    Project(Box<[Node; 2]>),
    /// `left.*.right`
    ProjectValues(Box<[Node; 2]>),
    /// `left[?condition].right`
    Filter {
        left: Box<Node>,
        condition: Box<Node>,
        right: Box<Node>,
    },
    Flatten(Box<Node>),
    List(Vec<Node>),
    Hash(Vec<(Arc<str>, Node)>),
    Call {
        name: Arc<str>,
        arguments: Vec<Node>,
        /// The first argument as a regular expression, compiled once if it is a literal.
        regex: Option<Box<Regex>>,
    },
    /// `&expression`
    Reference(Box<Node>),
}

/// `[start:stop:step]`
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Slice {
    pub(crate) start: Option<i64>,
    pub(crate) stop: Option<i64>,
    pub(crate) step: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}
