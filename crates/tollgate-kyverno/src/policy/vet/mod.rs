//! What Kyverno itself refuses before it takes a policy: such a policy judges nothing in any
//! cluster. Source: `pkg/validation/policy`, `pkg/policy/{validate,mutate,generate}` and the
//! `Validate` methods of `api/kyverno/v1`, as its command line asks them (without a cluster).

mod actions;
mod blocks;
mod conditions;
mod context;
mod images;
mod metadata;
mod patterns;
#[cfg(test)]
mod tests;
mod variables;

use super::{PolicyKind, fields::Fault};
use serde_json::Value;
use std::collections::BTreeSet;
use tollgate_yaml::FieldPath;

static NULL: Value = Value::Null;

/// The value of a key; null where there is none.
fn get<'v>(value: &'v Value, key: &str) -> &'v Value {
    value.get(key).unwrap_or(&NULL)
}

/// The value of a key as Go's JSON reader finds it: where no key is the same, one that differs in case.
pub(super) fn folded<'v>(value: &'v Value, key: &str) -> &'v Value {
    let exact = value.get(key);
    let like = || {
        let map = value.as_object()?;
        map.iter().find(|it| it.0.eq_ignore_ascii_case(key))
    };
    exact.or_else(|| Some(like()?.1)).unwrap_or(&NULL)
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    get(value, key).as_array().map_or(&[], Vec::as_slice)
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    get(value, key).as_str().unwrap_or_default()
}

fn given(value: &Value, key: &str) -> bool {
    !get(value, key).is_null()
}

/// Whether a rule does this: upstream compares an action with one that nobody wrote.
pub(super) fn does(rule: &Value, action: &str) -> bool {
    match (action, get(rule, action)) {
        // Fields of it that nobody writes have values by default.
        ("validate", written) => written.is_object(),
        ("verifyImages", Value::Array(images)) => images.iter().any(Value::is_object),
        _ => says(rule, action),
    }
}

/// Whether anything is written in a field.
fn says(value: &Value, key: &str) -> bool {
    // What these say counts whatever it is.
    const COUNT: [&str; 4] = [
        "patchStrategicMerge",
        "data",
        "mutateExistingOnPolicyUpdate",
        "generateExisting",
    ];
    let is_written = |(key, it): (&String, &Value)| match it {
        Value::Null => false,
        Value::Bool(false) => COUNT.contains(&key.as_str()),
        Value::String(text) => !text.is_empty() || COUNT.contains(&key.as_str()),
        _ => true,
    };
    get(value, key)
        .as_object()
        .is_some_and(|it| it.iter().any(is_written))
}

fn path(steps: &str) -> FieldPath {
    steps
        .split('.')
        .fold(FieldPath::root(), |path, step| path.key(step))
}

/// A policy whose rules are looked at one after the other.
#[derive(Debug)]
pub(super) struct Vetting {
    /// Of a `Policy`.
    namespace: Option<String>,
    background: bool,
    /// `spec.mutateExistingOnPolicyUpdate`.
    mutates_on_update: bool,
    audits: bool,
    names: BTreeSet<String>,
    mutates_existing: bool,
    has_variables: bool,
    /// The first variable about who asks, which background scans do not know.
    user_variable: Option<Fault>,
    only_on_admission: Option<FieldPath>,
}

impl Vetting {
    /// Begin with all but the rules.
    ///
    /// # Errors
    /// What Kyverno refuses.
    pub(super) fn new(policy: &Value, kind: PolicyKind) -> Result<Self, Fault> {
        let (metadata, spec) = (get(policy, "metadata"), get(policy, "spec"));
        let namespaced = kind == PolicyKind::Policy;
        let background = get(spec, "background").as_bool().unwrap_or(true);
        let mut vetting = Self {
            namespace: namespaced.then(|| text(metadata, "namespace").to_owned()),
            background,
            mutates_on_update: get(spec, "mutateExistingOnPolicyUpdate") == &Value::Bool(true),
            audits: !matches!(text(spec, "validationFailureAction"), "Enforce" | "enforce"),
            names: BTreeSet::new(),
            mutates_existing: false,
            has_variables: false,
            user_variable: None,
            only_on_admission: None,
        };
        if !namespaced && !text(metadata, "namespace").is_empty() {
            return refuse(
                &path("metadata.namespace"),
                "a ClusterPolicy must not have a namespace",
            );
        }
        metadata::vet(metadata, &path("metadata"))?;
        // The rules are not in it: they are looked at as they come.
        vetting.note_variables(policy, &FieldPath::root());
        if text(metadata, "name").is_empty() && text(metadata, "generateName").is_empty() {
            return refuse(&path("metadata"), "a policy needs a name");
        }
        if text(metadata, "name").len() > 63 {
            return refuse(
                &path("metadata.name"),
                "the name of a policy must not be longer than 63 bytes",
            );
        }
        let annotation = get(
            get(metadata, "annotations"),
            "pod-policies.kyverno.io/autogen-controllers",
        );
        if annotation == "all" {
            return refuse(
                &path("metadata.annotations").key("pod-policies.kyverno.io/autogen-controllers"),
                "`all` is no longer a value of this annotation: leave it out",
            );
        }
        vet_spec(spec, namespaced)?;
        let admission = get(spec, "admission").as_bool().unwrap_or(true);
        if !admission {
            if !background {
                return refuse(
                    &path("spec.admission"),
                    "`spec.admission` and `spec.background` must not both be false",
                );
            }
            vetting.only_on_admission = Some(path("spec.admission"));
        }
        Ok(vetting)
    }

    /// One rule as it is written, in the order of the policy.
    ///
    /// # Errors
    /// What Kyverno refuses.
    pub(super) fn written(&mut self, rule: &Value, at: &FieldPath) -> Result<(), Fault> {
        let name = text(rule, "name");
        if !self.names.insert(name.to_owned()) {
            return refuse(&at.key("name"), format!("two rules have the name `{name}`"));
        }
        if name.len() > 63 {
            return refuse(
                &at.key("name"),
                "the name of a rule must not be longer than 63 bytes",
            );
        }
        self.note_variables(rule, at);
        self.mutates_existing |= given(get(rule, "mutate"), "targets");
        if self.background {
            blocks::no_users(rule, at)?;
        }
        if let Some(admission) = &self.only_on_admission
            && ["mutate", "generate", "verifyImages"]
                .iter()
                .any(|it| does(rule, it))
        {
            return refuse(
                admission,
                "`spec.admission: false` is for policies whose rules validate",
            );
        }
        actions::one_action(rule, at)?;
        blocks::vet(rule, at, self.namespace.is_some())?;
        actions::mutate_targets(rule, at, self)?;
        actions::pod_security(rule, at)?;
        actions::generate_form(rule, at, self)?;
        if self.namespace.is_none() {
            overrides(
                list(get(rule, "validate"), "failureActionOverrides"),
                &at.key("validate").key("failureActionOverrides"),
            )?;
        }
        variables::forbidden(rule, at)?;
        variables::resolve(rule, at, self.background)?;
        blocks::kinds(rule, at, self.background)?;
        actions::patches(rule, at)?;
        blocks::described(rule, at)?;
        conditions::vet(rule, at)?;
        variables::elements(rule, at)?;
        context::vet(rule, at, self.namespace.is_some())?;
        images::extractors(rule, at)?;
        blocks::some_kind(rule, at)?;
        actions::vet(rule, at)?;
        images::vet(rule, at, self.audits)?;
        patterns::metadata_is_text(rule, at)?;
        actions::on_update(rule, at, self)
    }

    /// A rule that autogen made of the one at `at`, which was looked at before: what it says anew is
    /// where its references lead, and what it lost.
    ///
    /// # Errors
    /// What Kyverno refuses.
    pub(super) fn generated(
        &mut self,
        rule: &Value,
        of: &Value,
        at: &FieldPath,
    ) -> Result<(), Fault> {
        let any = get(get(rule, "validate"), "anyPattern");
        if !any.is_null() && any.as_array().is_none_or(Vec::is_empty) {
            return refuse(
                &at.key("validate").key("anyPattern"),
                "the rules that are made for controllers of Pods have no patterns",
            );
        }
        if given(get(of, "mutate"), "targets") || variables::has_references(rule) {
            variables::resolve(rule, at, self.background)?;
        }
        if does(rule, "mutate") {
            actions::vet(rule, at)?;
        }
        Ok(())
    }

    fn note_variables(&mut self, part: &Value, at: &FieldPath) {
        let (any, about_user) = variables::about_users(part, at);
        self.has_variables |= any;
        if self.user_variable.is_none() {
            self.user_variable = about_user;
        }
    }

    /// After the last rule.
    ///
    /// # Errors
    /// What Kyverno refuses.
    pub(super) fn finish(self) -> Result<(), Fault> {
        match self.user_variable {
            Some(fault) if self.background && !self.mutates_existing => Err(fault),
            _ => Ok(()),
        }
    }
}

fn refuse<T>(at: &FieldPath, why: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::new(at, why))
}

fn vet_spec(spec: &Value, namespaced: bool) -> Result<(), Fault> {
    let webhook = get(spec, "webhookConfiguration");
    for (old, new) in [
        ("webhookTimeoutSeconds", "timeoutSeconds"),
        ("failurePolicy", "failurePolicy"),
    ] {
        if given(spec, old) && given(webhook, new) {
            return refuse(
                &path("spec").key(old),
                format!(
                    "`spec.{old}` and `spec.webhookConfiguration.{new}` must not both be given: leave the first out"
                ),
            );
        }
    }
    if given(spec, "generateExistingOnPolicyUpdate") {
        return refuse(
            &path("spec.generateExistingOnPolicyUpdate"),
            "`spec.generateExistingOnPolicyUpdate` is gone: write `generate.generateExisting` in the rules",
        );
    }
    for (value, at) in [
        (
            get(spec, "webhookTimeoutSeconds"),
            path("spec.webhookTimeoutSeconds"),
        ),
        (
            get(webhook, "timeoutSeconds"),
            path("spec.webhookConfiguration.timeoutSeconds"),
        ),
    ] {
        if value.as_i64().is_some_and(|it| !(1..=30).contains(&it)) {
            return refuse(&at, format!("`{at}` must be from 1 to 30"));
        }
    }
    let all = list(spec, "validationFailureActionOverrides");
    let at = path("spec.validationFailureActionOverrides");
    if namespaced && !all.is_empty() {
        return refuse(&at, "overrides are for a ClusterPolicy");
    }
    overrides(all, &at)
}

/// Source: `validateNamespaces`.
fn overrides(all: &[Value], at: &FieldPath) -> Result<(), Fault> {
    use tollgate_jmespath::wildcard;
    // Enforce, then Audit: names and patterns.
    let mut sets = [(); 2].map(|()| (BTreeSet::new(), BTreeSet::new()));
    for (index, it) in all.iter().enumerate() {
        let at = at.index(index);
        let enforce = match text(it, "action") {
            "enforce" | "Enforce" => true,
            "audit" | "Audit" => false,
            _ => return refuse(&at.key("action"), "an override needs an action"),
        };
        let namespaces = list(it, "namespaces").iter().filter_map(Value::as_str);
        let (patterns, names): (Vec<&str>, Vec<&str>) =
            namespaces.partition(|it| it.contains(['*', '?']));
        let at = at.key("namespaces");
        let other = &sets[usize::from(enforce)].0;
        if let Some(name) = names.iter().find(|it| other.contains(**it)) {
            return refuse(
                &at,
                format!("the namespace `{name}` is overridden both ways"),
            );
        }
        let own = &mut sets[usize::from(!enforce)];
        own.0.extend(names);
        own.1.extend(patterns);
        let [(enforced, enforcing), (audited, auditing)] = &sets;
        for (patterns, names) in [
            (auditing, enforced),
            (enforcing, audited),
            (auditing, enforcing),
            (enforcing, auditing),
        ] {
            for name in names {
                if let Some(pattern) = patterns.iter().find(|it| wildcard::matches(it, name)) {
                    return refuse(
                        &at,
                        format!("`{pattern}` is overridden one way and `{name}` the other"),
                    );
                }
            }
        }
    }
    Ok(())
}
