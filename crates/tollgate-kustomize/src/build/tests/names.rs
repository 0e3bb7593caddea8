//! Prefixes, suffixes, and the references that follow them.

use super::*;

#[test]
fn references_follow_renamed_resources() {
    check(
        &[
            (
                "app/kustomization.yaml",
                "resources: [pod.yaml]\nnameSuffix: -x\nconfigMapGenerator:\n- name: c\n  \
                 literals: [a=b]\n",
            ),
            (
                "app/pod.yaml",
                "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: c\n    \
                 envFrom:\n    - configMapRef: {name: c}\n    - configMapRef: {name: other}\n",
            ),
        ],
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p-x\nspec:\n  containers:\n  - envFrom:\n    \
         - configMapRef:\n        name: c-x-4h2mbtbbt6\n    - configMapRef:\n        name: other\n    \
         name: c\n---\napiVersion: v1\ndata:\n  a: b\nkind: ConfigMap\nmetadata:\n  \
         name: c-x-4h2mbtbbt6\n",
    );
}

#[test]
fn definitions_and_namespaces_keep_their_names() {
    check(
        &[
            (
                "app/kustomization.yaml",
                "resources: [all.yaml]\nnamePrefix: p-\n",
            ),
            (
                "app/all.yaml",
                "{apiVersion: v1, kind: Namespace, metadata: {name: ns}}\n---\n\
                 {apiVersion: v1, kind: Service, metadata: {name: s}}\n",
            ),
        ],
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ns\n---\napiVersion: v1\nkind: Service\n\
         metadata:\n  name: p-s\n",
    );
}

#[test]
fn of_two_bases_each_keeps_its_own_references() {
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  template:\n    \
         spec:\n      serviceAccountName: sa\n---\n{apiVersion: v1, kind: ServiceAccount, metadata: \
         {name: sa}}\n";
    let text = render(
        &[
            ("app/kustomization.yaml", "resources: [../a, ../b]"),
            (
                "a/kustomization.yaml",
                "resources: [../base]\nnamePrefix: a-\n",
            ),
            (
                "b/kustomization.yaml",
                "resources: [../base]\nnamePrefix: b-\n",
            ),
            ("base/kustomization.yaml", "resources: [d.yaml]"),
            ("base/d.yaml", deployment),
        ],
        "app",
        FIFO,
    )
    .expect("renders");
    let accounts: Vec<&str> = text
        .lines()
        .filter_map(|it| it.trim().strip_prefix("serviceAccountName: "))
        .collect();
    assert_eq!(accounts, ["a-sa", "b-sa"]);
}

#[test]
fn role_references_look_at_the_kind() {
    let roles = "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r}}\n---\n\
         {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r}}\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: b}\n\
         roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r}\n\
         subjects: [{kind: ServiceAccount, name: sa}]\n---\n\
         {apiVersion: v1, kind: ServiceAccount, metadata: {name: sa}}\n";
    let text = render(
        &[
            (
                "app/kustomization.yaml",
                "resources: [r.yaml]\nnamePrefix: p-\nnamespace: ns\n",
            ),
            ("app/r.yaml", roles),
        ],
        "app",
        FIFO,
    )
    .expect("renders");
    assert!(
        text.contains("kind: ClusterRole\n  name: p-r\nsubjects:\n- kind: ServiceAccount\n  name: p-sa\n  namespace: ns\n"),
        "{text}"
    );
}

#[test]
fn a_spec_for_one_kind_takes_the_place_of_the_one_for_all() {
    check(
        &[
            (
                "app/kustomization.yaml",
                "resources: [a.yaml]\nnamePrefix: p-\nconfigurations: [c.yaml]\n",
            ),
            (
                "app/c.yaml",
                "namePrefix: [{path: metadata/name, kind: Secret}]\n",
            ),
            ("app/a.yaml", &config_map("a")),
        ],
        &config_map("a"),
    );
}
