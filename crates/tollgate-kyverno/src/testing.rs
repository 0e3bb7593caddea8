//! What the tests of this crate share.

use crate::{Fixtures, Loaded, Operation, Outcome, Request, evaluate_policy, load};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::SystemTime;
use tollgate_yaml::{Dialect, Limits, Node, Sources, parse};

fn documents(text: &str) -> Vec<Node> {
    let file = Sources::new().add("test.yaml", text);
    parse(text, file, Dialect::Sigs, &Limits::default()).expect("the fixture is YAML")
}

/// Load policies and exceptions from YAML.
pub(crate) fn load_text(text: &str) -> Loaded {
    load(&documents(text))
}

/// A resource from YAML.
pub(crate) fn resource(text: &str) -> Value {
    documents(text)
        .first()
        .expect("a document")
        .to_json()
        .expect("the fixture is JSON")
}

/// What is said of the creation of an object, with nothing beside it.
pub(crate) fn created<T>(object: &Value, ask: impl FnOnce(&Request<'_>) -> T) -> T {
    happens(Operation::Create, object, ask)
}

/// The same of what happens to it; an update leaves it as it is.
pub(crate) fn happens<T>(
    operation: Operation,
    object: &Value,
    ask: impl FnOnce(&Request<'_>) -> T,
) -> T {
    let (values, rule_values) = Default::default();
    ask(&Request {
        object: Some(object).filter(|_| operation != Operation::Delete),
        old_object: Some(object).filter(|_| operation != Operation::Create),
        operation,
        user_info: None,
        values: &values,
        rule_values: &rule_values,
        fixtures: &Fixtures::default(),
        now: SystemTime::UNIX_EPOCH,
    })
}

/// What a test may set beside policy and resource.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) fixtures: Fixtures,
    pub(crate) values: BTreeMap<String, Value>,
    pub(crate) rule_values: BTreeMap<String, crate::RuleValues>,
    pub(crate) user_info: Option<crate::UserInfo>,
    pub(crate) operation: Operation,
    pub(crate) old: Option<Value>,
}

impl World {
    /// `rule: outcome` for each rule of each policy that says something.
    pub(crate) fn judge(&self, policies: &str, object: &str) -> Vec<(String, Outcome)> {
        let loaded = load_text(policies);
        assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
        let object = resource(object);
        let mut fixtures = self.fixtures.clone();
        fixtures.exceptions.extend(loaded.exceptions);
        let deleted = self.operation == Operation::Delete;
        let request = Request {
            object: (!deleted).then_some(&object),
            old_object: if deleted {
                Some(&object)
            } else {
                self.old.as_ref()
            },
            operation: self.operation,
            user_info: self.user_info.as_ref(),
            values: &self.values,
            rule_values: &self.rule_values,
            fixtures: &fixtures,
            now: SystemTime::UNIX_EPOCH,
        };
        loaded
            .policies
            .policies()
            .iter()
            .filter_map(|it| evaluate_policy(it, &request))
            .flat_map(|it| it.rules)
            .map(|it| (it.rule.to_string(), it.outcome))
            .collect()
    }

    /// One word for each rule: `r: fail at spec.x`.
    pub(crate) fn words(&self, policies: &str, object: &str) -> Vec<String> {
        self.judge(policies, object)
            .into_iter()
            .map(|(rule, outcome)| match outcome {
                Outcome::Pass => format!("{rule}: pass"),
                Outcome::Fail { at, .. } => format!("{rule}: fail at {at}"),
                Outcome::Skip { .. } => format!("{rule}: skip"),
                Outcome::Error { .. } => format!("{rule}: error"),
                Outcome::Unsupported { .. } => format!("{rule}: unsupported"),
            })
            .collect()
    }
}

/// Check what the rules of a policy say about a resource.
#[track_caller]
pub(crate) fn check(policies: &str, object: &str, expected: &[&str]) {
    assert_eq!(World::default().words(policies, object), expected);
}
