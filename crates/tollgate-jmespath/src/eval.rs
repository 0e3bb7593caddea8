//! The interpreter: a walk over the tree (`interpreter.go` of kyverno/go-jmespath, and the specification).

use crate::{
    Dialect, EvalError,
    ast::{Comparator, Node, Slice},
    context::Context,
    functions,
    value::{Items, Val},
};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

pub(crate) type Outcome<'a> = Result<Val<'a>, EvalError>;

/// A missing key is null here.
fn soft(outcome: Outcome<'_>) -> Outcome<'_> {
    match outcome {
        Err(it) if it.is_unknown_key() => Ok(Val::Null),
        it => it,
    }
}

impl<'a> Context<'a> {
    /// The value of a node where `value` is current.
    pub(crate) fn eval(&self, node: &'a Node, value: &Val<'a>) -> Outcome<'a> {
        self.step()?;
        match node {
            Node::Current => Ok(value.clone()),
            Node::Field(key) => self.field(key, value),
            Node::Index(index) => Ok(at(value, *index)),
            Node::Slice(slice) => self.slice(*slice, value),
            Node::Literal(it) => Ok(Val::from(it)),
            Node::Chain(nodes) => self.chain(nodes, value),
            Node::Pipe(nodes) => self.pipe(nodes, value),
            Node::Or(nodes) => self.or(nodes, value),
            Node::And(nodes) => self.and(nodes, value),
            Node::Not(node) => Ok(Val::Bool(soft(self.eval(node, value))?.is_false())),
            Node::Compare(comparator, sides) => self.compare(*comparator, sides, value),
            Node::Project(sides) => self.project(sides, value),
            Node::ProjectValues(sides) => self.project_values(sides, value),
            Node::Filter {
                left,
                condition,
                right,
            } => self.filter(left, condition, right, value),
            Node::Flatten(node) => self.flatten(node, value),
            Node::List(nodes) => self.list(nodes, value),
            Node::Hash(entries) => self.hash(entries, value),
            Node::Call {
                name,
                arguments,
                regex,
            } => {
                let mut values = Vec::with_capacity(arguments.len());
                for it in arguments {
                    values.push(soft(self.eval(it, value))?);
                }
                functions::call(self, name, &values, regex.as_deref())
            }
            Node::Reference(node) => Ok(Val::Reference(node)),
        }
    }

    /// Kyverno's fork takes any failure on the left of `[]`, `[?..]` and `.*` for null; what is no fact about the data,
    /// such as an exhausted budget, stays an error.
    fn lenient(&self, outcome: Outcome<'a>) -> Outcome<'a> {
        match outcome {
            Err(it) if self.dialect == Dialect::Kyverno && !it.is_fatal() => Ok(Val::Null),
            it => it,
        }
    }

    fn field(&self, key: &Arc<str>, value: &Val<'a>) -> Outcome<'a> {
        let Some(entries) = value.entries() else {
            return Ok(Val::Null);
        };
        match entries.get(key) {
            Some(it) => Ok(it),
            None if self.dialect == Dialect::Standard => Ok(Val::Null),
            None => Err(EvalError::UnknownKey { key: key.clone() }),
        }
    }

    fn slice(&self, slice: Slice, value: &Val<'a>) -> Outcome<'a> {
        let Some(items) = value.items() else {
            return Ok(Val::Null);
        };
        let step = slice.step.unwrap_or(1);
        if step == 0 {
            return Err(EvalError::Value {
                message: "the step of a slice can't be 0".to_owned(),
            });
        }
        let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let bound = |it: i64| {
            let it = if it < 0 {
                it.saturating_add(length)
            } else {
                it
            };
            if step > 0 {
                it.clamp(0, length)
            } else {
                it.clamp(-1, length - 1)
            }
        };
        let (first, last) = if step > 0 {
            (0, length)
        } else {
            (length - 1, -1)
        };
        let mut at = slice.start.map_or(first, bound);
        let stop = slice.stop.map_or(last, bound);
        let mut out = Vec::new();
        while if step > 0 { at < stop } else { at > stop } {
            self.step()?;
            out.extend(usize::try_from(at).ok().and_then(|it| items.get(it)));
            at = at.saturating_add(step);
        }
        Val::list(out)
    }

    fn chain(&self, nodes: &'a [Node], value: &Val<'a>) -> Outcome<'a> {
        let mut current = value.clone();
        for node in nodes {
            current = self.eval(node, &current)?;
        }
        Ok(current)
    }

    fn pipe(&self, nodes: &'a [Node], value: &Val<'a>) -> Outcome<'a> {
        let mut current = value.clone();
        for node in nodes {
            current = soft(self.eval(node, &current))?;
        }
        Ok(current)
    }

    fn or(&self, nodes: &'a [Node], value: &Val<'a>) -> Outcome<'a> {
        let mut current = Val::Null;
        for node in nodes {
            current = soft(self.eval(node, value))?;
            if !current.is_false() {
                break;
            }
        }
        Ok(current)
    }

    /// Only the last operand may raise a missing key.
    fn and(&self, nodes: &'a [Node], value: &Val<'a>) -> Outcome<'a> {
        let Some((last, before)) = nodes.split_last() else {
            return Ok(Val::Null);
        };
        for node in before {
            let it = soft(self.eval(node, value))?;
            if it.is_false() {
                return Ok(it);
            }
        }
        self.eval(last, value)
    }

    fn compare(
        &self,
        comparator: Comparator,
        sides: &'a [Node; 2],
        value: &Val<'a>,
    ) -> Outcome<'a> {
        let left = soft(self.eval(&sides[0], value))?;
        let right = soft(self.eval(&sides[1], value))?;
        match comparator {
            Comparator::Equal => return Ok(Val::Bool(left.equals(&right, self)?)),
            Comparator::NotEqual => return Ok(Val::Bool(!left.equals(&right, self)?)),
            _ => {}
        }
        let (Some(left), Some(right)) = (left.as_number(), right.as_number()) else {
            return Ok(Val::Null);
        };
        Ok(Val::Bool(match comparator {
            Comparator::Less => left < right,
            Comparator::LessOrEqual => left <= right,
            Comparator::Greater => left > right,
            _ => left >= right,
        }))
    }

    /// The node's value for each element, without nulls.
    fn each(&self, items: Items<'_, 'a>, node: &'a Node) -> Outcome<'a> {
        let mut out = Vec::new();
        for item in items.iter() {
            match soft(self.eval(node, &item))? {
                Val::Null => {}
                it => out.push(it),
            }
        }
        Val::list(out)
    }

    fn project(&self, sides: &'a [Node; 2], value: &Val<'a>) -> Outcome<'a> {
        let left = soft(self.eval(&sides[0], value))?;
        match left.items() {
            Some(items) => self.each(items, &sides[1]),
            None => Ok(Val::Null),
        }
    }

    fn project_values(&self, sides: &'a [Node; 2], value: &Val<'a>) -> Outcome<'a> {
        let left = self.lenient(self.eval(&sides[0], value))?;
        let Some(entries) = left.entries() else {
            return Ok(Val::Null);
        };
        let mut values = Vec::with_capacity(entries.len());
        if self.dialect == Dialect::Kyverno && !matches!(sides[1], Node::Current) {
            // The fork puts one null for each entry before the values: what makes something of null shows them.
            values.resize(entries.len(), Val::Null);
        }
        values.extend(entries.sorted().into_iter().map(|(_, value)| value));
        self.each(Items::Computed(&values), &sides[1])
    }

    fn filter(
        &self,
        left: &'a Node,
        condition: &'a Node,
        right: &'a Node,
        value: &Val<'a>,
    ) -> Outcome<'a> {
        let left = self.lenient(self.eval(left, value))?;
        let Some(items) = left.items() else {
            return Ok(Val::Null);
        };
        let mut out = Vec::new();
        for item in items.iter() {
            if soft(self.eval(condition, &item))?.is_false() {
                continue;
            }
            match soft(self.eval(right, &item))? {
                Val::Null => {}
                it => out.push(it),
            }
        }
        Val::list(out)
    }

    fn flatten(&self, node: &'a Node, value: &Val<'a>) -> Outcome<'a> {
        let left = self.lenient(self.eval(node, value))?;
        let Some(items) = left.items() else {
            return Ok(Val::Null);
        };
        let mut out = Vec::new();
        for item in items.iter() {
            self.step()?;
            match item.items() {
                Some(inner) => {
                    self.steps(inner.len())?;
                    out.extend(inner.iter());
                }
                None => out.push(item),
            }
        }
        Val::list(out)
    }

    fn list(&self, nodes: &'a [Node], value: &Val<'a>) -> Outcome<'a> {
        if matches!(value, Val::Null) {
            return Ok(Val::Null);
        }
        let mut out = Vec::with_capacity(nodes.len());
        for node in nodes {
            out.push(soft(self.eval(node, value))?);
        }
        Val::list(out)
    }

    fn hash(&self, entries: &'a [(Arc<str>, Node)], value: &Val<'a>) -> Outcome<'a> {
        if matches!(value, Val::Null) {
            return Ok(Val::Null);
        }
        let mut out = BTreeMap::new();
        for (key, node) in entries {
            out.insert(Rc::from(&**key), soft(self.eval(node, value))?);
        }
        Val::map(out)
    }
}

fn at<'a>(value: &Val<'a>, index: i64) -> Val<'a> {
    let Some(items) = value.items() else {
        return Val::Null;
    };
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let index = if index < 0 {
        index.saturating_add(length)
    } else {
        index
    };
    usize::try_from(index)
        .ok()
        .and_then(|it| items.get(it))
        .unwrap_or(Val::Null)
}
