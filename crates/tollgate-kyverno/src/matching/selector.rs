//! Label selectors with wildcards. Source: `pkg/utils/match/labels.go`, `ReplaceInSelector` in
//! `pkg/engine/wildcards` and apimachinery's `LabelSelectorAsSelector`.

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
    /// Whether labels are selected. A selector that is not valid selects nothing.
    pub(crate) fn matches(&self, labels: &BTreeMap<&str, &str>) -> bool {
        let labels_match = self.labels.iter().all(|(key, value)| {
            if wildcard::has_wildcard(key) || wildcard::has_wildcard(value) {
                labels
                    .iter()
                    .any(|(k, v)| wildcard::matches(key, k) && wildcard::matches(value, v))
            } else {
                labels.get(key.as_str()) == Some(&value.as_str())
            }
        });
        labels_match && self.expressions.iter().all(|it| it.holds(labels))
    }
}

impl Requirement {
    fn holds(&self, labels: &BTreeMap<&str, &str>) -> bool {
        let there = labels.get(self.key.as_str());
        let listed = there.is_some_and(|it| self.values.iter().any(|value| value == it));
        match self.operator.as_str() {
            "In" => !self.values.is_empty() && listed,
            "NotIn" => !self.values.is_empty() && !listed,
            "Exists" => self.values.is_empty() && there.is_some(),
            "DoesNotExist" => self.values.is_empty() && there.is_none(),
            _ => false,
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
