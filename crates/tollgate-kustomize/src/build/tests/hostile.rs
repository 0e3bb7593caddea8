//! Whatever stands in the files, a build ends in manifests or in an error.

use super::*;
use proptest::prelude::*;

/// Lines of a kustomization file, whole and broken.
const KUSTOMIZATION: [&str; 24] = [
    "resources: [r.yaml]",
    "resources:",
    "- r.yaml",
    "- ../app",
    "- ''",
    "components: [.]",
    "namePrefix: p-",
    "nameSuffix: ~",
    "namespace: ns",
    "commonLabels: {a: b}",
    "labels:",
    "- pairs: {c: d}",
    "  includeSelectors: true",
    "configMapGenerator:",
    "- name: c",
    "  behavior: merge",
    "  literals: [a=b]",
    "  files: [r.yaml, =x]",
    "patches:",
    "- path: r.yaml",
    "- patch: '[]'",
    "  target: {kind: '('}",
    "replacements: [{}]",
    "vars: [{name: x}]",
];

/// Lines of a resource file, whole and broken.
const RESOURCES: [&str; 20] = [
    "apiVersion: v1",
    "apiVersion: rbac.authorization.k8s.io/v1",
    "kind: ConfigMap",
    "kind: RoleBinding",
    "kind: List",
    "metadata: {name: a}",
    "metadata:",
    "  name: c",
    "  annotations: {internal.config.kubernetes.io/previousNames: 'a,b'}",
    "  namespace: [x]",
    "data: {a: b}",
    "items:",
    "- kind: ConfigMap",
    "  metadata: {name: b}",
    "subjects: [{kind: ServiceAccount, name: a, namespace: 1}]",
    "roleRef: {kind: Role}",
    "---",
    "...",
    "%x",
    "- $patch: delete",
];

fn lines<const N: usize>(all: [&'static str; N]) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(all.to_vec()), 0..12).prop_map(|it| it.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn builds_end(kustomization in lines(KUSTOMIZATION), resources in lines(RESOURCES)) {
        let files = [
            ("app/kustomization.yaml", &*kustomization),
            ("app/r.yaml", &*resources),
        ];
        let _ = render(&files, "app", Options::default());
    }
}
