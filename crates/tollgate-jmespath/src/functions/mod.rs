//! The functions: one table of signatures, one file for each subject.

mod arithmetic;
mod collection;
mod encoding;
mod network;
mod standard;
mod text;
mod time;

use crate::{
    Dialect, EvalError,
    context::Context,
    eval::Outcome,
    value::{Entries, Items, Val},
};
use tollgate_goregex::Regex;

/// What an argument may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Any,
    Number,
    Text,
    Array,
    Object,
    Numbers,
    Texts,
    Reference,
}

const ANY: &[Type] = &[Type::Any];
const NUMBER: &[Type] = &[Type::Number];
const TEXT: &[Type] = &[Type::Text];
const ARRAY: &[Type] = &[Type::Array];
const OBJECT: &[Type] = &[Type::Object];

/// Kyverno's own functions, which come before the specification's: `sum` is in both.
const KYVERNO: [&[Function]; 6] = [
    text::TABLE,
    arithmetic::TABLE,
    time::TABLE,
    collection::TABLE,
    encoding::TABLE,
    network::TABLE,
];

type Run = for<'a> fn(&Context<'a>, &Arguments<'_, 'a>) -> Outcome<'a>;

/// A function's name, what it takes, and what it does.
struct Function {
    name: &'static str,
    /// The types that each argument may have.
    parameters: &'static [&'static [Type]],
    /// Whether the last parameter may be repeated.
    variadic: bool,
    run: Run,
}

const fn function(
    name: &'static str,
    parameters: &'static [&'static [Type]],
    run: Run,
) -> Function {
    Function {
        name,
        parameters,
        variadic: false,
        run,
    }
}

/// Arguments that have the right number and types.
struct Arguments<'v, 'a> {
    function: &'static str,
    values: &'v [Val<'a>],
    regex: Option<&'a Regex>,
}

impl<'v, 'a> Arguments<'v, 'a> {
    fn get(&self, index: usize) -> &'v Val<'a> {
        self.values.get(index).unwrap_or(&Val::Null)
    }

    fn wrong(&self, index: usize, expected: &str) -> EvalError {
        EvalError::Type {
            function: self.function,
            argument: index + 1,
            expected: expected.to_owned(),
            got: self.get(index).type_name(),
        }
    }

    fn fail(&self, message: impl Into<String>) -> EvalError {
        EvalError::Function {
            function: self.function,
            message: message.into(),
        }
    }

    fn text(&self, index: usize) -> Result<&'v str, EvalError> {
        let it = self.get(index).as_str();
        it.ok_or_else(|| self.wrong(index, "string"))
    }

    fn number(&self, index: usize) -> Result<f64, EvalError> {
        let it = self.get(index).as_number();
        it.ok_or_else(|| self.wrong(index, "number"))
    }

    /// Where Kyverno crashes, nothing may take the failure for null.
    fn crash(&self, why: &'static str) -> EvalError {
        EvalError::Unsupported {
            function: self.function,
            why,
        }
    }

    /// The elements of an array that may not be what `items` returns, on which Kyverno crashes.
    fn plain_array(&self, index: usize) -> Result<Items<'v, 'a>, EvalError> {
        match self.get(index) {
            Val::Typed(_) => Err(self.crash(
                "Kyverno crashes on the list that `items` returns; append `[]` to make it an array",
            )),
            _ => self.array(index),
        }
    }

    /// The elements of an array that may not be what `items` returns.
    fn array(&self, index: usize) -> Result<Items<'v, 'a>, EvalError> {
        match self.get(index) {
            Val::Typed(_) => Err(self.wrong(index, "array")),
            it => it.items().ok_or_else(|| self.wrong(index, "array")),
        }
    }

    fn object(&self, index: usize) -> Result<Entries<'v, 'a>, EvalError> {
        let it = self.get(index).entries();
        it.ok_or_else(|| self.wrong(index, "object"))
    }
}

/// Call a function by name.
pub(crate) fn call<'a>(
    cx: &Context<'a>,
    name: &str,
    values: &[Val<'a>],
    regex: Option<&'a Regex>,
) -> Outcome<'a> {
    let function = find(name, cx.dialect).ok_or_else(|| EvalError::UnknownFunction {
        name: name.to_owned(),
    })?;
    let arguments = Arguments {
        function: function.name,
        values,
        regex,
    };
    // Whatever a function does, it looks at its arguments about once.
    cx.steps(values.iter().map(size).sum())?;
    match check(function, &arguments) {
        Err(EvalError::Type { .. }) if function.variadic && cx.dialect == Dialect::Kyverno => {
            return Err(arguments.crash("Kyverno crashes on an argument that is no object"));
        }
        it => it?,
    }
    (function.run)(cx, &arguments)
}

/// What an argument costs to look at, in steps.
fn size(value: &Val<'_>) -> usize {
    let text = value.as_str().map_or(0, |it| it.len() / 64);
    let items = value.items().map_or(0, |it| it.len() / 4);
    let entries = value.entries().map_or(0, |it| it.len() / 4);
    text + items + entries
}

fn find(name: &str, dialect: Dialect) -> Option<&'static Function> {
    let by_name = |table: &&'static [Function]| table.iter().find(|it| it.name == name);
    match dialect {
        Dialect::Standard => by_name(&standard::TABLE),
        Dialect::Kyverno => KYVERNO
            .iter()
            .find_map(by_name)
            .or_else(|| by_name(&standard::TABLE)),
    }
}

fn check(function: &Function, arguments: &Arguments<'_, '_>) -> Result<(), EvalError> {
    let (want, got) = (function.parameters.len(), arguments.values.len());
    if got < want || got > want && !function.variadic && want > 0 {
        return Err(EvalError::Arity {
            function: function.name,
            expected: if function.variadic {
                format!("at least {want}")
            } else {
                want.to_string()
            },
            got,
        });
    }
    for (index, value) in arguments.values.iter().enumerate() {
        let Some(types) = function
            .parameters
            .get(index)
            .or(function.parameters.last())
        else {
            continue;
        };
        if !types.iter().any(|it| it.takes(value)) {
            let names: Vec<&str> = types.iter().map(|it| it.name()).collect();
            return Err(arguments.wrong(index, &names.join(" or ")));
        }
    }
    Ok(())
}

impl Type {
    fn takes(self, value: &Val<'_>) -> bool {
        let all = |test: fn(&Val<'_>) -> bool| {
            !matches!(value, Val::Typed(_))
                && value
                    .items()
                    .is_some_and(|it| it.iter().all(|it| test(&it)))
        };
        match self {
            Self::Any => true,
            Self::Number => value.as_number().is_some(),
            Self::Text => value.as_str().is_some(),
            Self::Array => value.items().is_some(),
            Self::Object => value.entries().is_some(),
            Self::Numbers => all(|it| it.as_number().is_some()),
            Self::Texts => all(|it| it.as_str().is_some()),
            Self::Reference => matches!(value, Val::Reference(_)),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Any => "anything",
            Self::Number => "number",
            Self::Text => "string",
            Self::Array => "array",
            Self::Object => "object",
            Self::Numbers => "array of numbers",
            Self::Texts => "array of strings",
            Self::Reference => "an expression reference (`&name`)",
        }
    }
}
