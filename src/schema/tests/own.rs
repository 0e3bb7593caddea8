//! What servers ask of Kubernetes' own kinds and no schema says.

use super::*;

/// What is told of an object of a kind, by the newest version of Kubernetes.
fn of(api_version: &str, kind: &str, rest: &str) -> Vec<String> {
    let text = format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a}}\n{rest}\n");
    judge(None, &text)
}

#[test]
fn words_of_kubernetes_own_kinds_are_those_that_servers_know() {
    for (from, to, want) in [
        (
            "image: web:1\n",
            "image: web:1\n          imagePullPolicy: always\n",
            "Invalid `spec.template.spec.containers[0].imagePullPolicy` must be one of `Always`, `IfNotPresent`, `Never`",
        ),
        (
            "      containers:\n",
            "      dnsPolicy: Cluster\n      containers:\n",
            "Invalid `spec.template.spec.dnsPolicy` must be one of `ClusterFirst`, `ClusterFirstWithHostNet`, `Default`, `None`",
        ),
        (
            "      containers:\n",
            "      tolerations: [{key: 'a b', operator: Exists}]\n      containers:\n",
            "Invalid `spec.template.spec.tolerations[0].key` is not a valid name [use letters, digits, `-`, `_` and `.`, at most 63, after a domain and `/` if there is one]",
        ),
        (
            "  strategy: null\n",
            "  strategy: {type: Rolling}\n",
            "Invalid `spec.strategy.type` must be one of `Recreate`, `RollingUpdate`",
        ),
        (
            "replicas: 2",
            "replicas: -1",
            "Invalid `spec.replicas` must be at least 0",
        ),
        (
            "maxUnavailable: 1",
            "maxUnavailable: 2147483648",
            "Invalid `spec.strategy.rollingUpdate.maxUnavailable` must be at most 2147483647",
        ),
    ] {
        let text = DEPLOYMENT.replace(
            "  strategy: null\n",
            if from.starts_with("max") {
                "  strategy: {rollingUpdate: {maxUnavailable: 1}}\n"
            } else {
                "  strategy: null\n"
            },
        );
        assert!(text.contains(from), "{from}");
        assert_eq!(judge(None, &text.replacen(from, to, 1)), [want]);
    }
    let fine = DEPLOYMENT
        .replace(
            "image: web:1\n",
            "image: web:1\n          imagePullPolicy: ''\n",
        )
        .replace("  strategy: null\n", "  strategy: {type: '${TYPE}'}\n");
    assert_eq!(judge(None, &fine), Vec::<String>::new());
}

#[test]
fn a_word_that_a_later_version_added_is_unknown_before() {
    let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a}\nspec: {accessModes: [ReadWriteOncePod], resources: {requests: {storage: 1Gi}}}\n";
    assert_eq!(judge(Some("1.27"), claim), Vec::<String>::new());
    assert_eq!(
        judge(Some("1.26"), claim),
        [
            "Invalid `spec.accessModes[0]` must be one of `ReadOnlyMany`, `ReadWriteMany`, `ReadWriteOnce`"
        ]
    );
}

#[test]
fn a_workload_restarts_its_pods_as_its_kind_can() {
    let job = |policy: &str| {
        of(
            "batch/v1",
            "Job",
            &format!(
                "spec: {{template: {{spec: {{containers: [{{name: a, image: a}}]{policy}}}}}}}"
            ),
        )
    };
    let wants = "must have `restartPolicy: Never` or `OnFailure`";
    assert_eq!(job(", restartPolicy: Never"), Vec::<String>::new());
    assert_eq!(job(", restartPolicy: '${P}'"), Vec::<String>::new());
    assert_eq!(job(""), [format!("Invalid `spec.template.spec` {wants}")]);
    assert_eq!(
        job(", restartPolicy: Always"),
        [format!(
            "Invalid `spec.template.spec.restartPolicy` {wants}"
        )]
    );
    let cron = "spec: {schedule: '* * * * *', jobTemplate: {spec: {template: {spec: {containers: [{name: a, image: a}]}}}}}";
    assert_eq!(
        of("batch/v1", "CronJob", cron),
        [format!(
            "Invalid `spec.jobTemplate.spec.template.spec` {wants}"
        )]
    );
    let never = DEPLOYMENT.replace(
        "      containers:\n",
        "      restartPolicy: Never\n      containers:\n",
    );
    assert_eq!(
        judge(None, &never),
        ["Invalid `spec.template.spec.restartPolicy` must have `restartPolicy: Always`"]
    );
}

#[test]
fn selectors_hold_labels_and_select_something() {
    let all = DEPLOYMENT.replace("{matchLabels: {app: web}}", "{matchLabels: {}}");
    assert_eq!(
        judge(None, &all),
        ["Invalid `spec.selector` selects everything, which no workload may"]
    );
    let keys = "Invalid `spec.podSelector.matchLabels.a b` has a key that is no valid name [use letters, digits, `-`, `_` and `.`, at most 63, after a domain and `/` if there is one]";
    let policy = |selector: &str| {
        of(
            "networking.k8s.io/v1",
            "NetworkPolicy",
            &format!("spec: {{podSelector: {selector}}}"),
        )
    };
    assert_eq!(policy("{matchLabels: {a b: c}}"), [keys]);
    assert_eq!(
        policy("{matchExpressions: [{key: a, operator: Is, values: [b]}]}"),
        [
            "Invalid `spec.podSelector.matchExpressions[0].operator` must be one of `DoesNotExist`, `Exists`, `In`, `NotIn`"
        ]
    );
    assert_eq!(policy("{}"), Vec::<String>::new());
    let metric = "spec: {maxReplicas: 1, scaleTargetRef: {kind: A, name: a}, metrics: [{type: Pods, pods: {metric: {name: a, selector: {matchLabels: {a b: c}}}, target: {type: Value, value: 1}}}]}";
    assert_eq!(
        of("autoscaling/v2", "HorizontalPodAutoscaler", metric),
        Vec::<String>::new()
    );
    let controller = "spec: {selector: {a: b}, template: {metadata: {labels: {a: c}}, spec: {containers: [{name: a, image: a}]}}}";
    assert_eq!(
        of("v1", "ReplicationController", controller),
        ["Invalid `spec.selector.a` is no label of the template"]
    );
}

#[test]
fn roles_and_bindings_name_what_they_are_about() {
    const RBAC: &str = "rbac.authorization.k8s.io/v1";
    let role = "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: a}\n";
    for (kind, rest, want) in [
        (
            "ClusterRoleBinding",
            format!("{role}subjects: [{{kind: ServiceAccount, name: a}}]"),
            "`subjects[0]` lacks `namespace`",
        ),
        (
            "RoleBinding",
            format!("{role}subjects: [{{kind: ServiceAccount, name: A}}]"),
            "`subjects[0].name` is not lowercase letters, digits, `-` and `.`, at most 253 characters",
        ),
        (
            "RoleBinding",
            format!("{role}subjects: [{{kind: User, name: a, apiGroup: x}}]"),
            "`subjects[0].apiGroup` must be `rbac.authorization.k8s.io`",
        ),
        (
            "RoleBinding",
            format!(
                "{role}subjects: [{{kind: ServiceAccount, name: a, apiGroup: rbac.authorization.k8s.io}}]"
            ),
            "`subjects[0].apiGroup` must be empty for a ServiceAccount",
        ),
        (
            "RoleBinding",
            format!("{role}subjects: [{{kind: Role, name: a}}]"),
            "`subjects[0].kind` must be one of `Group`, `ServiceAccount`, `User`",
        ),
        (
            "ClusterRoleBinding",
            role.replace("ClusterRole", "Role"),
            "`roleRef.kind` must be `ClusterRole` in a ClusterRoleBinding",
        ),
        (
            "Role",
            "rules: [{resources: [pods], verbs: [get]}]".to_owned(),
            "`rules[0]` lacks `apiGroups`",
        ),
        (
            "Role",
            "rules: [{apiGroups: [''], resources: [pods], verbs: []}]".to_owned(),
            "`rules[0].verbs` must not be empty",
        ),
        (
            "Role",
            "rules: [{nonResourceURLs: [/a], verbs: [get]}]".to_owned(),
            "`rules[0].nonResourceURLs` may stand in a ClusterRole only",
        ),
    ] {
        assert_eq!(of(RBAC, kind, &rest), [format!("Invalid {want}")]);
    }
    for (kind, rest) in [
        (
            "RoleBinding",
            format!(
                "{role}subjects: [{{kind: ServiceAccount, name: a}}, {{kind: Group, name: 'system:A'}}]"
            ),
        ),
        (
            "ClusterRoleBinding",
            format!("{role}subjects: [{{kind: ServiceAccount, name: a, namespace: '${{NS}}'}}]"),
        ),
        (
            "ClusterRole",
            "rules: [{nonResourceURLs: [/a], verbs: [get]}]".to_owned(),
        ),
    ] {
        assert_eq!(of(RBAC, kind, &rest), Vec::<String>::new());
    }
}

#[test]
fn claims_ingresses_and_webhooks_say_what_servers_ask_for() {
    const INGRESS: &str = "networking.k8s.io/v1";
    const HOOKS: &str = "admissionregistration.k8s.io/v1";
    let path = |path: &str| format!("spec: {{rules: [{{http: {{paths: [{{{path}}}]}}}}]}}");
    let hook = |name: &str, client: &str| {
        format!(
            "webhooks: [{{name: {name}, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {client}}}]"
        )
    };
    let port = "backend: {service: {name: a, port: {number: 80}}}";
    let cases = [
        (
            "v1",
            "PersistentVolumeClaim",
            "spec: {accessModes: [ReadWriteOnce], resources: {requests: {}}}".to_owned(),
            "`spec.resources.requests` lacks `storage`",
        ),
        (
            "v1",
            "PersistentVolumeClaim",
            "spec: {accessModes: [], resources: {requests: {storage: 1Gi}}}".to_owned(),
            "`spec.accessModes` must not be empty",
        ),
        (
            "v1",
            "PersistentVolumeClaim",
            "spec: {accessModes: [ReadWriteOnce]}".to_owned(),
            "`spec` lacks `resources`",
        ),
        ("v1", "Pod", String::new(), "the resource lacks `spec`"),
        (
            INGRESS,
            "Ingress",
            "spec: {ingressClassName: a}".to_owned(),
            "`spec` lacks both `rules` and `defaultBackend`",
        ),
        (
            INGRESS,
            "Ingress",
            "spec: {rules: [{host: 10.0.0.1}]}".to_owned(),
            "`spec.rules[0].host` is not a domain, or `*.` and a domain; no address",
        ),
        (
            INGRESS,
            "Ingress",
            path(&format!("path: a, pathType: Prefix, {port}")),
            "`spec.rules[0].http.paths[0]` needs a `path` that begins with `/`",
        ),
        (
            INGRESS,
            "Ingress",
            path("path: /a, pathType: Exact, backend: {}"),
            "`spec.rules[0].http.paths[0].backend` lacks `service`",
        ),
        (
            INGRESS,
            "Ingress",
            path("path: /a, pathType: Exact, backend: {service: {name: a}}"),
            "`spec.rules[0].http.paths[0].backend.service` lacks the name or number of a port",
        ),
        (
            HOOKS,
            "ValidatingWebhookConfiguration",
            hook("a.b", "{url: 'https://a.example'}"),
            "`webhooks[0].name` is not a domain of at least three parts",
        ),
        (
            HOOKS,
            "MutatingWebhookConfiguration",
            hook("a.b.c", "{caBundle: aGk=}"),
            "`webhooks[0].clientConfig` needs one of `service` and `url`",
        ),
    ];
    for (api_version, kind, rest, want) in cases {
        assert_eq!(of(api_version, kind, &rest), [format!("Invalid {want}")]);
    }
    for (api_version, kind, rest) in [
        (
            "v1",
            "PersistentVolumeClaim",
            "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: '${SIZE}'}}}"
                .to_owned(),
        ),
        (
            INGRESS,
            "Ingress",
            format!("spec: {{default{}}}", port.replacen('b', "B", 1)),
        ),
        (
            INGRESS,
            "Ingress",
            "spec: {rules: [{host: '*.example.com'}, {host: '${HOST}'}]}".to_owned(),
        ),
        (
            INGRESS,
            "Ingress",
            path(&format!("pathType: ImplementationSpecific, {port}")),
        ),
        (
            HOOKS,
            "ValidatingWebhookConfiguration",
            hook("a.b.c", "{service: {name: a, namespace: b}}"),
        ),
    ] {
        assert_eq!(of(api_version, kind, &rest), Vec::<String>::new(), "{rest}");
    }
    let ingress = format!(
        "apiVersion: {INGRESS}\nkind: Ingress\nmetadata: {{name: a}}\nspec: {{default{}}}\n",
        port.replacen('b', "B", 1).replace("name: a", "name: 1a")
    );
    assert_eq!(judge(Some("1.35"), &ingress), Vec::<String>::new());
    assert_eq!(judge(Some("1.34"), &ingress).len(), 1);
}
