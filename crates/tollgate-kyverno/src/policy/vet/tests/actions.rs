//! What rules do.

use super::{check, judged, policy};

#[test]
fn anchors_and_labels_of_patterns() {
    for (pattern, says) in [
        ("{(a): b, =(c): d, X(e): f, <(g): h, ^(i): [j]}", ""),
        ("{a: [{+(b): c}]}", "no anchor for this kind of rule"),
        ("{^(a): b}", "needs a list"),
        ("{^(a): []}", "needs a list"),
        ("{metadata: {labels: {a: 1}}}", "must be text"),
        ("{metadata: {annotations: {a: null}}}", "must be text"),
        ("{metadata: {labels: {a: '1'}}}", ""),
        ("{=(metadata): {labels: {a: 1}}}", ""),
        (
            "{spec: {template: {metadata: {labels: {a: true}}}}}",
            "must be text",
        ),
    ] {
        let kind = "match: {any: [{resources: {kinds: [A]}}]}";
        check(
            "",
            &[
                (&format!("{kind}, validate: {{pattern: {pattern}}}"), says),
                (
                    &format!("{kind}, validate: {{anyPattern: [{pattern}]}}"),
                    says,
                ),
            ],
        );
    }
    check(
        "",
        &[
            (
                "generate: {apiVersion: v1, kind: Secret, name: a, namespace: b, data: {(a): b}}",
                "no anchor",
            ),
            ("mutate: {patchStrategicMerge: {+(a): b}}", ""),
            (
                "mutate: {patchStrategicMerge: {metadata: {labels: {a: 1}}}}",
                "must be text",
            ),
            (
                "validate: {foreach: [{list: a, pattern: {metadata: {labels: {a: 1}}}}]}",
                "must be text",
            ),
        ],
    );
}

#[test]
fn controls_of_pod_security() {
    for (level, exclude, says) in [
        ("baseline", "{controlName: Seccomp}", ""),
        ("baseline", "{controlName: Capabilities}", "needs images"),
        (
            "baseline",
            "{controlName: Host Namespaces, images: ['*']}",
            "has no images",
        ),
        (
            "baseline",
            "{controlName: Volume Types}",
            "no control of the baseline",
        ),
        ("restricted", "{controlName: Volume Types}", ""),
        (
            "restricted",
            "{controlName: SELinux, restrictedField: a}",
            "belong together",
        ),
        (
            "restricted",
            "{controlName: SELinux, values: [a]}",
            "belong together",
        ),
        (
            "restricted",
            "{controlName: Nothing}",
            "must be one of HostProcess",
        ),
    ] {
        let rule = format!("validate: {{podSecurity: {{level: {level}, exclude: [{exclude}]}}}}");
        check("", &[(&rule, says)]);
    }
}

#[test]
fn mutations() {
    let targets = "targets: [{apiVersion: v1, kind: Secret, name: a, namespace: b}]";
    check(
        "",
        &[
            (
                "mutate: {patchStrategicMerge: {a: b}, patchesJson6902: '[]'}",
                "only one of patchStrategicMerge",
            ),
            (
                "mutate: {foreach: [{list: a, patchStrategicMerge: {a: b}}], patchStrategicMerge: {a: b}}",
                "only one of foreach",
            ),
            (
                "mutate: {foreach: [{list: a}]}",
                "needs one of patchStrategicMerge",
            ),
            (
                "mutate: {foreach: [{list: a, context: [], foreach: [{list: b, patchStrategicMerge: {a: b}}]}]}",
                "says nothing else",
            ),
            (
                "mutate: {patchesJson6902: '[{op: add, path: /a, value: b}]'}",
                "",
            ),
            (
                "mutate: {patchesJson6902: '[{op: add, path: a, value: b}]'}",
                "must begin with a slash",
            ),
            (
                "mutate: {patchesJson6902: '[{op: add, path: /a}]'}",
                "needs a value",
            ),
            (
                "mutate: {patchesJson6902: '[{op: move, path: /a}]'}",
                "lacks `from`",
            ),
            (
                "mutate: {patchesJson6902: '[{op: put, path: /a}]'}",
                "no operation of a patch",
            ),
            ("mutate: {patchesJson6902: 'a: b'}", "no list of operations"),
            (
                "mutate: {patchesJson6902: '[{op: remove, path: \"/a/{{ request.name }}\"}]'}",
                "has no variables",
            ),
            (
                "mutate: {mutateExistingOnPolicyUpdate: true, patchStrategicMerge: {a: b}}",
                "needs `mutate.targets`",
            ),
            (
                "mutate: {patchStrategicMerge: {a: '{{ target.a }}'}}",
                "nothing defines",
            ),
            (
                &format!(
                    "match: {{any: [{{resources: {{kinds: [A]}}}}]}}, mutate: {{{targets}, patchStrategicMerge: {{a: '{{{{ target.a }}}}'}}}}"
                ),
                "",
            ),
            (
                "mutate: {targets: [{apiVersion: v1, kind: Secret, name: '{{ target.a }}'}], patchStrategicMerge: {a: b}}",
                "nothing defines",
            ),
        ],
    );
    check(
        "background: false, mutateExistingOnPolicyUpdate: true, ",
        &[
            (
                &format!(
                    "mutate: {{{targets}, patchStrategicMerge: {{a: '{{{{ request.a }}}}'}}}}"
                ),
                "",
            ),
            (
                &format!("mutate: {{{targets}, patchStrategicMerge: {{a: '{{{{ request }}}}'}}}}"),
                "nothing defines",
            ),
        ],
    );
}

#[test]
fn what_is_generated() {
    let rule = |it: &str| {
        format!("match: {{any: [{{resources: {{kinds: [ConfigMap]}}}}]}}, generate: {{{it}}}")
    };
    for (generate, says) in [
        (
            "apiVersion: v1, kind: Secret, name: a, namespace: b, data: {a: b}",
            "",
        ),
        (
            "apiVersion: v1, kind: Secret, name: a, data: {a: b}",
            "lacks `namespace`",
        ),
        ("apiVersion: v1, kind: Namespace, name: a, data: {a: b}", ""),
        (
            "apiVersion: v1, kind: Namespace, name: a, namespace: b, data: {a: b}",
            "has no namespace",
        ),
        ("kind: Secret, name: a, namespace: b", "lacks `apiVersion`"),
        (
            "apiVersion: v1, kind: Secret, name: a, namespace: b, data: {a: b}, clone: {name: a}",
            "only one of data",
        ),
        (
            "namespace: a, cloneList: {kinds: [v1/Secret]}",
            "lacks `namespace`",
        ),
        (
            "namespace: a, cloneList: {kinds: [v1/Secret], namespace: b, selector: {matchLabels: {a: '*'}}}",
            "has no wildcards",
        ),
        (
            "foreach: [{list: a, apiVersion: v1, kind: Secret, namespace: b}]",
            "lacks `name`",
        ),
    ] {
        check("", &[(&rule(generate), says)]);
    }
    check(
        "",
        &[(
            "match: {resources: {kinds: [Secret]}}, generate: {apiVersion: v1, kind: Secret, name: a, namespace: b}",
            "more of itself",
        )],
    );
    let namespaced = policy(
        "",
        &rule("apiVersion: v1, kind: Secret, name: a, namespace: b"),
    )
    .replace("{name: p}", "{name: p, namespace: own}")
    .replace("ClusterPolicy", "Policy");
    assert!(judged(&namespaced).is_some_and(|it| it.1.contains("own namespace alone")));
}

#[test]
fn images_that_are_verified() {
    let rule = |it: &str| format!("verifyImages: [{{mutateDigest: false, {it}}}]");
    for (entry, says) in [
        (
            "imageReferences: ['*'], attestors: [{entries: [{keys: {kms: a}}]}]",
            "",
        ),
        (
            "attestors: [{entries: [{keys: {kms: a}}]}]",
            "names no images",
        ),
        (
            "imageReferences: ['{{ request.name }}']",
            "have no variables",
        ),
        (
            "imageReferences: ['*'], attestors: [{entries: []}]",
            "has no entries",
        ),
        (
            "imageReferences: ['*'], attestors: [{count: 2, entries: [{keys: {kms: a}}]}]",
            "number of entries",
        ),
        (
            "imageReferences: ['*'], attestors: [{entries: [{}]}]",
            "needs one of keys",
        ),
        (
            "imageReferences: ['*'], attestors: [{entries: [{keys: {}}]}]",
            "needs publicKeys",
        ),
        (
            "imageReferences: ['*'], attestors: [{entries: [{keys: {publicKeys: a, signatureAlgorithm: md5}}]}]",
            "no algorithm",
        ),
        (
            "imageReferences: ['*'], attestors: [{entries: [{keyless: {issuer: a}}]}]",
            "needs rekor or roots",
        ),
        (
            "imageReferences: ['*'], attestors: [{entries: [{certificates: {}}]}]",
            "need cert or certChain",
        ),
        (
            "imageReferences: ['*'], attestors: [{entries: [{attestor: {entries: []}}]}]",
            "has no entries",
        ),
        (
            "imageReferences: ['*'], type: Notary, attestors: [{entries: [{keys: {kms: a}}]}]",
            "certificates alone",
        ),
        (
            "imageReferences: ['*'], validate: {message: a}",
            "needs `validate.deny`",
        ),
    ] {
        check("", &[(&rule(entry), says)]);
    }
    check(
        "",
        &[
            (
                "verifyImages: [{imageReferences: ['*']}]",
                "must be false where failures are only audited",
            ),
            (
                "verifyImages: [{imageReferences: ['*'], failureAction: Enforce}]",
                "",
            ),
            // As Kyverno has it, the action of one entry holds for those after it.
            (
                "verifyImages: [{imageReferences: ['*'], failureAction: Enforce}, {imageReferences: ['*']}]",
                "",
            ),
            (
                "verifyImages: [{imageReferences: ['*'], failureAction: Enforce}], imageExtractors: {A: [{path: /a, jmesPath: b}]}",
                "has no jmesPath",
            ),
        ],
    );
}
