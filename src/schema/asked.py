"""What an API server asks of Kubernetes' own kinds and OpenAPI does not say.

Source: the validation of Kubernetes, `pkg/apis/*/validation`. Only what holds for a field alone, whatever
stands beside it. Definitions are named by the end of their name; what a field must be is

    words("A B")          one of these; `empty=True` where the empty text counts as absent
    numbers(least, most)  a number between
    text(FORMAT)          a text of this form; see `formats.rs`
    some                  a list or map that is not empty
    asked                 given at all

A word, or what a field must be, may have the first minor version of Kubernetes that it holds for.
"""


def words(listed, empty=False, since=None, later=None):
    """`later`: words by the first minor version that has them."""

    def options(minor):
        all_of = listed.split() + [word for word, first in (later or {}).items() if minor >= first]
        return sorted(all_of) + ([""] if empty else [])

    def narrow(it, minor):
        if since is not None and minor < since:
            return
        (it["items"] if it.get("type") == "array" else it)["enum"] = options(minor)

    return narrow


def numbers(least=None, most=None):
    def narrow(it, _):
        if least is not None:
            it["minimum"] = least
        if most is not None:
            it["maximum"] = most

    return narrow


def text(form, since=0, until=99):
    def narrow(it, minor):
        if not since <= minor <= until:
            return
        (it["items"] if it.get("type") == "array" else it)["format"] = form

    return narrow


def labels(it, _):
    it["propertyNames"] = {"format": "label-key"}
    it["additionalProperties"]["format"] = "label-value"


def some(it, _):
    it["minItems" if it.get("type") == "array" else "minProperties"] = 1


def unasked(it, _):
    """A selector that only the API of metrics reads."""
    texts = {"type": "string"}
    expression = {"key": texts, "operator": texts, "values": {"items": texts, "type": "array"}}
    it.clear()
    it |= closed(
        {
            "matchExpressions": {"items": closed(expression) | {"required": ["key", "operator"]}, "type": "array"},
            "matchLabels": {"additionalProperties": texts, "type": "object"},
        }
    )


def closed(properties):
    return {"additionalProperties": False, "properties": properties, "type": "object"}


def asked(_it, _minor):
    pass


PROTOCOL = words("TCP UDP SCTP", empty=True)
CONTAINER = {
    "imagePullPolicy": words("Always IfNotPresent Never", empty=True),
    "terminationMessagePolicy": words("File FallbackToLogsOnError", empty=True),
}
NOT_NEGATIVE = numbers(0)
MODE = numbers(0, 511)
SERVER_ROLE = words("rbac.authorization.k8s.io", empty=True)
OPERATIONS = "* CONNECT CREATE DELETE UPDATE"
WEBHOOK = {
    "failurePolicy": words("Fail Ignore"),
    "matchPolicy": words("Equivalent Exact"),
    "sideEffects": words("None NoneOnDryRun"),
    "timeoutSeconds": numbers(1, 30),
    "admissionReviewVersions": [text("label-1035"), some],
}
METRIC = "ContainerResource External Object Pods Resource"

# By definition and field.
ASKED = {
    "admissionregistration.v1.MutatingWebhook": WEBHOOK | {"reinvocationPolicy": words("IfNeeded Never")},
    "admissionregistration.v1.RuleWithOperations": {
        "operations": [words(OPERATIONS), some, asked],
        "apiGroups": [some, asked],
        "apiVersions": [some, asked],
        "resources": [some, asked],
        "scope": words("* Cluster Namespaced"),
    },
    "admissionregistration.v1.ServiceReference": {"port": numbers(1, 65535)},
    "admissionregistration.v1.ValidatingWebhook": WEBHOOK,
    "apiextensions.v1.CustomResourceColumnDefinition": {"type": words("boolean date integer number string")},
    "apiextensions.v1.CustomResourceConversion": {"strategy": words("None Webhook")},
    "apiextensions.v1.CustomResourceDefinitionSpec": {"scope": words("Cluster Namespaced"), "versions": some},
    "apps.v1.DaemonSet": {"spec": asked},
    "apps.v1.DaemonSetSpec": {"minReadySeconds": NOT_NEGATIVE, "revisionHistoryLimit": NOT_NEGATIVE},
    "apps.v1.DaemonSetUpdateStrategy": {"type": words("OnDelete RollingUpdate", empty=True)},
    "apps.v1.Deployment": {"spec": asked},
    "apps.v1.DeploymentSpec": {
        "minReadySeconds": NOT_NEGATIVE,
        "progressDeadlineSeconds": NOT_NEGATIVE,
        "replicas": NOT_NEGATIVE,
        "revisionHistoryLimit": NOT_NEGATIVE,
    },
    "apps.v1.DeploymentStrategy": {"type": words("Recreate RollingUpdate", empty=True)},
    "apps.v1.ReplicaSet": {"spec": asked},
    "apps.v1.ReplicaSetSpec": {"minReadySeconds": NOT_NEGATIVE, "replicas": NOT_NEGATIVE, "template": asked},
    "apps.v1.StatefulSet": {"spec": asked},
    "apps.v1.StatefulSetOrdinals": {"start": NOT_NEGATIVE},
    "apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy": {
        "whenDeleted": words("Delete Retain", empty=True, since=27),
        "whenScaled": words("Delete Retain", empty=True, since=27),
    },
    "apps.v1.StatefulSetSpec": {
        "minReadySeconds": NOT_NEGATIVE,
        "podManagementPolicy": words("OrderedReady Parallel", empty=True),
        "replicas": NOT_NEGATIVE,
    },
    "apps.v1.StatefulSetUpdateStrategy": {"type": words("OnDelete RollingUpdate", empty=True)},
    "autoscaling.v1.HorizontalPodAutoscaler": {"spec": asked},
    "autoscaling.v1.HorizontalPodAutoscalerSpec": {"maxReplicas": numbers(1)},
    "autoscaling.v2.HPAScalingPolicy": {
        "periodSeconds": numbers(1, 1800),
        "type": words("Percent Pods"),
        "value": numbers(1),
    },
    "autoscaling.v2.HPAScalingRules": {
        "selectPolicy": words("Disabled Max Min"),
        "stabilizationWindowSeconds": numbers(0, 3600),
    },
    "autoscaling.v2.HorizontalPodAutoscaler": {"spec": asked},
    "autoscaling.v2.HorizontalPodAutoscalerSpec": {"maxReplicas": numbers(1)},
    "autoscaling.v2.MetricSpec": {"type": words(METRIC)},
    "autoscaling.v2.MetricIdentifier": {"selector": unasked},
    "autoscaling.v2.MetricTarget": {
        "averageUtilization": numbers(1),
        "type": words("AverageValue Utilization Value"),
    },
    "batch.v1.CronJob": {"spec": asked},
    "batch.v1.CronJobSpec": {
        "concurrencyPolicy": words("Allow Forbid Replace", empty=True),
        "failedJobsHistoryLimit": NOT_NEGATIVE,
        "startingDeadlineSeconds": NOT_NEGATIVE,
        "successfulJobsHistoryLimit": NOT_NEGATIVE,
    },
    "batch.v1.Job": {"spec": asked},
    "batch.v1.JobSpec": {
        "activeDeadlineSeconds": NOT_NEGATIVE,
        "backoffLimit": NOT_NEGATIVE,
        "completionMode": words("Indexed NonIndexed"),
        "completions": NOT_NEGATIVE,
        "parallelism": NOT_NEGATIVE,
        "ttlSecondsAfterFinished": NOT_NEGATIVE,
    },
    "batch.v1.JobTemplateSpec": {"spec": asked},
    "batch.v1.PodFailurePolicyRule": {"action": words("Count FailJob Ignore", since=26, later={"FailIndex": 29})},
    "core.v1.ConfigMapEnvSource": {"name": [text("object-name"), asked]},
    "core.v1.ConfigMapVolumeSource": {"defaultMode": MODE, "name": asked},
    "core.v1.Container": CONTAINER,
    "core.v1.ContainerPort": {"protocol": PROTOCOL},
    "core.v1.ContainerResizePolicy": {"restartPolicy": words("NotRequired RestartContainer", since=33)},
    "core.v1.DownwardAPIVolumeSource": {"defaultMode": MODE},
    "core.v1.EndpointPort": {"port": numbers(1, 65535), "protocol": PROTOCOL},
    "core.v1.EphemeralContainer": CONTAINER,
    "core.v1.HTTPGetAction": {"scheme": words("HTTP HTTPS", empty=True)},
    "core.v1.HostPathVolumeSource": {
        "path": some,
        "type": words("BlockDevice CharDevice Directory DirectoryOrCreate File FileOrCreate Socket", empty=True),
    },
    "core.v1.ImageVolumeSource": {"pullPolicy": words("Always IfNotPresent Never", empty=True, since=33)},
    "core.v1.KeyToPath": {"mode": MODE},
    "core.v1.LimitRangeItem": {"type": text("label-key")},
    "core.v1.NodeSelector": {"nodeSelectorTerms": some},
    "core.v1.NodeSelectorRequirement": {"operator": words("DoesNotExist Exists Gt In Lt NotIn")},
    "core.v1.PersistentVolume": {"spec": asked},
    "core.v1.PersistentVolumeClaim": {"spec": asked},
    "core.v1.PersistentVolumeClaimSpec": {
        "accessModes": [
            words("ReadOnlyMany ReadWriteMany ReadWriteOnce", later={"ReadWriteOncePod": 27}),
            some,
            asked,
        ],
        "resources": asked,
        "volumeMode": words("Block Filesystem"),
    },
    "core.v1.PersistentVolumeSpec": {
        "accessModes": [
            words("ReadOnlyMany ReadWriteMany ReadWriteOnce", later={"ReadWriteOncePod": 27}),
            some,
            asked,
        ],
        "capacity": [some, asked],
        "persistentVolumeReclaimPolicy": words("Delete Recycle Retain", empty=True),
        "volumeMode": words("Block Filesystem"),
    },
    "core.v1.Pod": {"spec": asked},
    "core.v1.PodAffinityTerm": {"topologyKey": text("label-key")},
    "core.v1.PodSecurityContext": {
        "fsGroupChangePolicy": words("Always OnRootMismatch"),
        "fsGroup": numbers(0, 2**31 - 1),
        "runAsGroup": numbers(0, 2**31 - 1),
        "runAsUser": numbers(0, 2**31 - 1),
    },
    "core.v1.PodSpec": {
        "activeDeadlineSeconds": numbers(1, 2**31 - 1),
        "containers": some,
        "dnsPolicy": words("ClusterFirst ClusterFirstWithHostNet Default None", empty=True),
        "hostname": text("label-or-empty"),
        "preemptionPolicy": words("Never PreemptLowerPriority"),
        "priorityClassName": text("object-name-or-empty"),
        "restartPolicy": words("Always Never OnFailure", empty=True),
        "runtimeClassName": text("object-name"),
        "serviceAccountName": text("object-name-or-empty"),
        "subdomain": text("label-or-empty"),
    },
    "core.v1.PodTemplate": {"template": asked},
    "core.v1.PodTemplateSpec": {"spec": asked},
    "core.v1.PreferredSchedulingTerm": {"weight": numbers(1, 100)},
    "core.v1.Probe": {
        "failureThreshold": NOT_NEGATIVE,
        "initialDelaySeconds": NOT_NEGATIVE,
        "periodSeconds": NOT_NEGATIVE,
        "successThreshold": NOT_NEGATIVE,
        "timeoutSeconds": NOT_NEGATIVE,
    },
    "core.v1.ProjectedVolumeSource": {"defaultMode": MODE},
    "core.v1.ReplicationController": {"spec": asked},
    "core.v1.ReplicationControllerSpec": {
        "minReadySeconds": NOT_NEGATIVE,
        "replicas": NOT_NEGATIVE,
        "template": asked,
    },
    "core.v1.ScopedResourceSelectorRequirement": {"operator": words("DoesNotExist Exists In NotIn")},
    "core.v1.SeccompProfile": {"type": words("Localhost RuntimeDefault Unconfined")},
    "core.v1.SecretEnvSource": {"name": [text("object-name"), asked]},
    "core.v1.SecretVolumeSource": {"defaultMode": MODE, "secretName": [some, asked]},
    "core.v1.SecurityContext": {"procMount": words("Default Unmasked")},
    "core.v1.Service": {"spec": asked},
    "core.v1.ServicePort": {"protocol": PROTOCOL, "nodePort": numbers(0, 65535)},
    "core.v1.ServiceSpec": {
        "externalTrafficPolicy": words("Cluster Local", empty=True),
        "internalTrafficPolicy": words("Cluster Local"),
        "ipFamilies": words("IPv4 IPv6"),
        "ipFamilyPolicy": words("PreferDualStack RequireDualStack SingleStack"),
        "sessionAffinity": words("ClientIP None", empty=True),
        "type": words("ClusterIP ExternalName LoadBalancer NodePort", empty=True),
    },
    "core.v1.ClientIPConfig": {"timeoutSeconds": numbers(1, 86400)},
    "core.v1.Toleration": {
        "effect": words("NoExecute NoSchedule PreferNoSchedule", empty=True),
        "key": text("label-key-or-empty"),
    },
    "core.v1.TopologySpreadConstraint": {
        "maxSkew": numbers(1),
        "minDomains": numbers(1),
        "topologyKey": some,
        "whenUnsatisfiable": words("DoNotSchedule ScheduleAnyway"),
        "nodeAffinityPolicy": words("Honor Ignore", since=26),
        "nodeTaintsPolicy": words("Honor Ignore", since=26),
    },
    "core.v1.VolumeMount": {"mountPropagation": words("Bidirectional HostToContainer None")},
    "core.v1.WeightedPodAffinityTerm": {"weight": numbers(1, 100)},
    "discovery.v1.Endpoint": {"hostname": text("label")},
    "discovery.v1.EndpointPort": {"protocol": words("SCTP TCP UDP")},
    "discovery.v1.EndpointSlice": {"addressType": words("FQDN IPv4 IPv6")},
    "flowcontrol.v1.FlowDistinguisherMethod": {"type": words("ByNamespace ByUser")},
    "flowcontrol.v1.LimitResponse": {"type": words("Queue Reject")},
    "flowcontrol.v1.PriorityLevelConfigurationSpec": {"type": words("Exempt Limited")},
    "flowcontrol.v1.Subject": {"kind": words("Group ServiceAccount User")},
    "meta.v1.LabelSelector": {"matchLabels": labels},
    "meta.v1.LabelSelectorRequirement": {
        "key": text("label-key"),
        "operator": words("DoesNotExist Exists In NotIn"),
        "values": text("label-value", since=27),
    },
    "networking.v1.HTTPIngressPath": {"pathType": words("Exact ImplementationSpecific Prefix")},
    "networking.v1.HTTPIngressRuleValue": {"paths": some},
    "networking.v1.Ingress": {"spec": asked},
    "networking.v1.IngressClass": {"spec": asked},
    "networking.v1.IngressClassParametersReference": {"scope": words("Cluster Namespace"), "kind": some, "name": some},
    "networking.v1.IngressClassSpec": {"controller": [some, asked]},
    "networking.v1.IngressServiceBackend": {"name": [text("label-1035", until=34), text("label", since=35)]},
    "networking.v1.IngressSpec": {"ingressClassName": text("object-name")},
    "networking.v1.NetworkPolicyPort": {"protocol": words("SCTP TCP UDP"), "endPort": numbers(1, 65535)},
    "networking.v1.NetworkPolicySpec": {"policyTypes": words("Egress Ingress")},
    "node.v1.RuntimeClass": {"handler": text("label")},
    "node.v1.Scheduling": {"nodeSelector": labels},
    "policy.v1.PodDisruptionBudgetSpec": {"unhealthyPodEvictionPolicy": words("AlwaysAllow IfHealthyBudget", since=27)},
    "rbac.v1.ClusterRoleBinding": {"roleRef": asked},
    "rbac.v1.PolicyRule": {"verbs": some},
    "rbac.v1.RoleRef": {"apiGroup": SERVER_ROLE, "kind": words("ClusterRole Role"), "name": some},
    "rbac.v1.Subject": {"kind": words("Group ServiceAccount User"), "name": some},
    "scheduling.v1.PriorityClass": {"preemptionPolicy": words("Never PreemptLowerPriority")},
    "storage.v1.CSIDriverSpec": {
        "fsGroupPolicy": words("File None ReadWriteOnceWithFSType"),
        "volumeLifecycleModes": words("Ephemeral Persistent"),
    },
    "storage.v1.StorageClass": {
        "provisioner": some,
        "reclaimPolicy": words("Delete Retain", empty=True),
        "volumeBindingMode": words("Immediate WaitForFirstConsumer"),
    },
}


def narrow(name, it, minor):
    """A definition with what is asked of its fields, and the names of those that have to be given."""
    required = set()
    for field, rules in next((rules for end, rules in ASKED.items() if name.endswith("." + end)), {}).items():
        at = it.get("properties", {}).get(field)
        if at is None:
            continue
        for rule in rules if isinstance(rules, list) else [rules]:
            if rule is asked:
                required.add(field)
            elif rule is some and at.get("type") == "string":
                at["minLength"] = 1
            else:
                rule(at, minor)
    return required
