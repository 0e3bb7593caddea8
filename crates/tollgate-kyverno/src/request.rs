//! What a policy is asked about, and the world it sees.

use crate::exception::Exceptions;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::SystemTime;

/// The admission operation that is simulated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Operation {
    /// The object is new.
    #[default]
    Create,
    /// The object replaces an older one.
    Update,
    /// The object goes away; only the old object exists.
    Delete,
    /// A connection such as `kubectl exec`.
    Connect,
}

impl Operation {
    /// The name as admission requests spell it: `CREATE`, `UPDATE`, `DELETE`, `CONNECT`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

/// Who asks. Source: `api/kyverno/v2/request_info.go` and `authentication/v1` `UserInfo`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserInfo {
    /// `namespace:role` of each bound role.
    pub roles: Vec<String>,
    /// Bound cluster roles.
    pub cluster_roles: Vec<String>,
    /// `authentication.k8s.io/v1` user info as it came: `username`, `uid`, `groups`, `extra`.
    pub user: Value,
}

impl UserInfo {
    pub(crate) fn username(&self) -> &str {
        self.user
            .get("username")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    pub(crate) fn groups(&self) -> impl Iterator<Item = &str> {
        self.user
            .get("groups")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
    }
}

/// Stand-ins for what the contexts of one rule would have loaded. Source: `policies[].rules[]` of
/// Kyverno's values file. Keys are dotted paths into the variables (`dictionary.data.foo`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleValues {
    /// Variables for the whole rule.
    pub values: BTreeMap<String, Value>,
    /// Values for the elements of a foreach. Kyverno 1.19 uses the first for every element.
    pub foreach_values: BTreeMap<String, Vec<Value>>,
}

/// A kind that is a subresource of another one, as a values file declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subresource {
    /// Group, version and kind of the object under test (`policy`, `v1`, `Eviction`).
    pub kind: (String, String, String),
    /// `parent plural/subresource`, such as `pods/eviction`.
    pub name: String,
    /// Group, version and kind of the parent (empty group, `v1`, `Pod`).
    pub parent: (String, String, String),
}

/// An answer that stands in for a call of an API server or a web service.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiAnswer {
    /// `GET` or `POST`; empty for any.
    pub method: String,
    /// The path or address that is called.
    pub url: String,
    /// The HTTP status. Only those from 200 to 299 are answers, the others are failures.
    pub status: u16,
    /// What is answered.
    pub body: Value,
}

/// What stands in for an entry of the cluster's global context.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GlobalEntry {
    /// Its data, or the list of its resources.
    pub data: Value,
    /// A JMESPath query for what of the data counts; all of it where the query is empty.
    pub field_path: String,
    /// Queries by the name under which a rule can ask for their results.
    pub projections: Vec<(String, String)>,
}

/// What is known of the labels of a namespace that [`Fixtures::namespace_labels`] does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnlistedNamespaces {
    /// Nothing but what every namespace of a cluster has, `kubernetes.io/metadata.name`: a rule
    /// whose `namespaceSelector` asks for another label judges nothing there for certain, and what
    /// it would refuse is an error.
    #[default]
    Unknown,
    /// It has none, nor have listed ones more than is listed, as Kyverno's command line has it.
    Unlabelled,
}

/// The world around the object, the same for every request of a run or a suite.
#[derive(Clone, Debug, Default)]
pub struct Fixtures {
    /// Whether rules see requests as an API server sends them: with `request.name` and `request.kind`,
    /// the namespace of what is deleted, and null where there is no object. Kyverno's command line
    /// leaves all of these out.
    pub as_admission: bool,
    /// Labels of each namespace.
    pub namespace_labels: BTreeMap<String, BTreeMap<String, String>>,
    /// What is known of the labels of all other namespaces.
    pub unlisted_namespaces: UnlistedNamespaces,
    /// ConfigMaps by namespace and name, whole objects. `None` where there is nothing to ask: a
    /// `configMap` context then stays unset, and using it is an error.
    pub config_maps: Option<BTreeMap<(String, String), Value>>,
    /// What becomes of a context that nobody can ask (no ConfigMap, no API server, no registry):
    /// with `true` it stays unset and the rule goes on with its defaults, as Kyverno's command line
    /// has it; with `false` a rule that would go on without it is not evaluated.
    pub leave_contexts_unset: bool,
    /// Answers of APIs.
    pub api_answers: Vec<ApiAnswer>,
    /// Entries of the global context by name.
    pub global_context: BTreeMap<String, GlobalEntry>,
    /// Objects that `generate` rules can clone, by namespace and name of the policy and name of
    /// the rule.
    pub clone_sources: BTreeMap<(String, String, String), Vec<Value>>,
    /// Kinds that are subresources.
    pub subresources: Vec<Subresource>,
    /// Exceptions in force.
    pub exceptions: Exceptions,
}

/// One object, the operation on it, and what else the policies may look at.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The object as it would be stored; `None` when it is deleted.
    pub object: Option<&'a Value>,
    /// The object before the operation; `None` when it is created.
    pub old_object: Option<&'a Value>,
    /// What happens to it. The variable `request.operation` has this value unless `values` says otherwise.
    pub operation: Operation,
    /// Who does it; without it roles and subjects in `match` are not looked at.
    pub user_info: Option<&'a UserInfo>,
    /// Extra variables by dotted path (`request.object.spec.x`, `"a.b".c`), merged into the
    /// context, where they win over what is there.
    pub values: &'a BTreeMap<String, Value>,
    /// Stand-ins by rule name for the policy that is asked. They hold for generated rules too.
    pub rule_values: &'a BTreeMap<String, RuleValues>,
    /// The world.
    pub fixtures: &'a Fixtures,
    /// The clock of `time_now()` and its kin.
    pub now: SystemTime,
}
