//! Values and user info: what a suite says about the world around its resources.
//!
//! Source: `cmd/cli/kubectl-kyverno/apis/v1alpha1/values_spec.go`, `user_info.go` and
//! `variables/variables.go`.

use super::{
    document::{check_type, metadata},
    fault::SuiteError,
    fields::{Fields, Named, entries, json_map, text_map},
};
use crate::{Operation, RuleValues, Subresource, UserInfo};
use serde_json::Value;
use std::collections::BTreeMap;
use tollgate_yaml::Node;

/// The variable that also decides which objects a request carries.
const OPERATION: &str = "request.operation";

/// The content of a values file or of `values` in a test.
#[derive(Debug, Default)]
pub(super) struct Values {
    global: BTreeMap<String, Value>,
    policies: Vec<PolicyValues>,
    /// Labels of each namespace.
    pub(super) namespace_labels: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) subresources: Vec<Subresource>,
}

#[derive(Debug)]
struct PolicyValues {
    policy: String,
    resources: Vec<(String, BTreeMap<String, Value>)>,
    rules: Vec<(String, RuleValues)>,
}

const SPEC: [&str; 5] = [
    "globalValues",
    "policies",
    "namespaceSelector",
    "namespaces",
    "subresources",
];

impl Values {
    /// `values` of a test.
    pub(super) fn inline(node: &Node) -> Result<Self, SuiteError> {
        Self::spec(&Fields::of(node, "`values`", &SPEC)?)
    }

    /// A values file.
    pub(super) fn file(node: &Node) -> Result<Self, SuiteError> {
        let known = [&["apiVersion", "kind", "metadata"], &SPEC[..]].concat();
        let fields = Fields::of(node, "a values file", &known)?;
        check_type(&fields, "Values")?;
        metadata(&fields)?;
        Self::spec(&fields)
    }

    fn spec(fields: &Fields<'_>) -> Result<Self, SuiteError> {
        let global = json_map(fields.get("globalValues"))?;
        if let Some(Value::String(operation)) = global.get(OPERATION)
            && !["", "CREATE", "UPDATE", "DELETE", "CONNECT"].contains(&&**operation)
        {
            return Err(SuiteError::new(
                fields.get("globalValues").map_or(fields.span(), Node::span),
                format!(
                    "`{operation}` is not an operation: it is CREATE, UPDATE, DELETE or CONNECT"
                ),
            ));
        }
        let policies = fields.list("policies")?.iter().map(PolicyValues::read);
        let mut namespace_labels = BTreeMap::new();
        for node in fields.list("namespaceSelector")? {
            let fields = Fields::of(node, "a namespace selector", &["name", "labels"])?;
            namespace_labels.insert(fields.text("name")?, text_map(fields.get("labels"))?);
        }
        // Whole namespaces win over labels alone.
        for node in fields.list("namespaces")? {
            let known = ["apiVersion", "kind", "metadata", "spec", "status"];
            let fields = Fields::of(node, "a namespace", &known)?;
            if let Some(meta) = metadata(&fields)? {
                namespace_labels.insert(meta.text("name")?, text_map(meta.get("labels"))?);
            }
        }
        Ok(Self {
            global,
            policies: policies.collect::<Result<_, _>>()?,
            namespace_labels,
            subresources: fields
                .list("subresources")?
                .iter()
                .map(subresource)
                .collect::<Result<_, _>>()?,
        })
    }

    /// The variables for one resource under one policy, by dotted path. A row's own operation wins.
    pub(super) fn variables(
        &self,
        policy: &str,
        resource: &str,
        operation: Option<Operation>,
    ) -> BTreeMap<String, Value> {
        let mut all = self.global.clone();
        let of_policy = self.policies.iter().filter(|it| it.policy == policy);
        for (_, values) in of_policy
            .flat_map(|it| &it.resources)
            .filter(|it| it.0 == resource)
        {
            all.extend(
                values
                    .iter()
                    .map(|(key, value)| (key.clone(), value.clone())),
            );
        }
        if let Some(operation) = operation {
            all.insert(OPERATION.to_owned(), Value::from(operation.as_str()));
        }
        all
    }

    /// The stand-ins for what contexts would have loaded, by rule name. The first entry counts.
    pub(super) fn rule_values(&self, policy: &str) -> BTreeMap<String, RuleValues> {
        let mut all = BTreeMap::new();
        let of_policy = self.policies.iter().filter(|it| it.policy == policy);
        for (rule, values) in of_policy.flat_map(|it| &it.rules) {
            all.entry(rule.clone()).or_insert_with(|| values.clone());
        }
        all
    }
}

/// Which objects a request carries: `CONNECT` and unknown operations look like `CREATE`, although
/// the variable keeps its value.
pub(super) fn operation_of(variables: &BTreeMap<String, Value>) -> Operation {
    match variables.get(OPERATION).and_then(Value::as_str) {
        Some("DELETE") => Operation::Delete,
        Some("UPDATE") => Operation::Update,
        _ => Operation::Create,
    }
}

impl PolicyValues {
    fn read(node: &Node) -> Result<Self, SuiteError> {
        let what = "an entry of `policies` in values";
        let fields = Fields::of(node, what, &["name", "resources", "rules"])?;
        let mut resources = Vec::new();
        for node in fields.list("resources")? {
            let fields = Fields::of(node, "the values of a resource", &["name", "values"])?;
            resources.push((fields.text("name")?, json_map(fields.get("values"))?));
        }
        let mut rules = Vec::new();
        for node in fields.list("rules")? {
            let known = ["name", "values", "foreachValues"];
            let fields = Fields::of(node, "the values of a rule", &known)?;
            let values = RuleValues {
                values: json_map(fields.get("values"))?,
                foreach_values: lists(fields.get("foreachValues"))?,
            };
            rules.push((fields.text("name")?, values));
        }
        Ok(Self {
            policy: fields.text("name")?,
            resources,
            rules,
        })
    }
}

fn lists(node: Option<&Node>) -> Result<BTreeMap<String, Vec<Value>>, SuiteError> {
    let mut all = BTreeMap::new();
    for entry in entries(node)? {
        let list = match entry.value.to_json()? {
            Value::Array(items) => items,
            Value::Null => Vec::new(),
            _ => {
                return Err(SuiteError::new(
                    entry.value.span(),
                    "foreach values are a list: one value for each element",
                ));
            }
        };
        all.insert(entry.key.text.to_string(), list);
    }
    Ok(all)
}

fn subresource(node: &Node) -> Result<Subresource, SuiteError> {
    let fields = Fields::of(node, "a subresource", &["subresource", "parentResource"])?;
    let resource = |key: &str| {
        let node = fields.get(key).ok_or_else(|| {
            SuiteError::new(fields.span(), format!("a subresource needs `{key}`"))
        })?;
        let known = [
            "name",
            "singularName",
            "namespaced",
            "group",
            "version",
            "kind",
            "verbs",
            "shortNames",
            "categories",
            "storageVersionHash",
        ];
        let fields = Fields::of(node, &format!("`{key}`"), &known)?;
        let kind = (
            fields.text("group")?,
            fields.text("version")?,
            fields.text("kind")?,
        );
        Ok::<_, SuiteError>((fields.text("name")?, kind, fields.span()))
    };
    let (name, kind, span) = resource("subresource")?;
    if !name.contains('/') {
        return Err(SuiteError::new(
            span,
            format!("`{name}` is not a subresource: its name has the form `pods/eviction`"),
        ));
    }
    let (_, parent, _) = resource("parentResource")?;
    Ok(Subresource { kind, name, parent })
}

/// A user info file.
pub(super) fn user_info(node: &Node) -> Result<UserInfo, SuiteError> {
    let known = [
        "apiVersion",
        "kind",
        "metadata",
        "roles",
        "clusterRoles",
        "userInfo",
        "synchronize",
    ];
    let fields = Fields::of(node, "a user info file", &known)?;
    check_type(&fields, "UserInfo")?;
    metadata(&fields)?;
    fields.flag("synchronize")?;
    let texts = |named: Vec<Named>| named.into_iter().map(|it| it.text).collect();
    let mut user = serde_json::Map::new();
    if let Some(node) = fields.get("userInfo") {
        let known = ["username", "uid", "groups", "extra"];
        let fields = Fields::of(node, "`userInfo`", &known)?;
        for key in ["username", "uid"] {
            let text = fields.text(key)?;
            if !text.is_empty() {
                user.insert(key.to_owned(), Value::from(text));
            }
        }
        let groups: Vec<String> = texts(fields.texts("groups")?);
        if !groups.is_empty() {
            user.insert("groups".to_owned(), Value::from(groups));
        }
        if let Some(extra) = fields.get("extra") {
            user.insert("extra".to_owned(), extra.to_json()?);
        }
    }
    Ok(UserInfo {
        roles: texts(fields.texts("roles")?),
        cluster_roles: texts(fields.texts("clusterRoles")?),
        user: Value::Object(user),
    })
}
