//! What holds for every object: names, labels, keys, and what a Pod must not hold twice.

use super::*;

#[test]
fn names_labels_and_keys_have_their_forms() {
    let cases = [
        ("v1", "ConfigMap", "metadata: {name: a_b}", "metadata.name"),
        (
            "v1",
            "ConfigMap",
            "metadata: {name: a, namespace: A}",
            "metadata.namespace",
        ),
        (
            "v1",
            "ConfigMap",
            "metadata: {name: a, labels: {a: b c}}",
            "metadata.labels.a",
        ),
        (
            "v1",
            "ConfigMap",
            "metadata: {name: a, labels: {a/b/c: d}}",
            "metadata.labels.a/b/c",
        ),
        (
            "v1",
            "ConfigMap",
            "metadata: {name: a, annotations: {'a b': c d}}",
            "metadata.annotations.a b",
        ),
        (
            "v1",
            "ConfigMap",
            "metadata: {name: a}\ndata: {a b: c}",
            "data.a b",
        ),
        (
            "v1",
            "ConfigMap",
            "metadata: {name: a}\ndata: {a: c}\nbinaryData: {a: aGk=}",
            "binaryData.a",
        ),
        (
            "v1",
            "Secret",
            "metadata: {name: a}\nstringData: {a/b: c}",
            "stringData.a/b",
        ),
        ("v1", "Namespace", "metadata: {name: a.b}", "metadata.name"),
        ("v1", "ConfigMap", "metadata: {labels: {a: b}}", "metadata"),
        ("v1", "ConfigMap", "data: {a: b}", ""),
        (
            "v1",
            "ConfigMap",
            "metadata: {generateName: A-}",
            "metadata.generateName",
        ),
        (
            "v1",
            "ConfigMap",
            "metadata: {name: a, finalizers: [kubernetes, b]}",
            "metadata.finalizers[1]",
        ),
        (
            "example.com/v1",
            "Shop",
            "metadata: {name: a, finalizers: [b, 'c d']}",
            "metadata.finalizers[1]",
        ),
        (
            "scheduling.k8s.io/v1",
            "PriorityClass",
            "metadata: {name: system-web}\nvalue: 1",
            "metadata.name",
        ),
        (
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            "metadata: {name: shop.example.com}\nspec: {group: example.com, scope: Cluster, names: {kind: Shop, plural: shops}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}",
            "metadata.name",
        ),
        (
            "example.com/v1",
            "Shop",
            "metadata: {name: A}",
            "metadata.name",
        ),
        (
            "v1",
            "Service",
            "metadata: {name: a}\nspec: {ports: [{port: 0}]}",
            "spec.ports[0].port",
        ),
        (
            "v1",
            "Service",
            "metadata: {name: a}\nspec: {ports: [{name: a, port: 1}, {port: 2}]}",
            "spec.ports[1]",
        ),
        (
            "v1",
            "Service",
            "metadata: {name: a}\nspec: {ports: [{name: a, port: 1}, {name: a, port: 2}]}",
            "spec.ports[1].name",
        ),
        (
            "v1",
            "Service",
            "metadata: {name: a}\nspec: {ports: [{name: a, port: 1}, {name: b, port: 1}]}",
            "spec.ports[1]",
        ),
    ];
    for (api_version, kind, rest, field) in cases {
        let text = format!("apiVersion: {api_version}\nkind: {kind}\n{rest}\n");
        let schemas = Schemas::new(None).expect("embedded");
        let none = Definitions::new();
        let mut mistakes = schemas.judge(&manifest(&text), &none, || &none);
        mistakes.retain(|it| it.rule == SchemaRule::Invalid);
        let fields: Vec<String> = mistakes
            .iter()
            .map(|it| {
                it.field
                    .0
                    .iter()
                    .fold(String::new(), |path, step| match step {
                        tollgate_yaml::Step::Key(key) if path.is_empty() => key.to_string(),
                        tollgate_yaml::Step::Key(key) => format!("{path}.{key}"),
                        tollgate_yaml::Step::Index(index) => format!("{path}[{index}]"),
                    })
            })
            .collect();
        assert_eq!(fields, [field], "{rest}");
    }
    for (api_version, kind, rest) in [
        (
            "rbac.authorization.k8s.io/v1",
            "ClusterRole",
            "metadata: {name: 'system:Node'}",
        ),
        (
            "v1",
            "ConfigMap",
            "metadata: {name: a.b, labels: {a.example/B_c: ''}, annotations: {A.example/b: c d}}\ndata: {.a_b-c: d}",
        ),
        (
            "v1",
            "Service",
            "metadata: {name: a}\nspec: {ports: [{name: a, port: 53}, {name: b, port: 53, protocol: UDP}]}",
        ),
        (
            "v1",
            "Service",
            "metadata: {name: a}\nspec: {clusterIP: None}",
        ),
        ("v1", "ConfigMap", "metadata: {name: '${NAME}'}"),
        (
            "policy/v1",
            "PodDisruptionBudget",
            "metadata: {name: Web_1}",
        ),
        (
            "v1",
            "ConfigMap",
            "metadata: {name: '', generateName: web-}",
        ),
        ("v1", "Namespace", "metadata: {name: web, namespace: A}"),
        (
            "scheduling.k8s.io/v1",
            "PriorityClass",
            "metadata: {name: system-node-critical}\nvalue: 2000001000",
        ),
        (
            "authorization.k8s.io/v1",
            "SelfSubjectAccessReview",
            "spec: {}",
        ),
        (
            "storage.k8s.io/v1",
            "CSIDriver",
            "metadata: {name: a.b}\nspec: {tokenRequests: [{}]}",
        ),
    ] {
        let text = format!("apiVersion: {api_version}\nkind: {kind}\n{rest}\n");
        assert_eq!(judge(None, &text), Vec::<String>::new(), "{rest}");
    }
}

#[test]
fn pods_hold_nothing_twice_and_refer_to_what_is_there() {
    let cases = [
        ("name: web\n", "name: We_b\n", "containers[0].name`"),
        (
            "image: web:1\n",
            "imagePullPolicy: Always\n",
            "containers[0]` lacks `image`",
        ),
        (
            "image: web:1\n",
            "image: web:1\n          env: [{name: A}, {name: A}]\n",
            "env[1]` has the `name` of an item",
        ),
        (
            "image: web:1\n",
            "image: web:1\n          env: [{name: 'A=B'}]\n",
            "env[0].name`",
        ),
        (
            "image: web:1\n",
            "image: web:1\n          ports: [{containerPort: 80}, {containerPort: 80}]\n",
            "ports[1]` has the `containerPort` and `protocol`",
        ),
        (
            "image: web:1\n",
            "image: web:1\n          ports: [{containerPort: 70000}]\n",
            "must be between 1 and 65535",
        ),
        (
            "image: web:1\n",
            "image: web:1\n          ports: [{name: http_port, containerPort: 80}]\n",
            "ports[0].name`",
        ),
        (
            "image: web:1\n",
            "image: web:1\n          volumeMounts: [{name: a, mountPath: /a}]\n",
            "is no volume of the pod",
        ),
        (
            "      containers:\n",
            "      initContainers: [{name: web, image: a}]\n      containers:\n",
            "is the name of another container",
        ),
        (
            "      containers:\n",
            "      volumes: [{name: a}, {name: a}]\n      containers:\n",
            "volumes[1]` has the `name`",
        ),
        (
            "labels: {app: web}}",
            "labels: {app: other}}",
            "is no label of the template",
        ),
    ];
    for (from, to, want) in cases {
        assert!(DEPLOYMENT.contains(from), "{from}");
        let got = judge(None, &DEPLOYMENT.replacen(from, to, 1));
        assert!(got.len() == 1 && got[0].contains(want), "{to}: {got:?}");
    }
    let fine = DEPLOYMENT.replace("image: web:1\n", "image: web:1\n          ports: [{containerPort: 53}, {containerPort: 53, protocol: UDP}]\n          env: [{name: '${A}'}, {name: '${A}'}]\n");
    assert_eq!(judge(None, &fine), Vec::<String>::new());
}
