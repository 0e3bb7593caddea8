//! The field specs that kustomize 5.8.1 brings along, written by rule where they follow one.
//! Source of the facts: kustomize `api/internal/konfig/builtinpluginconsts`.

use super::{FieldSpec, NameReference, SpecPath, TransformerConfig};
use crate::id::Gvk;
use std::sync::Arc;

/// A kind that holds pods and the path to the pod's `spec`.
type Holder = (&'static str, &'static str);

const POD: Holder = ("Pod", "spec");
const CRON_JOB: Holder = ("CronJob", "spec/jobTemplate/spec/template/spec");

/// Kinds whose pods are looked through for the names of ConfigMaps and Secrets.
const MOUNTING: &[Holder] = &[
    ("PodTemplate", "template/spec"),
    ("Deployment", "spec/template/spec"),
    ("ReplicaSet", "spec/template/spec"),
    ("DaemonSet", "spec/template/spec"),
    ("StatefulSet", "spec/template/spec"),
    ("Job", "spec/template/spec"),
    CRON_JOB,
];

/// Kinds whose pods are looked through for the names of everything else.
const RUNNING: &[Holder] = &[
    POD,
    ("StatefulSet", "spec/template/spec"),
    ("Deployment", "spec/template/spec"),
    ("ReplicationController", "spec/template/spec"),
    CRON_JOB,
    ("Job", "spec/template/spec"),
    ("DaemonSet", "spec/template/spec"),
];

/// Kinds whose pods are looked through for variables.
const SUBSTITUTING: &[Holder] = &[
    CRON_JOB,
    ("DaemonSet", "spec/template/spec"),
    ("Deployment", "spec/template/spec"),
    ("Job", "spec/template/spec"),
    POD,
    ("ReplicaSet", "spec/template/spec"),
    ("StatefulSet", "spec/template/spec"),
];

const APPS: &str = "apps";
const BATCH: &str = "batch";
const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";

pub(super) fn config() -> TransformerConfig {
    let name = vec![FieldSpec::any("metadata/name", false)];
    TransformerConfig {
        name_prefix: name.clone(),
        name_suffix: name,
        namespace: vec![
            spec("", "", "Namespace", "metadata/name", true),
            spec(
                "apiregistration.k8s.io",
                "",
                "APIService",
                "spec/service/namespace",
                true,
            ),
            spec(
                "apiextensions.k8s.io",
                "",
                "CustomResourceDefinition",
                "spec/conversion/webhook/clientConfig/service/namespace",
                false,
            ),
        ],
        common_labels: selectors().into_iter().chain(metadata_labels()).collect(),
        labels: Vec::new(),
        template_labels: metadata_labels(),
        common_annotations: metadata_annotations(),
        name_reference: name_references(),
        var_reference: var_references(),
        images: images(),
        replicas: [
            "Deployment",
            "ReplicationController",
            "ReplicaSet",
            "StatefulSet",
        ]
        .map(|kind| spec("", "", kind, "spec/replicas", true))
        .to_vec(),
    }
}

fn selectors() -> Vec<FieldSpec> {
    let mut specs = vec![
        spec("", "v1", "Service", "spec/selector", true),
        spec("", "v1", "ReplicationController", "spec/selector", true),
        spec("", "", "Deployment", "spec/selector/matchLabels", true),
        spec("", "", "ReplicaSet", "spec/selector/matchLabels", true),
        spec("", "", "DaemonSet", "spec/selector/matchLabels", true),
        spec(APPS, "", "StatefulSet", "spec/selector/matchLabels", true),
        spec(BATCH, "", "Job", "spec/selector/matchLabels", false),
        spec(
            BATCH,
            "",
            "CronJob",
            "spec/jobTemplate/spec/selector/matchLabels",
            false,
        ),
        spec(
            "policy",
            "",
            "PodDisruptionBudget",
            "spec/selector/matchLabels",
            false,
        ),
    ];
    for kind in ["Deployment", "StatefulSet"] {
        for affinity in ["podAffinity", "podAntiAffinity"] {
            for term in [
                "preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm",
                "requiredDuringSchedulingIgnoredDuringExecution",
            ] {
                let path = format!(
                    "spec/template/spec/affinity/{affinity}/{term}/labelSelector/matchLabels"
                );
                specs.push(spec(APPS, "", kind, &path, false));
            }
        }
        let spread = "spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels";
        specs.push(spec(APPS, "", kind, spread, false));
    }
    for rule in ["", "ingress/from/", "egress/to/"] {
        let path = format!("spec/{rule}podSelector/matchLabels");
        specs.push(spec("networking.k8s.io", "", "NetworkPolicy", &path, false));
    }
    specs
}

/// The templates of pods and jobs in built-in kinds: group, version, kind, path. `any_group` is
/// the group given to StatefulSets, which differs between labels and annotations upstream.
fn templates(
    stateful_set_group: &'static str,
) -> [(&'static str, &'static str, &'static str, &'static str); 8] {
    [
        ("", "v1", "ReplicationController", "spec/template"),
        ("", "", "Deployment", "spec/template"),
        ("", "", "ReplicaSet", "spec/template"),
        ("", "", "DaemonSet", "spec/template"),
        (stateful_set_group, "", "StatefulSet", "spec/template"),
        (BATCH, "", "Job", "spec/template"),
        (BATCH, "", "CronJob", "spec/jobTemplate"),
        (BATCH, "", "CronJob", "spec/jobTemplate/spec/template"),
    ]
}

fn metadata_labels() -> Vec<FieldSpec> {
    let mut specs = vec![FieldSpec::any("metadata/labels", true)];
    for (group, version, kind, template) in templates(APPS) {
        let path = format!("{template}/metadata/labels");
        specs.push(spec(group, version, kind, &path, true));
    }
    let claims = "spec/volumeClaimTemplates[]/metadata/labels";
    specs.push(spec(APPS, "", "StatefulSet", claims, true));
    specs
}

fn metadata_annotations() -> Vec<FieldSpec> {
    let mut specs = vec![FieldSpec::any("metadata/annotations", true)];
    for (group, version, kind, template) in templates("") {
        let path = format!("{template}/metadata/annotations");
        specs.push(spec(group, version, kind, &path, true));
    }
    specs
}

fn images() -> Vec<FieldSpec> {
    let mut specs = Vec::new();
    for pod in ["spec", "spec/template/spec"] {
        for place in [
            "containers[]/image",
            "initContainers[]/image",
            "volumes[]/image/reference",
        ] {
            specs.push(FieldSpec::any(&format!("{pod}/{place}"), true));
        }
    }
    specs
}

fn name_references() -> Vec<NameReference> {
    let mut all = Vec::new();
    for kind in [
        "Deployment",
        "ReplicationController",
        "ReplicaSet",
        "StatefulSet",
    ] {
        let scaled = other(&[("", "HorizontalPodAutoscaler", "spec/scaleTargetRef/name")]);
        all.push(names("", "", kind, scaled));
    }
    all.push(names("", "v1", "ConfigMap", config_map_referrers()));
    all.push(names("", "v1", "Secret", secret_referrers()));
    all.push(names(
        "",
        "v1",
        "Service",
        other(&[
            (APPS, "StatefulSet", "spec/serviceName"),
            ("", "Ingress", "spec/rules/http/paths/backend/serviceName"),
            ("", "Ingress", "spec/backend/serviceName"),
            ("", "Ingress", "spec/rules/http/paths/backend/service/name"),
            ("", "Ingress", "spec/defaultBackend/service/name"),
            ("apiregistration.k8s.io", "APIService", "spec/service/name"),
            (
                ADMISSION,
                "ValidatingWebhookConfiguration",
                "webhooks/clientConfig/service",
            ),
            (
                ADMISSION,
                "MutatingWebhookConfiguration",
                "webhooks/clientConfig/service",
            ),
        ]),
    ));
    all.push(names(
        RBAC,
        "",
        "Role",
        other(&[(RBAC, "RoleBinding", "roleRef/name")]),
    ));
    all.push(names(
        RBAC,
        "",
        "ClusterRole",
        other(&[
            (RBAC, "RoleBinding", "roleRef/name"),
            (RBAC, "ClusterRoleBinding", "roleRef/name"),
        ]),
    ));
    let mut accounts = other(&[
        (RBAC, "RoleBinding", "subjects"),
        (RBAC, "ClusterRoleBinding", "subjects"),
    ]);
    accounts.extend(in_pods(RUNNING, &["serviceAccountName"]));
    all.push(names("", "v1", "ServiceAccount", accounts));
    let claims = in_pods(RUNNING, &["volumes/persistentVolumeClaim/claimName"]);
    all.push(names("", "v1", "PersistentVolumeClaim", claims));
    all.push(names(
        "",
        "v1",
        "PersistentVolume",
        other(&[
            ("", "PersistentVolumeClaim", "spec/volumeName"),
            ("", "ClusterRole", "rules/resourceNames"),
        ]),
    ));
    all.push(names(
        "storage.k8s.io",
        "v1",
        "StorageClass",
        other(&[
            ("", "PersistentVolume", "spec/storageClassName"),
            ("", "PersistentVolumeClaim", "spec/storageClassName"),
            (
                "",
                "StatefulSet",
                "spec/volumeClaimTemplates/spec/storageClassName",
            ),
        ]),
    ));
    let priorities = in_pods(RUNNING, &["priorityClassName"]);
    all.push(names(
        "scheduling.k8s.io",
        "v1",
        "PriorityClass",
        priorities,
    ));
    // Upstream's group is a slip, and so no Ingress ever follows a renamed IngressClass.
    all.push(names(
        "networking.k8s.io/v1",
        "v1",
        "IngressClass",
        other(&[("", "Ingress", "spec/ingressClassName")]),
    ));
    all.push(names(
        ADMISSION,
        "",
        "ValidatingAdmissionPolicy",
        other(&[(
            ADMISSION,
            "ValidatingAdmissionPolicyBinding",
            "spec/policyName",
        )]),
    ));
    all
}

fn config_map_referrers() -> Vec<FieldSpec> {
    let places = [
        "volumes/configMap/name",
        "containers/env/valueFrom/configMapKeyRef/name",
        "initContainers/env/valueFrom/configMapKeyRef/name",
        "containers/envFrom/configMapRef/name",
        "initContainers/envFrom/configMapRef/name",
        "volumes/projected/sources/configMap/name",
    ];
    let mut specs = in_core_pods(&places);
    specs.extend(in_pods(MOUNTING, &places));
    specs.extend(other(&[
        ("", "Node", "spec/configSource/configMap"),
        ("", "Role", "rules/resourceNames"),
        ("", "ClusterRole", "rules/resourceNames"),
        (
            "",
            "Ingress",
            "metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap",
        ),
    ]));
    specs
}

fn secret_referrers() -> Vec<FieldSpec> {
    let places = [
        "volumes/secret/secretName",
        "containers/env/valueFrom/secretKeyRef/name",
        "initContainers/env/valueFrom/secretKeyRef/name",
        "containers/envFrom/secretRef/name",
        "initContainers/envFrom/secretRef/name",
        "imagePullSecrets/name",
        "volumes/projected/sources/secret/name",
    ];
    let mut specs = in_core_pods(&places);
    specs.extend(in_pods(MOUNTING, &places));
    specs.extend(other(&[
        ("", "Ingress", "spec/tls/secretName"),
        (
            "",
            "Ingress",
            "metadata/annotations/ingress.kubernetes.io\\/auth-secret",
        ),
        (
            "",
            "Ingress",
            "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret",
        ),
        (
            "",
            "Ingress",
            "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret",
        ),
        ("", "ServiceAccount", "imagePullSecrets/name"),
        ("", "StorageClass", "parameters/secretName"),
        ("", "StorageClass", "parameters/adminSecretName"),
        ("", "StorageClass", "parameters/userSecretName"),
        ("", "StorageClass", "parameters/secretRef"),
        ("", "Role", "rules/resourceNames"),
        ("", "ClusterRole", "rules/resourceNames"),
        ("", "PersistentVolume", "spec/azureFile/secretName"),
    ]));
    let knative = "spec/template/spec/containers/env/valueFrom/secretKeyRef/name";
    specs.push(spec("serving.knative.dev", "v1", "Service", knative, false));
    specs
}

fn var_references() -> Vec<FieldSpec> {
    let mut specs = Vec::new();
    for containers in ["containers", "initContainers"] {
        for field in ["args", "command", "env/value", "volumeMounts/mountPath"] {
            specs.extend(in_pods(SUBSTITUTING, &[&format!("{containers}/{field}")]));
        }
    }
    for (kind, pod) in SUBSTITUTING {
        // Two of upstream's paths lead past the pod's volumes.
        let path = match *kind {
            "CronJob" => "spec/jobTemplate/spec/template/volumes/nfs/server".to_owned(),
            "StatefulSet" => "spec/volumeClaimTemplates/spec/nfs/server".to_owned(),
            _ => format!("{pod}/volumes/nfs/server"),
        };
        specs.push(spec("", "", kind, &path, false));
    }
    specs.extend(other(&[
        ("", "Deployment", "spec/template/metadata/annotations"),
        ("", "Ingress", "spec/rules/host"),
        ("", "Ingress", "spec/tls/hosts"),
        ("", "Ingress", "spec/tls/secretName"),
        ("", "Service", "spec/ports/port"),
        ("", "Service", "spec/ports/targetPort"),
        ("", "PersistentVolume", "spec/nfs/server"),
        ("", "", "metadata/labels"),
        ("", "", "metadata/annotations"),
    ]));
    specs
}

fn names(group: &str, version: &str, kind: &str, referrers: Vec<FieldSpec>) -> NameReference {
    NameReference {
        target: gvk(group, version, kind),
        referrers,
    }
}

fn in_core_pods(places: &[&str]) -> Vec<FieldSpec> {
    let path = |place: &&str| spec("", "v1", POD.0, &format!("{}/{place}", POD.1), false);
    places.iter().map(path).collect()
}

fn in_pods(holders: &[Holder], places: &[&str]) -> Vec<FieldSpec> {
    let mut specs = Vec::new();
    for (kind, pod) in holders {
        for place in places {
            specs.push(spec("", "", kind, &format!("{pod}/{place}"), false));
        }
    }
    specs
}

/// Specs from (group, kind, path) that make nothing.
fn other(places: &[(&str, &str, &str)]) -> Vec<FieldSpec> {
    places
        .iter()
        .map(|(group, kind, path)| spec(group, "", kind, path, false))
        .collect()
}

fn spec(group: &str, version: &str, kind: &str, path: &str, create: bool) -> FieldSpec {
    FieldSpec {
        selector: gvk(group, version, kind),
        path: SpecPath::new(path),
        create,
    }
}

fn gvk(group: &str, version: &str, kind: &str) -> Gvk {
    Gvk {
        group: Arc::from(group),
        version: Arc::from(version),
        kind: Arc::from(kind),
    }
}
