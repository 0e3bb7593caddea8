//! Rules that two sets of policies share, so that nothing comes of asking both for them.

use super::essence;
use crate::{
    engine::Loaded,
    policy::{self, Policy, PolicyKind},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tollgate_yaml::Node;

/// Leave out of both sets the rules that say the same in either, where no other rule of their policy has
/// a say in what they answer. What is left answers as it did; what is left out would have answered the
/// same twice. The exceptions of both have to be the same. The documents are those that were loaded.
pub fn leave_out_shared(
    (old_documents, old): (&[&Node], &mut Loaded),
    (new_documents, new): (&[&Node], &mut Loaded),
) {
    let sides = [(old_documents, &*old), (new_documents, &*new)];
    let [was, is] = sides.map(|(documents, loaded)| alone_of_their_names(documents, loaded));
    let mut shared = Vec::new();
    for (name, old) in &was {
        if let Some(new) = is.get(name) {
            let rules = shared_rules(*old, *new);
            shared.push((old.1.document, new.1.document, rules));
        }
    }
    for (old_at, new_at, rules) in shared {
        old.policies.leave_out(old_at, &rules);
        new.policies.leave_out(new_at, &rules);
    }
}

/// The policies whose name no other document has, with what they were read from.
fn alone_of_their_names<'a>(
    documents: &[&'a Node],
    loaded: &'a Loaded,
) -> BTreeMap<&'a str, (&'a Node, &'a Policy)> {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    let is_exception = |it: &Node| it.get("kind").and_then(Node::as_str) == Some("PolicyException");
    for it in documents.iter().filter(|it| !is_exception(it)) {
        *count.entry(policy::metadata(it, "name")).or_default() += 1;
    }
    let policies = loaded.policies.policies().iter();
    let alone = policies.filter_map(|it| {
        let document = *documents.get(it.document)?;
        let name = policy::metadata(document, "name");
        (count.get(name) == Some(&1)).then_some((name, (document, it)))
    });
    alone.collect()
}

/// The names of the rules that two policies of one name share.
fn shared_rules(
    (old_document, old): (&Node, &Policy),
    (new_document, new): (&Node, &Policy),
) -> BTreeSet<Arc<str>> {
    let is_plain = |it: &Policy| {
        matches!(it.kind, PolicyKind::ClusterPolicy | PolicyKind::Policy)
            && !it.apply_one
            && it.unsupported.is_none()
            // These give way to generated ones, whichever rule those are made of.
            && !it.rules.iter().any(|it| it.written.starts_with("autogen-"))
    };
    // That one rule cannot be generated for other kinds keeps all others from it.
    let same_around = (
        old.kind,
        &old.key,
        &old.controllers,
        old.scored,
        old.enforce,
    ) == (
        new.kind,
        &new.key,
        &new.controllers,
        new.scored,
        new.enforce,
    );
    let around = |it| essence(&policy::without_rules(it));
    let same_spec = || {
        let (old, new) = (around(old_document), around(new_document));
        old.is_some() && old == new
    };
    if !is_plain(old) || !is_plain(new) || !same_around || !same_spec() {
        return BTreeSet::new();
    }
    let (was, is) = (made(old), made(new));
    let (Some(before), Some(after)) = (by_name(old_document), by_name(new_document)) else {
        return BTreeSet::new();
    };
    let same = |name: &Arc<str>| {
        let (Some(old), Some(new)) = (before.get(&**name), after.get(&**name)) else {
            return false;
        };
        let says = |it: &Node| -> Option<Value> { it.to_json().ok() };
        let said = says(old);
        said.is_some() && said == says(new)
    };
    let names = was.iter().filter(|it| is.get(it.0) == Some(it.1));
    let names = names.map(|it| it.0).filter(|it| same(it));
    names.cloned().collect()
}

/// What is made of each rule as it is written, itself included.
fn made(policy: &Policy) -> BTreeMap<Arc<str>, Vec<Arc<str>>> {
    let mut made: BTreeMap<Arc<str>, Vec<Arc<str>>> = BTreeMap::new();
    for it in &policy.rules {
        let own = made.entry(it.written.clone()).or_default();
        own.push(it.name.clone());
    }
    made
}

/// The rules of a document; `None` where two have one name.
fn by_name(document: &Node) -> Option<BTreeMap<&str, &Node>> {
    let mut named = BTreeMap::new();
    for it in policy::rules(document) {
        let name = it.get("name").and_then(Node::as_str)?;
        if named.insert(name, it).is_some() {
            return None;
        }
    }
    Some(named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate_yaml::{Dialect, Limits, Sources};

    fn rule(name: &str, kind: &str, pattern: &str) -> String {
        format!(
            "  - name: {name}\n    match: {{any: [{{resources: {{kinds: [{kind}]}}}}]}}\n    validate: {{message: m, pattern: {{metadata: {{labels: {{app: \"{pattern}\"}}}}}}}}\n"
        )
    }

    fn policy(name: &str, head: &str, rules: &[String]) -> String {
        let rules = rules.concat();
        format!(
            "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: {name}}}\nspec:\n{head}  rules:\n{rules}"
        )
    }

    fn many(kind: &str) -> Vec<String> {
        (0..40)
            .map(|it| rule(&format!("r{it}"), kind, "?*"))
            .collect()
    }

    /// The rules of each side that are asked, those that are generated included.
    fn asked(old: &str, new: &str) -> [Vec<String>; 2] {
        let sources = Sources::new();
        let read = |name: &str, text: &str| {
            let file = sources.add(name, text);
            tollgate_yaml::parse(text, file, Dialect::Sigs, &Limits::default()).expect("YAML")
        };
        let (old, new) = (read("old", old), read("new", new));
        let (old, new): (Vec<&Node>, Vec<&Node>) = (old.iter().collect(), new.iter().collect());
        let load = |it: &[&Node]| crate::load(it.iter().copied());
        let (mut was, mut is) = (load(&old), load(&new));
        assert!(was.problems.is_empty() && is.problems.is_empty());
        leave_out_shared((&old, &mut was), (&new, &mut is));
        [was, is].map(|it| {
            let rules = it.policies.policies().iter().flat_map(|it| &it.rules);
            rules.map(|it| it.name.to_string()).collect()
        })
    }

    #[test]
    fn of_many_rules_the_one_that_is_edited_is_asked() {
        let old = many("ConfigMap");
        let mut new = old.clone();
        new[7] = rule("r7", "ConfigMap", "*");
        let text = |it: &[String]| policy("p", "", it);
        assert_eq!(asked(&text(&old), &text(&new)), [["r7"], ["r7"]]);
        new.remove(7);
        new.reverse();
        let none: Vec<String> = Vec::new();
        assert_eq!(
            asked(&text(&old), &text(&new)),
            [vec!["r7".to_owned()], none]
        );
    }

    #[test]
    fn what_is_generated_of_an_edited_rule_is_asked_with_it() {
        let old = many("Pod");
        let mut new = old.clone();
        new[3] = rule("r3", "Pod", "*");
        let own = ["r3", "autogen-r3", "autogen-cronjob-r3"];
        assert_eq!(
            asked(&policy("p", "", &old), &policy("p", "", &new)),
            [own, own]
        );
    }

    #[test]
    fn every_rule_is_asked_where_one_has_a_say_in_others() {
        let old = many("ConfigMap");
        let mut new = old.clone();
        new[7] = rule("r7", "ConfigMap", "*");
        let count = |old: &str, new: &str| asked(old, new).map(|it| it.len());
        let with = |head: &str, rules: &[String]| policy("p", head, rules);
        let all = [40, 40];
        let one = "  applyRules: One\n";
        assert_eq!(count(&with(one, &old), &with(one, &new)), all);
        assert_eq!(count(&with("", &old), &with(one, &old)), all);
        let enforce = "  validationFailureAction: Enforce\n";
        assert_eq!(count(&with(enforce, &old), &with("", &new)), all);
        let background = "  background: false\n";
        assert_eq!(count(&with("", &old), &with(background, &new)), all);
        // Another policy of the name, on either side.
        let twice = format!("{}---\n{}", with("", &new), with("", &old[..1]));
        assert_eq!(count(&with("", &old), &twice), [40, 41]);
        assert_eq!(count(&twice, &with("", &old)), [41, 40]);
        // Rules of other names alone are shared by policies of one name.
        assert_eq!(count(&with("", &old), &policy("q", "", &old)), all);
    }

    #[test]
    fn a_rule_that_keeps_others_from_being_generated_has_them_all_asked() {
        let old = many("Pod");
        let mut new = old.clone();
        new[3] = "  - name: r3\n    match: {any: [{resources: {kinds: [Pod, Service]}}]}\n    validate: {message: m, pattern: {metadata: {name: \"?*\"}}}\n".to_owned();
        let asked = asked(&policy("p", "", &old), &policy("p", "", &new));
        assert_eq!(asked.map(|it| it.len()), [120, 40]);
    }

    #[test]
    fn a_rule_that_is_called_like_a_generated_one_has_them_all_asked() {
        let mut old = many("Pod");
        old.push(rule("autogen-own", "Deployment", "?*"));
        let mut new = old.clone();
        new[3] = rule("r3", "ConfigMap", "?*");
        let [was, is] = asked(&policy("p", "", &old), &policy("p", "", &new));
        assert!(
            was.len() > 40 && is.len() > 40,
            "{} {}",
            was.len(),
            is.len()
        );
    }
}
