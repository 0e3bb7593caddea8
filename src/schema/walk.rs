//! A value against a schema, with the answers of an API server.
//!
//! Source of the semantics: kube-openapi's `validation/validate`. What a value is that something
//! fills in later nobody knows: it fits everything, and alternatives that depend on it fit too.

use super::{
    Mistake,
    kubernetes::Kubernetes,
    later::Later,
    node::{List, Node, Rest, Types},
    say,
};
use serde_json::{Map, Number, Value};
use std::collections::BTreeSet;
use tollgate_yaml::{FieldPath, Step};

/// Where in an object.
pub(super) enum At<'a> {
    Root,
    Key(&'a At<'a>, &'a str),
    Index(&'a At<'a>, usize),
}

impl At<'_> {
    pub(super) fn path(&self) -> FieldPath {
        let mut steps = Vec::new();
        self.push(&mut steps);
        FieldPath(steps)
    }

    fn push(&self, steps: &mut Vec<Step>) {
        match self {
            Self::Root => {}
            Self::Key(before, key) => {
                before.push(steps);
                steps.push(Step::Key((*key).into()));
            }
            Self::Index(before, index) => {
                before.push(steps);
                steps.push(Step::Index(*index));
            }
        }
    }
}

/// One walk through a value.
pub(super) struct Walk<'a> {
    pub(super) kubernetes: &'a Kubernetes,
    pub(super) later: Later,
    /// What is wrong.
    pub(super) mistakes: Vec<Mistake>,
    /// Whether a value took part that is not known yet.
    pub(super) doubt: bool,
}

/// What one of several alternatives says.
enum Answer {
    Yes,
    No,
    Perhaps,
}

impl<'a> Walk<'a> {
    pub(super) fn new(kubernetes: &'a Kubernetes, later: Later) -> Self {
        Self {
            kubernetes,
            later,
            mistakes: Vec::new(),
            doubt: false,
        }
    }

    fn wrong(&mut self, at: &At<'_>, message: String, help: Option<String>) {
        self.mistakes
            .push(Mistake::invalid(at.path(), message, help));
    }

    /// Everything that is wrong with a value.
    pub(super) fn check(&mut self, value: &Value, node: &Node, at: &At<'_>) {
        if self.later.value(value) {
            self.doubt = true;
            return;
        }
        if value.is_null() {
            if !node.types.is_empty() && !node.nullable {
                self.wrong_type(value, node, at);
            } else if !node.options.is_empty() {
                // Also where the list names null: a server compares what is there.
                self.wrong_option(node, at);
            }
            return;
        }
        if !fits_type(value, node) {
            self.wrong_type(value, node, at);
            return;
        }
        self.alternatives(value, node, at);
        match value {
            Value::String(text) => self.text(text, node, at),
            Value::Number(number) => self.number(number, node, at),
            Value::Array(items) => self.list(items, node, at),
            Value::Object(fields) => self.map(fields, node, at),
            Value::Null | Value::Bool(_) => {}
        }
        if !node.options.is_empty() && !node.options.iter().any(|it| same(it, value)) {
            self.wrong_option(node, at);
        }
    }

    fn wrong_type(&mut self, value: &Value, node: &Node, at: &At<'_>) {
        let subject = say::subject(&at.path());
        let (wanted, is) = (node.types.words(), say::type_of(value));
        let message = if wanted.is_empty() {
            format!("{subject} must not be {is}")
        } else {
            format!("{subject} must be {wanted}, but is {is}")
        };
        self.wrong(at, message, say::quotes(node.types, value));
    }

    fn wrong_option(&mut self, node: &Node, at: &At<'_>) {
        let subject = say::subject(&at.path());
        let options = say::options(&node.options);
        self.wrong(at, format!("{subject} must be one of {options}"), None);
    }

    fn answer(&mut self, value: &Value, node: &Node, at: &At<'_>) -> Answer {
        let mut inner = Walk::new(self.kubernetes, self.later);
        inner.check(value, node, at);
        self.doubt |= inner.doubt;
        match (inner.mistakes.is_empty(), inner.doubt) {
            (false, _) => Answer::No,
            (true, false) => Answer::Yes,
            (true, true) => Answer::Perhaps,
        }
    }

    fn alternatives(&mut self, value: &Value, node: &Node, at: &At<'_>) {
        for it in &node.all {
            self.check(value, it, at);
        }
        let none = |walk: &mut Self| {
            let subject = say::subject(&at.path());
            let message = format!("{subject} fits none of the alternatives of its definition");
            walk.wrong(at, message, None);
        };
        if !node.any.is_empty()
            && node
                .any
                .iter()
                .all(|it| matches!(self.answer(value, it, at), Answer::No))
        {
            none(self);
        }
        if !node.one.is_empty() {
            let (mut yes, mut perhaps) = (0, 0);
            for it in &node.one {
                match self.answer(value, it, at) {
                    Answer::Yes => yes += 1,
                    Answer::Perhaps => perhaps += 1,
                    Answer::No => {}
                }
            }
            if yes > 1 {
                let subject = say::subject(&at.path());
                let message =
                    format!("{subject} fits more than one of the alternatives of its definition");
                self.wrong(at, message, None);
            } else if yes + perhaps == 0 {
                none(self);
            }
        }
        if let Some(it) = &node.not
            && matches!(self.answer(value, it, at), Answer::Yes)
        {
            let subject = say::subject(&at.path());
            let message = format!("{subject} has a form that its definition forbids");
            self.wrong(at, message, None);
        }
    }

    fn text(&mut self, text: &str, node: &Node, at: &At<'_>) {
        let subject = || say::subject(&at.path());
        let (least, most) = node.limits.length;
        if least.or(most).is_some() {
            self.count(text.chars().count(), (least, most), "characters", at);
        }
        if let Some(pattern) = &node.pattern {
            match pattern.matches(text) {
                Ok(true) => {}
                Ok(false) => {
                    let shown = say::shown(&pattern.text);
                    let message = format!("{} does not match the pattern `{shown}`", subject());
                    self.wrong(at, message, None);
                }
                Err(why) => {
                    let shown = say::shown(&pattern.text);
                    self.mistakes.push(Mistake::unchecked(format!(
                        "{} could not be judged: the pattern `{shown}` cannot be used: {why}",
                        subject()
                    )));
                }
            }
        }
        if let Some(format) = node.format
            && !(format.is)(text)
        {
            let message = format!("{} is not a valid {}", subject(), format.name);
            self.wrong(at, message, Some(format.example.to_owned()));
        }
    }

    fn count(
        &mut self,
        count: usize,
        (least, most): (Option<u64>, Option<u64>),
        what: &str,
        at: &At<'_>,
    ) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        if let Some(least) = least.filter(|it| count < *it) {
            let subject = say::subject(&at.path());
            let message = if least == 1 && count == 0 {
                format!("{subject} must not be empty")
            } else {
                format!("{subject} must have at least {least} {what}")
            };
            self.wrong(at, message, None);
        }
        if let Some(most) = most.filter(|it| count > *it) {
            let subject = say::subject(&at.path());
            self.wrong(
                at,
                format!("{subject} must have at most {most} {what}"),
                None,
            );
        }
    }

    fn number(&mut self, number: &Number, node: &Node, at: &At<'_>) {
        let Some(value) = number.as_f64() else {
            return;
        };
        let limits = &node.limits;
        let mut bounds = vec![
            (limits.minimum, limits.above, true),
            (limits.maximum, limits.below, false),
        ];
        let whole = node.types.has(Types::INTEGER) && !node.types.has(Types::NUMBER);
        if whole && node.types.has(Types::STRING) {
            // Either a number or a text: such a schema has no range of its own.
        } else if whole && limits.narrow {
            bounds.push((Some(f64::from(i32::MIN)), false, true));
            bounds.push((Some(f64::from(i32::MAX)), false, false));
        } else if limits.single && value.abs() > f64::from(f32::MAX) {
            let subject = say::subject(&at.path());
            self.wrong(
                at,
                format!("{subject} must fit into a number of 32 bits"),
                None,
            );
        }
        let mut told = (false, false);
        for (limit, exclusive, least) in bounds {
            let Some(limit) = limit else { continue };
            let beyond = if least { value < limit } else { value > limit };
            #[allow(clippy::float_cmp, reason = "an exclusive bound is the very number")]
            let touches = exclusive && value == limit;
            let before = if least { &mut told.0 } else { &mut told.1 };
            if (beyond || touches) && !*before {
                *before = true;
                let words = match (least, exclusive) {
                    (true, false) => "at least",
                    (true, true) => "more than",
                    (false, false) => "at most",
                    (false, true) => "less than",
                };
                let subject = say::subject(&at.path());
                self.wrong(at, format!("{subject} must be {words} {limit}"), None);
            }
        }
        if let Some(factor) = limits.multiple {
            let quotient = if factor < 1.0 {
                1.0 / factor * value
            } else {
                value / factor
            };
            // Whole numbers are divided as such: a large one is near a multiple of every small one.
            #[allow(clippy::cast_possible_truncation, reason = "the factor is whole")]
            let fits = match number.as_i64() {
                Some(number) if factor >= 1.0 && factor.fract() == 0.0 => {
                    number % (factor as i64) == 0
                }
                _ => factor > 0.0 && is_whole(quotient),
            };
            if !fits {
                let subject = say::subject(&at.path());
                self.wrong(
                    at,
                    format!("{subject} must be a multiple of {factor}"),
                    None,
                );
            }
        }
    }

    fn list(&mut self, items: &[Value], node: &Node, at: &At<'_>) {
        self.count(items.len(), node.limits.items, "items", at);
        if let Some(item) = node.item(self.kubernetes) {
            for (index, value) in items.iter().enumerate() {
                self.check(value, item, &At::Index(at, index));
            }
        }
        if node.limits.unique {
            self.set(items, at);
        }
        match &node.list {
            List::Atomic => {}
            List::Set => self.set(items, at),
            List::Map(keys) => self.keyed(items, keys, at),
        }
    }

    fn set(&mut self, items: &[Value], at: &At<'_>) {
        let mut seen = BTreeSet::new();
        for (index, value) in items.iter().enumerate() {
            if !self.later.anywhere(value) && !seen.insert(value.to_string()) {
                let at = At::Index(at, index);
                let message = format!("{} is in its list already", say::subject(&at.path()));
                self.wrong(&at, message, Some("remove it".to_owned()));
            }
        }
    }

    fn keyed(&mut self, items: &[Value], keys: &[(String, Option<Value>)], at: &At<'_>) {
        let mut seen = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            let fields = match item {
                Value::Object(fields) => Some(fields),
                Value::Null => None,
                _ => continue,
            };
            let key: Vec<Option<&Value>> = keys
                .iter()
                .map(|(name, default)| fields.and_then(|it| it.get(name)).or(default.as_ref()))
                .collect();
            let known = !key.iter().flatten().any(|it| self.later.anywhere(it))
                && !fields.is_some_and(|it| self.later.key(it));
            let text: Vec<Option<String>> = key
                .iter()
                .map(|it| it.as_ref().map(ToString::to_string))
                .collect();
            if known && !seen.insert(text) {
                let at = At::Index(at, index);
                let names: Vec<String> = keys.iter().map(|it| format!("`{}`", it.0)).collect();
                let message = format!(
                    "{} has the {} of an item before it",
                    say::subject(&at.path()),
                    names.join(" and ")
                );
                self.wrong(&at, message, Some("remove one of them".to_owned()));
            }
        }
    }

    fn map(&mut self, fields: &Map<String, Value>, node: &Node, at: &At<'_>) {
        self.count(fields.len(), node.limits.properties, "entries", at);
        for name in &node.required {
            if !fields.contains_key(name) {
                if self.later.key(fields) {
                    self.doubt = true;
                    continue;
                }
                let name = say::shown(name);
                let message = format!("{} lacks `{name}`", say::subject(&at.path()));
                let mut mistake = Mistake::invalid(at.path(), message, None);
                mistake.missing = Some(name);
                self.mistakes.push(mistake);
            }
        }
        for (name, value) in fields {
            if let Some(form) = &node.keys
                && !self.later.text(name)
                && !(form.is)(name)
            {
                let at = At::Key(at, name);
                let message = format!(
                    "{} has a key that is no valid name",
                    say::subject(&at.path())
                );
                self.wrong(&at, message, Some(form.example.to_owned()));
            }
            let child = match (node.properties.get(name), &node.rest) {
                (Some(it), _) | (None, Rest::Fitting(it)) => it.get(self.kubernetes),
                (None, Rest::Nothing | Rest::Anything) => continue,
            };
            self.check(value, child, &At::Key(at, name));
        }
    }
}

/// Whether a value is of a type that a schema names.
fn fits_type(value: &Value, node: &Node) -> bool {
    let is = Types::of(value);
    let numbers = node.types.has(Types::INTEGER) || node.types.has(Types::NUMBER);
    if node.format.is_some_and(|it| it.lists) && !numbers {
        // With a format, a server lets a list pass for a text, and asks even where no type is named.
        return is.has(Types::STRING) || is.has(Types::ARRAY) || node.types.has(is);
    }
    if node.types.is_empty() || node.types.has(is) {
        return true;
    }
    let whole = || value.as_f64().is_some_and(is_whole);
    (is == Types::INTEGER && node.types.has(Types::NUMBER))
        || (is == Types::NUMBER && node.types.has(Types::INTEGER) && whole())
}

/// Whether Go takes a number with a fraction for a whole one.
fn is_whole(value: f64) -> bool {
    const MOST: f64 = 9_007_199_254_740_991.0;
    if !value.is_finite() || value.abs() > MOST {
        return false;
    }
    let (value, whole) = (value.abs(), value.abs().trunc());
    let difference = value - whole;
    difference == 0.0 || (whole > 0.0 && difference / (value + whole) < 1e-9)
}

/// Equal as JSON is, where `1` and `1.0` are one number.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        _ => one == other,
    }
}
