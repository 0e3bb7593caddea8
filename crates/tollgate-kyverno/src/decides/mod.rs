//! What one set of policies decides less of than another, by what they say: nothing is evaluated.
//!
//! A change that can be shown to decide at least as much (a message, an added rule, a wider `match`, a
//! pattern that asks for more) is none. One of which that cannot be shown is told: nobody can try all
//! the resources that there may be.

mod cel;
mod covers;
mod pattern;
mod rule;
mod shared;

pub use shared::leave_out_shared;

use crate::policy;
use serde_json::{Map, Value};
use std::cell::OnceCell;
use std::collections::BTreeSet;
use tollgate_yaml::{Node, Span};

/// Something that `new` decides less of than `old` did, or may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Less {
    /// `ClusterPolicy`, `PolicyException`, ...
    pub kind: String,
    /// The name of the policy, or of the exception.
    pub name: String,
    /// Its namespace; empty where it has none.
    pub namespace: String,
    /// The rule, where it is about one.
    pub rule: Option<String>,
    /// One clause.
    pub why: String,
    /// Where the policy, rule or exception stands: in `new`, unless it is gone.
    pub at: Span,
    /// Whether it is gone, so that `at` is a place of `old`.
    pub gone: bool,
}

/// Labels of a policy and all but these of its annotations decide nothing.
const ANNOTATIONS: [&str; 2] = [
    "policies.kyverno.io/scored",
    "pod-policies.kyverno.io/autogen-controllers",
];

/// A document as it decides.
struct Document<'a> {
    node: &'a Node,
    json: Value,
    kind: &'a str,
    name: &'a str,
    namespace: &'a str,
    made_for: OnceCell<Option<Vec<String>>>,
}

impl<'a> Document<'a> {
    fn read(node: &'a Node) -> Self {
        Self {
            node,
            // A document that JSON cannot hold does not load; it is equal to no other.
            json: essence(node).unwrap_or(Value::Null),
            kind: node.get("kind").and_then(Node::as_str).unwrap_or_default(),
            name: policy::metadata(node, "name"),
            namespace: policy::metadata(node, "namespace"),
            made_for: OnceCell::new(),
        }
    }

    fn is_cel(&self) -> bool {
        let api = self.json.get("apiVersion").and_then(Value::as_str);
        api.is_some_and(|it| it.starts_with("policies.kyverno.io/"))
    }

    fn spec(&self) -> &Value {
        self.json.get("spec").unwrap_or(&Value::Null)
    }

    /// The namespace that counts: a ClusterPolicy is in none.
    fn place(&self) -> &str {
        if self.kind == "ClusterPolicy" {
            ""
        } else {
            self.namespace
        }
    }

    fn rules(&self) -> Vec<&Value> {
        let rules = self.spec().get("rules").and_then(Value::as_array);
        rules.into_iter().flatten().collect()
    }

    fn rule_span(&self, at: usize) -> Span {
        let rules = self.node.get("spec").and_then(|it| it.get("rules"));
        let rules = rules.and_then(Node::as_sequence).unwrap_or_default();
        rules.get(at).map_or(self.node.span(), Node::span)
    }

    /// The kinds for which rules are generated of its own: none where none is. `None` where it does not
    /// load.
    fn made_for(&self) -> Option<&[String]> {
        let load = || {
            let loaded = policy::load([self.node]);
            let policy = loaded.policies.policies().first()?;
            let is_made = policy.rules.iter().any(|it| it.generated.is_some());
            Some(match is_made {
                true => policy.controllers.clone(),
                false => Vec::new(),
            })
        };
        self.made_for.get_or_init(load).as_deref()
    }

    fn less(&self, rule: Option<&str>, why: impl Into<String>, at: Span, gone: bool) -> Less {
        Less {
            kind: self.kind.to_owned(),
            name: self.name.to_owned(),
            namespace: self.namespace.to_owned(),
            rule: rule.map(str::to_owned),
            why: why.into(),
            at,
            gone,
        }
    }
}

/// A policy or exception without what decides nothing: labels, most annotations, what a cluster adds.
/// Two with the same essence decide the same. `None` where JSON cannot hold it.
pub fn essence(document: &Node) -> Option<Value> {
    let mut json = document.to_json().ok()?;
    let root = json.as_object_mut()?;
    root.remove("status");
    if let Some(metadata) = root.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|key, _| matches!(key.as_str(), "name" | "namespace" | "annotations"));
        let kept = metadata
            .get_mut("annotations")
            .and_then(Value::as_object_mut);
        if let Some(annotations) = kept {
            annotations.retain(|key, _| ANNOTATIONS.contains(&key.as_str()));
            if annotations.is_empty() {
                metadata.remove("annotations");
            }
        }
    }
    Some(json)
}

/// What `new` decides less of than `old`: policies and exceptions of one place each.
pub fn less<'a>(
    old: impl IntoIterator<Item = &'a Node>,
    new: impl IntoIterator<Item = &'a Node>,
) -> Vec<Less> {
    let split = |documents: Vec<Document<'a>>| -> (Vec<Document<'a>>, Vec<Document<'a>>) {
        documents
            .into_iter()
            .partition(|it| it.kind == "PolicyException")
    };
    let (old_exceptions, old) = split(old.into_iter().map(Document::read).collect());
    let (new_exceptions, new) = split(new.into_iter().map(Document::read).collect());
    let (old, new) = (distinct(old), distinct(new));
    let mut out = Vec::new();
    let partners = partners(&old, &new);
    out.extend(namesakes(&old, &new, &partners));
    for (at, partner) in partners.into_iter().enumerate() {
        let policy = &old[at];
        match partner {
            Some(partner) => out.extend(pair(policy, &new[partner], &new)),
            None => out.extend(gone(policy, &new)),
        }
    }
    out.extend(exceptions(&old_exceptions, &new_exceptions));
    out
}

/// Without copies: what is there twice to the letter decides once.
fn distinct(documents: Vec<Document<'_>>) -> Vec<Document<'_>> {
    let mut kept: Vec<Document<'_>> = Vec::new();
    for it in documents {
        if it.json.is_null() || !kept.iter().any(|other| other.json == it.json) {
            kept.push(it);
        }
    }
    kept
}

/// Which of `new` each of `old` became: the same one first, then the one of its name, then the one
/// that says the same under another name, then one of its name elsewhere.
fn partners(old: &[Document<'_>], new: &[Document<'_>]) -> Vec<Option<usize>> {
    type Same = fn(&Document<'_>, &Document<'_>) -> bool;
    let mut found: Vec<Option<usize>> = vec![None; old.len()];
    let mut free: BTreeSet<usize> = (0..new.len()).collect();
    let named: Same = |a, b| (a.kind, a.place(), a.name) == (b.kind, b.place(), b.name);
    let tiers: [Same; 6] = [
        |a, b| !a.json.is_null() && a.json == b.json,
        // Of several of one name, one that decides as much.
        |a, b| {
            (a.kind, a.place(), a.name) == (b.kind, b.place(), b.name) && pair(a, b, &[]).is_empty()
        },
        named,
        |a, b| {
            let same_place = a.kind == b.kind && a.place() == b.place();
            same_place && !a.spec().is_null() && a.spec() == b.spec()
        },
        |a, b| a.kind == b.kind && a.name == b.name,
        |a, b| a.is_cel() == b.is_cel() && a.name == b.name,
    ];
    for same in tiers {
        for (at, document) in old.iter().enumerate() {
            if found[at].is_some() {
                continue;
            }
            let partner = free.iter().copied().find(|it| same(document, &new[*it]));
            if let Some(partner) = partner {
                free.remove(&partner);
                found[at] = Some(partner);
            }
        }
    }
    found
}

/// Policies that are added under the name of one that stays, and decide less than it: where both are applied,
/// a cluster keeps the later one. Where `old` has several of a name, they are for several clusters.
fn namesakes(old: &[Document<'_>], new: &[Document<'_>], partners: &[Option<usize>]) -> Vec<Less> {
    let named = |a: &Document<'_>, b: &Document<'_>| {
        (a.kind, a.place(), a.name) == (b.kind, b.place(), b.name)
    };
    let added = new.iter().enumerate();
    let added = added.filter(|(at, _)| !partners.contains(&Some(*at)));
    let less = added.filter_map(|(_, second)| {
        let mut first = old.iter().filter(|it| named(it, second));
        let only = first.next().filter(|_| first.next().is_none())?;
        let why = format!(
            "is a second {} `{}` that asks for less: where both are applied, the cluster keeps one of them",
            second.kind, second.name
        );
        let is_less = !pair(only, second, &[]).is_empty();
        is_less.then(|| second.less(None, why, second.node.span(), false))
    });
    less.collect()
}

/// A policy that is not there any more: nothing is lost where each of its rules is decided elsewhere.
fn gone(old: &Document<'_>, all: &[Document<'_>]) -> Vec<Less> {
    let rules = old.rules();
    let moved = |rule: &&Value| rule::is_decided_elsewhere(old, rule, all);
    if !old.is_cel() && !rules.is_empty() && rules.iter().all(moved) {
        return Vec::new();
    }
    let why = format!("{} `{}` is gone", old.kind, old.name);
    vec![old.less(None, why, old.node.span(), true)]
}

/// What a policy that became another decides less of.
fn pair(old: &Document<'_>, new: &Document<'_>, all: &[Document<'_>]) -> Vec<Less> {
    if !old.json.is_null() && old.json == new.json {
        return Vec::new();
    }
    if old.json.is_null() || new.json.is_null() {
        let why = "cannot be compared with what it was";
        return vec![new.less(None, why, new.node.span(), false)];
    }
    let mut out: Vec<Less> = moved(old, new).into_iter().collect();
    if old.is_cel() {
        let clauses = cel::less(old.kind, old.spec(), new.spec());
        let at = new.node.span();
        out.extend(
            clauses
                .into_iter()
                .map(|why| new.less(None, why, at, false)),
        );
        return out;
    }
    let at = new.node.span();
    let whole = rule::of_whole(old, new);
    out.extend(whole.into_iter().map(|why| new.less(None, why, at, false)));
    out.extend(rule::of_rules(old, new, all));
    out
}

/// That it is for less than it was, by where it stands.
fn moved(old: &Document<'_>, new: &Document<'_>) -> Option<Less> {
    let why = match (old.kind, new.kind) {
        (a, b) if a == b && old.place() == new.place() => return None,
        (a, b) if a == b => {
            format!(
                "moves from namespace `{}` to `{}`",
                old.namespace, new.namespace
            )
        }
        // One for a namespace becomes one for all.
        ("Policy", "ClusterPolicy") => return None,
        (a, b) if a == format!("Namespaced{b}") => return None,
        (_, b) => format!("is of kind {b} now, for one namespace alone"),
    };
    Some(new.less(None, why, new.node.span(), false))
}

/// Exceptions of `new` that except what none of `old` does.
fn exceptions(old: &[Document<'_>], new: &[Document<'_>]) -> Vec<Less> {
    let mut out = Vec::new();
    for it in new {
        if old
            .iter()
            .any(|old| !it.json.is_null() && old.json == it.json)
        {
            continue;
        }
        let wider = if it.is_cel() {
            !old.iter().any(|old| old.is_cel() && cel::excepts(old, it))
        } else {
            !excepted(it, old)
        };
        if !wider {
            continue;
        }
        let before = old
            .iter()
            .any(|old| (old.name, old.namespace) == (it.name, it.namespace));
        let verb = if before { "is widened" } else { "is added" };
        let mut why = format!("exception `{}` {verb}", it.name);
        let named = excepted_policies(it.spec());
        if !named.is_empty() {
            why = format!("{why}: it lets resources off {}", named.join(", "));
        }
        out.push(it.less(None, why, it.node.span(), false));
    }
    out
}

/// What an exception names, as people say it.
fn excepted_policies(spec: &Value) -> Vec<String> {
    let list = |key: &str| {
        spec.get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let text = |it: &Value, key: &str| it.get(key).and_then(Value::as_str).map(str::to_owned);
    let rules = list("exceptions").filter_map(|it| text(it, "policyName"));
    let names: BTreeSet<String> = rules
        .chain(list("policyRefs").filter_map(|it| text(it, "name")))
        .map(|it| format!("`{it}`"))
        .collect();
    names.into_iter().collect()
}

/// Whether others except all that one of `kyverno.io` does.
fn excepted(new: &Document<'_>, old: &[Document<'_>]) -> bool {
    let empty = Vec::new();
    let entries = |it: &Document<'_>| -> Vec<Value> {
        let entries = it.spec().get("exceptions").and_then(Value::as_array);
        entries.unwrap_or(&empty).clone()
    };
    let background = |it: &Document<'_>| it.spec().get("background") != Some(&Value::Bool(false));
    let known = |it: &Document<'_>| {
        let spec = it.spec().as_object();
        let keys = [
            "exceptions",
            "match",
            "conditions",
            "podSecurity",
            "background",
        ];
        spec.is_some_and(|it| it.keys().all(|key| keys.contains(&key.as_str())))
    };
    if !known(new) {
        return false;
    }
    let covers = |old: &Document<'_>, entry: &Value| {
        !old.is_cel()
            && old.namespace == new.namespace
            && known(old)
            && (background(old) || !background(new))
            && entries(old).iter().any(|it| names(it, entry))
            && covers::blocks(&old.spec()["match"], &new.spec()["match"])
            && covers::conditions(&old.spec()["conditions"], &new.spec()["conditions"])
            && covers::is_part(&new.spec()["podSecurity"], &old.spec()["podSecurity"])
    };
    entries(new)
        .iter()
        .all(|entry| old.iter().any(|it| covers(it, entry)))
}

/// Whether an entry of an exception names all the rules that another one names.
fn names(wide: &Value, narrow: &Value) -> bool {
    wide.get("policyName") == narrow.get("policyName")
        && covers::list(wide.get("ruleNames"), narrow.get("ruleNames"), covers::name)
}

/// The keys of an object that are not among `known`, with their values.
fn others(value: &Value, known: &[&str]) -> Map<String, Value> {
    let mut map = value.as_object().cloned().unwrap_or_default();
    map.retain(|key, _| !known.contains(&key.as_str()));
    map
}

#[cfg(test)]
mod tests;
