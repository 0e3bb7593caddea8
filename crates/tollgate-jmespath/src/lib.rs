#![doc = include_str!("../README.md")]

mod ast;
mod context;
pub mod duration;
mod error;
mod eval;
mod functions;
pub mod gofmt;
mod gotime;
pub mod image;
mod lexer;
mod origin;
mod parser;
pub mod quantity;
mod random;
mod runtime;
mod semver_range;
mod value;
pub mod wildcard;
mod x509;

pub use error::{EvalError, ParseError};
pub use origin::{Origin, Path, Step};
pub use runtime::{Dialect, Limits, Runtime};

use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A parsed expression: parse once, search often, from any thread.
#[derive(Clone, Debug)]
pub struct Expression {
    root: ast::Node,
    dialect: Dialect,
}

impl Expression {
    /// Parse an expression in Kyverno's dialect.
    ///
    /// # Errors
    /// Text that is no expression, is longer than 64 KiB, or nests deeper than 128 levels.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Self::parse_as(text, Dialect::Kyverno)
    }

    /// Parse an expression in the given dialect.
    ///
    /// # Errors
    /// As [`Expression::parse`].
    pub fn parse_as(text: &str, dialect: Dialect) -> Result<Self, ParseError> {
        let root = parser::parse(text, dialect)?;
        Ok(Self { root, dialect })
    }

    /// Where in the data its value comes from, whatever they are.
    pub fn origin(&self) -> Origin {
        origin::of(&self.root, &Origin::of(Path::new()))
    }

    /// The expression's value for these data.
    ///
    /// # Errors
    /// See [`EvalError`]. In Kyverno's dialect that includes a missing key that no operator swallowed.
    pub fn search(&self, data: &Value, runtime: &Runtime) -> Result<Value, EvalError> {
        self.find(data, runtime).map(Cow::into_owned)
    }

    /// As [`Expression::search`]; into `doubts` goes what a function took for something that it is not,
    /// and answered nevertheless: `semver_compare` of a text that is no version.
    ///
    /// # Errors
    /// As [`Expression::search`].
    pub fn search_doubting(
        &self,
        data: &Value,
        runtime: &Runtime,
        doubts: &mut BTreeSet<String>,
    ) -> Result<Value, EvalError> {
        let cx = context::Context::new(self.dialect, runtime);
        let found = cx
            .eval(&self.root, &value::Val::from(data))
            .and_then(|it| it.into_cow(&cx))
            .map(Cow::into_owned);
        doubts.append(&mut cx.into_doubts());
        found
    }

    /// As [`Expression::search`], but what stands in the data as it is comes back by reference.
    ///
    /// # Errors
    /// As [`Expression::search`].
    pub fn find<'a>(
        &'a self,
        data: &'a Value,
        runtime: &Runtime,
    ) -> Result<Cow<'a, Value>, EvalError> {
        let cx = context::Context::new(self.dialect, runtime);
        cx.eval(&self.root, &value::Val::from(data))?.into_cow(&cx)
    }
}
