//! What must never be rendered.

use super::*;

fn kustomization(text: &str, expected: &str) {
    refuse(
        &[
            ("app/kustomization.yaml", text),
            ("app/a.yaml", &config_map("a")),
        ],
        expected,
    );
}

#[test]
fn unknown_fields_are_named_with_their_line() {
    kustomization(
        "resources: [a.yaml]\nnamePrefx: x\n",
        "app/kustomization.yaml:2:1: unknown field `namePrefx` in a kustomization\n  help: did you \
         mean `namePrefix`?",
    );
    kustomization(
        "resources: [a.yaml]\npatches:\n- pathh: x\n",
        "app/kustomization.yaml:3:3: unknown field `pathh` in a patch",
    );
}

#[test]
fn wrong_types_are_named_with_their_line() {
    for (text, expected) in [
        ("namePrefix: 1", ":1:13: `namePrefix` must be text"),
        ("resources: a.yaml", ":1:12: `resources` must be a list"),
        ("commonLabels: {a: 1}", ":1:19: `a` must be text"),
        ("commonLabels: {a: yes}", "must be text, not a boolean"),
        ("replicas: [{name: a, count: x}]", "must be a whole number"),
        (
            "kind: Komponent\nresources: [a.yaml]",
            "`Komponent` is no kind",
        ),
        (
            "apiVersion: v1\nresources: [a.yaml]",
            "`v1` is not a version",
        ),
        ("apiVersion: kustomize.config.k8s.io/v1beta1", "is empty"),
        ("", "is empty"),
    ] {
        kustomization(text, expected);
    }
}

#[test]
fn entries_that_lead_elsewhere_are_refused() {
    for (entry, expected) in [
        ("https://example.com/a.yaml", "is a remote entry"),
        ("github.com/org/repo//dir?ref=v1", "is a remote entry"),
        ("git@example.com:org/repo", "is a remote entry"),
        ("ssh://git@example.com/org/repo", "is a remote entry"),
        ("/etc/passwd", "is not a path inside of the tree"),
        ("../../x", "is not a path inside of the tree"),
        ("missing.yaml", "there is neither a file nor a folder"),
        ("../other/b.yaml", "lies outside of `app`"),
        ("../comp", "is a Component"),
        (".", "is being built already"),
        ("..", "is being built already"),
        ("../loop", "is being built already"),
        ("''", "is not a path"),
    ] {
        refuse(
            &[
                (
                    "app/kustomization.yaml",
                    &format!("resources:\n- {entry}\n"),
                ),
                ("other/b.yaml", &config_map("b")),
                ("comp/kustomization.yaml", "kind: Component\nnamePrefix: x"),
                ("loop/kustomization.yaml", "resources: [../app]"),
            ],
            expected,
        );
    }
}

#[test]
fn components_must_be_components() {
    refuse(
        &[
            ("app/kustomization.yaml", "components: [../base]"),
            ("base/kustomization.yaml", "namePrefix: x"),
        ],
        "app/kustomization.yaml:1:14: `base` is not a Component",
    );
}

#[test]
fn two_kustomization_files_are_one_too_many() {
    refuse(
        &[
            ("app/kustomization.yaml", "namePrefix: x"),
            ("app/Kustomization", "namePrefix: x"),
        ],
        "stand side by side",
    );
    refuse(&[("app/a.yaml", "")], "there is no kustomization file");
}

#[test]
fn resources_must_be_resources() {
    for (text, expected) in [
        (
            "kind: A\n",
            "app/a.yaml:1:1: a resource without `metadata.name`",
        ),
        (
            "metadata: {name: x}\n",
            "app/a.yaml:1:1: a resource without `kind`",
        ),
        ("[1]\n", "a resource must be a map"),
        ("text\n", "a resource must be a map"),
        (
            "kind: A\nmetadata: {generateName: x-}\n",
            "a resource without `metadata.name`",
        ),
        (
            "kind: A\nmetadata: {name: x}\n--- x\nkind: B\nmetadata: {name: y}\n",
            "app/a.yaml:3:1: text behind a document separator",
        ),
        (
            "kind: A\nmetadata: {name: x}\n...\nkind: B\nmetadata: {name: y}\n",
            "app/a.yaml:4:1: text between",
        ),
        ("kind: AList\nitems: {}\n", "must be a list"),
        (
            "%YAML 1.1\n---\nkind: A\nmetadata: {name: x}\n",
            "app/a.yaml:1:1: a YAML directive",
        ),
        (
            "kind: A\nmetadata: {name: x, annotations: [a]}\n",
            "annotations must be a map",
        ),
        (
            "kind: A\nmetadata:\n  name: x\n  annotations:\n    \
             internal.config.kubernetes.io/allowNameChange: enabled\n",
            "is kustomize's own annotation",
        ),
    ] {
        refuse(
            &[
                ("app/kustomization.yaml", "resources: [a.yaml]"),
                ("app/a.yaml", text),
            ],
            expected,
        );
    }
}

#[test]
fn the_same_resource_cannot_come_twice() {
    refuse(
        &[
            ("app/kustomization.yaml", "resources: [a.yaml, ../base]"),
            ("app/a.yaml", &config_map("a")),
            ("base/kustomization.yaml", "resources: [a.yaml]"),
            (
                "base/a.yaml",
                &config_map("a").replace("  name", "  namespace: default\n  name"),
            ),
        ],
        "base/a.yaml:1:1: a second ConfigMap default/a\n  help: give one of the two another name or \
         namespace, or remove it\n  see also app/a.yaml:1:1",
    );
}

#[test]
fn charts_are_refused_by_name() {
    kustomization("helmCharts: [{name: x}]\n", "a Helm chart is not supported");
}

#[test]
fn errors_tell_the_way_to_them() {
    refuse(
        &[
            ("app/kustomization.yaml", "resources:\n- ../base\n"),
            ("base/kustomization.yaml", "resources:\n- missing.yaml\n"),
        ],
        "base/kustomization.yaml:2:3: there is neither a file nor a folder `base/missing.yaml`\n  \
         help: add it, or remove the entry\n  reached from app/kustomization.yaml:2:3",
    );
}

#[test]
fn keys_that_lose_their_quotes_are_refused() {
    for text in [
        "configMapGenerator: [{name: a, literals: ['1=x']}]",
        "resources: [a.yaml]\ncommonAnnotations: {'true': x}",
        "resources: [a.yaml]\ncommonLabels: {'1': x}",
    ] {
        kustomization(text, "key");
    }
}

#[test]
fn bases_cannot_multiply_without_end() {
    let mut files = vec![(
        "app/kustomization.yaml".to_owned(),
        "resources: [../l0a, ../l0b]\n".to_owned(),
    )];
    for level in 0..40 {
        for side in ["a", "b"] {
            let next = level + 1;
            files.push((
                format!("l{level}{side}/kustomization.yaml"),
                format!("namePrefix: {side}-\nresources: [../l{next}a, ../l{next}b]\n"),
            ));
        }
    }
    for side in ["a", "b"] {
        files.push((
            format!("l40{side}/kustomization.yaml"),
            "commonAnnotations: {a: b}\n".to_owned(),
        ));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(a, b)| (&**a, &**b)).collect();
    refuse(&files, "more than 10000 kustomizations in one build");
}

#[test]
fn bases_cannot_nest_without_end() {
    let mut files = vec![(
        "app/kustomization.yaml".to_owned(),
        "resources: [../l0]\n".to_owned(),
    )];
    for level in 0..100 {
        files.push((
            format!("l{level}/kustomization.yaml"),
            format!("resources: [../l{}]\n", level + 1),
        ));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(a, b)| (&**a, &**b)).collect();
    refuse(&files, "more than 64 kustomizations inside of each other");
}

#[test]
fn a_build_that_fails_tells_what_it_read() {
    let files = tree(&[
        ("app/kustomization.yaml", "resources: [../base]"),
        ("base/kustomization.yaml", "resources: [a.yaml]"),
        ("base/a.yaml", "a: [\n"),
    ]);
    let sources = Sources::new();
    let session = Session::new(&files, &sources);
    let root = RepoPath::new("app").expect("a path");
    let error = build(&session, &root, &FIFO).expect_err("broken YAML");
    let reads: Vec<&str> = error.reads.iter().map(RepoPath::as_str).collect();
    let expected = [
        "app",
        "app/kustomization.yaml",
        "base",
        "base/a.yaml",
        "base/kustomization.yaml",
    ];
    assert_eq!(reads, expected);
}

#[test]
fn slips_in_paths_are_seen_through() {
    refuse(
        &[
            ("app/kustomization.yaml", "resources: [deploymnet.yaml]"),
            ("app/deployment.yaml", &config_map("a")),
        ],
        "there is neither a file nor a folder `app/deploymnet.yaml`\n  help: did you mean \
         `deployment.yaml`?",
    );
}

#[test]
fn components_are_not_built_by_themselves() {
    refuse(
        &[(
            "app/kustomization.yaml",
            "kind: Component\npatches:\n- patch: |\n    apiVersion: v1\n    kind: ConfigMap\n    \
             metadata: {name: a}\n",
        )],
        "help: `app` is a Component: build a kustomization that lists it",
    );
}
