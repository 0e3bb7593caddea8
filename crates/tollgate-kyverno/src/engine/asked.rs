//! The object that is asked about, as rules match it.

use crate::{
    context::Context,
    matching::{Answer, Block, Gvk, NamespaceLabels, Target, metadata},
    policy::{Policy, PolicyKind, Rule},
    request::{Fixtures, Operation, Request, UnlistedNamespaces, UserInfo},
};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// One object under one operation.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    /// The object; `None` when it is deleted.
    pub(crate) object: Option<Cow<'a, Value>>,
    /// The object before the operation; `None` when it is created.
    pub(crate) old_object: Option<Cow<'a, Value>>,
    pub(crate) operation: Operation,
    pub(crate) user_info: Option<&'a UserInfo>,
    /// Of the parent, if the object is a subresource.
    pub(crate) gvk: Gvk,
    pub(crate) subresource: &'a str,
    pub(crate) namespace_labels: NamespaceLabels<'a>,
    /// Whether it may be in any namespace, whatever it says.
    pub(crate) anywhere: bool,
}

static NO_LABELS: BTreeMap<String, String> = BTreeMap::new();

impl<'a> Asked<'a> {
    /// Values can change the object itself; then it is taken from the context that they were merged
    /// into, and the context is handed out.
    pub(super) fn new(
        request: &Request<'a>,
        context: &mut Option<Context<'a>>,
    ) -> Result<Self, String> {
        let (mut object, mut old_object) = (
            request.object.map(Cow::Borrowed),
            request.old_object.map(Cow::Borrowed),
        );
        let touches = |key: &String| key.starts_with("request") && key != "request.operation";
        if request.values.keys().any(touches) {
            let made = Context::new(request).map_err(|it| it.message)?;
            let owned = |key: &str| made.object(key).cloned().map(Cow::Owned);
            object = owned("object").filter(|_| request.operation != Operation::Delete);
            old_object = owned("oldObject");
            *context = Some(made);
        }
        let written = request
            .object
            .or(request.old_object)
            .unwrap_or(&Value::Null);
        let mut gvk = Gvk::of(written);
        let mut subresource = "";
        for it in &request.fixtures.subresources {
            let (group, version, kind) = &it.kind;
            if (&gvk.group, &gvk.version, &gvk.kind) == (group, version, kind) {
                let (group, version, kind) = it.parent.clone();
                gvk = Gvk {
                    group,
                    version,
                    kind,
                };
                subresource = it.name.split_once('/').map_or("", |it| it.1);
            }
        }
        let namespace = metadata(written, "namespace");
        Ok(Self {
            object,
            old_object,
            operation: request.operation,
            user_info: request.user_info,
            gvk,
            subresource,
            namespace_labels: labels_of(namespace, request.fixtures),
            anywhere: false,
        })
    }

    /// The object, or the one that is deleted.
    pub(crate) fn resource(&self) -> Option<&Value> {
        self.object.as_deref().or(self.old_object.as_deref())
    }

    /// A `Policy` is for objects in its own namespace only.
    pub(super) fn is_in_namespace_of(&self, policy: &Policy) -> bool {
        if policy.kind != PolicyKind::Policy {
            return true;
        }
        let own = match &*policy.namespace {
            "" => "default",
            namespace => namespace,
        };
        [&self.object, &self.old_object]
            .into_iter()
            .flatten()
            .all(|it| metadata(it, "namespace") == own)
    }

    /// Whether the rule is for this object.
    pub(super) fn matches(&self, rule: &Rule) -> Answer {
        let Some(resource) = self.resource() else {
            return Answer::No;
        };
        let target = self.target(resource, self.operation, self.user_info);
        let body = &rule.body;
        is_for(&body.matches, &body.exclude, &target)
    }

    pub(crate) fn target<'t>(
        &'t self,
        resource: &'t Value,
        operation: Operation,
        user_info: Option<&'t UserInfo>,
    ) -> Target<'t> {
        Target {
            resource,
            gvk: &self.gvk,
            subresource: self.subresource,
            operation,
            user_info,
            namespace_labels: self.namespace_labels,
            anywhere: self.anywhere,
        }
    }
}

/// Whether a rule with these blocks is for the target. That a `Policy` is for its own namespace alone
/// is for the caller to see to.
pub(crate) fn is_for(matches: &Block, exclude: &Block, target: &Target<'_>) -> Answer {
    match matches.matches(target) {
        Answer::No => Answer::No,
        matched => matched.min(!exclude.excludes(target)),
    }
}

/// What is known of a namespace's labels. An object without a namespace has none to ask.
fn labels_of<'a>(namespace: &'a str, fixtures: &'a Fixtures) -> NamespaceLabels<'a> {
    let listed = fixtures.namespace_labels.get(namespace);
    let as_in_cluster =
        fixtures.unlisted_namespaces == UnlistedNamespaces::Unknown && !namespace.is_empty();
    NamespaceLabels {
        listed: listed.unwrap_or(&NO_LABELS),
        name: as_in_cluster.then_some(namespace),
        all: listed.is_some() || !as_in_cluster,
    }
}
