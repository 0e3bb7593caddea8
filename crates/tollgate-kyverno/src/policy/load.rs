//! Documents to policies.

use super::{
    Body, Check, Policy, PolicyKind, Problem, Rule, RuleType,
    constraints::Constraints,
    fields::{Fault, Fields},
    read, shape,
    unread::Unread,
    vet::Vetting,
};
use crate::{
    autogen::{self, Generated},
    context::{ImageExtractors, Queries},
    engine::{Loaded, PolicySet},
    exception,
};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use tollgate_yaml::{Entry, FieldPath, Mapping, Node, Span, Value as Tree};

/// Read policies and exceptions. Documents of other kinds are problems: in a folder of policies
/// they would be policies that nobody enforces.
pub fn load<'a>(documents: impl IntoIterator<Item = &'a Node>) -> Loaded {
    let mut policies = Vec::new();
    let mut exceptions = Vec::new();
    let mut problems = Vec::new();
    for (at, document) in documents.into_iter().enumerate() {
        let name = metadata(document, "name");
        let fault = match read_document(document, name) {
            Ok(Document::Policy(mut policy)) => {
                policy.document = at;
                policies.push(*policy);
                continue;
            }
            Ok(Document::Exception(exception)) => {
                exceptions.push(*exception);
                continue;
            }
            Err(fault) => fault,
        };
        problems.push(Problem {
            document: document.span(),
            span: document.blame(&fault.at).edit_here(),
            unread: kind_of(document).map(|it| Unread::new(document, it, name)),
            name: Some(Arc::from(name)).filter(|it: &Arc<str>| !it.is_empty()),
            message: match fault.refused {
                true => format!("Kyverno refuses the policy: {}", fault.message),
                false => fault.message,
            },
            refused: fault.refused,
        });
    }
    Loaded {
        policies: PolicySet::new(policies),
        exceptions,
        problems,
    }
}

/// The version of policies that says less.
const NEWER: &str = "kyverno.io/v2beta1";

enum Document {
    Policy(Box<Policy>),
    Exception(Box<exception::PolicyException>),
}

fn read_document(document: &Node, name: &str) -> Result<Document, Fault> {
    let text = |key: &str| document.get(key).and_then(Node::as_str).unwrap_or_default();
    let (api, kind) = (text("apiVersion"), text("kind"));
    let group = api.split_once('/').map_or("", |it| it.0);
    if kind == "PolicyException" && matches!(group, "kyverno.io" | "policies.kyverno.io") {
        let value = json(document)?;
        return exception::read(document, &value).map(|it| Document::Exception(Box::new(it)));
    }
    let Some(kind) = policy_kind(group, kind) else {
        let why = format!("`{api}` `{kind}` is not a policy that Kyverno knows");
        return Err(why.into());
    };
    let is_rules = matches!(kind, PolicyKind::ClusterPolicy | PolicyKind::Policy);
    if is_rules && !matches!(api, "kyverno.io/v1" | NEWER) {
        let why = format!("`{api}` is no version of {kind:?} that Kyverno serves");
        return Err(Fault::new(&FieldPath::root().key("apiVersion"), why));
    }
    let policy = match kind {
        PolicyKind::ClusterPolicy | PolicyKind::Policy => read_policy(document, kind, name)?,
        _ => foreign(document, kind, name),
    };
    Ok(Document::Policy(Box::new(policy)))
}

/// What policy a document is; `None` for an exception, and for what is none of both.
/// The document as an API server hands it to Kyverno: a ClusterPolicy stands in no namespace, and one that
/// is written, which kustomize's `namespace` does to every kind that it does not know, is dropped. Kyverno's
/// CLI refuses it. Source: `k8s.io/apiserver` `EnsureObjectNamespaceMatchesRequestNamespace`.
pub fn as_stored(document: &Node) -> Cow<'_, Node> {
    let is_placed = document
        .get("metadata")
        .and_then(|it| it.get("namespace"))
        .is_some();
    if !is_placed || kind_of(document) != Some(PolicyKind::ClusterPolicy) {
        return Cow::Borrowed(document);
    }
    let mut stored = document.clone();
    let metadata = stored
        .as_mapping_mut()
        .and_then(|it| it.get_mut("metadata"));
    if let Some(metadata) = metadata.and_then(Node::as_mapping_mut) {
        metadata.remove("namespace");
    }
    Cow::Owned(stored)
}

fn kind_of(document: &Node) -> Option<PolicyKind> {
    let text = |key: &str| document.get(key).and_then(Node::as_str).unwrap_or_default();
    let group = text("apiVersion").split_once('/').map_or("", |it| it.0);
    policy_kind(group, text("kind"))
}

fn json(node: &Node) -> Result<Value, Fault> {
    node.to_json().map_err(|it| it.message.into())
}

/// A text of the document's metadata; empty where it is not there.
pub(crate) fn metadata<'a>(document: &'a Node, key: &str) -> &'a str {
    document
        .get("metadata")
        .and_then(|it| it.get(key))
        .and_then(Node::as_str)
        .unwrap_or_default()
}

fn policy_kind(group: &str, kind: &str) -> Option<PolicyKind> {
    let is_ours = group == "policies.kyverno.io";
    let kind = if is_ours {
        kind.strip_prefix("Namespaced").unwrap_or(kind)
    } else {
        kind
    };
    match (group, kind) {
        ("kyverno.io", "ClusterPolicy") => Some(PolicyKind::ClusterPolicy),
        ("kyverno.io", "Policy") => Some(PolicyKind::Policy),
        (_, "ValidatingPolicy") if is_ours => Some(PolicyKind::ValidatingPolicy),
        (_, "MutatingPolicy") if is_ours => Some(PolicyKind::MutatingPolicy),
        (_, "GeneratingPolicy") if is_ours => Some(PolicyKind::GeneratingPolicy),
        (_, "ImageValidatingPolicy") if is_ours => Some(PolicyKind::ImageValidatingPolicy),
        (_, "DeletingPolicy") if is_ours => Some(PolicyKind::DeletingPolicy),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy") => {
            Some(PolicyKind::ValidatingAdmissionPolicy)
        }
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy") => {
            Some(PolicyKind::MutatingAdmissionPolicy)
        }
        _ => None,
    }
}

pub(super) fn annotation<'a>(document: &'a Node, key: &str) -> Option<&'a str> {
    document
        .get("metadata")?
        .get("annotations")?
        .get(key)?
        .as_str()
}

pub(super) fn base(document: &Node, kind: PolicyKind, name: &str) -> Policy {
    let text = |key: &str| annotation(document, key).map(Arc::from);
    let namespace = metadata(document, "namespace");
    Policy {
        name: Arc::from(name),
        namespace: Arc::from(namespace),
        key: match namespace {
            "" => Arc::from(name),
            namespace => format!("{namespace}/{name}").into(),
        },
        kind,
        span: document.span(),
        document: 0,
        severity: text("policies.kyverno.io/severity"),
        category: text("policies.kyverno.io/category"),
        scored: annotation(document, "policies.kyverno.io/scored") != Some("false"),
        enforce: false,
        rules: Vec::new(),
        apply_one: false,
        at_deletion: true,
        controllers: Vec::new(),
        unsupported: None,
        constraints: None,
        queries: Queries::default(),
    }
}

/// A policy of a kind that is not evaluated yet: one rule without a name that always errs.
fn foreign(document: &Node, kind: PolicyKind, name: &str) -> Policy {
    let mut policy = base(document, kind, name);
    policy.unsupported = Some(format!("policies of kind {kind:?} are not evaluated yet").into());
    policy.at_deletion = foreign_at_deletion(document, kind);
    policy.constraints = Some(Constraints::of(document));
    policy.rules.push(Rule {
        name: Arc::from(""),
        written: Arc::from(""),
        kind: match kind {
            PolicyKind::MutatingPolicy | PolicyKind::MutatingAdmissionPolicy => RuleType::Mutate,
            PolicyKind::GeneratingPolicy => RuleType::Generate,
            PolicyKind::ImageValidatingPolicy => RuleType::VerifyImages,
            _ => RuleType::Validate,
        },
        span: document.span(),
        generated: None,
        body: Arc::new(Body {
            matches: Arc::default(),
            exclude: Arc::default(),
            context: Vec::new(),
            preconditions: None,
            image_extractors: ImageExtractors::new(),
            check: Check::Unsupported("this kind of policy"),
            looks: OnceLock::new(),
        }),
    });
    policy
}

/// Whether a policy with expressions is asked where something is deleted: its operations are named.
fn foreign_at_deletion(document: &Node, kind: PolicyKind) -> bool {
    let refuses = matches!(
        kind,
        PolicyKind::ValidatingPolicy
            | PolicyKind::ValidatingAdmissionPolicy
            | PolicyKind::ImageValidatingPolicy
    );
    let spec = document.get("spec");
    let inside = |keys: &[&str]| keys.iter().try_fold(spec?, |node, key| node.get(key));
    let enabled = inside(&["evaluation", "admission", "enabled"]);
    let off = enabled.and_then(|it| it.to_json().ok()) == Some(Value::Bool(false));
    let rules = inside(&["matchConstraints", "resourceRules"]).and_then(Node::as_sequence);
    let operations = rules
        .into_iter()
        .flatten()
        .filter_map(|it| it.get("operations"));
    let mut operations = operations.filter_map(Node::as_sequence).flatten();
    refuses && !off && operations.any(|it| matches!(it.as_str(), Some("DELETE" | "*")))
}

fn read_policy(document: &Node, kind: PolicyKind, name: &str) -> Result<Policy, Fault> {
    let value = json(&without_rules(document))?;
    shape::POLICY.check(&value, &FieldPath::root())?;
    let vetting = Vetting::new(&value, kind).map_err(Fault::of_kyverno)?;
    let spec = Fields::new(value.get("spec"), "spec", FieldPath::root().key("spec"))?;
    let mut policy = base(document, kind, name);
    policy.enforce = spec
        .text("validationFailureAction")?
        .is_some_and(|it| it.eq_ignore_ascii_case("enforce"));
    policy.at_deletion = spec.boolean("admission")?.unwrap_or(true);
    policy.apply_one = spec.text("applyRules")? == Some("One");
    let webhook = spec.fields("webhookConfiguration")?;
    if !webhook.list("matchConditions")?.is_empty() {
        policy.unsupported =
            Some("`webhookConfiguration.matchConditions` (CEL) is not evaluated yet".into());
    }
    read_rules(document, &mut policy, vetting)?;
    for rule in &policy.rules {
        rule.body
            .queries(&mut |query| policy.queries.prepare(query));
    }
    Ok(policy)
}

/// The rules one by one, in two passes: all of a long policy at once would be many times its text.
fn read_rules(document: &Node, policy: &mut Policy, mut vetting: Vetting) -> Result<(), Fault> {
    let rules = rules(document);
    let mut autogen = autogen::Applicable::default();
    let place = FieldPath::root().key("spec").key("rules");
    let newer = document.get("apiVersion").and_then(Node::as_str) == Some(NEWER);
    for (at, rule) in rules.iter().enumerate() {
        let rule = json(rule)?;
        shape::RULE.check(&rule, &place.index(at))?;
        if newer {
            shape::newer(&rule, &place.index(at))?;
        }
        autogen.look_at(&rule);
    }
    policy.controllers = autogen.controllers(annotation(
        document,
        "pod-policies.kyverno.io/autogen-controllers",
    ));
    let mut blocks = read::Blocks::default();
    let mut generated = Vec::new();
    for (at, rule) in rules.iter().enumerate() {
        let (value, span, at) = (json(rule)?, rule.span(), place.index(at));
        vetting.written(&value, &at).map_err(Fault::of_kyverno)?;
        let written = read_rule(&value, &at, span, None, policy.enforce, &mut blocks)?;
        for to in [Generated::Controllers, Generated::CronJob] {
            if let Some(made) = autogen::generate(&value, to, &policy.controllers) {
                vetting
                    .generated(&made, &value, &at)
                    .map_err(Fault::of_kyverno)?;
                let made = read_rule(&made, &at, span, Some(to), policy.enforce, &mut blocks)?;
                generated.push(Rule {
                    written: written.name.clone(),
                    ..made
                });
            }
        }
        policy.rules.push(written);
    }
    policy.rules.append(&mut generated);
    vetting.finish().map_err(Fault::of_kyverno)
}

/// The rules of a policy as they are written.
pub(crate) fn rules(document: &Node) -> &[Node] {
    let rules = document.get("spec").and_then(|it| it.get("rules"));
    rules.and_then(Node::as_sequence).unwrap_or_default()
}

/// The document with an empty list in place of the rules.
pub(crate) fn without_rules(document: &Node) -> Node {
    let mut short = Mapping::new();
    for entry in document.as_mapping().into_iter().flat_map(Mapping::iter) {
        let mut value = Node::null(entry.value.origin);
        if let ("spec", Some(spec)) = (&*entry.key.text, entry.value.as_mapping()) {
            let kept = spec.iter().map(|it| match it.value.as_sequence() {
                Some(_) if &*it.key.text == "rules" => Entry {
                    key: it.key.clone(),
                    value: Node::sequence(Vec::new(), it.value.origin),
                },
                _ => it.clone(),
            });
            let mut spec = Mapping::new();
            kept.for_each(|it| spec.push(it));
            value.value = Tree::Mapping(spec);
        } else {
            value = entry.value.clone();
        }
        short.push(Entry {
            key: entry.key.clone(),
            value,
        });
    }
    Node::mapping(short, document.origin)
}

fn read_rule(
    value: &Value,
    at: &FieldPath,
    span: Span,
    generated: Option<Generated>,
    enforce: bool,
    blocks: &mut read::Blocks,
) -> Result<Rule, Fault> {
    let body = read::rule(value, at, enforce, blocks)?;
    let name = value.get("name").and_then(Value::as_str);
    let name: Arc<str> = Arc::from(name.unwrap_or_default());
    Ok(Rule {
        written: name.clone(),
        name,
        kind: match body.check {
            Check::Unsupported("mutate") => RuleType::Mutate,
            Check::Generate(_) | Check::Unsupported("generate") => RuleType::Generate,
            Check::VerifyImages(_) => RuleType::VerifyImages,
            _ => RuleType::Validate,
        },
        span,
        generated,
        body: Arc::new(body),
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::load_text;

    #[test]
    fn other_kinds_and_unknown_fields_are_problems() {
        let loaded = load_text(
            "apiVersion: v1\nkind: ConfigMap\n---\n\
             apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec:\n  rules:\n  \
             - name: r\n    match: {any: [{resources: {kinds: [Pod]}}]}\n    exlude: {}\n    \
             validate: {deny: {}}\n",
        );
        let messages: Vec<_> = loaded
            .problems
            .iter()
            .map(|it| it.message.as_str())
            .collect();
        assert_eq!(
            messages,
            [
                "`v1` `ConfigMap` is not a policy that Kyverno knows",
                "`spec.rules[0]` has no field `exlude`"
            ]
        );
        assert_eq!(loaded.problems[1].name.as_deref(), Some("p"));
    }

    #[test]
    fn kinds_that_are_not_evaluated_are_loaded() {
        let loaded = load_text(
            "apiVersion: policies.kyverno.io/v1\nkind: ValidatingPolicy\nmetadata: {name: v}\n",
        );
        assert_eq!(loaded.policies.policies().len(), 1);
        assert!(loaded.problems.is_empty());
    }
}
