//! Annotations in which kustomize keeps its notes, and what replaces them as a whole.

use super::*;

const FILES: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: cm, annotations: {x: w}}
data: {a: b}
---
apiVersion: v1
kind: Pod
metadata: {name: pod}
spec: {containers: [{name: c, image: i, envFrom: [{configMapRef: {name: cm}}]}]}
";

fn rendered(kustomization: &str, resources: &str) -> String {
    let files = [
        ("app/kustomization.yaml", kustomization),
        (
            "base/kustomization.yaml",
            "resources: [r.yaml]\nnamePrefix: b-\n",
        ),
        ("base/r.yaml", resources),
    ];
    render(&files, "app", Options::default()).expect("renders")
}

#[test]
fn folded_text_in_annotations_is_written_as_it_reads_and_elsewhere_as_kustomize_prints_it() {
    let resources = "apiVersion: v1
kind: ConfigMap
metadata:
  name: a
  annotations:
    a: >+
      one

data:
  b: >+
    one

";
    let text = rendered("resources: [../base]\n", resources);
    assert_eq!(
        text,
        "apiVersion: v1\ndata:\n  b: |+\n    one\n\n\nkind: ConfigMap\nmetadata:\n  annotations:\n    \
         a: |+\n      one\n\n  name: b-a\n"
    );
}

#[test]
fn a_json_patch_of_the_whole_annotations_takes_the_origin_away() {
    let text = rendered(
        "resources: [../base]
buildMetadata: [originAnnotations, transformerAnnotations]
patches:
- target: {kind: ConfigMap}
  patch: |
    - {op: replace, path: /metadata/annotations, value: {k: v}}
",
        FILES,
    );
    let first = text.split("---\n").next().expect("a document");
    assert_eq!(
        first,
        "apiVersion: v1
data:
  a: b
kind: ConfigMap
metadata:
  annotations:
    config.kubernetes.io/origin: |
      configuredIn: kustomization.yaml
      configuredBy:
        apiVersion: builtin
        kind: PatchTransformer
    k: v
  name: b-cm
"
    );
}

#[test]
fn a_replacement_of_the_whole_annotations_takes_the_earlier_names_away() {
    let text = rendered(
        "resources: [../base]
namePrefix: k-
replacements:
- source: {kind: ConfigMap, fieldPath: data}
  targets: [{select: {kind: ConfigMap}, fieldPaths: [metadata.annotations]}]
",
        FILES,
    );
    // Nobody knows any more that this was `cm`, so the Pod names what is not there.
    assert_eq!(
        text,
        "apiVersion: v1
data:
  a: b
kind: ConfigMap
metadata:
  annotations:
    a: b
  name: k-b-cm
---
apiVersion: v1
kind: Pod
metadata:
  name: k-b-pod
spec:
  containers:
  - envFrom:
    - configMapRef:
        name: cm
    image: i
    name: c
"
    );
}

#[test]
fn a_comment_gives_a_list_its_merge_key() {
    let files = [
        (
            "app/kustomization.yaml",
            "resources: [r.yaml]\npatches: [{path: p.yaml}]\n",
        ),
        (
            "app/r.yaml",
            "apiVersion: example.com/v1\nkind: Foo\nmetadata: {name: d}\nspec:\n  one: [{name: a}]\n  \
             two: [{name: a}]\n",
        ),
        (
            "app/p.yaml",
            r#"apiVersion: example.com/v1
kind: Foo
metadata: {name: d}
spec:
  one: # {"type":"array","x-kubernetes-patch-merge-key":"name","x-kubernetes-patch-strategy":"merge"}
  - name: b
  two:
  - name: b
"#,
        ),
    ];
    check(
        &files,
        "apiVersion: example.com/v1
kind: Foo
metadata:
  name: d
spec:
  one:
  - name: b
  - name: a
  two:
  - name: b
",
    );
}
