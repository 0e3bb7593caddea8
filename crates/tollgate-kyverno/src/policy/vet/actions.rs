//! What rules do: `validate`, `mutate` and `generate`. Source: `pkg/policy/{validate,mutate,generate}`
//! and `api/kyverno/v1`.

use super::{Vetting, blocks, does, get, given, list, patterns, refuse, says, text, variables};
use crate::{context::fill_variables, policy::fields::Fault, scope::is_cluster_scoped};
use serde_json::Value;
use tollgate_yaml::{Dialect, FieldPath, Limits, Sources, parse};

/// What Kyverno puts in place of variables to read the rest.
const FILLED: &str = "kyvernojsonpatchvariable";

/// Source: `ValidateRuleType`.
pub(super) fn one_action(rule: &Value, at: &FieldPath) -> Result<(), Fault> {
    const ACTIONS: [&str; 4] = ["mutate", "validate", "generate", "verifyImages"];
    let found = ACTIONS.iter().filter(|it| does(rule, it)).count();
    if found == 0 {
        return refuse(
            at,
            format!("`{at}` has none of mutate, validate, generate and verifyImages"),
        );
    }
    if found > 1 {
        return refuse(
            at,
            format!("`{at}` may have only one of mutate, validate, generate and verifyImages"),
        );
    }
    if given(rule, "imageExtractors") && !does(rule, "verifyImages") {
        return refuse(
            &at.key("imageExtractors"),
            format!("`{at}` may have imageExtractors only with verifyImages"),
        );
    }
    Ok(())
}

/// Source: `validateMutateTargets` and `ValidateMutationRuleTargetNamespace`.
pub(super) fn mutate_targets(rule: &Value, at: &FieldPath, policy: &Vetting) -> Result<(), Fault> {
    let mutate = get(rule, "mutate");
    if !does(rule, "mutate") {
        return Ok(());
    }
    let targets = list(mutate, "targets");
    let on_update = get(mutate, "mutateExistingOnPolicyUpdate") == &Value::Bool(true);
    if (policy.mutates_on_update || on_update) && targets.is_empty() {
        return refuse(
            &at.key("mutate"),
            "mutateExistingOnPolicyUpdate needs `mutate.targets`",
        );
    }
    for (index, target) in targets.iter().enumerate() {
        let namespace = text(target, "namespace");
        let own = policy.namespace.as_deref();
        if own.is_some_and(|own| !namespace.is_empty() && namespace != own) {
            return refuse(
                &at.key("mutate")
                    .key("targets")
                    .index(index)
                    .key("namespace"),
                "a Policy changes what is in its own namespace",
            );
        }
    }
    Ok(())
}

/// Source: `ValidatePSaControlNames`.
pub(super) fn pod_security(rule: &Value, at: &FieldPath) -> Result<(), Fault> {
    const CONTAINERS: [&str; 5] = [
        "Capabilities",
        "Privileged Containers",
        "Host Ports",
        "/proc Mount Type",
        "Privilege Escalation",
    ];
    const PODS: [&str; 4] = [
        "Host Namespaces",
        "HostPath Volumes",
        "Sysctls",
        "Volume Types",
    ];
    const RESTRICTED: [&str; 4] = [
        "Volume Types",
        "Privilege Escalation",
        "Running as Non-root",
        "Running as Non-root user",
    ];
    let asks = get(get(rule, "validate"), "podSecurity");
    let at = at.key("validate").key("podSecurity").key("exclude");
    for (index, it) in list(asks, "exclude").iter().enumerate() {
        let at = at.index(index);
        let control = text(it, "controlName");
        let images = !list(it, "images").is_empty();
        if CONTAINERS.contains(&control) && !images {
            return refuse(
                &at,
                format!("`{control}` is about containers: it needs images"),
            );
        }
        if PODS.contains(&control) && images {
            return refuse(&at, format!("`{control}` is about Pods: it has no images"));
        }
        let field = !text(it, "restrictedField").is_empty();
        if field == list(it, "values").is_empty() {
            return refuse(&at, "restrictedField and values belong together");
        }
        if text(asks, "level") == "baseline" && RESTRICTED.contains(&control) {
            return refuse(&at, format!("`{control}` is no control of the baseline"));
        }
    }
    Ok(())
}

/// What a JSON patch does, with something in place of variables.
pub(super) fn operations(patch: &str) -> Option<Vec<Value>> {
    let filled = fill_variables(patch, FILLED);
    match document(&filled)? {
        Value::Array(items) => items.iter().all(Value::is_object).then_some(items),
        Value::Null => Some(Vec::new()),
        _ => None,
    }
}

fn document(text: &str) -> Option<Value> {
    let file = Sources::new().add("a patch", text);
    let documents = parse(text, file, Dialect::Sigs, &Limits::default()).ok()?;
    match documents.first() {
        Some(document) => document.to_json().ok(),
        None => Some(Value::Null),
    }
}

/// Paths of the patch as it is written.
pub(super) fn written_paths(patch: &str) -> Vec<String> {
    let items = document(patch);
    let items = items.as_ref().and_then(Value::as_array);
    let paths = items
        .into_iter()
        .flatten()
        .map(|it| text(it, "path").to_owned());
    paths.collect()
}

/// Source: `validateJSONPatchPathForForwardSlash` and `validateJSONPatch`.
pub(super) fn patches(rule: &Value, at: &FieldPath) -> Result<(), Fault> {
    let at = at.key("mutate").key("patchesJson6902");
    let Some(operations) = operations(text(get(rule, "mutate"), "patchesJson6902")) else {
        return refuse(&at, "the patch is no list of operations");
    };
    for it in &operations {
        let Some(path) = get(it, "path").as_str() else {
            return refuse(&at, "an operation of the patch lacks its path");
        };
        if !path.starts_with('/') {
            return refuse(&at, format!("the path `{path}` must begin with a slash"));
        }
        let operation = text(it, "op");
        match operation {
            "remove" => {}
            "move" | "copy" if get(it, "from").is_string() => {}
            "move" | "copy" => return refuse(&at, format!("`{operation}` lacks `from`")),
            "add" | "replace" | "test" if it.get("value").is_some() => {}
            "add" | "replace" | "test" => {
                return refuse(&at, format!("`{operation}` needs a value"));
            }
            other => return refuse(&at, format!("`{other}` is no operation of a patch")),
        }
    }
    Ok(())
}

pub(super) fn vet(rule: &Value, at: &FieldPath) -> Result<(), Fault> {
    if does(rule, "mutate") {
        mutate(rule, &at.key("mutate"))?;
    }
    if does(rule, "validate") {
        validate(rule, &at.key("validate"))?;
    }
    if does(rule, "generate") {
        generate(rule, &at.key("generate"))?;
    }
    Ok(())
}

fn validate(rule: &Value, at: &FieldPath) -> Result<(), Fault> {
    let validate = get(rule, "validate");
    let manifests = !list(get(validate, "manifests"), "attestors").is_empty();
    let tests = [
        "pattern",
        "anyPattern",
        "deny",
        "foreach",
        "podSecurity",
        "cel",
    ];
    match tests.iter().filter(|it| given(validate, it)).count() + usize::from(manifests) {
        0 => {
            return refuse(
                at,
                format!("`{at}` has none of pattern, anyPattern, deny and foreach"),
            );
        }
        1 => {}
        _ => {
            return refuse(
                at,
                format!("`{at}` may have only one of {}", tests.join(", ")),
            );
        }
    }
    let any = get(validate, "anyPattern");
    if !any.is_null() && !any.is_array() {
        return refuse(
            &at.key("anyPattern"),
            format!("`{at}.anyPattern` must be a list"),
        );
    }
    patterns::anchors(get(validate, "pattern"), &at.key("pattern"), true)?;
    for (index, it) in list(validate, "anyPattern").iter().enumerate() {
        patterns::anchors(it, &at.key("anyPattern").index(index), true)?;
    }
    for (index, it) in list(validate, "foreach").iter().enumerate() {
        let at = at.key("foreach").index(index);
        if text(it, "list").is_empty() {
            return refuse(&at, format!("`{at}` lacks `list`"));
        }
        let tests = ["pattern", "anyPattern", "deny"];
        let nested = usize::from(!list(it, "foreach").is_empty());
        match tests.iter().filter(|key| given(it, key)).count() + nested {
            1 => {}
            _ => {
                return refuse(
                    &at,
                    format!("`{at}` needs one of pattern, anyPattern, deny and foreach"),
                );
            }
        }
    }
    let cel = get(validate, "cel");
    if given(rule, "celPreconditions") && cel.is_null() {
        return refuse(at, "celPreconditions are for a rule in CEL");
    }
    if !cel.is_null() {
        common_expressions(cel, &at.key("cel"))?;
    }
    Ok(())
}

fn common_expressions(cel: &Value, at: &FieldPath) -> Result<(), Fault> {
    for (index, it) in list(cel, "expressions").iter().enumerate() {
        if text(it, "expression").is_empty() {
            return refuse(
                &at.key("expressions").index(index),
                "an expression is empty",
            );
        }
    }
    let (kind, reference) = (get(cel, "paramKind"), get(cel, "paramRef"));
    if kind.is_null() != reference.is_null() {
        return refuse(at, "paramKind and paramRef belong together");
    }
    if !kind.is_null() {
        if text(kind, "apiVersion").is_empty() || text(kind, "kind").is_empty() {
            return refuse(&at.key("paramKind"), "paramKind needs apiVersion and kind");
        }
        if text(reference, "name").is_empty() != given(reference, "selector") {
            return refuse(
                &at.key("paramRef"),
                "paramRef needs one of name and selector",
            );
        }
        if !given(reference, "parameterNotFoundAction") {
            return refuse(
                &at.key("paramRef"),
                "paramRef lacks `parameterNotFoundAction`",
            );
        }
    }
    for (index, it) in list(cel, "auditAnnotations").iter().enumerate() {
        if text(it, "key").is_empty() || text(it, "valueExpression").is_empty() {
            return refuse(
                &at.key("auditAnnotations").index(index),
                "an audit annotation needs key and valueExpression",
            );
        }
    }
    Ok(())
}

fn mutate(rule: &Value, at: &FieldPath) -> Result<(), Fault> {
    let mutate = get(rule, "mutate");
    let merge = given(mutate, "patchStrategicMerge");
    let patch = !text(mutate, "patchesJson6902").is_empty();
    let loops = list(mutate, "foreach");
    if !loops.is_empty() {
        if merge || patch {
            return refuse(
                at,
                "a mutation may have only one of foreach, patchStrategicMerge and patchesJson6902",
            );
        }
        return loops_of(loops, &at.key("foreach"), 0);
    }
    if merge && patch {
        return refuse(
            at,
            "a mutation may have only one of patchStrategicMerge and patchesJson6902",
        );
    }
    if given(rule, "celPreconditions") {
        return refuse(at, "celPreconditions are for a rule in CEL");
    }
    Ok(())
}

/// As upstream, what stands after a loop that nests is not looked at.
fn loops_of(loops: &[Value], at: &FieldPath, depth: usize) -> Result<(), Fault> {
    for (index, it) in loops.iter().enumerate() {
        let at = at.index(index);
        let merge = given(it, "patchStrategicMerge");
        let patch = !text(it, "patchesJson6902").is_empty();
        let nested = list(it, "foreach");
        if !nested.is_empty() {
            if merge || patch || given(it, "context") || given(it, "preconditions") {
                return refuse(&at, "a loop around a loop says nothing else");
            }
            if depth > super::super::read::MAX_NESTING {
                return refuse(&at, "loops nest too deep");
            }
            return loops_of(nested, &at.key("foreach"), depth + 1);
        }
        if merge == patch {
            return refuse(
                &at,
                "a loop needs one of patchStrategicMerge and patchesJson6902",
            );
        }
    }
    Ok(())
}

/// Source: `FakeGenerate.Validate` and the end of `validateActions`.
fn generate(rule: &Value, at: &FieldPath) -> Result<(), Fault> {
    let generate = get(rule, "generate");
    patterns::anchors(get(generate, "data"), &at.key("data"), false)?;
    let selector = get(get(generate, "cloneList"), "selector");
    if selector.to_string().contains(['*', '?']) {
        return refuse(
            &at.key("cloneList").key("selector"),
            "a selector of what is cloned has no wildcards",
        );
    }
    let kind = text(generate, "kind");
    if blocks::matched_kinds(rule).contains(kind) {
        return refuse(
            &at.key("kind"),
            format!("`{kind}` must not make more of itself"),
        );
    }
    Ok(())
}

/// Source: `Generation.Validate`.
pub(super) fn generate_form(rule: &Value, at: &FieldPath, policy: &Vetting) -> Result<(), Fault> {
    if !does(rule, "generate") {
        return Ok(());
    }
    let (generate, at) = (get(rule, "generate"), at.key("generate"));
    let clone = says(generate, "clone");
    let kinds = given(get(generate, "cloneList"), "kinds");
    let loops = given(generate, "foreach");
    let forms = [given(generate, "data"), clone, kinds, loops];
    if forms.into_iter().filter(|it| *it).count() > 1 {
        return refuse(
            &at,
            "a rule may have only one of data, clone, cloneList and foreach",
        );
    }
    if loops {
        for (index, it) in list(generate, "foreach").iter().enumerate() {
            made(it, &at.key("foreach").index(index), policy)?;
        }
        return Ok(());
    }
    made(generate, &at, policy)
}

fn made(pattern: &Value, at: &FieldPath, policy: &Vetting) -> Result<(), Fault> {
    let (kind, namespace) = (text(pattern, "kind"), text(pattern, "namespace"));
    let api = text(pattern, "apiVersion");
    // Upstream asks the cluster; its command line knows no kind without a namespace.
    let scopeless = is_cluster_scoped(api, kind);
    if let Some(own) = policy.namespace.as_deref() {
        if scopeless {
            return refuse(at, "a Policy makes what is in its namespace");
        }
        let source = get(pattern, "clone");
        if namespace != own || !text(source, "name").is_empty() && text(source, "namespace") != own
        {
            return refuse(at, "a Policy works in its own namespace alone");
        }
    }
    if !kind.is_empty() && scopeless != namespace.is_empty() {
        let why = if scopeless {
            format!("`{kind}` has no namespace")
        } else {
            format!("`{at}` lacks `namespace`")
        };
        return refuse(at, why);
    }
    let kinds = list(get(pattern, "cloneList"), "kinds");
    if kinds.is_empty() {
        for key in ["kind", "name", "apiVersion"] {
            if text(pattern, key).is_empty() {
                return refuse(at, format!("`{at}` lacks `{key}`"));
            }
        }
        return Ok(());
    }
    let from = text(get(pattern, "cloneList"), "namespace");
    let at = at.key("cloneList");
    if policy.namespace.as_deref().is_some_and(|own| own != from) {
        return refuse(&at, "a Policy clones from its own namespace");
    }
    let kind = kinds.first().and_then(Value::as_str).unwrap_or_default();
    let (api, kind) = kind.rsplit_once('/').unwrap_or(("v1", kind));
    if from.is_empty() && !is_cluster_scoped(api, kind) {
        return refuse(&at, format!("`{at}` lacks `namespace`"));
    }
    Ok(())
}

/// Source: `ValidateOnPolicyUpdate`.
pub(super) fn on_update(rule: &Value, at: &FieldPath, policy: &Vetting) -> Result<(), Fault> {
    if !does(rule, "mutate") {
        return Ok(());
    }
    let asked = get(get(rule, "mutate"), "mutateExistingOnPolicyUpdate").as_bool();
    if !asked.unwrap_or(policy.mutates_on_update) || policy.background {
        return Ok(());
    }
    if policy.has_variables {
        variables::resolve(rule, at, true)?;
        blocks::no_users(rule, at)?;
    }
    Ok(())
}
