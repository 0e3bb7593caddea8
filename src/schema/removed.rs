//! API versions that were gone before the first Kubernetes whose schemas are embedded.
//!
//! Source: the deprecated API migration guide of Kubernetes,
//! <https://kubernetes.io/docs/reference/using-api/deprecation-guide/>. What went later is found by
//! comparing the embedded versions with each other.

/// The minor version of Kubernetes that stopped to serve it, and the API version to use instead.
pub(super) struct Removed {
    pub(super) minor: u32,
    pub(super) instead: &'static str,
}

/// API version, the kinds in it (none: all of them), who stopped to serve it, and what to use.
type Row = (&'static str, &'static [&'static str], u32, &'static str);

const TABLE: &[Row] = &[
    (
        "extensions/v1beta1",
        &["Ingress"],
        22,
        "networking.k8s.io/v1",
    ),
    (
        "extensions/v1beta1",
        &["NetworkPolicy"],
        16,
        "networking.k8s.io/v1",
    ),
    (
        "extensions/v1beta1",
        &["DaemonSet", "Deployment", "ReplicaSet"],
        16,
        "apps/v1",
    ),
    ("extensions/v1beta1", &["PodSecurityPolicy"], 16, ""),
    (
        "apps/v1beta1",
        &[
            "Deployment",
            "StatefulSet",
            "ReplicaSet",
            "ControllerRevision",
        ],
        16,
        "apps/v1",
    ),
    (
        "apps/v1beta2",
        &[
            "DaemonSet",
            "Deployment",
            "StatefulSet",
            "ReplicaSet",
            "ControllerRevision",
        ],
        16,
        "apps/v1",
    ),
    (
        "admissionregistration.k8s.io/v1beta1",
        &[
            "MutatingWebhookConfiguration",
            "ValidatingWebhookConfiguration",
        ],
        22,
        "admissionregistration.k8s.io/v1",
    ),
    (
        "apiextensions.k8s.io/v1beta1",
        &["CustomResourceDefinition"],
        22,
        "apiextensions.k8s.io/v1",
    ),
    (
        "apiregistration.k8s.io/v1beta1",
        &["APIService"],
        22,
        "apiregistration.k8s.io/v1",
    ),
    (
        "authentication.k8s.io/v1beta1",
        &["TokenReview"],
        22,
        "authentication.k8s.io/v1",
    ),
    (
        "authorization.k8s.io/v1beta1",
        &[
            "LocalSubjectAccessReview",
            "SelfSubjectAccessReview",
            "SubjectAccessReview",
            "SelfSubjectRulesReview",
        ],
        22,
        "authorization.k8s.io/v1",
    ),
    (
        "certificates.k8s.io/v1beta1",
        &["CertificateSigningRequest"],
        22,
        "certificates.k8s.io/v1",
    ),
    (
        "coordination.k8s.io/v1beta1",
        &["Lease"],
        22,
        "coordination.k8s.io/v1",
    ),
    (
        "networking.k8s.io/v1beta1",
        &["Ingress", "IngressClass"],
        22,
        "networking.k8s.io/v1",
    ),
    (
        "rbac.authorization.k8s.io/v1beta1",
        &[],
        22,
        "rbac.authorization.k8s.io/v1",
    ),
    (
        "rbac.authorization.k8s.io/v1alpha1",
        &[],
        22,
        "rbac.authorization.k8s.io/v1",
    ),
    (
        "scheduling.k8s.io/v1beta1",
        &["PriorityClass"],
        22,
        "scheduling.k8s.io/v1",
    ),
    (
        "scheduling.k8s.io/v1alpha1",
        &["PriorityClass"],
        22,
        "scheduling.k8s.io/v1",
    ),
    (
        "storage.k8s.io/v1beta1",
        &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"],
        22,
        "storage.k8s.io/v1",
    ),
    ("batch/v2alpha1", &["CronJob"], 21, "batch/v1"),
    ("batch/v1beta1", &["CronJob"], 25, "batch/v1"),
    (
        "discovery.k8s.io/v1beta1",
        &["EndpointSlice"],
        25,
        "discovery.k8s.io/v1",
    ),
    ("events.k8s.io/v1beta1", &["Event"], 25, "events.k8s.io/v1"),
    (
        "autoscaling/v2beta1",
        &["HorizontalPodAutoscaler"],
        25,
        "autoscaling/v2",
    ),
    ("policy/v1beta1", &["PodDisruptionBudget"], 25, "policy/v1"),
    ("policy/v1beta1", &["PodSecurityPolicy"], 25, ""),
    (
        "node.k8s.io/v1beta1",
        &["RuntimeClass"],
        25,
        "node.k8s.io/v1",
    ),
];

/// What became of a kind.
pub(super) fn removed(api_version: &str, kind: &str) -> Option<Removed> {
    TABLE
        .iter()
        .find(|row| row.0 == api_version && (row.1.is_empty() || row.1.contains(&kind)))
        .map(|row| Removed {
            minor: row.2,
            instead: row.3,
        })
}

/// API versions that every embedded Kubernetes serves and that its authors ask to leave, with what
/// to use.
const LEFT: &[(&str, &str, &str)] = &[
    ("v1", "Endpoints", "EndpointSlice of discovery.k8s.io/v1"),
    ("v1", "ComponentStatus", ""),
];

/// The advice where a kind should be left.
pub(super) fn left(api_version: &str, kind: &str) -> Option<&'static str> {
    LEFT.iter()
        .find(|row| row.0 == api_version && row.1 == kind)
        .map(|row| row.2)
}
