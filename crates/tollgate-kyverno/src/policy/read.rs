//! Rules of `kyverno.io` from their JSON form. Source: `api/kyverno/v1`.

use super::{
    body::{Body, Check, Deny, Foreach, Generation, PodSecurityRule, Test, Validation},
    fields::{Fault, Fields},
    vet::{does, folded},
};
use crate::{
    conditions::{Condition, Conditions},
    context::{ContextEntry, ImageExtractor, ImageExtractors, Source, Template},
    exception::Rules,
    matching::{Block, Filter, KindSelector, Requirement, Selector, Subject},
    pattern::with_floats,
    podsecurity::{Exclusion, PodSecurity},
    verify_images::ImageVerification,
};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use tollgate_yaml::FieldPath;

/// How deep loops may nest in each other.
pub(super) const MAX_NESTING: usize = 16;

const BLOCK: [&str; 6] = [
    "any",
    "all",
    "resources",
    "roles",
    "clusterRoles",
    "subjects",
];

/// The fields of a rule.
pub(super) const FIELDS: [&str; 13] = [
    "name",
    "context",
    "reportProperties",
    "match",
    "exclude",
    "imageExtractors",
    "preconditions",
    "celPreconditions",
    "mutate",
    "validate",
    "generate",
    "verifyImages",
    "skipBackgroundRequests",
];

/// `match` and `exclude` blocks that were read before: one rule after the other says the same.
#[derive(Debug, Default)]
pub(super) struct Blocks(VecDeque<(Value, Arc<Block>)>);

impl Blocks {
    /// How many are kept: the blocks of a rule and of those that autogen makes of it.
    const KEPT: usize = 6;

    pub(super) fn read(&mut self, rule: &Fields<'_>, key: &str) -> Result<Arc<Block>, Fault> {
        let written = rule.get(key).unwrap_or(&Value::Null);
        if let Some((_, known)) = self.0.iter().find(|it| it.0 == *written) {
            return Ok(known.clone());
        }
        let block = Arc::new(block(&rule.fields(key)?)?);
        self.0.truncate(Self::KEPT - 1);
        self.0.push_front((written.clone(), block.clone()));
        Ok(block)
    }
}

/// Read a rule. `enforce` is the policy's own action.
pub(super) fn rule(
    value: &Value,
    at: &FieldPath,
    enforce: bool,
    blocks: &mut Blocks,
) -> Result<Body, Fault> {
    let name = at.to_string();
    let rule = Fields::new(Some(value), &name, at.clone())?;
    rule.only(&FIELDS)?;
    let types: Vec<&str> = ["mutate", "validate", "generate", "verifyImages"]
        .into_iter()
        .filter(|it| does(value, it))
        .collect();
    let check = match types.as_slice() {
        ["validate"] => validate(&rule.fields("validate")?, enforce)?,
        ["mutate"] => Check::Unsupported("mutate"),
        ["generate"] => generate(rule.get("generate")),
        ["verifyImages"] => Check::VerifyImages(
            rule.each("verifyImages")?
                .iter()
                .map(image_verification)
                .collect::<Result<_, Fault>>()?,
        ),
        [] => {
            return Err(Fault::new(
                at,
                format!("`{name}` has none of mutate, validate, generate and verifyImages"),
            ));
        }
        _ => {
            return Err(Fault::new(
                at,
                format!(
                    "`{name}` may have only one of mutate, validate, generate and verifyImages"
                ),
            ));
        }
    };
    if rule.get("imageExtractors").is_some() && !matches!(check, Check::VerifyImages(_)) {
        return Err(rule.fault(
            "imageExtractors",
            format!("`{name}` may have imageExtractors only with verifyImages"),
        ));
    }
    let conditions = match rule.get("preconditions") {
        None => None,
        Some(value) => Some(conditions(value, &rule.path_of("preconditions"))?),
    };
    Ok(Body {
        matches: blocks.read(&rule, "match")?,
        exclude: blocks.read(&rule, "exclude")?,
        context: context(&rule)?,
        preconditions: conditions,
        image_extractors: image_extractors(&rule.fields("imageExtractors")?)?,
        check,
        looks: OnceLock::new(),
    })
}

/// `generate` as far as it is evaluated: one object for each trigger.
fn generate(written: Option<&Value>) -> Check {
    let given = |key: &str| {
        written
            .and_then(|it| it.get(key))
            .is_some_and(|it| !it.is_null())
    };
    match written {
        Some(pattern) if !["cloneList", "foreach"].into_iter().any(given) => {
            Check::Generate(Box::new(Generation {
                pattern: Template::new(pattern.clone()),
            }))
        }
        _ => Check::Unsupported("generate"),
    }
}

fn validate(validate: &Fields<'_>, enforce: bool) -> Result<Check, Fault> {
    validate.only(&[
        "failureAction",
        "failureActionOverrides",
        "allowExistingViolations",
        "message",
        "manifests",
        "foreach",
        "pattern",
        "anyPattern",
        "deny",
        "podSecurity",
        "cel",
        "assert",
    ])?;
    for (key, feature) in [
        ("manifests", "validate.manifests"),
        ("cel", "validate.cel"),
        ("assert", "validate.assert"),
    ] {
        if validate.get(key).is_some() {
            return Ok(Check::Unsupported(feature));
        }
    }
    let enforce = match validate.text("failureAction")? {
        Some(action) => action.eq_ignore_ascii_case("enforce"),
        None => enforce,
    };
    let allow_existing = validate.boolean("allowExistingViolations")?.unwrap_or(true);
    let security = validate.fields("podSecurity")?;
    if validate.get("podSecurity").is_some() && security.get("level").is_none() {
        return Ok(Check::Unsupported("validate.podSecurity without a level"));
    }
    if validate.get("podSecurity").is_some() {
        return Ok(Check::PodSecurity(Box::new(PodSecurityRule {
            asks: pod_security(&security)?,
            enforce,
            allow_existing,
        })));
    }
    let test = test(validate, 0)?;
    if test.is_empty() && validate.get("foreach").is_none() {
        return Err(validate.fault(
            "",
            "a rule that validates needs one of pattern, anyPattern, deny and foreach",
        ));
    }
    Ok(Check::Validate(Box::new(Validation {
        message: template_text(validate, "message")?,
        enforce,
        allow_existing,
        test,
    })))
}

/// Source: `api/kyverno/v1/image_verification_types.go` with the defaults of its schema.
fn image_verification(fields: &Fields<'_>) -> Result<ImageVerification, Fault> {
    fields.only(&[
        "failureAction",
        "type",
        "image",
        "imageReferences",
        "skipImageReferences",
        "key",
        "roots",
        "subject",
        "issuer",
        "additionalExtensions",
        "attestors",
        "attestations",
        "annotations",
        "repository",
        "cosignOCI11",
        "mutateDigest",
        "verifyDigest",
        "validate",
        "required",
        "imageRegistryCredentials",
        "useCache",
    ])?;
    let mutate_digest = fields.boolean("mutateDigest")?.unwrap_or(true);
    let mut references = fields.texts("imageReferences")?;
    references.extend(fields.text("image")?.map(str::to_owned));
    Ok(ImageVerification {
        references,
        verify_digest: fields.boolean("verifyDigest")?.unwrap_or(true),
        required: fields.boolean("required")?.unwrap_or(true),
        mutate_digest,
        signed: ["key", "issuer", "attestors", "attestations"]
            .iter()
            .any(|it| fields.get(it).is_some()),
    })
}

fn pod_security(fields: &Fields<'_>) -> Result<PodSecurity, Fault> {
    fields.only(&["level", "version", "exclude"])?;
    let (level, version) = (fields.owned_text("level")?, fields.owned_text("version")?);
    if !matches!(level.as_str(), "privileged" | "baseline" | "restricted") {
        let name = fields.name_of("level");
        return Err(fields.fault(
            "level",
            format!("`{name}` must be privileged, baseline or restricted"),
        ));
    }
    let minor = version.strip_prefix("v1.").and_then(|it| it.parse().ok());
    if !matches!(version.as_str(), "" | "latest") && !matches!(minor, Some(19..=32)) {
        let name = fields.name_of("version");
        return Err(fields.fault(
            "version",
            format!("`{name}` must be latest or from v1.19 to v1.32"),
        ));
    }
    Ok(PodSecurity {
        level,
        version,
        exclude: exclusions(fields, "exclude")?,
    })
}

fn exclusions(fields: &Fields<'_>, key: &str) -> Result<Vec<Exclusion>, Fault> {
    fields
        .each(key)?
        .iter()
        .map(|it| {
            it.only(&["controlName", "images", "restrictedField", "values"])?;
            Ok(Exclusion {
                control: it.owned_text("controlName")?,
                images: it.texts("images")?,
                field: it.owned_text("restrictedField")?,
                values: it.texts("values")?,
            })
        })
        .collect()
}

fn template_text(fields: &Fields<'_>, key: &str) -> Result<Option<Template>, Fault> {
    Ok(fields
        .text(key)?
        .filter(|it| !it.is_empty())
        .map(|it| Template::new(it.into())))
}

fn test(fields: &Fields<'_>, nesting: usize) -> Result<Test, Fault> {
    if nesting > MAX_NESTING {
        return Err(fields.fault(
            "foreach",
            format!("loops nest more than {MAX_NESTING} levels deep"),
        ));
    }
    let deny = match fields.get("deny") {
        None => None,
        Some(_) => {
            let deny = fields.fields("deny")?;
            deny.only(&["conditions"])?;
            Some(Deny {
                conditions: match deny.get("conditions") {
                    None => None,
                    Some(value) => Some(conditions(value, &deny.path_of("conditions"))?),
                },
            })
        }
    };
    let template = |key: &str| fields.get(key).cloned().map(Template::new);
    Ok(Test {
        deny,
        pattern: template("pattern"),
        any_pattern: fields
            .get("anyPattern")
            .cloned()
            .map(|it| Template::new(with_floats(it))),
        foreach: fields
            .each("foreach")?
            .iter()
            .map(|it| foreach(it, nesting))
            .collect::<Result<_, _>>()?,
    })
}

fn foreach(fields: &Fields<'_>, nesting: usize) -> Result<Foreach, Fault> {
    Ok(Foreach {
        list: fields.owned_text("list")?,
        element_scope: fields.boolean("elementScope")?,
        context: context(fields)?,
        preconditions: match fields.get("preconditions") {
            None => None,
            Some(value) => Some(conditions(value, &fields.path_of("preconditions"))?),
        },
        test: test(fields, nesting + 1)?,
    })
}

/// Conditions in either form. As upstream, fields that a condition does not have are passed over.
pub(super) fn conditions(value: &Value, at: &FieldPath) -> Result<Conditions, Fault> {
    let each = |items: &[Value], at: &FieldPath| -> Result<Vec<Condition>, Fault> {
        let items = items.iter().enumerate();
        items
            .map(|(index, it)| condition(it, at.index(index)))
            .collect()
    };
    if let Value::Array(items) = value {
        return each(items, at).map(Conditions::List);
    }
    Fields::new(Some(value), &at.to_string(), at.clone())?;
    let listed = |key: &str| -> Result<Option<Vec<Condition>>, Fault> {
        match folded(value, key) {
            Value::Null => Ok(None),
            Value::Array(items) => each(items, &at.key(key)).map(Some),
            _ => Err(Fault::new(
                &at.key(key),
                format!("`{at}.{key}` must be a list"),
            )),
        }
    };
    Ok(Conditions::AnyAll {
        any: listed("any")?,
        all: listed("all")?.unwrap_or_default(),
    })
}

fn condition(value: &Value, at: FieldPath) -> Result<Condition, Fault> {
    Fields::new(Some(value), &at.to_string(), at.clone())?;
    let template = |key: &str| Template::new(folded(value, key).clone());
    let text = |key: &str| match folded(value, key) {
        Value::Null => Ok(Arc::from("")),
        Value::String(text) => Ok(Arc::from(text.as_str())),
        _ => Err(Fault::new(
            &at.key(key),
            format!("`{at}.{key}` must be a string"),
        )),
    };
    Ok(Condition {
        key: template("key"),
        operator: text("operator")?,
        value: template("value"),
        message: text("message")?,
    })
}

fn context(fields: &Fields<'_>) -> Result<Vec<ContextEntry>, Fault> {
    fields.each("context")?.iter().map(context_entry).collect()
}

fn context_entry(fields: &Fields<'_>) -> Result<ContextEntry, Fault> {
    fields.only(&[
        "name",
        "configMap",
        "apiCall",
        "imageRegistry",
        "variable",
        "globalReference",
    ])?;
    let name = Arc::from(fields.text("name")?.unwrap_or_default());
    let whole = |key: &str| Template::new(fields.get(key).cloned().unwrap_or(Value::Null));
    let source = if fields.get("configMap").is_some() {
        let it = fields.fields("configMap")?;
        it.only(&["name", "namespace"])?;
        let text = |key: &str| it.owned_text(key).map(|it| Template::new(it.into()));
        Source::ConfigMap {
            name: text("name")?,
            namespace: text("namespace")?,
        }
    } else if fields.get("apiCall").is_some() {
        let it = fields.fields("apiCall")?;
        it.only(&[
            "urlPath", "method", "data", "service", "jmesPath", "default",
        ])?;
        Source::ApiCall(whole("apiCall"))
    } else if fields.get("globalReference").is_some() {
        let it = fields.fields("globalReference")?;
        it.only(&["name", "jmesPath"])?;
        Source::Global(whole("globalReference"))
    } else if fields.get("imageRegistry").is_some() {
        Source::ImageRegistry
    } else if fields.get("variable").is_some() {
        let it = fields.fields("variable")?;
        it.only(&["value", "jmesPath", "default"])?;
        Source::Variable {
            value: it.get("value").cloned().map(Template::new),
            jmes_path: template_text(&it, "jmesPath")?,
            default: it.get("default").cloned().map(Template::new),
        }
    } else {
        return Err(fields.fault(
            "name",
            format!("context entry `{name}` has none of configMap, apiCall, imageRegistry, variable and globalReference"),
        ));
    };
    Ok(ContextEntry { name, source })
}

fn image_extractors(fields: &Fields<'_>) -> Result<ImageExtractors, Fault> {
    fields
        .entries()
        .map(|(kind, _)| {
            let all = fields
                .each(kind)?
                .iter()
                .map(image_extractor)
                .collect::<Result<_, _>>()?;
            Ok((kind.clone(), all))
        })
        .collect()
}

fn image_extractor(fields: &Fields<'_>) -> Result<ImageExtractor, Fault> {
    fields.only(&["path", "value", "name", "key", "jmesPath"])?;
    let mut path: Vec<String> = fields
        .owned_text("path")?
        .split('/')
        .map(|it| it.trim_matches(' ').to_owned())
        .filter(|it| !it.is_empty())
        .collect();
    let value = match fields.text("value")? {
        Some(value) if !value.is_empty() => value.to_owned(),
        _ => path
            .pop()
            .ok_or_else(|| fields.fault("path", "the path of an extractor is empty"))?,
    };
    let name = fields.owned_text("name")?;
    Ok(ImageExtractor {
        name: if name.is_empty() {
            "custom".to_owned()
        } else {
            name
        },
        fields: path,
        value,
        key: fields.owned_text("key")?,
        jmes_path: fields
            .text("jmesPath")?
            .filter(|it| !it.is_empty())
            .map(str::to_owned),
    })
}

/// A `match` or `exclude` block.
pub(super) fn block(fields: &Fields<'_>) -> Result<Block, Fault> {
    fields.only(&BLOCK)?;
    let filters = |key: &str| -> Result<Vec<Filter>, Fault> {
        fields
            .each(key)?
            .iter()
            .map(|it| {
                it.only(&BLOCK[2..])?;
                filter(it)
            })
            .collect()
    };
    Ok(Block {
        any: filters("any")?,
        all: filters("all")?,
        direct: filter(fields)?,
    })
}

fn filter(fields: &Fields<'_>) -> Result<Filter, Fault> {
    let resources = fields.fields("resources")?;
    resources.only(&[
        "kinds",
        "name",
        "names",
        "namespaces",
        "annotations",
        "selector",
        "namespaceSelector",
        "operations",
    ])?;
    Ok(Filter {
        kinds: resources
            .texts("kinds")?
            .iter()
            .map(|it| KindSelector::parse(it))
            .collect(),
        name: resources.owned_text("name")?,
        names: resources.texts("names")?,
        namespaces: resources.texts("namespaces")?,
        annotations: resources.text_map("annotations")?,
        selector: selector(&resources, "selector")?,
        namespace_selector: selector(&resources, "namespaceSelector")?,
        operations: resources.texts("operations")?,
        roles: fields.texts("roles")?,
        cluster_roles: fields.texts("clusterRoles")?,
        subjects: fields
            .each("subjects")?
            .iter()
            .map(|it| {
                it.only(&["kind", "apiGroup", "name", "namespace"])?;
                Ok(Subject {
                    kind: it.owned_text("kind")?,
                    name: it.owned_text("name")?,
                    namespace: it.owned_text("namespace")?,
                })
            })
            .collect::<Result<_, Fault>>()?,
    })
}

pub(super) fn selector(resources: &Fields<'_>, key: &str) -> Result<Option<Selector>, Fault> {
    if resources.get(key).is_none() {
        return Ok(None);
    }
    let fields = resources.fields(key)?;
    fields.only(&["matchLabels", "matchExpressions"])?;
    Ok(Some(Selector {
        labels: fields.text_map("matchLabels")?,
        expressions: fields
            .each("matchExpressions")?
            .iter()
            .map(|it| {
                it.only(&["key", "operator", "values"])?;
                Ok(Requirement {
                    key: it.owned_text("key")?,
                    operator: it.owned_text("operator")?,
                    values: it.texts("values")?,
                })
            })
            .collect::<Result<_, Fault>>()?,
    }))
}

/// The `spec` of a `kyverno.io` `PolicyException`. Source: `api/kyverno/v2`.
pub(crate) fn exception_parts(spec: &Fields<'_>) -> Result<Rules, Fault> {
    spec.only(&[
        "background",
        "match",
        "conditions",
        "exceptions",
        "podSecurity",
    ])?;
    let exceptions = spec
        .each("exceptions")?
        .iter()
        .map(|it| {
            it.only(&["policyName", "ruleNames"])?;
            Ok((it.owned_text("policyName")?, it.texts("ruleNames")?))
        })
        .collect::<Result<_, Fault>>()?;
    let matches = spec.fields("match")?;
    matches.only(&["any", "all"])?;
    Ok(Rules {
        exceptions,
        matches: block(&matches)?,
        conditions: match spec.get("conditions") {
            None => None,
            Some(value) => Some(conditions(value, &spec.path_of("conditions"))?),
        },
        pod_security: exclusions(spec, "podSecurity")?,
    })
}
