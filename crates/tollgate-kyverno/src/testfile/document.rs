//! The `Test` document. Source: `cmd/cli/kubectl-kyverno/apis/v1alpha1/test.go`, `test_result.go`.

use super::{
    fault::SuiteError,
    fields::{Fields, Named},
    mocks::{self, GlobalSource},
    values::Values,
};
use crate::{ApiAnswer, Operation};
use tollgate_yaml::{Node, Span};

/// One test of a file.
#[derive(Debug)]
pub(super) struct TestDocument {
    pub(super) name: String,
    pub(super) policies: Vec<Named>,
    pub(super) resources: Vec<Named>,
    pub(super) exceptions: Vec<Named>,
    pub(super) cluster_resources: Vec<Named>,
    /// Names of JSON, HTTP and Envoy payloads, which rows can name like resources.
    pub(super) payloads: Vec<Named>,
    pub(super) variables: Option<Named>,
    /// Values that stand in the test itself; they win over `variables`.
    pub(super) values: Option<Values>,
    pub(super) userinfo: Option<Named>,
    /// What the test answers in place of APIs.
    pub(super) api_answers: Vec<ApiAnswer>,
    /// What stands in for the cluster's global context.
    pub(super) global_entries: Vec<GlobalSource>,
    pub(super) rows: Vec<Row>,
}

/// One entry of `results`.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// `name` or `namespace/name`.
    pub(super) policy: String,
    pub(super) rule: String,
    pub(super) kind: String,
    pub(super) result: String,
    /// `None` where the field is absent: every resource is meant.
    pub(super) resources: Option<Vec<Named>>,
    pub(super) specs: Vec<ResourceSpec>,
    pub(super) operation: Option<Operation>,
    /// Files with the objects that are expected after mutation.
    pub(super) patched: Option<Named>,
    /// Files of which one holds the object that is expected to be generated.
    pub(super) generated: Vec<Named>,
    /// A file with the objects that the rule clones.
    pub(super) clone_source: Option<Named>,
    /// Whether an expected object that is missing from its file is a failure to Kyverno too.
    pub(super) fail_on_missing: bool,
    pub(super) span: Span,
}

/// An object named in full.
#[derive(Clone, Debug)]
pub(super) struct ResourceSpec {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Row {
    /// The policy's name without its namespace: Kyverno compares nothing else.
    pub(super) fn policy_name(&self) -> &str {
        self.policy.rsplit('/').next().unwrap_or_default()
    }

    /// Whether a result of this rule answers the row: the rule itself or what autogen made of it.
    ///
    /// Generated names are cut to 63 characters. Kyverno does not think of that when it looks for
    /// them, so with `exact` a cut name does not answer.
    pub(super) fn names(&self, rule: &str, exact: bool) -> bool {
        let generated = |prefix: &str| {
            rule.strip_prefix(prefix).is_some_and(|it| {
                it == self.rule || !exact && rule.len() == LONGEST_NAME && self.rule.starts_with(it)
            })
        };
        self.rule.is_empty()
            || rule == self.rule
            || generated("autogen-")
            || generated("autogen-cronjob-")
    }
}

/// Rule names are at most this long.
const LONGEST_NAME: usize = 63;

const TEST: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "name",
    "policies",
    "resources",
    "jsonPayload",
    "jsonPayloads",
    "httpPayloads",
    "envoyPayloads",
    "targetResources",
    "variables",
    "paramResources",
    "userinfo",
    "results",
    "values",
    "exceptions",
    "context",
    "clusterResources",
    "apiCallResponses",
    "globalContextEntries",
];

const RESULT: &[&str] = &[
    "policy",
    "rule",
    "isValidatingAdmissionPolicy",
    "isMutatingAdmissionPolicy",
    "isValidatingPolicy",
    "isDeletingPolicy",
    "isImageValidatingPolicy",
    "isGeneratingPolicy",
    "isMutatingPolicy",
    "result",
    "kind",
    "operation",
    "patchedResources",
    "generatedResource",
    "cloneSourceResource",
    "failOnMissingResources",
    "resources",
    "resourceSpecs",
    "generatedResources",
];

const METADATA: &[&str] = &[
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
];

/// `metadata` of any document.
pub(super) fn metadata<'a>(fields: &Fields<'a>) -> Result<Option<Fields<'a>>, SuiteError> {
    let node = fields.get("metadata");
    node.map(|it| Fields::of(it, "`metadata`", METADATA))
        .transpose()
}

/// `apiVersion` and `kind` must say something; Kyverno does not ask what.
pub(super) fn check_type(fields: &Fields<'_>, kind: &str) -> Result<(), SuiteError> {
    for key in ["apiVersion", "kind"] {
        if fields.text(key)?.is_empty() {
            return Err(SuiteError::new(
                fields.span(),
                format!(
                    "this document has no `{key}`: begin it with `apiVersion: cli.kyverno.io/v1alpha1` and `kind: {kind}`"
                ),
            ));
        }
    }
    Ok(())
}

impl TestDocument {
    pub(super) fn read(node: &Node) -> Result<Self, SuiteError> {
        let fields = Fields::of(node, "a test", TEST)?;
        check_type(&fields, "Test")?;
        let meta = metadata(&fields)?;
        if !fields.text("name")?.is_empty() {
            return Err(SuiteError::new(
                fields.get("name").map_or(fields.span(), Node::span),
                "`name` at the top level is the old format: move it to `metadata.name`",
            ));
        }
        let mut payloads = fields.texts("jsonPayloads")?;
        if payloads.is_empty() {
            payloads.extend(fields.named("jsonPayload")?);
        }
        payloads.extend(fields.texts("httpPayloads")?);
        payloads.extend(fields.texts("envoyPayloads")?);
        // Read so that a wrong type is an error; the kinds of policy that look at them are not
        // evaluated yet and say so themselves.
        fields.texts("targetResources")?;
        fields.texts("paramResources")?;
        fields.text("context")?;
        let api_answers = fields.list("apiCallResponses")?;
        let global_entries = fields.list("globalContextEntries")?;
        Ok(Self {
            name: meta.map_or_else(|| Ok(String::new()), |it| it.text("name"))?,
            policies: without_duplicates(fields.texts("policies")?),
            resources: without_duplicates(fields.texts("resources")?),
            exceptions: fields.texts("exceptions")?,
            cluster_resources: fields.texts("clusterResources")?,
            payloads,
            variables: fields.named("variables")?,
            values: fields.get("values").map(Values::inline).transpose()?,
            userinfo: fields.named("userinfo")?,
            api_answers: api_answers
                .iter()
                .map(mocks::api_answer)
                .collect::<Result<_, _>>()?,
            global_entries: global_entries
                .iter()
                .map(GlobalSource::read)
                .collect::<Result<_, _>>()?,
            rows: fields
                .list("results")?
                .iter()
                .map(Row::read)
                .collect::<Result<_, _>>()?,
        })
    }
}

fn without_duplicates(named: Vec<Named>) -> Vec<Named> {
    let mut seen = std::collections::BTreeSet::new();
    named
        .into_iter()
        .filter(|it| seen.insert(it.text.clone()))
        .collect()
}

impl Row {
    fn read(node: &Node) -> Result<Self, SuiteError> {
        let fields = Fields::of(node, "a result", RESULT)?;
        for key in RESULT.iter().filter(|it| it.starts_with("is")) {
            fields.flag(key)?;
        }
        let operation = fields.named("operation")?.map(operation).transpose()?;
        if operation.is_some() && fields.flag("isDeletingPolicy")? {
            return Err(SuiteError::new(
                fields.span(),
                "`operation` has no meaning for a DeletingPolicy: remove it",
            ));
        }
        let mut generated = fields.texts("generatedResources")?;
        if generated.is_empty() {
            generated.extend(fields.named("generatedResource")?);
        }
        let resources = fields.get("resources").is_some();
        Ok(Self {
            policy: fields.text("policy")?,
            rule: fields.text("rule")?,
            kind: fields.text("kind")?,
            result: fields.text("result")?,
            resources: resources.then(|| fields.texts("resources")).transpose()?,
            specs: fields
                .list("resourceSpecs")?
                .iter()
                .map(ResourceSpec::read)
                .collect::<Result<_, _>>()?,
            operation,
            patched: fields.named("patchedResources")?,
            generated,
            clone_source: fields.named("cloneSourceResource")?,
            fail_on_missing: fields.flag("failOnMissingResources")?,
            span: fields.span(),
        })
    }
}

fn operation(named: Named) -> Result<Operation, SuiteError> {
    match &*named.text {
        "CREATE" => Ok(Operation::Create),
        "UPDATE" => Ok(Operation::Update),
        "DELETE" => Ok(Operation::Delete),
        other => Err(SuiteError::new(
            named.span,
            format!("`{other}` is not an operation: it is CREATE, UPDATE or DELETE"),
        )),
    }
}

impl ResourceSpec {
    fn read(node: &Node) -> Result<Self, SuiteError> {
        let known = [
            "group",
            "version",
            "kind",
            "namespace",
            "subresource",
            "name",
        ];
        let fields = Fields::of(node, "a resource", &known)?;
        let (group, version) = (fields.text("group")?, fields.text("version")?);
        fields.text("subresource")?;
        Ok(Self {
            api_version: if group.is_empty() {
                version
            } else {
                format!("{group}/{version}")
            },
            kind: fields.text("kind")?,
            namespace: fields.text("namespace")?,
            name: fields.text("name")?,
        })
    }
}
