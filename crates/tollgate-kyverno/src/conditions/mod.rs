//! Conditions: preconditions, `deny` and those of exceptions. Source:
//! `pkg/engine/variables/evaluate.go` and `pkg/utils/conditions`.

mod compare;
mod operator;
mod sets;

use crate::context::{Context, Template, VariableError};
use operator::Operator;
use serde_json::Value;
use std::sync::Arc;

/// One comparison.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) key: Template,
    /// The operator's name as it is written.
    pub(crate) operator: Arc<str>,
    pub(crate) value: Template,
    pub(crate) message: Arc<str>,
}

/// Conditions as they stand in a rule.
#[derive(Clone, Debug)]
pub(crate) enum Conditions {
    /// The old form, a plain list of which all must hold.
    List(Vec<Condition>),
    /// One of `any`, where it is given, and all of `all`.
    AnyAll {
        any: Option<Vec<Condition>>,
        all: Vec<Condition>,
    },
}

impl Conditions {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Condition> {
        let (first, second) = match self {
            Self::List(list) => (list.as_slice(), [].as_slice()),
            Self::AnyAll { any, all } => (any.as_deref().unwrap_or_default(), all.as_slice()),
        };
        first.iter().chain(second)
    }
}

/// How conditions came out.
#[derive(Debug)]
pub(crate) struct Judgement<'c> {
    pub(crate) holds: bool,
    /// The messages of the conditions that decided, joined.
    pub(crate) message: String,
    /// The conditions that decided.
    pub(crate) by: Vec<&'c Condition>,
}

impl<'c> Judgement<'c> {
    fn new(holds: bool, by: Vec<&'c Condition>) -> Self {
        let messages: Vec<&str> = by
            .iter()
            .map(|it| &*it.message)
            .filter(|it| !it.is_empty())
            .collect();
        Self {
            holds,
            message: messages.join("; "),
            by,
        }
    }
}

/// Judge conditions; none at all hold.
///
/// # Errors
/// A variable that cannot be resolved, or an operator that does not exist.
pub(crate) fn judge<'c>(
    conditions: Option<&'c Conditions>,
    context: &mut Context<'_>,
) -> Result<Judgement<'c>, VariableError> {
    let (any, all) = match conditions {
        None => (None, [].as_slice()),
        Some(Conditions::List(all)) => (None, all.as_slice()),
        Some(Conditions::AnyAll { any, all }) => (any.as_deref(), all.as_slice()),
    };
    let (mut held, mut failed) = (Vec::new(), Vec::new());
    let mut any_holds = true;
    if let Some(any) = any {
        any_holds = false;
        for condition in any {
            if condition.holds(context)? {
                any_holds = true;
                held.push(condition);
                break;
            }
            failed.push(condition);
        }
    }
    let mut all_hold = true;
    for condition in all {
        if condition.holds(context)? {
            held.push(condition);
        } else {
            all_hold = false;
            failed.push(condition);
            break;
        }
    }
    let holds = any_holds && all_hold;
    Ok(Judgement::new(holds, if holds { held } else { failed }))
}

/// Judge the conditions of an exception, which look at `all` first.
///
/// # Errors
/// As [`judge`].
pub(crate) fn exception_applies(
    conditions: &Conditions,
    context: &mut Context<'_>,
) -> Result<bool, VariableError> {
    let (any, all) = match conditions {
        Conditions::List(all) => ([].as_slice(), all.as_slice()),
        Conditions::AnyAll { any, all } => (any.as_deref().unwrap_or_default(), all.as_slice()),
    };
    for condition in all {
        if !condition.holds(context)? {
            return Ok(false);
        }
    }
    for condition in any {
        if condition.holds(context)? {
            return Ok(true);
        }
    }
    Ok(any.is_empty())
}

impl Condition {
    fn holds(&self, context: &mut Context<'_>) -> Result<bool, VariableError> {
        let key = context
            .substitute(&self.key)
            .map_err(|it| it.within("failed to substitute variables in condition key"))?;
        let value = context
            .substitute(&self.value)
            .map_err(|it| it.within("failed to substitute variables in condition value"))?;
        let operator = Operator::parse(&self.operator).ok_or_else(|| {
            VariableError::new(format!("there is no operator `{}`", self.operator))
        })?;
        let differ = match operator {
            Operator::Equals | Operator::NotEquals => self.mixes_numbers(&key, &value),
            _ => false,
        };
        if differ {
            return Ok(operator == Operator::NotEquals);
        }
        Ok(compare(operator, &key, &value))
    }

    /// Whether a list or map of the policy that holds a whole number is compared with one of the
    /// context. To Kyverno the one holds integers and the other floats, so they are never equal.
    /// Source: `FromJSON` in `api/kyverno/v1/utils.go` and `DeepEqual` in
    /// `pkg/engine/variables/operator`.
    fn mixes_numbers(&self, key: &Value, value: &Value) -> bool {
        let nested = |it: &Value| it.is_array() || it.is_object();
        let written = match (self.key.is_static(), self.value.is_static()) {
            (true, false) => key,
            (false, true) => value,
            _ => return false,
        };
        nested(key) && nested(value) && holds_whole_number(written)
    }
}

fn holds_whole_number(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_f64().is_some_and(|it| it.fract() == 0.0),
        Value::Array(items) => items.iter().any(holds_whole_number),
        Value::Object(map) => map.values().any(holds_whole_number),
        _ => false,
    }
}

fn compare(operator: Operator, key: &Value, value: &Value) -> bool {
    match operator {
        Operator::Equals => compare::equals(key, value) == Some(true),
        Operator::NotEquals => compare::equals(key, value) == Some(false),
        Operator::In => sets::deprecated(false, key, value),
        Operator::NotIn => sets::deprecated(true, key, value),
        Operator::AnyIn => sets::holds(sets::Set::Some, key, value),
        Operator::AllIn => sets::holds(sets::Set::Every, key, value),
        Operator::AnyNotIn => sets::holds(sets::Set::NotEvery, key, value),
        Operator::AllNotIn => sets::holds(sets::Set::None, key, value),
        Operator::Numeric(order) => order.is_some_and(|it| compare::numeric(it, key, value)),
        Operator::Duration(order) => order.is_some_and(|it| compare::duration(it, key, value)),
    }
}

#[cfg(test)]
mod tests {
    use crate::{Outcome, testing::World};

    #[test]
    fn whole_numbers_in_lists_of_the_policy_equal_none_of_the_context() {
        for (operator, value, denied) in [
            ("Equals", "[1, 2]", false),
            ("NotEquals", "[1, 2]", true),
            ("Equals", "'{{ request.object.spec.same }}'", true),
            ("Equals", "[1.5]", false),
        ] {
            let policy = format!(
                "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {{name: p}}
spec:
  rules:
  - name: r
    match: {{any: [{{resources: {{kinds: [Thing]}}}}]}}
    validate:
      message: denied
      deny: {{conditions: {{all: [{{key: '{{{{ request.object.spec.list }}}}', operator: {operator}, value: {value}}}]}}}}
"
            );
            let object = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec: {list: [1, 2], same: [1, 2]}\n";
            let said = World::default().judge(&policy, object);
            let is_denied = matches!(said[0].1, Outcome::Fail { .. });
            assert_eq!(is_denied, denied, "{operator} {value}");
        }
    }
}
