//! What resources are called.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// Group, version and kind. The core group is the empty string.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Gvk {
    /// `apps`; empty for the core group.
    pub group: Arc<str>,
    /// `v1`.
    pub version: Arc<str>,
    /// `Deployment`.
    pub kind: Arc<str>,
}

impl Gvk {
    /// From `apiVersion` and `kind` as they stand in a manifest.
    pub fn from_api_version(api_version: &str, kind: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self {
            group: Arc::from(group),
            version: Arc::from(version),
            kind: Arc::from(kind),
        }
    }

    /// `apps/v1`, or `v1` for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_string()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// kustomize's order of kinds: what others depend on first. Source: kyaml `resid/gvk.go`.
    pub fn install_order(&self, other: &Self) -> Ordering {
        let rank = |gvk: &Gvk| {
            let kind = &*gvk.kind;
            match FIRST.iter().position(|it| *it == kind) {
                Some(at) => at,
                None => LAST
                    .iter()
                    .position(|it| *it == kind)
                    .map_or(FIRST.len(), |at| FIRST.len() + 1 + at),
            }
        };
        // Equal ranks compare as the text `group_version_kind`, in which an empty part is a late letter.
        let text = |gvk: &Gvk| {
            let part = |it: &str, empty: &str| {
                if it.is_empty() {
                    empty.to_owned()
                } else {
                    it.to_owned()
                }
            };
            [
                part(&gvk.group, "~G"),
                part(&gvk.version, "~V"),
                part(&gvk.kind, "~K"),
            ]
            .join("_")
        };
        rank(self)
            .cmp(&rank(other))
            .then_with(|| text(self).cmp(&text(other)))
    }

    /// Whether resources of this kind certainly stand outside of namespaces. Kinds that Kubernetes
    /// 1.21 does not define count as namespaced, as they do to kustomize
    /// (kyaml `openapi.IsCertainlyClusterScoped`).
    pub fn is_cluster_scoped(&self) -> bool {
        let versions: &[&str] = match &*self.group {
            "" => match &*self.kind {
                "ComponentStatus" | "Namespace" | "Node" | "NodeProxyOptions"
                | "PersistentVolume" => &["v1"],
                _ => &[],
            },
            "admissionregistration.k8s.io" => match &*self.kind {
                "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => {
                    &["v1", "v1beta1"]
                }
                _ => &[],
            },
            "apiextensions.k8s.io" if &*self.kind == "CustomResourceDefinition" => {
                &["v1", "v1beta1"]
            }
            "apiregistration.k8s.io" if &*self.kind == "APIService" => &["v1", "v1beta1"],
            "certificates.k8s.io" if &*self.kind == "CertificateSigningRequest" => {
                &["v1", "v1beta1"]
            }
            "flowcontrol.apiserver.k8s.io" => match &*self.kind {
                "FlowSchema" | "PriorityLevelConfiguration" => &["v1beta1"],
                _ => &[],
            },
            "networking.k8s.io" if &*self.kind == "IngressClass" => &["v1", "v1beta1"],
            "node.k8s.io" if &*self.kind == "RuntimeClass" => &["v1", "v1beta1"],
            "policy" if &*self.kind == "PodSecurityPolicy" => &["v1beta1"],
            "rbac.authorization.k8s.io" => match &*self.kind {
                "ClusterRole" | "ClusterRoleBinding" => &["v1", "v1beta1"],
                _ => &[],
            },
            "scheduling.k8s.io" if &*self.kind == "PriorityClass" => &["v1", "v1beta1"],
            "storage.k8s.io" => match &*self.kind {
                "CSIDriver" | "CSINode" | "StorageClass" | "VolumeAttachment" => &["v1", "v1beta1"],
                _ => &[],
            },
            _ => &[],
        };
        versions.contains(&&*self.version)
    }
}

/// The namespace that cluster-scoped resources count as having.
pub(crate) const NO_NAMESPACE: &str = "_non_namespaceable_";

impl ResourceId {
    /// The namespace for comparisons: `default` where none is written, and one that nobody can
    /// write for cluster-scoped resources (kyaml `resid.EffectiveNamespace`).
    pub fn effective_namespace(&self) -> &str {
        if self.gvk.is_cluster_scoped() {
            NO_NAMESPACE
        } else if self.namespace.is_empty() {
            "default"
        } else {
            &self.namespace
        }
    }

    /// Whether both mean the same object of a cluster (kyaml `resid.Equals`).
    pub fn means_same(&self, other: &Self) -> bool {
        self.name == other.name
            && self.gvk == other.gvk
            && self.effective_namespace() == other.effective_namespace()
    }

    /// The same id with the namespace spelled out, so that ids that mean the same are equal.
    #[must_use]
    pub fn effective(mut self) -> Self {
        let namespace = self.effective_namespace();
        if namespace != &*self.namespace {
            self.namespace = Arc::from(namespace);
        }
        self
    }
}

/// Kinds that others depend on, in the order in which they come first.
const FIRST: &[&str] = &[
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

/// Kinds that come after all others.
const LAST: &[&str] = &[
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// kustomize's id of a resource: what it is, its name and its namespace (empty where none is set).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceId {
    /// Group, version, kind.
    pub gvk: Gvk,
    /// `metadata.name`.
    pub name: Arc<str>,
    /// `metadata.namespace` as written; empty where there is none.
    pub namespace: Arc<str>,
}

/// `apps/v1/Deployment prod/web`, as people write it in messages.
impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.gvk.kind)?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        write!(f, "{}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_depend_on_comes_first() {
        let gvk = |group: &str, kind: &str| Gvk {
            group: Arc::from(group),
            version: Arc::from("v1"),
            kind: Arc::from(kind),
        };
        let mut all = [
            gvk(
                "admissionregistration.k8s.io",
                "MutatingWebhookConfiguration",
            ),
            gvk("", "Pod"),
            gvk("example.com", "Thing"),
            gvk("apps", "Deployment"),
            gvk("", "Namespace"),
        ];
        all.sort_by(Gvk::install_order);
        let kinds: Vec<&str> = all.iter().map(|it| &*it.kind).collect();
        assert_eq!(
            kinds,
            [
                "Namespace",
                "Deployment",
                "Thing",
                "Pod",
                "MutatingWebhookConfiguration"
            ]
        );
    }
}
