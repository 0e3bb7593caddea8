//! What a rule of `kyverno.io` says, read into types.

use crate::{
    conditions::Conditions,
    context::{ContextEntry, ImageExtractors, Template},
    matching::Block,
    podsecurity::PodSecurity,
    verify_images::ImageVerification,
};
use serde_json::Value;
use std::sync::{Arc, OnceLock};

/// The parts of a rule.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    /// Shared by rules that say the same: those that autogen makes nearly always do.
    pub(crate) matches: Arc<Block>,
    pub(crate) exclude: Arc<Block>,
    pub(crate) context: Vec<ContextEntry>,
    pub(crate) preconditions: Option<Conditions>,
    pub(crate) image_extractors: ImageExtractors,
    pub(crate) check: Check,
    /// Whether what it says hangs on the namespace of the object; found out when it is first asked.
    pub(crate) looks: OnceLock<bool>,
}

/// What a rule does with what it matches.
#[derive(Clone, Debug)]
pub(crate) enum Check {
    Validate(Box<Validation>),
    PodSecurity(Box<PodSecurityRule>),
    VerifyImages(Vec<ImageVerification>),
    Generate(Box<Generation>),
    /// Something that cannot be judged yet.
    Unsupported(&'static str),
}

/// `validate` with patterns, conditions or loops.
#[derive(Clone, Debug)]
pub(crate) struct Validation {
    pub(crate) message: Option<Template>,
    /// `failureAction` of the rule or the policy: a failure blocks.
    pub(crate) enforce: bool,
    /// An update of an object that was in violation before is let through.
    pub(crate) allow_existing: bool,
    pub(crate) test: Test,
}

/// `validate.podSecurity`.
#[derive(Clone, Debug)]
pub(crate) struct PodSecurityRule {
    pub(crate) asks: PodSecurity,
    /// As for [`Validation`].
    pub(crate) enforce: bool,
    /// As for [`Validation`].
    pub(crate) allow_existing: bool,
}

/// `generate` with `data` or `clone`: an object that is written out in the rule, or a copy.
#[derive(Clone, Debug)]
pub(crate) struct Generation {
    /// The whole of `generate`: `apiVersion`, `kind`, `namespace`, `name` and, if there is
    /// something to write or to copy, `data` or `clone`.
    pub(crate) pattern: Template,
}

/// What is tested; the first that is given counts.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    pub(crate) deny: Option<Deny>,
    pub(crate) pattern: Option<Template>,
    /// A list of patterns.
    pub(crate) any_pattern: Option<Template>,
    pub(crate) foreach: Vec<Foreach>,
}

/// `deny`: without conditions, everything is denied.
#[derive(Clone, Debug)]
pub(crate) struct Deny {
    pub(crate) conditions: Option<Conditions>,
}

/// One loop over the elements of a list.
#[derive(Clone, Debug)]
pub(crate) struct Foreach {
    /// The query for the list.
    pub(crate) list: String,
    pub(crate) element_scope: Option<bool>,
    pub(crate) context: Vec<ContextEntry>,
    pub(crate) preconditions: Option<Conditions>,
    pub(crate) test: Test,
}

impl Body {
    /// Every query in it that is known beforehand.
    pub(crate) fn queries(&self, found: &mut dyn FnMut(&str)) {
        if let Check::Validate(validation) = &self.check
            && let Some(message) = &validation.message
        {
            message.queries(found);
        }
        in_context(&self.context, found);
        in_conditions(self.preconditions.as_ref(), found);
        match &self.check {
            Check::Validate(validation) => validation.test.queries(found),
            Check::Generate(generation) => generation.pattern.queries(found),
            Check::PodSecurity(_) | Check::VerifyImages(_) | Check::Unsupported(_) => {}
        }
    }
}

impl Test {
    fn queries(&self, found: &mut dyn FnMut(&str)) {
        if let Some(deny) = &self.deny {
            in_conditions(deny.conditions.as_ref(), found);
        }
        for pattern in self.pattern.iter().chain(&self.any_pattern) {
            pattern.queries(found);
        }
        for it in &self.foreach {
            found(&it.list);
            in_context(&it.context, found);
            in_conditions(it.preconditions.as_ref(), found);
            it.test.queries(found);
        }
    }

    /// Whether there is nothing to test.
    pub(crate) fn is_empty(&self) -> bool {
        self.deny.is_none()
            && self.pattern.is_none()
            && self.any_pattern.is_none()
            && self.foreach.is_empty()
    }
}

fn in_conditions(conditions: Option<&Conditions>, found: &mut dyn FnMut(&str)) {
    for condition in conditions.into_iter().flat_map(Conditions::iter) {
        condition.key.queries(found);
        condition.value.queries(found);
    }
}

fn in_context(entries: &[ContextEntry], found: &mut dyn FnMut(&str)) {
    use crate::context::Source;
    for entry in entries {
        match &entry.source {
            Source::Variable {
                value,
                jmes_path,
                default,
            } => {
                for template in value.iter().chain(jmes_path).chain(default) {
                    template.queries(found);
                }
                if let Some(Value::String(path)) = jmes_path.as_ref().map(Template::value) {
                    found(path);
                }
            }
            Source::ConfigMap { name, namespace } => {
                name.queries(found);
                namespace.queries(found);
            }
            Source::ApiCall(call) | Source::Global(call) => call.queries(found),
            Source::ImageRegistry => {}
        }
    }
}
