//! The form of a `kyverno.io` policy: which fields there are, of which types. Source: the schema in
//! `config/crds/kyverno/kyverno.io_clusterpolicies.yaml`. An API server refuses what has another form,
//! or drops it.

use super::fields::Fault;
use serde_json::Value;
use tollgate_yaml::FieldPath;

/// What a value may be.
#[derive(Debug)]
pub(super) enum Shape {
    /// Anything.
    Any,
    Text,
    Boolean,
    Whole,
    /// One of these words.
    Word(&'static [&'static str]),
    List(&'static Shape),
    /// A map of anything of one shape.
    Map(&'static Shape),
    /// A map of these fields; those whose name ends in `!` are required.
    Fields(&'static [Field]),
    /// The same, with one of the fields that are named.
    OneOf(&'static [&'static str], &'static [Field]),
    /// A map in which these fields have their shape; others are passed over.
    Loose(&'static [Field]),
}

/// A name and what has it.
type Field = (&'static str, &'static Shape);

use Shape::{Any, Boolean, Fields, List, Loose, Map, OneOf, Text, Whole, Word};

const ACTIONS: Shape = Word(&["audit", "enforce", "Audit", "Enforce"]);
const RULE_ACTION: Shape = Word(&["Audit", "Enforce"]);
const FAILURE_POLICY: Shape = Word(&["Ignore", "Fail"]);

const EXPRESSIONS: Shape = List(&Fields(&[("name!", &Text), ("expression!", &Text)]));

const SELECTOR: Shape = Fields(&[
    ("matchLabels", &Map(&Text)),
    (
        "matchExpressions",
        &List(&Fields(&[
            ("key!", &Text),
            ("operator!", &Text),
            ("values", &List(&Text)),
        ])),
    ),
]);

const OVERRIDES: Shape = List(&Fields(&[
    ("action", &ACTIONS),
    ("namespaces", &List(&Text)),
    ("namespaceSelector", &SELECTOR),
]));

const RESOURCES: Shape = Fields(&[
    ("kinds", &List(&Text)),
    ("name", &Text),
    ("names", &List(&Text)),
    ("namespaces", &List(&Text)),
    ("annotations", &Map(&Text)),
    ("selector", &SELECTOR),
    ("namespaceSelector", &SELECTOR),
    (
        "operations",
        &List(&Word(&["CREATE", "CONNECT", "UPDATE", "DELETE"])),
    ),
]);

const SUBJECTS: Shape = List(&Fields(&[
    ("kind!", &Text),
    ("name!", &Text),
    ("apiGroup", &Text),
    ("namespace", &Text),
]));

const FILTER: Shape = Fields(&[
    ("resources", &RESOURCES),
    ("roles", &List(&Text)),
    ("clusterRoles", &List(&Text)),
    ("subjects", &SUBJECTS),
]);

const BLOCK: Shape = Fields(&[
    ("any", &List(&FILTER)),
    ("all", &List(&FILTER)),
    ("resources", &RESOURCES),
    ("roles", &List(&Text)),
    ("clusterRoles", &List(&Text)),
    ("subjects", &SUBJECTS),
]);

const CREDENTIALS: Shape = Fields(&[
    ("allowInsecureRegistry", &Boolean),
    (
        "providers",
        &List(&Word(&["default", "amazon", "azure", "google", "github"])),
    ),
    ("secrets", &List(&Text)),
]);

/// What an entry of a context loads from.
pub(super) const SOURCES: [&str; 5] = [
    "configMap",
    "apiCall",
    "imageRegistry",
    "variable",
    "globalReference",
];

const CONTEXT: Shape = List(&OneOf(
    &SOURCES,
    &[
        ("name!", &Text),
        (
            "apiCall",
            &Fields(&[
                ("urlPath", &Text),
                ("method", &Word(&["GET", "POST"])),
                ("data", &List(&Fields(&[("key!", &Text), ("value!", &Any)]))),
                ("default", &Any),
                ("jmesPath", &Text),
                (
                    "service",
                    &Fields(&[
                        ("url!", &Text),
                        ("caBundle", &Text),
                        (
                            "headers",
                            &List(&Fields(&[("key!", &Text), ("value!", &Text)])),
                        ),
                    ]),
                ),
            ]),
        ),
        (
            "configMap",
            &Fields(&[("name!", &Text), ("namespace", &Text)]),
        ),
        (
            "globalReference",
            &Fields(&[("name!", &Text), ("jmesPath", &Text)]),
        ),
        (
            "imageRegistry",
            &Fields(&[
                ("reference!", &Text),
                ("jmesPath", &Text),
                ("imageRegistryCredentials", &CREDENTIALS),
            ]),
        ),
        (
            "variable",
            &Fields(&[("value", &Any), ("jmesPath", &Text), ("default", &Any)]),
        ),
    ],
));

/// Conditions where the schema knows them; elsewhere they are anything.
const CONDITION: Shape = Fields(&[
    ("key", &Any),
    (
        "operator",
        &Word(&[
            "Equals",
            "NotEquals",
            "In",
            "AnyIn",
            "AllIn",
            "NotIn",
            "AnyNotIn",
            "AllNotIn",
            "GreaterThanOrEquals",
            "GreaterThan",
            "LessThanOrEquals",
            "LessThan",
            "DurationGreaterThanOrEquals",
            "DurationGreaterThan",
            "DurationLessThanOrEquals",
            "DurationLessThan",
        ]),
    ),
    ("value", &Any),
    ("message", &Text),
]);

const CONDITIONS: Shape = Fields(&[("any", &List(&CONDITION)), ("all", &List(&CONDITION))]);

const DENY: Shape = Fields(&[("conditions", &Any)]);

const LOG: Shape = Fields(&[("url", &Text), ("pubkey", &Text), ("ignoreTlog", &Boolean)]);

const CERTIFICATE_LOG: Shape = Fields(&[
    ("ignoreSCT", &Boolean),
    ("pubkey", &Text),
    ("tsaCertChain", &Text),
]);

const ATTESTORS: Shape = List(&Fields(&[
    ("count", &Whole),
    (
        "entries",
        &List(&Fields(&[
            ("annotations", &Map(&Text)),
            ("attestor", &Any),
            (
                "certificates",
                &Fields(&[
                    ("cert", &Text),
                    ("certChain", &Text),
                    ("ctlog", &CERTIFICATE_LOG),
                    ("rekor", &LOG),
                ]),
            ),
            (
                "keyless",
                &Fields(&[
                    ("additionalExtensions", &Map(&Text)),
                    ("ctlog", &CERTIFICATE_LOG),
                    ("issuer", &Text),
                    ("issuerRegExp", &Text),
                    ("rekor", &LOG),
                    ("roots", &Text),
                    ("subject", &Text),
                    ("subjectRegExp", &Text),
                ]),
            ),
            (
                "keys",
                &Fields(&[
                    ("ctlog", &CERTIFICATE_LOG),
                    ("kms", &Text),
                    ("publicKeys", &Text),
                    ("rekor", &LOG),
                    (
                        "secret",
                        &Fields(&[("name!", &Text), ("namespace!", &Text)]),
                    ),
                    ("signatureAlgorithm", &Text),
                ]),
            ),
            ("repository", &Text),
            ("signatureAlgorithm", &Text),
        ])),
    ),
]));

/// Loops in loops are read without a schema.
static NESTED_VALIDATION: Shape = Loose(&[
    ("list", &Text),
    ("elementScope", &Boolean),
    ("context", &List(&LOOSE_ENTRY)),
    ("preconditions", &LOOSE_CONDITIONS),
    ("deny", &Loose(&[])),
    ("foreach", &List(&NESTED_VALIDATION)),
]);

static NESTED_MUTATION: Shape = Loose(&[
    ("list", &Text),
    ("order", &Text),
    ("context", &List(&LOOSE_ENTRY)),
    ("preconditions", &LOOSE_CONDITIONS),
    ("patchesJson6902", &Text),
    ("foreach", &List(&NESTED_MUTATION)),
]);

const LOOSE_ENTRY: Shape = Loose(&[("name", &Text)]);

const LOOSE_CONDITIONS: Shape = Loose(&[
    ("any", &List(&LOOSE_CONDITION)),
    ("all", &List(&LOOSE_CONDITION)),
]);

const LOOSE_CONDITION: Shape = Loose(&[("operator", &Text), ("message", &Text)]);

const FOREACH_VALIDATION: Shape = Fields(&[
    ("list", &Text),
    ("elementScope", &Boolean),
    ("context", &CONTEXT),
    ("preconditions", &CONDITIONS),
    ("pattern", &Any),
    ("anyPattern", &Any),
    ("deny", &DENY),
    ("foreach", &List(&NESTED_VALIDATION)),
]);

const VALIDATE: Shape = Fields(&[
    ("failureAction", &RULE_ACTION),
    ("failureActionOverrides", &OVERRIDES),
    ("allowExistingViolations", &Boolean),
    ("message", &Text),
    (
        "manifests",
        &Fields(&[
            ("annotationDomain", &Text),
            ("attestors", &ATTESTORS),
            (
                "dryRun",
                &Fields(&[("enable", &Boolean), ("namespace", &Text)]),
            ),
            (
                "ignoreFields",
                &List(&Fields(&[
                    ("fields", &List(&Text)),
                    (
                        "objects",
                        &List(&Fields(&[
                            ("group", &Text),
                            ("kind", &Text),
                            ("name", &Text),
                            ("namespace", &Text),
                            ("version", &Text),
                        ])),
                    ),
                ])),
            ),
            ("repository", &Text),
        ]),
    ),
    ("foreach", &List(&FOREACH_VALIDATION)),
    ("pattern", &Any),
    ("anyPattern", &Any),
    ("deny", &DENY),
    (
        "podSecurity",
        &Fields(&[
            ("level", &Word(&["privileged", "baseline", "restricted"])),
            (
                "version",
                &Word(&[
                    "v1.19", "v1.20", "v1.21", "v1.22", "v1.23", "v1.24", "v1.25", "v1.26",
                    "v1.27", "v1.28", "v1.29", "v1.30", "v1.31", "v1.32", "latest",
                ]),
            ),
            (
                "exclude",
                &List(&Fields(&[
                    (
                        "controlName!",
                        &Word(&[
                            "HostProcess",
                            "Host Namespaces",
                            "Privileged Containers",
                            "Capabilities",
                            "HostPath Volumes",
                            "Host Ports",
                            "AppArmor",
                            "SELinux",
                            "/proc Mount Type",
                            "Seccomp",
                            "Sysctls",
                            "Volume Types",
                            "Privilege Escalation",
                            "Running as Non-root",
                            "Running as Non-root user",
                        ]),
                    ),
                    ("images", &List(&Text)),
                    ("restrictedField", &Text),
                    ("values", &List(&Text)),
                ])),
            ),
        ]),
    ),
    (
        "cel",
        &Fields(&[
            ("generate", &Boolean),
            (
                "expressions",
                &List(&Fields(&[
                    ("expression!", &Text),
                    ("message", &Text),
                    ("messageExpression", &Text),
                    ("reason", &Text),
                ])),
            ),
            (
                "paramKind",
                &Fields(&[("apiVersion", &Text), ("kind", &Text)]),
            ),
            (
                "paramRef",
                &Fields(&[
                    ("name", &Text),
                    ("namespace", &Text),
                    ("parameterNotFoundAction", &Text),
                    ("selector", &SELECTOR),
                ]),
            ),
            (
                "auditAnnotations",
                &List(&Fields(&[("key!", &Text), ("valueExpression!", &Text)])),
            ),
            ("variables", &EXPRESSIONS),
        ]),
    ),
    ("assert", &Any),
]);

const MUTATE: Shape = Fields(&[
    ("mutateExistingOnPolicyUpdate", &Boolean),
    ("patchStrategicMerge", &Any),
    ("patchesJson6902", &Text),
    (
        "foreach",
        &List(&Fields(&[
            ("list", &Text),
            ("order", &Word(&["Ascending", "Descending"])),
            ("context", &CONTEXT),
            ("preconditions", &CONDITIONS),
            ("patchStrategicMerge", &Any),
            ("patchesJson6902", &Text),
            ("foreach", &List(&NESTED_MUTATION)),
        ])),
    ),
    (
        "targets",
        &List(&Fields(&[
            ("apiVersion", &Text),
            ("kind", &Text),
            ("namespace", &Text),
            ("name", &Text),
            ("uid", &Text),
            ("selector", &SELECTOR),
            ("context", &CONTEXT),
            ("preconditions", &Any),
        ])),
    ),
]);

const CLONE: Shape = Fields(&[("name", &Text), ("namespace", &Text)]);

const CLONE_LIST: Shape = Fields(&[
    ("kinds", &List(&Text)),
    ("namespace", &Text),
    ("selector", &SELECTOR),
]);

const GENERATE: Shape = Fields(&[
    ("generateExisting", &Boolean),
    ("synchronize", &Boolean),
    ("orphanDownstreamOnPolicyDelete", &Boolean),
    ("apiVersion", &Text),
    ("kind", &Text),
    ("namespace", &Text),
    ("name", &Text),
    ("uid", &Text),
    ("data", &Any),
    ("clone", &CLONE),
    ("cloneList", &CLONE_LIST),
    (
        "foreach",
        &List(&Fields(&[
            ("list", &Text),
            ("context", &CONTEXT),
            ("preconditions", &CONDITIONS),
            ("apiVersion", &Text),
            ("kind", &Text),
            ("namespace", &Text),
            ("name", &Text),
            ("uid", &Text),
            ("data", &Any),
            ("clone", &CLONE),
            ("cloneList", &CLONE_LIST),
        ])),
    ),
]);

const VERIFY_IMAGES: Shape = List(&Fields(&[
    ("failureAction", &RULE_ACTION),
    ("type", &Word(&["Cosign", "SigstoreBundle", "Notary"])),
    ("image", &Text),
    ("imageReferences", &List(&Text)),
    ("skipImageReferences", &List(&Text)),
    ("key", &Text),
    ("roots", &Text),
    ("subject", &Text),
    ("issuer", &Text),
    ("additionalExtensions", &Map(&Text)),
    ("attestors", &ATTESTORS),
    (
        "attestations",
        &List(&Fields(&[
            ("name", &Text),
            ("predicateType", &Text),
            ("type", &Text),
            ("attestors", &ATTESTORS),
            ("conditions", &List(&CONDITIONS)),
        ])),
    ),
    ("annotations", &Map(&Text)),
    ("repository", &Text),
    ("cosignOCI11", &Boolean),
    ("mutateDigest", &Boolean),
    ("verifyDigest", &Boolean),
    ("validate", &Fields(&[("message", &Text), ("deny", &DENY)])),
    ("required", &Boolean),
    ("imageRegistryCredentials", &CREDENTIALS),
    ("useCache", &Boolean),
]));

/// A rule.
pub(super) const RULE: Shape = Fields(&[
    ("name!", &Text),
    ("context", &CONTEXT),
    ("reportProperties", &Map(&Text)),
    ("match!", &BLOCK),
    ("exclude", &BLOCK),
    (
        "imageExtractors",
        &Map(&List(&Fields(&[
            ("path!", &Text),
            ("value", &Text),
            ("name", &Text),
            ("key", &Text),
            ("jmesPath", &Text),
        ]))),
    ),
    ("preconditions", &Any),
    ("celPreconditions", &EXPRESSIONS),
    ("mutate", &MUTATE),
    ("validate", &VALIDATE),
    ("generate", &GENERATE),
    ("verifyImages", &VERIFY_IMAGES),
    ("skipBackgroundRequests", &Boolean),
]);

/// A policy; its rules are looked at one by one.
pub(super) const POLICY: Shape = Fields(&[
    ("apiVersion!", &Text),
    ("kind!", &Text),
    ("metadata", &Any),
    (
        "spec!",
        &Fields(&[
            ("rules", &List(&Any)),
            ("applyRules", &Word(&["All", "One"])),
            ("failurePolicy", &FAILURE_POLICY),
            ("validationFailureAction", &ACTIONS),
            ("validationFailureActionOverrides", &OVERRIDES),
            ("emitWarning", &Boolean),
            ("admission", &Boolean),
            ("background", &Boolean),
            ("schemaValidation", &Boolean),
            ("webhookTimeoutSeconds", &Whole),
            ("mutateExistingOnPolicyUpdate", &Boolean),
            ("generateExistingOnPolicyUpdate", &Boolean),
            ("generateExisting", &Boolean),
            ("useServerSideApply", &Boolean),
            (
                "webhookConfiguration",
                &Fields(&[
                    ("failurePolicy", &FAILURE_POLICY),
                    ("timeoutSeconds", &Whole),
                    ("matchConditions", &EXPRESSIONS),
                ]),
            ),
        ]),
    ),
    ("status", &Any),
]);

/// What a rule of `kyverno.io/v2beta1` must not say beside.
pub(super) fn newer(rule: &Value, at: &FieldPath) -> Result<(), Fault> {
    const OLD_IMAGES: [&str; 8] = [
        "additionalExtensions",
        "annotations",
        "cosignOCI11",
        "image",
        "issuer",
        "key",
        "roots",
        "subject",
    ];
    let unknown = |at: &FieldPath, key: &str| {
        let why = format!("`{at}` has no field `{key}` in kyverno.io/v2beta1");
        Err(Fault::new(&at.key(key), why))
    };
    for key in ["match", "exclude"] {
        let block = rule.get(key).and_then(Value::as_object);
        if let Some((old, _)) = block
            .into_iter()
            .flatten()
            .find(|(it, _)| !matches!(it.as_str(), "any" | "all"))
        {
            return unknown(&at.key(key), old);
        }
    }
    let images = rule.get("verifyImages").and_then(Value::as_array);
    for (index, image) in images.into_iter().flatten().enumerate() {
        if let Some(old) = OLD_IMAGES.iter().find(|it| image.get(**it).is_some()) {
            return unknown(&at.key("verifyImages").index(index), old);
        }
    }
    let validate = at.key("validate");
    if rule.pointer("/validate/allowExistingViolations").is_some() {
        return unknown(&validate, "allowExistingViolations");
    }
    for (conditions, at) in [
        (rule.get("preconditions"), at.key("preconditions")),
        (
            rule.pointer("/validate/deny/conditions"),
            validate.key("deny").key("conditions"),
        ),
    ] {
        let conditions = conditions.filter(|it| !it.is_null());
        let Some(conditions) = conditions else {
            continue;
        };
        CONDITIONS.check(conditions, &at)?;
        let listed = conditions.as_object().into_iter().flatten();
        let each = listed.flat_map(|it| it.1.as_array().into_iter().flatten());
        let old = |it: &Value| matches!(it["operator"].as_str(), Some("In" | "NotIn"));
        if each.into_iter().any(old) {
            return Err(Fault::new(
                &at,
                "In and NotIn are no operators in kyverno.io/v2beta1",
            ));
        }
    }
    Ok(())
}

impl Shape {
    /// Whether a value has this form. A field that is null is one that is not there.
    ///
    /// # Errors
    /// The first thing that has another form.
    pub(super) fn check(&self, value: &Value, at: &FieldPath) -> Result<(), Fault> {
        let wrong = |what: &str| {
            let found = type_of(value);
            Err(Fault::new(
                at,
                format!("`{at}` must be {what}, but is {found}"),
            ))
        };
        match (self, value) {
            (Any, _) | (Text, Value::String(_)) | (Boolean, Value::Bool(_)) => Ok(()),
            (Whole, Value::Number(number)) if number.is_i64() || number.is_u64() => Ok(()),
            (Word(words), Value::String(text)) if words.contains(&text.as_str()) => Ok(()),
            (Word(words), _) => {
                let words = words.join(", ");
                Err(Fault::new(at, format!("`{at}` must be one of {words}")))
            }
            (List(shape), Value::Array(items)) => items
                .iter()
                .enumerate()
                .try_for_each(|(index, it)| shape.check(it, &at.index(index))),
            (Map(shape), Value::Object(map)) => map
                .iter()
                .try_for_each(|(key, it)| shape.check(it, &at.key(key.as_str()))),
            (Fields(fields), Value::Object(map)) => check_fields(fields, map, at, false),
            (Loose(fields), Value::Object(map)) => check_fields(fields, map, at, true),
            (OneOf(names, fields), Value::Object(map)) => {
                check_fields(fields, map, at, false)?;
                let given = |it: &&&str| map.get(**it).is_some_and(|it| !it.is_null());
                if names.iter().filter(given).count() == 1 {
                    return Ok(());
                }
                let names = names.join(", ");
                Err(Fault::new(at, format!("`{at}` needs one of {names}")))
            }
            (Text, _) => wrong("a string"),
            (Boolean, _) => wrong("true or false"),
            (Whole, _) => wrong("a whole number"),
            (List(_), _) => wrong("a list"),
            (Map(_) | Fields(_) | Loose(_) | OneOf(..), _) => wrong("a map"),
        }
    }
}

fn check_fields(
    fields: &[Field],
    map: &serde_json::Map<String, Value>,
    at: &FieldPath,
    loose: bool,
) -> Result<(), Fault> {
    let given = |name: &str| map.get(name).filter(|it| !it.is_null());
    for (key, value) in map {
        let field = fields
            .iter()
            .find(|it| it.0.trim_end_matches('!') == key.as_str());
        let below = at.key(key.as_str());
        match field {
            None if loose => {}
            None if at.0.is_empty() => {
                return Err(Fault::new(&below, format!("a policy has no field `{key}`")));
            }
            None => return Err(Fault::new(&below, format!("`{at}` has no field `{key}`"))),
            Some(_) if value.is_null() => {}
            Some((_, shape)) => shape.check(value, &below)?,
        }
    }
    for (name, _) in fields {
        if let Some(name) = name.strip_suffix('!')
            && given(name).is_none()
        {
            let whole = if at.0.is_empty() {
                "the policy".to_owned()
            } else {
                format!("`{at}`")
            };
            return Err(Fault::new(at, format!("{whole} lacks `{name}`")));
        }
    }
    Ok(())
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
