//! `match` and `exclude`. Source: `pkg/engine/utils/match.go` and `pkg/utils/match`.

mod kind;
mod selector;
#[cfg(test)]
mod tests;

pub(crate) use kind::{Gvk, KindSelector, bare_kind, is_named};
pub(crate) use selector::{Requirement, Selector};

use crate::request::{Operation, UserInfo};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use tollgate_jmespath::wildcard;

/// Criteria of which all that are given must be met.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) kinds: Vec<KindSelector>,
    pub(crate) name: String,
    pub(crate) names: Vec<String>,
    pub(crate) namespaces: Vec<String>,
    pub(crate) annotations: Vec<(String, String)>,
    pub(crate) selector: Option<Selector>,
    pub(crate) namespace_selector: Option<Selector>,
    pub(crate) operations: Vec<String>,
    pub(crate) roles: Vec<String>,
    pub(crate) cluster_roles: Vec<String>,
    pub(crate) subjects: Vec<Subject>,
}

/// An RBAC subject.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
}

/// A `match` or `exclude` block: the first of its forms that is not empty counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    pub(crate) any: Vec<Filter>,
    pub(crate) all: Vec<Filter>,
    /// Criteria that stand in the block itself.
    pub(crate) direct: Filter,
}

/// Whether something holds, which may hang on what nobody knows. Of several that must all hold the
/// least counts, of several of which one must hold the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Answer {
    No,
    Unknown,
    Yes,
}

impl Answer {
    fn known_if(known: bool, holds: bool) -> Self {
        match (known, holds) {
            (false, _) => Self::Unknown,
            (true, false) => Self::No,
            (true, true) => Self::Yes,
        }
    }

    fn of(holds: bool) -> Self {
        Self::known_if(true, holds)
    }
}

impl std::ops::Not for Answer {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }
}

/// The labels of the namespace in which an object is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NamespaceLabels<'a> {
    pub(crate) listed: &'a BTreeMap<String, String>,
    /// The namespace's name, which a cluster writes into a label; `None` where nobody does.
    pub(crate) name: Option<&'a str>,
    /// Whether it has no others.
    pub(crate) all: bool,
}

impl NamespaceLabels<'_> {
    const NAME: &'static str = "kubernetes.io/metadata.name";

    fn selected_by(&self, selector: &Selector) -> Answer {
        let listed = self.listed.iter();
        let mut labels: BTreeMap<&str, &str> = listed
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        labels.extend(self.name.map(|it| (Self::NAME, it)));
        selector.selects(&labels, self.all)
    }
}

/// What is matched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) resource: &'a Value,
    pub(crate) gvk: &'a Gvk,
    pub(crate) subresource: &'a str,
    pub(crate) operation: Operation,
    pub(crate) user_info: Option<&'a UserInfo>,
    pub(crate) namespace_labels: NamespaceLabels<'a>,
    /// Whether it may be in any namespace, whatever it says.
    pub(crate) anywhere: bool,
}

impl Block {
    /// Whether a rule with this `match` is for the target.
    pub(crate) fn matches(&self, target: &Target<'_>) -> Answer {
        self.of_filters(&|it| it.matches(target))
            .unwrap_or_else(|| self.direct.matches(target))
    }

    /// Whether a rule with this `exclude` is not for the target.
    pub(crate) fn excludes(&self, target: &Target<'_>) -> Answer {
        self.of_filters(&|it| it.excludes(target))
            .unwrap_or_else(|| self.direct.excludes(target))
    }

    /// What the filters of `any` or `all` answer together; `None` where there are none.
    fn of_filters(&self, ask: &dyn Fn(&Filter) -> Answer) -> Option<Answer> {
        if self.any.is_empty() {
            self.all.iter().map(ask).min()
        } else {
            self.any.iter().map(ask).max()
        }
    }

    /// Whether a rule with this `match` may be for an object to which this happens.
    pub(crate) fn may_match(&self, operation: Operation) -> bool {
        let takes = |it: &Filter| it.takes(operation);
        match (&*self.any, &*self.all) {
            ([], []) => takes(&self.direct),
            ([], all) => all.iter().all(takes),
            (any, _) => any.iter().any(takes),
        }
    }

    /// The same for all kinds that may be meant by those that it names.
    pub(crate) fn loosely(&self) -> Self {
        let mut loose = self.clone();
        let filters = loose.any.iter_mut().chain(&mut loose.all);
        for filter in filters.chain([&mut loose.direct]) {
            filter.kinds = filter.kinds.iter().map(KindSelector::loosely).collect();
        }
        loose
    }

    /// Whether it names an operation.
    pub(crate) fn names(&self, operation: Operation) -> bool {
        let mut filters = self.any.iter().chain(&self.all).chain([&self.direct]);
        filters.any(|it| !it.operations.is_empty() && it.takes(operation))
    }

    /// Whether it names any operation.
    pub(crate) fn names_operations(&self) -> bool {
        let mut filters = self.any.iter().chain(&self.all).chain([&self.direct]);
        filters.any(|it| !it.operations.is_empty())
    }

    /// Whether it asks for the namespace of an object or the labels of its namespace.
    pub(crate) fn asks_of_namespace(&self) -> bool {
        let mut filters = self.any.iter().chain(&self.all).chain([&self.direct]);
        filters.any(|it| !it.namespaces.is_empty() || it.namespace_selector.is_some())
    }

    /// Whether an exception with this `match` is for the target. Operations do not count, and an
    /// empty filter matches nothing. Source: `pkg/engine/utils/exceptions.go`.
    pub(crate) fn excepts(&self, target: &Target<'_>) -> Answer {
        self.of_filters(&|it| {
            Answer::of(!it.is_empty() && it.meets_user(target.user_info))
                .min(it.meets_resource(target, true))
        })
        .unwrap_or(Answer::No)
    }
}

impl Filter {
    fn asks_of_user(&self) -> bool {
        !(self.roles.is_empty() && self.cluster_roles.is_empty() && self.subjects.is_empty())
    }

    fn asks_of_resource(&self) -> bool {
        !(self.kinds.is_empty()
            && self.name.is_empty()
            && self.names.is_empty()
            && self.namespaces.is_empty()
            && self.annotations.is_empty()
            && self.selector.is_none()
            && self.namespace_selector.is_none()
            && self.operations.is_empty())
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.asks_of_user() && !self.asks_of_resource()
    }

    /// In `match`, criteria on the user are left out where the user is not known.
    fn matches(&self, target: &Target<'_>) -> Answer {
        let asks_of_user = target.user_info.is_some() && self.asks_of_user();
        let may_match = (asks_of_user || self.asks_of_resource())
            && self.takes(target.operation)
            && (!asks_of_user || self.meets_user(target.user_info));
        Answer::of(may_match).min(self.meets_resource(target, false))
    }

    fn excludes(&self, target: &Target<'_>) -> Answer {
        let may_exclude =
            !self.is_empty() && self.takes(target.operation) && self.meets_user(target.user_info);
        Answer::of(may_exclude).min(self.meets_resource(target, false))
    }

    fn takes(&self, operation: Operation) -> bool {
        let mut operations = self.operations.iter();
        self.operations.is_empty() || operations.any(|it| it == operation.as_str())
    }

    fn meets_resource(&self, target: &Target<'_>, exception: bool) -> Answer {
        let resource = target.resource;
        if !self.kinds.is_empty()
            && !self
                .kinds
                .iter()
                .any(|it| it.matches(target.gvk, target.subresource))
        {
            return Answer::No;
        }
        let name = match metadata(resource, "name") {
            "" => metadata(resource, "generateName"),
            name => name,
        };
        if !self.name.is_empty() && !wildcard::matches(&self.name, name) {
            return Answer::No;
        }
        if !self.names.is_empty() && !self.names.iter().any(|it| wildcard::matches(it, name)) {
            return Answer::No;
        }
        let kind = text(resource, "kind");
        let mut answer = Answer::Yes;
        if target.anywhere && !self.namespaces.is_empty() {
            let all = |it: &String| matches!(it.as_str(), "*" | "?*");
            answer = Answer::known_if(self.namespaces.iter().any(all), true);
        } else if !self.namespaces.is_empty() {
            let namespace = if kind == "Namespace" {
                metadata(resource, "name")
            } else {
                metadata(resource, "namespace")
            };
            if !self
                .namespaces
                .iter()
                .any(|it| wildcard::matches(it, namespace))
            {
                return Answer::No;
            }
        }
        if !self.annotations.is_empty() {
            let there = strings(resource, "annotations");
            let met = self.annotations.iter().all(|(key, value)| {
                there
                    .iter()
                    .any(|(k, v)| wildcard::matches(key, k) && wildcard::matches(value, v))
            });
            if !met {
                return Answer::No;
            }
        }
        if let Some(selector) = &self.selector
            && !selector.matches(&strings(resource, "labels"))
        {
            return Answer::No;
        }
        let by_labels = match &self.namespace_selector {
            None => Answer::Yes,
            Some(it) if target.anywhere => Answer::known_if(it.is_empty(), true),
            // Namespaces themselves: a rule leaves them out, an exception does not look.
            Some(_) if kind == "Namespace" => Answer::of(exception),
            Some(_) if kind.is_empty() => Answer::Yes,
            Some(selector) => target.namespace_labels.selected_by(selector),
        };
        answer.min(by_labels)
    }

    fn meets_user(&self, user: Option<&UserInfo>) -> bool {
        let nobody = UserInfo::default();
        let user = user.unwrap_or(&nobody);
        let shares = |wanted: &[String], there: &[String]| {
            wanted.is_empty() || wanted.iter().any(|it| there.contains(it))
        };
        shares(&self.roles, &user.roles)
            && shares(&self.cluster_roles, &user.cluster_roles)
            && (self.subjects.is_empty() || self.subjects.iter().any(|it| it.is(user)))
    }
}

impl Subject {
    fn is(&self, user: &UserInfo) -> bool {
        match self.kind.as_str() {
            "ServiceAccount" => wildcard::matches(
                &format!("system:serviceaccount:{}:{}", self.namespace, self.name),
                user.username(),
            ),
            "Group" => user.groups().any(|it| wildcard::matches(&self.name, it)),
            "User" => wildcard::matches(&self.name, user.username()),
            _ => false,
        }
    }
}

/// A text of the resource's metadata; empty where it is not there.
pub(crate) fn metadata<'a>(resource: &'a Value, key: &str) -> &'a str {
    resource
        .get("metadata")
        .and_then(|it| it.get(key))
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn text<'a>(resource: &'a Value, key: &str) -> &'a str {
    resource
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Labels or annotations; none at all where one of them is not a string, as `GetLabels` has it.
fn strings<'a>(resource: &'a Value, key: &str) -> BTreeMap<&'a str, &'a str> {
    resource
        .get("metadata")
        .and_then(|it| it.get(key))
        .and_then(Value::as_object)
        .and_then(all_strings)
        .unwrap_or_default()
}

fn all_strings(map: &Map<String, Value>) -> Option<BTreeMap<&str, &str>> {
    map.iter()
        .map(|(key, value)| Some((key.as_str(), value.as_str()?)))
        .collect()
}
