//! What can go wrong with an expression.

use std::sync::Arc;

/// The text is not an expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at byte {offset} of the expression)")]
pub struct ParseError {
    /// Where, in bytes from the start of the expression.
    pub offset: usize,
    /// What is wrong: one lower-case clause.
    pub message: String,
}

/// The expression has no value for these data.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EvalError {
    /// A key is not in its map. Only Kyverno's dialect raises this.
    #[error("unknown key `{key}` in path")]
    UnknownKey {
        /// The key.
        key: Arc<str>,
    },
    /// There is no such function.
    #[error("unknown function `{name}`")]
    UnknownFunction {
        /// Its name.
        name: String,
    },
    /// An argument has a type that the function does not take.
    #[error("argument {argument} of `{function}` is {got}, expected {expected}")]
    Type {
        /// The function.
        function: &'static str,
        /// Which argument, counted from 1.
        argument: usize,
        /// The types it takes.
        expected: String,
        /// The type it got.
        got: &'static str,
    },
    /// The wrong number of arguments.
    #[error("`{function}` takes {expected} arguments, not {got}")]
    Arity {
        /// The function.
        function: &'static str,
        /// How many it takes.
        expected: String,
        /// How many it got.
        got: usize,
    },
    /// An operator got a value outside of its domain.
    #[error("{message}")]
    Value {
        /// What is wrong.
        message: String,
    },
    /// A function failed on arguments of the right types.
    #[error("`{function}`: {message}")]
    Function {
        /// The function.
        function: &'static str,
        /// Why.
        message: String,
    },
    /// The function needs something that evaluation is not given, such as the network, or Kyverno itself crashes on
    /// these arguments.
    #[error("`{function}` can't be evaluated here: {why}")]
    Unsupported {
        /// The function.
        function: &'static str,
        /// Why.
        why: &'static str,
    },
    /// The evaluation exceeded a budget.
    #[error("the expression exceeds its budget: {what}")]
    Limit {
        /// Which budget.
        what: &'static str,
    },
}

impl EvalError {
    /// Whether this says only that a key is missing, which Kyverno's dialect swallows in many positions.
    pub fn is_unknown_key(&self) -> bool {
        matches!(self, Self::UnknownKey { .. })
    }

    /// Whether no operator may swallow this: it says nothing about the data.
    pub(crate) fn is_fatal(&self) -> bool {
        matches!(self, Self::Limit { .. } | Self::Unsupported { .. })
    }
}
