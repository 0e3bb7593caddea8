//! Label selectors with wildcards. Source: `pkg/utils/match/labels.go`, `ReplaceInSelector` in
//! `pkg/engine/wildcards` and apimachinery's `LabelSelectorAsSelector`.

use super::Answer;
use std::collections::BTreeMap;
use tollgate_jmespath::wildcard;

/// One of `matchExpressions`.
#[derive(Clone, Debug)]
pub(crate) struct Requirement {
    pub(crate) key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub(crate) operator: String,
    pub(crate) values: Vec<String>,
}

/// A label selector; an empty one selects everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selector {
    /// Keys and values may have wildcards.
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) expressions: Vec<Requirement>,
}

impl Selector {
    /// Whether it selects everything.
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.expressions.is_empty()
    }

    /// Whether a cluster would take it.
    pub(crate) fn is_valid(&self) -> bool {
        let mut labels = self.labels.iter();
        labels.all(|it| !it.0.is_empty()) && self.expressions.iter().all(Requirement::is_valid)
    }

    /// Whether labels are selected. A selector that is not valid selects nothing.
    pub(crate) fn matches(&self, labels: &BTreeMap<&str, &str>) -> bool {
        self.selects(labels, true) == Answer::Yes
    }

    /// Whether labels are selected of which these are known, or `all` there are.
    pub(crate) fn selects(&self, labels: &BTreeMap<&str, &str>, all: bool) -> Answer {
        let by_label = self.labels.iter().map(|(key, value)| {
            if wildcard::has_wildcard(key) || wildcard::has_wildcard(value) {
                let found = labels
                    .iter()
                    .any(|(k, v)| wildcard::matches(key, k) && wildcard::matches(value, v));
                return Answer::known_if(found || all, found);
            }
            let there = labels.get(key.as_str());
            Answer::known_if(there.is_some() || all, there == Some(&value.as_str()))
        });
        let by_expression = self.expressions.iter().map(|it| {
            let known = all || labels.contains_key(it.key.as_str()) || !it.is_valid();
            Answer::known_if(known, it.holds(labels))
        });
        by_label.chain(by_expression).min().unwrap_or(Answer::Yes)
    }
}

impl Requirement {
    fn is_valid(&self) -> bool {
        match self.operator.as_str() {
            "In" | "NotIn" => !self.values.is_empty(),
            "Exists" | "DoesNotExist" => self.values.is_empty(),
            _ => false,
        }
    }

    fn holds(&self, labels: &BTreeMap<&str, &str>) -> bool {
        let there = labels.get(self.key.as_str());
        let listed = there.is_some_and(|it| self.values.iter().any(|value| value == it));
        self.is_valid()
            && match self.operator.as_str() {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => there.is_some(),
                _ => there.is_none(),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_expressions() {
        let labels = BTreeMap::from([("app.kubernetes.io/name", "web"), ("tier", "front")]);
        let by = |key: &str, value: &str| Selector {
            labels: vec![(key.to_owned(), value.to_owned())],
            expressions: Vec::new(),
        };
        assert!(by("tier", "front").matches(&labels));
        assert!(by("app.*", "w?b").matches(&labels));
        assert!(!by("tier", "b*").matches(&labels));
        assert!(Selector::default().matches(&labels));
        let requires = |operator: &str, key: &str, values: &[&str]| Selector {
            labels: Vec::new(),
            expressions: vec![Requirement {
                key: key.to_owned(),
                operator: operator.to_owned(),
                values: values.iter().map(|it| (*it).to_owned()).collect(),
            }],
        };
        assert!(requires("In", "tier", &["front", "back"]).matches(&labels));
        assert!(requires("NotIn", "other", &["x"]).matches(&labels));
        assert!(requires("Exists", "tier", &[]).matches(&labels));
        assert!(!requires("DoesNotExist", "tier", &[]).matches(&labels));
        assert!(!requires("Like", "tier", &["front"]).matches(&labels));
    }
}
